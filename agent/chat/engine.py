"""The chat's engine: what a person says about one ticket, and what follows from it.

It shares the road with every other use: what was said becomes part of the ticket, and the ticket is read, grounded,
decided, drafted and validated again. A model only says which of a few actions the person means; none of them sets a
severity, a target or an outcome. A surface (terminal, page) hands in words and shows the events that it is told.

`Chat.session` is a frozen value, replaced when a step is complete, so that an interruption loses nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from agent.backends.base import Backend, ModelError, TurnCall, total
from agent.chat import heard
from agent.chat.commands import COMMANDS, MOVING, parse
from agent.chat.difference import difference
from agent.chat.events import (
    Copy,
    Decided,
    Drafted,
    Event,
    ForCustomer,
    Refused,
    Told,
)
from agent.chat.explain import explain
from agent.chat.letters import findings_of, letter
from agent.chat.pages import shown
from agent.chat.telling import Telling
from agent.chat.voice import Voice
from agent.drafting import Limits
from agent.errors import BadInput, EscalationError
from schemas.chat import Action, Exchange, Session, Turn
from schemas.context import Override
from schemas.escalation import Escalation
from schemas.ticket import Ticket

if TYPE_CHECKING:
    from agent.ledger.memory import Memory
    from agent.ledger.store import Ledger
    from agent.policy.settings import Settings

MOST_EXCHANGES = 12
"""Contributions that the model is reminded of. What matters stands in the ticket."""
LONGEST_EXCHANGE = 2_000
MOST_UNDOS = 30
DONE = "done"


class Chat:
    """One conversation about one ticket.

    `tell`: receives every event, at once. `by`: the person's name. `clock`: aware, to the second. `memory`: the ledger
    to look into before deciding; `ledger`: makes or opens the ledger when the person wants the escalation followed.
    """

    def __init__(
        self,
        backend: Backend,
        settings: "Settings",
        tell: Callable[[Event], None],
        *,
        by: str,
        clock: Callable[[], datetime],
        session: Session | None = None,
        memory: "Memory | None" = None,
        ledger: "Callable[[], Ledger] | None" = None,
        limits: Limits | None = None,
    ) -> None:
        self.session = session or Session()
        self._backend, self._settings, self._tell = Telling(backend, tell), settings, tell
        self._by, self._clock, self._memory, self._ledger = by, clock, memory, ledger
        self._limits = limits or Limits()
        self._before: list[Session] = []
        self._drafted = ""  # the brief as it was last told

    @property
    def ticket(self) -> Ticket | None:
        """The ticket with all that was said; None before `begin`."""
        return heard.ticket_of(self.session)

    def begin(self, source: bytes | str, name: str | None = None) -> None:
        """Read a ticket and take it along the road. Raises BadInput for what is no ticket."""
        from agent.readers import read_ticket

        self.session = Session(original=read_ticket(source, name=name), context=self.session.context, pending=True)
        self._before.clear()
        self.again()

    def again(self) -> None:
        """Take the ticket along the road once more, with all that was said and corrected."""
        from agent.pipeline import escalate

        session, ticket = self.session, self.ticket
        if ticket is None:
            self._tell(Refused("there is no ticket yet: paste one, or name its file"))
            return
        try:
            result = escalate(
                ticket,
                context=session.context,
                backend=self._backend,
                settings=self._settings,
                now=self._clock(),
                max_repairs=self._limits.max_repairs,
                token_budget=self._limits.token_budget,
                memory=self._memory,
                corrections=session.corrections,
            )
        except ModelError as error:
            self._charge(error.usage)
            self._tell(Refused(f"{error}. What was said is kept; /again tries once more"))
            return
        before, edits = session.result, session.edits
        if result.brief is not None:
            edits, lost = heard.carried(edits, result)
            result = heard.with_edits(result, edits)
            for edit in lost:
                self._tell(
                    Told(f"The brief was written anew, without your words at {edit.place}: {edit.text}", "warning")
                )
        if session.message is not None:
            self._tell(Told(f"The message to the customer was written anew; it was: {session.message}", "warning"))
        usage = total(self.session.usage, result.usage)
        kept = {"result": result, "edits": edits, "pending": False, "usage": usage, "message": None}
        self.session = self.session.model_copy(update=kept)
        self._decided(before, result)

    def hear(self, words: str) -> None:
        """One contribution of the person. What cannot be done is told as `Refused`; nothing is raised for it."""
        words = words.strip()
        if not words:
            return
        try:
            if words.startswith("/"):
                self._command(words)
            else:
                self._plain(words)
        except EscalationError as error:
            self._tell(Refused(str(error)))

    def _command(self, line: str) -> None:
        name, action, argument = parse(line)
        if action is not None:
            self._do((heard.answer(self.session, action) if name == "answer" else action,), None)
        elif name == "again":
            self.again()
        elif name == "override":
            self._override(argument)
        else:
            width = max(len(f"/{known} {command.argument}") for known, command in COMMANDS.items() if command.kind)
            lines = [f"{f'/{known} {c.argument}'.strip():<{min(width, 40)}}  {c.help}" for known, c in COMMANDS.items()]
            self._tell(Told("\n".join(lines), "answer"))

    def _plain(self, words: str) -> None:
        result, ticket = self._settled()
        said = ticket if self._backend.name == "offline" else heard.with_words(ticket, words, self._by, self._clock())
        call = TurnCall(
            ticket=ticket,
            result=result,
            message=self._letter(),
            earlier=self.session.conversation[-MOST_EXCHANGES:],
            words=words,
            now=self._clock(),
        )
        voice = Voice(result, said, self._tell, checked=self._backend.name != "offline")
        try:
            reply = self._backend.turn(call, voice.hear)
        except ModelError as error:
            self._charge(error.usage)
            raise
        self._charge(reply.usage)
        turn = reply.value
        if not isinstance(turn, Turn):
            raise TypeError(f"a TurnCall was answered with {type(turn).__name__}")
        voice.end(turn)
        self._remember("person", words)
        done = self._do(turn.actions, words if self._backend.name != "offline" else None)
        withheld = [f"withheld: a sentence with {what}" for what in voice.withheld]
        self._remember("program", " ".join((voice.said, *(f"[{line}]" for line in (*withheld, *done)))).strip())

    def _do(self, actions: tuple[Action, ...], words: str | None) -> list[str]:
        """Carry out actions in order, the road once behind all that add or withdraw facts. What became of each.

        `words`: what the person said, where a model chose the actions: then it may only hand on what stands there.
        """
        once = _without_repeats(actions)
        moving = [action for action in once if action.kind in MOVING]
        done = [self._step_of(self._said, action, words) for action in moving]
        if any(line.endswith(DONE) for line in done):
            self.again()
        return done + [self._step_of(self._answered, action, words) for action in once if action not in moving]

    def _step_of(self, step: Callable[[Action, str | None], None], action: Action, words: str | None) -> str:
        """Do it. One that cannot be done does not keep the others from being done."""
        what = f"{action.kind} {action.target}".strip()
        try:
            step(action, words)
        except EscalationError as error:
            self._tell(Refused(str(error)))
            return f"{what}: refused: {error}"
        return f"{what}: {DONE}"

    def _said(self, action: Action, words: str | None) -> None:
        """Something new in the ticket, or a claim taken back."""
        if self.session.original is None:
            raise BadInput("there is no ticket yet: paste one, or name its file")
        after = heard.after(self.session, action, words, by=self._by, at=self._clock())
        self._step(after.model_copy(update={"pending": True}))
        if action.kind == "customer_said":
            self._tell(Told("In the ticket now, as the customer's words."))
        elif action.kind == "support_said":
            self._tell(Told(f"In the ticket now, as said by support ({self._by})."))

    def _answered(self, action: Action, words: str | None) -> None:
        if action.kind == "undo":
            self._undo()
            return
        result, _ = self._settled()
        if action.kind == "explain":
            self._tell(Told(explain(action.target, result), "answer"))
        elif action.kind == "show":
            self._show(action.target, result)
        elif action.kind == "copy":
            self._tell(Copy(action.target or "brief", self._words_of(action.target or "brief", result)))
        elif action.kind == "save":
            self._save(action.text, words, result)
        elif action.kind == "record":
            self._record(result)
        elif action.kind == "customer_message":
            self._write(action.text, result)
        elif action.kind in ("edit_line", "deadline"):
            new = heard.edit_of(action, result)
            changed, edits = heard.with_edits(result, new), heard.replaced(self.session.edits, new)
            self._step(self.session.model_copy(update={"result": changed, "edits": edits}))
            self._brief(changed)

    def _override(self, argument: str) -> None:
        """The person's own decision, through a command only: no model may bring one about."""
        outcome, owner, severity, why = heard.override_of(argument)
        override = Override(by=self._by, why=why, at=self._clock(), outcome=outcome, owner=owner, severity=severity)
        context = self.session.context.model_copy(update={"override": override})
        self._step(self.session.model_copy(update={"context": context, "pending": True}))
        self.again()

    def _undo(self) -> None:
        if not self._before:
            raise BadInput("nothing to take back: only additions, corrections and edits of this sitting can be")
        earlier, now = self._before.pop(), self.session
        told = {"conversation": now.conversation, "usage": now.usage}
        self.session = earlier.model_copy(update=told)
        if now.result is not None and earlier.result is not None:
            self._decided(now.result, earlier.result, back=True)

    def _write(self, text: str, result: Escalation) -> None:
        """The message to the customer: as it stands, or in new words, which are held against the ticket."""
        if text:
            self._step(self.session.model_copy(update={"message": text.strip()}))
        standing = self._letter()
        self._tell(ForCustomer(standing, findings_of(standing, result)))

    def _show(self, what: str, result: Escalation) -> None:
        if what == "brief" and result.brief is not None:
            self._brief(result)
        elif what == "message":
            self._write("", result)
        else:
            self._tell(Told(shown(what, result, self.ticket), "answer"))

    def _words_of(self, what: str, result: Escalation) -> str:
        return self._letter() if what == "message" else shown(what, result, self.ticket)

    def _save(self, name: str, words: str | None, result: Escalation) -> None:
        from agent.chat.saving import save

        if words is not None and (not name or name not in words):
            raise BadInput(f"file {name[:60]!r}: name it yourself, such as /save brief.md")
        made = (
            result if self.session.message is None else result.model_copy(update={"customer_message": self._letter()})
        )
        self._tell(Told(f"saved: {save(name, made)}"))

    def _record(self, result: Escalation) -> None:
        from agent.chat.following import record

        if self._ledger is None:
            raise BadInput("no ledger is set up for this chat: start it without --no-ledger")
        line, number, ticket = record(self._ledger(), self._settings, result, self._by, self._clock())
        context = self.session.context.model_copy(update={"ticket_id": ticket})
        kept = result.model_copy(update={"ledger_id": number})
        self.session = self.session.model_copy(update={"context": context, "result": kept})
        self._tell(Told(line))

    def _settled(self) -> tuple[Escalation, Ticket]:
        """The result and its ticket. Raises BadInput while something said is not in it yet."""
        result, ticket = self.session.result, self.ticket
        if ticket is None:
            raise BadInput("there is no ticket yet: paste one, or name its file")
        if result is None or self.session.pending:
            raise BadInput("the ticket was not decided with all that was said: /again does it, /undo takes it back")
        return result, ticket

    def _decided(self, before: Escalation | None, result: Escalation, *, back: bool = False) -> None:
        from agent.render import render_decision

        changes = () if before is None else difference(before, result)
        if before is not None and not changes:
            changes = (f"{'Taken back: ' if back else ''}the decision and the facts it knows are as before.",)
        text = render_decision(result.decision, result.facts, "text", width=0)
        self._tell(Decided(result, changes, before is None, text))
        if result.brief is None:
            self._drafted = ""
        elif shown("brief", result, self.ticket) != self._drafted:
            self._brief(result)

    def _brief(self, result: Escalation) -> None:
        self._drafted = shown("brief", result, self.ticket)
        self._tell(Drafted(self._drafted, result.brief_status == "valid", result.findings))

    def _letter(self) -> str:
        result = self.session.result
        if self.session.message is not None:
            return self.session.message
        return "" if result is None else letter(result)

    def _step(self, session: Session) -> None:
        """Go on with this session; the one before can be gone back to."""
        self._before = [*self._before[-MOST_UNDOS:], self.session]
        self.session = session

    def _charge(self, usage: object) -> None:
        from schemas.escalation import Usage

        if isinstance(usage, Usage):
            self.session = self.session.model_copy(update={"usage": total(self.session.usage, usage)})

    def _remember(self, who: str, text: str) -> None:
        said = Exchange(who="person" if who == "person" else "program", text=text[:LONGEST_EXCHANGE])
        kept = (*self.session.conversation, said)[-MOST_EXCHANGES:]
        self.session = self.session.model_copy(update={"conversation": kept})


def _without_repeats(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Each once, and `changes` not beside another why, which ends with it."""
    once = tuple(dict.fromkeys(actions))
    whys = [action for action in once if action.kind == "explain"]
    return tuple(a for a in once if len(whys) < 2 or a.kind != "explain" or a.target != "changes")
