"""The ledger through the tools: the life of an escalation, who may do what, and answers against their schemas."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.tools.answers import answer
from agent.tools.bounds import LIMIT
from agent.tools.catalogue import catalogue
from agent.tools.desk import Caller, Desk
from schemas.context import Context
from tests.host_model import as_declared, brief_of, report_of

ROOT = Path(__file__).parents[1]
TICKET = (ROOT / "examples/engineering-export-fails.txt").read_text(encoding="utf-8")
CRITICAL = (ROOT / "examples/critical-portal-down.txt").read_text(encoding="utf-8")
TOOLS = {tool.name: tool for tool in catalogue()}
DUTIES = {"team_notified": True, "ticket_updated": True, "customer_informed": True, "learned": "ask for the log first"}


class Host:
    """Calls tools as a host does; each answer is held against its schema."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.desk = Desk(ledger=str(ledger))

    def __call__(self, name: str, **arguments: Any) -> dict[str, Any]:
        made = answer(TOOLS[name], self.desk, arguments, Caller("claude-code via mcp"))
        assert made.value is not None, made.text
        assert len(made.text) <= LIMIT
        as_declared(made.value, TOOLS[name].output_schema)
        return made.value

    def refused(self, name: str, **arguments: Any) -> str:
        made = answer(TOOLS[name], self.desk, arguments, Caller("claude-code via mcp"))
        assert made.failed, made.text
        assert "\n" not in made.text
        return made.text

    def decided(self, ticket: str = TICKET, **more: Any) -> tuple[str, dict[str, Any]]:
        """A decided case."""
        case = self("check_facts", ticket=ticket, report=report_of(ticket).model_dump(mode="json"))["case"]
        return case, self("decide", case=case, **more)["decision"]

    def opened(self, ticket: str = TICKET, **more: Any) -> dict[str, Any]:
        """An open escalation."""
        case, decision = self.decided(ticket, **more)
        brief = brief_of(ticket, decision, Context.model_validate(more.get("context", {})))
        assert self("validate_brief", case=case, brief=brief)["valid"]
        return self("open_escalation", case=case, by="Ana Lima")

    def event(self, number: int = -1) -> dict[str, Any]:
        """An event as it was written."""
        event = self.desk.open_ledger().events("ESC-1")[number]
        plain: dict[str, Any] = event.model_dump(mode="json")
        return plain


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "data" / "ledger.db")


@pytest.fixture
def opened(host: Host) -> Host:
    host.opened()
    return host


# Before there is one


def test_looking_makes_no_ledger(host: Host) -> None:
    for name, rows in (("due", "due"), ("list_escalations", "escalations")):
        empty = host(name)
        assert (empty[rows], empty["total"]) == ([], 0)
        assert "no ledger yet" in empty["note"]
    assert "no ledger yet" in host.refused("show_escalation", id="ESC-1")
    case, _ = host.decided()
    assert host("find_similar", case=case)["similar"] == []
    assert not host.ledger.exists()
    host("open_escalation", case=case)
    assert host.ledger.exists()


def test_without_a_ledger_none_is_looked_into(opened: Host) -> None:
    alone = Desk(ledger=str(opened.ledger), keeps_ledger=False)
    case = answer(TOOLS["check_facts"], alone, {"ticket": TICKET, "report": report_of(TICKET).model_dump(mode="json")})
    assert case.value is not None
    made = answer(TOOLS["decide"], alone, {"case": case.value["case"]})
    assert made.value is not None
    assert "open_escalation" not in made.value["next"]
    assert alone.memory() is None


# Opening


def test_a_case_is_opened_once(host: Host) -> None:
    case, decision = host.decided()
    drafted = host("open_escalation", case=case, by="Ana Lima")
    assert (drafted["became"], drafted["state"]) == ("drafted", "draft")
    assert drafted["notes"]
    assert "not with the team yet" in drafted["next"]
    assert host("validate_brief", case=case, brief=brief_of(TICKET, decision))["valid"]
    made = host("open_escalation", case=case, by="Ana Lima")
    assert (made["became"], made["id"], made["state"]) == ("opened", "ESC-1", "open")
    assert made["due"][0]["who"]
    again = host("open_escalation", case=case, by="Ana Lima")
    assert (again["became"], again["id"], again["version"]) == ("noted", "ESC-1", made["version"])
    written = host.event(1)
    assert (written["by"], written["through"]) == ("Ana Lima", "claude-code via mcp")


