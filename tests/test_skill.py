"""The skill folder: what the specification asks, and references that say what the prompt says."""

import json
import re
from importlib import util
from pathlib import Path
from typing import Any, get_args

import pytest
from skills_ref import validate

from agent import ground, read_ticket
from agent.errors import BadInput
from agent.ledger.intake import Became
from schemas.context import Override
from schemas.decision import Cadence, Decision
from schemas.facts import Facts
from schemas.report import FactsReport
from tests.facts_factory import decided

ROOT = Path(__file__).parents[1]
SKILL = (ROOT / "SKILL.md").read_text(encoding="utf-8")
READING = " ".join((ROOT / "references/reading.md").read_text(encoding="utf-8").split())


def test_it_passes_the_specification(tmp_path: Path) -> None:
    link = tmp_path / "escalation"
    link.symlink_to(ROOT, target_is_directory=True)
    assert validate(link) == []


def test_frontmatter_and_length() -> None:
    front, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", SKILL, re.DOTALL).groups()  # type: ignore[union-attr]
    keys = re.findall(r"^([a-z-]+):", front, re.MULTILINE)
    assert set(keys) <= {"name", "description", "license", "allowed-tools", "metadata", "compatibility"}
    description = re.search(r"^description: (.*)$", front, re.MULTILINE)
    assert description is not None
    assert len(description.group(1)) <= 1024
    assert not re.search(r"[<>]|claude|anthropic", description.group(1), re.IGNORECASE)
    assert len(body.splitlines()) < 500
    assert len(body) / 3.6 < 5000


def test_links_exist_one_level_deep() -> None:
    links = re.findall(r"\]\((references/[a-z-]+\.md)\)", SKILL)
    assert len(set(links)) == 4
    for link in links:
        assert (ROOT / link).is_file()


def test_no_line_is_cut_by_a_runtime() -> None:
    """opencode's tool to read a file cuts a line after 2,000 characters (docs/runtimes.md)."""
    for path in (ROOT / "SKILL.md", *(ROOT / "references").glob("*.md")):
        assert max(len(line) for line in path.read_text(encoding="utf-8").splitlines()) < 2000, path.name


def test_the_references_need_nothing_outside_their_folder() -> None:
    """An installed skill has no docs, and by hand is worked where nothing else is left."""
    for path in (ROOT / "references").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert "docs/" not in text, path.name
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            assert (path.parent / link).is_file(), (path.name, link)
    assert "](policy.md)" in (ROOT / "references/by-hand.md").read_text(encoding="utf-8")


