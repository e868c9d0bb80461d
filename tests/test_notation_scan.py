"""Looking where a match can begin finds what trying everywhere finds: both ways are run on the same texts."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime

import pytest

from agent.notation import clock, dates, days, figures, identifiers, numbers, quoted_strings, scan, times, tokens, words
from agent.validate import promise, sources, weekdays, zones
from agent.validate.stems import WORD, Stems, stem
from evals.cases import all_cases
from schemas.context import Context
from schemas.ticket import Ticket

TEXTS, SEED = 2_500, 7
_TABLE = (
    "noon|Midnight|mıdnight|14h30|14 h|à 14 h |2pm|午後2時30分| 9時半|3月12日|2026年3月1日|十一月三日|3/4"
    "|03/04/2026|2026-01-02|2026-01-02T10:00:00Z|12.03.2026|12.03.|24/7|1st|3rd|March|3rdMarch|3erMai"
    "|de mayo|2 de marzo de 2026|MÄRZ|ſeptember|the first of April|premier avril|twenty-first of May|ſix"
    "|eleven|twenty-one|a dozen|half a million|couple|a couple|two hundred and three|zweihundert|veintiuno"
    "|veinti12|soixante-dix|et une|vinte e um|cem|doze|une dizaine|1,265,000|1 265 000|1'000|€1.2m|USD 5"
    "|5 EUR|12 percent|500ms|v1.2.3|8,9,10|#4411|ERR-5031|http://a.b/c?d=(x)|www.x.yy|WWW.(X|a@b.co"
    "|0xdeadbeef|deadbeef-dead-beef-dead-beefdeadbeef|C:\\x\\y|src/a.py|and/or|snake_case|camelCase|a::b"
    "|Ti.java:118|e.g.|x=1|番号AB-12です|UTC|UTC+2|CET|Europe/Berlin|Berlin time|New York local time"
    "|+01:00|10:00Z|5 PT|5 am PT|10:30 UTC|Thursday 16th|jueves 16|16日（木）|segunda-feira, 3|2FA|½|²|٣"
    "|\u00a0|\u202f|—|\n| |.|,|:|'|’|\"|“|(|-|_|/|K|İ|ẞ|é|月|午|x|T|in|of|since|to|plain words stand here"
)
PIECES = _TABLE.split("|")
MODULES = (days, clock, figures, words, tokens, zones, weekdays)


def texts() -> Iterator[str]:
    for case in all_cases()[::5]:
        yield case.source
    chance = random.Random(SEED)
    for _ in range(TEXTS):
        yield "".join(
            chance.choice(PIECES) + chance.choice(("", "", " ", ", ", "-")) for _ in range(chance.randint(1, 9))
        )


def read(text: str) -> list[object]:
    scan.forget()
    found: list[object] = [find(text) for find in (dates, times, numbers, identifiers, quoted_strings)]
    found.append([str(zone) for zone in zones.zones_in(text)])
    found.append(weekdays.numbered_weekdays(Ticket(text=text), text, date(2026, 3, 9)))
    return found


def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pattern is tried at each character, as if nobody had looked first."""

    def tried(pattern: re.Pattern[str], text: str, *_: object) -> Iterator[re.Match[str]]:
        return pattern.finditer(text)

    def pieces(text: str) -> Iterator[tuple[int, str]]:
        return ((match.start(), match.group()) for match in tokens._PIECE.finditer(text))

    instead = {
        "begins": tried,
        "begins_with": tried,
        "lacks": lambda *_: False,
        "has_digit": lambda *_: True,
        "words_of": lambda *_: None,
        "number_words": lambda *_: None,
        "starts_with": lambda *_: None,
        "runs_of_digits": lambda text: [match.span() for match in re.finditer(r"\d+", text)],
        "spots": lambda *_: [],
        "_telling_pieces": pieces,
    }
    for module in MODULES:
        for name, stand_in in instead.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, stand_in)


