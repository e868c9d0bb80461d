"""A model's words on their way to the person."""

from collections.abc import Callable

from agent.chat.commands import MOVING
from agent.chat.events import Event, Spoken, Told
from agent.chat.spoken import Listener, sentences
from schemas.chat import Turn
from schemas.escalation import Escalation
from schemas.ticket import Ticket


class Voice:
    """Tells each sentence once it is complete and checked. `said`: what was told; `withheld`: why the rest was not."""

    def __init__(self, result: Escalation, said: Ticket, tell: Callable[[Event], None], *, checked: bool) -> None:
        self._result, self._ticket, self._tell, self._checked = result, said, tell, checked
        self._listener: Listener | None = None
        self._told = 0
        self.said = ""
        self.withheld: list[str] = []

    def hear(self, partial: dict[str, object]) -> None:
        """What has come so far. Nothing is told before the actions are known: they say whether facts move."""
        names = list(partial)
        if "say" in names and "actions" in names and names.index("actions") < names.index("say"):
            self._tell_new(str(partial["say"]), partial["actions"], whole=False)

    def end(self, turn: Turn) -> None:
        """The whole answer is there."""
        self._tell_new(turn.say, [action.model_dump() for action in turn.actions], whole=True)
        if self.withheld:
            what = " and ".join(sorted(set(self.withheld)))
            count = f"{len(self.withheld)} sentence{'s' if len(self.withheld) > 1 else ''}"
            self._tell(Told(f"withheld {count} of the model: {what} not from the decision or the ticket", "warning"))

    def _tell_new(self, text: str, actions: object, *, whole: bool) -> None:
        complete = sentences(text, whole=whole)
        for sentence in complete[self._told :]:
            objection = self._listen(actions).objection(sentence) if self._checked else ""
            if objection:
                self.withheld.append(objection)
            else:
                self.said = f"{self.said} {sentence}".strip()
                self._tell(Spoken(sentence))
        self._told = max(self._told, len(complete))

    def _listen(self, actions: object) -> Listener:
        if self._listener is None:
            kinds = [a.get("kind") for a in actions if isinstance(a, dict)] if isinstance(actions, list) else []
            self._listener = Listener(self._result, self._ticket, moves=any(kind in MOVING for kind in kinds))
        return self._listener
