"""What the verbs read: tickets, facts, contexts, times. Each mistake is one line that names the field."""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel, ValidationError

from agent.commands.output import note
from agent.commands.times import now_of
from agent.errors import BadInput

if TYPE_CHECKING:
    from agent.policy.settings import Settings
    from agent.redaction import Redacted, Vault
    from schemas.context import Context
    from schemas.decision import Decision
    from schemas.facts import Facts
    from schemas.redaction import Level
    from schemas.ticket import Ticket

Value = TypeVar("Value", bound=BaseModel)

STDIN = "-"
MOST_BYTES = 256 << 20  # above what any reader takes; an endless device must not fill the memory
MOST_JSON_BYTES = 32 << 20  # many times the largest result
PROBLEMS_SHOWN = 5
REDACT_VARIABLE = "ESCALATION_REDACT"
LEVELS = ("secrets", "pii", "none")
MOST_PROBLEMS = 10_000  # a list of more is not made: two million unknown keys would fill the memory
LONGEST_NAME = 60  # characters of a key that an error repeats


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision depends on besides the facts."""

    context: "Context"
    settings: "Settings"
    now: datetime


def add_ticket(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """The positional TICKET."""
    parser.add_argument(
        "ticket",
        metavar="TICKET",
        nargs="?" if optional else None,
        default=STDIN,
        help="ticket file: text, Markdown, .eml, or JSON of Zendesk, Freshdesk, Intercom, Jira, GitHub; - is stdin"
        + (" (the default)" if optional else ""),
    )
    add_redaction(parser)


def add_redaction(parser: argparse.ArgumentParser, *, restore: bool = True) -> None:
    """What is replaced in a ticket before anything reads it, and whether this result gets it back."""
    parser.add_argument(
        "--redact",
        choices=LEVELS,
        help="what placeholders replace in the ticket before anything reads it: secrets; pii: personal data too; none "
        f"(default: {REDACT_VARIABLE}, else secrets)",
    )
    if restore:
        parser.add_argument(
            "--restore", action="store_true", help="put the originals back into what this command prints or writes"
        )


def add_facts(parser: argparse.ArgumentParser) -> None:
    """The positional FACTS and the ticket that a report needs."""
    parser.add_argument("facts", metavar="FACTS", help="facts as `check` prints them, or a report (then with --ticket)")
    parser.add_argument("--ticket", metavar="TICKET", help="the ticket that the facts are about; - is stdin")
    add_redaction(parser, restore=False)


def add_circumstances(parser: argparse.ArgumentParser) -> None:
    """What a decision depends on besides the facts: context, tier, policy, time."""
    parser.add_argument(
        "--context",
        metavar="FILE",
        help="JSON of what CRM and help desk know (`escalation schema context`); - is stdin",
    )
    parser.add_argument(
        "--tier", choices=("L1", "L2", "manager"), help="who holds the ticket; beats the context (default: L1, assumed)"
    )
    parser.add_argument("--policy", metavar="FILE", help="policy file (TOML) instead of the defaults")
    parser.add_argument("--now", metavar="TIME", help="ISO 8601 time of the decision, with zone (default: this moment)")


def add_decision(parser: argparse.ArgumentParser) -> None:
    """A decision that was made before."""
    parser.add_argument(
        "--decision", metavar="FILE", help="the decision as `decide` prints it (default: decide now, by these flags)"
    )


def one_stdin(arguments: argparse.Namespace, *names: str) -> None:
    """Raises BadInput if more than one of these arguments is `-`: stdin can be read once."""
    users = [name for name in names if getattr(arguments, name, None) == STDIN]
    if len(users) > 1:
        raise BadInput(f"stdin can be only one of {' and '.join(users)}: put the others into files")


def read_bytes(argument: str, what: str, *, invitation: str = "") -> bytes:
    """The bytes of a file, or of stdin for `-`. On a terminal `invitation` tells the person what to do."""
    try:
        if argument == STDIN:
            if sys.stdin is None:
                raise BadInput(f"stdin is closed: pipe the {what} in, or name a file")
            if invitation and sys.stdin.isatty():
                note(invitation)
            raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with open(argument, "rb") as file:
                raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{what} {argument[:200]!r} cannot be read: {reason}; name a file, or - for stdin") from None
    if len(raw) > MOST_BYTES:
        raise BadInput(f"{what} {argument[:200]!r} is larger than {MOST_BYTES >> 20} MiB: cut it to what matters")
    return raw


def redacted_ticket(argument: str, level: "Level", *, hint: str = "") -> "Redacted":
    """The ticket that a command line names, behind the door: its secrets are placeholders, and the vault has them.

    What was replaced, and the reader's remarks, are told on stderr; `hint`: what a person can do about it.
    """
    from agent.readers import read_ticket
    from agent.redaction import redact, told

    raw = read_bytes(argument, "ticket", invitation="paste the ticket, end with Ctrl-D on a line of its own")
    redacted = redact(read_ticket(raw, name=None if argument == STDIN else Path(argument).name), level)
    for remark in redacted.ticket.notes:
        note(remark)
    tell_level(level)
    if redacted.ticket.redacted:
        note(f"replaced before reading: {told(redacted.ticket.redacted)}{hint}")
    return redacted


def tell_level(level: "Level") -> None:
    """Say so where nothing is replaced."""
    if level == "none":
        note("--redact none: secrets that stand in the ticket are sent and kept as they are")


def read_ticket_argument(argument: str, level: "Level" = "secrets") -> "Ticket":
    """As `redacted_ticket`, for who needs no vault."""
    return redacted_ticket(argument, level).ticket


def ticket_of(arguments: argparse.Namespace) -> "Redacted":
    """The ticket of a verb that was given `add_ticket`."""
    hint = "" if arguments.restore else "; --restore puts the originals back into this result"
    return redacted_ticket(arguments.ticket, level_of(arguments), hint=hint)


def level_of(arguments: argparse.Namespace) -> "Level":
    """What is to be replaced: `--redact`, else ESCALATION_REDACT, else secrets.

    Raises BadInput for another word, and for `pii` where its extra is not installed: a server says so at its start.
    """
    given = arguments.redact or os.environ.get(REDACT_VARIABLE, "").strip() or LEVELS[0]
    for level in LEVELS:
        if given == level:
            if level == "pii":
                from agent.redaction.personal import require_extra

                require_extra()
            return cast("Level", level)
    raise BadInput(f"{REDACT_VARIABLE} {given[:40]!r}: expected one of {', '.join(LEVELS)}")


def parse(model: type[Value], raw: bytes, name: str, schema: str) -> Value:
    """JSON to a model. Raises BadInput naming each field at fault (the first few), what was expected, what stood there.

    `schema` is the name under which `escalation schema` prints the shape.
    """
    try:
        return model.model_validate_json(_json_text(raw, name))
    except ValidationError as error:
        raise BadInput(f"{name}: {_problems(error)}; the shape: `escalation schema {schema}`") from None


def circumstances_of(arguments: argparse.Namespace) -> Circumstances:
    """What the flags of `add_circumstances` say. `--tier` beats the context's tier."""
    from agent.policy.settings import load_settings
    from schemas.context import Context

    context = Context()
    if arguments.context is not None:
        raw = read_bytes(arguments.context, "context", invitation="paste the context (JSON), end with Ctrl-D")
        context = parse(Context, raw, f"context {arguments.context!r}", "context")
    if arguments.tier is not None:
        context = context.model_copy(update={"tier": arguments.tier})
    settings = load_settings(None if arguments.policy is None else Path(arguments.policy))
    return Circumstances(context, settings, now_of(arguments))


