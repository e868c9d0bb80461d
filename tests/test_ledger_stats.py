"""What was learned from the ledger: exact figures from whole lives, and nothing of a ticket that acts or leaks."""

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agent.cli import verb_parser
from agent.commands.stats import ALL, BY, MOST_GROUPS, as_csv, as_html, as_text, cell
from agent.errors import BadInput
from agent.ledger.database import Database
from agent.ledger.stats import GROUPINGS, MOST_PATTERNS, MOST_WORDS, Group, Spread, Stats, Words, stats
from agent.ledger.store import Author, Ledger, sha256_of
from agent.policy.settings import load_settings
from schemas.ledger import (
    Acknowledged,
    Attached,
    Closed,
    Data,
    DeEscalated,
    Drafted,
    Duties,
    Opened,
    Rejected,
    Reopened,
    Resolved,
    Returned,
    SeverityChanged,
    Updated,
)

pytestmark = pytest.mark.loopback  # the ledger's other database is a server on this machine

SETTINGS = load_settings()
JAN, FEB = datetime(2026, 1, 12, 9, tzinfo=UTC), datetime(2026, 2, 2, 9, tzinfo=UTC)  # Mondays at the opening
NOW = FEB + timedelta(hours=5)
SCRIPT = "<script>alert(1)</script>"
SECRET = "hushed"
DONE = Duties(team_notified=True, ticket_updated=True, customer_informed=True, learned=f"read page 4 {SCRIPT}")


