"""The chat in a terminal: hands the engine what is typed and shows what it tells, turn by turn.

The surface's own are four commands and the way out; everything else is the engine's. An interrupted turn loses
nothing, since the engine's session changes only when a step is complete.
"""

import io
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from agent.chat import clipboard
from agent.chat.ear import Ear
from agent.chat.engine import Chat
from agent.chat.events import Copy, Event, Refused, Told
from agent.chat.heard import another
from agent.chat.interrupts import Interrupts, unechoed
from agent.chat.kept import Keeper, suggested
from agent.chat.opening import file_named, means_a_file
from agent.chat.painter import Painter
from agent.chat.pasting import as_text
from agent.commands.inputs import read_bytes
from agent.errors import BadInput, EscalationError
from schemas.chat import Session

OWN: dict[str, tuple[str, str]] = {
    "new": ("[FILE]", "begin with another ticket"),
    "keep": ("[NAME]", "keep this chat on disk from now on, after every turn"),
    "quit": ("", "leave"),
}
"""The surface's commands: argument, help."""
_CASE = ("original", "said", "corrections", "edits", "context", "message", "result")
NOT_KEPT = "this chat is not kept: /keep NAME first, or {again} to leave it"

Make = Callable[[Session, Callable[[Event], None]], Chat]


class Terminal:
    """One sitting. `make` gives a chat that goes on from a session; `keeper`: the file it is kept in, if it is.

    `keep` "": from the first ticket on, under a name that it suggests. `screen`: the terminal that shows it, or None.
    """

    def __init__(
        self,
        make: Make,
        painter: Painter,
        clock: Callable[[], datetime],
        *,
        session: Session,
        screen: TextIO | None,
        keeper: Keeper | None = None,
        keep: bool = False,
    ) -> None:
        self._make, self._painter, self._clock = make, painter, clock
        self._fresh = Session(context=another(session.context))
        self._screen, self._keeper, self._keep = screen, keeper, keep
        self._file: str | None = None
        self._saved = session if keeper is not None and keeper.resumed else None
        self._warned: Session | None = None  # the session about which it was said that it is not kept
        self._interrupts = Interrupts()
        self.chat = make(session, self._tell)

    def session(self) -> Session:
        """The chat as it stands."""
        return self.chat.session

    def talk(self, ear: Ear, ticket: bytes | None, file: str | None) -> None:
        """From the first word to the last. `ticket`: what to begin with, `file` its name; None: asked for.

        Raises BadInput for what is no ticket, and KeyboardInterrupt outside a turn.
        """
        try:
            with self._interrupts.watched(ear.at_terminal), unechoed(ear.descriptor if ear.edits else None):
                if self.chat.session.original is not None:
                    self._painter.standing(self.chat.session)
                    self._keep_on()
                elif ticket is not None:
                    self._begin(ear, ticket, file)
                while self._next(ear):
                    pass
        finally:
            if self._keeper is not None:
                self._keeper.close()

    def _next(self, ear: Ear) -> bool:
        """One contribution; whether there may be another."""
        try:
            with self._interrupts.armed():
                words = as_text(ear.turn() if self.chat.ticket is not None else ear.ticket())
        except EOFError:
            return not self._may_leave(ear, "Ctrl-D again")
        command, _, argument = words.strip().partition(" ")
        command = command.casefold()
        if command == "/quit" and not argument:
            return not self._may_leave(ear, "/quit again")
        if command == "/new":
            self._new(ear, argument.strip())
        elif command == "/keep":
            self._asked(lambda: self._begin_to_keep(argument.strip()))
        elif self.chat.ticket is None:
            self._open(ear, words)
        else:
            self._hear(ear, words)
        return True

    def _may_leave(self, ear: Ear, again: str) -> bool:
        """Whether nothing is lost, or it was said what is."""
        session = self.chat.session
        known = session is self._saved or session is self._warned
        if not ear.at_terminal or session.original is None or known:
            return True
        self._warned = session
        self._painter.tell(Told(NOT_KEPT.format(again=again), "warning"))
        return False

    def _new(self, ear: Ear, file: str) -> None:
        if not self._may_leave(ear, "/new again"):
            return
        found = file_named(file) if file else None
        if file and found is None:
            self._painter.tell(Refused(f"/new {file[:200]!r}: there is no such file; /new alone asks for the ticket"))
            return
        if self._keeper is not None:
            self._keeper.close()
        self._keeper, self._keep, self._file, self._saved = None, False, None, None
        self.chat = self._make(self._fresh, self._tell)
        if found is not None:
            self._open(ear, str(found))

    def _open(self, ear: Ear, words: str) -> None:
        """What was given at the first prompt."""
        found = file_named(words)
        if found is not None:
            self._asked(lambda: self._begin(ear, read_bytes(str(found), "ticket"), found.name))
        elif means_a_file(words):
            self._painter.tell(
                Refused(f"{words.strip()[:200]!r}: there is no such file; paste the ticket, or name one")
            )
        elif words.startswith("/") and "\n" not in words:
            self._hear(ear, words)
        else:
            self._asked(lambda: self._begin(ear, words, None))

    def _hear(self, ear: Ear, words: str) -> None:
        self._turn(ear, lambda: self.chat.hear(words))
        if words.strip().casefold() == "/help":
            self._painter.tell(Told("\n".join(own_help()), "answer"))

    def _begin(self, ear: Ear, source: bytes | str, name: str | None) -> None:
        self._turn(ear, lambda: self.chat.begin(source, name), name)

    def _asked(self, step: Callable[[], None]) -> None:
        """Do something that a person asked for at the prompt: what cannot be done is said."""
        try:
            step()
        except EscalationError as error:
            self._painter.tell(Refused(str(error)))

    def _turn(self, ear: Ear, work: Callable[[], None], file: str | None = None) -> None:
        """Let the engine work. Ctrl-C ends the turn, not the chat, where somebody sits there."""
        before, interrupted = self.chat.session, False
        try:
            with unechoed(ear.descriptor), self._interrupts.armed():
                work()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self._painter.rest()
        if interrupted and not ear.at_terminal:
            raise KeyboardInterrupt
        if interrupted:
            self._painter.tell(Told(self._interrupted(before), "warning"))
        self._file = file or self._file
        self._keep_on()

    def _interrupted(self, before: Session) -> str:
        session = self.chat.session
        if session.original is None:
            return "interrupted: paste the ticket again, or name its file"
        if session.pending or session.result is None:
            return "interrupted: nothing that was said is lost; /again goes on"
        # What was spent and what was talked about may have grown; the case is the rest.
        same = all(getattr(session, part) == getattr(before, part) for part in _CASE)
        return f"interrupted: {'nothing was changed' if same else 'what was done so far stands'}"

    def _begin_to_keep(self, name: str) -> None:
        if self.chat.session.original is None:
            raise BadInput("there is nothing to keep yet: paste a ticket first")
        keeper = Keeper(name or suggested(self.chat.session, self._file))
        try:
            self._write(keeper, self.chat.session)
        except BadInput:
            keeper.close()
            raise
        if self._keeper is not None:
            self._keeper.close()
        self._keeper, self._keep = keeper, False
        self._painter.note(f"kept from now on, after every turn: {keeper.path}")

    def _keep_on(self) -> None:
        """Write what the turn brought. A disk that is full ends nothing: the next turn tries again."""
        session = self.chat.session
        if session.original is None:
            return
        if self._keeper is None:
            if self._keep:
                self._asked(lambda: self._begin_to_keep(""))
            return
        if session is not self._saved:
            keeper = self._keeper
            self._asked(lambda: self._write(keeper, session))

    def _write(self, keeper: Keeper, session: Session) -> None:
        keeper.keep(session, self._clock())
        self._saved = session

    def _tell(self, event: Event) -> None:
        with self._interrupts.held():
            if isinstance(event, Copy):
                event = clipboard.copy(event.what, event.text, self._screen)
            self._painter.tell(event)


def own_help() -> list[str]:
    """The surface's commands as lines of /help."""
    return [f"{f'/{name} {argument}'.strip():<40}  {text}" for name, (argument, text) in OWN.items()]


def can_show_everything() -> None:
    """A ticket may hold any character, and a terminal's encoding may lack some: then they are shown as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