@dataclass(frozen=True, slots=True)
class Grounded:
    """Facts and the ticket that they are about, both behind the door. `vault`: of that ticket, if there is one."""

    facts: "Facts"
    ticket: "Ticket | None"
    vault: "Vault | None"


def facts_and_ticket_of(arguments: argparse.Namespace) -> "tuple[Facts, Ticket, Vault]":
    """As `facts_of`, for verbs that need the ticket in any case. Raises BadInput without one."""
    known = facts_of(arguments)
    if known.ticket is None or known.vault is None:
        raise BadInput("this verb needs the ticket too: add --ticket TICKET")
    return known.facts, known.ticket, known.vault


def facts_of(arguments: argparse.Namespace) -> Grounded:
    """Grounded facts from `facts`: as they are, or a report grounded against `--ticket`.

    Secrets of the ticket are placeholders in both: whoever wrote the facts may have seen the ticket itself.
    Raises BadInput for a report without a ticket, and for facts that were grounded against another ticket.
    """
    raw = read_bytes(arguments.facts, "facts", invitation="paste the facts (JSON), end with Ctrl-D")
    name = f"facts {arguments.facts!r}"
    is_grounded = _has_key(raw, name, "ticket_sha256")
    if arguments.ticket is None and not is_grounded:
        raise BadInput(f"{name} are a report, not checked against the ticket yet: add --ticket TICKET")
    redacted = None if arguments.ticket is None else redacted_ticket(arguments.ticket, level_of(arguments))
    if not is_grounded and redacted is not None:
        from schemas.report import FactsReport

        report = redacted.vault.concealed(parse(FactsReport, raw, name, "facts_report"))

        from agent.grounding.ground import ground

        facts = ground(redacted.ticket, report)
        tell_removed(facts)
        return Grounded(facts, redacted.ticket, redacted.vault)
    from schemas.facts import Facts

    facts = parse(Facts, raw, name, "facts")
    if redacted is None:
        return Grounded(facts, None, None)
    if facts.ticket_sha256 != redacted.ticket.sha256:
        raise BadInput(
            f"{name} were checked against another ticket than {arguments.ticket!r}, or under another --redact: "
            "run `escalation check`"
        )
    return Grounded(redacted.vault.concealed(facts), redacted.ticket, redacted.vault)


