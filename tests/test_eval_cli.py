"""The command of the suites: one line for a mistake, runs that stop and go on, two runs compared."""

import subprocess
import sys
from pathlib import Path

import pytest

from evals import tasks
from evals.__main__ import main
from evals.compare import compare
from evals.runner import load_run, run

pytestmark = pytest.mark.filterwarnings("ignore")  # the engine's own libraries warn

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "--cases", "999"], "case '999': expected the name or the number of a file in evals/"),
        (["run", "--systems", "oracle"], "system 'oracle': expected one of escalation, prompt_only, policy_prompt"),
        (["run", "--cases", ","], "cases ',': expected names or numbers of files in evals/"),
        (["run", "--resume", "no-such-run"], "'no-such-run': expected the folder of a run to go on with"),
        (["run", "--resume", "README.md"], "'README.md': expected the folder of a run to go on with"),
        (["report", "no-such-run"], "'no-such-run': expected a folder of .eval logs"),
        (["gate", "no-such-run"], "'no-such-run': expected a folder of .eval logs"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"eval: {line}")
    assert said.count("\n") == 1


def test_a_log_that_cannot_be_read_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.eval").write_bytes(b"PK\x03\x04 cut")
    assert main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("eval: cut.eval: no readable log")


def test_help_imports_no_engine() -> None:
    script = "import sys; from evals.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    script += "print([name for name in ('inspect_ai', 'scipy', 'anthropic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Exit codes: 0 done, 2 bad input" in done.stdout


CASES = "012-deleted-own-project,026-shelf-labels,069-doesnt-work"


class HalfABudget(tasks.Budget):
    """Lets every second sample through."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked = 0

    def check(self) -> None:
        self.asked += 1
        if self.asked % 2:
            raise tasks.BudgetSpent("token budget of 1 spent")


def test_what_the_budget_left_over_is_told_and_run_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_budget", HalfABudget())
    monkeypatch.setattr("evals.runner.set_budget", lambda *_: None)
    folder = run("offline", tmp_path / "run", cases=CASES, display="none")
    stopped = load_run(folder)
    assert 0 < len(stopped.results) < 12
    assert sum(stopped.interrupted.values()) == 12 - len(stopped.results)
    monkeypatch.setattr(tasks, "_budget", tasks.NO_LIMIT)
    resumed = load_run(run("offline", folder, cases=CASES, display="none"))
    assert resumed.interrupted == {}
    assert len(resumed.results) == 12


def test_a_suite_that_never_began_is_named(tmp_path: Path) -> None:
    """A run that was killed leaves no log of the suites that were to come."""
    folder = run("offline", tmp_path / "run", cases=CASES, display="none")
    next(folder.glob("*labels*.eval")).unlink()
    assert load_run(folder).interrupted == {"labels-1x": 3}


def test_the_budget_counts_over_all_tasks() -> None:
    budget = tasks.Budget(100)
    budget.check()
    budget.used = 100
    with pytest.raises(tasks.BudgetSpent, match="token budget of 100 spent"):
        budget.check()


def test_two_runs_are_compared_ticket_by_ticket(tmp_path: Path) -> None:
    before = load_run(run("offline", tmp_path / "a", cases=CASES, display="none"))
    worse = []
    for result in before.results:
        if result.suite == "offline-1x" and result.scored.decision:
            answer = result.answer.model_copy(update={"outcome": "handle", "owner": None, "severity": "critical"})
            scored = result.scored.model_copy(update={"decision": False})
            result = result.model_copy(update={"answer": answer, "scored": scored})
        worse.append(result)
    text = compare(before, before.model_copy(update={"results": tuple(worse)}))
    right = sum(result.scored.decision for result in before.of("offline-1x"))
    assert f"0 won, {right} lost" in text
    assert text.count("   lost ") == right > 0
    assert "offline: 3 tickets in both runs" in text


def test_the_suites_never_reach_the_program() -> None:
    """`evals` imports `agent`, never the other way."""
    for path in (*ROOT.glob("agent/**/*.py"), *ROOT.glob("schemas/**/*.py")):
        assert "evals" not in path.read_text(encoding="utf-8"), path
