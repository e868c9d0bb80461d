"""What is escalated, on the page: the list by its clocks, filters, one escalation, its steps as forms, statistics."""

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from agent.errors import Refused
from agent.ledger.database import Database
from agent.ledger.memory import Memory
from agent.ledger.queries import LIVE, by_clock
from agent.ledger.reckoning import is_counted
from agent.ledger.recording import record as remember
from agent.ledger.requirements import require
from agent.ledger.store import Author, Ledger
from agent.pipeline import escalate
from agent.policy.settings import load_settings
from agent.web.clocks import relative
from agent.web.site import Site
from agent.web.steps import FORMS, is_offered
from schemas.context import Override
from schemas.ledger import (
    ACTIVE,
    Acknowledged,
    Attached,
    Chased,
    Closed,
    Data,
    DeEscalated,
    Drafted,
    Duties,
    Event,
    HandedOver,
    Monitored,
    Overridden,
    Paused,
    Record,
    Rejected,
    Reopened,
    Resolved,
    Resumed,
    Returned,
    SeverityChanged,
    State,
    Term,
    TermSet,
    Updated,
)
from tests.ledgers import ANA, FRIDAY, JO, open_one
from tests.web_site import Clock, entered, site

H = timedelta(hours=1)
SAM = Author("Sam Ito", "security")
DONE = Duties(team_notified=True, ticket_updated=True, customer_informed=True, learned="ask for the log first")
DONE_BOXES = {"team_notified": "1", "ticket_updated": "1", "customer_informed": "1", "learned": "ask for the log first"}
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Inbox:
    """The page over a ledger that tests write to themselves, and a browser in it."""

    client: TestClient
    clock: Clock
    ledger: Ledger

    def opened(self, before: float = 1, **fields: Any) -> str:
        """One that was opened so many hours ago."""
        return open_one(self.ledger, self.clock.now - before * H, **fields).record.id

    def then(self, name: str, data: Data, before: float, author: Author = ANA, why: str = "") -> None:
        at = self.clock.now - before * H
        self.ledger.append(name, data, author, at=at, now=at, why=why)

    def get(self, address: str, status: int = 200, **headers: str) -> str:
        answer = self.client.get(address, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.text

    def form(self, name: str, step: str) -> dict[str, str]:
        """What the browser would send with the form as it stands on the page."""
        found = re.search(
            rf'<details class="step" id="step-{step}".*?</form>', self.get(f"/escalations/{name}"), re.DOTALL
        )
        assert found is not None, f"{step} is not offered"
        return {hidden: fields_of(found[0])[hidden] for hidden in ("version", "key")} | {
            "team": selected(found[0], "team")
        }

    def send(self, name: str, step: str, /, **words: str) -> Any:
        """Fill the form in and send it; the answer as it comes."""
        return self.client.post(
            f"/escalations/{name}/steps/{step}", data=self.form(name, step) | words, follow_redirects=False
        )

    def done(self, name: str, step: str, /, **words: str) -> Record:
        """The record after a step that is written."""
        answer = self.send(name, step, **words)
        assert answer.status_code == 303, text_of(answer.text)
        assert f"Written: {ANA.by}" in text_of(self.get(answer.headers["location"]))
        return self.ledger.record(name)


def fields_of(form: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def selected(form: str, name: str) -> str:
    choices = re.search(rf'<select [^>]*name="{name}".*?</select>', form, re.DOTALL)
    assert choices is not None
    found = re.search(r'value="(\w*)" selected', choices[0])
    return found[1] if found else ""


def text_of(page: str) -> str:
    """What a person reads, spaces as one."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def trouble_of(page: str) -> str:
    found = re.search(r'<div class="trouble" role="alert".*?</div>', page, re.DOTALL)
    assert found is not None, page
    return text_of(found[0])


def order_of(page: str) -> list[str]:
    return re.findall(r'id="a-(ESC-\d+)"', page)


@contextmanager
def browser(one: Site) -> Iterator[TestClient]:
    """One that is in, and asks for whole pages unless it says otherwise."""
    with entered(one) as client:
        del client.headers["HX-Request"]
        yield client


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    clock = Clock(FRIDAY)
    # What is written down is written down at the page's time, whatever the machine's clock says.
    monkeypatch.setattr("agent.commands.ledger_inputs.this_moment", clock)
    with browser(site(tmp_path, clock=clock)) as client:
        yield Inbox(client, clock, Ledger(Database(str(tmp_path / "ledger.db"))))


# The list


def test_without_a_ledger_each_page_says_what_to_do(tmp_path: Path) -> None:
    with browser(site(tmp_path)) as client:
        for address in ("/escalations", "/statistics"):
            answer = client.get(address)
            assert answer.status_code == 200
            assert "There is no ledger yet" in text_of(answer.text)
            assert "Paste a ticket" in text_of(answer.text)
        assert client.get("/escalations/ESC-1").status_code == 404
    assert not (tmp_path / "ledger.db").exists()


def test_without_keeping_one_it_is_said_how_to(tmp_path: Path) -> None:
    with browser(site(tmp_path, keeps_ledger=False)) as client:
        for address in ("/escalations", "/statistics"):
            assert "started with --no-ledger : start it without" in text_of(client.get(address).text)


def test_what_is_overdue_comes_first_then_what_is_due_then_by_severity(inbox: Inbox) -> None:
    medium_late = inbox.opened(60, ticket="A", severity="medium")
    ahead = inbox.opened(0.1, ticket="B", severity="high")
    critical_late = inbox.opened(3, ticket="C")
    due = inbox.opened(1.1, ticket="D", severity="high")
    inbox.then(due, Acknowledged(), 1.05, JO)
    inbox.then(due, Resolved(resolution="r", root_cause="c"), 1)
    closed = inbox.opened(90, ticket="E", severity="medium")
    inbox.then(closed, Resolved(resolution="r", root_cause="c"), 80)
    inbox.then(closed, Closed(duties=DONE), 79)
    inbox.clock.now = FRIDAY + timedelta(days=3, hours=-1)  # Monday, 17:00: closing became due
    found, counts = by_clock(inbox.ledger.database, inbox.clock.now)
    assert (counts.overdue, counts.due, counts.all) == (3, 1, 4)
    assert [row.line.id for row in found] == [critical_late, ahead, medium_late, due]
    page = inbox.get("/escalations")
    assert order_of(page) == [critical_late, ahead, medium_late, due]
    assert "3 overdue , 1 due now, 4 open" in text_of(page)
    assert closed in inbox.get("/escalations?state=all")
    assert order_of(inbox.get("/escalations?state=closed")) == [closed]


def test_each_row_says_what_is_next_and_by_how_much(inbox: Inbox) -> None:
    inbox.opened(1)
    page = inbox.get("/escalations")
    assert "45 min overdue" not in page
    assert "30 min overdue" in page  # to be acknowledged within 15 minutes; step 1 is late after 30
    assert 'datetime="2026-11-27T16:30:00+00:00" title="16:30 UTC">Fri 2026-11-27 17:30 CET</time>' in page
    assert "Engineering is to acknowledge; if not: notify the team again (step 1 of 3)" in text_of(page)
    assert "Critical open Engineering Nordwind kept by Ana Lima" in text_of(page)


def test_a_clock_that_moved_makes_it_overdue(inbox: Inbox) -> None:
    inbox.opened(0)
    assert "0 due now, 1 open" in text_of(inbox.get("/escalations"))
    inbox.clock.now += timedelta(minutes=20)
    assert "1 due now, 1 open" in text_of(inbox.get("/escalations"))
    inbox.clock.now += timedelta(minutes=20)
    assert "1 overdue , 0 due now, 1 open" in text_of(inbox.get("/escalations"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("severity=high", ["ESC-2"]),
        ("team=product", ["ESC-3"]),
        ("holder=bea", ["ESC-3"]),
        ("customer=tartu", ["ESC-3"]),
        ("customer=%25", []),  # a sign of the database's patterns is a letter like others
        ("state=acknowledged", ["ESC-2"]),
        ("due=1", ["ESC-1"]),
        ("due=1&customer=nord", ["ESC-1"]),
        ("customer=n&severity=critical", ["ESC-1"]),
    ],
)
def test_filters_stand_in_the_address(inbox: Inbox, query: str, expected: list[str]) -> None:
    inbox.opened(1)
    second = inbox.opened(0.2, ticket="HD-2", severity="high", account="Fern")
    inbox.then(second, Acknowledged(), 0.1, JO)
    inbox.opened(
        0.1,
        ticket="HD-3",
        severity="medium",
        account="Tartu Logistics OÜ",
        owner="product",
        next_hop="product",
        author=Author("Bea Novak"),
    )
    page = inbox.get(f"/escalations?{query}")
    assert order_of(page) == expected
    assert "Clear the filters" in page
    assert ("Nothing matches" in page) == (not expected)
    for name, value in (part.split("=") for part in query.split("&")):
        shown = {"%25": "%"}.get(value, value)
        assert f'value="{shown}" selected' in page or f'name="{name}" value="{shown}"' in page


@pytest.mark.parametrize(
    "query", ["state=lost", "severity=huge", "team=sales", "after=-1", f"after={'9' * 5000}", f"holder={'x' * 300}"]
)
def test_a_filter_that_cannot_be_is_one_line(inbox: Inbox, query: str) -> None:
    inbox.opened()
    page = inbox.get(f"/escalations?{query}", 422)
    assert len(re.findall(r'class="trouble"', page)) == 1
    assert "expected" in text_of(page)


def test_a_long_list_is_paged_over_all_three_groups(inbox: Inbox) -> None:
    for number in range(7):
        inbox.opened((5, 0.3, 0)[number % 3], ticket=f"HD-{number}")
    whole, counts = by_clock(inbox.ledger.database, FRIDAY)
    assert (counts.overdue, counts.due, counts.all) == (3, 2, 7)
    names = [row.line.id for row in whole]
    for after in range(8):
        for name in (None, "nord"):  # by a name the list is made in another way
            page, again = by_clock(inbox.ledger.database, FRIDAY, limit=3, after=after, account=name)
            assert [row.line.id for row in page] == names[after : after + 3]
            assert again == counts
    only, again = by_clock(inbox.ledger.database, FRIDAY, limit=3, after=3, only_due=True)
    assert ([row.line.id for row in only], again) == (names[3:5], counts)


def test_pages_lead_on_and_back(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.inbox.PAGE", 3)
    for number in range(5):
        inbox.ledger.begin(Drafted(ticket=f"HD-{number}"), ANA, at=FRIDAY, now=FRIDAY)
    first = inbox.get("/escalations?state=draft")
    assert "1 to 3 of 5" in text_of(first)
    assert 'rel="next" href="/escalations?state=draft&amp;after=3">Next 2</a>' in first
    second = inbox.get("/escalations?state=draft&after=3")
    assert order_of(second) == ["ESC-4", "ESC-5"]
    assert 'rel="prev" href="/escalations?state=draft">Previous 3</a>' in second
    assert "There are no more" in inbox.get("/escalations?state=draft&after=9")


def test_the_pages_script_gets_the_list_alone_and_only_what_is_new(inbox: Inbox) -> None:
    inbox.opened()
    part = inbox.get("/escalations?severity=critical", **{"HX-Request": "true"})
    assert "<html" not in part
    assert 'id="counts" hx-swap-oob="innerHTML"' in part
    address = re.search(r'id="list" hx-get="([^"]+)"', part)
    assert address is not None
    look = html.unescape(address[1])
    assert inbox.client.get(look, headers={"HX-Request": "true"}).status_code == 204
    inbox.clock.now += timedelta(minutes=1)
    news = inbox.get(look, **{"HX-Request": "true"})
    assert "31 min overdue" in news
    assert "hx-swap-oob" not in news  # the counts are the same: nothing to be read out again


def test_the_address_follows_the_filters(inbox: Inbox) -> None:
    inbox.opened()
    script = {"HX-Request": "true"}
    typed = inbox.client.get("/escalations?holder=an&state=", headers=script | {"HX-Trigger-Name": "holder"})
    assert typed.headers["HX-Replace-Url"] == "/escalations?holder=an"  # not a step of the history for each letter
    chosen = inbox.client.get("/escalations?state=all", headers=script | {"HX-Trigger-Name": "state"})
    assert chosen.headers["HX-Push-Url"] == "/escalations?state=all"
    assert inbox.client.get("/escalations?state=", headers=script).headers["HX-Push-Url"] == "/escalations"


def test_of_securitys_the_list_tells_figures_only(inbox: Inbox) -> None:
    words = {"headline": "Orders of others are shown", "account": "Mondo Retail", "ask": "find who saw them"}
    hers = inbox.opened(30, ticket="S-1", owner="security", next_hop="security", severity="high", **words)
    moved = inbox.opened(30, ticket="S-2", severity="high", **words)
    decision = Override(by="Ana Lima", why="it is theirs", at=FRIDAY, outcome="escalate", owner="security")
    inbox.then(moved, Overridden(override=decision), 0, why="it is theirs")
    page = text_of(inbox.get("/escalations"))
    assert page.count("Security’s: need to know") == 2
    for hidden in words.values():
        assert hidden not in page
    assert "Answer to the ask" in page or "Acknowledgement" in page
    for name in (hers, moved):  # its own page is for those who keep the ledger, as `show` is
        assert words["headline"] in inbox.get(f"/escalations/{name}")


def test_words_of_a_ticket_are_text(inbox: Inbox) -> None:
    one = inbox.opened(30, headline=f"down {SCRIPT}", account=f'"><b>{SCRIPT}', ask=SCRIPT)
    inbox.then(one, Updated(audience="internal", text=f"seen {SCRIPT} {{{{ 7 * 7 }}}}"), 29, JO)
    inbox.then(one, Updated(audience="customer", text="t", promise=SCRIPT, promise_due=FRIDAY), 28)
    for address in ("/escalations", f"/escalations/{one}", "/statistics"):
        page = inbox.get(address)
        assert "<script>alert" not in page
        assert "<b>" not in page
    assert "seen &lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }}" in inbox.get(f"/escalations/{one}")


# One escalation


def test_an_escalation_at_one_glance(inbox: Inbox) -> None:
    one = inbox.opened(30, severity="high")
    inbox.then(one, Acknowledged(), 29, JO)
    inbox.then(one, Updated(audience="customer", text="we look", promise="a call", promise_due=FRIDAY + H), 28)
    page = text_of(inbox.get(f"/escalations/{one}"))
    assert "Portal down for all users High Acknowledged with Engineering version 3" in page
    assert "Promised to the customer a call, by Fri 2026-11-27 19:00 CET (event 3)" in page
    assert "Ask fix the login and say which release holds it" in page
    assert "12:00 Ana Lima escalated ticket HD-1 to Engineering: High by TEC-3" in page
    assert "▲ Passed: the ask was not answered by now" not in page  # nothing was written since
    inbox.then(one, Updated(audience="internal", text="in review"), 1, JO)
    page = text_of(inbox.get(f"/escalations/{one}"))
    assert "▲ Passed: the ask was not answered by now" in page
    assert "Thu 2026-11-26 17:00 CET 16:00 UTC : the ask was not answered" in page


def test_each_clock_explains_itself(inbox: Inbox) -> None:
    one = inbox.opened(0, severity="high")
    page = inbox.get(f"/escalations/{one}")
    text = text_of(page)
    assert "Reached Engineering: Fri 2026-11-27 18:00 CET" in text
    assert (
        '<li class="uncounted">Sat 2026-11-28: closed, no support day <span class="soft">(not counted)</span></li>'
        in page
    )
    assert "= due Mon 2026-11-30" in text
    assert "<li>Mon 2026-11-30 09:00 CET to 13:00: 4 h</li>" in page


def test_a_pause_is_not_counted(inbox: Inbox) -> None:
    one = inbox.opened(8, severity="high")
    inbox.then(one, Paused(), 6, why="asked for a trace")
    assert "The customer's turn since Fri 2026-11-27 12:00 CET: customer updates" in text_of(
        inbox.get(f"/escalations/{one}")
    )
    inbox.then(one, Resumed(), 5)
    page = inbox.get(f"/escalations/{one}")
    still = "Fri 2026-11-27 12:00 CET to Fri 2026-11-27 13:00 CET: stands still, the customer&#39;s turn"
    assert f'<li class="uncounted">{still} <span' in page


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("Mon 2026-12-21 to Sun 2027-01-03: 14 days closed", False),
        ("Fri 2025-10-03: closed, holiday in DE: Tag der Deutschen Einheit", False),
        ("Contract term (4: closed, so it says): customer update every 24 hours", True),
        ("Counting begins: Mon 2026-11-30 09:00 CET", True),
        ("Mon 2026-11-30 09:00: business day 1", True),
    ],
)
def test_what_counts_of_an_explanation(line: str, counted: bool) -> None:
    assert is_counted(line) == counted


def test_ready_words_can_be_logged_as_sent(inbox: Inbox) -> None:
    one = inbox.opened(30, severity="high")
    inbox.then(one, Acknowledged(), 29, JO)
    page = inbox.get(f"/escalations/{one}")
    words = re.search(r'id="words-\d" tabindex="0" aria-label="Words to send">(Hello[^<]*)</pre>', page)
    assert words is not None
    filled = inbox.get(f"/escalations/{one}?told=customer")
    assert '<details class="step" id="step-told" open>' in filled
    assert f'name="text" rows="6" required aria-describedby="f-told-text-hint">{words[1]}</textarea>' in filled


def test_news_come_without_the_forms(inbox: Inbox) -> None:
    one = inbox.opened(1)
    address = re.search(r'id="watch" hx-get="([^"]+)"', inbox.get(f"/escalations/{one}"))
    assert address is not None
    same = inbox.get(address[1], **{"HX-Request": "true"})
    assert '<span id="relative-1" hx-swap-oob="true">30 min overdue</span>' in same
    assert 'id="glance"' not in same
    inbox.then(one, Acknowledged(), 0, JO)
    news = inbox.get(address[1], **{"HX-Request": "true"})
    assert '<div id="glance" hx-swap-oob="true">' in news
    assert "There is news: version 2" in text_of(news)
    assert "Jo Park (Engineering) acknowledged it" in text_of(news)
    assert "<form" not in news  # words that somebody is writing stay


def test_an_unknown_escalation_is_one_line(inbox: Inbox) -> None:
    inbox.opened()
    for name in ("ESC-99", "ESC-x", "9" * 12):
        assert name in text_of(inbox.get(f"/escalations/{name}", 404))
    assert inbox.client.post("/escalations/ESC-1/steps/dance", data={}).status_code == 404


def test_a_calendar_file_of_one_and_of_a_team(inbox: Inbox) -> None:
    one = inbox.opened(1)
    other = inbox.opened(1, ticket="HD-2", owner="product", next_hop="product")
    mine = inbox.get(f"/escalations/{one}/calendar.ics")
    assert f"UID:{one}-acknowledge-" in mine
    assert other not in mine
    theirs = inbox.get("/escalations.ics?team=product")
    assert (one in theirs, other in theirs) == (False, True)


def test_what_was_handed_over_is_kept_and_shown(inbox: Inbox) -> None:
    ticket = (Path(__file__).parents[1] / "examples/critical-portal-down.txt").read_text(encoding="utf-8")
    run = escalate(ticket, backend="offline", now=FRIDAY)
    memory = Memory(inbox.ledger, load_settings())
    record = remember(memory, run, ANA, now=FRIDAY, despite="the team asked for it").record
    assert record is not None
    page = inbox.get("/escalations/ESC-1")
    assert "The brief" in page
    assert f'<a href="/escalations/{record.id}/report">The report</a>' in page
    assert inbox.client.get("/escalations/ESC-1/result.json").json()["decision"]["owner"] == record.owner
    report = inbox.client.get("/escalations/ESC-1/report")
    assert report.status_code == 200
    policy = report.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'sha256-")
    assert re.search(r"style-src ('sha256-[^']+')", policy)[1] in html.unescape(report.text)  # type: ignore[index]
    assert "The ledger keeps no ticket&#39;s text" in report.text
    assert inbox.opened(1, ticket="HD-77") == "ESC-2"
    assert inbox.client.get("/escalations/ESC-2/report").status_code == 404


# Steps


def test_the_team_that_has_it_acknowledges(inbox: Inbox) -> None:
    one = inbox.opened(0.1)
    assert inbox.form(one, "ack")["team"] == "engineering"
    record = inbox.done(one, "ack")
    assert (record.state, record.acknowledged_at) == ("acknowledged", FRIDAY)
    event = inbox.ledger.events(one)[-1]
    assert (event.by, event.team, event.through) == ("Ana Lima", "engineering", "page")
    assert '<p class="soft">Written on the page</p>' in inbox.get(f"/escalations/{one}")


@pytest.mark.parametrize(
    ("through", "said"),
    [
        ("chat", "Written in the chat"),
        ("page", "Written on the page"),
        ("claude-code via mcp", "Written by claude-code via mcp"),
        ("", None),
    ],
)
def test_what_an_entry_was_written_with_is_said(inbox: Inbox, through: str, said: str | None) -> None:
    one = inbox.opened(1)
    inbox.then(one, Acknowledged(), 0.5, Author("Tia Roth", "engineering", through))
    shown = re.findall(r'<p class="soft">(Written (?:in|on|by) [^<]*)</p>', inbox.get(f"/escalations/{one}"))
    assert shown == ([said] if said else [])


def test_an_update_is_logged_for_when_it_happened(inbox: Inbox) -> None:
    one = inbox.opened(5, severity="high")
    inbox.done(one, "heard", text="cause found", answers="1", at="2026-11-27T16:30")  # the office's clock
    event = inbox.ledger.events(one)[-1]
    assert event.at == datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
    assert event.data == Updated(audience="internal", text="cause found", answers=True)


def test_a_promise_is_made_and_kept(inbox: Inbox) -> None:
    one = inbox.opened(1)
    record = inbox.done(one, "told", text="we look", promise="a call", promise_due="2026-11-27T19:00")
    assert (record.promises[0].text, record.promises[0].due) == ("a call", FRIDAY + H)
    record = inbox.done(one, "told", text="called", keeps="2")
    assert record.promises[0].kept == 3


def test_the_ladder_is_taken_step_by_step(inbox: Inbox) -> None:
    one = inbox.opened(1)
    assert inbox.done(one, "chase", step="1", whom="on call").chased == 1
    page = inbox.get(f"/escalations/{one}")
    assert 'value="1">1: notify' not in page
    assert inbox.done(one, "chase", step="3", whom="the lead, by phone").chased == 3
    assert "step-chase" not in inbox.get(f"/escalations/{one}")


LIVES: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "closed": (
        ("ack", {}),
        ("monitor", {"text": "8.4.2 is live"}),
        ("resolve", {"resolution": "8.4.2", "root_cause": "a lock"}),
        ("told", {"text": "it is solved"}),
        ("close", DONE_BOXES),
    ),
    "reopened": (
        ("reject", {"reason": "insufficient_info", "why": "no log", "way_on": "attach it"}),
        ("reopen", {"why": "here it is", "severity": "critical"}),
    ),
    "returned_to_support": (("ack", {}), ("return", {"why": "a setting", **DONE_BOXES})),
    "acknowledged": (
        ("ack", {}),
        ("severity", {"severity": "high", "why": "one site", "evidence": "customer, 18:20"}),
        (
            "deescalate",
            {
                "reason": "workaround",
                "code_fix": "open",
                "severity": "medium",
                "why": "w",
                "evidence": "e",
                **DONE_BOXES,
            },
        ),
        ("pause", {"why": "asked for a trace"}),
        ("resume", {}),
        ("attach", {"ticket": "HD-9", "account": "Fern", "same": "symptoms"}),
        ("term", {"every": "24", "source": "contract 4"}),
        ("override", {"outcome": "escalate", "severity": "critical", "why": "the board asks"}),
    ),
    "handed_over": (("handover", {"to": "Max Ode", "note": "call first"}),),
}


@pytest.mark.parametrize("ends", LIVES)
def test_a_whole_life_by_forms(inbox: Inbox, ends: str) -> None:
    one = inbox.opened(1)
    for step, words in LIVES[ends]:
        inbox.clock.now += timedelta(minutes=1)
        record = inbox.done(one, step, **words)
    assert record.state == ends
    assert record.version == len(LIVES[ends]) + 1


def test_the_handover_note_goes_with_it_and_is_shown(inbox: Inbox) -> None:
    one = inbox.opened(1)
    assert "Hand-over of ESC-1 to …" in inbox.get(f"/escalations/{one}")
    inbox.done(one, "handover", to="Max Ode", note="call them first")
    page = inbox.get(f"/escalations/{one}")
    assert "Hand-over of ESC-1 to Max Ode, Fri 2026-11-27 18:00 CET" in page
    assert "call them first" in page
    assert inbox.done(one, "ack", team="support").holder == "Ana Lima"


@pytest.mark.parametrize(
    ("step", "words", "line"),
    [
        (
            "close",
            {"learned": "x"},
            "duties not done yet: “The team that had it knows”, “The ticket says how it ended”",
        ),
        ("close", DONE_BOXES | {"team": "product"}, ""),
        ("told", {"text": " "}, "“What was said” is empty: fill it in"),
        ("told", {"text": "x", "promise_due": "2026-12-01T10:00"}, "add “What was promised in it”"),
        ("told", {"text": "x", "promise": "y", "promise_due": "soon"}, "“Promised for” 'soon' is no time"),
        ("told", {"text": "x", "keeps": "7"}, "no open promise was made in event 7"),
        ("told", {"text": "x", "team": "sales"}, "“Acting for” 'sales': expected one of Support"),
        ("told", {"text": "x", "at": "2026-11-28T10:00"}, "lies in the future"),
        ("told", {"text": "x" * 21_000}, "longer than 20,000 characters"),
        ("term", {"every": "often", "source": "s"}, "expected a number, such as 24"),
        ("term", {"every": "nan", "source": "s"}, "expected a number above 0"),
        ("reopen", {"why": "w", "severity": "huge"}, "“Severity” 'huge': expected one of Critical"),
        ("reopen", {"severity": "critical"}, "is empty"),
    ],
)
def test_a_refusal_is_one_line_in_the_forms_own_words(
    inbox: Inbox, step: str, words: Mapping[str, str], line: str
) -> None:
    one = inbox.opened(2)
    inbox.then(one, Resolved(resolution="r", root_cause="c"), 1)
    answer = inbox.send(one, step, **words)
    if not line:  # this one is taken
        assert answer.status_code == 303
        return
    assert answer.status_code in (409, 422)
    trouble = trouble_of(answer.text)
    assert line in trouble
    assert not re.search(r"--[a-z]", trouble)
    assert len(inbox.ledger.events(one)) == 2
    for said in words.values():  # nothing that was typed is lost
        if len(said) < 100 and said.strip() and said not in ("sales", "huge", "7"):
            assert f">{said}</textarea>" in answer.text or f'value="{said}"' in answer.text


def test_only_security_ends_what_is_securitys(inbox: Inbox) -> None:
    one = inbox.opened(1, owner="security", next_hop="security")
    answer = inbox.send(one, "return", why="a setting", **DONE_BOXES)
    assert answer.status_code == 409
    assert "only Security may return it (policy 7)" in trouble_of(answer.text)
    assert "“Acting for” (Security)" in trouble_of(answer.text)
    assert inbox.done(one, "return", why="a setting", team="security", **DONE_BOXES).state == "returned_to_support"


def test_a_form_sent_twice_is_written_once(inbox: Inbox) -> None:
    one = inbox.opened(1)
    form = inbox.form(one, "heard") | {"text": "in review"}
    address = f"/escalations/{one}/steps/heard"
    first = inbox.client.post(address, data=form, follow_redirects=False)
    inbox.clock.now += timedelta(seconds=2)
    again = inbox.client.post(address, data=form, follow_redirects=False)
    assert (first.headers["location"], again.headers["location"]) == (
        f"/escalations/{one}?written=2",
        f"/escalations/{one}?written=2&again=1",
    )
    assert "Written before, and not again: Ana Lima, from inside: in review" in text_of(
        inbox.get(again.headers["location"])
    )
    assert len(inbox.ledger.events(one)) == 2
    # The same form with other words, by the way back, is another write: it is refused, and the words are kept.
    other = inbox.client.post(address, data=form | {"text": "and tested"}, follow_redirects=False)
    assert other.status_code == 409
    assert ">and tested</textarea>" in other.text


def test_who_comes_second_sees_what_is_new_and_loses_nothing(inbox: Inbox) -> None:
    one = inbox.opened(1)
    form = inbox.form(one, "ack")
    inbox.then(one, Acknowledged(), 0.2, JO)
    inbox.then(one, Updated(audience="internal", text="a lock, we think"), 0.1, JO)
    answer = inbox.client.post(f"/escalations/{one}/steps/ack", data=form | {"at": "2026-11-27T17:59"})
    assert answer.status_code == 409
    trouble = trouble_of(answer.text)
    assert "Somebody wrote first, so nothing was written" in trouble
    assert "Jo Park (Engineering) acknowledged it" in trouble
    assert "a lock, we think" in trouble
    assert 'value="2026-11-27T17:59"' in answer.text  # the form stands there although the state no longer offers it
    assert '<input type="hidden" name="version" value="3">' in answer.text
    assert len(inbox.ledger.events(one)) == 3


def test_a_ticket_with_another_open_escalation_is_not_reopened(inbox: Inbox) -> None:
    one = inbox.opened(5)
    inbox.then(one, Rejected(reason="duplicate", way_on="w"), 4, JO, "known")
    two = inbox.opened(3)
    answer = inbox.send(one, "reopen", why="it is back", severity="critical")
    assert answer.status_code == 409
    assert f"has an open escalation, {two}" in trouble_of(answer.text)
    assert "Somebody wrote first" not in answer.text


def test_the_pages_script_gets_the_page_with_the_words_or_what_was_written(inbox: Inbox) -> None:
    one = inbox.opened(1)
    form, script = inbox.form(one, "heard"), {"HX-Request": "true"}
    refused = inbox.client.post(f"/escalations/{one}/steps/heard", data=form | {"text": " "}, headers=script)
    assert refused.status_code == 200  # else it would not be put in
    assert refused.text.startswith('<main id="main"')
    assert "“What was said” is empty" in trouble_of(refused.text)
    done = inbox.client.post(f"/escalations/{one}/steps/heard", data=form | {"text": "in review"}, headers=script)
    assert 'role="status" tabindex="-1" autofocus>Written: Ana Lima, from inside: in review</p>' in done.text


def test_a_name_changes_who_writes(inbox: Inbox) -> None:
    one = inbox.opened(1)
    inbox.client.post("/name", data={"by": "Bea Novak", "back": "/"})
    inbox.send(one, "heard", text="x")
    assert inbox.ledger.events(one)[-1].by == "Bea Novak"


def test_a_secret_in_an_update_does_not_get_in(inbox: Inbox) -> None:
    one = inbox.opened(1)
    key = "sk-ant-" + "api03-" + "Ab1" * 30
    inbox.done(one, "heard", text=f"they use {key}")
    assert key not in inbox.get(f"/escalations/{one}")


FULL: dict[str, Data] = {
    "ack": Acknowledged(),
    "resume": Resumed(),
    "chase": Chased(step=1, whom="on call"),
    "heard": Updated(audience="internal", text="t"),
    "told": Updated(audience="customer", text="t"),
    "monitor": Monitored(text="t"),
    "resolve": Resolved(resolution="r", root_cause="c"),
    "close": Closed(duties=DONE, root_cause="c"),
    "reopen": Reopened(severity="critical"),
    "reject": Rejected(reason="duplicate", way_on="w"),
    "handover": HandedOver(to="Max", note="n"),
    "severity": SeverityChanged(severity="high", evidence="e"),
    "deescalate": DeEscalated(reason="resolved_itself", evidence="e", duties=DONE, root_cause="c"),
    "return": Returned(duties=DONE),
    "pause": Paused(),
    "attach": Attached(ticket="HD-9", confirmed_by="support"),
    "term": TermSet(term=Term(customer_hours=24, source="s")),
    "override": Overridden(override=Override(by="Ana", why="w", at=FRIDAY, outcome="escalate")),
}


def test_offered_is_what_the_ledger_would_take() -> None:
    """Each step with all that it could need, in each state: taken where its form is offered, and nowhere else."""
    settings = load_settings()
    states: tuple[State, ...] = (*LIVE, "closed")  # type: ignore[assignment]
    assert set(FULL) == set(FORMS)
    for state in states:
        for paused in (False, True):
            record = Record(
                id="ESC-1",
                version=3,
                state=state,
                state_at=FRIDAY,
                resumes="open" if state == "handed_over" else None,
                ticket="HD-1",
                severity="critical",
                owner="engineering",
                with_team="engineering",
                created_at=FRIDAY,
                pauses=({"start": FRIDAY},) if paused and state in ACTIVE else (),
            )
            for name, data in FULL.items():
                event = Event(
                    escalation="ESC-1",
                    number=4,
                    key="k",
                    at=FRIDAY + H,
                    recorded_at=FRIDAY + H,
                    by="Ana",
                    why="w",
                    data=data,
                )
                try:
                    require(record, event)
                    taken = True
                except Refused:
                    taken = False
                assert is_offered(FORMS[name], record, settings) == taken, (state, paused, name)


# Statistics


def test_statistics_stand_in_the_pages_frame(inbox: Inbox) -> None:
    one = inbox.opened(1)
    inbox.then(one, Rejected(reason="duplicate", way_on="see HD-9"), 0.5, JO, "known")
    page = inbox.get("/statistics")
    assert page.count("<main") == 1
    assert "style=" not in page
    assert "<style" not in page
    assert "/static/statistics.css?v=" in page
    assert "Rejected 1 of 1" in text_of(page)
    assert "known → see HD-9" in text_of(page)
    assert "No escalation was opened since 2027-01-01" in text_of(inbox.get("/statistics?since=2027-01-01"))
    sheet = inbox.get("/statistics.csv?since=2026-11-01")
    assert sheet.splitlines()[1].startswith("whole,all,1,")


@pytest.mark.parametrize("query", ["since=soon", "since=2026-02-30", "since=2026-03-01&until=2026-02-01"])
def test_a_day_that_is_none_is_said(inbox: Inbox, query: str) -> None:
    inbox.opened()
    page = inbox.get(f"/statistics?{query}", 422)
    assert len(re.findall(r'class="trouble"', page)) == 1
    assert f'name="since" value="{query[6:].partition("&")[0]}"' in page


def test_relative_times() -> None:
    at = FRIDAY
    for minutes, words in (
        (-61, "due in 1 h 1 min"),
        (0, "due now"),
        (5, "due now, for 5 min"),
        (45, "15 min overdue"),
    ):
        assert relative(at, at + timedelta(minutes=30), at + timedelta(minutes=minutes)) == words