class Book:
    """Writes lives: hours after the opening, and what happened then."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.ledger = Ledger(self.database)
        self.count = 0

    def life(self, start: datetime, *events: tuple[float, Data] | tuple[float, Data, str], **opened: Any) -> str:
        self.count += 1
        team = opened.get("owner", "engineering")
        values: dict[str, Any] = {
            "ticket": f"T-{self.count}",
            "ticket_sha256": "a" * 64,
            "headline": "It fails",
            "account": "Acme",
            "severity": "medium",
            "owner": "engineering",
            "next_hop": team,
            "deciding_rule": "TEC-5",
            "product_area": "Billing",
            "calendar": SETTINGS.calendar,
            "policy_version": SETTINGS.version,
            "policy_sha256": sha256_of(SETTINGS.model_dump_json()),
            "result_sha256": "c" * 64,
        }
        author, later = Author("Ana"), start + timedelta(days=400)
        data = Opened(**values | opened)
        written = self.ledger.begin(data, author, at=start, now=later, settings=SETTINGS, why="by the policy")
        for hours, data_, *why in events:
            who = Author("Eve", team)
            at = start + timedelta(hours=hours)
            self.ledger.append(written.record.id, data_, who, at=at, now=later, why=why[0] if why else "it is so")
        return written.record.id


def told(text: str = "we told them") -> Updated:
    return Updated(audience="customer", text=text)


def fixed() -> Resolved:
    return Resolved(resolution="patched", root_cause="a race")


def closed() -> Closed:
    return Closed(duties=DONE)


def fill(url: str) -> Book:
    """Eleven lives. Each is over before anything more is due, except ESC-7, which stands as of NOW."""
    book = Book(url)
    book.ledger.begin(Drafted(ticket="D-1", headline="not yet"), Author("Ana"), at=JAN, now=JAN)  # ESC-1
    book.life(  # ESC-2: a pattern, and a regression
        JAN,
        (1, Acknowledged()),
        (2, Attached(ticket="K-1", account=f"Kestrel {SCRIPT}", confirmed_by="support")),
        (3, Attached(ticket="K-2", account="Zenith", confirmed_by="support")),
        (8, fixed()),
        (9, closed()),
        (10, Reopened(severity="medium")),
        (10.5, Acknowledged()),
        (12, fixed()),
        (13, closed()),
        headline=f"Export fails {SCRIPT}",
    )
    book.life(JAN, (2, Acknowledged()), (10, fixed()), (11, closed()), product_area="  billing ")  # ESC-3
    book.life(  # ESC-4
        JAN,
        (3, Acknowledged()),
        (19.9, SeverityChanged(severity="high", evidence="more accounts")),
        (20, fixed()),
        (21, closed()),
    )
    book.life(  # ESC-5: the record has forgotten the rejection
        JAN,
        (4, Acknowledged()),
        (5, Rejected(reason="wrong_team", way_on="ask Product"), "this is the importer"),
        (6, Reopened(severity="medium", owner="product")),
        (6.5, Acknowledged()),
        (12, fixed()),
        (13, closed()),
        product_area='=HYPERLINK("http://evil.example")',
    )
    works = Rejected(reason="not_a_bug", way_on=f"see the manual {SCRIPT}")
    book.life(JAN, (5, Acknowledged()), (6, works, "It works  so"), (6, told()))  # ESC-6
    book.life(  # ESC-7: Critical and late
        FEB,
        (1, Acknowledged()),
        (3.5, Updated(audience="internal", text="any news?")),  # due by 3
        (4.5, Updated(audience="internal", text="any news?")),  # by now the customer's is late, and still is at NOW
        severity="critical",
        deciding_rule="TEC-4",
        product_area=None,
    )
    again = Rejected(reason="not_a_bug", way_on=f"SEE the manual {SCRIPT}")
    book.life(FEB, (6, Acknowledged()), (6, again, "it works so"), (6, told()))  # ESC-8
    book.life(  # ESC-9: nobody but Security may read a word
        FEB,
        (0.1, Acknowledged()),
        (0.15, Attached(ticket=f"{SECRET}-ticket", account=f"{SECRET} account", confirmed_by="support")),
        (0.2, Rejected(reason="not_a_bug", way_on=f"{SECRET} way"), f"{SECRET} why"),
        (0.2, told(f"{SECRET} words")),
        headline=f"{SECRET} headline",
        account=f"{SECRET} reporter",
        owner="security",
        severity="critical",
        deciding_rule="SEC-1",
        product_area=f"{SECRET} area",
    )
    book.life(  # ESC-10
        FEB,
        (0.5, Acknowledged()),
        (1, Returned(duties=DONE), "it was a setting"),
        owner="l2_support",
        deciding_rule="CPX-1",
        product_area=" ",
    )
    book.life(  # ESC-11: de-escalated twice, of which once back to support
        FEB,
        (1, Acknowledged()),
        (1.1, DeEscalated(reason="new_information", evidence="log", duties=DONE, severity="medium")),
        (1.2, DeEscalated(reason="workaround", evidence="log", duties=DONE, code_fix="none"), "the old page works"),
        owner="product",
        severity="high",
        deciding_rule="BUS-1",
    )
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Only read by its tests."""
    return fill(f"sqlite:///{tmp_path_factory.mktemp('stats') / 'ledger.db'}")


@pytest.fixture
def figures(book: Book) -> Stats:
    return stats(book.database, NOW)


def named(figures: Stats, grouping: Any) -> dict[str | None, Group]:
    return {group.name: group for group in figures.groups[grouping] if not group.withheld}


# Figures


def test_the_whole_on_both_databases(ledger_url: str) -> None:
    whole = stats(fill(ledger_url).database, NOW).whole
    assert (whole.name, whole.withheld, whole.n) == (None, False, 10)
    assert whole.severities == {"medium": 7, "critical": 2, "high": 1}
    # 0.1 0.5 1 1 1 2 3 4 5 6: the 90th percentile lies a tenth of the way from 5 to 6
    assert whole.acknowledge == Spread(n=10, median_hours=1.5, p90_hours=5.1)
    # 10 12 12 20: too few for a percentile
    assert whole.resolve == Spread(n=4, median_hours=12.0, p90_hours=None)
    assert whole.breaches == {"acknowledge": 1, "customer": 1, "internal": 1}
    assert whole.overdue == {"customer": 1}
    assert (whole.rejected, whole.rejections) == (4, {"not_a_bug": 3, "wrong_team": 1})
    assert (whole.returned, whole.returns) == (2, {"returned": 1, "workaround": 1})
    assert (whole.severity_changes, whole.reopened, whole.regressions) == (2, 2, 1)
    assert (whole.attached, whole.patterns) == (3, 2)


