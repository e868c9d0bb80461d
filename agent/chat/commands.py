"""The chat's commands: each does by name what a person may also say in plain words. No model is asked for them."""

from dataclasses import dataclass
from typing import get_args

from agent.errors import BadInput
from schemas.chat import Action, ActionKind
from schemas.vocabulary import Tier

SHOWN = ("decision", "brief", "facts", "questions", "message", "ticket", "findings", "steps")
COPIED = ("brief", "message", "decision", "questions")


@dataclass(frozen=True, slots=True)
class Command:
    """`argument`: how it is written, empty where there is none. `kind`: what it does; None for the chat's own."""

    argument: str
    help: str
    kind: ActionKind | None = None
    target: str = ""


COMMANDS: dict[str, Command] = {
    "customer": Command("WORDS", "what the customer just said or wrote, word for word", "customer_said"),
    "note": Command("WORDS", "what you, support, know about the case", "support_said"),
    "answer": Command("N WORDS", "the answer to question N, from whoever it was put to", "support_said"),
    "wrong": Command("ID WHY", "a fact is wrong: it fires nothing any more", "withdraw"),
    "tier": Command("L1|L2|manager", "who holds the ticket", "tier"),
    "override": Command("OUTCOME [TEAM] [SEVERITY]: WHY", "your own decision, which stands beside the rules' view"),
    "why": Command(
        "[TOPIC|RULE|ID]", "why: decision, severity, target, deadline, questions, a rule, a fact", "explain"
    ),
    "changes": Command("", "what would change the decision", "explain", "changes"),
    "decision": Command("", "the decision with its reasons", "show", "decision"),
    "questions": Command("", "what to ask, whom, and why", "show", "questions"),
    "facts": Command("", "every fact with its quote, and what does not count", "show", "facts"),
    "ticket": Command("", "the ticket with all that was said here", "show", "ticket"),
    "brief": Command("", "the brief", "show", "brief"),
    "findings": Command("", "what is held against the brief", "show", "findings"),
    "edit": Command("PLACE = TEXT", "a line of the brief in your words", "edit_line"),
    "deadline": Command("TIME", "another time for the answer, not after the policy's", "deadline"),
    "message": Command("[TEXT]", "the message to the customer, or your own words for it", "customer_message"),
    "steps": Command("", "who does what by when", "show", "steps"),
    "save": Command("FILE", "into a new file: .txt, .md, .html or .json", "save"),
    "copy": Command("[brief|message|decision|questions]", "to the clipboard", "copy", "brief"),
    "open": Command("", "open it in the ledger, which follows it from then on", "record"),
    "undo": Command("", "take back the last addition, correction or edit", "undo"),
    "again": Command("", "read and decide again, after an interruption or an outage"),
    "help": Command("", "this list"),
}
MOVING = ("customer_said", "support_said", "withdraw", "tier")
"""Kinds of action after which the ticket is read and decided again."""


def is_command(words: str) -> bool:
    """Whether it is meant as one: `/why`, and not a path such as `/var/log/app`."""
    return words.startswith("/") and "/" not in words.split(maxsplit=1)[0][1:]


def parse(line: str) -> tuple[str, Action | None, str]:
    """A line that begins with `/`: the command, its action if it has one, and its argument.

    Raises BadInput for an unknown command or an argument that it cannot take.
    """
    name, _, argument = line[1:].partition(" ") if "\n" not in line.split(" ", 1)[0] else line[1:].partition("\n")
    name, argument = name.strip().casefold(), argument.strip()
    if name not in COMMANDS:
        raise BadInput(f"no command {f'/{name[:30]}'!r}: expected one of those in /help")
    command = COMMANDS[name]
    if not command.argument and argument:
        raise BadInput(f"/{name} takes no argument, got {argument[:40]!r}: leave it out")
    needed = command.argument and not command.argument.startswith("[")
    if needed and not argument:
        raise BadInput(f"/{name} needs {command.argument}: {command.help}")
    if command.kind is None:
        return name, None, argument
    return name, _action(name, command, command.kind, argument), argument


def _action(name: str, command: Command, kind: ActionKind, argument: str) -> Action:
    if kind == "withdraw":
        target, _, why = argument.partition(" ")
        if not why.strip():
            raise BadInput(f"/{name} {target[:30]!r}: say why it is wrong, such as /{name} {target[:30]} it was a test")
        return Action(kind=kind, target=target, text=why.strip())
    if name == "answer":
        number, _, words = argument.partition(" ")
        if not words.strip():
            raise BadInput(f"/{name} {argument[:30]!r}: expected {command.argument}; see /questions")
        return Action(kind=kind, target=number, text=words.strip())
    if kind == "edit_line":
        place, equals, text = argument.partition("=")
        if not equals:
            raise BadInput(f"/{name} {argument[:40]!r}: expected {command.argument}; the places stand in /findings")
        return Action(kind=kind, target=place.strip(), text=text.strip())
    if kind == "tier":
        return Action(kind=kind, target=_one_of(argument, get_args(Tier), name), text="")
    if kind == "copy":
        return Action(kind=kind, target=_one_of(argument or command.target, COPIED, name), text="")
    if kind in ("explain", "show"):
        return Action(kind=kind, target=argument or command.target, text="")
    return Action(kind=kind, target="", text=argument)


def _one_of(argument: str, known: tuple[str, ...], name: str) -> str:
    chosen = next((value for value in known if value.casefold() == argument.casefold()), None)
    if chosen is None:
        raise BadInput(f"/{name} {argument[:40]!r}: expected one of {', '.join(known)}")
    return chosen
