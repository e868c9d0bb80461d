"""The ledger's verbs on the command line: JSON for agents, one line for mistakes, exit codes, what a person reads."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import cli, pipeline
from agent.commands import open as opening
from agent.errors import Refused

ROOT = Path(__file__).parents[1]
TICKET = ROOT / "examples/engineering-export-fails.txt"
CRITICAL = ROOT / "examples/critical-portal-down.txt"
HANDLED = ROOT / "examples/handle-single-sign-on.txt"
CONTEXT = ROOT / "examples/context-halvorsen.json"
OPENED = "2026-11-20T18:05+01:00"


class Shell:
    """Calls verbs in this process, with a ledger of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: object, code: int = 0) -> str:
        found = cli.main([str(argument) for argument in arguments])
        self.out, self.err = self._capsys.readouterr()
        assert found == code, self.err
        return self.out

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--format", "json", code=code))

    def refused(self, *arguments: object, code: int = 2) -> str:
        """The one line of a mistake."""
        assert self(*arguments, code=code) == ""
        assert self.err.startswith("escalation: ")
        assert self.err.count("\n") == 1, self.err
        return self.err


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ESCALATION_DB", str(tmp_path / "data" / "ledger.db"))
    monkeypatch.chdir(tmp_path)
    return Shell(capsys)


@pytest.fixture
def opened(shell: Shell) -> Shell:
    """ESC-1 is open: Critical, of Halvorsen."""
    shell("run", CRITICAL, "--context", CONTEXT, "--now", OPENED, "--record", "--by", "Ana", "--format", "json")
    return shell


def at(time: str) -> str:
    return f"2026-11-20T{time}+01:00"


def test_a_run_looks_but_writes_nothing_unless_told(shell: Shell, tmp_path: Path) -> None:
    shell("run", CRITICAL, "--now", OPENED, "--format", "json")
    assert not (tmp_path / "data").exists()
    shell("run", CRITICAL, "--now", OPENED, "--record", "--format", "json")
    assert shell.json("list")["total"] == 1
    shell("run", TICKET, "--now", OPENED, "--format", "json")
    assert shell.json("list")["total"] == 1


def test_a_recorded_run_names_its_escalation(shell: Shell) -> None:
    result = json.loads(shell("run", CRITICAL, "--context", CONTEXT, "--now", OPENED, "--record", "--format", "json"))
    assert result["ledger_id"] == "ESC-1"
    assert "Opened: ESC-1 is open, Critical" in shell.err


