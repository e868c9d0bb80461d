"""What the README shows is what happens.

A `sh` block holds commands, a `python` block a program; all run offline, in a folder that holds the examples and a
ticket. The `text` block shows how the output of the first `run` begins on a terminal. A `console` block would hold
`$ command` lines, each with its whole output. A line `…` stands for any lines.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)")
ANY_LINES = "…"
EXAMPLE = ROOT / "examples" / "engineering-export-fails.txt"
NOT_HERE = re.compile(
    r"dev\.py (test|lint|bench|install|eval|bundle|package|audit|lowest)"  # this very run, or minutes of others
    r"|^(git|cd|pip|npx|claude|export) |bench\.py|\.ci/run"  # other people's programs, the reader's own folders
    r"|ANTHROPIC_API_KEY|--backend claude"  # would call a model
)
VARYING = re.compile(
    r"\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?|\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(in|after) \d+ \w+"
)


class Command(NamedTuple):
    """A command of the README; `shown` is None where its output is not shown."""

    line: str
    shown: str | None


def blocks(language: str) -> list[str]:
    """The contents of the fenced blocks of a language."""
    return [body for name, body in BLOCK.findall(README) if name == language]


def commands() -> list[Command]:
    """All commands that the README shows, with continuation lines joined."""
    found = []
    for body in blocks("console"):
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            line, _, shown = part.replace("\\\n", "").partition("\n")
            found.append(Command(line, shown))
    for body in blocks("sh") + blocks("bash"):
        lines = body.replace("\\\n", "").splitlines()
        found += [Command(line, None) for line in lines if line.strip() and not line.startswith("#")]
    return found


COMMANDS = commands()
RUNNABLE = [command for command in COMMANDS if not NOT_HERE.search(command.line)]


@pytest.fixture
def surroundings(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A folder as the reader sees it, `escalation` on the path, no key."""
    for name in ("examples", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("ticket.txt", "ticket.eml"):
        (tmp_path / name).symlink_to(EXAMPLE)
    command = tmp_path / "bin" / "escalation"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "scripts/escalation.py"}" "$@"\n')
    command.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "ESCALATION_"))}
    own["ESCALATION_DB"] = str(tmp_path_factory.getbasetemp() / "readme.db")  # one for all commands, in their order
    return own | {"PATH": f"{command.parent}:{os.environ['PATH']}", "COLUMNS": "100"}


def shell(line: str, surroundings: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a line of the README, with the installed environment in place of the one that it would make."""
    for launcher in ("python3 scripts/dev.py", "python3 scripts/escalation.py"):
        line = line.replace(launcher, "escalation")
    return subprocess.run(
        ["sh", "-c", line],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_it_shows_the_two_commands() -> None:
    lines = [command.line for command in COMMANDS]
    assert "python3 scripts/dev.py test" in lines
    assert any(line.startswith("python3 scripts/dev.py run examples/") for line in lines)


def test_the_output_that_it_shows_is_what_is_printed(surroundings: dict[str, str]) -> None:
    [shown] = blocks("text")
    line = next(command.line for command in COMMANDS if command.line.startswith("python3 scripts/dev.py run examples/"))
    printed = shell(f"{line} --format text", surroundings).stdout
    assert len(shown.splitlines()) >= 10
    assert matches(f"{shown.rstrip()}\n{ANY_LINES}\n", printed, varying="--now" not in line), printed


@pytest.mark.parametrize("command", RUNNABLE, ids=lambda command: command.line)
def test_a_command_does_what_is_shown(command: Command, surroundings: dict[str, str]) -> None:
    done = shell(command.line, surroundings)
    assert done.returncode in (0, 3), done.stderr
    if command.shown is not None:
        assert matches(command.shown, done.stdout, varying="--now" not in command.line), done.stdout


def matches(shown: str, printed: str, *, varying: bool) -> bool:
    """Whether the output is what is shown, line by line; with `varying`, whatever the time of the run."""
    wanted, actual = (
        [VARYING.sub("*", line) if varying else line for line in text.strip("\n").splitlines()]
        for text in ("\n".join(line.rstrip() for line in text.splitlines()) for text in (shown, printed))
    )
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == ANY_LINES else re.escape(line) + r"\n" for line in wanted)
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("a\n…\nd\n", "a\nb\n", False),
        ("a\n", "a\nb\n", False),
        ("due 2026-11-16 17:00\n", "due 2027-01-02 09:30\n", True),
        ("due 12\n", "due 13\n", False),
    ],
)
def test_the_comparison_can_fail(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed, varying=True) is same


@pytest.mark.parametrize("program", blocks("python"))
def test_a_program_runs(program: str, surroundings: dict[str, str]) -> None:
    environment = surroundings | {"PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_its_links_lead_somewhere() -> None:
    inside = [link for link in LINK.findall(README) if "://" not in link]
    assert [link for link in inside if not (ROOT / link).exists()] == []
