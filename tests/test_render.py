"""Rendering: exact layouts, hostile text in every format, and highlights that stand exactly on their quotes."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from factories import NOW, make_brief, make_claim, make_decision, make_escalation, make_facts, make_ticket
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt
from timing import seconds

import prompts
from agent import ground, read_ticket
from agent.errors import BadInput
from agent.render import render, render_brief, render_decision, render_skeleton
from agent.render.evidence import mentions, passages
from agent.render.layout import columns, wrap
from agent.render.outline import outline
from agent.render.sanitise import json_text, markdown_line, one_line, visible
from agent.render.words import plain, target
from agent.validate import parse_brief
from agent.validate.target import LABELS, section_of
from schemas.brief import Brief, Tried
from schemas.comparison import Similar
from schemas.context import Calendar, Context
from schemas.escalation import Escalation
from schemas.facts import Evidence, Facts, Instruction
from schemas.report import FactsReport
from schemas.ticket import Span
from schemas.vocabulary import Owner

ROOT = Path(__file__).parents[1]
FORMATS: tuple[Any, ...] = ("text", "markdown", "json", "html")

ESCALATED = """\
Escalate to Engineering (via L2 Support) — High
  Acknowledge by   Mon 2025-03-24 17:00 UTC
  Deadline         Mon 2025-03-24 17:00 UTC (close of business)
  SLA              Unknown: no due time given
  Updates          internal every 4 h, customer every 4-8 h
  Internal update  due Mon 2025-03-24 13:30 UTC, overdue Mon 2025-03-24 17:30
                   UTC
  Customer update  due Mon 2025-03-24 13:30 UTC, overdue Tue 2025-03-25 09:30
                   UTC
  Tier             L1 (assumed: neither given nor in the ticket)
  Account          value unknown, so not treated as high-value
  Warnings         1, listed below

Why
  TEC-5  Bug confirmed and needs a code fix (hard, High, Engineering)
    "We reproduced it on our test account" — support, Mon 2025-03-24 09:10 UTC
    "the invoice export fails with “ERR_5031”" — customer, Mon 2025-03-24 08:05
      UTC
    bug confirmed, major function broken, no workaround

Also fired
  CPX-1  Issue is beyond support's ability to diagnose (soft, Medium, L2
    Support)
    beyond_support_diagnosis

Ask
  1. Account team: What is the account's annual value?
     Why: a churn threat by a high-value account goes to Leadership

What would change this
  - the account is high-value → Leadership is informed (BUS-1)

Notes
  - Tier L1 is assumed

Overridden rules
  HND-2  It's a configuration or setup issue you can resolve: lost to the hard
    rule TEC-5

Claimed, but does not count
  - Reported, not confirmed: churn threat
    "If this is not fixed by 26 March we will leave" — customer, Mon 2025-03-24
      08:05 UTC
    Because: the account's value is unknown
  - Disputed: data loss
    "data loss" — customer, Mon 2025-03-24 08:05 UTC
    Because: cut out of its denial: “We do not see any data loss”
  - Not in the ticket: customers affected: 12
    "12 tenants are down"
    Because: the quote does not stand in the ticket

! Warnings
! No model read this ticket: the facts were found by word rules.

────────────────────────────────────────────────────────────────────────────────
ESCALATION: Invoice export fails with ERR_5031 for 120 users since 4.2.1
Severity: High (bug confirmed, major function broken, no workaround)
Target: Engineering (via L2 Support)
Ticket: HD-4711
Reporter: Jana Weiss (Acme)
Date: Mon 2025-03-24 09:30 UTC

IMPACT
- Customers affected: 1 account, 120 users (reported by the customer)
- Workflow impact: No invoice export, so 120 users cannot close the month
- Revenue at risk: Unknown
- SLA status: Unknown: no due time given

ISSUE DESCRIPTION
Since the update to 4.2.1 the invoice export ends with ERR_5031. Support
reproduced it on a test account. 120 users cannot close the month.

REPRODUCTION STEPS
1. Sign in to a test account on 4.2.1
2. Open Invoices and choose Export
Expected: A file is downloaded
Actual: Export ends with ERR_5031
Environment: 4.2.1; browser unknown
Missing: Which browser and role? (customer)

WHAT'S BEEN TRIED
1. Export month by month → did not help

CUSTOMER COMMUNICATION
- Last update: 2025-03-24: reproduced on our test account
- Customer expectation: A fix by 26 March
- Escalation risk: Announced: says they will leave
- Customer timeline: Customer timeline as the ticket gives it

WHAT'S NEEDED
- Investigate ERR_5031 in the invoice export of 4.2.1 and name the cause
- Deadline: 2025-03-24 17:00 UTC

SUPPORTING CONTEXT
- HD-4711
- Logs or errors: Logs or errors as the ticket gives it
────────────────────────────────────────────────────────────────────────────────

Findings
  - (advice) Vague step, REPRODUCTION STEPS: "Open Invoices and choose Export"
    Expected: where the button is

Next steps
  1. Support: Tell the customer who works on it — by Mon 2025-03-24 13:30 UTC

The brief also asks
  - Customer: which browser?

