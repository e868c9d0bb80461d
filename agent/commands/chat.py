"""Talk about one ticket: paste it, see the decision, what to ask and the brief, and go on in plain words.

Answer a question, add what the customer just said, correct a fact, ask why, ask for the customer's message in another
tone. New facts take the same road as the ticket: code decides again. A line that begins with / is a command; /help
lists them. Where the input is no terminal, each of its lines is a turn, and TICKET is needed.

Nothing is written to disk unless asked: --keep and /keep NAME keep the chat with its ticket after each turn, readable
by you alone, in the user's data folder or where ESCALATION_CHATS says. Delete the file to forget it.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.inputs import (
    STDIN,
    add_circumstances,
    add_redaction,
    circumstances_of,
    level_of,
    one_stdin,
    read_bytes,
    tell_level,
)
from agent.commands.ledger_inputs import add_ledger, ledger_of, person_of
from agent.commands.output import colour, emit, note
from agent.commands.run import add_backend, backend_of, memory_of
from agent.commands.times import this_moment
from agent.errors import EXIT_DONE, BadInput

if TYPE_CHECKING:
    from typing import TextIO

    from agent.chat.ear import Ear
    from agent.chat.painter import Painter
    from agent.chat.terminal import Terminal

EXAMPLES = """examples:
  escalation chat
  escalation chat ticket.eml --context crm.json --keep
  escalation chat --resume HD-20418
  escalation chat ticket.txt < turns.txt"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument(
        "ticket", metavar="TICKET", nargs="?", help="ticket file to begin with; - is stdin (default: asks for it)"
    )
    parser.add_argument("--resume", metavar="NAME", help="go on with a chat that was kept, and keep it further")
    parser.add_argument(
        "--keep", metavar="NAME", nargs="?", const="", help="keep the chat on disk; without NAME by the ticket's own"
    )
    parser.add_argument("--sessions", action="store_true", help="list the chats that are kept, and leave")
    add_redaction(parser, restore=False)
    add_circumstances(parser)
    add_backend(parser)
    add_ledger(parser)
    parser.add_argument("--no-ledger", action="store_true", help="neither look into the ledger nor open anything in it")
    parser.add_argument("--by", metavar="NAME", help="your name beside what you say (default: as for `open`)")
    parser.set_defaults(team=None, through="", record=False)


def run(arguments: argparse.Namespace) -> int:
    """One sitting."""
    from agent.chat.terminal import can_show_everything

    can_show_everything()
    if arguments.sessions:
        emit(_sessions())
        return EXIT_DONE
    _consistent(arguments)
    given = circumstances_of(arguments)
    level = level_of(arguments)
    tell_level(level)
    by = person_of(arguments)
    from agent.chat.engine import Chat
    from agent.chat.kept import Keeper, checked, load
    from agent.chat.painter import ReaderLeft
    from agent.chat.terminal import Terminal
    from schemas.chat import Session

    clock = this_moment if arguments.now is None else lambda: given.now
    session = load(arguments.resume) if arguments.resume is not None else Session(context=given.context)
    name = arguments.keep or (arguments.resume if arguments.keep is None else None)
    if name:
        checked(name)
    if session.result is not None and session.result.decision.policy_version != given.settings.version:
        note(
            f"decided under policy {session.result.decision.policy_version}; /again decides by {given.settings.version}"
        )
    ticket = None
    if arguments.ticket is not None:
        ticket = read_bytes(arguments.ticket, "ticket", invitation="paste the ticket, end with Ctrl-D")
    keeper = Keeper(name, resumed=name == arguments.resume) if name else None
    memory = memory_of(arguments, given)
    backend = backend_of(arguments)
    painter = _painter()
    terminal = Terminal(
        lambda session, tell: Chat(
            backend,
            given.settings,
            tell,
            by=by,
            clock=clock,
            session=session,
            memory=memory,
            ledger=None if arguments.no_ledger else lambda: ledger_of(arguments, make=True),
            level=level,
        ),
        painter,
        clock,
        session=session,
        screen=sys.stdout if sys.stdout is not None and sys.stdout.isatty() else None,
        keeper=keeper,
        keep=arguments.keep == "",
    )
    with contextlib.suppress(ReaderLeft):
        file = None if arguments.ticket in (None, STDIN) else Path(arguments.ticket).name
        terminal.talk(_ear(arguments, terminal, painter), ticket, file)
    return EXIT_DONE


def _consistent(arguments: argparse.Namespace) -> None:
    """Raises BadInput for what cannot go together, before anything costs time."""
    one_stdin(arguments, "ticket", "context")
    if sys.stdout is None:
        raise BadInput("stdout is closed: a chat has nowhere to speak")
    if arguments.resume is None:
        if arguments.ticket is None and not _at_terminal(sys.stdin):
            raise BadInput("no terminal to ask for the ticket: name it, `escalation chat TICKET < turns.txt`")
        return
    for flag, value in (("TICKET", arguments.ticket), ("--context", arguments.context), ("--tier", arguments.tier)):
        if value is not None:
            raise BadInput(
                f"--resume {arguments.resume[:60]!r} goes on with its own ticket and context: leave {flag} out"
            )


def _ear(arguments: argparse.Namespace, terminal: "Terminal", painter: "Painter") -> "Ear":
    """Who listens: an editor at a real terminal, else lines."""
    from agent.chat.lines import Piped, Typed

    keys = _keys(arguments)
    if keys is None:
        return Piped(lambda words: painter.note(f"> {words}"))
    if _simple() or not _at_terminal(sys.stdout):
        return Typed(keys.fileno(), _ask)
    from agent.chat.completion import Commands
    from agent.chat.keyboard import Keyboard
    from agent.chat.terminal import OWN

    return Keyboard(keys, Commands(terminal.session, OWN), painter.note)


def _keys(arguments: argparse.Namespace) -> "TextIO | None":
    """The stream on which a person types; None where turns come from a pipe.

    A ticket that came through a pipe leaves the terminal on which the output is shown, which can be read as well.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr) if arguments.ticket == STDIN else (sys.stdin,)
    return next((stream for stream in streams if _at_terminal(stream)), None)


def _at_terminal(stream: "TextIO | None") -> bool:
    from agent.chat.pasting import is_terminal

    return is_terminal(stream)


def _simple() -> bool:
    """Whether the terminal only prints one line after the other."""
    return os.environ.get("TERM") in (None, "", "dumb", "unknown")


def _ask(text: str) -> None:
    if text and sys.stderr is not None:
        print(text, end="", file=sys.stderr, flush=True)


def _painter() -> "Painter":
    from agent.chat.painter import Painter, Screen
    from agent.chat.progress import Progress

    shown = _at_terminal(sys.stdout)
    progress = Progress(sys.stdout if shown else None, lines=_simple(), faint=colour())
    return Painter(Screen(markup=False, emoji=False, highlight=False), progress)


def _sessions() -> str:
    """The chats that are kept, the newest first."""
    from agent.chat.kept import folder, listed
    from agent.render import words
    from agent.render.sanitise import one_line

    found = listed()
    if not found:
        return f"no chat is kept in {folder()}"
    size = max(len(one.name) for one in found)
    rows = [
        f"{one.name:<{size}}  {words.when(one.kept_at) if one.kept_at else '-':<24}  {one_line(one.headline)}"
        for one in found
    ]
    return "\n".join(rows)
