"""`batch --restore`: the originals come back into files of the user's own, exactly, and never into the run folder."""

import csv
import json
import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from planted import planted
from test_batch_live import blobs

from agent.batch.restored import CHANGED, CONTEXT, GONE, NOT_RESTORED, OTHERWISE
from agent.cli import main
from agent.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FINDINGS
from agent.readers import read_ticket

SECRET = "Tr0ub<b>or&3"
TICKET = f'Subject: login fails\n\nNobody can log in since 08:00. It is passwd="{SECRET}" here.\n'
RUN = ["batch", "tickets", "--backend", "offline", "--format", "json"]


@pytest.fixture
def tickets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one ticket that holds a secret and one that holds none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "a.txt").write_text(TICKET, encoding="utf-8")
    (tmp_path / "tickets" / "b.txt").write_text("The export fails for everybody.", encoding="utf-8")
    return tmp_path / "tickets"


Restored = Callable[..., tuple[int, dict[str, int], dict[str, Any]]]


@pytest.fixture
def restored(capsys: pytest.CaptureFixture[str]) -> Restored:
    """Runs `--restore out`; the exit code, the figures, and the lines of `results.jsonl` by key."""

    def made(*flags: str) -> tuple[int, dict[str, int], dict[str, Any]]:
        capsys.readouterr()
        code = main([*RUN, "--restore", "out", *flags])
        figures = json.loads(capsys.readouterr().out)
        lines = map(json.loads, Path("out/results.jsonl").read_text("utf-8").splitlines())
        return code, figures, {line["key"]: line for line in lines}

    return made


def kept_in(folder: Path) -> str:
    """All that a run folder holds, unpacked."""
    packed = [zlib.decompress(blob).decode() for blob in blobs(folder / "run.sqlite")]
    return "\n".join([*packed, *(path.read_bytes().decode("utf-8", "replace") for path in folder.iterdir())])


def test_planted_secrets_come_back_with_exact_offsets_and_none_is_in_the_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restored: Restored
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tickets").mkdir()
    sample = {f"{number:02} {one.name}": one for number, one in enumerate(planted()[::4])}
    for name, one in sample.items():
        (tmp_path / "tickets" / name).write_bytes(one.raw)
    main(RUN)
    code, figures, lines = restored()
    assert (code, figures) == (EXIT_DONE, {"tickets": 15, "restored": 15, "unrestored": 0})
    kept = kept_in(tmp_path / "tickets.run")
    placed = 0
    for name, one in sample.items():
        assert not [secret for secret in one.secrets if secret in kept], name
        ticket = lines[name]["escalation"]["ticket"]
        assert ticket["text"] == read_ticket(one.raw, name=one.name).text
        facts = lines[name]["escalation"]["facts"]
        for claim in [claim for group in facts.values() if isinstance(group, list) for claim in group]:
            at = claim.get("evidence")
            if at:
                placed += 1
                assert ticket["text"][at["sentence_start"] : at["sentence_end"]] == at["sentence"]
    assert placed > 15


def test_what_is_written_is_for_its_owner_and_as_harmless_as_ever(tickets: Path, restored: Restored) -> None:
    number = f'=1+2, passwd="{SECRET}"'
    (tickets / "a.context.json").write_text(json.dumps({"ticket_id": number}))
    main(RUN)
    before = {path.name: path.read_bytes() for path in Path("tickets.run").glob("results*")}
    code, figures, lines = restored()
    assert (code, figures) == (EXIT_DONE, {"tickets": 2, "restored": 1, "unrestored": 0})
    assert lines["a.txt"]["escalation"]["context"]["ticket_id"] == number
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path("out").iterdir()} == dict.fromkeys(
        ("results.jsonl", "results.csv", "overview.html"), 0o600
    )
    assert stat.S_IMODE(Path("out").stat().st_mode) == 0o700
    with Path("out/results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.DictReader(file))["ticket_id"] == f"'{number}"
    page = Path("out/overview.html").read_text("utf-8")
    assert "<b>or" not in page
    assert "Tr0ub&lt;b&gt;or&amp;3" in page
    assert "with the originals of what was replaced" in page
    assert before == {path.name: path.read_bytes() for path in Path("tickets.run").glob("results*")}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.write_text(TICKET.replace("Tr0ub", "Tr1ub")), CHANGED),  # another secret, as long
        (lambda path: path.write_bytes(b"\0\1\2" * 50), CHANGED),
        (lambda path: path.unlink(), GONE),
    ],
)
def test_what_changed_since_keeps_its_placeholders_and_says_so(
    tickets: Path, restored: Restored, change: Callable[[Path], object], why: str
) -> None:
    main(RUN)
    kept = json.loads(Path("tickets.run/results.jsonl").read_text("utf-8").splitlines()[0])
    change(tickets / "a.txt")
    code, figures, lines = restored()
    assert (code, figures) == (EXIT_FINDINGS, {"tickets": 2, "restored": 0, "unrestored": 1})
    assert lines["a.txt"] == kept | {"error": NOT_RESTORED + why}
    assert lines["b.txt"]["error"] is None
    assert why in Path("out/results.csv").read_text("utf-8-sig")
    assert "not restored, its placeholders stand" in Path("out/overview.html").read_text("utf-8")


