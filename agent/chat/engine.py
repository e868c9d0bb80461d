"""The chat's engine: what a person says about one ticket, and what follows from it.

It shares the road with every other use: what was said becomes part of the ticket, and the ticket is read, grounded,
decided, drafted and validated again. A model only says which of a few actions the person means; none of them sets a
severity, a target or an outcome. A surface (terminal, page) hands in words and shows the events that it is told.

`Chat.session` is a frozen value, replaced when a step is complete, so that an interruption loses nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from agent.backends.base import Backend, ModelError, TurnCall, total
from agent.chat import cues, heard
from agent.chat.commands import COMMANDS, MOVING, is_command, parse
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
from agent.chat.letters import PLACE as CUSTOMER
from agent.chat.letters import findings_of, leaving, standing
from agent.chat.pages import shown
from agent.chat.spoken import OUTCOME, SEVERITY, TEAM, objections
from agent.chat.telling import Telling
from agent.chat.voice import Voice
from agent.drafting import Limits
from agent.errors import BadInput, EscalationError
from agent.readers.decode import clean
from agent.redaction.ticket import redact, told, vault_for
from agent.redaction.vault import Vault
from schemas.chat import Action, Edit, Exchange, Session, Turn
from schemas.context import Override
from schemas.escalation import Escalation, Finding, Usage
from schemas.ticket import Ticket

if TYPE_CHECKING:
    from agent.ledger.memory import Memory
    from agent.ledger.store import Ledger
    from agent.policy.settings import Settings
    from schemas.redaction import Level, Replaced

MOST_EXCHANGES = 12
"""Contributions that the model is reminded of. What matters stands in the ticket."""
LONGEST_EXCHANGE = 2_000
MOST_UNDOS = 30
DONE = "done"


class Chat:
    """One conversation about one ticket.

    `tell`: receives every event, at once. `by`: the name of the person who speaks, which may change between two turns.
    `clock`: aware, to the second. `memory`: the ledger to look into before deciding; `ledger`: makes or opens the
    ledger when the person wants the escalation followed.
    `level`: what is replaced in the ticket, and in what the person says, before anything reads it.
    `through`: what the ledger is told that the person wrote with.
    `saves`: whether a file may be written where the person says so; not for one who sits at another machine.
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
        level: "Level" = "secrets",
        through: str = "chat",
        saves: bool = True,
    ) -> None:
        self.session = session or Session()
        self._backend, self._settings, self._tell = Telling(backend, tell), settings, tell
        self._clock, self._memory, self._ledger = clock, memory, ledger
        self.by, self._through = by, through
        self._limits = limits or Limits()
        self._saves = saves
        self._before: list[Session] = []
        self._drafted = ""  # the brief as it was last told
        ticket = heard.ticket_of(self.session)
        self._level: Level = level
        self._vault = Vault(level) if ticket is None else vault_for(ticket, level)

    @property
    def ticket(self) -> Ticket | None:
        """The ticket with all that was said; None before `begin`."""
        return heard.ticket_of(self.session)

    @property
    def hidden(self) -> "tuple[Replaced, ...]":
        """How many values of each kind are replaced so far."""
        return self._vault.replaced()

    def begin(self, source: bytes | str, name: str | None = None) -> None:
        """Read a ticket and take it along the road. Raises BadInput for what is no ticket."""
        self.read(source, name)
        self.again()

    def read(self, source: bytes | str, name: str | None = None) -> None:
        """Read a ticket, which nobody decides yet. Raises BadInput for what is no ticket.

        A second ticket begins anew: what was known of the first one's account, SLA and people holds for that one only.
        """
        from agent.readers import read_ticket

        redacted, context = redact(read_ticket(source, name=name), self._level), self.session.context
        original, self._vault = redacted.ticket, redacted.vault
        if original.redacted:
            self._tell(Told(f"replaced before reading: {told(original.redacted)}"))
        if self.session.original is not None:
            context = heard.another(context)
        self.session = Session(original=original, context=self._vault.concealed(context), pending=True)
        self._before.clear()
        self._drafted = ""

    def again(self) -> None:
        """Take the ticket along the road again, with all that was said and corrected; then do what waited for it."""
        if self._decide():
            self._catch_up()

    def _decide(self) -> bool:
        """The road. Whether there is a new result."""
        from agent.pipeline import escalate

        session, ticket = self.session, self.ticket
        if ticket is None:
            self._tell(Refused("there is no ticket yet: paste one, or name its file"))
            return False
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
                redact=self._level,
            )
        except ModelError as error:
            self._charge(error.usage)
            self._tell(Refused(f"{error}. What was said is kept; /again tries once more"))
            return False
        before, edits = session.result, session.edits
        if before is not None and before.ledger_id is not None:
            result = result.model_copy(update={"ledger_id": before.ledger_id})
        if result.brief is not None:
            edits, lost = heard.carried(edits, result)
            result = heard.with_edits(result, edits)
            for edit in lost:
                self._tell(
                    Told(
                        f"The brief was written anew, without your words at {edit.place}: "
                        f"{edit.text or 'the line was taken out'}",
                        "warning",
                    )
                )
        if session.message is not None:
            self._tell(Told(f"The message to the customer was written anew; it was: {session.message}", "warning"))
        usage = total(self.session.usage, result.usage)
        kept = {"result": result, "edits": edits, "pending": False, "usage": usage, "message": None}
        self.session = self.session.model_copy(update=kept)
        self._decided(before, result)
        return True

    def _catch_up(self) -> list[str]:
        """Do what waited for the decision, one after the other: an interruption leaves the rest for the next time."""
        done = []
        while self.session.todo:
            done.append(self._step_of(self.session.todo[0]))
            self.session = self.session.model_copy(update={"todo": self.session.todo[1:]})
        return done

    def hear(self, words: str) -> None:
        """One contribution of the person. What cannot be done is told as `Refused`; nothing is raised for it."""
        words = self.concealed(clean(words).text.strip())
        if not words:
            return
        try:
            if is_command(words):
                self._command(words)
            else:
                self._plain(words)
        except EscalationError as error:
            self._tell(Refused(str(error)))

    def edit(self, edits: tuple[Edit, ...]) -> None:
        """Several lines of the brief at once, each after those before it: one step, which `undo` takes back whole.

        What cannot be done is told as `Refused`, and then nothing is.
        """
        plain = tuple(e.model_copy(update={"text": self.concealed(clean(e.text).text.strip())}) for e in edits)
        try:
            result, _ = self._settled()
            self._edit(plain, result)
        except EscalationError as error:
            self._tell(Refused(str(error)))

    def _edit(self, new: tuple[Edit, ...], result: Escalation) -> None:
        changed, edits = heard.with_edits(result, new), heard.replaced(self.session.edits, new)
        self._step(self.session.model_copy(update={"result": changed, "edits": edits}))
        self._brief(changed)

    def concealed(self, words: str) -> str:
        """The words with placeholders for their secrets. One that is new may stand elsewhere in the session as well."""
        known = self._vault.replaced()
        concealed = self._vault.conceal(words)
        if self._vault.replaced() != known:
            self.session = self._vault.concealed(self.session)
            self._before = [self._vault.concealed(earlier) for earlier in self._before]
        return concealed

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
        said = ticket if self._backend.name == "offline" else heard.with_words(ticket, words, self.by, self._clock())
        call = TurnCall(
            ticket=ticket,
            result=result,
            message=self.letter(),
            earlier=self.session.conversation[-MOST_EXCHANGES:],
            words=words,
            now=self._clock(),
        )
        voice = Voice(result, said, self._tell, checked=self._backend.name != "offline")
        self._remember("person", words)
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
        done = self._do(turn.actions, words if self._backend.name != "offline" else None)
        withheld = [f"withheld: a sentence with {what}" for what in voice.withheld]
        self._remember("program", " ".join((voice.said, *(f"[{line}]" for line in (*withheld, *done)))).strip())

    def _do(self, actions: tuple[Action, ...], words: str | None) -> list[str]:
        """Carry actions out. What became of each, for the model to know.

        First, in order, what adds, withdraws or takes back: as one step, so that an interruption cannot part them. Then
        the road, once. Then the others. `words`: what the person said, where a model chose the actions.
        """
        done: list[str] = []
        waiting: list[Action] = []
        session, stack = self.session, list(self._before)
        notes: list[str] = []
        moved = undone = False
        for action in _without_repeats(actions):
            try:
                action = action if words is None else self._borne(action, words)
                if action.kind == "undo":
                    session, moved, undone, notes = self._earlier(stack, session), False, True, []
                elif action.kind in MOVING:
                    if session.original is None:
                        raise BadInput("there is no ticket yet: paste one, or name its file")
                    after = heard.after(session, action, by=self.by, at=self._clock())
                    if not moved:
                        stack.append(session.model_copy(update={"todo": ()}))
                    session, moved = after, True
                    notes += [heard.note(action, self.by)]
                else:
                    waiting.append(action)
                    continue
            except EscalationError as error:
                self._tell(Refused(str(error)))
                done.append(f"{_named(action)}: refused: {error}")
            else:
                done.append(f"{_named(action)}: {DONE}")
        if not moved and not undone:
            return done + [self._step_of(action) for action in waiting]
        before, self._before = self.session, stack[-MOST_UNDOS:]
        self.session = session.model_copy(
            update={"pending": session.pending or moved, "todo": tuple(waiting) if moved else ()}
        )
        for note in filter(None, notes):
            self._tell(Told(note))
        if moved:
            return done + (self._catch_up() if self._decide() else [])
        self._tell_undone(before)
        return done + [self._step_of(action) for action in waiting]

    def _borne(self, action: Action, words: str) -> Action:
        """A model's action, as far as the person's words bear it. Raises BadInput."""
        action = cues.check(action, words)
        if action.kind == "edit_line" and (found := self._objections(action.text)):
            raise BadInput(f"{found[0][0][:60]!r} states {found[0][1]} that was not decided: /edit is yours")
        return action

    def _objections(self, text: str) -> list[tuple[str, str]]:
        """Sentences of a model that state what code did not decide. What stands nowhere is the validation's."""
        result, ticket = self.session.result, self.ticket
        if result is None or ticket is None:
            return []
        states = (SEVERITY, TEAM, OUTCOME)
        return [(sentence, what) for sentence, what in objections(text, result, ticket) if what in states]

    def _step_of(self, action: Action) -> str:
        """Do it. One that cannot be done does not keep the others from being done."""
        try:
            self._answered(action)
        except EscalationError as error:
            self._tell(Refused(str(error)))
            return f"{_named(action)}: refused: {error}"
        return f"{_named(action)}: {DONE}"

    def _answered(self, action: Action) -> None:
        """An action on what is decided."""
        result, _ = self._settled()
        if action.kind == "explain":
            self._tell(Told(explain(action.target, result), "answer"))
        elif action.kind == "show":
            self._show(action.target, result)
        elif action.kind == "copy":
            self._tell(Copy(action.target or "brief", self._words_of(action.target or "brief", result)))
        elif action.kind == "save":
            self._save(action.text, result)
        elif action.kind == "record":
            self._record(result)
        elif action.kind == "customer_message":
            self._write(action.text, result)
        elif action.kind in ("edit_line", "deadline"):
            self._edit(heard.edit_of(action, result), result)

    def _override(self, argument: str) -> None:
        """The person's own decision, through a command only: no model may bring one about."""
        outcome, owner, severity, why = heard.override_of(argument)
        override = Override(by=self.by, why=why, at=self._clock(), outcome=outcome, owner=owner, severity=severity)
        context = self.session.context.model_copy(update={"override": override})
        self._step(self.session.model_copy(update={"context": context, "pending": True}))
        self.again()

    def _earlier(self, stack: list[Session], now: Session) -> Session:
        """The session before the last step, with what was spent, spoken and recorded since. Raises BadInput."""
        if not stack:
            raise BadInput("nothing to take back: only additions, corrections and edits of this sitting can be")
        earlier = stack.pop()
        number = now.result.ledger_id if now.result is not None else None
        result = earlier.result and earlier.result.model_copy(update={"ledger_id": number})
        return earlier.model_copy(update={"conversation": now.conversation, "usage": now.usage, "result": result})

    def _tell_undone(self, before: Session) -> None:
        now = self.session
        if now.pending or now.result is None or before.result is None:
            self._tell(Told("taken back. The ticket is not decided with all that was said yet: /again does it"))
        else:
            self._decided(before.result, now.result, back=True)

    def _write(self, text: str, result: Escalation) -> None:
        """The message to the customer: as it stands, or in new words, which are held against the ticket."""
        if text:
            self._step(self.session.model_copy(update={"message": text.strip()}))
        standing = self.letter()
        self._tell(ForCustomer(standing, self.held_against(standing, result)))

    def held_against(self, text: str, result: Escalation) -> tuple[Finding, ...]:
        """What is held against these words as the message to the customer."""
        return (*findings_of(text, result), *self._undecided(text))

    def _undecided(self, text: str) -> tuple[Finding, ...]:
        expected = "no severity, internal team or decision in a message to the customer"
        return tuple(
            Finding(code="undecided", place=CUSTOMER, found=sentence[:200], expected=expected)
            for sentence, _ in self._objections(text)
        )

    def _show(self, what: str, result: Escalation) -> None:
        if what == "brief" and result.brief is not None:
            self._brief(result)
        elif what == "message":
            self._write("", result)
        else:
            self._tell(Told(shown(what, result, self.ticket), "answer"))

    def _words_of(self, what: str, result: Escalation) -> str:
        return self.letter() if what == "message" else shown(what, result, self.ticket)

    def _save(self, name: str, result: Escalation) -> None:
        from agent.chat.saving import save

        if not self._saves:
            raise BadInput("no file is written from here: download it, or copy it")
        made = leaving(self.session) or result
        self._tell(Told(f"saved: {save(name, made)}"))

    def _record(self, result: Escalation) -> None:
        from agent.chat.following import record

        if self._ledger is None:
            raise BadInput("no ledger is set up for this chat: start it without --no-ledger")
        line, number = record(self._ledger(), self._settings, result, self.by, self._through, self._clock())
        kept = result.model_copy(update={"ledger_id": number})
        self.session = self.session.model_copy(update={"result": kept})
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

        differences = () if before is None else difference(before, result)
        changes = tuple(change.line for change in differences)
        if before is not None and not changes:
            changes = (f"{'Taken back: ' if back else ''}the decision and the facts it knows are as before.",)
        text = render_decision(result.decision, result.facts, "text", width=0)
        self._tell(Decided(result, changes, before is None, text, differences))
        if result.brief is None:
            self._drafted = ""
        elif shown("brief", result, self.ticket) != self._drafted:
            self._brief(result)

    def _brief(self, result: Escalation) -> None:
        text = shown("brief", result, self.ticket)
        self._tell(Drafted(text, result.brief_status == "valid", result.findings))
        self._drafted = text

    def letter(self) -> str:
        """The message to the customer as it stands."""
        return standing(self.session)

    def _step(self, session: Session) -> None:
        """Go on with this session; the one before can be gone back to."""
        self._before = [*self._before[-MOST_UNDOS:], self.session.model_copy(update={"todo": ()})]
        self.session = session

    def _charge(self, usage: Usage) -> None:
        self.session = self.session.model_copy(update={"usage": total(self.session.usage, usage)})

    def _remember(self, who: Literal["person", "program"], text: str) -> None:
        said = Exchange(who=who, text=text[:LONGEST_EXCHANGE])
        kept = (*self.session.conversation, said)[-MOST_EXCHANGES:]
        self.session = self.session.model_copy(update={"conversation": kept})


def _without_repeats(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Each once, and `changes` not beside another why, which ends with it."""
    once = tuple(dict.fromkeys(actions))
    whys = [action for action in once if action.kind == "explain"]
    return tuple(a for a in once if len(whys) < 2 or a.kind != "explain" or a.target != "changes")


def _named(action: Action) -> str:
    return f"{action.kind} {action.target}".strip()
