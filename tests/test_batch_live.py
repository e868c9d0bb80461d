"""Calls at once: each ticket one result, each request paid once, whatever the server and the machine do."""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import httpx2
import pytest
from batches import Api, Hurried, Texts, answer, go, run_of, text_of, tickets
from fakes import message
from planted import Planted, planted

from agent.backends.base import NO_USAGE, ModelUnavailable
from agent.batch.items import Item
from agent.batch.live import TRIES
from agent.batch.overview import write_overview
from agent.batch.prices import load_prices
from agent.batch.results import summary, write_csv, write_jsonl
from agent.batch.run_folder import RunFolder
from agent.batch.work import Run
from agent.errors import BadInput
from agent.readers import read_ticket

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
ERROR = {"type": "error", "error": {"type": "some_error", "message": "what the server says"}}


def states(run: Run) -> dict[str, str]:
    return {row.key: row.state for row in run.folder.rows(run.scan)}


def test_each_ticket_has_its_own_result_and_each_request_was_made_once(tmp_path: Path) -> None:
    api = Api()
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        live = go(run, tickets(20))
        assert states(run) == dict.fromkeys(tickets(20).texts, "done")
        for key, text in tickets(20).texts.items():
            result = json.loads(run.folder.result(key) or b"")
            assert result["ticket"]["text"].strip() == text
            assert result["decision"]["outcome"] == "escalate"
        assert live.heard.done == 20
        assert set(api.times().values()) == {1}
        assert live.heard.usage.calls == len(api.seen) == run.folder.spent()["live"].calls


def test_what_has_a_result_is_not_asked_again_and_what_changed_is(tmp_path: Path) -> None:
    api = Api()
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, tickets(5))
        before = len(api.seen)
        live = go(run, tickets(5))
        assert (len(api.seen), live.heard.settled, live.heard.done) == (before, 5, 0)
        changed = Texts({**tickets(5).texts, "t3": text_of(3) + "\nIt is urgent now."})
        live = go(run, changed)
        assert (live.heard.settled, live.heard.done) == (4, 1)
        assert all("It is urgent now." in json.dumps(body) for body in api.seen[before:])
        other = replace(run, max_repairs=0)
        assert go(other, tickets(5)).heard.done == 5


def test_a_restart_pays_nothing_that_was_answered(tmp_path: Path) -> None:
    """The first run is stopped by the budget in the middle of its roads; the second uses all that was paid for."""
    api = Api()
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        live = go(run, tickets(10), budget=700)
        assert live.over_budget
        assert live.heard.done < 10
        paid = len(api.seen)
        go(run, tickets(10))
        assert set(states(run).values()) == {"done"}
        assert set(api.times().values()) == {1}
        assert paid < len(api.seen)


def test_the_limit_counts_tickets_without_a_result(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", Api().backend())
    with run.folder:
        assert go(run, tickets(5), limit=2).heard.done == 2
        assert go(run, tickets(5), limit=2).heard.done == 2
        assert go(run, tickets(5), limit=2).heard.done == 1
        assert states(run) == dict.fromkeys(tickets(5).texts, "done")


def test_no_more_calls_are_open_than_asked_for(tmp_path: Path) -> None:
    api = Api(latency=0.005)
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, tickets(30), concurrency=6)
    assert api.most_open == 6


def test_a_refusal_is_a_failed_ticket_and_no_other(tmp_path: Path) -> None:
    def step(body: dict[str, Any]) -> Any:
        return message(stop="refusal") if "Office 2 of" in json.dumps(body) else answer(body)

    api = Api(step)
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, tickets(3))
        assert states(run) == {"t1": "done", "t2": "failed", "t3": "done"}
        before = len(api.seen)
        go(run, tickets(3))
        assert len(api.seen) == before, "the refusal was paid for: it is not asked for again"
        go(run, tickets(3), rules=True)
        assert states(run)["t2"] == "done"
        assert json.loads(run.folder.result("t2") or b"")["backend"] == "offline"