First message to the customer
  | Hello Jana,
  | we can reproduce the fault and Engineering looks at it now.
  |
  | Ola

Made by offline; policy 1; version 0.1.0; 0 model calls
"""

REST = """\
Claimed, but does not count
  - Reported, not confirmed: churn threat
    "If this is not fixed by 26 March we will leave" — customer, Mon 2025-03-24 08:05 UTC
    Because: the account's value is unknown
  - Disputed: data loss
    "data loss" — customer, Mon 2025-03-24 08:05 UTC
    Because: cut out of its denial: “We do not see any data loss”
  - Not in the ticket: customers affected: 12
    "12 tenants are down"
    Because: the quote does not stand in the ticket

! Warnings
! No model read this ticket: the facts were found by word rules.

What the ticket says
  - problem: Invoice export fails (customer, Mon 2025-03-24 08:05 UTC)
  - bug confirmed (support, Mon 2025-03-24 09:10 UTC)
  - major function broken (customer, Mon 2025-03-24 08:05 UTC)
  - work blocked (customer, Mon 2025-03-24 08:05 UTC)
  - secret in ticket (support, Mon 2025-03-24 09:10 UTC)
  - workaround: tried failed (support, Mon 2025-03-24 09:10 UTC)
  - users affected: 120 (customer, Mon 2025-03-24 08:05 UTC)
  - error code: ERR_5031 (customer, Mon 2025-03-24 08:05 UTC)
  - deadline wanted: 26 March (customer, Mon 2025-03-24 08:05 UTC)
  - tried: Export month by month → did not help (support, Mon 2025-03-24 09:10 UTC)
  - actual: Export ends with ERR_5031 (support, Mon 2025-03-24 09:10 UTC)

Next steps
  1. Support: Tell the customer who works on it — by Mon 2025-03-24 13:30 UTC

First message to the customer
  | Hello Jana,
  | we look into it.
  |
  | Ola

Made by offline; policy 1; version 0.1.0; 0 model calls
"""

HANDLED = (
    """\
Handle in support: no escalation
  Tier             L2
  Warnings         1, listed below

Why
  HND-9  Issue can be resolved at support level (handle)
    "the invoice export fails with “ERR_5031”" — customer, Mon 2025-03-24 08:05 UTC
    bug_suspected at tier L2 and the steps are not exhausted

What would change this
  - support confirms the bug → escalate to Engineering, High (TEC-5)

"""
    + REST
)

ASKED = (
    """\
Ask first: what decides is not known yet
  Tier             L1 (assumed: neither given nor in the ticket)
  Account          value unknown, so not treated as high-value
  Warnings         1, listed below

Why
  What would decide is claimed but not confirmed; the questions below settle it.

Ask
  1. Account team: What is the account's annual value?
     Why: a churn threat by a high-value account goes to Leadership

What would change this
  - the account is high-value → escalate to Leadership, High (BUS-1)