def test_drafts_are_counted_apart(figures: Stats) -> None:
    assert figures.drafts == 1


def test_by_target(figures: Stats) -> None:
    groups = named(figures, "target")
    assert {name: group.n for name, group in groups.items()} == {
        "engineering": 6,
        "product": 2,
        "l2_support": 1,
        "security": 1,
    }
    assert list(groups) == ["engineering", "product", "l2_support", "security"]
    engineering = groups["engineering"]
    # 1 1 2 3 5 6, and n - 1 = 5: the 90th percentile is half way from 5 to 6
    assert engineering.acknowledge == Spread(n=6, median_hours=2.5, p90_hours=5.5)
    assert engineering.resolve == Spread(n=3, median_hours=12.0, p90_hours=None)
    assert engineering.rejections == {"not_a_bug": 2}
    assert groups["product"].rejections == {"wrong_team": 1}  # it has the escalation now
    assert groups["product"].returns == {"workaround": 1}
    assert groups["security"].acknowledge == Spread(n=1, median_hours=0.1, p90_hours=None)
    assert groups["security"].resolve == Spread(n=0, median_hours=None, p90_hours=None)


def test_by_rule_and_month(figures: Stats) -> None:
    rules = {name: group.n for name, group in named(figures, "rule").items()}
    assert rules == {"TEC-5": 6, "BUS-1": 1, "CPX-1": 1, "SEC-1": 1, "TEC-4": 1}
    months = figures.groups["month"]
    assert [(month.name, month.n, sum(month.breaches.values())) for month in months] == [
        ("2026-01", 5, 0),
        ("2026-02", 5, 3),
    ]
    assert months[0].acknowledge == Spread(n=5, median_hours=3.0, p90_hours=4.6)


def test_by_area_spellings_are_one_and_securitys_are_not_named(figures: Stats) -> None:
    areas = figures.groups["area"]
    assert [(area.name, area.withheld, area.n) for area in areas] == [
        ("Billing", False, 6),
        (None, False, 2),
        ('=HYPERLINK("http://evil.example")', False, 1),
        (None, True, 1),
    ]


def test_every_grouping_holds_every_escalation_once(figures: Stats) -> None:
    for groups in figures.groups.values():
        assert sum(group.n for group in groups) == figures.whole.n
        assert sum(group.attached for group in groups) == figures.whole.attached


def test_an_area_lends_its_spelling_to_no_other_group(tmp_path: Path) -> None:
    book = Book(str(tmp_path / "ledger.db"))
    book.life(JAN, product_area="ENGINEERING")
    assert [group.name for group in stats(book.database, JAN).groups["target"]] == ["engineering"]


def test_what_is_overdue_counts_once_and_only_when_it_is(book: Book) -> None:
    earlier = stats(book.database, FEB + timedelta(hours=4)).whole
    assert (earlier.breaches, earlier.overdue) == ({"acknowledge": 1, "customer": 1, "internal": 1}, {})
    # Two hours after the last word the team is to be asked again; the last event noticed nothing of that.
    later = stats(book.database, FEB + timedelta(hours=6.51)).whole
    assert (later.breaches, later.overdue) == (
        {"internal": 2, "acknowledge": 1, "customer": 1},
        {"customer": 1, "internal": 1},
    )


def test_times_that_are_no_breach_do_not_count(tmp_path: Path) -> None:
    book = Book(str(tmp_path / "ledger.db"))
    book.life(JAN, (1, Acknowledged()), (2, fixed()), (3, told()))  # to be closed within a day, says a timer
    assert stats(book.database, JAN + timedelta(days=30)).whole.overdue == {}


