"""The brief as a form: its lines, what a person changed in them, and what is held against the result.

A form sends each line as it was shown and as it is now. So two persons may change different lines at the same time, and
where the brief was written anew meanwhile, only what no longer fits is refused, by name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agent.chat import heard
from agent.chat.edits import numbered
from agent.validate.fields import fields
from agent.validate.target import LABELS, required_labels, section_of
from schemas.brief import Brief
from schemas.chat import Edit
from schemas.decision import Decision
from schemas.escalation import Escalation, Finding

LONGEST_PLACE = 60
MESSAGE = "CUSTOMER MESSAGE"
ASKS, TRIED, STEPS, GAPS = "WHAT'S NEEDED:", "WHAT'S BEEN TRIED:", "REPRODUCTION STEPS:", "REPRODUCTION STEPS: Missing"
LEADERSHIP, CONTEXT, QUESTIONS = "WHAT'S NEEDED: Leadership", "SUPPORTING CONTEXT:", "QUESTIONS:"
_ORDER = (
    "ESCALATION",
    "IMPACT",
    "ISSUE DESCRIPTION",
    "REPRODUCTION STEPS",
    "WHAT'S BEEN TRIED",
    "CUSTOMER COMMUNICATION",
    "WHAT'S NEEDED",
    "SUPPORTING CONTEXT",
    MESSAGE,
    "QUESTIONS",
)
_LONGEST_ROW = 80
"""Characters that fit into a row of a box, about."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to edit. `id`: for the page's elements; `grows`: an empty one at the end of a list, for one more."""

    place: str
    text: str
    label: str
    id: str
    grows: bool = False

    @property
    def rows(self) -> int:
        """How high its box is to be."""
        return max(sum(1 + len(line) // _LONGEST_ROW for line in self.text.splitlines()), 1)


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one title. Two lines of a row belong together: what was tried, and its result."""

    title: str
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Held:
    """What is held against the lines. `at`: by a line's id; `beside`: what is about no line of the form."""

    at: Mapping[str, tuple[Finding, ...]]
    beside: tuple[Finding, ...]
    valid: bool
    blocking: int
    others: int

    @property
    def summary(self) -> str:
        """In a line."""
        notes = f"{self.others} note{'s' if self.others != 1 else ''}" if self.others else ""
        if self.blocking:
            said = f"{self.blocking} finding{'s block' if self.blocking > 1 else ' blocks'}"
            return f"{said}, {notes}" if notes else said
        said = (
            "Valid: nothing blocks"
            if self.valid
            else "Incomplete: nothing blocks, but the reproduction lacks something"
        )
        return f"{said}, {notes}" if notes else said


@dataclass(frozen=True, slots=True)
class Editor:
    """The form as it is first shown."""

    sections: tuple[Section, ...]
    held: Held


@dataclass(frozen=True, slots=True)
class Merged:
    """A person's changes to the brief as it stands now.

    `gone`: places that it no longer has. `other`: places that somebody changed otherwise, with the words there now.
    `shown`: for each line of the brief with these edits, the place that it has in the person's form.
    """

    edits: tuple[Edit, ...]
    gone: tuple[str, ...] = ()
    other: tuple[tuple[str, str], ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)

    @property
    def conflict(self) -> str:
        """Why it cannot be saved, in a line; "" where it can."""
        told = [f"{place[:LONGEST_PLACE]} is no longer in the brief" for place in self.gone]
        told += [f"{place} reads otherwise now" for place, _ in self.other]
        return (
            f"not saved, the brief was changed meanwhile: {'; '.join(told)}. Your words stay in their boxes"
            if told
            else ""
        )


def editor(result: Escalation) -> Editor | None:
    """The brief as a form; None where there is none."""
    if result.brief is None:
        return None
    return Editor(_sections(result.brief, result.decision), held(result, Merged((), shown=_as_it_is(result.brief))))


def check(result: Escalation, merged: Merged) -> Held:
    """What would be held against the brief with these edits. Raises BadInput where there is none."""
    return held(heard.with_edits(result, merged.edits), merged)


def held(result: Escalation, merged: Merged) -> Held:
    """The findings of a brief by the lines of the form."""
    at: dict[str, tuple[Finding, ...]] = {}
    beside: list[Finding] = []
    for finding in result.findings:
        place = merged.shown.get(finding.place)
        if place is None:
            beside.append(finding)
        else:
            at[id_of(place)] = (*at.get(id_of(place), ()), finding)
    blocking = sum(finding.blocking for finding in result.findings)
    return Held(at, tuple(beside), result.brief_status == "valid", blocking, len(result.findings) - blocking)


def merge(brief: Brief, decision: Decision, was: Mapping[str, str], now: Mapping[str, str]) -> Merged:
    """What to change in `brief` for a form that showed `was` and holds `now`, each by place."""
    return _Merge(brief, decision, was, now).done()


def id_of(place: str) -> str:
    """The place as an element's id. A number stays at the end, or before `-result`: the page's script counts it up."""
    return "line-" + re.sub(r"[^a-z0-9]+", "-", place.casefold()).strip("-")


def _as_it_is(brief: Brief) -> dict[str, str]:
    return {line.place: line.place for line in fields(brief)}


def _same(place: str, one: str, other: str) -> bool:
    """Whether they are the same in the brief. Browsers send line ends of their own."""
    if place == MESSAGE:
        return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
    return one.split() == other.split()


class _Merge:
    def __init__(self, brief: Brief, decision: Decision, was: Mapping[str, str], now: Mapping[str, str]) -> None:
        self._there = {line.place: line.text for line in fields(brief)}
        self._was, self._now = was, now
        self._required = required_labels(decision.owner)
        self._changed: list[Edit] = []
        self._added: list[Edit] = []
        self._removed: list[tuple[str, int]] = []
        self._gone: list[str] = []
        self._other: list[tuple[str, str]] = []
        self._lists: dict[str, list[str]] = {}
        """For each list, the place in the form of each of its lines, in the brief's order."""
        for place in self._there:
            found = numbered(place)
            if found is not None and not found[2]:
                self._lists.setdefault(found[0], []).append(place)
        self._fresh: dict[tuple[str, int], int] = {}
        """Which number a line has that the form adds."""

    def done(self) -> Merged:
        for place, text in self._now.items():
            if not _same(place, text, self._was.get(place, "")):
                self._take(place, text)
        for stem, number in sorted(self._removed, reverse=True):
            del self._lists[stem][number - 1]
        return Merged(
            (
                *self._changed,
                *self._added,
                *(Edit(place=f"{s} {n}", text="") for s, n in sorted(self._removed, reverse=True)),
            ),
            tuple(self._gone),
            tuple(self._other),
            self._shown(),
        )

    def _take(self, place: str, text: str) -> None:
        found = numbered(place)
        before = self._was.get(place, "")
        if found is None:
            if place not in self._there and place not in self._required:
                self._gone.append(place)
            elif self._is_as(place, place, before, text):
                self._changed.append(Edit(place=place, text=text))
            return
        stem, number, is_result = found
        suffix = " result" if is_result else ""
        line = f"{stem} {number}"
        if not self._was.get(line, "").strip():  # the form adds it
            if is_result:
                if (stem, number) in self._fresh:
                    self._added.append(Edit(place=f"{stem} {self._fresh[stem, number]} result", text=text))
                elif text.strip():  # refused with the reason when it is applied
                    self._added.append(Edit(place=f"{stem} {len(self._lists.get(stem, ())) + 1} result", text=text))
                return
            lines = self._lists.setdefault(stem, [])
            lines.append(line)
            self._fresh[stem, number] = len(lines)
            self._added.append(Edit(place=f"{stem} {len(lines)}", text=text))
            return
        at = self._number_of(stem, number)
        if at is None:
            self._gone.append(place)
            return
        self._lists[stem][at - 1] = line
        if not self._is_as(place, f"{stem} {at}{suffix}", before, text):
            return
        if text.strip() or is_result:
            if not (is_result and not self._now.get(line, "x").strip()):  # its line is taken out
                self._changed.append(Edit(place=f"{stem} {at}{suffix}", text=text))
        else:
            self._removed.append((stem, at))

    def _is_as(self, place: str, there: str, before: str, text: str) -> bool:
        """Whether the line is as the form showed it, so that it may be changed."""
        current = self._there.get(there, "")
        if _same(place, current, before):
            return True
        if not _same(place, current, text):
            self._other.append((place, current))
        return False

    def _number_of(self, stem: str, number: int) -> int | None:
        """Which number the line has now: its own where it reads as before, else that of the one which does."""
        before = self._was.get(f"{stem} {number}", "")
        count = sum(1 for place in self._there if (found := numbered(place)) and found[0] == stem and not found[2])
        same = [n for n in range(1, count + 1) if _same("", self._there[f"{stem} {n}"], before)]
        if number in same or not same:
            return number if number <= count else None
        return same[0]

    def _shown(self) -> dict[str, str]:
        shown = {place: place for place in self._there if numbered(place) is None}
        shown |= {label: label for label in self._required}
        for stem, lines in self._lists.items():
            for number, line in enumerate(lines, 1):
                shown[f"{stem} {number}"] = line
                shown[f"{stem} {number} result"] = f"{line} result"
        return shown


def _sections(brief: Brief, decision: Decision) -> tuple[Section, ...]:
    found: dict[str, list[tuple[Line, ...]]] = {title: [] for title in _ORDER}
    missing = [label for label in required_labels(decision.owner) if label not in {t.label for t in brief.target_lines}]
    every = [(line.place, line.text) for line in fields(brief)] + [(label, "") for label in missing]
    texts = dict(every)
    for place, text in every:
        title, _, part = place.partition(": ")
        if place in LABELS:
            title, part = section_of(place), place
        known = numbered(place)
        if known is not None and known[2]:
            continue
        row = [Line(place, text, part or title.capitalize(), id_of(place))]
        if known is not None and known[0] == TRIED:
            result = f"{place} result"
            row = [_relabelled(row[0], f"{part}, tried"), Line(result, texts[result], f"{part}, result", id_of(result))]
        found[title].append(tuple(row))
    for stem in _growing(brief, decision):
        _grow(found[stem.partition(":")[0]], stem)
    return tuple(Section(title, tuple(rows)) for title, rows in found.items() if rows)


def _relabelled(line: Line, label: str) -> Line:
    return Line(line.place, line.text, label, line.id, line.grows)


def _growing(brief: Brief, decision: Decision) -> Iterable[str]:
    """The lists that may have one line more."""
    if brief.reproduction.applies:
        yield from (STEPS, GAPS)
    yield from (TRIED, ASKS)
    if decision.leadership and decision.owner != "leadership":
        yield LEADERSHIP
    yield from (CONTEXT, QUESTIONS)


def _grow(rows: list[tuple[Line, ...]], stem: str) -> None:
    """An empty line behind the last one of its list."""
    own = [at for at, row in enumerate(rows) if (found := numbered(row[0].place)) and found[0] == stem]
    place = f"{stem} {len(own) + 1}"
    _, _, part = place.partition(": ")
    row: tuple[Line, ...] = (Line(place, "", part, id_of(place), grows=True),)
    if stem == TRIED:
        result = f"{place} result"
        row = (
            Line(place, "", f"{part}, tried", id_of(place), grows=True),
            Line(result, "", f"{part}, result", id_of(result), grows=True),
        )
    before_deadline = next((at for at, row in enumerate(rows) if row[0].place == "WHAT'S NEEDED: Deadline"), len(rows))
    rows.insert(own[-1] + 1 if own else (before_deadline if stem == ASKS else len(rows)), row)