"""
    + REST
)


def test_text_of_an_escalation() -> None:
    assert render(make_escalation(), "text", width=80) == ESCALATED


def test_text_of_a_ticket_that_support_keeps() -> None:
    assert render(make_escalation("handle"), "text") == HANDLED


def test_text_of_a_ticket_that_needs_answers() -> None:
    assert render(make_escalation("needs_info"), "text") == ASKED


def test_leadership_as_co_target_is_named_with_its_reason_and_its_ask() -> None:
    text = render(make_escalation(leadership=True), "text")
    assert text.startswith("Escalate to Engineering (via L2 Support); Leadership informed — High\n")
    assert "\nLeadership is part of this because\n  - CPX-1: Issue is beyond support's ability to diagnose\n" in text
    assert "\nTarget: Engineering (via L2 Support); Leadership informed\n" in text
    assert "\n- Leadership: Decide who calls the customer\n" in text


def test_security_is_need_to_know_and_has_no_hop() -> None:
    text = render(make_escalation(owner="security"), "text")
    assert text.startswith("Escalate to Security — High\n")
    assert "Only Security gets the details." in text


def test_an_incomplete_brief_says_so_above_the_brief() -> None:
    for fmt, words in (
        ("text", "INCOMPLETE BRIEF"),
        ("markdown", "**Incomplete brief:**"),
        ("html", "Incomplete brief"),
    ):
        out = render(make_escalation(brief_status="incomplete"), fmt)  # type: ignore[arg-type]
        assert out.index(words) < out.index("ESCALATION: ")
        assert words not in render(make_escalation(), fmt)  # type: ignore[arg-type]


def test_times_are_shown_in_the_zone_of_the_support_calendar() -> None:
    context = Context(calendar=Calendar(timezone="Europe/Berlin"))
    assert "Acknowledge by   Mon 2025-03-24 18:00 CET\n" in render(make_escalation(context=context), "text")
    unknown = Context(calendar=Calendar(timezone="Nowhere/Nothing"))
    assert "Acknowledge by   Mon 2025-03-24 17:00 UTC\n" in render(make_escalation(context=unknown), "text")


def test_a_format_that_does_not_exist_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"^format 'pdf': expected text, markdown, json or html; choose one of them$"):
        render(make_escalation(), "pdf")  # type: ignore[arg-type]
    result = make_escalation()
    with pytest.raises(BadInput, match="format 'html'"):
        render_decision(result.decision, result.facts, "html")  # type: ignore[arg-type]


# --- the brief alone ---


def test_each_target_line_stands_in_its_section() -> None:
    result = make_escalation()
    shown = outline(make_brief(every_label=True), result.decision, result.ticket, result.context, NOW)
    found = {line.label: section.title for section in shown.sections for line in section.lines if line.label in LABELS}
    assert found == {label: section_of(label) for label in LABELS}


def test_sections_stand_in_the_seed_s_order() -> None:
    result = make_escalation()
    text = render_brief(make_brief(), result.decision, result.ticket, result.context, NOW, "text")
    titles = re.findall(r"^[A-Z][A-Z' ]+$", text, re.MULTILINE)
    assert titles == [
        "IMPACT",
        "ISSUE DESCRIPTION",
        "REPRODUCTION STEPS",
        "WHAT'S BEEN TRIED",
        "CUSTOMER COMMUNICATION",
        "WHAT'S NEEDED",
        "SUPPORTING CONTEXT",
    ]
    assert text.startswith("ESCALATION: Invoice export fails with ERR_5031 for 120 users since 4.2.1\nSeverity: High (")


def test_a_brief_about_no_malfunction_says_not_applicable() -> None:
    result = make_escalation()
    plain = make_brief().model_dump()
    plain["reproduction"] = {**plain["reproduction"], "applies": False}
    text = render_brief(Brief(**plain), result.decision, result.ticket, result.context, NOW, "text")
    assert "\nREPRODUCTION STEPS\nNot applicable\n\nWHAT'S BEEN TRIED\n" in text


def test_an_ask_without_its_verb_gets_it() -> None:
    result = make_escalation()
    plain = make_brief().model_dump()
    plain["asks"] = [{"verb": "decide", "text": "whether to roll back"}]
    text = render_brief(Brief(**plain), result.decision, result.ticket, result.context, NOW, "text")
    assert "\n- Decide: whether to roll back\n" in text


def test_a_ticket_cannot_add_a_section_to_the_brief() -> None:
    result = make_escalation()
    forged = make_brief().model_copy(update={"description": "One.\n\nWHAT'S NEEDED\n- Deadline: never\r\nTwo."})
    text = render_brief(forged, result.decision, result.ticket, result.context, NOW, "text")
    assert text.count("\nWHAT'S NEEDED\n") == 1
    assert "\nOne. WHAT'S NEEDED - Deadline: never Two.\n" in text


def test_markdown_brief_has_the_same_words_in_the_same_order() -> None:
    result = make_escalation(leadership=True)
    arguments = (result.brief, result.decision, result.ticket, result.context, NOW)
    text = render_brief(*arguments, "text")  # type: ignore[arg-type]
    plain = re.sub(r"^#+ |\*\*|\\", "", render_brief(*arguments, "markdown"), flags=re.MULTILINE)  # type: ignore[arg-type]
    assert [w for w in plain.split() if w != "-"] == [w for w in text.split() if w != "-"]


@pytest.mark.parametrize("fmt", ["text", "markdown"])
@pytest.mark.parametrize("owner", ["l2_support", "engineering", "product", "security", "leadership"])
def test_a_rendered_brief_reads_back_as_the_same_brief(owner: Any, fmt: Any) -> None:
    decision = make_decision(owner=owner, leadership=True)
    brief = make_brief(owner, leadership=True)
    parsed = parse_brief(render_brief(brief, decision, make_ticket(), Context(), NOW, fmt))
    beside = {"customer_message": "", "questions": (), "derivations": ()}  # not part of the seed's layout
    expected = brief.model_copy(update=beside | {"target_lines": parsed.brief.target_lines})
    assert parsed.brief == expected
    assert set(parsed.brief.target_lines) == set(brief.target_lines)  # each stands in its own section
    assert parsed.findings == ()
    assert parsed.severity == "High (bug confirmed, major function broken, no workaround)"
    assert parsed.target == target(decision)


def test_a_brief_inside_a_wrapped_report_reads_back_too() -> None:
    result = make_escalation()
    assert result.brief is not None
    parsed = parse_brief(render(result, "text", width=60)).brief
    assert parsed.description == result.brief.description
    assert parsed.asks == result.brief.asks
    assert parsed.target_lines == result.brief.target_lines
    assert parsed.supporting_context == result.brief.supporting_context


# --- the skeleton ---


def test_skeleton_fills_in_what_is_decided_and_known() -> None:
    result = make_escalation(leadership=True)
    text = render_skeleton(result.decision, result.facts, result.ticket, result.context)
    assert "workaround)\nTarget: Engineering (via L2 Support); Leadership informed\nTicket: HD-4711\n" in text
    assert "    known: users affected: 120: “120 users” (customer, Mon 2025-03-24 08:05 UTC)]\n" in text
    assert "(customer, Mon 2025-03-24 08:05 UTC; reported, not confirmed)]" in text
    assert "after Mon 2025-03-24 09:30 UTC, not after Mon 2025-03-24 17:00 UTC]" in text
    assert "[3 to 5 sentences" in text
    assert "\n- Customer timeline: [" in text
    assert "\n- Logs or errors: [" in text
    assert "\n- Leadership: [" in text
    assert "1. (account team) What is the account's annual value?" in text
    assert "cut out of its denial" not in text
    assert "12 tenants" not in text


@pytest.mark.parametrize("owner", ["l2_support", "engineering", "product", "security", "leadership"])
def test_skeleton_has_every_section_and_what_its_target_needs(owner: Any) -> None:
    result = make_escalation(owner=owner)
    text = render_skeleton(result.decision, result.facts, result.ticket, result.context)
    brief = render_brief(make_brief(owner), result.decision, result.ticket, result.context, NOW, "text")
    labels = [line.split(":")[0] for line in brief.splitlines() if re.match(r"- [A-Z][a-zA-Z ]+:|[A-Z]+:", line)]
    assert [label for label in labels if f"\n{label}:" not in text] == []
    for title in re.findall(r"^[A-Z][A-Z' ]+$", brief, re.MULTILINE):
        assert f"\n{title}\n" in text


def grounded_skeleton(text: str, owner: Owner = "l2_support", **lists: Any) -> str:
    """The outline for facts that were really grounded: what the rules make of them does not matter here."""
    ticket = read_ticket(text)
    empty = dict.fromkeys(FactsReport.model_fields, ()) | {"language": "en", "understandable": True}
    facts = ground(ticket, FactsReport.model_validate(empty | lists))
    return render_skeleton(make_decision(owner=owner), facts, ticket, Context())


THIN = """Ticket: HD-7
Opened: 2026-03-02

