"""The command `escalation`: one verb, one module in `agent/commands/`, imported only when it is called.

A verb that needs no model imports neither the SDK nor a network library, since agent runtimes call several in a
row and wait for each.
"""

import argparse
import errno
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from agent.commands.output import abandon, note
from agent.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_INTERRUPTED, BadInput, EscalationError

VERBS: dict[str, str] = {
    "run": "the whole road: ticket in, decision and brief out",
    "batch": "many tickets: a folder, JSONL, CSV or mbox in, a result for each out",
    "chat": "talk about a ticket in the terminal",
    "serve": "the same in a browser, with what is escalated: a page on this machine",
    "facts": "extract the facts of a ticket, nothing else",
    "check": "check reported facts against their ticket",
    "decide": "decide from facts: handle, escalate or ask",
    "skeleton": "the outline of the brief that a decision needs",
    "validate": "check a brief against ticket, facts and decision",
    "schema": "print an exported JSON Schema",
    "policy": "show or check the policy: thresholds, calendar, routing",
}
HOST_VERBS: dict[str, str] = {
    "mcp": "serve the road and the ledger as MCP tools",
}
LEDGER_VERBS: dict[str, str] = {
    "similar": "earlier tickets that are, or may be, the same",
    "same": "say whether two tickets show the same fault",
    "open": "open an escalation in the ledger, or give an open one the news",
    "due": "what is due or overdue, with ready words",
    "list": "escalations on the table",
    "show": "one escalation as it stands",
    "timeline": "all that happened to it",
    "why-due": "each of its times with the arithmetic",
    "ack": "the team, or the receiver of a hand-over, has taken it on",
    "reject": "the team does not take it: why, and the way on",
    "update": "log what was heard from the team or told to the customer",
    "severity": "change its severity",
    "deescalate": "de-escalate it, with the four duties",
    "return": "return it to support",
    "monitor": "a fix or workaround is in place and watched",
    "resolve": "the problem is gone",
    "close": "close the loop",
    "reopen": "it is back",
    "handover": "hand it over, with a note",
    "override": "a person's decision, which later runs respect",
    "pause": "it is the customer's turn",
    "resume": "the customer answered",
    "chase": "a step of the ladder was taken",
    "term": "record a contract term about updates",
    "attach": "hang another account's ticket on it",
    "message": "a message about it for Slack, Teams or mail",
    "ics": "all due times for a calendar program",
    "watch": "look at what is due, again and again",
    "deliver": "tell the webhook what happened and what is overdue",
    "stats": "what was learned: volume, times, breaches, rejections",
    "ledger": "where the ledger is, and whether it is whole",
}
EVERY_VERB: dict[str, str] = VERBS | LEDGER_VERBS | HOST_VERBS
# Verbs that differ in little share a module.
MODULES = dict.fromkeys(
    (
        "ack",
        "reject",
        "update",
        "severity",
        "deescalate",
        "return",
        "monitor",
        "resolve",
        "close",
        "reopen",
        "handover",
        "override",
        "pause",
        "resume",
        "chase",
        "term",
        "attach",
    ),
    "life",
)

EXIT_CODES = """exit codes:
  0    done
  2    bad input: one line on stderr says what and what to do
  3    findings, or information is needed (run, decide: the outcome is needs_info; run: the brief is incomplete;
       check: a claim was removed; validate: a finding blocks; open: kept as a draft; deliver: something waits)
  4    the model is unavailable, refused, or answered with something unusable
  5    refused by the ledger: the state does not allow it, something is missing, or somebody wrote first;
       nothing was written
  130  interrupted"""

ENVIRONMENT = """environment:
  ANTHROPIC_API_KEY   key for the claude backend; without it the offline rules read the ticket, and say so
  ANTHROPIC_BASE_URL  another address of the same API (a gateway, a local server)
  ESCALATION_MODEL    the model, unless --model names one
  ESCALATION_MAX_TOKENS  the longest answer in tokens (16000)
  ESCALATION_REDACT   what placeholders replace in a ticket: secrets (the default), pii, none; --redact beats it
  ESCALATION_DB       the ledger: a file, or postgresql://USER@HOST/NAME (default: a file in the user's data folder)
  ESCALATION_CHATS    the folder of kept chats (default: chats in the user's data folder)
  ESCALATION_BY, ESCALATION_TEAM  who writes to the ledger, unless --by and --team say so
  ESCALATION_WEBHOOK_URL, ESCALATION_WEBHOOK_SECRET  where `deliver` tells what happened; unset: nowhere
  ESCALATION_SERVE_PASSWORD  what `serve --host` asks of a browser
  ESCALATION_MCP_TOKEN  what clients of `mcp --http` must send; unset: a token made at each start, and printed
  NO_COLOR            no colour, also on a terminal"""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What a full disk says. It may do so at any word that is printed."""

MORE = "`escalation VERB --help` tells more about a verb."

EXAMPLES = """examples:
  escalation run ticket.txt
  pbpaste | escalation run - --tier L2 --format markdown
  escalation check ticket.txt facts.json > grounded.json
  escalation decide grounded.json --context crm.json"""


class Runnable(Protocol):
    """A verb: a module, or a part of one. Its docstring is the help."""

    EXAMPLES: str

    @property
    def arguments(self) -> Any:
        """Declares the verb's arguments on a parser."""

    @property
    def run(self) -> Any:
        """Runs it on the parsed arguments and returns the exit code."""


