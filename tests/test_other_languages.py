"""A ticket in another notation or language is known, and a neighbour, another hour, day or number, still is not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from test_validate import COMPUTED, EXPORT, EXPORT_BRIEF, EXPORT_TEXT, derived, judge, messages

from agent.validate.prose import split_sentences
from schemas.brief import Derivation
from schemas.ticket import Message

FRENCH = """
[2026-03-10 14:25 CET] Customer (Jana Brandt):
Depuis une
dizaine de jours, l'envoi de 14 h traîne. Lundi il est parti à 14 h 40, jeudi à 15 h 05, le camion est chargé à 16 h.
Jeudi 5 et vendredi 6, tout est parti à l'heure. Le retard était de 2 h 35, il y a trois heures de route.
"""
SPANISH = """
[2026-03-10 14:25 CET] Customer (Jana Brandt):
Desde que estrené el móvil en enero va despacio. El lunes 16 viene el formador a las 9 h, y el contrato es por un año.
No quiero decir que sea desde mayo.
"""
JAPANESE = """
[2026-03-10 14:25 CET] Customer (Jana Brandt):
先月までは2秒で開きました。今は15分の遅れがあり、全体の5分の1です。昨年十一月にも同じでした。本日17時30分までに、または午後3時半に。
では明日クローズいたします。3日に試します。二時間ではなく4時間です。
"""
ENGLISH = """
[2026-03-10 14:25 CET] Customer (Jana Brandt):
We need the hours of 2025, and it will be done by the first of April. On the 19th come the auditors, and it was
so in july too. Trains leave one by one. 2024 rows were lost.
"""


LISTED = """
[2026-03-10 14:25 CET] Customer (Jana Brandt):
The same at Kestrel Plant (71133). I pressed it on 17 March and again on 18 March. It goes on from here to May.
Weighed: 2.418.360 kg.
"""


def case(extra: str) -> dict[str, Any]:
    text = EXPORT_TEXT + extra
    said = messages(text)
    last = said[-1].model_copy(update={"time": datetime(2026, 3, 10, 13, 25, tzinfo=UTC)})
    sent: tuple[Message, ...] = (*said[:-1], last)
    return EXPORT | {"ticket": EXPORT["ticket"].model_copy(update={"text": text, "messages": sent})}


SAID: list[tuple[str, str, str | None]] = [
    # clock times
    (FRENCH, "It left at 14:40 and at 15:05, the truck is loaded at 16:00", None),
    (FRENCH, "It left at 14 h 40 and 15 h 05", None),
    (FRENCH, "It left at 14:45", "untraceable_time"),
    (FRENCH, "It left at 15:25", "untraceable_time"),
    (FRENCH, "It left at 15 h 10", "untraceable_time"),
    (FRENCH, "It left at 02:35", "untraceable_time"),  # that was the delay
    (FRENCH, "It is late by 2 h 35", None),
    (FRENCH, "It is late by 2 h 36", "untraceable_number"),
    (FRENCH, "It leaves at 03:00", "untraceable_time"),  # that is a drive
    (SPANISH, "The trainer comes at 09:00", None),
    (SPANISH, "The trainer comes at 09:30", "untraceable_time"),
    (JAPANESE, "Wanted by 17:30 or 15:30", None),
    (JAPANESE, "Wanted by 03:30", "untraceable_time"),
    (JAPANESE, "Wanted by 04:00", "untraceable_time"),  # that is a duration
    # days and months
    (FRENCH, "All was on time on 5 March and on Friday, 6 March.", None),
    (FRENCH, "All was on time on 7 March", "untraceable_date"),
    (FRENCH, "All was on time on 5 April", "untraceable_date"),
    (SPANISH, "Slow since January", None),
    (SPANISH, "Slow since February", None),  # of the ticket above
    (SPANISH, "Slow since May", None),
    (SPANISH, "Slow since April", "untraceable_date"),
    (SPANISH, "The trainer comes on Monday, 16 March.", None),
    (JAPANESE, "So it was in November", None),
    (JAPANESE, "So it was in October", "untraceable_date"),
    (ENGLISH, "Done by 1 April", None),
    (ENGLISH, "Done by 2 April", "untraceable_date"),
    (ENGLISH, "So it was in July", None),
    (ENGLISH, "So it was in June", "untraceable_date"),
    (ENGLISH, "The auditors come on 19 March", "untraceable_date"),  # worked out, so it is to be declared
    # numbers and what they measure
    (FRENCH, "Slow for about ten days", None),
    (FRENCH, "Slow for about ten weeks", "untraceable_number"),
    (FRENCH, "Slow for about 11 days", "untraceable_number"),
    (SPANISH, "A contract for one year", None),
    (SPANISH, "A contract for one week", "untraceable_number"),
    (SPANISH, "A contract for two years", "untraceable_number"),
    (JAPANESE, "It took 2 seconds, now it is 15 minutes late", None),
    (JAPANESE, "It took 2 minutes", "untraceable_number"),
    (JAPANESE, "It took 5 minutes", "untraceable_number"),  # that is a share
    (JAPANESE, "It took 3 days", "untraceable_number"),  # that is the third
    (ENGLISH, "It waits for the 2025 course hours and for Jana Brandt's 2025 hours", None),
    (ENGLISH, "It waits for the 2023 course hours", "untraceable_number"),
    (ENGLISH, "Some 2025 hours of work are lost", "untraceable_number"),
    (ENGLISH, "Lost: the 9731 hours", "untraceable_number"),
    (ENGLISH, "Overwritten one day after another", None),
    (ENGLISH, "Overwritten within one day", "untraceable_number"),
    (ENGLISH, "One customer's format, and one tenant's files", None),
    # one word for two, and what else is written together
    (LISTED, "Pressed on 17 and 18 March", None),
    (LISTED, "Pressed on 13 and 18 March", "untraceable_number"),
    (LISTED, "Pressed on 17 and 19 March", "untraceable_date"),
    (LISTED, "See Ticket 71133", None),
    (LISTED, "See Ticket 71134", "untraceable_number"),
    (LISTED, "Busy until May", None),
    (LISTED, "Busy until August", "untraceable_date"),
    (LISTED, "Weighed 2,418,360 kg", None),
    (LISTED, "Weighed 2,418,630 kg", "untraceable_number"),
    (LISTED, "They press F12", None),
    (LISTED, "They press F13", "untraceable_id"),
]


@pytest.mark.parametrize(("ticket", "text", "code"), SAID, ids=[text for _, text, _ in SAID])
def test_what_stands_in_the_ticket_and_its_neighbour(ticket: str, text: str, code: str | None) -> None:
    found = judge(EXPORT_BRIEF, case(ticket), escalation_risk=text)
    assert [finding.code for finding in found] == ([] if code is None else [code])


SENT = ("2026-03-10", "2026-03-10 14:25 CET")
THE_19TH, IN_APRIL = ("the 19th", "On the 19th come the auditors"), ("first of April", "done by the first of April")
LAST_MONTH, TOMORROW = ("先月", "先月までは2秒で開きました"), ("明日", "では明日クローズいたします")
LAST_YEAR = ("昨年十一月", "昨年十一月にも同じでした")
JANUARY = ("en enero", "estrené el móvil en enero")

WORKED_OUT: list[tuple[str, Derivation, str | None]] = [
    (ENGLISH, derived("19 March 2026", "date", SENT, THE_19TH), None),
    (ENGLISH, derived("18 March 2026", "date", SENT, THE_19TH), "2026-02-19 or 2026-03-19"),
    (ENGLISH, derived("19 April 2026", "date", SENT, THE_19TH), "2026-02-19 or 2026-03-19"),
    (ENGLISH, derived("1 April 2026", "date", SENT, IN_APRIL), None),
    (ENGLISH, derived("1 April 2027", "date", SENT, IN_APRIL), "2026-04-01"),
    (ENGLISH, derived("1 May 2026", "date", SENT, IN_APRIL), "2026-04-01"),
    (JAPANESE, derived("February 2026", "date", SENT, LAST_MONTH), None),
    (JAPANESE, derived("January 2026", "date", SENT, LAST_MONTH), "2026-02"),
    (JAPANESE, derived("10 February 2026", "date", SENT, LAST_MONTH), "2026-02"),  # a month is no day
    (JAPANESE, derived("November 2025", "date", SENT, LAST_YEAR), None),
    (JAPANESE, derived("November 2024", "date", SENT, LAST_YEAR), "2025-11"),
    (JAPANESE, derived("11 March 2026", "date", SENT, TOMORROW), None),
    (JAPANESE, derived("12 March 2026", "date", SENT, TOMORROW), "2026-03-11"),
    (SPANISH, derived("January 2026", "date", SENT, JANUARY), None),
    (SPANISH, derived("January 2025", "date", SENT, JANUARY), "2026-01"),
]


@pytest.mark.parametrize(
    ("ticket", "derivation", "right"), WORKED_OUT, ids=[f"{d.value}-{d.operands[1].value}" for _, d, _ in WORKED_OUT]
)
def test_the_date_behind_the_words(ticket: str, derivation: Derivation, right: str | None) -> None:
    found = judge(EXPORT_BRIEF, case(ticket), derivations=(*COMPUTED, derivation))
    assert [finding.code for finding in found] == ([] if right is None else ["derivation_wrong"])
    assert right is None or found[0].expected == f"date of the operands is {right}"


@pytest.mark.parametrize(("value", "codes"), [("9 days", []), ("10 days", ["derivation_wrong"])])
def test_a_duration_counts_from_the_day_that_another_derivation_worked_out(value: str, codes: list[str]) -> None:
    """And not from the first date that stands in the quote."""
    quote = "done by the first of April. On the 19th come the auditors"
    length = derived(value, "duration", SENT, ("the 19th", quote))
    day = derived("19 March 2026", "date", SENT, THE_19TH)
    found = judge(EXPORT_BRIEF, case(ENGLISH), derivations=(*COMPUTED, length, day))
    assert [finding.code for finding in found] == codes


def test_a_time_in_a_japanese_message_is_no_id() -> None:
    text = "Janaさん、3月11日10:30 UTCまでに、改めてご連絡いたします。"
    assert judge(EXPORT_BRIEF, case(JAPANESE), customer_message=text) == ()
    found = judge(EXPORT_BRIEF, case(JAPANESE), customer_message=text.replace("11日", "29日"))
    assert [(finding.code, finding.found) for finding in found] == [("untraceable_date", "3月29日")]


def test_a_letter_may_end_a_sentence_and_an_initial_does_not() -> None:
    assert (
        len(split_sentences("Line 7 is Supplement D. Its price is new. There are A, B and C. First line asked.")) == 4
    )
    assert len(split_sentences("It was J. Smith of Acme who told S. Brandt. Nobody else saw it.")) == 2
