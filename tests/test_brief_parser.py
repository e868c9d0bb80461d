"""Briefs written elsewhere: the seed's layout as text and as Markdown, our own renderings, and anything at all."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_validate import APPROVAL, APPROVAL_BRIEF, CASES, EXPORT, EXPORT_BRIEF

from agent.render import render_brief
from agent.validate import parse_brief, validate_text
from agent.validate.fields import TRIED_NOT_SAID
from agent.validate.header import CLEARLY_LONG, length
from schemas.brief import Ask, Brief, Derivation, Operand, TargetLine, Tried

SEED = """
ESCALATION: DATEV export aborts above 10,000 bookings since v4.2.1
Severity: High
Target: Engineering (via L2 Support)
Ticket: NE-88213
Customer: Nordlicht Energie GmbH

IMPACT
- Customers affected: 1 (Nordlicht Energie GmbH)
- Workflow impact: No February file for the tax adviser,
  so the month cannot be closed
- Revenue at risk: EUR 48,000
- SLA status: Within SLA

ISSUE DESCRIPTION
The export fails above 10,000 bookings. It shows ERR-5031 (see v4.2.1,
e.g. the worker log). February has 11,482 bookings.

REPRODUCTION STEPS (for bugs)
1. Open Accounting > Exports
2. Set the period to 01.02.2026 - 28.02.2026
Expected: One CSV file
Actual: "Export failed: ERR-5031 payload limit exceeded"
Environment: v4.2.1, Chrome 122, Windows 11
Missing: Jana Brandt: does it fail with every format?

WHAT'S BEEN TRIED
1. Cleared the export cache → same ERR-5031
2. Split the period -> both halves work
3. Firefox

CUSTOMER COMMUNICATION
- Last update: 10 March 2026, 14:20 CET: passed on
- Customer expectation: One file by 16 March
- Escalation risk: Moderate
- Customer timeline: VAT return due 16 March 12:00 CET

WHAT'S NEEDED
- Fix: raise export.max_rows so that exports complete
- Decide whether a hotfix is needed today
- Deadline: 11 March 2026, 17:00 CET

SUPPORTING CONTEXT
- Ticket NE-88213
- Logs or errors: ERR-5031 in worker-20260310.log
"""

MARKDOWN = """# ESCALATION: DATEV export aborts above 10,000 bookings since v4.2.1

**Severity:** High
**Target**: Engineering
* **Date:** 2026-03-10

## Impact

* **Customers affected:** 1 (Nordlicht Energie GmbH)
* **Workflow impact:** No February file for the tax adviser, so the month cannot be closed
* **Revenue at risk:** EUR 48,000
* **SLA status:** Within SLA

## Issue description

The export fails above 10,000 bookings. It shows ERR-5031 (see v4.2.1, e.g. the worker log).
February has 11,482 bookings.

## Reproduction steps

1. Open Accounting \\> Exports
2. Set the period to 01.02.2026 - 28.02.2026

**Expected:** One CSV file
**Actual:** "Export failed: ERR-5031 payload limit exceeded"
**Environment:** v4.2.1, Chrome 122, Windows 11
**Missing:** Jana Brandt: does it fail with every format?

## What’s been tried

1. Cleared the export cache → same ERR-5031
2. Split the period → both halves work
3. Firefox

## Customer communication

- **Last update:** 10 March 2026, 14:20 CET: passed on
- **Customer expectation:** One file by 16 March
- **Escalation risk:** Moderate
- **Customer timeline:** VAT return due 16 March 12:00 CET

## What's needed

- Fix raise export.max_rows so that exports complete
- Decide whether a hotfix is needed today
- **Deadline:** 11 March 2026, 17:00 CET

## Supporting context