class Parser(argparse.ArgumentParser):
    """argparse, except that a mistake is one line like every other bad input, without the usage block."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; see `{self.prog} --help`")


def overview() -> Parser:
    """The parser behind `escalation --help`. Verbs are parsed by their own parser, see `verb_parser`."""
    verbs = _listed(VERBS)
    ledger = _listed(LEDGER_VERBS)
    hosts = _listed(HOST_VERBS)
    parser = Parser(
        prog="escalation",
        usage="escalation VERB [...]",
        description="Turns a support ticket into a decision (handle, escalate, ask) and a brief to act on.",
        epilog="\n\n".join(
            (
                f"a ticket:\n{verbs}",
                f"after the escalation:\n{ledger}",
                f"for a host's model:\n{hosts}",
                EXAMPLES,
                EXIT_CODES,
                ENVIRONMENT,
                MORE,
            )
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    return parser


def _listed(verbs: dict[str, str]) -> str:
    return "\n".join(f"  {name:<11} {text}" for name, text in verbs.items())


def verb_parser(verb: str) -> tuple[Parser, "Runnable"]:
    """The parser of one verb, and what runs it."""
    module = importlib.import_module(f"agent.commands.{MODULES.get(verb, verb.replace('-', '_'))}")
    runnable: Runnable = module.of(verb) if verb in MODULES else module
    parser = Parser(
        prog=f"escalation {verb}",
        description=runnable.__doc__,
        epilog=f"{runnable.EXAMPLES}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    runnable.arguments(parser)
    return parser, runnable


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Never raises for bad input, a closed pipe or Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(arguments)
    except EscalationError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        abandon(1)
        return _fail(f"stdout or a file cannot be written: {error.strerror}; make room and try again", EXIT_BAD_INPUT)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in {"agent", "schemas", "prompts"}:
            raise  # a broken installation of this program: the traceback is what helps
        return _fail(_without(error.name), EXIT_BAD_INPUT)


def _dispatch(arguments: list[str]) -> int:
    verb = arguments[0] if arguments else ""
    if verb in EVERY_VERB:
        parser, runnable = verb_parser(verb)
        try:
            code: int = runnable.run(parser.parse_args(arguments[1:]))
        except SystemExit as ending:  # argparse ends --help this way; nothing else here does
            return _printed(int(ending.code or 0))
        return code
    if verb and not verb.startswith("-"):
        raise BadInput(f"no verb {verb[:40]!r}: use one of {', '.join(EVERY_VERB)}; see `escalation --help`")
    try:
        chosen = overview().parse_args(arguments)
    except SystemExit as ending:
        return _printed(int(ending.code or 0))
    if not chosen.version:
        raise BadInput("no verb given: `escalation run TICKET` does the whole road; see `escalation --help`")
    from importlib.metadata import PackageNotFoundError, version

    try:
        print("escalation", version("escalation"))
    except PackageNotFoundError:  # run from a checkout by the launcher
        print("escalation (not installed, run from its folder)")
    return _printed(EXIT_DONE)


def _without(package: str) -> str:
    """What to do where a package is missing: not all come with every way to have this program."""
    root = Path(__file__).parents[1]
    installer = root / "scripts" / "dev.py"
    if not installer.is_file():  # installed by pip, without the packages or with an older set of them
        return (
            f"the package {package!r} is missing: install this program with its dependencies "
            "(`python3 -m pip install` and its folder)"
        )
    install = f'python3 "{installer}" install'
    if (root / "vendor").is_dir():
        return (
            f"the package {package!r} is not in this bundle, which leaves out what needs a network or a terminal; "
            f"where a package index can be reached, install all with: {install}"
        )
    return f"the package {package!r} is missing: install with: {install}"


def _printed(code: int) -> int:
    """`code`, after what was printed reached its reader or the reader went away (`| head`)."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        abandon(1)
    return code


def _fail(message: str, code: int) -> int:
    note(message or "failed")
    return code