def test_references_are_fresh() -> None:
    spec = util.spec_from_file_location("references", ROOT / "scripts/references.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, text in module.pages().items():
        assert (ROOT / "references" / name).read_text(encoding="utf-8") == text


def test_its_verbs_exist() -> None:
    from agent.cli import LEDGER_VERBS, VERBS

    used = set(re.findall(r"scripts/escalation\.py ([a-z]+)", SKILL))
    assert used == {"check", "decide", "skeleton", "validate", "open"}
    assert used <= {*VERBS, *LEDGER_VERBS}


# What the page says of the program is so


def test_its_names_are_the_programs() -> None:
    named = set(re.findall(r"`([a-z_]+)(?:\[\])?`", SKILL))
    assert set(get_args(Became)) <= named
    assert {"tier_assumed", "would_change", "notes", "questions", "issues"} <= named & set(Decision.model_fields)
    assert {"acknowledge_by", "deadline", "cadence", "own_view", "deciding_rule"} <= named & set(Decision.model_fields)
    assert {"customer_due", "customer_overdue"} <= named & set(Cadence.model_fields)
    required = [name for name, field in Override.model_fields.items() if field.is_required()]
    assert set(required) <= named


def test_no_time_to_acknowledge_below_critical() -> None:
    assert decided("bug_confirmed@support").acknowledge_by is None
    assert decided("data_loss").acknowledge_by is not None


HEADER = re.search(r"`(\[\d{4}-[^`]+:)`", SKILL)
SAID = "they are getting impatient"


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").glob("*.txt")))
def test_what_the_user_says_becomes_a_message_of_its_own(name: str) -> None:
    assert HEADER is not None
    assert f'"{SAID}"' in SKILL
    text = (ROOT / "examples" / name).read_text(encoding="utf-8")
    before = read_ticket(text)
    staff = read_ticket(f"{text}\n\n{HEADER[1]}\n{SAID}\n")
    assert [m.speaker for m in staff.messages] == [*(m.speaker for m in before.messages), "support"]
    assert staff.messages[-1].author == "Ana Lima"
    assert staff.notes == before.notes
    customer = read_ticket(f"{text}\n\n{HEADER[1].replace('Support (Ana Lima)', 'Customer')}\n{SAID}\n")
    assert customer.messages[-1].speaker == "customer"


def test_words_under_a_header_of_another_form_open_no_message_and_that_is_noted() -> None:
    assert HEADER is not None
    chat = "Customer: it fails\n\nSupport: which version?\n\nCustomer: 4.2\n"
    ticket = read_ticket(f"{chat}\n{HEADER[1]}\n{SAID}\n")
    assert [m.speaker for m in ticket.messages] == ["customer", "support", "customer"]
    assert any("another style" in note for note in ticket.notes)


def test_to_an_export_nothing_can_be_appended() -> None:
    assert HEADER is not None
    fixtures = ROOT / "tests/fixtures/readers"
    added = f"\n\n{HEADER[1]}\n{SAID}\n".encode()
    with pytest.raises(BadInput):
        read_ticket((fixtures / "zendesk.json").read_bytes() + added, name="zendesk.json")
    mail = read_ticket((fixtures / "mail_forwarded.eml").read_bytes() + added, name="mail.eml")
    assert [message.speaker for message in mail.messages] == ["customer"], "there it would be the customer's word"


TICKET = """Ticket: HD-7
Subject: Export stops
Status: open
Plan: Enterprise
Opened: 2026-02-01

[2026-02-01T09:00:00Z] Customer:
The export stops at 4,096 rows.

[2026-02-03T09:40:00Z] Support:
Please send us the log.

[2026-02-04T10:00:00Z] Customer:
It was our own umlaut in the file. Solved.
"""


def grounded(**lists: Any) -> Facts:
    empty = dict.fromkeys(FactsReport.model_fields, ()) | {"language": "en", "understandable": True}
    return ground(read_ticket(TICKET), FactsReport.model_validate(empty | lists))


def measure(kind: str, quote: str, by: str, value: str = "") -> dict[str, str]:
    return {"kind": kind, "value": value or quote, "asserted_by": by, "quote": quote}


def test_what_the_reading_guide_says_of_lines_in_the_head() -> None:
    assert "(`Subject:`, `Environment:`, `Description:`) are `customer`" in READING
    facts = grounded(
        measures=[measure("product_area", "Export stops", "system"), measure("opened", "2026-02-01", "system")],
        accounts=[
            {
                "account": "reporter",
                "fact": "plan",
                "value": "Enterprise",
                "asserted_by": "system",
                "quote": "Plan: Enterprise",
            }
        ],
    )
    assert [claim.asserted_by for claim in facts.measures] == ["customer", "system"]
    assert facts.measures[0].reason.startswith("attributed to the customer")
    assert facts.accounts[0].status == "counts"


def test_what_the_reading_guide_says_of_quotes() -> None:
    assert "A quote may run over a line break, also from a message's header into its text" in READING
    over_the_line = "[2026-02-03T09:40:00Z] Support:\nPlease send us the log."
    dated = measure("last_customer_update", over_the_line, "support", "2026-02-03: Please send us the log")
    alone = measure("last_customer_update", "Please send us the log", "support")
    for entry in (dated, alone):
        (claim,) = grounded(measures=[entry]).measures
        assert claim.status == "counts"
        assert claim.evidence is not None
        assert str(claim.evidence.time) == "2026-02-03 09:40:00+00:00"
    without = dated | {"quote": "Please send us the log."}
    assert grounded(measures=[without]).measures == (), "a date in the value has to stand in the quote"


def test_what_the_reading_guide_says_of_answered_and_solved() -> None:
    assert "on the only issue it changes nothing" in READING
    fault, wish = "major_function_broken", "feature_gap"
    alone = {"answered_issues": (1,)}
    assert decided(fault, **alone).model_dump() == decided(fault).model_dump()  # type: ignore[arg-type]
    solved = decided("bug_suspected", "resolved_itself")
    assert (solved.outcome, solved.deciding_rule) == ("handle", None)
    subject = decided("bug_suspected", f"{wish}#2", answered_issues=(1,))  # type: ignore[arg-type]
    assert (subject.outcome, subject.deciding_rule) == ("handle", "HND-8")
    assert json.loads(subject.model_dump_json())["issues"][1]["rules"] == ["HND-8"]