def test_a_run_of_the_server_is_recorded_as_its_own(host: Host) -> None:
    ran = host("run_ticket", ticket=TICKET, backend="offline")
    host("open_escalation", case=ran["case"], by="Ana Lima")
    ledger = host.desk.open_ledger()
    assert ledger.result(ledger.record("ESC-1"))["provenance"]["backend"] == "offline"
    assert host("validate_brief", case=ran["case"], brief=ran["brief"])["valid"]
    host("open_escalation", case=ran["case"], by="Ana Lima")
    assert ledger.result(ledger.record("ESC-1"))["provenance"]["backend"] in ("offline", "host")


def test_the_open_escalation_counts_in_the_next_decision(opened: Host) -> None:
    case, decision = opened.decided()
    assert opened("find_similar", case=case)["open_escalation"]["id"] == "ESC-1"
    assert any("ESC-1" in note for note in decision["notes"])


def test_nothing_to_escalate_is_noted_only(host: Host) -> None:
    case, _ = host.decided((ROOT / "examples/handle-single-sign-on.txt").read_text(encoding="utf-8"))
    made = host("open_escalation", case=case)
    assert (made["became"], made["id"]) == ("reported", None)


def test_a_zone_that_does_not_exist_is_told_by_the_field(host: Host) -> None:
    case, _ = host.decided()
    assert host.refused("open_escalation", case=case, customer_zone="Mars") == (
        "customer_zone 'Mars': expected an IANA name such as 'Asia/Tokyo'"
    )


# Its life


def test_a_life_through_the_tools(opened: Host) -> None:
    assert opened("record_step", id="ESC-1", step="acknowledge", by="Jo Park")["state"] == "acknowledged"
    assert opened.event()["team"] == "l2_support", "the team that has it acknowledges"
    made = opened(
        "log_update",
        id="ESC-1",
        to="customer",
        text="We are on it.",
        promise="a call",
        promise_due=(datetime.now(UTC) + timedelta(days=1)).isoformat(),
        by="Ana Lima",
    )
    shown = opened("show_escalation", id="esc-1", timeline=True, why_due=True)
    assert shown["record"]["promises"][0]["event"] == made["version"]
    assert "Jo Park" in shown["timeline"]
    assert all(timer["lines"] for timer in shown["timers"])
    opened("log_update", id="ESC-1", to="customer", text="Called.", keeps=made["version"], by="Ana Lima")
    opened("log_update", id="ESC-1", to="internal", text="Fixed in 8.4.2.", answers=True, by="Jo Park")
    opened("record_step", id="ESC-1", step="pause", why="asked for the log")
    assert opened("show_escalation", id="ESC-1")["timeline"] is None
    opened("record_step", id="ESC-1", step="resume")
    note = opened("record_step", id="ESC-1", step="hand_over", to="Ravi Iyer", note="mind the call")["note"]
    assert "mind the call" in note
    opened("record_step", id="ESC-1", step="acknowledge", by="Ravi Iyer", team="support")
    opened("record_step", id="ESC-1", step="monitor", text="8.4.2 is live")
    opened("record_step", id="ESC-1", step="resolve", resolution="8.4.2", root_cause="a lock never freed")
    closed = opened("record_person_decision", id="ESC-1", kind="close", by="Ana Lima", why="all told", **DUTIES)
    assert closed["state"] == "closed"
    assert opened("list_escalations")["total"] == 0
    assert opened("list_escalations", state=["closed"])["total"] == 1
    assert {event.through for event in opened.desk.open_ledger().events("ESC-1")} == {"claude-code via mcp"}
    from agent.cli import verb_parser
    from agent.commands.ledger import run as check

    parser, _ = verb_parser("ledger")
    assert check(parser.parse_args(["check", "--ledger", str(opened.ledger), "--format", "json"])) == 0