[2026-03-02T09:00:00Z] Customer:
On Android the export stops. On iOS it runs fine. We use app 4.2 in production. Restarting did not help.

[2026-03-02T10:00:00Z] Other:
Same here, says Varun.

[2026-03-02T11:00:00Z] Support:
Jo from our team looks at the log worker.log.
"""


def test_a_passage_is_printed_once_in_a_line_and_without_a_value_that_repeats_it() -> None:
    quote = "On Android the export stops"
    text = grounded_skeleton(
        THIN,
        issues=[{"issue": 1, "title": "Export stops", "kind": "problem", "answered": False, "quote": quote}],
        signals=[{"signal": "bug_suspected", "issue": 1, "state": "stated", "asserted_by": "customer", "quote": quote}],
        measures=[{"kind": "environment", "value": "app 4.2", "asserted_by": "customer", "quote": "app 4.2"}],
        reproduction=[
            {"part": "environment", "text": "app 4.2", "quote": "app 4.2"},
            {"part": "actual", "text": quote, "quote": quote},
        ],
        references=[{"kind": "ticket", "value": "HD-7", "quote": "HD-7"}],
    )
    said = "(customer, Mon 2026-03-02 09:00 UTC)"
    description = text[text.index("ISSUE DESCRIPTION") : text.index("REPRODUCTION")]
    assert f"    known: problem: Export stops; bug suspected: “{quote}” {said}]" in description
    assert description.count(quote) == 1
    assert f"    known: actual: “{quote}” {said}]" in text
    assert text.count("app 4.2") == 1, "under Environment, not also under the customer's context"
    assert f"how often\n    known: environment: “app 4.2” {said}]" in text
    assert text.count("HD-7") == 2, "in the header and as the ticket"


def test_staff_are_not_the_customers_context_and_a_stranger_is_not_the_customer() -> None:
    people = [
        {"name": "Varun", "role": "", "side": "customer", "quote": "says Varun"},
        {"name": "Jo", "role": "", "side": "vendor", "quote": "Jo from our team"},
    ]
    text = grounded_skeleton(THIN, people=people)
    unclear = "in the message of somebody whose side is not known, Mon 2026-03-02 10:00 UTC"
    context = text[text.index("- Customer context:") : text.index("ISSUE DESCRIPTION")]
    assert context.endswith(f"    known: person on the customer's side: Varun: “says Varun” ({unclear})]\n\n")
    supporting = text[text.index("SUPPORTING CONTEXT") :]
    assert "known: person on the vendor's side: Jo: “Jo from our team” (support, " in supporting


def test_what_was_ruled_out_and_the_evidence_have_a_place() -> None:
    parts = [
        {"part": "ruled_out", "text": "On iOS it runs fine", "quote": "On iOS it runs fine"},
        {"part": "ruled_out", "text": "Restarting did not help", "quote": "Restarting did not help"},
        {"part": "evidence", "text": "worker.log", "quote": "the log worker.log"},
    ]
    tried = {"action": "Restarting", "result": "did not help", "asserted_by": "customer"}
    text = grounded_skeleton(THIN, reproduction=parts, attempts=[tried | {"quote": "Restarting did not help"}])
    section = text[text.index("WHAT'S BEEN TRIED") : text.index("CUSTOMER COMMUNICATION")]
    assert "    known: tried: “Restarting did not help” (customer" in section
    assert "\n2. [" in section
    assert "    known: ruled out: “On iOS it runs fine” (customer" in section
    assert section.count("did not help") == 1, "what was tried is not ruled out a second time"
    assert "known: evidence: worker.log: “the log worker.log”" in text[text.index("SUPPORTING CONTEXT") :]
    engineers = grounded_skeleton(THIN, "engineering", reproduction=parts)
    assert engineers.count("the log worker.log") == 1, "there it is in the line for logs"


def test_an_outline_of_a_thin_ticket_contradicts_neither_itself_nor_the_guide() -> None:
    text = grounded_skeleton(THIN)
    assert "put a question beside the brief" not in text
    assert "else write none" not in text
    assert 'Escalation risk: [Low, medium or high, and the words that show it; "Low" where' in text
    assert "low, medium or high, and the words that show it" in (ROOT / "references/writing.md").read_text()
    assert "write more, fewer or others" in text
    for unknown in ("REPRODUCTION STEPS\nUnknown\n", "WHAT'S BEEN TRIED\nUnknown\n"):
        title = unknown.split("\n")[0]
        start = text.index(title)
        text = text[:start] + unknown + text[text.index("]\n", start) + 2 :]
    brief = parse_brief(text).brief
    assert brief.reproduction.steps == ()
    assert brief.tried == (Tried(action="Unknown", result="Unknown"),)


def test_a_skeleton_reads_as_a_brief_whose_lines_are_all_there() -> None:
    result = make_escalation(leadership=True)
    parsed = parse_brief(render_skeleton(result.decision, result.facts, result.ticket, result.context))
    assert [finding.code for finding in parsed.findings] == ["ask_verb", "derivation_layout"]  # still in brackets
    assert [line.label for line in parsed.brief.target_lines] == ["Customer timeline", "Logs or errors"]
    empty = {name for name, value in parsed.brief.model_dump().items() if value in ("", (), [])}
    assert empty == {"derivations"}


def test_skeleton_without_an_escalation_is_the_decision() -> None:
    decision, ticket = make_decision("handle"), make_ticket()
    text = render_skeleton(decision, make_facts(ticket), ticket, Context())
    assert text.startswith("Handle in support: no escalation\n")


def test_what_takes_a_claim_back_is_not_shown_as_taken_back() -> None:
    quote = {"asserted_by": "customer", "issue": 1, "signal": "bug_suspected"}
    signals = [
        quote | {"state": "stated", "quote": "the export stops"},
        quote | {"state": "withdrawn", "quote": "Restarting did not help"},
    ]
    empty = dict.fromkeys(FactsReport.model_fields, ()) | {"language": "en", "understandable": True}
    facts = ground(read_ticket(THIN), FactsReport.model_validate(empty | {"signals": signals}))
    page = render_decision(make_decision("handle"), facts, "text")
    assert '  - Withdrawn: bug suspected\n    "the export stops"' in page
    assert '  - Takes back: bug suspected\n    "Restarting did not help"' in page


def test_decision_alone() -> None:
    result = make_escalation()
    text = render_decision(result.decision, result.facts, "text")
    assert text.startswith("Escalate to Engineering (via L2 Support) — High\n")
    assert "Warnings" not in text
    assert render_decision(result.decision, result.facts, "markdown").startswith("# Escalate to Engineering ")
    assert json.loads(render_decision(result.decision, result.facts, "json"))["deciding_rule"] == "TEC-5"


# --- JSON ---


def test_json_is_the_whole_result() -> None:
    result = make_escalation()
    assert Escalation.model_validate_json(render(result, "json")) == result


@given(st.text(st.characters(codec="utf-8")))
def test_json_escapes_keep_the_value_and_hide_nothing(text: str) -> None:
    out = json_text(json.dumps([text], ensure_ascii=False))
    assert json.loads(out) == [text]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e0fff]", out)


# --- hostile text ---

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> [click](javascript:alert(3)) ![x](http://evil.example/p) "
    "](http://evil.example) | table | `code` @everyone &lt;b&gt; <!-- hidden --> www.evil.example https://evil.example "
    "\x1b[31mred\x1b[0m \x9b2J\x07 \u202egpj.exe\u202c \u200bzero \U000e0041tag \ud7ff "
    "\n# heading\n| a | b |\n|---|---|\n```\nfence\n```\n<div onclick=x>\n===\n1. one\n> quote\n"
)


def hostile() -> Escalation:
    """A result in which every field that text can reach holds the hostile text."""
    ticket = make_ticket(HOSTILE * 2)
    everywhere = HOSTILE.strip()

    def soil(value: Any) -> Any:
        if isinstance(value, str):
            return everywhere
        if isinstance(value, tuple | list):
            return [soil(item) for item in value]
        return value

    brief = make_brief(every_label=True, leadership=True).model_dump()
    for name, value in brief.items():
        if isinstance(value, str):
            brief[name] = everywhere
    brief["reproduction"] = {k: soil(v) for k, v in brief["reproduction"].items()}
    brief["tried"] = [{"action": everywhere, "result": everywhere}]
    brief["asks"] = [{"verb": "fix", "text": everywhere}]
    brief["supporting_context"] = brief["leadership_asks"] = brief["questions"] = [everywhere]
    brief["target_lines"] = [line | {"text": everywhere} for line in brief["target_lines"]]
    signal = make_claim(ticket, "signal", "bug_confirmed", everywhere)
    facts = Facts(
        ticket_sha256=ticket.sha256,
        signals=(signal, make_claim(ticket, "signal", "data_loss", "red", 2, status="disputed", reason=everywhere)),
        measures=(make_claim(ticket, "measure", "error_message", "code", value=everywhere),),
        people=(make_claim(ticket, "person", "person", "evil", subject=everywhere, value=everywhere),),
        attempts=(make_claim(ticket, "attempt", "attempt", "quote", subject=everywhere, value=everywhere),),
        removed=(make_claim(ticket, "signal", "pr_risk", "nowhere " + everywhere, 3, reason=everywhere),),
        instructions=(Instruction(start=0, end=40, text=everywhere, found_by="model", why=everywhere),),
    )
    decision = make_decision(leadership=True).model_copy(update={"notes": (everywhere,), "deadline_basis": everywhere})
    rules = tuple(
        rule.model_copy(update={"because": everywhere, "claims": ("signal-1",), "quotes": (everywhere,)})
        for rule in decision.rules
    )
    questions = tuple(q.model_copy(update={"text": everywhere, "why": everywhere}) for q in decision.questions)
    change = tuple(c.model_copy(update={"fact": everywhere, "then": everywhere}) for c in decision.would_change)
    return make_escalation(
        ticket=ticket.model_copy(update={"id": everywhere, "subject": everywhere, "reporter": everywhere}),
        facts=facts,
        decision=decision.model_copy(update={"rules": rules, "questions": questions, "would_change": change}),
        brief=Brief(**brief),
        warnings=(everywhere,),
        customer_message=everywhere,
        model=everywhere,
    )


CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_control_or_bidi_character_survives(fmt: Any) -> None:
    assert CONTROLS.findall(render(hostile(), fmt)) == []


def test_no_control_character_survives_in_brief_decision_and_skeleton() -> None:
    result = hostile()
    assert result.brief is not None
    for fmt in ("text", "markdown"):
        brief = render_brief(result.brief, result.decision, result.ticket, result.context, NOW, fmt)  # type: ignore[arg-type]
        decision = render_decision(result.decision, result.facts, fmt)  # type: ignore[arg-type]
        assert CONTROLS.findall(brief + decision) == []
    skeleton = render_skeleton(result.decision, result.facts, result.ticket, result.context)
    assert CONTROLS.findall(skeleton) == []
    assert re.search(r"^# heading", skeleton, re.MULTILINE) is None


def test_text_shows_what_it_took_out_and_colours_only_its_own_labels() -> None:
    plain = render(hostile(), "text")
    assert "\\x1b[31mred\\x1b[0m \\x9b2J\\x07 \\u202egpj.exe\\u202c \\u200bzero \\U000e0041tag" in plain
    coloured = render(hostile(), "text", colour=True)
    codes = set(re.findall(r"\x1b\[[0-9;]*m", coloured))
    assert codes == {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[1;33m"}
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    for painted in re.findall(r"\x1b\[[1-9;]+m(.*?)\x1b\[0m", coloured):
        assert "evil" not in painted


class Page(HTMLParser):
    """Every tag with its attributes, the text by element id, and the text of the ticket with its marks."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.stack: list[dict[str, str | None]] = []
        self.ticket = ""
        self.marks: list[tuple[int, int, str]] = []
        self.ends: dict[str, int] = {}
        self.starts: dict[str, int] = {}
        self.inside = 0
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag in {"meta", "br"}:
            return
        self.stack.append({"tag": tag, **values})
        if any(str(at.get("class", "")).startswith("message") for at in self.stack) and self.stack[-2]["tag"] == "div":
            self.inside = self.inside or (len(self.stack) if tag == "div" else 0)
        if self.inside:
            if str(values.get("id", "")).startswith("e-"):
                self.starts[str(values["id"])] = len(self.ticket)
            if values.get("class") == "n":
                self.ends[f"e-{values['data-n']}"] = len(self.ticket)
            if tag == "mark":
                self.marks.append((len(self.ticket), len(self.ticket), str(values["class"])))

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == "mark":
            start, _, look = self.marks.pop()
            self.marks.append((start, len(self.ticket), look))
        if self.inside == len(self.stack):
            self.inside = 0
        assert self.stack.pop()["tag"] == tag

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.ticket += data