def test_a_version_that_redacts_otherwise_restores_nothing(
    tickets: Path, restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(RUN)
    monkeypatch.setattr("agent.redaction.vault._SPREADS", 99)
    monkeypatch.setattr("agent.redaction.vault.find_secrets", lambda _: ())
    code, _, lines = restored()
    assert code == EXIT_FINDINGS
    assert lines["a.txt"]["error"] == NOT_RESTORED + OTHERWISE
    assert (tickets / "a.txt").exists()


def test_a_context_that_holds_some_must_be_given_again(tickets: Path, restored: Restored) -> None:
    (tickets / "a.context.json").write_text(json.dumps({"account": {"name": "Acme, password: hunter2-own"}}))
    Path("all.json").write_text(json.dumps({"ticket_id": "password: hunter2-all"}))
    main([*RUN, "--context", "all.json"])
    assert "hunter2" not in kept_in(Path("tickets.run"))
    code, _, lines = restored()
    assert (code, lines["a.txt"]["error"]) == (EXIT_FINDINGS, NOT_RESTORED + CONTEXT)
    code, figures, lines = restored("--context", "all.json")
    assert (code, figures["restored"]) == (EXIT_DONE, 2)
    assert lines["a.txt"]["escalation"]["context"]["account"]["name"] == "Acme, password: hunter2-own"
    assert lines["b.txt"]["escalation"]["context"]["ticket_id"] == "password: hunter2-all"


def test_flags_of_the_run_need_not_be_given_again(tickets: Path, restored: Restored) -> None:
    main([*RUN, "--now", "2026-11-16T15:00:00Z", "--max-repairs", "0"])
    (tickets / "c.txt").write_text("A new ticket.")
    assert restored()[:2] == (EXIT_DONE, {"tickets": 2, "restored": 1, "unrestored": 0})


def test_what_a_killed_restoring_left_goes_with_the_next_one(tickets: Path, restored: Restored) -> None:
    assert main(RUN) == EXIT_DONE
    Path("out").mkdir()
    Path("out/.results.jsonl.x7_half").write_text(SECRET)
    assert restored()[0] == EXIT_DONE
    assert sorted(path.name for path in Path("out").iterdir()) == ["overview.html", "results.csv", "results.jsonl"]
    assert tickets.is_dir()


def test_an_error_that_repeats_a_cell_repeats_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("text,worth\nIt fails.,password: hunter2-own\n")
    command = ["batch", "t.csv", "--column", "annual_value=worth", "--backend", "offline", "--format", "json"]
    assert main(command) == EXIT_FINDINGS
    assert json.loads(capsys.readouterr().out)["states"] == {"unreadable": 1}
    kept = kept_in(tmp_path / "t.csv.run")
    assert "annual_value is 'password: [" in kept
    assert "hunter2" not in kept


def test_places_that_are_none(tickets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*flags: str) -> str:
        capsys.readouterr()
        assert main([*RUN, *flags]) == EXIT_BAD_INPUT
        (line,) = capsys.readouterr().err.splitlines()
        return line

    assert "run without --restore first" in said("--restore", "out")
    main(RUN)
    os.symlink("tickets.run", "link")
    assert main(["batch", "tickets", "--backend", "offline", "--run", "another"]) == EXIT_DONE
    for inside in ("tickets.run", "link/out", "another/out"):
        assert "is in a run folder, which never holds secrets" in said("--restore", inside)
    assert "is in the source" in said("--restore", "tickets/out")
    assert "holds other files" in said("--restore", ".")
    Path("linked").mkdir()
    os.symlink("../tickets.run/results.jsonl", "linked/results.jsonl")
    assert "holds other files" in said("--restore", "linked")
    Path("file").touch()
    assert "--restore 'file' cannot be used: File exists" in said("--restore", "file")
    assert "cannot be used: embedded null byte" in said("--restore", "a\0b")
    assert "expected one of them" in said("--restore", "out", "--dry-run")
    assert not Path("out").exists()
    assert len(list(tickets.iterdir())) == 2


def test_a_full_disk_for_what_is_temporary_is_one_line(
    tickets: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(RUN)
    monkeypatch.setattr("agent.batch.restored._TABLE", "pragma no_such; select no_such()")
    capsys.readouterr()
    assert main([*RUN, "--restore", "out"]) == EXIT_BAD_INPUT
    assert "the temporary files have no room" in capsys.readouterr().err
    assert list(tickets.iterdir())