def test_a_rate_limit_halves_the_open_calls_and_loses_nothing(tmp_path: Path) -> None:
    refusals = iter([True] * 6)

    def step(body: dict[str, Any]) -> Any:
        return (429, ERROR, {"retry-after": "0.02"}) if next(refusals, False) else answer(body)

    api = Api(step, latency=0.002)
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        live = go(run, tickets(12), concurrency=8)
        assert set(states(run).values()) == {"done"}
        assert live.heard.waiting == 0
        assert len(api.seen) - live.heard.usage.calls == 6


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_request_would_survive_ends_the_run_at_once(tmp_path: Path, status: int) -> None:
    api = Api(lambda _: (status, ERROR, {}))
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        live = go(run, tickets(50), concurrency=4)
        assert live.outage is not None
        assert len(api.seen) <= 4
        assert set(states(run).values()) <= {"waiting"}


def test_a_server_that_never_answers_ends_the_run_after_a_bounded_number_of_requests(tmp_path: Path) -> None:
    api = Api(lambda _: (500, ERROR, {}))
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        live = go(run, tickets(50), concurrency=4)
        assert live.outage is not None
        assert TRIES <= len(api.seen) <= 4 * TRIES


def test_one_request_that_the_server_cannot_bear_is_tried_so_often_and_left(tmp_path: Path) -> None:
    def step(body: dict[str, Any]) -> Any:
        return (500, ERROR, {}) if "Office 1 of" in json.dumps(body) else answer(body)

    api = Api(step, latency=0.001)
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        live = go(run, tickets(30), concurrency=2)
        assert live.outage is None
        found = states(run)
        assert found.pop("t1") == "waiting"
        assert set(found.values()) == {"done"}
        assert sum("Office 1 of" in json.dumps(body) for body in api.seen) == TRIES


def test_a_request_that_is_refused_fails_its_ticket_at_the_first_try(tmp_path: Path) -> None:
    def step(body: dict[str, Any]) -> Any:
        return (413, ERROR, {}) if "Office 1 of" in json.dumps(body) else answer(body)

    api = Api(step)
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, tickets(3))
        assert states(run) == {"t1": "failed", "t2": "done", "t3": "done"}
        assert sum("Office 1 of" in json.dumps(body) for body in api.seen) == 1


def test_with_a_fallback_an_outage_gives_results_by_the_rules_which_a_later_run_replaces(tmp_path: Path) -> None:
    api = Api(lambda _: (500, ERROR, {}))
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, tickets(40), concurrency=2, rules=True)
        rows = list(run.folder.rows(run.scan))
        assert {(row.state, row.backend) for row in rows} == {("done", "offline")}
        assert len(api.seen) <= 2 * TRIES
        assert "The model could not be used" in (run.folder.result("t7") or b"").decode()
        api.step = answer
        go(run, tickets(40), concurrency=2, rules=True)
        assert {row.backend for row in run.folder.rows(run.scan)} == {"claude"}


def test_an_item_that_is_no_ticket_costs_itself_only(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", Api().backend())
    with run.folder:
        go(run, Texts({"a": text_of(1), "b": "  ", "c": text_of(2)}))
        assert states(run) == {"a": "done", "b": "unreadable", "c": "done"}
        row = next(row for row in run.folder.rows(run.scan) if row.key == "b")
        assert row.error is not None
        assert "empty" in row.error
        assert row.usage == NO_USAGE


def test_a_source_that_breaks_off_is_said_and_what_was_read_is_done(tmp_path: Path) -> None:
    class Breaking(Texts):
        def items(self) -> Any:
            yield from super().items()
            raise BadInput("line 4 is longer than any ticket")

    run = run_of(tmp_path / "run", Api().backend())
    with run.folder:
        live = go(run, Breaking(tickets(3).texts))
        assert str(live.unreadable) == "line 4 is longer than any ticket"
        assert set(states(run).values()) == {"done"}


def test_a_model_that_refuses_a_forced_tool_is_asked_without_from_then_on(tmp_path: Path) -> None:
    refused = {"type": "error", "error": {"type": "invalid_request_error", "message": "tool_choice is not supported"}}

    def step(body: dict[str, Any]) -> Any:
        return (400, refused, {}) if body["tool_choice"]["type"] == "tool" else answer(body)

    api = Api(step)
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, tickets(6), concurrency=2)
        assert set(states(run).values()) == {"done"}
        assert sum(body["tool_choice"]["type"] == "tool" for body in api.seen) <= 2