def test_html_has_only_our_elements_and_no_way_out() -> None:
    page = Page(render(hostile(), "html"))
    assert page.stack == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "form", "object", "svg", "base", "link", "b"}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in {"src", "style", "srcdoc"} for name in attributes)
        assert str(attributes.get("href", "#")).startswith("#")


@pytest.mark.parametrize("result", [make_escalation(leadership=True), make_escalation("handle"), hostile()])
def test_html_anchors_are_unique_and_every_link_arrives(result: Escalation) -> None:
    page = Page(render(result, "html"))
    assert len(page.ids) == len(set(page.ids))
    targets = {str(attributes["href"])[1:] for tag, attributes in page.tags if tag == "a"}
    assert targets - set(page.ids) == set()


def test_html_policy_allows_nothing_but_its_own_style() -> None:
    import base64

    source = render(make_escalation(), "html")
    style = source.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert f'content="{policy}"' in source
    assert "url(" not in style
    assert "@import" not in style


def test_markdown_has_no_link_image_html_or_foreign_structure() -> None:
    source = render(hostile(), "markdown")
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    blocks = parser.parse(source)
    kinds = {token.type for token in blocks} | {child.type for block in blocks for child in block.children or ()}
    assert kinds <= {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "softbreak"),
        *("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close", "hr", "hardbreak"),
        *("list_item_open", "list_item_close", "strong_open", "strong_close", "em_open", "em_close"),
        *("code_inline", "blockquote_open", "blockquote_close"),
    }
    own = render(make_escalation(leadership=True), "markdown")
    headings = [t.tag for t in parser.parse(own) if t.type == "heading_open"]
    assert [t.tag for t in blocks if t.type == "heading_open"] == headings
    shown = "".join(c.content for t in blocks for c in t.children or () if c.type == "text")
    assert "@" not in shown
    assert "://" not in shown
    assert "www." not in shown