def test_nothing_is_missed_where_nobody_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list(texts())
    quick = [read(text) for text in asked]
    everywhere(monkeypatch)
    for text, found in zip(asked, quick, strict=True):
        assert found == read(text), text
    assert sum(bool(part) for found in quick for part in found) > 2 * TEXTS  # the texts are worth looking at


def test_texts_read_together_hold_what_each_holds_alone() -> None:
    finders: tuple[Callable[[str], Sequence[object]], ...] = (dates, times, numbers, identifiers)
    chance, left = random.Random(SEED), [text for text in texts() if scan.is_short(text)][::3]
    while left:
        group, left = left[: (size := chance.randint(1, 40))], left[size:]
        alone = []
        for text in group:
            scan.forget()
            alone.append([find(text) for find in finders])
        scan.forget()
        scan.read_together(group)
        assert [[find(text) for find in finders] for text in group] == alone, group
        assert sources.read_all(group) == [sources.read(text) for text in group], group


def test_what_a_paragraph_holds_is_what_all_of_the_sources_hold() -> None:
    chance, left, copied = random.Random(SEED), [text for text in texts() if scan.is_short(text)][::5], 0
    while left:
        group, left = left[: (size := chance.randint(2, 40))], left[size:]
        whole = scan.GAP.join(group)
        held = sources.Sources((whole,), "", Ticket(text=whole), Context(), datetime(2026, 3, 9, tzinfo=UTC))
        for number in {number.text: number for text in group for number in numbers(text)}.values():
            found = set(held.copied(number))
            assert found <= {figure for value in number.candidates for figure in held.figures(value)}, (number, whole)
            copied += bool(found)
    assert copied > 50


@pytest.mark.parametrize("text", ["ſix users", "a ſeptember day", "fırst of May", "une dızaine"])
def test_letters_that_only_look_like_others_end_in_no_number(text: str) -> None:
    """`re.IGNORECASE` takes a long s for an s: no table holds such a word."""
    scan.forget()
    assert numbers(text) == []
    assert [mention.candidates[0].day for mention in dates(text)] in ([], [None])


def test_tables_find_the_words_that_expressions_find() -> None:
    asked: set[str] = set()
    for text in texts():
        small = text.lower()
        assert scan.letters(small) == set(re.findall(r"[^\W\d_]+", small)), text
        split = re.sub(r"([a-z])(?=[A-Z])", r"\1 ", text)
        held, stems = {stem(word) for part in (text, split) for word in WORD.findall(part)}, Stems(text)
        for wanted in held | asked:
            assert (wanted in stems) == (wanted in held), (wanted, text)
            head = wanted[: max(2, len(wanted) - 2)]
            assert stems.begin(head) == any(one.startswith(head) for one in held), (head, text)
        asked = {*held, "tri", "fly", "opt", "no", "a"}  # of another text: most of them stand nowhere in the next
        assert sources.squash(text) == re.sub(r"[\W_]+", "", text.casefold()), text


PROMISED = """
we will fix it|I'll also refund you|it shall be fully restored|you will have it fixed|a patch will ship|is fixed by noon
we hereby commit to|you have my word|we’ll waive the fee|we will give you a|wird bis morgen behoben|sind GELÖST
Wir erstatten|wir werden es bald lösen|estarán totalmente resueltos|será lista|se arreglarán|corregiremos
seront entièrement corrigées|Nous réparerons|estarão resolvidas|serão corrigidos|estará consertada|garantimos
"""


def test_no_promise_is_missed_by_the_words_that_it_must_hold() -> None:
    kept = set()
    for text in re.split(r"[|\n]", PROMISED.strip()):
        meant = {pattern for pattern in promise._PROMISES if pattern.search(text)}
        assert meant, text
        assert meant <= set(promise._possible(text)), text
        kept |= meant
    assert kept == set(promise._PROMISES)