def test_a_run_folder_in_use_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", Api().backend())
    with run.folder, pytest.raises(BadInput, match="in use by another run"):
        run_of(tmp_path / "run", Api().backend())


def test_the_run_folder_is_its_owners_alone(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", Api().backend())
    with run.folder:
        go(run, tickets(2))
        assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "run").iterdir()}
        assert set(modes.values()) == {0o600}, modes


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(BadInput, match="holds other files"):
        run_of(tmp_path, Api().backend())
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_unavailable_is_the_tickets_error(tmp_path: Path) -> None:
    api = Api(lambda _: (401, ERROR, {}))
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        live = go(run, tickets(1))
        assert isinstance(live.outage, ModelUnavailable)
        assert "refused the key (401)" in str(live.outage)


def test_no_planted_secret_leaves_a_run_or_stays_in_its_folder(tmp_path: Path) -> None:
    tickets_ = planted()

    class Files(Texts):
        def items(self) -> Iterator[Item]:
            for number, one in enumerate(tickets_):
                yield Item(f"{number} {one.name}", hashlib.sha256(one.raw).hexdigest(), partial(read, one))

    def read(one: Planted) -> Any:
        return read_ticket(one.raw, name=one.name), None

    api = Api()
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, Files({}))
        assert set(states(run).values()) == {"done"}
        assert len(states(run)) == 60
        write_jsonl(run.folder, run.scan, tmp_path / "results.jsonl")
        write_csv(run.folder, run.scan, tmp_path / "results.csv")
        figures = summary(run.folder, run.scan, load_prices(date(2026, 11, 30)), "claude-test")
        write_overview(run.folder, run.scan, figures, tmp_path / "overview.html", datetime.now(UTC))
        kept = [zlib.decompress(blob).decode() for blob in blobs(tmp_path / "run" / "run.sqlite")]
    places = {
        "request": json.dumps(api.seen, ensure_ascii=False),
        "answers and results": "\n".join(kept),
        "database": (tmp_path / "run" / "run.sqlite").read_bytes().decode("latin-1"),
    }
    for name in ("results.jsonl", "results.csv", "overview.html"):
        places[name] = (tmp_path / name).read_text(encoding="utf-8")
    for one in tickets_:
        for secret in one.secrets:
            found = [place for place, text in places.items() if secret in text]
            assert not found, (one.name, one.kind, found)
    assert places["results.csv"].count("1 ") >= 30


def blobs(file: Path) -> list[bytes]:
    """Everything that the database holds compressed."""
    with sqlite3.connect(file) as base:
        return [
            blob
            for table, column in (("answers", "message"), ("results", "escalation"))
            for (blob,) in base.execute(f"select {column} from {table}")
        ]


def test_processes_beside_this_one_give_the_same_results(tmp_path: Path) -> None:
    def step(body: dict[str, Any]) -> Any:
        if "Office 2 of" in json.dumps(body):
            return message(stop="refusal")
        return (413, ERROR, {}) if "Office 3 of" in json.dumps(body) else answer(body)

    texts = Texts({**tickets(5).texts, "none": "  "})
    kept = []
    for processes in (0, 2):
        run = run_of(tmp_path / f"run{processes}", Api(step).backend(), now=NOW)
        with run.folder:
            go(run, texts, processes=processes)
            rows = list(run.folder.rows(run.scan))
            kept.append((rows, [run.folder.result(row.key) for row in rows]))
    assert kept[0] == kept[1]
    assert [row.state for row in kept[1][0]] == ["done", "failed", "failed", "done", "done", "unreadable"]


