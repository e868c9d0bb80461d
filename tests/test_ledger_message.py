"""Messages for a chat: what they say, and what a ticket cannot make them do."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agent.cli import verb_parser
from agent.errors import BadInput
from agent.ledger.database import Database
from agent.ledger.message import FORMS, KINDS, Form, Kind, message, pasted_line, slack_line, teams_line
from agent.ledger.store import Author, Ledger, Step, sha256_of
from agent.ledger.timers import timers
from agent.policy.settings import load_settings
from schemas.context import Calendar, Override
from schemas.ledger import Acknowledged, Closed, Drafted, Duties, Opened, Overridden, Record, Resolved, Updated

SETTINGS = load_settings()
ANA, ENG = Author("Ana"), Author("Eve", "engineering")
HOSTILE = (
    "<!channel> <@U012AB3CD> <#C01|x> <http://evil.example|click> @here @Ana #general :white_check_mark: "
    "*bold* _it_ ~no~ `code` ```x``` [a](http://evil.example) ![i](x.png) <b>b</b> &lt;!here&gt; evil.example "
    "mailto:a@b.example www.evil.example user_id 10:30:15 v2.3 #4711 \u202etxt.exe\u200b \x1b[31m"
)
Write = Callable[..., Record]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Database(str(tmp_path / "ledger.db")))


@pytest.fixture
def begin(ledger: Ledger, now: datetime) -> Write:
    def make(**fields: Any) -> Record:
        values: dict[str, Any] = {
            "ticket": "T-1",
            "ticket_sha256": "0" * 64,
            "headline": "Invoices fail",
            "account": "Acme",
            "severity": "high",
            "owner": "engineering",
            "deciding_rule": "TEC-5",
            "ask": "Fix the export",
            "calendar": SETTINGS.calendar,
            "policy_version": SETTINGS.version,
            "policy_sha256": sha256_of(SETTINGS.model_dump_json()),
            "result_sha256": "0" * 64,
            **fields,
        }
        data = Opened(**{"next_hop": values["owner"], **values})
        return ledger.begin(data, ANA, at=now, now=now, settings=SETTINGS).record

    return make


@pytest.fixture
def write(ledger: Ledger, now: datetime) -> Write:
    def add(data: Any, minutes: int, by: Author = ANA) -> Record:
        at = now + timedelta(minutes=minutes)
        return ledger.append("ESC-1", [Step(data, why="because")], by, at=at, now=at).record

    return add


def said(record: Record, now: datetime, form: Form = "text", kind: Kind = "status") -> str:
    return message(record, timers(record, SETTINGS), now, form=form, kind=kind)


# --- what they say ---


def test_where_it_stands(begin: Write, write: Write, now: datetime) -> None:
    begin(next_hop="l2_support")
    write(Acknowledged(), 5, ENG)
    record = write(Updated(audience="customer", text="We look into it"), 30)
    lines = [
        "{b}ESC-1{b} · High · acknowledged, with L2 Support for Engineering",
        "About: Invoices fail",
        "Ticket: T-1, Acme",
        "Kept by: Ana",
        "Customer last told: Tue 2026-03-03 09:30 UTC",
        f"Next: {{b}}Tue 2026-03-03 13:05 UTC{{b}} (in 3 h 35 min) Support: {timers(record, SETTINGS)[0].what}",
    ]
    at = now + timedelta(minutes=30)
    assert said(record, at).splitlines() == [line.format(b="") for line in lines]
    assert said(record, at, "slack").splitlines() == [line.format(b="*") for line in lines]
    first, *rest = [line.format(b="**") for line in lines]
    assert said(record, at, "teams").splitlines() == [first, "", *(f"- {line}" for line in rest)]


def test_what_is_due(begin: Write, now: datetime) -> None:
    record = begin()
    at = now + timedelta(hours=8, minutes=30)
    step, update, ask = (f"{timer.who}: {timer.what}" for timer in timers(record, SETTINGS))
    assert said(record, at, "slack", "due").splitlines() == [
        "*ESC-1* · High · what is due",
        f"• *Tue 2026-03-03 13:00 UTC* (overdue by 30 min) {step}",
        f"• *Tue 2026-03-03 13:00 UTC* (overdue by 30 min) {update}",
        f"• *Tue 2026-03-03 17:00 UTC* (overdue by 30 min) {ask}",
    ]
    assert "(due now)" in said(record, now + timedelta(hours=4), "slack", "due")
    assert "\n- **Tue" in said(record, at, "teams", "due")
    assert "\n- Tue" in said(record, at, "text", "due")


def test_no_more_than_five_times_are_listed(begin: Write, write: Write, now: datetime) -> None:
    begin()
    for day in range(1, 5):
        due = now + timedelta(days=day)
        record = write(Updated(audience="customer", text="Soon", promise=f"part {day}", promise_due=due), day)
    text = said(record, now, kind="due")
    assert text.count("\n- ") == 6
    assert text.endswith("\n- And 2 more\n")


def test_times_are_in_the_calendars_zone_and_the_customers(begin: Write, now: datetime) -> None:
    calendar = Calendar(timezone="Europe/Berlin", opens="09:00", closes="17:00")
    record = begin(calendar=calendar, customer_zone="America/New_York", severity="critical")
    both = "Tue 2026-03-03 10:15 CET (Tue 2026-03-03 04:15 EST for the customer)"
    for form in FORMS:
        assert both in said(record, now, form).replace("*", "")
    assert "Tue 2026-03-03 10:15 CET (in" in said(record.model_copy(update={"customer_zone": None}), now)
    assert "Tue 2026-03-03 10:15 CET (in" in said(record.model_copy(update={"customer_zone": "Mars/Base"}), now)


@pytest.mark.parametrize("form", FORMS)
def test_where_no_clock_runs_it_says_so(begin: Write, write: Write, now: datetime, form: Form) -> None:
    begin()
    write(Resolved(resolution="Patched", root_cause="A bug"), 5)
    done = Duties(team_notified=True, ticket_updated=True, customer_informed=True, learned="Look first.")
    record = write(Closed(duties=done), 9)
    assert "Next: nothing is due" in said(record, now, form)
    assert "Nothing: no clock runs while it is closed" in said(record, now, form, "due")


def test_a_draft_has_no_severity_yet(ledger: Ledger, now: datetime) -> None:
    record = ledger.begin(Drafted(ticket="T-9", headline="Something"), ANA, at=now, now=now).record
    text = message(record, (), now, form="text")
    assert text.splitlines()[:3] == ["ESC-1 · draft", "About: Something", "Ticket: T-9"]


# --- need to know ---


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_of_a_security_case_only_id_severity_and_state(begin: Write, now: datetime, form: Form, kind: Kind) -> None:
    text = said(begin(owner="security", severity="critical"), now, form, kind)
    assert text.replace("*", "") == "ESC-1 · Critical · open\n"


def test_a_persons_word_makes_a_security_case_of_a_draft(ledger: Ledger, now: datetime) -> None:
    ledger.begin(Drafted(ticket="T-9", headline="Something"), ANA, at=now, now=now)
    override = Override(by="Ana", why="data were read", at=now, outcome="escalate", owner="security")
    step = Step(Overridden(override=override), why="data were read")
    record = ledger.append("ESC-1", [step], ANA, at=now, now=now).record
    assert message(record, (), now, form="text") == "ESC-1 · draft\n"


# --- what a ticket cannot do ---


def hostile(begin: Write) -> Record:
    return begin(headline=HOSTILE, account=HOSTILE, accounts=(HOSTILE,), ask=HOSTILE, ticket=HOSTILE)


@pytest.mark.parametrize("kind", KINDS)
def test_slack_neither_pings_nor_links_nor_formats(begin: Write, now: datetime, kind: Kind) -> None:
    text = said(hostile(begin), now, "slack", kind)
    ours = [line.count("*") for line in text.splitlines()]
    assert set(ours) <= {0, 2}
    for pattern in (
        r"[<>@~`]",
        r"&(?!amp;|lt;|gt;)",
        r"#[^\W\d]",
        r"\w\.[^\W\d]",
        r":[a-z_]+:",
        r"[^\W\d]:\S",
        r"(?<!\w)_|_(?!\w)",
        "[\x00-\x09\x0b-\x1f\u200b\u202e]",
    ):
        assert re.search(pattern, text) is None, pattern
    assert "10:30:15 v2.3 #4711" in text or kind == "due"
    assert text.count("\n") == len(text.splitlines()) <= 7


def test_slack_shows_what_the_text_says() -> None:
    assert slack_line("R&D: a < b > c, user_id 'x'") == "R&amp;D: a &lt; b &gt; c, user_id 'x'"
    assert slack_line("<!channel>") == "&lt;!channel&gt;"
    assert slack_line("*now* ~not~ `x` _y_") == "∗now∗ ∼not∼ ˋxˋ ˍyˍ"
    assert (
        slack_line("https://evil.example/x @here :tada: #general") == "https꞉//evil․example/x ﹫here ꞉tada: ﹟general"
    )
    assert slack_line("export_2026_03.csv at 10:30:15") == "export_2026_03․csv at 10:30:15"
    assert slack_line("a\r\n> b") == "a &gt; b"
    # In a message box an entity would be read as it stands.
    assert pasted_line("R&D: a < b > c, *now*") == "R&D: a ‹ b › c, ∗now∗"


@pytest.mark.parametrize("kind", KINDS)
def test_teams_neither_pings_nor_links_nor_formats(begin: Write, now: datetime, kind: Kind) -> None:
    text = said(hostile(begin), now, "teams", kind)
    reader = MarkdownIt("gfm-like", {"linkify": False}).enable("strikethrough")
    rendered = reader.render(text)
    assert set(re.findall(r"</?([a-z0-9]+)", rendered)) <= {"p", "ul", "li", "strong", "code"}
    strong = re.findall(r"<strong>(.*?)</strong>", rendered)
    assert all(re.fullmatch(r"ESC-1|[A-Z][a-z]{2} \d{4}-\d\d-\d\d .*UTC", each) for each in strong)
    for pattern in ("@", r"\w\.[^\W\d]", r"[^\W\d]:\S", "[\u200b\u202e\x1b]"):
        assert re.search(pattern, text) is None, pattern


def test_teams_shows_what_the_text_says() -> None:
    shown = MarkdownIt("commonmark").render(teams_line("R&D *now* <b>x</b> user_id [a](b) 1. x"))
    assert shown == "<p>R&amp;D *now* &lt;b&gt;x&lt;/b&gt; user_id [a](b) 1. x</p>\n"


def test_text_is_one_visible_line_for_each_value(begin: Write, now: datetime) -> None:
    text = said(hostile(begin), now)
    assert "\\u202etxt.exe\\u200b \\x1b[31m" in text
    assert len(text.splitlines()) == 5


@given(st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("<>&*_~`@#:./ \n")))
def test_no_text_at_all_escapes(value: str) -> None:
    line = slack_line(value)
    assert "\n" not in line
    assert not set(line) & set("<>*~`@")
    assert re.search(r"&(?!amp;|lt;|gt;)", line) is None
    assert not set(pasted_line(value)) & set("<>*~`@\n")
    assert "://" not in pasted_line(value) + teams_line(value)
    assert "@" not in teams_line(value)


# --- the verb ---


def test_the_verb(
    begin: Write, now: datetime, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = begin()
    monkeypatch.setenv("ESCALATION_DB", str(tmp_path / "ledger.db"))
    parser, module = verb_parser("message")
    at = ["--now", now.isoformat()]
    assert module.run(parser.parse_args(["esc-1", *at])) == 0
    assert capsys.readouterr().out == said(record, now)
    assert module.run(parser.parse_args(["1", "--for", "slack", "--kind", "due", *at])) == 0
    assert capsys.readouterr().out == said(record, now, "slack", "due")
    with pytest.raises(BadInput, match="no escalation 'ESC-9'"):
        module.run(parser.parse_args(["ESC-9"]))
    with pytest.raises(BadInput, match="--for"):
        parser.parse_args(["ESC-1", "--for", "irc"])
    assert (module.FORMS, module.KINDS) == (FORMS, KINDS)
