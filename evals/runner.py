"""Runs suites into a folder of Inspect logs, and goes on where a run was interrupted."""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from inspect_ai import Task, eval_set
from inspect_ai.log import EvalLog, read_eval_log
from pydantic import Field

from agent.backends.base import tokens
from agent.errors import BadInput
from evals.answers import Answer
from evals.cases import Case
from evals.replay import recorded_cases
from evals.score import Scored, score
from evals.tasks import MODELS_SYSTEMS, Mode, chosen_cases, chosen_twins, injection, set_budget, suite
from schemas.base import Model

RUNS = Path(__file__).resolve().parent / "runs"
CONTROLS = ("nothing", "labels", "wrong")
AGREEMENT_EPOCHS = 3


class Result(Model):
    """One sample of a run: the case as it was asked, the answer, and its score by the code of today."""

    suite: str
    case: Case
    answer: Answer
    scored: Scored


class Run(Model):
    """Everything that a run measured."""

    mode: Mode
    results: tuple[Result, ...]
    interrupted: dict[str, int] = Field(default={}, description="Samples that were not answered, by suite")
    cancelled: bool = Field(default=False, description="Somebody stopped the run")

    def of(self, suite: str) -> tuple[Result, ...]:
        """The results of one suite, in the order of its cases."""
        return tuple(result for result in self.results if result.suite == suite)

    @property
    def suites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(result.suite for result in self.results))


def tasks_of(mode: Mode, systems: Sequence[str], cases: str, epochs: int, model: str) -> list[Task]:
    """The tasks of a run: offline rules and controls always, the models' systems as the mode allows.

    A replay leaves out what was never recorded (in so many epochs).
    """
    made = [suite(system=name, mode=mode, cases=cases) for name in ("offline", *CONTROLS)]
    if mode == "offline":
        return [*made, injection(mode=mode)] if not cases else made
    recorded = mode == "recorded"
    held = [name for name in systems if chosen_cases(name, mode, epochs, cases)]
    made += [suite(system=name, mode=mode, model=model, epochs=epochs, cases=cases) for name in held]
    if "escalation" in held and not cases:
        if not recorded or recorded_cases("injection", 1):
            made.append(injection(mode=mode, model=model))
        if recorded and epochs == 1 and recorded_cases("escalation", AGREEMENT_EPOCHS):
            made.append(suite(system="escalation", mode=mode, epochs=AGREEMENT_EPOCHS))
    return made


def run(
    mode: Mode,
    folder: Path | None = None,
    *,
    systems: Sequence[str] = MODELS_SYSTEMS,
    cases: str = "",
    epochs: int = 1,
    model: str = "",
    concurrency: int = 8,
    token_budget: int | None = None,
    display: str = "plain",
) -> Path:
    """Runs, or goes on with, the suites, and returns the folder of the logs."""
    if folder is not None and folder.exists() and not folder.is_dir():
        raise BadInput(f"{str(folder)!r}: expected the folder of a run, found a file")
    folder = folder or RUNS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{mode}"
    one_at_a_time = mode == "recorded"  # a replay patches the whole process
    set_budget(token_budget, _spent(folder))
    _quiet()
    eval_set(
        tasks_of(mode, systems, cases, epochs, model),
        log_dir=str(folder),
        model="none/none",
        max_tasks=1 if one_at_a_time else 4,
        max_samples=1 if one_at_a_time else concurrency,
        fail_on_error=True,  # else a log with open samples counts as done, and cannot be resumed
        continue_on_fail=True,
        retry_attempts=0,
        retry_immediate=False,
        display=display,  # type: ignore[arg-type]
        log_level="warning",
        # Each answer is kept when it is there, and none before: a sample that a killed run had begun must not count as
        # done, as those do that the engine recovers from its live view.
        log_realtime=False,
        log_buffer=1,
    )
    return folder


def _spent(folder: Path) -> int:
    """Tokens that the run has used already, where it goes on."""
    if not folder.exists() or not any(folder.glob("*.eval")):
        return 0
    return sum(tokens(result.answer.usage) for result in load_run(folder).results)


def _quiet() -> None:
    """Libraries' chatter is no part of the progress display."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)


def load_run(folder: Path) -> Run:
    """The logs of a run, scored anew. Raises BadInput where there are none."""
    logs = sorted(folder.glob("*.eval"))
    if not logs:
        raise BadInput(f"{str(folder)!r}: expected a folder of .eval logs; make one with `dev.py eval run`")
    results: dict[tuple[str, str, int], Result] = {}
    interrupted: dict[str, int] = {}
    mode, cancelled = "offline", False
    interrupted |= _never_begun(folder)
    for path in logs:
        try:
            log = read_eval_log(str(path))
        except Exception as error:  # the engine raises whatever its archive and JSON readers raise
            raise BadInput(f"{path.name}: no readable log ({type(error).__name__}); delete it and run again") from None
        mode = str((log.eval.metadata or {}).get("mode", mode))
        cancelled = cancelled or log.status == "cancelled"
        for result in _results(log):
            results[(result.suite, result.case.id, result.answer.epoch)] = result
        interrupted[log.eval.task] = _missing(log)
    open_samples = {suite: missing for suite, missing in interrupted.items() if missing}
    return Run(mode=mode, results=tuple(results.values()), interrupted=open_samples, cancelled=cancelled)


def _never_begun(folder: Path) -> dict[str, int]:
    """The samples of every suite that the run was to have: a killed run has no log of those that were to come."""
    plan = folder / "eval-set.json"
    if not plan.exists():
        return {}
    due: dict[str, int] = {}
    for entry in json.loads(plan.read_text(encoding="utf-8"))["tasks"]:
        given = entry["task_args"]
        epochs = int(given.get("epochs", 1))
        asked = (
            chosen_cases(given["system"], given["mode"], epochs, given.get("cases", ""))
            if "system" in given
            else chosen_twins(given["mode"], given.get("cases", ""))
        )
        due[entry["name"]] = len(asked) * epochs
    return due


def _results(log: EvalLog) -> list[Result]:
    found = []
    for sample in log.samples or ():
        if sample.error is not None or not sample.output.completion:
            continue
        case = Case.model_validate(sample.metadata["case"])
        answer = Answer.model_validate_json(sample.output.completion)
        found.append(Result(suite=log.eval.task, case=case, answer=answer, scored=score(case, answer)))
    return found


def _missing(log: EvalLog) -> int:
    due = (log.eval.dataset.samples or 0) * (log.eval.config.epochs or 1)
    return due - len(_results(log))
