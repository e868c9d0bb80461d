"""A model's words on their way to the person."""

import re
from collections.abc import Callable, Iterator

from agent.chat import secrets
from agent.chat.commands import MOVING
from agent.chat.events import Event, Spoken, Told
from agent.chat.spoken import Listener, sentences
from schemas.chat import Turn
from schemas.escalation import Escalation
from schemas.ticket import Ticket

SETTLED = 40
"""Characters behind a full stop after which more of the answer does not move it."""
_OPENING, _CLOSING = "“„«‚‹「『", "”“»‘›」』"
_APOSTROPHES = re.compile(r"(?<!\w)['‘](?=\w)"), re.compile(r"(?<=[\w.,!?])['’](?!\w)")


class Voice:
    """Tells each sentence once it is complete and checked. `said`: what was told; `withheld`: why the rest was not."""

    def __init__(self, result: Escalation, said: Ticket, tell: Callable[[Event], None], *, checked: bool) -> None:
        self._result, self._ticket, self._tell, self._checked = result, said, tell, checked
        self._listener: Listener | None = None
        self._at = 0  # so much of the answer was judged
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
        for sentence, end in _placed(text, self._at, whole=whole):
            if not whole and not _is_settled(text, self._at, end):
                return
            self._at = end
            objection = self._listen(actions).objection(sentence) if self._checked else ""
            if objection:
                self.withheld.append(objection)
            else:
                told = secrets.masked(sentence, self._result.facts)
                self.said = f"{self.said} {told}".strip()
                self._tell(Spoken(told))

    def _listen(self, actions: object) -> Listener:
        if self._listener is None:
            found = [a.get("kind") for a in actions if isinstance(a, dict)] if isinstance(actions, list) else []
            kinds = frozenset(str(kind) for kind in found)
            moves = any(kind in MOVING for kind in kinds)
            self._listener = Listener(self._result, self._ticket, moves=moves, kinds=kinds)
        return self._listener


def _placed(text: str, start: int, *, whole: bool) -> Iterator[tuple[str, int]]:
    """The complete sentences from there on, each with the place where it ends."""
    for sentence in sentences(text[start:], whole=whole):
        end = text.index(sentence, start) + len(sentence)
        yield sentence, end
        start = end


def _is_settled(text: str, start: int, end: int) -> bool:
    """Whether more of the answer cannot move this stop: enough stands behind it, and no quotation is open before it."""
    if len(text) - end < SETTLED:
        return False
    before = text[start:end]
    opened, closed = (len(pattern.findall(before)) for pattern in _APOSTROPHES)
    return (
        before.count('"') % 2 == 0
        and opened <= closed
        and sum(before.count(char) for char in _OPENING) <= sum(before.count(char) for char in _CLOSING)
    )