@pytest.mark.parametrize(
    ("since", "until", "n"),
    [
        (None, None, 10),
        (date(2026, 1, 12), date(2026, 1, 12), 5),
        (date(2026, 1, 13), None, 5),
        (None, date(2026, 2, 1), 5),
        (None, date(2026, 2, 2), 10),
        (date(2026, 1, 13), date(2026, 2, 1), 0),
    ],
)
def test_days_are_whole_and_both_ends_count(book: Book, since: date | None, until: date | None, n: int) -> None:
    found = stats(book.database, NOW, since=since, until=until)
    assert found.whole.n == n
    assert found.drafts == 1
    rejected = sum(lesson.n for lesson in found.lessons if lesson.kind == "rejected")
    assert rejected == sum(found.whole.rejections.values())


def test_what_to_teach(figures: Stats) -> None:
    lessons = {(lesson.kind, lesson.reason): lesson for lesson in figures.lessons}
    assert list(lessons) == [
        ("rejected", "not_a_bug"),
        ("rejected", "wrong_team"),
        ("returned", "returned"),
        ("returned", "workaround"),
    ]
    bug = lessons["rejected", "not_a_bug"]
    assert (bug.n, bug.withheld, bug.more) == (3, 1, 0)
    assert bug.words == (Words(2, "It works  so", f"see the manual {SCRIPT}", ("ESC-6", "ESC-8")),)
    assert lessons["rejected", "wrong_team"].words == (Words(1, "this is the importer", "ask Product", ("ESC-5",)),)
    assert lessons["returned", "workaround"].words[0].why == "the old page works"
    assert lessons["returned", "returned"].words[0].then == DONE.learned


def test_patterns(figures: Stats) -> None:
    [pattern] = figures.patterns.shown
    assert (pattern.id, pattern.tickets, pattern.state) == ("ESC-2", 2, "closed")
    assert pattern.accounts == ("Acme", f"Kestrel {SCRIPT}", "Zenith")
    assert (figures.patterns.more, figures.patterns.withheld) == (0, 1)


def test_what_can_be_endless_is_cut_and_the_rest_counted(tmp_path: Path) -> None:
    book = Book(str(tmp_path / "ledger.db"))
    for number in range(MOST_PATTERNS + 3):
        tickets = [Attached(ticket=f"K-{number}-{k}", confirmed_by="support") for k in range(1 + (number == 7))]
        rejected = Rejected(reason="duplicate", way_on=f"see {number}")
        book.life(JAN, *((1, ticket) for ticket in tickets), (2, rejected), product_area=f"Area {number}")
    found = stats(book.database, JAN)
    assert [pattern.id for pattern in found.patterns.shown[:3]] == ["ESC-8", "ESC-1", "ESC-2"]
    assert (len(found.patterns.shown), found.patterns.more) == (MOST_PATTERNS, 3)
    [lesson] = found.lessons
    assert (lesson.n, len(lesson.words), lesson.more) == (MOST_PATTERNS + 3, MOST_WORDS, MOST_PATTERNS + 3 - MOST_WORDS)
    assert len(list(csv.DictReader(io.StringIO(as_csv(found, ("area",)))))) == MOST_PATTERNS + 3
    left = MOST_PATTERNS + 3 - MOST_GROUPS
    assert f"{left} more, with {left} escalations" in as_text(found, BY, width=100, colour=False)
    assert f"{left} more, with {left} escalations" in as_html(found, BY)


def test_an_empty_ledger(tmp_path: Path) -> None:
    empty = stats(Database(str(tmp_path / "ledger.db")), NOW)
    assert empty.whole == Group(
        *(None, False, 0, {}, Spread(0, None, None), Spread(0, None, None), {}, {}, 0, {}, 0, {}, 0, 0, 0, 0, 0)
    )
    assert empty.groups == dict.fromkeys(GROUPINGS, ())
    assert "No escalation was opened yet" in as_text(empty, BY, width=100, colour=False)
    page = Page(as_html(empty, BY))
    assert "No escalation was opened yet" in page.text
    assert not {"table", "svg"} & {tag for tag, _ in page.tags}
    [row] = csv.DictReader(io.StringIO(as_csv(empty, BY)))
    assert (row["grouping"], row["escalations"], row["acknowledge_median_hours"]) == ("whole", "0", "")