def decision_of(arguments: argparse.Namespace, facts: "Facts", given: Circumstances) -> "tuple[Decision, datetime]":
    """The decision that `--decision` holds, or a new one; and the time it is seen from.

    A decision keeps its own time unless `--now` says otherwise, so that it is judged the same way an hour later.
    """
    if arguments.decision is None:
        from agent.policy.decide import decide

        return decide(facts, given.context, given.settings, given.now), given.now
    from schemas.decision import Decision

    raw = read_bytes(arguments.decision, "decision", invitation="paste the decision (JSON), end with Ctrl-D")
    decision = parse(Decision, raw, f"decision {arguments.decision!r}", "decision")
    return decision, decision.decided_at if arguments.now is None else given.now


def tell_removed(facts: "Facts") -> None:
    """Name each removed claim and its reason on stderr (policy 2.4: nothing disappears silently)."""
    for claim in facts.removed:
        note(f"removed {claim.id} ({claim.kind}) {claim.quote[:80]!r}: {claim.reason}")


def _json_text(raw: bytes, name: str) -> str:
    """The text, from UTF-8, or from the UTF-16 with a byte order mark that some shells write into a file."""
    if not raw.strip():
        raise BadInput(f"{name}: empty, a JSON object was expected")
    if len(raw) > MOST_JSON_BYTES:
        raise BadInput(f"{name}: {len(raw):,} bytes, at most {MOST_JSON_BYTES:,} are read: is it the right file?")
    try:
        return raw.decode(json.detect_encoding(raw)).lstrip("\ufeff")
    except UnicodeDecodeError:
        raise BadInput(f"{name}: not Unicode text, JSON in UTF-8 was expected") from None


def _has_key(raw: bytes, name: str, key: str) -> bool:
    try:
        value = json.loads(_json_text(raw, name))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name}: not JSON: {error}; a JSON object was expected") from None
    if not isinstance(value, dict):
        raise BadInput(f"{name}: a JSON {type(value).__name__}, an object was expected")
    return key in value


def _problems(error: ValidationError) -> str:
    if error.error_count() > MOST_PROBLEMS:
        return f"{error.error_count():,} fields do not fit: is it the right file?"
    found = error.errors(include_url=False)
    if found[0]["type"] == "json_invalid":
        return f"not JSON: {found[0]['ctx']['error']}; a JSON object was expected"
    lines = []
    for problem in found[:PROBLEMS_SHOWN]:
        where = _where(problem["loc"])
        line = f"{where}: {problem['msg']}"
        if problem["type"] == "literal_error":
            line = f"{where}: {_expected(str(problem['input']), str(problem['ctx']['expected']))}"
        elif problem["type"] == "extra_forbidden":
            line = f"{where}: no such key"
        elif problem["type"] != "missing":
            line += f", got {str(problem['input'])[:60]!r}"
        lines.append(line)
    more = len(found) - PROBLEMS_SHOWN
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def _where(place: tuple[int | str, ...]) -> str:
    """The place in the input. Its names are the input's own: cut, and on one line whatever they hold."""
    names = (str(part)[:LONGEST_NAME] for part in place)
    return ".".join(name if name.isprintable() else repr(name) for name in names) or "the whole"


def _expected(given: str, listed: str) -> str:
    """A wrong name from a closed list: the nearest ones, since the whole list is longer than a line."""
    import difflib

    names = [part.strip(" '") for part in listed.replace(" or ", ",").split(",")]
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.5)
    wanted = " or ".join(near) if near else listed if len(listed) <= 160 else f"one of {len(names)} names"
    return f"no such name {given[:60]!r}, expected {wanted}"
