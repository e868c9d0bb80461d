"""The vault of one ticket: which value stands behind which placeholder. In memory only, never written anywhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TypeVar

from pydantic import BaseModel

from agent.redaction.disguised import encoded_again, unmasked
from agent.redaction.find import apart, find_secrets
from agent.redaction.found import Found
from agent.redaction.placeholders import placeholder, placeholders
from schemas.redaction import Kind, Level, Replaced

Value = TypeVar("Value")
Finder = Callable[[str], Iterable[Found]]

_ROUNDS = 4  # what stood between a word and its value may be gone after the first
_SPREADS = 6  # code points from which a value is replaced also where nothing gives it away
_SPREADS_PLAIN = 16  # of letters alone: a shorter one, such as a name, is a word that the ticket uses otherwise too
_SPREADS_WORD = 7  # of letters alone, if it was told to be a password
_SPREADS_DIGITS = 8
_MANY = 30  # values from which one walk over the text is quicker than a search for each


class Vault:
    """Replaces and puts back. `level`: what is replaced. `personal`: finds personal data, for the level `pii`.

    `seen`: texts that may hold placeholders already; new ones are numbered after theirs.
    """

    def __init__(self, level: Level = "secrets", *, seen: Iterable[str] = (), personal: Finder | None = None) -> None:
        self.level: Level = level
        self._personal = personal
        self._known: dict[str, tuple[Kind, int]] = {}
        self._by_number: dict[int, str] = {}
        self._by_text: dict[str, str] = {}
        self._same: set[str] = set()  # other writings of known values
        self._next = 1
        for text in seen:
            self._pass(text)

    def __repr__(self) -> str:
        return f"Vault({self.level!r}, {len(self._known)} values hidden)"

    def replaced(self) -> tuple[Replaced, ...]:
        """How many different values of each kind, in the order of their first ones."""
        counts: dict[Kind, int] = {}
        for value, (kind, _) in self._known.items():
            if value not in self._same:
                counts[kind] = counts.get(kind, 0) + 1
        return tuple(Replaced(kind=kind, count=count) for kind, count in counts.items())

    def conceal(self, text: str) -> str:
        """The text with placeholders of the same length for all that is found in it or was found before."""
        return self.conceal_all((text,))[0]

    def conceal_all(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The same for texts that belong together: what one gives away is replaced in all, numbered as it appears."""
        done = tuple(texts)
        if self.level == "none":
            return done
        for text in done:
            self._pass(text)
        for _ in range(_ROUNDS):
            each = {text: self._find(text) for text in set(done)}  # an author writes many messages
            found = [each[text] for text in done]
            new = {text[one.start : one.end]: one.kind for text, ones in zip(done, found, strict=True) for one in ones}
            if not new and not self._known:
                break
            known = new | {value: kind for value, (kind, _) in self._known.items()}
            spread = [value for value, kind in known.items() if _spreads(value, kind)]
            before = done
            done = tuple(
                self._replaced(
                    text, apart(text, [*ones, *_places(text, spread, known), *self._forms(text, spread, known)])
                )
                for text, ones in zip(done, found, strict=True)
            )
            if done == before or not new:
                break
        return done

    def restore(self, text: str) -> str:
        """The text with the originals in the place of this vault's placeholders."""
        parts: list[str] = []
        last = 0
        for one in placeholders(text):
            original = self._by_text.get(text[one.start : one.end]) or self._by_number.get(one.number)
            if original is not None:
                parts += (text[last : one.start], original)
                last = one.end
        return "".join((*parts, text[last:])) if parts else text

    def concealed(self, value: Value) -> Value:
        """A model, or what models hold, with all its texts concealed."""
        return value if self.level == "none" else mapped(value, self.conceal)

    def restored(self, value: Value) -> Value:
        """The same with all its texts restored."""
        return mapped(value, self.restore) if self._by_text else value

    def _find(self, text: str) -> tuple[Found, ...]:
        found = find_secrets(text)
        if self._personal is None:
            return found
        return apart(text, [*found, *self._personal(text)], secrets_first=True)

    def _forms(self, text: str, spread: Sequence[str], known: dict[str, Kind]) -> list[Found]:
        """Where known values stand in another writing: the same secrets, so they are not counted again."""
        forms: list[Found] = []
        hidden = unmasked(text)
        if hidden is not None:
            for one in _places(hidden.text, spread, known):
                form = hidden.found(one)
                forms.append(form)
                if text[form.start : form.end] != hidden.text[one.start : one.end]:
                    self._same.add(text[form.start : form.end])
        for one, value in encoded_again(text, known):
            forms.append(Found(one.start, one.end, known[value]))
            self._same.add(text[one.start : one.end])
        return forms

    def _replaced(self, text: str, found: Iterable[Found]) -> str:
        parts: list[str] = []
        last = 0
        for one in found:
            parts += (text[last : one.start], self._placeholder(text[one.start : one.end], one.kind))
            last = one.end
        return "".join((*parts, text[last:])) if parts else text

    def _placeholder(self, value: str, kind: Kind) -> str:
        if value not in self._known:
            self._known[value] = kind, self._next
            self._by_number[self._next] = value
            self._next += 1
        kind, number = self._known[value]
        made = placeholder(kind, number, value)
        self._by_text[made] = value
        return made

    def _pass(self, text: str) -> None:
        """Number new ones after all that stand in the text."""
        for one in placeholders(text):
            if one.number not in self._by_number:
                self._next = max(self._next, one.number + 1)


