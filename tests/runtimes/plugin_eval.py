"""`claude plugin eval`: some of the cases in evals/plugin, with their own graders, in the client's sandbox."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas.report import FactsReport
from tests.runtimes.bench import Bench
from tests.runtimes.clients import NotInstalled
from tests.runtimes.proof import holds
from tests.runtimes.road import Reading, with_the_skill

# One of each outcome, a ticket that gives orders, one with two issues, and one where the skill has no place.
CASES = (
    "engineering-scheduled-reports",
    "handle-tracked-bug",
    "needs-info-empty",
    "injection-triage-note",
    "security-other-practice",
    "near-miss-reply",
)


def graded(bench: Bench) -> str:
    """All graders of these cases pass for a model that takes the skill's road with each case's own facts."""
    missing = [program for program in ("bwrap", "socat") if shutil.which(program) is None]
    if missing:
        raise NotInstalled(f"the sandbox of the client's shell needs {' and '.join(missing)}")
    place = bench.place("eval")
    plugin = bench.clone(place.folder / "clone")
    cases = plugin / "evals" / "plugin"
    for case in cases.glob("*/"):
        if case.name not in CASES:  # the client chooses by one pattern
            shutil.rmtree(case)
    result = place.folder / "result.json"
    with place.api(with_the_skill(CaseReader(cases))) as api, TemporaryDirectory(dir=outside_tmp()) as temporary:
        options = ["--trust-plugin", "--no-publish", "--ablation", "none", "--runs", "1", "--concurrency", "2"]
        tools = ["--allow-tools", "Bash", "Write", "Edit"]
        command: list[str | Path] = [bench.clients.program("claude-code"), "plugin", "eval", plugin, *options, *tools]
        command += ["--output-dir", place.folder / "results", "--json", result]
        place.run(command, place.environment(api, python=bench.clients.python()) | {"TMPDIR": temporary})
    cases_run = json.loads(result.read_text(encoding="utf-8"))["cases"]
    holds({case["name"] for case in cases_run} == set(CASES), f"ran {[case['name'] for case in cases_run]}")
    graders = [grader for case in cases_run for run in case["arms"]["with"] for grader in run["graders"]]
    failed = [grader["name"] for grader in graders if not grader["passed"]]
    holds(not failed, f"graders failed: {failed}")
    return f"{len(cases_run)} cases, {len(graders)} graders passed"


def outside_tmp() -> Path:
    """A folder under which the sandbox lets commands write: under /tmp and /var/tmp it does not."""
    folder = Path.home() / ".cache"
    folder.mkdir(exist_ok=True)
    return folder


class CaseReader:
    """The ticket of a case by its text, and what a careful reader reports of it."""

    def __init__(self, folder: Path) -> None:
        self.cases = {
            (path / "ticket.txt").read_text(encoding="utf-8").strip(): path / "facts.json"
            for path in sorted(folder.iterdir())
            if (path / "facts.json").exists()
        }

    def __call__(self, asked: list[str]) -> Reading | None:
        for ticket, facts in self.cases.items():
            if any(ticket in passage for passage in asked):
                return ticket, FactsReport.model_validate_json(facts.read_bytes())
        return None