def test_days_without_an_escalation_are_named(book: Book) -> None:
    none = stats(book.database, NOW, since=date(2027, 1, 1))
    assert "No escalation was opened since 2027-01-01 (UTC)." in as_text(none, BY, width=100, colour=False)
    assert "No escalation was opened since 2027-01-01 (UTC)." in as_html(none, BY)


# Formats


TEXT = """\
What the ledger says
  Seen             Mon 2026-02-02 14:00 UTC
  Escalations      all that were opened
  Drafts           1, never opened and not counted

10 escalations
  Severity now     medium 7, critical 2, high 1
  Acknowledged     after 1.5 h (median), 5.1 h (90th percentile), n 10
  Resolved         after 12.0 h (median), n 4: too few for a 90th percentile
  Breaches         3: acknowledge 1, customer 1, internal 1
  Overdue now      1: customer 1
  Rejected         4 of 10 (40 %); times: not a bug 3, wrong team 1
  Returned         2 of 10 (20 %); times: returned 1, workaround 1
  Severity changed 2 times
  Reopened         2 times, 1 after it was resolved (regression)
  Tickets attached 3 on 2 escalations

By target                                     to acknowledge, h        to resolve, h
                                         n  median   90 %     n  median   90 %     n  late  rej  ret
  Engineering                            6     2.5    5.5     6    12.0      -     3     3    2    0
  Product                                2     2.5      -     2    12.0      -     1     0    1    1
  L2 Support                             1    0.50      -     1       -      -     0     0    0    1
  Security                               1    0.10      -     1       -      -     0     0    1    0

What to teach
  Rejected, not a bug: 3 times
    - 2 × It works so → see the manual <script>alert(1)</script> (ESC-6, ESC-8)
    1 time by Security's, whose words are not shown (need to know)
"""


def test_text(figures: Stats) -> None:
    text = as_text(figures, ("target",), width=100, colour=False)
    assert text.startswith(TEXT)
    assert "  - ESC-2 (closed), 2 tickets attached: Export fails <script>alert(1)</script>\n" in text
    assert "    Acme, Kestrel <script>alert(1)</script>, Zenith\n" in text
    assert "  1 of Security's, not shown (need to know)\n" in text
    assert text.endswith("has the escalation today.\n")


@pytest.mark.parametrize("width", [40, 79, 80, 100, 120])
def test_text_stays_within_the_terminal(figures: Stats, width: int) -> None:
    text = as_text(figures, BY, width=width, colour=False)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\n\n\n" not in text


def test_text_obeys_no_control_character(tmp_path: Path) -> None:
    book = Book(str(tmp_path / "ledger.db"))
    book.life(JAN, product_area="a\x1b[31m\u202eb\nBy target", deciding_rule="\x07")
    text = as_text(stats(book.database, JAN), BY, width=100, colour=False)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)
    assert "a\\x1b[31m\\u202eb By target" in text


