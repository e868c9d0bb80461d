"""Numbers, dates, times and tokens as people write them, with exact values and offsets."""

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timing import grows_linearly

from agent.notation import (
    Day,
    dates,
    dates_agree,
    identifiers,
    numbers,
    quoted_strings,
    same_number,
    times,
    times_agree,
)

NUMBERS = [
    ("1,265,000", ["1265000"]),
    ("1.265.000", ["1265000"]),
    ("1 265 000", ["1265000"]),
    ("1\u202f265\u00a0000", ["1265000"]),
    ("1'265'000", ["1265000"]),
    ("12,65,000", ["1265000"]),
    ("1.265 M", ["1265000", "1265000000"]),
    ("1.2k", ["1200"]),
    ("€1.2m", ["1200000"]),
    ("2 million", ["2000000"]),
    ("1.5 Mio", ["1500000"]),
    ("3 dozen", ["36"]),
    ("1.265", ["1.265", "1265"]),
    ("1,265", ["1265", "1.265"]),
    ("0.125", ["0.125"]),
    ("1.234,56", ["1234.56"]),
    ("1,234.56", ["1234.56"]),
    ("12,5", ["12.5"]),
    ("~40", ["40"]),
    ("500ms", ["500"]),
    ("five", ["5"]),
    ("two hundred and five", ["205"]),
    ("twenty-five", ["25"]),
    ("a dozen", ["12"]),
    ("half a dozen", ["6"]),
    ("a couple", ["2"]),
    ("three thousand two hundred", ["3200"]),
    ("fünfundzwanzig", ["25"]),
    ("zweihundert", ["200"]),
    ("treinta y dos", ["32"]),
    ("quatre-vingt-dix", ["90"]),
    ("vingt et un", ["21"]),
    ("vinte e cinco", ["25"]),
    ("2\nmillion", ["2000000"]),
    ("une dizaine", ["10"]),
    ("una docena", ["12"]),
]


@pytest.mark.parametrize(("text", "values"), NUMBERS)
def test_number_in_usual_notation(text: str, values: list[str]) -> None:
    found = numbers(f"We have {text} of them")
    assert [list(number.candidates) for number in found] == [[Decimal(value) for value in values]]


def test_offsets_and_flags() -> None:
    text = "up 12 % since, CHF 1.2m or $40, 15-20 min, 3rd"
    found = [(n.start, n.text, str(n.value.normalize()), n.percent, n.currency, n.unit) for n in numbers(text)]
    assert found == [
        (3, "12", "12", True, None, ""),
        (19, "1.2m", "1.2E+6", False, "CHF", ""),
        (28, "40", "4E+1", False, "USD", ""),
        (32, "15", "15", False, None, ""),
        (35, "20", "2E+1", False, None, ""),
        (43, "3rd", "3", False, None, "rd"),
    ]
    assert all(text[n.start : n.end] == n.text for n in numbers(text))


@pytest.mark.parametrize(
    "text",
    ["v4.2.1", "ERR-5031", "#4411", "2FA", "S3", "4.2.1", "x86_64", "a1b2", "once", "seize the day", "the sixth"],
)
def test_digits_of_a_token_are_no_number(text: str) -> None:
    assert numbers(text) == []


def test_a_list_is_several_numbers() -> None:
    assert [int(number.value) for number in numbers("ids 8,9,10")] == [8, 9, 10]
    assert [int(number.value) for number in numbers("four-person, 4-person")] == [4, 4]


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [("1,265,000", "1.265 M", True), ("1.265", "1265", True), ("twelve", "12", True), ("12", "120", False)],
)
def test_same_number(a: str, b: str, same: bool) -> None:
    assert same_number(numbers(a)[0], numbers(b)[0]) is same


DATES = [
    ("2026-03-25", [Day(2026, 3, 25)]),
    ("2026/03/25", [Day(2026, 3, 25)]),
    ("2026-03-25T10:00", [Day(2026, 3, 25)]),
    ("25.03.2026", [Day(2026, 3, 25)]),
    ("25/03", [Day(None, 3, 25)]),
    ("03/25/2026", [Day(2026, 3, 25)]),
    ("03/04/2026", [Day(2026, 4, 3), Day(2026, 3, 4)]),
    ("25 March", [Day(None, 3, 25)]),
    ("March 25th, 2026", [Day(2026, 3, 25)]),
    ("1st of June", [Day(None, 6, 1)]),
    ("25. März 2026", [Day(2026, 3, 25)]),
    ("3 de mayo de 2026", [Day(2026, 5, 3)]),
    ("14 juillet", [Day(None, 7, 14)]),
    ("2 de março", [Day(None, 3, 2)]),
    ("2026年3月25日", [Day(2026, 3, 25)]),
    ("March 2026", [Day(2026, 3, None)]),
    ("September", [Day(None, 9, None)]),
    ("janeiro", [Day(None, 1, None)]),
    ("enero", [Day(None, 1, None)]),
    ("août", [Day(None, 8, None)]),
    ("january", [Day(None, 1, None)]),
    ("first of April", [Day(None, 4, 1)]),
    ("twenty-first of May 2026", [Day(2026, 5, 21)]),
    ("premier avril", [Day(None, 4, 1)]),
    ("primero de abril", [Day(None, 4, 1)]),
    ("十一月", [Day(None, 11, None)]),
    ("三月二十一日", [Day(None, 3, 21)]),
]


