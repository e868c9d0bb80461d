"""JSON lines, CSV and summary of a run: whole, harmless, streamed."""

import csv
import json
import stat
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from factories import make_escalation
from run_folders import USED, answer, done, folder_of, put

from agent.batch.prices import Price, Prices, load_prices
from agent.batch.results import COLUMNS, WITHHELD, as_json, as_text, summary, write_csv, write_jsonl
from agent.batch.run_folder import Row
from agent.errors import BadInput
from agent.render import render
from schemas.escalation import Usage

DAY = date(2026, 11, 30)
HEAD = ",".join(COLUMNS)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_json_lines_hold_each_result_as_run_prints_it(tmp_path: Path) -> None:
    result = make_escalation()
    with folder_of(tmp_path) as folder:
        done(folder, "a\u2028\u202e.eml", result)
        put(folder, Row("b", "unreadable", error="'b' is no ticket"))
        put(folder, Row("c", "waiting"))
        done(folder, "of another scan", scan=2)
        assert write_jsonl(folder, 1, tmp_path / "all.jsonl") == 3
    text = (tmp_path / "all.jsonl").read_text("utf-8")
    assert "\u2028" not in text
    assert "\u202e" not in text
    first, *others = (json.loads(line) for line in text.splitlines())
    assert (first["key"], first["state"], first["error"]) == ("a\u2028\u202e.eml", "done", None)
    assert first["escalation"] == json.loads(render(result, "json"))
    assert others == [
        {"key": "b", "state": "unreadable", "error": "'b' is no ticket", "escalation": None},
        {"key": "c", "state": "waiting", "error": None, "escalation": None},
    ]


