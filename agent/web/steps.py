"""Steps of an escalation as forms: each fills in the flags of a verb of the ledger, which makes the event.

Which forms are offered follows from the state; whether a step may be taken, and what it lacks, the ledger says.
"""

import argparse
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from agent.commands.ledger_inputs import TEAMS
from agent.commands.life import VERBS, default_team
from agent.commands.times import FIRST_YEAR, LAST_YEAR
from agent.errors import BadInput, EscalationError
from agent.ledger.life import paused_since, phase
from agent.policy.settings import Settings
from agent.web.forms import number_in
from agent.web.site import THROUGH
from schemas.ledger import ACTIVE, OVER, Record, State
from schemas.vocabulary import OWNER_LABEL

if TYPE_CHECKING:
    from agent.ledger.store import Ledger, Written

Choices = tuple[tuple[str, str], ...]

SEVERITIES: Choices = (("critical", "Critical"), ("high", "High"), ("medium", "Medium"))
OWNERS: Choices = tuple(OWNER_LABEL.items())
TEAM_CHOICES: Choices = tuple((team, OWNER_LABEL.get(team, team.capitalize())) for team in TEAMS)


@dataclass(frozen=True, slots=True)
class Field:
    """One flag of the verb, as a part of the form. `needed`: without it the form is not sent.

    `time` is a local time in the office's zone; `check` is a box that stands for yes.
    """

    name: str
    label: str
    kind: Literal["line", "text", "choice", "time", "check", "number"] = "line"
    needed: bool = False
    hint: str = ""
    choices: Choices = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """`states`: in which it is offered. `fixed`: flags that the form stands for."""

    name: str
    verb: str
    title: str
    button: str
    states: tuple[State, ...]
    fields: tuple[Field, ...] = ()
    about: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)


def _why(label: str, *, needed: bool = True, hint: str = "") -> Field:
    return Field("why", label, "text", needed, hint)