def test_a_run_that_the_ledger_refuses_is_printed_all_the_same(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise Refused("the escalation of this ticket is over")

    monkeypatch.setattr(opening, "written", refused)
    result = json.loads(shell("run", CRITICAL, "--now", OPENED, "--record", "--format", "json", code=5))
    assert (result["decision"]["severity"], result["ledger_id"]) == ("critical", None)
    assert shell.err.splitlines()[-1] == "escalation: the escalation of this ticket is over"


def test_who_records_a_run_is_known_before_it_costs_anything(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_TEAM", "nobody")
    monkeypatch.setattr(pipeline, "escalate", lambda *_, **__: pytest.fail("the model was asked"))
    assert shell("run", CRITICAL, "--now", OPENED, "--record", code=2) == ""
    assert "ESCALATION_TEAM 'nobody': expected one of" in shell.err


def test_a_page_beyond_all_numbers_is_empty(opened: Shell) -> None:
    page = opened.json("list", "--after", 10**20)
    assert (page["total"], page["escalations"]) == (1, [])


def test_a_result_can_be_opened_later(shell: Shell, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    shell("run", CRITICAL, "--context", CONTEXT, "--now", OPENED, "--out", result)
    became = shell.json("open", result, "--by", "Ana", "--now", OPENED)
    assert became["became"] == "opened"
    assert became["escalation"]["severity"] == "critical"
    again = shell.json("open", result, "--by", "Ana", "--now", OPENED)
    assert (again["became"], again["repeated"]) == ("noted", True)
    assert shell.json("show", "ESC-1")["version"] == 1


def test_an_agent_opens_from_its_pieces_and_the_brief_is_validated(shell: Shell, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.json" for name in ("report", "facts", "decision")}
    brief = tmp_path / "brief.md"
    files["report"].write_text(shell("facts", TICKET, "--backend", "offline"), encoding="utf-8")
    shell("check", TICKET, files["report"], "--out", files["facts"])
    shell("decide", files["facts"], "--tier", "L2", "--now", OPENED, "--out", files["decision"], "--format", "json")
    brief.write_text("# ESCALATION: Export fails for 9,999 customers\n", encoding="utf-8")
    pieces = ["--ticket", TICKET, "--facts", files["facts"], "--decision", files["decision"], "--brief", brief]
    drafted = shell.json("open", *pieces, "--by", "Ana", "--through", "claude", "--now", OPENED, code=3)
    assert drafted["became"] == "drafted"
    assert "brief" in drafted["notes"][0]
    opened = shell.json("open", *pieces, "--by", "Ana", "--despite", "the customer waits", "--now", OPENED)
    assert opened["became"] == "opened"
    assert opened["escalation"]["id"] == drafted["escalation"]["id"]
    events = shell.json("timeline", "ESC-1")["events"]
    assert [event["data"]["kind"] for event in events] == ["drafted", "opened"]
    assert events[0]["through"] == "claude"
    full = shell.json("show", "ESC-1", "--full")
    assert full["result"]["decision"]["deciding_rule"] == "TEC-5"
    assert "ticket" not in full["result"]


def test_opening_says_what_falls_due_first_and_that_the_ledger_is_new(shell: Shell, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    shell("run", CRITICAL, "--context", CONTEXT, "--now", OPENED, "--out", result)
    became = shell.json("open", result, "--by", "Ana", "--now", OPENED)
    url = f"sqlite:///{tmp_path / 'data' / 'ledger.db'}"
    assert became["notes"] == [f"There was no ledger at {url}: a new one was made"]
    assert "a new one was made" in shell.err
    first = shell.json("show", "ESC-1")["timers"][0]
    first.pop("lines")
    assert became["next_due"] == first
    assert (first["kind"], first["due"]) == ("acknowledge", "2026-11-20T17:20:00Z")
    assert shell.json("open", result, "--by", "Ana", "--now", OPENED)["notes"] == [
        "ESC-1 is open for this ticket, and nothing in it is new"
    ]


def test_what_does_not_escalate_opens_nothing_and_says_so(shell: Shell, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    shell("run", HANDLED, "--backend", "offline", "--now", OPENED, "--out", result)
    became = shell.json("open", result, "--by", "Ana", "--now", OPENED)
    assert (became["became"], became["escalation"], became["next_due"]) == ("reported", None, None)
    nothing = "Nothing opened: the outcome is handle; the ticket was noted for the look-up of patterns"
    assert became["notes"][-1] == nothing
    assert f"escalation: {nothing}\n" in shell.err
    assert shell.json("list")["total"] == 0


def test_due_lists_what_is_owed_with_words_to_send(opened: Shell) -> None:
    nothing = opened.json("due", "--now", at("18:10"))
    assert nothing["due"] == []
    found = opened.json("due", "--now", at("20:30"))["due"]
    assert [(row["kind"], row["status"]) for row in found] == [("acknowledge", "overdue"), ("customer", "due")]
    assert "ESC-1 (Critical) reached you" in found[0]["draft"]["text"]
    assert found[1]["draft"]["to"] == "the customer, Halvorsen Shipping"
    assert "HD-20611" in found[1]["draft"]["text"]
    text = opened("due", "--now", at("20:30"), "--format", "text")
    assert "Overdue (1)" in text
    assert "Due now (1)" in text
    assert "reached you" not in opened("due", "--now", at("20:30"), "--short", "--format", "text")


def test_what_was_said_inside_is_no_part_of_the_customers_draft(opened: Shell) -> None:
    opened("ack", "ESC-1", "--at", at("18:10"))
    opened("update", "ESC-1", "--to", "internal", "--text", "we broke it with the rollout", "--at", at("18:30"))
    rows = opened.json("due", "--now", at("20:30"))["due"]
    customer = next(row for row in rows if row["kind"] == "customer")
    assert "rollout" not in customer["draft"]["text"]
    assert "rollout" in customer["draft"]["news"][0]


def test_a_page_of_due_says_what_it_leaves_out(opened: Shell) -> None:
    assert "1 more" in opened("due", "--now", at("20:30"), "--limit", "1", "--format", "text")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("show", "ESC-9"), "no escalation 'ESC-9'"),
        (("show", "nonsense"), "is no escalation"),
        (("update", "ESC-1", "--to", "internal", "--text", "x", "--at", "yesterday"), "is not a time"),
        (("list", "--limit", "0"), "--limit 0"),
        (("due", "--ahead", "-1"), "--ahead -1"),
        (("term", "ESC-1", "--every", "-2", "--source", "contract"), "above 0"),
        (("chase", "ESC-1", "--whom", "x", "--step", "7"), "the ladder has the steps 1 to 3"),
        (("ack", "ESC-1", "--by", "policy"), "stands for the rules"),
        (("ack", "ESC-1", "--by", ""), "expected a name"),
        (("same", "A", "A", "--yes", "--why", "x"), "two different"),
        (("same", "A", "B", "--yes", "--why", "x"), "no ticket 'B'"),
        (("open",), "nothing to open"),
        (("watch", "--every", "0"), "--every 0"),
        (("watch", "--every", "inf"), "--every inf: expected seconds from 1 to a day"),
        (("deliver",), "no webhook is set up"),
        (("ledger", "where", "--ledger", "mysql://user:hunter2@host/x"), "expected a file name"),
    ],
)
def test_a_mistake_is_one_line(opened: Shell, arguments: tuple[str, ...], expected: str) -> None:
    line = opened.refused(*arguments)
    assert expected in line
    assert "hunter2" not in line


def test_a_refusal_has_its_own_exit_code_and_writes_nothing(opened: Shell) -> None:
    before = opened.json("show", "ESC-1")["version"]
    line = opened.refused("close", "ESC-1", "--by", "Ana", code=5)
    assert "only from resolved" in line
    assert opened.json("show", "ESC-1")["version"] == before


def test_who_saw_an_older_version_does_not_write_over_a_newer_one(opened: Shell) -> None:
    seen = opened.json("show", "ESC-1")["version"]
    opened("ack", "ESC-1", "--by", "Jo", "--at", at("18:10"))
    update = ("update", "ESC-1", "--to", "internal", "--text", "x", "--at", at("18:20"), "--if-version", seen)
    line = opened.refused(*update, code=5)
    assert "acknowledged by Jo" in line
    assert "version 2" in line


def test_the_same_key_is_written_once(opened: Shell) -> None:
    update = ("update", "ESC-1", "--to", "internal", "--text", "x", "--at", at("18:20"), "--key", "mail-17")
    opened(*update)
    opened(*update)
    assert "written before" in opened.err
    assert opened.json("show", "ESC-1")["version"] == 2


def test_an_agent_lowers_only_in_a_persons_name(opened: Shell) -> None:
    lower = ("severity", "ESC-1", "high", "--why", "calmer", "--evidence", "mail", "--through", "claude")
    assert "names the person" in opened.refused(*lower)
    assert opened.json(*lower, "--by", "Ana")["severity"] == "high"
    assert opened.json("timeline", "ESC-1")["events"][-1]["through"] == "claude"


def test_an_override_comes_before_any_run_and_stands_in_it(shell: Shell) -> None:
    shell("override", "HD-20418", "--outcome", "handle", "--why", "known, fix ships today", "--by", "Lea")
    assert shell.json("list", "--state", "draft")["total"] == 1
    result = json.loads(shell("run", TICKET, "--tier", "L2", "--format", "json"))
    assert result["decision"]["outcome"] == "handle"
    assert result["decision"]["override"]["by"] == "Lea"
    assert result["decision"]["own_view"]["outcome"] == "escalate"


def test_a_handover_prints_its_note(opened: Shell) -> None:
    text = opened("handover", "ESC-1", "--to", "Ravi", "--by", "Ana", "--note", "call first", "--format", "text")
    assert "Hand-over of ESC-1 to Ravi" in text
    assert "call first" in text
    assert "Next due:" in text


def test_three_accounts_make_a_pattern_once_support_confirms(shell: Shell, tmp_path: Path) -> None:
    text = TICKET.read_text(encoding="utf-8")
    names = {"HD-20418": "Nordwind Logistik", "HD-20419": "Kestrel Plant", "HD-20420": "Brisa Foods"}
    for ticket, account in names.items():
        own = tmp_path / f"{ticket}.txt"
        own.write_text(text.replace("HD-20418", ticket).replace("Nordwind Logistik", account), encoding="utf-8")
    run = ("--tier", "L2", "--now", "2026-11-16T15:00:00Z", "--format", "json", "--record", "--despite", "a test")
    shell("run", tmp_path / "HD-20418.txt", *run)
    second = json.loads(shell("run", tmp_path / "HD-20419.txt", *run))
    assert [(s["ticket"], s["same"]) for s in second["similar"]] == [("HD-20418", None)]
    shell("same", "HD-20419", "HD-20418", "--yes", "--why", "both stop at 60 %", "--by", "Ana")
    shell("same", "HD-20420", "HD-20418", "--yes", "--why", "both stop at 60 %", "--by", "Ana")
    third = json.loads(shell("run", tmp_path / "HD-20420.txt", *run))
    assert "PAT-1" in [rule["id"] for rule in third["decision"]["rules"]]
    assert {related["ticket"] for related in third["context"]["related"]} == {"HD-20418", "HD-20419"}
    assert third["ledger_id"] in ("ESC-1", "ESC-2")
    assert shell.json("list")["total"] == 2


def test_an_agent_gets_what_the_ledger_knows_as_a_context(opened: Shell, tmp_path: Path) -> None:
    report, facts, context = tmp_path / "report.json", tmp_path / "facts.json", tmp_path / "context.json"
    report.write_text(opened("facts", CRITICAL, "--backend", "offline"), encoding="utf-8")
    opened("check", CRITICAL, report, "--out", facts)
    known = opened.json("similar", facts, "--ticket", CRITICAL, "--context", CONTEXT, "--context-out", context)
    assert known["open_escalation"]["id"] == "ESC-1"
    written = json.loads(context.read_text(encoding="utf-8"))
    assert written["open_escalation"]["id"] == "ESC-1"
    assert written["account"]["name"] == "Halvorsen Shipping"
    opened("decide", facts, "--context", context, "--now", at("19:00"), "--format", "json")


def test_hostile_text_reaches_no_terminal_raw(opened: Shell) -> None:
    hostile = "done\x1b[2J\u202egnp.exe <script>alert(1)</script>"
    opened("update", "ESC-1", "--to", "internal", "--text", hostile, "--by", "A\x1b[31mna", "--at", at("18:20"))
    for verb in ("show", "timeline"):
        shown = opened(verb, "ESC-1", "--format", "text")
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "\\x1b[2J" in shown
    markdown = opened("timeline", "ESC-1", "--format", "markdown")
    assert "<script>" not in markdown


def test_check_finds_the_ledger_whole(opened: Shell) -> None:
    assert opened.json("ledger", "check") == {"escalations": 1, "events": 1, "faults": []}
    assert opened("ledger", "check", "--format", "text").strip() == "1 escalation, 1 event: whole"


def test_where_hides_the_password(shell: Shell) -> None:
    found = shell.json("ledger", "where", "--ledger", "postgresql://ana:secret@db.example/esc")
    assert found["ledger"] == "postgresql+psycopg://ana@db.example/esc"


@pytest.mark.parametrize("verb", ["list", "due", "show ESC-1", "stats", "ics", "watch --times 1", "ledger check"])
def test_looking_makes_no_ledger(shell: Shell, tmp_path: Path, verb: str) -> None:
    assert "no ledger at" in shell.refused(*verb.split())
    assert not (tmp_path / "data").exists()


def test_watch_tells_each_thing_once(opened: Shell) -> None:
    told = [json.loads(line) for line in opened("watch", "--times", "2", "--every", "1").splitlines()]
    assert len({(row["escalation"], row["kind"]) for row in told}) == len(told) > 0


def loaded(verb: str) -> set[str]:
    """The packages that a verb imports, in a process of its own."""
    probe = (
        "import sys; from agent.cli import main; code = main(sys.argv[1:]); "
        "print(*sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, *verb.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("verb", ["due --now 2026-11-20T20:30+01:00 --format text", "list --format text"])
@pytest.mark.usefixtures("opened")
def test_what_people_wait_for_imports_neither_schemas_nor_the_sdk(verb: str) -> None:
    found = loaded(verb)
    assert "sqlalchemy" in found
    assert not found & {"pydantic", "anthropic", "alembic", "holidays", "icalendar", "tenacity"}