def mapped(value: Value, change: Callable[[str], str]) -> Value:
    """A value with `change` applied to every text in it. Models are copied, and only where something changed."""
    return _mapped(value, change)  # type: ignore[return-value]


def _mapped(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, BaseModel):
        closed = _closed(type(value))
        new = {name: _mapped(old, change) for name, old in value if name not in closed}
        changed = {name: item for name, item in new.items() if item is not getattr(value, name)}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple | list):
        items = [_mapped(item, change) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, dict):
        pairs = {_mapped(key, change): _mapped(item, change) for key, item in value.items()}
        return pairs if pairs != value else value
    return value


@cache
def _closed(model: type[BaseModel]) -> frozenset[str]:
    """Fields whose values are words of ours, from a closed list: no text that anybody wrote."""
    return frozenset(name for name, field in model.model_fields.items() if "Literal[" in repr(field.annotation))


def _spreads(value: str, kind: Kind) -> bool:
    """Whether the value is replaced wherever it stands: no short code, no short word with another meaning."""
    if value.isdigit():
        return len(value) >= _SPREADS_DIGITS
    if value.isalpha():
        return len(value) >= (_SPREADS_PLAIN if kind != "password" else _SPREADS_WORD)
    return len(value) >= _SPREADS


def _places(text: str, values: Sequence[str], known: dict[str, Kind]) -> Iterator[Found]:
    """Where the values stand as whole words."""
    for at, value in _occurrences(text, values):
        end = at + len(value)
        if not (_joins(text[max(0, at - 1) : at], value[0]) or _joins(text[end : end + 1], value[-1])):
            yield Found(at, end, known[value])


def _occurrences(text: str, values: Sequence[str]) -> Iterator[tuple[int, str]]:
    if len(values) <= _MANY:
        for value in values:
            at = text.find(value)
            while at >= 0:
                yield at, value
                at = text.find(value, at + len(value))
        return
    begins: dict[str, list[str]] = {}  # one walk over the text, however many there are
    for value in values:
        begins.setdefault(value[:_SPREADS], []).append(value)
    for at in range(len(text) - _SPREADS + 1):
        for value in begins.get(text[at : at + _SPREADS], ()):
            if text.startswith(value, at):
                yield at, value


def _joins(outside: str, inside: str) -> bool:
    return outside.isalnum() and inside.isalnum() and outside.isascii() and inside.isascii()
