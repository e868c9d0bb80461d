"""scripts/dev.py and the launcher: what a fresh clone, an old Python or an interrupted installation meets."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agent.commands import docs

ROOT = Path(__file__).parents[1]
LAUNCHER = ROOT / "scripts" / "escalation.py"


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """scripts/dev.py on a folder of its own, where steps are recorded instead of run."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "scripts" / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "STAMP", str(tmp_path / ".venv" / "installed.txt"))
    steps: list[list[str]] = []

    def step(_: str, command: list[str]) -> None:
        steps.append(command)
        if "venv" in command:
            interpreter = Path(command[-1]) / "bin" / "python"
            interpreter.parent.mkdir(parents=True)
            interpreter.symlink_to(sys.executable)
            (Path(command[-1]) / "pyvenv.cfg").touch()

    monkeypatch.setattr(module, "step", step)
    module.__dict__["steps"] = steps
    return module


def test_the_first_call_installs_and_the_second_starts_at_once(dev: Any) -> None:
    assert dev.ensure(dev.RUNTIME) == dev.interpreter_of_venv()
    assert [command[1:3] for command in dev.steps] == [["-m", "venv"], ["-m", "pip"]]
    assert dev.steps[1][-2:] == ["--editable", "."]
    dev.steps.clear()
    dev.ensure(dev.RUNTIME)
    assert dev.steps == []


def test_the_tests_need_more_and_that_is_enough_for_a_run(dev: Any) -> None:
    dev.ensure(dev.RUNTIME)
    dev.steps.clear()
    dev.ensure(dev.DEVELOPMENT)
    assert [command[-1] for command in dev.steps] == [".[dev]"]
    dev.steps.clear()
    dev.ensure(dev.RUNTIME)
    assert dev.steps == []


def test_the_suites_need_more_than_a_run_and_less_than_the_tests(dev: Any) -> None:
    dev.ensure(dev.RUNTIME)
    dev.steps.clear()
    dev.ensure(dev.EVALS)
    assert [command[-1] for command in dev.steps] == [".[evals]"]
    dev.steps.clear()
    dev.ensure(dev.RUNTIME)
    assert dev.steps == []
    dev.ensure(dev.DEVELOPMENT)
    dev.ensure(dev.EVALS)
    assert [command[-1] for command in dev.steps] == [".[dev]"]


def test_the_peers_have_an_environment_of_their_own(dev: Any, tmp_path: Path) -> None:
    dev.ensure(dev.RUNTIME)
    dev.steps.clear()
    (tmp_path / "evals" / "bench").mkdir(parents=True)
    (tmp_path / "evals" / "bench" / "peers.txt").write_text("instructor\n")
    assert dev.ensure_peers() == str(tmp_path / ".venv-bench" / "bin" / "python")
    assert dev.steps[-1][-2:] == ["--requirement", os.path.join("evals", "bench", "peers.txt")]
    dev.steps.clear()
    dev.ensure_peers()
    assert dev.steps == []
    assert (tmp_path / ".venv" / "installed.txt").read_text().split()[1] == "."


def test_changed_requirements_install_again_without_a_new_environment(dev: Any, tmp_path: Path) -> None:
    dev.ensure(dev.RUNTIME)
    (tmp_path / "pyproject.toml").write_text("[project]\nname='x'\n")
    dev.steps.clear()
    dev.ensure(dev.RUNTIME)
    assert [command[2] for command in dev.steps] == ["pip"]


def test_an_interrupted_installation_is_done_again(dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = dev.step

    def interrupted(what: str, command: list[str]) -> None:
        recorded(what, command)
        if "pip" in command:
            raise KeyboardInterrupt

    monkeypatch.setattr(dev, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dev.ensure(dev.RUNTIME)
    assert dev.installed() == ""
    monkeypatch.setattr(dev, "step", recorded)
    dev.steps.clear()
    dev.ensure(dev.RUNTIME)
    assert [command[2] for command in dev.steps] == ["pip"]
    assert dev.installed() == "."


def test_a_folder_that_is_no_environment_is_left_alone(dev: Any, tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "mine.txt").touch()
    with pytest.raises(dev.Trouble, match="is no virtual environment"):
        dev.ensure(dev.RUNTIME)
    assert (tmp_path / ".venv" / "mine.txt").exists()


def test_without_ensurepip_the_way_on_is_told(dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "ways_to_make_venv", list)
    with pytest.raises(dev.Trouble, match="sudo apt install python3-venv"):
        dev.ensure(dev.RUNTIME)


def test_a_failing_step_shows_the_end_of_its_output() -> None:
    code = "import sys; sys.path.insert(0, 'scripts'); import dev; dev.step('installing', sys.argv[1:])"
    failing = [sys.executable, "-c", "print('no such package'); raise SystemExit(1)"]
    done = subprocess.run([sys.executable, "-c", code, *failing], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Trouble: installing failed" in done.stderr
    assert done.stderr.rstrip().endswith("no such package")
    assert done.stdout == ""


def bare(launcher: Path, *arguments: str, **surroundings: str) -> "subprocess.CompletedProcess[str]":
    """The launcher under a Python that has no packages at all."""
    line = [sys.executable, "-S", str(launcher), *arguments]
    return subprocess.run(
        line, env={**os.environ, **surroundings}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The launcher in a folder without `.venv`."""
    (tmp_path / "project" / "scripts").mkdir(parents=True)
    return Path(shutil.copy(LAUNCHER, tmp_path / "project" / "scripts"))


def test_the_launcher_names_the_one_command_that_installs(copied: Path) -> None:
    done = bare(copied, "decide", "-")
    assert done.returncode == 2
    answer = json.loads(done.stdout)
    assert answer["error"].startswith("packages are missing: pydantic")
    assert answer["install"] == f'python3 "{copied.parent / "dev.py"}" install'
    assert done.stderr.count("\n") == 1
    assert answer["install"] in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_the_launcher_hands_over_to_the_environment_beside_it_once(copied: Path) -> None:
    interpreter = copied.parents[1] / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text('#!/bin/sh\necho "$ESCALATION_SECOND_TRY $*"\nexit 3\n')
    interpreter.chmod(0o755)
    done = bare(copied, "run", "a b")
    assert (done.returncode, done.stdout) == (3, f"1 {copied} run a b\n")
    assert bare(copied, "run", ESCALATION_SECOND_TRY="1").returncode == 2


def test_the_launcher_works_from_a_folder_with_an_agent_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "__init__.py").write_text("raise SystemExit('the wrong agent')")
    line = [sys.executable, str(LAUNCHER), "schema", "facts"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"] == "Facts"


def test_the_launcher_asks_for_every_dependency() -> None:
    import tomllib

    text = LAUNCHER.read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    imported = {"text2num": "text_to_num"}
    distributions = [requirement.partition(">")[0] for requirement in project["dependencies"]]
    # tzdata is needed only where the system has no time zones, so that its absence proves nothing
    names = [imported.get(name, name.replace("-", "_")) for name in distributions if name != "tzdata"]
    assert [name for name in names if f'"{name}"' not in text] == []


def test_the_page_of_commands_is_up_to_date() -> None:
    assert docs.FILE.read_text(encoding="utf-8") == docs.page(), "run: python -m agent.commands.docs"