- Ticket NE-88213
- **Logs or errors:** ERR-5031 in worker-20260310.log
"""


@pytest.mark.parametrize("text", [SEED, MARKDOWN, SEED.lower()])
def test_every_section_is_found(text: str) -> None:
    parsed = parse_brief(text)
    assert parsed.findings == ()
    assert [len(part) for part in (parsed.brief.asks, parsed.brief.tried, parsed.brief.reproduction.steps)] == [2, 3, 2]
    assert parsed.severity is not None
    assert parsed.severity.casefold() == "high"


@pytest.mark.parametrize("text", [SEED, MARKDOWN])
def test_the_seeds_layout(text: str) -> None:
    parsed = parse_brief(text)
    brief = parsed.brief
    assert parsed.findings == ()
    assert parsed.target is not None
    assert parsed.target.startswith("Engineering")
    assert brief.headline == "DATEV export aborts above 10,000 bookings since v4.2.1"
    assert brief.customers_affected == "1 (Nordlicht Energie GmbH)"
    assert brief.workflow_impact == "No February file for the tax adviser, so the month cannot be closed"
    assert brief.description == (
        "The export fails above 10,000 bookings. It shows ERR-5031 (see v4.2.1, e.g. the worker log). "
        "February has 11,482 bookings."
    )
    assert brief.reproduction.applies
    assert brief.reproduction.steps == ("Open Accounting > Exports", "Set the period to 01.02.2026 - 28.02.2026")
    assert brief.reproduction.environment == "v4.2.1, Chrome 122, Windows 11"
    assert brief.reproduction.gaps == ("Jana Brandt: does it fail with every format?",)
    assert brief.tried == (
        Tried(action="Cleared the export cache", result="same ERR-5031"),
        Tried(action="Split the period", result="both halves work"),
        Tried(action="Firefox", result="Unknown"),
    )
    assert brief.last_update == "10 March 2026, 14:20 CET: passed on"
    assert brief.asks == (
        Ask(verb="fix", text="Fix raise export.max_rows so that exports complete"),
        Ask(verb="decide", text="Decide whether a hotfix is needed today"),
    )
    assert brief.deadline == "11 March 2026, 17:00 CET"
    assert brief.supporting_context == ("Ticket NE-88213",)
    assert brief.target_lines == (
        TargetLine(label="Customer timeline", text="VAT return due 16 March 12:00 CET"),
        TargetLine(label="Logs or errors", text="ERR-5031 in worker-20260310.log"),
    )


def operand(part: Operand) -> str:
    return f'{part.value} "{" ".join(part.quote.split())}"'


def derivations_of(brief: Brief) -> str:
    lines = [f"- {d.value} = {d.operation}({'; '.join(map(operand, d.operands))})" for d in brief.derivations]
    return "\n".join(("", "DERIVATIONS", *lines, ""))


@pytest.mark.parametrize("fmt", ["text", "markdown"])
@pytest.mark.parametrize("name", CASES)
def test_our_own_rendering_is_read_back(name: str, fmt: Any) -> None:
    brief, case = CASES[name]
    text = render_brief(brief, case["decision"], case["ticket"], case["context"], case["now"], fmt)
    parsed = parse_brief(text)
    assert parsed.findings == ()
    wanted = brief.model_copy(update={"derivations": (), "customer_message": "", "questions": ()})
    for field in Brief.model_fields:
        if field == "target_lines":  # printed in the sections where they belong
            assert set(parsed.brief.target_lines) == set(wanted.target_lines)
        else:
            assert getattr(parsed.brief, field) == getattr(wanted, field)
    whole = (
        derivations_of(brief) if fmt == "text" else derivations_of(brief).replace("DERIVATIONS", "## Computed values")
    )
    found = [(f.code, f.found) for f in validate_text(text + whole, **case) if f.code != "repro_gap"]
    assert found == []


def test_computed_values_must_be_declared_in_text_too() -> None:
    brief, case = APPROVAL_BRIEF, APPROVAL
    text = render_brief(brief, case["decision"], case["ticket"], case["context"], case["now"], "text")
    assert sorted(f.found for f in validate_text(text, **case)) == [
        "22 May",
        "23 hours",
        "3 accounts",
        "3 accounts",
        "seven weeks",
    ]


def export_text() -> str:
    return render_brief(
        EXPORT_BRIEF, EXPORT["decision"], EXPORT["ticket"], EXPORT["context"], EXPORT["now"], "text"
    ) + derivations_of(EXPORT_BRIEF)


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("Severity: High", "Severity: Critical", {"severity_differs"}),
        ("Severity: High", "Gravity: High", {"severity_differs"}),
        ("Severity: High (", "severity - high (", {"severity_differs"}),
        ("Severity: High", "SEVERITY:  high (same day)", set()),
        ("Target: Engineering", "Target: Security", {"target_differs"}),
        ("Target: Engineering", "Target: Engineering; Leadership informed", {"target_differs"}),
        ("Target: Engineering", "Target: Engineering (via L2 Support)", set()),
        ("Target: Engineering", "Target: Engineering, Payments team", set()),
        ("SUPPORTING CONTEXT", "NOTES AND MORE", {"missing_section"}),
        ("ESCALATION: ", "", {"missing_section"}),
        ("- Fix or raise", "- Have a look at", {"ask_verb", "ask_differs"}),
        ("1,751 = difference", "1,751 is the difference", {"derivation_layout", "untraceable_number"}),
    ],
)
def test_faults_of_a_text(old: str, new: str, codes: set[str]) -> None:
    text = export_text()
    assert old in text
    found = validate_text(text.replace(old, new, 1), **EXPORT)
    assert {finding.code for finding in found} == codes


DATED = "Date: Tue 2026-03-10 15:30 CET"


@pytest.mark.parametrize(
    ("line", "blocking"),
    [
        ("", None),
        (DATED, None),
        ("Date: 10 March 2026", None),
        ("Date: 2026-03-10 14:30 UTC", None),
        ("Date: 10.03.2026, 15:30", None),
        ("Date: Wed 2026-03-11 00:30 Asia/Tokyo", True),  # it is half past eleven in the evening there
        ("Date: Tue 2026-03-10 23:30 Asia/Tokyo", None),
        ("Date: Unknown", None),
        ("Date: Tue 2026-03-10 15:29 CET", False),
        ("Date: Tue 2026-03-10 15:30 UTC", False),
        ("Date: Wed 2026-03-10 15:30 CET", True),
        ("Date: Wed 2026-03-11 15:30 CET", True),
        ("Date: 2025-03-10", True),
        ("Date: today", True),
    ],
)
def test_the_date_of_the_header_is_the_decisions(line: str, blocking: bool | None) -> None:
    text = export_text().replace(DATED + "\n", line + "\n")
    found = validate_text(text, **EXPORT)
    assert [(f.code, f.place, f.blocking) for f in found] == (
        [] if blocking is None else [("date_differs", "Date", blocking)]
    )
    for finding in found:
        assert finding.expected == "2026-03-10 15:30 CET, when it was decided"
        assert finding.found == line.removeprefix("Date: ")


def test_a_brief_seen_from_a_later_time_may_carry_that_date() -> None:
    later = EXPORT | {"now": EXPORT["now"] + timedelta(days=1)}
    codes = [f.code for f in validate_text(export_text().replace(DATED, "Date: 2026-03-11"), **later)]
    assert "date_differs" not in codes


def test_a_brief_that_is_clearly_too_long_is_told_so_and_stays_valid() -> None:
    text = export_text()
    words = length(parse_brief(text).brief)
    message = "\nCUSTOMER MESSAGE\n" + "We are on it and will write again. " * 100
    filler = " ".join(["the export fails"] * ((CLEARLY_LONG - words) // 3))
    line = "- Customer expectation: "
    short = text.replace(line, f"{line}{filler} ", 1)
    assert [f.code for f in validate_text(short + message, **EXPORT)] == []
    (finding,) = validate_text(short.replace(line, f"{line}the export fails ", 1) + message, **EXPORT)
    assert (finding.code, finding.blocking) == ("brief_long", False)
    assert re.fullmatch(r"70[1-3] words", finding.found)


def test_a_missing_section_is_named_once() -> None:
    text = export_text()
    start, end = text.index("WHAT'S BEEN TRIED"), text.index("CUSTOMER COMMUNICATION")
    found = validate_text(text[:start] + text[end:], **EXPORT)
    assert [(f.code, f.place) for f in found] == [
        ("missing_section", "WHAT'S BEEN TRIED"),
        ("tried_missing", "WHAT'S BEEN TRIED"),
    ]


def test_leadership_asks_message_and_derivations() -> None:
    extra = (
        "\nLEADERSHIP\n- Approve the exception\n\nCUSTOMER MESSAGE\nHello Jana,\n\nwe are on it.\n"
        '\nDERIVATIONS\n- about 3 hours = duration(09:12 ["10 March 09:12"]; 12:00)\n'
    )
    brief = parse_brief(SEED + extra).brief
    assert brief.leadership_asks == ("Approve the exception",)
    assert brief.customer_message == "Hello Jana,\n\nwe are on it."
    operands = (Operand(value="09:12", quote="10 March 09:12"), Operand(value="12:00", quote="12:00"))
    assert brief.derivations == (Derivation(value="about 3 hours", operation="duration", operands=operands),)


def test_not_applicable_reproduction_and_nothing_tried() -> None:
    start, end = SEED.index("1. Open"), SEED.index("CUSTOMER COMM")
    brief = parse_brief(SEED[:start] + "Not applicable\n\nWHAT'S BEEN TRIED\nNothing yet\n\n" + SEED[end:]).brief
    assert not brief.reproduction.applies
    assert brief.reproduction.steps == ()
    assert brief.tried == (Tried(action="Nothing yet", result="Unknown"),)


@pytest.mark.parametrize(
    ("tried", "printed", "read"),
    [
        ((), TRIED_NOT_SAID, ()),  # nobody told of an attempt: that none was made is not known
        ((Tried(action="Nothing yet", result="Unknown"),), "Nothing yet", None),
        ((Tried(action="Unknown", result="Unknown"),), "Unknown", None),
        (
            (Tried(action="Nothing yet: “we did not touch it”", result="Unknown"),),
            "Nothing yet: “we did not touch it”",
            None,
        ),
        (
            (Tried(action="Nothing yet", result="the page was not changed"),),
            "1. Nothing yet → the page was not changed",
            None,
        ),
        ((Tried(action="Restarted it", result="Unknown"),), "1. Restarted it → Unknown", None),
    ],
)
def test_what_was_tried_is_read_back_as_it_is_printed(
    tried: tuple[Tried, ...], printed: str, read: tuple[Tried, ...] | None
) -> None:
    brief = parse_brief(SEED).brief.model_copy(update={"tried": tried})
    text, markdown = (
        render_brief(brief, EXPORT["decision"], EXPORT["ticket"], EXPORT["context"], EXPORT["now"], form)
        for form in ("text", "markdown")
    )
    assert text.split("WHAT'S BEEN TRIED\n")[1].split("\n\n")[0] == printed
    for form in (text, markdown):
        assert parse_brief(form).brief.tried == (tried if read is None else read)


@pytest.mark.parametrize(("written", "action"), [("Nothing yet.", "Nothing yet"), ("None", "Nothing yet")])
def test_that_nothing_was_tried_is_a_statement(written: str, action: str) -> None:
    start, end = SEED.index("WHAT'S BEEN TRIED"), SEED.index("CUSTOMER COMM")
    brief = parse_brief(f"{SEED[:start]}WHAT'S BEEN TRIED\n{written}\n\n{SEED[end:]}").brief
    assert brief.tried == (Tried(action=action, result="Unknown"),)


LINES = st.sampled_from(
    SEED.splitlines()
    + MARKDOWN.splitlines()
    + ["---", "**", "#", "- ", "1.", "Deadline:", "DERIVATIONS", "x = sum(1; 2)"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=30).map("\n".join) | st.text(max_size=300))
def test_anything_parses_and_validates(text: str) -> None:
    parsed = parse_brief(text)
    assert isinstance(parsed.brief, Brief)
    assert validate_text(text, **EXPORT) == validate_text(text, **EXPORT)


def test_a_long_hostile_text_is_read() -> None:
    for piece in ("**", "- ", "IMPACT\n", "a: ", "1 = sum(", "→", "> "):
        assert parse_brief(piece * 20_000).severity is None