@pytest.mark.parametrize(("text", "days"), DATES)
def test_date_in_usual_notation(text: str, days: list[Day]) -> None:
    found = dates(f"due {text} at last")
    assert [list(mention.candidates) for mention in found] == [days]
    assert found[0].start == 4


@pytest.mark.parametrize(
    "text",
    [
        *("4.2.1", "24/7", "it may", "march on", "10.000", "1/2/3/4", "99/99"),
        *("this may take", "Julio wrote", "an august body", "the first of them", "三月間", "三か月", "mars et vénus"),
    ],
)
def test_no_date(text: str) -> None:
    assert dates(text) == []


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ("25/03", "25 March 2026", True),
        ("03/04/2026", "4 March", True),
        ("25 March 2026", "25 March 2025", False),
        ("March 2026", "25 March", True),
        ("2026-03-25", "2026-03-26", False),
    ],
)
def test_dates_agree(a: str, b: str, agree: bool) -> None:
    assert dates_agree(dates(a)[0], dates(b)[0]) is agree


TIMES = [
    ("14:05", (14, 5, None, None)),
    ("2pm", (14, 0, None, None)),
    ("12 am", (0, 0, None, None)),
    ("9:30 a.m.", (9, 30, None, None)),
    ("14h30", (14, 30, None, None)),
    ("14 Uhr", (14, 0, None, None)),
    ("14.30 Uhr", (14, 30, None, None)),
    ("09:30 UTC", (9, 30, None, "UTC")),
    ("14:05:33", (14, 5, 33, None)),
    ("17:00+01:00", (17, 0, None, "+01:00")),
    ("17:00 Europe/Berlin", (17, 0, None, "Europe/Berlin")),
    ("noon", (12, 0, None, None)),
    ("14 h 40", (14, 40, None, None)),
    ("14\u202fh\u202f40", (14, 40, None, None)),
    ("10 h 30 UTC", (10, 30, None, "UTC")),
    ("14 heures 30", (14, 30, None, None)),
    ("3月12日10:30 UTCまでに", (10, 30, None, "UTC")),
    ("午後2時半", (14, 30, None, None)),
    ("午前0時5分", (0, 5, None, None)),
]


@pytest.mark.parametrize(("text", "parts"), TIMES)
def test_time_in_usual_notation(text: str, parts: tuple[int, int, int | None, str | None]) -> None:
    found = times(f"at {text}")
    assert [(t.hour, t.minute, t.second, t.zone) for t in found] == [parts]


def test_hours_may_be_a_duration() -> None:
    assert [mention.maybe_duration for mention in times("14h, 14h05")] == [True, False]
    assert times("index.js:05, ratio 1:234, 2013-04-18") == []
    assert times_agree(times("14:05:33")[0], times("2:05 pm")[0])
    assert not times_agree(times("14:05")[0], times("14:06")[0])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("parti à 14 h 40", (14, 40, False, True)),
        ("chargé à 16 h", (16, 0, True, True)),
        ("às 14 horas", (14, 0, True, True)),
        ("at 14h UTC", (14, 0, True, True)),
        ("un retard de 2 h 40", (2, 40, True, False)),
        ("l'envoi de 14 h", (14, 0, True, False)),
        ("2 à 3 h", (3, 0, True, False)),
        ("à 3 h de route", (3, 0, True, False)),
        ("in 17 h 42 min", (17, 0, True, False)),
        ("depuis 14 heures", None),
        ("約2時間", None),
    ],
)
def test_an_hour_is_a_clock_time_for_certain_only_where_the_words_say_so(
    text: str, read: tuple[int, int, bool, bool] | None
) -> None:
    found = [(t.hour, t.minute, t.maybe_duration, t.told) for t in times(text)]
    assert found == ([] if read is None else [read])


def test_a_full_stop_behind_a_date_ends_the_sentence() -> None:
    assert [mention.text for mention in dates("on 16 April. Then, 1 Dec. 2026, 5 Dec.")] == [
        "16 April",
        "1 Dec. 2026",
        "5 Dec",
    ]