def test_csv(figures: Stats) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(figures, BY))))
    assert [(row["grouping"], row["group"]) for row in rows] == [
        ("whole", ALL),
        *(("target", name) for name in ("engineering", "product", "l2_support", "security")),
        *(("rule", name) for name in ("TEC-5", "BUS-1", "CPX-1", "SEC-1", "TEC-4")),
        *(("area", name) for name in ("Billing", "(not named)")),
        ("area", '\'=HYPERLINK("http://evil.example")'),
        ("area", "(withheld: Security)"),
        *(("month", name) for name in ("2026-01", "2026-02")),
    ]
    whole, engineering = rows[:2]
    assert whole == dict.fromkeys(whole, "0") | {
        "grouping": "whole",
        "group": "all",
        "escalations": "10",
        "escalations_critical": "2",
        "escalations_high": "1",
        "escalations_medium": "7",
        "acknowledged": "10",
        "acknowledge_median_hours": "1.5",
        "acknowledge_p90_hours": "5.1",
        "resolved": "4",
        "resolve_median_hours": "12.0",
        "resolve_p90_hours": "",
        "breaches": "3",
        "breaches_acknowledge": "1",
        "breaches_internal": "1",
        "breaches_customer": "1",
        "overdue_now": "1",
        "overdue_now_customer": "1",
        "rejected_escalations": "4",
        "rejections_not_a_bug": "3",
        "rejections_wrong_team": "1",
        "returned_escalations": "2",
        "returns_returned": "1",
        "returns_workaround": "1",
        "severity_changes": "2",
        "times_reopened": "2",
        "times_regressed": "1",
        "attached_tickets": "3",
        "escalations_with_attached_tickets": "2",
    }
    assert engineering["acknowledge_p90_hours"] == "5.5"
    assert [row["group"] for row in csv.DictReader(io.StringIO(as_csv(figures, ("month",))))] == ["2026-01", "2026-02"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("＝1", "'＝1"),
        ("x;=1;y", "x;'=1;y"),  # where a spreadsheet parts cells by semicolons
        ("x; -1", "x;' -1"),
        ("TEC-5", "TEC-5"),
        ("a = b", "a = b"),
        ("", ""),
        (-2, -2),
        (1.5, 1.5),
        (None, None),
    ],
)
def test_no_cell_is_a_formula(value: Any, expected: Any) -> None:
    assert cell(value) == expected