def test_a_restart_with_processes_beside_pays_nothing_again(tmp_path: Path) -> None:
    api = Api()
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        assert go(run, tickets(8), budget=500, processes=1).over_budget
        go(run, tickets(8), processes=1)
        assert set(states(run).values()) == {"done"}
        assert set(api.times().values()) == {1}


def test_a_process_beside_that_dies_costs_no_ticket_and_no_answer(tmp_path: Path) -> None:
    """It is killed while tickets are on their way; what was answered for them is used."""

    def step(body: dict[str, Any]) -> Any:
        if len(api.seen) == 40:
            for child in active_children():
                child.kill()
        return answer(body)

    api = Api(step, latency=0.05)
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        go(run, tickets(30), processes=1, concurrency=2)
        assert set(states(run).values()) == {"done"}
        assert set(api.times().values()) == {1}


def test_tickets_that_ask_the_same_share_the_answer(tmp_path: Path) -> None:
    api = Api(latency=0.01)
    run = run_of(tmp_path / "run", api.backend(), now=NOW)
    with run.folder:
        live = go(run, Texts({f"copy{number}": text_of(1) for number in range(20)}), concurrency=8)
        assert live.heard.done == 20
        assert set(api.times().values()) == {1}
        assert run.folder.spent()["live"].calls == live.heard.usage.calls == len(api.seen)


def test_a_server_that_cannot_be_reached_ends_the_run_within_minutes(tmp_path: Path) -> None:
    def step(_: dict[str, Any]) -> Any:
        return httpx2.ConnectError("nobody listens")

    told: list[str] = []
    for concurrency in (1, 8, 32):
        run = run_of(tmp_path / f"run{concurrency}", Api(step).backend())
        with run.folder:
            pace = Hurried(concurrency)
            live = go(run, tickets(100), concurrency=concurrency, pace=pace, notice=told.append)
            assert live.outage is not None
            assert len(set(states(run).values()) - {"waiting"}) == 0
    assert all("waiting, and asking again" in line for line in told)
    assert len(told) >= 3


@pytest.mark.parametrize("odd", [{"model": "claude\ud83d"}, {"usage": {"input_tokens": 1, "output_tokens": 10**25}}])
def test_an_odd_answer_costs_no_other_ticket_its_own(tmp_path: Path, odd: dict[str, Any]) -> None:
    def step(body: dict[str, Any]) -> Any:
        return answer(body) | (odd if "Office 2 of" in json.dumps(body) else {})

    run = run_of(tmp_path / "run", Api(step).backend())
    with run.folder:
        go(run, tickets(4))
        assert set(states(run).values()) == {"done"}


def test_a_disk_that_is_full_ends_the_run_and_keeps_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, finished = RunFolder.finish, []

    def finish(folder: RunFolder, row: Any, escalation: bytes | None) -> None:
        if len(finished) == 3:
            raise sqlite3.OperationalError("database or disk is full")
        finished.append(row.key)
        real(folder, row, escalation)

    monkeypatch.setattr(RunFolder, "finish", finish)
    api = Api()
    run = run_of(tmp_path / "run", api.backend())
    with run.folder:
        with pytest.raises(sqlite3.OperationalError, match="disk is full"):
            go(run, tickets(20), concurrency=2)
        monkeypatch.undo()
        go(run, tickets(20), concurrency=2)
        assert set(states(run).values()) == {"done"}


def test_a_source_that_goes_away_is_not_called_the_run_folder(tmp_path: Path) -> None:
    class Gone(Texts):
        def items(self) -> Iterator[Item]:
            yield from super().items()
            raise OSError(5, "Input/output error")

    run = run_of(tmp_path / "run", Api().backend())
    with run.folder:
        live = go(run, Gone(tickets(2).texts))
        assert str(live.unreadable) == "texts cannot be read on: Input/output error; mend it, and run again"
        assert set(states(run).values()) == {"done"}