def test_identifiers() -> None:
    text = (
        "ERR-5031, TIMOB-1234 #4411 v4.2.1 (see https://a.example/c?x=1). jana@b.example, /var/log/x.log "
        "worker-20260310.log 2FA 3f2504e0-4f89-11d3-9a0c-0305e82c3301 export.max_rows OS_IOS TiBlob.java:118 "
        "e.g. and/or 24/7 4-person well-known 500ms 10:30"
    )
    assert [(token.text, token.kind) for token in identifiers(text)] == [
        ("ERR-5031", "ticket"),
        ("TIMOB-1234", "ticket"),
        ("#4411", "ticket"),
        ("v4.2.1", "version"),
        ("https://a.example/c?x=1", "url"),
        ("jana@b.example", "email"),
        ("/var/log/x.log", "path"),
        ("worker-20260310.log", "path"),
        ("2FA", "code"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "uuid"),
        ("export.max_rows", "symbol"),
        ("OS_IOS", "symbol"),
        ("TiBlob.java:118", "symbol"),
    ]
    assert all(text[token.start : token.end] == token.text for token in identifiers(text))


def test_quoted_strings() -> None:
    text = "it says \"Can't find variable: OS_IOS\" and 'no file', “so” „ja“ «non» `x = 1`; the users' data isn't here"
    assert [quote.text for quote in quoted_strings(text)] == [
        "Can't find variable: OS_IOS",
        "no file",
        "so",
        "ja",
        "non",
        "x = 1",
    ]


PIECES = st.sampled_from(
    [
        "1",
        "12",
        "1.265",
        " ",
        ".",
        ",",
        "-",
        "/",
        ":",
        "v",
        "#",
        "two",
        "hundred",
        "March",
        "Mar",
        "T",
        "Z",
        "€",
        "%",
        "k",
        "2026",
        *(
            "h",
            "am",
            '"',
            "'",
            "@",
            "_",
            "http://",
            "\u202f",
            "日",
            "年",
            "月",
            "時",
            "十",
            "à",
            "first",
            "of",
            "zwei",
            "et",
            "½",
            "\n",
            "M",
            "e",
            "٣",
        ),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200))
def test_mentions_lie_in_the_text_and_nothing_raises(text: str) -> None:
    for find in (numbers, dates, times, identifiers):
        found = find(text)
        assert all(text[mention.start : mention.end] == mention.text for mention in found)
        assert [mention.start for mention in found] == sorted(mention.start for mention in found)
    for quote in quoted_strings(text):
        assert text[quote.start + 1 : quote.end - 1] == quote.text


@given(st.integers(0, 10**12), st.sampled_from(["{:,}", "{}", "{:_}"]))
def test_a_number_is_itself_in_every_grouping(value: int, form: str) -> None:
    for sign in (",", ".", " ", "\u202f", "'"):
        written = form.format(value).replace("_", sign).replace(",", sign)
        assert Decimal(value) in numbers(f"x {written} y")[0].candidates


HOSTILE = [
    "1",
    "1.2.",
    "1,",
    "111 ",
    "two and ",
    "hundred ",
    '"',
    "'a ",
    "a.",
    "/a",
    "a@",
    "a-1",
    "_a",
    "1 de ",
    "v1.",
    "12:",
    "à 3 h 0",
    "十一月",
    "first of ",
    "une dizaine ",
    "午後3時",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_read_in_linear_time(piece: str) -> None:
    def reading(length: int) -> Callable[[], object]:
        text = piece * (length // len(piece))
        return lambda: [find(text) for find in (numbers, dates, times, identifiers, quoted_strings)]

    assert grows_linearly(reading, 10_000)


def test_the_fast_path_imports_no_library() -> None:
    code = (
        "import sys; from agent.notation import numbers; numbers('three of 12 users, 2 million'); "
        "print([m for m in ('text_to_num', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_time_before_a_colon_is_a_time() -> None:
    """`16:37: support said` and the like: how models write a timeline."""
    found = times("2026-03-10 16:37: support said; 17:02:11: done")
    assert [mention.text for mention in found] == ["16:37", "17:02:11"]
    assert times("rows 16:37:99:12") == []


def test_numbers_and_months_between_japanese_characters() -> None:
    assert [number.text for number in numbers("12月の6.8で直して、1,200件")] == ["12", "6.8", "1,200"]
    assert [(d.text, d.candidates[0].month) for d in dates("昨年11月に、12月の6.8で")] == [("11月", 11), ("12月", 12)]


def test_japanese_clock_times() -> None:
    found = times("本日10時30分までに、または17時に")
    assert [(mention.hour, mention.minute) for mention in found] == [(10, 30), (17, 0)]


def test_a_mention_is_written_as_in_the_text() -> None:
    assert [number.text for number in numbers("1日hundred")] == ["1日hundred"]
    assert identifiers("次のご連絡は3月12日までに") == []
    assert [token.text for token in identifiers("番号AB-12です")] != []
    assert identifiers("2.418.360 kg") == []
    assert [token.text for token in identifiers("version 2.4.18")] == ["2.4.18"]