@given(st.text(st.sampled_from("ab1 \\`*_[]()<>#+-=.!|~&;@:/\n\t\r😀é\u202e\x1b"), max_size=60))
def test_markdown_renders_as_the_text_itself(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse("- " + markdown_line(text))
    inline = [token for token in tokens if token.type == "inline"]
    assert [t.type for t in tokens if t.type.endswith("_open")] in (
        ["bullet_list_open", "list_item_open", "paragraph_open"],
        ["bullet_list_open", "list_item_open"],
    )
    children = [child for token in inline for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "code_inline"}
    assert "".join(child.content for child in children) == one_line(text).strip()


@given(st.text(), st.integers(20, 120), st.integers(0, 6))
def test_wrapping_loses_no_word(text: str, width: int, hang: int) -> None:
    wrapped = wrap(text, "- Label: ", hang, width=width)
    assert wrapped.split() == ("- Label: " + one_line(text)).split()
    for line in wrapped.splitlines()[1:]:
        assert line.startswith(" " * hang)


def test_wrapping_counts_columns_and_starts_no_line_like_a_list() -> None:
    assert columns("漢字e\u0301") == 5
    assert wrap("漢字 漢字 漢字", width=9) == "漢字 漢字\n  漢字"
    assert wrap("aaaa - bbbb 1. cccc", hang=0, width=5) == "aaaa -\nbbbb 1.\ncccc"


def test_joiners_stay_where_scripts_need_them_and_show_elsewhere() -> None:
    assert visible("می‌خواهم 👨‍👩‍👧 ❤️") == "می‌خواهم 👨‍👩‍👧 ❤️"
    assert visible("a\u200cb\u200d") == "a\\u200cb\\u200d"
    assert visible("a\r\nb\rc\td") == "a\nb\\x0dc\td"


@pytest.mark.parametrize("fmt", FORMATS)
def test_two_megabytes_within_a_second(fmt: Any) -> None:
    text = (HOSTILE * (2_000_000 // len(HOSTILE) + 1))[:2_000_000]
    ticket = make_ticket(text)
    whole = make_claim(ticket, "signal", "bug_confirmed", text)
    facts = Facts(ticket_sha256=ticket.sha256, signals=(whole,))
    decision = make_decision().model_copy(update={"notes": (text[:200_000],)})
    result = make_escalation(ticket=ticket, facts=facts, decision=decision)
    render(make_escalation(), fmt)  # templates are compiled once in a process
    assert seconds(lambda: render(result, fmt), tries=3, enough=1.0) < 1.0


# --- evidence ---


def test_highlights_stand_on_exactly_the_quoted_code_points() -> None:
    result = make_escalation()
    page = Page(render(result, "html"))
    secret = next(claim.evidence for claim in result.facts.signals if claim.kind == "secret_in_ticket")
    assert secret is not None
    text = result.ticket.text
    masked = re.sub(r"\S", "•", text[secret.start : secret.end])
    assert page.ticket == text[: secret.start] + masked + text[secret.end :]
    for number, claim in enumerate(result.facts.claims(), 1):
        assert claim.evidence is not None
        assert page.starts[f"e-{number}"] == claim.evidence.start
        assert page.ends[f"e-{number}"] == claim.evidence.end
    marked = {place for start, end, _ in page.marks for place in range(start, end)}
    quoted = {place for c in result.facts.claims() if c.evidence for place in range(c.evidence.start, c.evidence.end)}
    assert marked == quoted


def test_a_disputed_quote_looks_doubtful_and_an_overlap_shows() -> None:
    result = make_escalation()
    looks = {result.ticket.text[start:end]: look for start, end, look in Page(render(result, "html")).marks}
    assert looks["data loss"] == "g-technical doubtful"
    assert looks["120 users"] == "g-technical several"
    assert looks[" cannot close the month"] == "g-technical"


@given(
    st.lists(st.tuples(st.integers(-3, 30), st.integers(-3, 30)), max_size=8),
    st.lists(st.tuples(st.integers(-3, 30), st.integers(-3, 30)), max_size=4),
)
def test_pieces_are_the_text_and_cover_each_quote(quotes: list[tuple[int, int]], spans: list[tuple[int, int]]) -> None:
    ticket = make_ticket("a😀b\n𝒳 cd𝒴e fgh ijk lmn")
    size = len(ticket.text)
    ticket = ticket.model_copy(update={"spans": tuple(Span(start=a, end=b, kind="quoted") for a, b in spans)})
    claim = make_claim(ticket, "signal", "bug_suspected", "b")
    claims = tuple(
        claim.model_copy(
            update={
                "id": f"signal-{n}",
                "evidence": Evidence(start=a, end=b, sentence_start=0, sentence_end=size, sentence=ticket.text),
            }
        )
        for n, (a, b) in enumerate(quotes)
    )
    cut = passages(ticket, Facts(ticket_sha256=ticket.sha256, signals=claims))
    pieces = [piece for passage in cut for piece in passage.pieces]
    assert "".join(piece.text for piece in pieces) == ticket.text
    covered: dict[str, set[int]] = {}
    place = 0
    for piece in pieces:
        for name in piece.claims:
            covered.setdefault(name, set()).update(range(place, place + len(piece.text)))
        place += len(piece.text)
    expected = {f"signal-{n}": set(range(max(a, 0), min(b, size))) for n, (a, b) in enumerate(quotes)}
    assert covered == {name: places for name, places in expected.items() if places}


def test_a_line_mentions_claims_it_shares_a_number_an_id_or_words_with() -> None:
    result = make_escalation()
    assert result.brief is not None
    shown = outline(result.brief, result.decision, result.ticket, result.context, NOW)
    found = mentions(shown, result.facts.claims())
    assert found["b-customers"] == ("signal-3", "measure-1")
    assert found["b-tried-1"] == ("attempt-1",)
    assert found["b-revenue"] == ()


@pytest.mark.parametrize("fmt", ["text", "markdown", "html"])
def test_a_secret_is_not_repeated(fmt: Any) -> None:
    assert "hunter2" not in render(make_escalation(), fmt)


# --- templates ---


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_same_result_gives_the_same_bytes(fmt: Any) -> None:
    assert render(make_escalation(), fmt) == render(make_escalation(), fmt)


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        prompts.load("render/known.txt.j2")


def test_templates_load_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts.environment.cache_clear()
    monkeypatch.chdir(tmp_path)
    assert prompts.load("render/known.txt.j2", known=("x",)) == "\n    known: x"


def test_digest_is_of_the_raw_bytes_in_order() -> None:
    folder = Path(prompts.__file__).parent
    first, second = "render/brief.txt.j2", "render/brief.md.j2"
    raw = (folder / first).read_bytes() + (folder / second).read_bytes()
    assert prompts.digest(first, second) == hashlib.sha256(raw).hexdigest()
    assert prompts.digest(second, first) != prompts.digest(first, second)
    with pytest.raises(ValueError, match="expected a path below prompts/"):
        prompts.digest("../pyproject.toml")


def test_others_with_the_same_are_named_and_what_is_another_thing_is_not() -> None:
    def similar(ticket: str, same: bool | None, **fields: Any) -> Similar:
        return Similar(ticket=ticket, account="Kestrel", title="x", reported=NOW, same=same, **fields)

    found = (
        similar("HD-1", True, confirmed_by="model", why="both stop at 60 %", escalation="ESC-3", state="open"),
        similar("HD-2", None, shared=("exp-2207",)),
        similar("HD-3", False, confirmed_by="model", why="another export"),
    )
    result = make_escalation().model_copy(update={"similar": found})
    for fmt in ("text", "markdown", "html"):
        shown = render(result, fmt)
        assert "Others with the same" in shown
        assert "HD-1" in shown
        assert "both stop at 60 %" in shown
        assert "Possible, confirm" in shown
        assert "exp-2207" in shown
        assert "HD-3" not in shown
    assert "Others with the same" not in render(make_escalation(), "text")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("takes back major_function_broken", "takes back major function broken"),
        (
            "The problem went away and cancels: service_down, work_blocked. Document it",
            "The problem went away and cancels: service down, work blocked. Document it",
        ),
        (
            "see https://bugs.example/data_loss and my_data_loss.log",
            "see https://bugs.example/data_loss and my_data_loss.log",
        ),
        ("regression and docs/no_progress.md", "regression and docs/no_progress.md"),
    ],
)
def test_signals_have_plain_names_where_people_read(text: str, said: str) -> None:
    assert plain(text) == said


def test_no_note_or_reason_shows_a_programs_name() -> None:
    result = make_escalation()
    told = result.model_copy(
        update={"decision": result.decision.model_copy(update={"notes": ("It cancels: service_down",)})}
    )
    for form in ("text", "markdown", "html"):
        assert "It cancels: service down" in " ".join(render(told, form).split())