EVIDENCE = Field("evidence", "Evidence", "text", hint="The words or figures that show it")
ROOT_CAUSE = Field("root_cause", "Root cause", "text", hint="What it was in the end")
DUTIES = (
    Field("team_notified", "The team that had it knows", "check"),
    Field("ticket_updated", "The ticket says how it ended", "check"),
    Field("customer_informed", "The customer knows", "check"),
    Field("learned", "What was learned, for the next time", "text"),
)
UNTIL_CLOSED: tuple[State, ...] = (*ACTIVE, "resolved", "rejected", "returned_to_support")

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            "ack",
            "ack",
            "Acknowledge",
            "It is taken on",
            ("open", "handed_over", "reopened"),
            about="The team that has it, or the person whom it was handed over to, has taken it on.",
        ),
        Form(
            "resume",
            "resume",
            "The customer answered",
            "Let the clocks go on",
            ACTIVE,
            (_why("What they said", needed=False),),
        ),
        Form(
            "chase",
            "chase",
            "Chase: nobody acknowledged",
            "The step was taken",
            ("open", "reopened", "handed_over"),
            (
                Field("step", "Step of the ladder", "choice"),
                Field("whom", "Whom you reached, or tried to reach", needed=True),
                _why("What came of it", needed=False),
            ),
        ),
        Form(
            "heard",
            "update",
            "Log what the team said",
            "Log it",
            UNTIL_CLOSED,
            (
                Field("text", "What was said", "text", True, "Progress, or that there is none"),
                Field("answers", "This answers the ask", "check"),
            ),
            fixed={"to": "internal", "promise": "", "promise_due": None, "keeps": None},
        ),
        Form(
            "told",
            "update",
            "Log what the customer was told",
            "Log it",
            UNTIL_CLOSED,
            (
                Field("text", "What was said", "text", True, "News or not"),
                Field("promise", "What was promised in it"),
                Field("promise_due", "Promised for", "time"),
                Field("keeps", "It keeps the promise", "choice"),
            ),
            fixed={"to": "customer", "answers": False},
        ),
        Form(
            "monitor",
            "monitor",
            "Watch a fix or workaround",
            "It is watched",
            ("acknowledged", "handed_over", "open", "reopened"),
            (Field("text", "What is in place, and what is watched", "text", True),),
        ),
        Form(
            "resolve",
            "resolve",
            "Resolve",
            "It is solved",
            (*ACTIVE, "returned_to_support", "rejected"),
            (Field("resolution", "What solved it", "text"), ROOT_CAUSE),
            about="Without the root cause it stays in monitoring.",
        ),
        Form(
            "close",
            "close",
            "Close the loop",
            "Close it",
            ("resolved", "rejected", "returned_to_support"),
            (*DUTIES, ROOT_CAUSE),
            about="Tick what is done. Nothing is closed before all of it is.",
        ),
        Form(
            "reopen",
            "reopen",
            "Reopen",
            "It is back",
            OVER,
            (
                _why("What came back, or what is new"),
                Field("severity", "Severity", "choice", hint="At least the last one"),
                Field("owner", "For another team", "choice", choices=(("", "the same team"), *OWNERS)),
            ),
        ),
        Form(
            "reject",
            "reject",
            "The team rejects it",
            "It is rejected",
            ("open", "acknowledged", "handed_over", "reopened"),
            (
                Field(
                    "reason",
                    "Reason",
                    "choice",
                    True,
                    choices=(
                        ("", "choose one"),
                        ("not_a_bug", "not a bug"),
                        ("duplicate", "duplicate"),
                        ("insufficient_info", "insufficient information"),
                        ("wrong_team", "wrong team"),
                        ("out_of_scope", "out of scope"),
                    ),
                ),
                _why("Why, in their words"),
                Field("way_on", "Way on: what is to happen instead", "text", True),
            ),
        ),
        Form(
            "handover",
            "handover",
            "Hand over",
            "Hand it over",
            ACTIVE,
            (
                Field("to", "Who takes it on", needed=True, hint="A person, or somebody of the team"),
                Field("to_team", "It goes to", "choice", choices=(("", "a person in support"), *OWNERS)),
                Field("note", "What they should know besides", "text"),
            ),
            about="A note with state, last words, promises and what is due goes with it.",
        ),
        Form(
            "severity",
            "severity",
            "Change severity",
            "Change it",
            ACTIVE,
            (
                Field("severity", "New severity", "choice", True),
                _why("Reason"),
                replace(EVIDENCE, needed=True),
            ),
            about="Up by facts; down only by a person. Its times count anew.",
        ),
        Form(
            "deescalate",
            "deescalate",
            "De-escalate",
            "De-escalate it",
            ACTIVE,
            (
                Field(
                    "reason",
                    "Reason",
                    "choice",
                    True,
                    choices=(
                        ("", "choose one of the four"),
                        ("root_cause_found", "the root cause is found, and support can resolve it"),
                        ("workaround", "a workaround unblocks the customer"),
                        ("resolved_itself", "it resolved itself"),
                        ("new_information", "new information changes the assessment"),
                    ),
                ),
                _why("In words"),
                replace(EVIDENCE, needed=True),
                Field(
                    "code_fix",
                    "A change of code",
                    "choice",
                    choices=(("unknown", "as it was known"), ("open", "is still owed"), ("none", "is not owed")),
                ),
                Field(
                    "severity",
                    "Lower severity",
                    "choice",
                    choices=(("", "none: back to support"), *SEVERITIES[1:]),
                    hint="Where it stays with its owner",
                ),
                ROOT_CAUSE,
                *DUTIES,
            ),
            about="While a code fix is owed, a workaround lowers severity a step and the owner stays; else support "
            "has it again.",
        ),
        Form(
            "return",
            "return",
            "Return to support",
            "Support has it again",
            ACTIVE,
            (_why("Why support can go on alone"), ROOT_CAUSE, *DUTIES),
            about="When the four duties are done and no code fix is owed.",
        ),
        Form(
            "pause",
            "pause",
            "Pause: the customer's turn",
            "Pause it",
            ACTIVE,
            (_why("What the customer is to do"),),
            about="The SLA and the customer's cadence stand still. What the teams owe each other goes on.",
        ),
        Form(
            "attach",
            "attach",
            "Attach another account's ticket",
            "Attach it",
            ACTIVE,
            (
                Field("ticket", "Ticket", needed=True),
                Field("account", "Its account"),
                Field(
                    "same",
                    "What is the same",
                    "choice",
                    choices=(("symptoms", "the symptoms"), ("cause", "the cause")),
                ),
                _why("How it was seen", needed=False),
            ),
        ),
        Form(
            "term",
            "term",
            "Record a contract term",
            "Record it",
            ("draft", *UNTIL_CLOSED),
            (
                Field("every", "Customer update every", "number", True),
                Field("source", "Where the term stands", needed=True, hint="Such as: contract 2026-14, section 4"),
            ),
            about="The only thing that loosens the cadence of customer updates.",
        ),
        Form(
            "override",
            "override",
            "Decide otherwise",
            "It is my decision",
            ("draft", *ACTIVE, *OVER),
            (
                Field(
                    "outcome",
                    "Outcome",
                    "choice",
                    choices=(("escalate", "escalate"), ("handle", "handle in support"), ("needs_info", "ask first")),
                ),
                Field("owner", "Owner", "choice", choices=(("", "as it is"), *OWNERS)),
                Field("severity", "Severity", "choice", choices=(("", "as it is"), *SEVERITIES)),
                _why("Why"),
                replace(EVIDENCE, hint="Needed to lower the severity"),
            ),
            about="A person's decision. It stands; later runs show their own view beside it.",
        ),
    )
}