class Page(HTMLParser):
    """Tags with their attributes, ids and visible text. Fails where tags do not match."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.text = ""
        self.feed(source)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"} and not (self.get_starttag_text() or "").endswith("/>"):
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.text += data.replace("\u00a0", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "div"),
    *("h1", "h2", "h3", "p", "ul", "li", "dl", "dt", "dd", "a", "br", "span", "strong", "code"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "g", "rect", "line", "text"),
}


def test_html_holds_only_our_markup_and_no_way_out(figures: Stats) -> None:
    source = as_html(figures, BY)
    page = Page(source)
    assert {tag for tag, _ in page.tags} <= OURS
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in {"src", "style", "srcdoc"} for name in attributes)
        assert str(attributes.get("href", "#")).startswith("#")
    assert "<script" not in source
    assert page.text.count(SCRIPT) == 5  # headline, account, way on, what was learned twice: as text
    style = source.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert f'content="{policy}"' in source
    assert "url(" not in style
    assert "@import" not in style


def test_html_can_be_read_without_seeing_it(figures: Stats) -> None:
    page = Page(as_html(figures, BY))
    ids = [str(attributes["id"]) for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointed = [
        str(a[name]).removeprefix("#") for _, a in page.tags for name in ("href", "aria-labelledby") if name in a
    ]
    assert set(pointed) <= set(ids)
    assert len(page.all("caption")) == len(page.all("table")) == len(BY)
    assert {attributes.get("scope") for attributes in page.all("th")} == {"col", "row"}
    for chart in page.all("svg"):
        assert chart.get("aria-hidden") == "true" or (chart.get("role") == "img" and chart.get("aria-label"))


def test_html_draws_the_figures(figures: Stats) -> None:
    source = as_html(figures, BY)
    page = Page(source)
    assert "2026-01: medium 4, high 1" in page.text
    assert "2026-02: acknowledge 1, customer 1, internal 1" in page.text
    plots = source.split('class="plot"')[1:]
    # 5 of an axis to 6 is five sixths of 140 pixels; the parts of a month touch each other.
    tall = re.findall(r'class="part f-\w+" x="[\d.]+%" y="([\d.]+)" width="[\d.]+%" height="([\d.]+)"', plots[0])
    assert [(float(y), float(height)) for y, height in tall[:2]] == [(126.67, 23.33), (33.33, 93.33)]
    assert "4 of 10 (40 %)" in page.text
    assert "1 of 2" in page.text
    assert "1 of 2 (" not in page.text  # of so few no percentage


def test_a_month_without_an_escalation_has_its_place(tmp_path: Path) -> None:
    book = Book(str(tmp_path / "ledger.db"))
    book.life(datetime(2025, 11, 3, 9, tzinfo=UTC))
    book.life(FEB)
    page = Page(as_html(stats(book.database, FEB), BY))
    months = re.findall(r"(\d{4}-\d\d): (?:medium|none)", page.text)
    assert months[:4] == ["2025-11", "2025-12", "2026-01", "2026-02"]


def test_json(figures: Stats, run: Callable[..., str]) -> None:
    data = json.loads(run("--format", "json"))
    assert list(data) == ["now", "since", "until", "drafts", "whole", "groups", "lessons", "patterns"]
    assert (data["now"], data["since"], data["until"]) == ("2026-02-02T14:00:00+00:00", None, None)
    assert list(data["groups"]) == list(GROUPINGS)
    assert data["whole"]["acknowledge"] == {"n": 10, "median_hours": 1.5, "p90_hours": 5.1}
    assert data["whole"]["rejections"] == figures.whole.rejections
    assert data["lessons"][0]["words"][0]["ids"] == ["ESC-6", "ESC-8"]
    assert data["patterns"]["shown"][0]["id"] == "ESC-2"
    few = json.loads(run("--by", "rule", "--since", "2026-01-13", "--until", "2026-12-31"))
    assert (list(few["groups"]), few["since"], few["until"]) == (["rule"], "2026-01-13", "2026-12-31")


@pytest.mark.parametrize("form", ["text", "csv", "html", "json"])
def test_nothing_of_a_security_case_is_shown(run: Callable[..., str], form: str) -> None:
    assert SECRET not in run("--format", form).casefold()


# The command


@pytest.fixture
def run(book: Book, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        parser, module = verb_parser("stats")
        given = parser.parse_args(["--ledger", book.database.url, "--now", NOW.isoformat(), *arguments])
        assert module.run(given) == 0
        return capsys.readouterr().out

    return call


def test_json_where_a_program_reads_and_text_on_a_terminal(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(run())["whole"]["n"] == 10
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert run().startswith("What the ledger says\n")


def test_the_suffix_of_the_file_says_the_format(run: Callable[..., str], tmp_path: Path) -> None:
    for name, start in (
        ("a.csv", b"\xef\xbb\xbfgrouping,group,escalations,"),
        ("a.html", b"<!DOCTYPE html>"),
        ("a.txt", b"What the ledger says\n"),
        ("a.json", b"{\n"),
    ):
        assert run("--out", str(tmp_path / name)) == ""
        assert (tmp_path / name).read_bytes().startswith(start)
    run("--format", "csv", "--out", str(tmp_path / "b.txt"))
    assert (tmp_path / "b.txt").read_bytes().startswith(b"grouping,")
    assert run("--format", "csv").startswith("grouping,")  # a mark would be part of the first name


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--since", "yesterday"), "--since 'yesterday' is not a day"),
        (("--until", "2026-02-30"), "--until '2026-02-30' is not a day"),
        (("--until", "9999-12-31"), "is not a day"),
        (("--since", "2026-03-01", "--until", "2026-02-01"), "--since 2026-03-01 is later than --until 2026-02-01"),
        (("--by", "owner"), "invalid choice"),
    ],
)
def test_each_mistake_is_one_line(run: Callable[..., str], arguments: tuple[str, ...], expected: str) -> None:
    with pytest.raises(BadInput) as caught:
        run(*arguments)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_looking_makes_no_ledger(tmp_path: Path) -> None:
    parser, module = verb_parser("stats")
    with pytest.raises(BadInput, match=r"no ledger at .* yet: `escalation open`"):
        module.run(parser.parse_args(["--ledger", str(tmp_path / "none.db")]))
    assert list(tmp_path.iterdir()) == []


def test_the_flag_names_every_grouping() -> None:
    assert BY == GROUPINGS