def test_a_result_of_several_lines_is_one_line_and_a_lone_surrogate_an_escape(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        put(folder, Row("a", "done", outcome="handle"), '{\n  "t": "\udc80"\n}'.encode("utf-8", "surrogatepass"))
        write_jsonl(folder, 1, tmp_path / "all.jsonl")
    (line,) = (tmp_path / "all.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["escalation"] == {"t": "\udc80"}


def test_csv_as_a_spreadsheet_and_a_parser_read_it(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        done(folder, 'a,"b"', title="Export fails\r\nsince 4.2.1", usage=USED, redacted="2 card numbers")
        put(folder, Row("b", "failed", error="the model declined", usage=Usage(calls=1, output_tokens=5)))
        assert write_csv(folder, 1, tmp_path / "all.csv") == 2
    data = (tmp_path / "all.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfkey,ticket_id,")
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    one, two = rows_of(tmp_path / "all.csv")
    assert one == {
        "key": 'a,"b"',
        "ticket_id": "HD-4711",
        "title": "Export fails since 4.2.1",
        "state": "done",
        "outcome": "escalate",
        "owner": "Engineering",
        "leadership": "no",
        "severity": "high",
        "deadline": "2025-03-24T17:00:00+00:00",
        "brief_status": "valid",
        "backend": "offline",
        "calls": "2",
        "tokens": "33500",
        "replaced": "2 card numbers",
        "error": "",
    }
    assert two == dict.fromkeys(COLUMNS, "") | {
        "key": "b",
        "state": "failed",
        "calls": "1",
        "tokens": "5",
        "error": "the model declined",
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\r=1", "'\\x0d=1"),
        ("  =1", "'  =1"),
        ("＝1+1", "'＝1+1"),
        ("a;=1", "a;'=1"),
        ("a=1", "a=1"),
        ("\u202e=1", "\\u202e=1"),
        ("NUL\0", "NUL\\x00"),
    ],
)
def test_no_cell_runs_as_a_formula(tmp_path: Path, value: str, shown: str) -> None:
    with folder_of(tmp_path) as folder:
        done(folder, value, title=value, ticket_id=value, redacted=value, error=value)
        write_csv(folder, 1, tmp_path / "all.csv")
    (row,) = rows_of(tmp_path / "all.csv")
    if value != "\r=1":
        assert row["key"] == row["ticket_id"] == shown
    for column in ("key", "ticket_id", "title", "replaced", "error"):
        assert row[column].lstrip()[:1] not in ("=", "+", "-", "@", "＝")
        assert row[column][:1] not in ("\t", "\r", "\n")


def test_titles_of_securitys_tickets_stay_out_of_the_lists(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        done(folder, "a", make_escalation("escalate", "security"), title="Names of patients leaked")
        write_csv(folder, 1, tmp_path / "all.csv")
        figures = summary(folder, 1, Prices((), DAY))
    assert rows_of(tmp_path / "all.csv")[0]["title"] == WITHHELD
    assert "patients" not in as_text(figures) + as_json(figures)
    assert WITHHELD in as_text(figures)


def test_files_are_whole_or_absent_and_private(tmp_path: Path) -> None:
    old = tmp_path / "all.jsonl"
    old.write_text("old")
    with folder_of(tmp_path) as folder:
        put(folder, Row("a", "done", outcome="handle"), b"\xff is no JSON\n")
        with pytest.raises(UnicodeDecodeError):
            write_jsonl(folder, 1, old)
        assert old.read_text() == "old"
        with pytest.raises(BadInput, match=r"^--csv '.*none/all.csv': its folder does not exist, make it first$"):
            write_csv(folder, 1, tmp_path / "none" / "all.csv", "--csv")
        with pytest.raises(BadInput, match=r"^--csv '/dev/null' is not a regular file"):
            write_csv(folder, 1, Path("/dev/null"), "--csv")
        write_csv(folder, 1, tmp_path / "all.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "all.jsonl", "run"]
    assert stat.S_IMODE((tmp_path / "all.csv").stat().st_mode) == 0o600


def test_the_summary_counts_each_ticket_of_the_scan_once(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        done(
            folder,
            "a",
            make_escalation("escalate", "engineering", leadership=True),
            severity="critical",
            backend="claude",
        )
        done(folder, "b", make_escalation("escalate", "product"), severity="medium", backend="offline")
        done(folder, "c", make_escalation("handle"), redacted="1 card number", backend="claude")
        done(folder, "d", make_escalation("needs_info"), backend="claude")
        done(folder, "e", scan=2)
        put(folder, Row("f", "failed", error="x"))
        put(folder, Row("g", "waiting"))
        answer(folder, "1", USED.model_copy(update={"calls": 1}))
        answer(folder, "2", USED.model_copy(update={"calls": 1}), paid="batch")
        figures = summary(folder, 1, load_prices(DAY), "claude-sonnet-5-5")
    assert figures.states == {"done": 4, "failed": 1, "waiting": 1}
    assert figures.tickets == 6
    assert figures.outcomes == {"escalate": 2, "handle": 1, "needs_info": 1}
    assert figures.matrix == {"engineering": {"critical": 1}, "product": {"medium": 1}}
    assert (figures.leadership, figures.fallbacks, figures.redacted) == (1, 1, 1)
    assert figures.briefs == {"valid": 2, "none": 2}
    assert [ticket.key for ticket in figures.worst] == ["a"]
    # 1,000 in x 2 + 2,000 out x 10 + 30,000 read x 0.10 + 500 written x 2.50 = 26,250 millionths, in a batch half
    assert figures.cost == "0.039375"
    assert json.loads(as_json(figures))["usage"]["batch"]["output_tokens"] == 2_000
    lines = as_text(figures, width=100).splitlines()
    assert lines[:2] == ["6 tickets", "  State            done 4, failed 1, waiting 1"]
    assert "  Cost             $0.0394 (prices of 2026-11-30)" in lines
    assert "  Engineering            1         0" in lines


def test_a_summary_without_a_model_begins_with_the_warning(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        assert "No model" not in as_text(summary(folder, 1, Prices((), DAY)))  # nothing was made yet
        done(folder, "a", backend="offline")
        figures = summary(folder, 1, Prices((), DAY))
    assert as_text(figures, width=0).splitlines()[1].startswith("! No model read these tickets: facts were found by")
    assert "No model" not in as_text(figures.model_copy(update={"model": "m", "fallbacks": 1}))


def test_the_worst_come_by_severity_then_deadline_in_any_zone(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        done(folder, "late", severity="critical", deadline="2026-01-01T12:00:00+00:00")
        done(folder, "none", severity="critical", deadline=None)
        done(folder, "high", severity="high", deadline="2020-01-01T00:00:00+00:00")
        done(folder, "soon", severity="critical", deadline="2026-01-01T12:30:00+01:00")
        for number in range(9):
            done(folder, f"more {number}", severity="high", deadline="2030-01-01T00:00:00+00:00")
        figures = summary(folder, 1, Prices((), DAY))
    assert [ticket.key for ticket in figures.worst[:4]] == ["soon", "late", "none", "high"]
    assert (len(figures.worst), figures.worst_more) == (10, 3)
    assert figures.worst[1].deadline == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert "  and 3 more that are Critical or High" in as_text(figures).splitlines()


def test_each_answer_is_priced_by_its_own_model_and_length(tmp_path: Path) -> None:
    own = {"output": 0, "cache_read": 0, "cache_write": 0, "input": 1}
    long = {"prompt": 100, "output": 0, "cache_read": 0, "cache_write": 0, "input": 10}
    prices = Prices([Price.model_validate({"model": "m", "above": long, **own})], DAY)
    with folder_of(tmp_path) as folder:
        answer(folder, "1", Usage(calls=1, input_tokens=100), "m")
        answer(folder, "2", Usage(calls=1, input_tokens=101), "m")
        assert summary(folder, 1, prices).cost == "0.00111"  # 100 x 1 and 101 x 10 millionths
        assert (
            summary(folder, 2, Prices((), DAY)).cost_words == "price of m unknown: no cost; give one with --prices FILE"
        )
        answer(folder, "3", Usage(calls=1, input_tokens=1), "other")
        figures = summary(folder, 1, prices)
    assert figures.cost_words == "at least $0.0011 (price of other unknown: no cost; give one with --prices FILE)"


def test_memory_does_not_grow_with_the_tickets(tmp_path: Path) -> None:
    title = "a title of some length " * 4
    with folder_of(tmp_path) as folder:
        done(folder, "0", title=title)
        folder.writer.execute(  # as `done` would write them, in a twentieth of the time
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 19999) insert into tickets "
            "(key, place, fingerprint, started, scan, state, outcome, severity, title) "
            "select i, i, 'x', 'x', 1, 'done', 'escalate', 'high', ? from n",
            (title,),
        )
        tracemalloc.start()
        try:
            write_csv(folder, 1, tmp_path / "all.csv")
            write_jsonl(folder, 1, tmp_path / "all.jsonl")
            figures = summary(folder, 1, Prices((), DAY))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert figures.tickets == 20_000
    assert (tmp_path / "all.csv").stat().st_size > 2_000_000
    assert peak < 500_000