FIRST: dict[State, tuple[str, ...]] = {
    "draft": ("override",),
    "open": ("ack", "chase", "heard", "told", "reject", "handover"),
    "acknowledged": ("heard", "told", "monitor", "resolve", "deescalate", "return"),
    "monitoring": ("resolve", "heard", "told"),
    "handed_over": ("ack", "heard", "told"),
    "reopened": ("ack", "chase", "heard", "told"),
    "resolved": ("told", "close", "reopen"),
    "rejected": ("told", "reopen", "close"),
    "returned_to_support": ("resolve", "told", "close", "reopen"),
    "closed": ("reopen",),
}
"""What leads on from each state, shown first; the other steps that it allows stand behind them."""
_FLAG = re.compile(r"(?:with )?--([a-z][a-z-]*)( (?:TEXT|[a-z_]+\b))?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A form on the page: with what it was made from, and the words that it holds. `trouble`: why it was not done.

    `version` and `key`: what keeps it from being written over something new, and from being written twice.
    """

    form: Form
    fields: tuple[Field, ...]
    team: str
    at: str
    version: int
    key: str
    trouble: str = ""


def offered(record: Record, settings: Settings, words: Mapping[str, str] | None = None) -> tuple[list[Shown], int]:
    """The forms that this state allows, and how many come first. `words`: the `text` that a form begins with."""
    first = FIRST[record.state]
    if paused_since(record) is not None:
        first = ("resume", *first)
    forms = [FORMS[name] for name in (*first, *(name for name in FORMS if name not in first))]
    allowed = [form for form in forms if is_offered(form, record, settings)]
    given = words or {}
    made = [shown(form, record, settings, {"text": given[form.name]} if form.name in given else {}) for form in allowed]
    return made, sum(form.name in first for form in allowed)


def is_offered(form: Form, record: Record, settings: Settings) -> bool:
    """Whether the state allows this step."""
    if record.state not in form.states:
        return False
    if form.name in ("pause", "resume"):
        return (paused_since(record) is not None) == (form.name == "resume")
    if form.name == "chase":
        return phase(record) in ("open", "reopened") and record.chased < len(settings.ladder.steps)
    return not (form.name == "reject" and phase(record) == "monitoring")


def shown(
    form: Form, record: Record, settings: Settings, words: Mapping[str, str], *, trouble: str = "", key: str = ""
) -> Shown:
    """The form with these words in it. `key`: of the one that was sent; a new one where there is none."""
    team = words.get("team") or default_team(VERBS[form.verb], record) or "support"
    fields = tuple(replace(part, value=words.get(part.name, part.value)) for part in _fields(form, record, settings))
    return Shown(form, fields, team, words.get("at", ""), record.version, key or secrets.token_urlsafe(12), trouble)


def _fields(form: Form, record: Record, settings: Settings) -> list[Field]:
    """The form's fields, with the choices that this escalation has."""
    fields = list(form.fields)
    for place, part in enumerate(fields):
        if part.name == "step":
            steps = tuple((str(n), f"{n}: {text}") for n, text in enumerate(settings.ladder.steps, 1))
            fields[place] = replace(part, choices=steps[record.chased :] or steps[-1:])
        elif part.name == "keeps":
            open_ones = tuple(
                (str(p.event), f"of event {p.event}: {p.text[:80]}") for p in record.promises if not p.kept
            )
            fields[place] = replace(part, choices=(("", "none"), *open_ones))
        elif part.name == "severity" and form.name == "reopen":
            at_least = [c for c in SEVERITIES if c[0] == record.severity or not record.severity]
            higher = SEVERITIES[: SEVERITIES.index(at_least[0])]
            fields[place] = replace(part, choices=(*at_least, *reversed(higher)))
        elif part.name == "severity" and form.name == "severity":
            others = tuple(c for c in SEVERITIES if c[0] != record.severity)
            fields[place] = replace(part, choices=(("", "choose one"), *others))
        elif part.name == "every":
            unit = {"critical": "hours", "high": "support hours"}.get(record.severity or "", "business days")
            fields[place] = replace(part, label=f"{part.label} … {unit}")
        elif part.name in ("resolution", "root_cause"):
            known = record.resolution if part.name == "resolution" else record.root_cause
            fields[place] = replace(part, value=known)
    return fields


def write(
    form: Form,
    words: Mapping[str, str],
    record: Record,
    ledger: "Ledger",
    settings: Settings,
    by: str,
    now: datetime,
    zone: tzinfo,
) -> "Written":
    """The event that the filled form describes. `now`: when it happened unless it says so; `zone`: of its times.

    Raises BadInput, Refused or Conflict, in words that name the form's own fields.
    """
    try:
        flags = _flags(form, words, record, settings, zone)
        return VERBS[form.verb].write(
            argparse.Namespace(
                **flags,
                id=record.id,
                by=by,
                team=_one_of(words.get("team", "support"), TEAM_CHOICES, "Acting for"),
                through=THROUGH,
                at=_time(words.get("at", ""), zone, "When it happened") or now.isoformat(),
                key=_key(form, words),
                if_version=_whole(words.get("version", ""), "version"),
            ),
            ledger,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except EscalationError as error:
        raise type(error)(in_page_words(str(error), form)) from None


def in_page_words(line: str, form: Form) -> str:
    """A refusal names the command line's flags; here they are the form's fields."""
    labels = {part.name: part.label for part in form.fields}
    labels |= {"team": "Acting for", "by": "your name", "at": "When it happened"}

    def label(found: re.Match[str]) -> str:
        name, value = found[1].replace("-", "_"), (found[2] or "").strip()
        if name not in labels:
            return found[0]
        said = dict(next((part.choices for part in form.fields if part.name == name), TEAM_CHOICES)).get(value)
        return f"“{labels[name]}”{f' ({said})' if said else '' if value == 'TEXT' else (found[2] or '')}"

    return _FLAG.sub(label, line).replace("with these flags", "here")


def _flags(form: Form, words: Mapping[str, str], record: Record, settings: Settings, zone: tzinfo) -> dict[str, Any]:
    flags: dict[str, Any] = {"why": "", **form.fixed}
    for part in _fields(form, record, settings):
        text = words.get(part.name, "").strip()
        if part.needed and not text:
            raise BadInput(f"“{part.label}” is empty: fill it in")
        if part.kind == "check":
            flags[part.name] = bool(text)
        elif part.kind == "time":
            flags[part.name] = _time(text, zone, part.label)
        elif part.kind == "number":
            flags[part.name] = _number(text, part.label)
        elif part.name in ("step", "keeps"):
            # A choice of this moment: what became of it meanwhile, the ledger knows better.
            flags[part.name] = _whole(text, part.label) if text else None
        elif part.kind == "choice":
            # The choices may have moved on with the escalation; those of the form itself are the verb's.
            wide = part.choices if part.name != "severity" else (("", ""), *SEVERITIES)
            flags[part.name] = _one_of(text, wide, part.label) or None
        else:
            flags[part.name] = text or (None if part.name == "account" else "")
    return flags


def _key(form: Form, words: Mapping[str, str]) -> str:
    """The same for the same form with the same words: a double click writes once, and other words are not lost."""
    said = "\0".join(f"{name}={words[name]}" for name in sorted(words) if name not in ("key", "version"))
    digest = hashlib.sha256(f"{form.name}\0{said}".encode(errors="surrogatepass")).hexdigest()
    return f"page-{words.get('key', '')[:40]}-{digest[:16]}"


def _one_of(value: str, choices: Choices, label: str) -> str:
    if value not in dict(choices):
        known = ", ".join(words for name, words in choices if name)
        raise BadInput(f"“{label}” {value[:40]!r}: expected one of {known}")
    return value


def _whole(text: str, label: str) -> int:
    number = number_in(text)
    if number is None:
        raise BadInput(f"“{label}” {text[:40]!r}: expected a whole number")
    return number


def _number(text: str, label: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"“{label}” {text[:40]!r}: expected a number, such as 24") from None


def _time(text: str, zone: tzinfo, label: str) -> str | None:
    """As ISO 8601 with its offset. A time without one is the office's."""
    text = text.strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        if not FIRST_YEAR <= moment.astimezone(UTC).year <= LAST_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        raise BadInput(f"“{label}” {text[:40]!r} is no time: write it as 2026-11-27T18:40") from None
    return moment.isoformat()