def test_what_is_missing_is_named_and_nothing_is_written(opened: Host) -> None:
    version = opened("show_escalation", id="ESC-1")["record"]["version"]
    assert opened.refused("record_step", id="ESC-1", step="chase") == "chase needs whom: add it"
    assert opened.refused("record_step", id="ESC-1", step="chase", whom="x", text="y") == (
        "chase does not take text: leave it out; it takes whom, ladder_step"
    )
    assert "it takes nothing of its own" in opened.refused("record_step", id="ESC-1", step="resume", text="x")
    assert "way_on" in opened.refused("record_step", id="ESC-1", step="reject", reason="wrong_team", why="theirs")
    assert opened.refused("record_step", id="ESC-1", step="pause").endswith("say what the customer is to do, with why")
    assert "resolve it first" not in opened.refused("record_step", id="ESC-1", step="reopen", why="back")
    assert "expected an id such as ESC-7" in opened.refused("show_escalation", id="seven")
    assert "no escalation 'ESC-9' in the ledger: see `list_escalations`" in opened.refused(
        "show_escalation", id="ESC-9"
    )
    assert opened("show_escalation", id="ESC-1")["record"]["version"] == version


def test_only_a_named_person_lowers_ends_or_overrules(opened: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESCALATION_BY", raising=False)
    assert "by missing" in opened.refused("record_person_decision", id="ESC-1", kind="close", why="w")
    assert "by: String should have at least 1 character" in opened.refused(
        "record_person_decision", id="ESC-1", kind="close", by="", why="w"
    )
    assert "stands for the rules themselves" in opened.refused(
        "record_person_decision", id="ESC-1", kind="severity", severity="medium", by="policy", why="w", evidence="e"
    )
    lowered = {"id": "ESC-1", "kind": "severity", "severity": "medium", "by": "Ana Lima", "why": "few are hit"}
    assert "the evidence is missing" in opened.refused("record_person_decision", **lowered)
    made = opened("record_person_decision", **lowered, evidence="ticket, 15:00: two users")
    assert made["severity"] == "medium"
    assert (opened.event()["by"], opened.event()["through"]) == ("Ana Lima", "claude-code via mcp")
    assert "deescalate needs reason" in opened.refused(
        "record_person_decision", id="ESC-1", kind="deescalate", by="A", why="w"
    )


def test_the_same_key_writes_once_and_an_older_version_is_refused(opened: Host) -> None:
    step = {"id": "ESC-1", "to": "customer", "text": "We are on it.", "key": "k-1"}
    first = opened("log_update", **step)
    again = opened("log_update", **step)
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["version"] == first["version"]
    assert "version" in opened.refused("record_step", id="ESC-1", step="acknowledge", if_version=1)


def test_a_person_may_decide_before_any_run(host: Host) -> None:
    case, decision = host.decided(tier="L2")
    assert decision["owner"] == "engineering"
    made = host(
        "record_person_decision", id=case, kind="override", owner="product", severity="high", by="Ana", why="launch day"
    )
    assert made["state"] == "draft"
    shown = host("show_escalation", id=made["id"])
    assert shown["record"]["ticket"] == "HD-20418", "a case stands for its ticket"
    again = host("decide", case=case)["decision"]
    assert (again["owner"], again["override"]["by"]) == ("product", "Ana")
    assert again["own_view"]["owner"] == "engineering"


def test_a_contract_term_is_a_persons(opened: Host) -> None:
    made = opened(
        "record_person_decision", id="ESC-1", kind="term", every=24, source="contract 4", by="Ana", why="as agreed"
    )
    assert made["version"] == 2
    assert "expected a number above 0" in opened.refused(
        "record_person_decision", id="ESC-1", kind="term", every=-1, source="contract 4", by="Ana", why="w"
    )


# The same elsewhere


def other(number: int) -> str:
    """Another account's ticket with the same fault."""
    text = TICKET.replace("HD-20418", f"HD-3000{number}").replace("Nordwind Logistik", f"Kestrel {number}")
    return text.replace("Marta", f"Mara{number}")


def test_three_accounts_with_the_same_make_a_pattern(host: Host) -> None:
    host.opened()
    for number in (1, 2):
        case, decision = host.decided(other(number))
        found = host("find_similar", case=case)
        unjudged = [one["ticket"] for one in found["similar"] if one["same"] is None]
        assert "HD-20418" in unjudged
        assert "judge_same" in found["next"]
        for ticket in unjudged:
            made = host("judge_same", this=case, other=ticket, same=True, why="both stop at 60 % with EXPORT_5031")
            assert f"decide {case} again" in made["next"]
        again = host("decide", case=case)["decision"]
        assert any(rule["id"] == "PAT-1" for rule in again["rules"]) is (number == 2)
        assert host("open_escalation", case=case, by="Ana")["became"] in ("attached", "drafted")
        assert decision["outcome"] == "escalate"
    assert len(made["accounts"]) >= 2


def test_a_verdict_needs_two_tickets_that_are_there(opened: Host) -> None:
    case, _ = opened.decided(other(1))
    judge = {"this": case, "same": True, "why": "w"}
    assert "no ticket 'HD-1' in the ledger: see `find_similar`" in opened.refused("judge_same", **judge, other="HD-1")
    assert "expected two different tickets" in opened.refused("judge_same", **judge, other="HD-30001")
    person = opened("judge_same", **judge, other="HD-20418", by="Ana Lima")
    assert person["group"] == ["HD-20418", "HD-30001"]
    case, _ = opened.decided(other(1))
    found = opened("find_similar", case=case)["similar"]
    assert [(one["same"], one["confirmed_by"]) for one in found if one["ticket"] == "HD-20418"] == [(True, "support")]


# Lists


def test_lists_are_paged_and_bounded(host: Host) -> None:
    for number in range(7):
        case, _ = host.decided(CRITICAL.replace("HD-2", f"HX-{number}-2"))
        host("open_escalation", case=case, by="Ana", despite="as said")
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = host("list_escalations", limit=3, after=after)
        assert page["total"] == 7
        seen += [row["id"] for row in page["escalations"]]
        after = page["next_after"]
    assert sorted(seen) == [f"ESC-{n}" for n in range(1, 8)]
    owed: list[tuple[str, str]] = []
    after = 0
    while after is not None:
        page = host("due", ahead=8784, limit=5, after=after)
        owed += [(row["escalation"], row["kind"]) for row in page["due"]]
        after = page["next_after"]
    assert len(owed) == len(set(owed)) == page["total"] >= 14
    assert host("due", ahead=8784, limit=1)["due"][0]["draft"]["text"]
    assert host("due", ahead=8784, limit=1, drafts=False)["due"][0]["draft"] is None
    assert "limit: Input should be less than or equal to 100" in host.refused("due", limit=5000)


def test_a_page_that_would_be_too_long_ends_earlier_and_nothing_is_lost(host: Host) -> None:
    for number in range(3):
        host.opened(TICKET.replace("HD-20418", f"HX-{number}"))
        host("log_update", id=f"ESC-{number + 1}", to="internal", text="x" * 9_000)
    pages, after = [], 0
    while after is not None:
        page = host("due", ahead=8784, limit=100, after=after)
        pages.append([(row["escalation"], row["kind"]) for row in page["due"]])
        assert not any(line.startswith("due:") for line in page["cut"])
        after = page["next_after"]
    assert len(pages) > 1
    assert len({entry for page in pages for entry in page}) == page["total"]


def test_a_long_life_is_shown_in_bounds(opened: Host) -> None:
    for number in range(40):
        opened("log_update", id="ESC-1", to="internal", text=f"{number}: " + "still at it, " * 300)
    shown = opened("show_escalation", id="ESC-1", timeline=True, why_due=True)
    assert shown["timeline"].startswith("…")
    assert "39: still at it" in shown["timeline"]
    assert any("timeline: its newest part" in line for line in shown["cut"])
