"""`escalation batch` as a person calls it: sources, both ways, resuming, what is printed and what is left behind."""

import csv
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batches import text_of
from batches_server import Vendor, serving

from agent.cli import main
from agent.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FINDINGS, EXIT_INTERRUPTED, EXIT_MODEL

pytestmark = pytest.mark.loopback


@pytest.fixture
def vendor() -> Vendor:
    return Vendor(lasts=0.0)


@pytest.fixture
def key(vendor: Vendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A key and an API, and a folder of one's own to stand in."""
    monkeypatch.chdir(tmp_path)
    with serving(vendor) as address:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-a-test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
        monkeypatch.setenv("ESCALATION_MODEL", "claude-test")
        yield


def folder_of(path: Path, count: int) -> Path:
    path.mkdir()
    for number in range(1, count + 1):
        (path / f"t{number}.txt").write_text(text_of(number), encoding="utf-8")
    return path


@pytest.mark.usefixtures("key")
def test_a_folder_is_run_at_once_and_run_again_for_nothing(
    tmp_path: Path, vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_of(tmp_path / "tickets", 4)
    assert main(["batch", "tickets", "--format", "json"]) == EXIT_DONE
    said = capsys.readouterr()
    assert json.loads(said.out)["outcomes"]["escalate"] == 4
    assert "results.jsonl, results.csv and overview.html are in 'tickets.run'" in said.err
    lines = [json.loads(line) for line in Path("tickets.run/results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["key"] for line in lines] == ["t1.txt", "t2.txt", "t3.txt", "t4.txt"]
    assert {line["escalation"]["backend"] for line in lines} == {"claude"}
    with Path("tickets.run/results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["outcome"] for row in csv.DictReader(file)] == ["escalate"] * 4
    assert "<html" in Path("tickets.run/overview.html").read_text(encoding="utf-8")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in Path("tickets.run").iterdir()}
    assert modes == {0o600}
    paid = sum(vendor.paid.values())
    assert main(["batch", "tickets", "--format", "json"]) == EXIT_DONE
    assert sum(vendor.paid.values()) == paid
    assert json.loads(capsys.readouterr().out)["outcomes"]["escalate"] == 4


@pytest.mark.usefixtures("key")
def test_the_vendors_batches_and_calls_at_once_share_what_was_answered(
    tmp_path: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    folder_of(tmp_path / "tickets", 3)
    assert main(["batch", "tickets", "--batches"]) == EXIT_DONE
    assert vendor.calls["give"] >= 2
    assert vendor.calls["message"] == 0
    assert set(vendor.paid.values()) == {1}
    assert main(["batch", "tickets"]) == EXIT_DONE
    assert vendor.calls["message"] == 0


@pytest.mark.usefixtures("key")
def test_a_csv_with_its_columns_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f'{number};"{text_of(number)}"\n' for number in (1, 2))
    (tmp_path / "export.csv").write_text(f"Nr;Words\n{rows}", encoding="utf-8")
    command = ["batch", "export.csv", "--column", "text=Words", "--column", "id=Nr", "--format", "json"]
    assert main(command) == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["outcomes"]["escalate"] == 2


@pytest.mark.usefixtures("key")
def test_a_dry_run_asks_nothing_and_leaves_nothing(
    tmp_path: Path, vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_of(tmp_path / "tickets", 3)
    assert main(["batch", "tickets", "--dry-run", "--format", "json", "--model", "claude-sonnet-5-5"]) == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["tickets"] == 3
    assert vendor.calls["message"] == vendor.calls["give"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["tickets"]


@pytest.mark.usefixtures("key")
def test_limit_and_budget_leave_tickets_for_the_next_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder_of(tmp_path / "tickets", 6)
    assert main(["batch", "tickets", "--limit", "2", "--format", "json"]) == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["states"] == {"done": 2}
    code = main(["batch", "tickets", "--token-budget", "300", "--concurrency", "1", "--format", "json"])
    assert code == EXIT_FINDINGS
    assert "the token budget is used up" in capsys.readouterr().err
    assert main(["batch", "tickets", "--format", "json"]) == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["states"] == {"done": 6}


@pytest.mark.usefixtures("key")
def test_one_that_is_no_ticket_and_a_key_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder_of(tmp_path / "tickets", 1) / "broken.txt").write_bytes(b"\x00\x01\x02\xff" * 40)
    assert main(["batch", "tickets", "--format", "json"]) == EXIT_FINDINGS
    printed = capsys.readouterr()
    assert json.loads(printed.out)["states"] == {"done": 1, "unreadable": 1}
    assert "unreadable: broken.txt; --skip PATTERN leaves out files that are no tickets" in printed.err
    assert main(["batch", "tickets", "--skip", "broken.*", "--format", "json"]) == EXIT_DONE
    printed = capsys.readouterr()
    assert json.loads(printed.out)["states"] == {"done": 1}
    assert "passed over: 1 left out by --only or --skip" in printed.err
    assert "unreadable:" not in printed.err
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9/")
    monkeypatch.setattr("agent.batch.live.TRIES", 1)
    folder_of(tmp_path / "others", 2)
    assert main(["batch", "others", "--format", "json"]) == EXIT_MODEL
    said = capsys.readouterr().err
    assert "run the same command again to go on" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere"], "'nowhere' cannot be read"),
        (["tickets", "--concurrency", "0"], "--concurrency 0: expected 1 to"),
        (["tickets", "--column", "text=Words"], "--column is for CSV and JSON"),
        (["tickets", "--run", "tickets"], "holds other files"),
        (["tickets", "--batches"], "--batches needs a model"),
        (["tickets", "--prices", "nowhere.toml"], "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    folder_of(tmp_path / "tickets", 1)
    assert main(["batch", *arguments]) == EXIT_BAD_INPUT
    lines = [line for line in capsys.readouterr().err.splitlines() if "no ANTHROPIC_API_KEY" not in line]
    assert len(lines) == 1
    assert expected in lines[0]


def test_a_folder_of_another_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path / "one", 1)
    folder_of(tmp_path / "two", 1)
    assert main(["batch", "one", "--run", "r", "--backend", "offline", "--format", "json"]) == EXIT_DONE
    assert main(["batch", "two", "--run", "r", "--backend", "offline", "--format", "json"]) == EXIT_BAD_INPUT
    assert "name another for" in capsys.readouterr().err


def test_ctrl_c_keeps_what_was_in_flight(tmp_path: Path, vendor: Vendor) -> None:
    """A process of its own, interrupted while calls are open: they come home, and the next run pays for none again."""
    vendor.reply_after = 0.3
    folder_of(tmp_path / "tickets", 6)
    with serving(vendor) as address:
        environment = os.environ | {
            "ANTHROPIC_API_KEY": "key-of-a-test",
            "ANTHROPIC_BASE_URL": address,
            "ESCALATION_MODEL": "claude-test",
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        command = [sys.executable, "-m", "agent", "batch", "tickets", "--concurrency", "3", "--format", "json"]
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process:
            until = time.monotonic() + 60
            while vendor.calls["message"] < 5 and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert process.returncode == EXIT_INTERRUPTED
        assert "calls in flight are waited for" in said
        assert "Traceback" not in said
        vendor.reply_after = 0.0
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=120)
    assert set(vendor.paid.values()) == {1}


@pytest.mark.usefixtures("key")
def test_what_a_second_ctrl_c_cuts_off_is_said_then_and_later(
    tmp_path: Path, vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their usage is unknown, so figures without a word would be too low."""
    vendor.reply_after = 0.7
    folder_of(tmp_path / "tickets", 6)

    def interrupt() -> None:
        until = time.monotonic() + 30
        while vendor.calls["message"] < 3 and time.monotonic() < until:
            time.sleep(0.01)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.15)

    person = threading.Thread(target=interrupt)
    person.start()
    command = ["batch", "tickets", "--concurrency", "3", "--format", "json"]
    assert main(command) == EXIT_INTERRUPTED
    person.join()
    said = capsys.readouterr()
    figures = json.loads(said.out)
    assert (figures["cut_off"], figures["usage"]) == (3, {})
    assert "stopping: 3 calls in flight are waited for; Ctrl-C again leaves at once" in said.err
    assert "left at once: what was answered is kept" in said.err
    vendor.reply_after = 0.0
    assert main([*command[:-1], "text"]) == EXIT_DONE
    said = capsys.readouterr()
    assert "Cut off          3 calls were cut off by Ctrl-C: paid if they arrived, and not counted here" in said.out
    page = Path("tickets.run/overview.html").read_text(encoding="utf-8")
    assert "3 calls were cut off by Ctrl-C: paid if they arrived, and not counted here" in page


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No key, and a folder with two tickets to stand beside."""
    monkeypatch.chdir(tmp_path)
    return folder_of(tmp_path / "tickets", 2)


@pytest.mark.usefixtures("offline")
def test_a_run_that_ended_early_says_so_also_on_what_is_handed_round(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["batch", "tickets", "--backend", "offline", "--format"]
    main([*command, "text", "--limit", "1"])
    assert "  Not met          1 more in the source: this run ended before it\n" in capsys.readouterr().out
    page = Path("tickets.run/overview.html").read_text(encoding="utf-8")
    assert "Overview of a run of tickets, made" in page
    assert '<dt>Not met: the run ended before</dt><dd class="large">1</dd>' in page
    main([*command, "json"])
    figures = json.loads(capsys.readouterr().out)
    assert (figures["source"], figures["tickets"], figures["unmet"]) == ("tickets", 2, 0)
    assert "Not met" not in Path("tickets.run/overview.html").read_text(encoding="utf-8")


def test_a_folder_that_holds_its_run_folder_reads_no_results_as_tickets(
    offline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(offline)
    for _ in range(2):
        assert main(["batch", ".", "--backend", "offline", "--format", "json"]) == EXIT_DONE
        said = capsys.readouterr()
        assert json.loads(said.out)["tickets"] == 2
    assert "passed over: 1 run folders" in said.err
    assert main(["batch", "tickets.run", "--backend", "offline"]) == EXIT_BAD_INPUT
    assert "'tickets.run' is a run folder: name the tickets' folder or file" in capsys.readouterr().err


def test_a_table_with_semicolons_gives_a_table_with_semicolons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where commas stand in numbers, a spreadsheet takes a line with commas for one cell."""
    monkeypatch.chdir(tmp_path)
    for name, sign in (("de.csv", ";"), ("en.csv", ",")):
        Path(name).write_text(f'Ticketnummer{sign}Beschreibung\n=7{sign}"Nichts geht; gar nichts."\n')
        assert main(["batch", name, "--backend", "offline", "--format", "json"]) == EXIT_DONE
        assert json.loads(capsys.readouterr().out)["tickets"] == 1
        with Path(f"{name}.run/results.csv").open(encoding="utf-8-sig", newline="") as file:
            (row,) = csv.DictReader(file, delimiter=sign)
        assert (row["key"], row["ticket_id"], row["state"]) == ("'=7", "'=7", "done")


@pytest.mark.usefixtures("offline")
def test_a_dry_run_without_a_key_answers_too_and_names_the_way_to_an_estimate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["batch", "tickets", "--dry-run", "--format", "json"]) == EXIT_DONE
    said = capsys.readouterr()
    assert json.loads(said.out) == {"tickets": 2, "model": None}
    assert "no model reads these tickets" in said.err
    assert "--backend claude --model NAME estimates what a model would cost; it needs no key for that" in said.err
    command = ["batch", "tickets", "--dry-run", "--backend", "claude", "--model", "claude-sonnet-5-5"]
    assert main([*command, "--format", "text"]) == EXIT_DONE
    assert "did not count: no key was given)." in " ".join(capsys.readouterr().out.split())
