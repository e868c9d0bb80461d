"""The suites as Inspect tasks: dataset, a solver that calls the system under test, scorers in code.

Inspect keeps the log: each sample holds the whole answer, so a log can be scored again and opened in its viewer. The
systems speak to their models themselves; Inspect's own model interface is not used.
"""

import os
from collections.abc import Callable

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.scorer._metric import Metric
from inspect_ai.solver import Generate, Solver, TaskState, solver

from agent.backends import pick_backend
from agent.backends.base import tokens
from evals.answers import Answer
from evals.cases import Case, all_attacks, all_cases, case_of
from evals.replay import RECORDINGS, Recorded, recorded_cases
from evals.score import Scored, score
from evals.systems import FromLabels, Nothing, Pipeline, Prompted, System, WrongOnPurpose

Mode = str  # offline, claude or recorded
MODELS_SYSTEMS = ("escalation", "prompt_only", "policy_prompt")
FAMILIES: dict[str, tuple[str, ...]] = {
    "decision": ("decision", "outcome", "owner", "leadership", "next_hop", "severity", "deciding_rule"),
    "harm": ("under", "over", "too_low", "too_high"),
}


class BudgetSpent(RuntimeError):
    """The token budget of the run is used up; the samples that are left are not run."""


class Budget:
    """Tokens that the whole run may use, over all tasks."""

    def __init__(self, tokens: int | None) -> None:
        self.tokens = tokens
        self.used = 0

    def check(self) -> None:
        if self.tokens is not None and self.used >= self.tokens:
            raise BudgetSpent(f"token budget of {self.tokens:,} spent ({self.used:,} used); run again with --resume")


NO_LIMIT = Budget(None)
_budget = NO_LIMIT


def set_budget(limit: int | None, used: int = 0) -> None:
    """For all tasks of this process. `used`: what the run had used before it was interrupted."""
    global _budget  # Inspect builds solvers from a registry, so a run's state cannot be handed in
    _budget = Budget(limit)
    _budget.used = used


@task
def suite(system: str, mode: str = "offline", model: str = "", epochs: int = 1, cases: str = "") -> Task:
    """One system on the labelled tickets. `cases`: comma-separated ids, else all that the mode can answer."""
    return _task(system, mode, model, epochs, chosen_cases(system, mode, epochs, cases), f"{system}-{epochs}x")


@task
def injection(mode: str = "offline", model: str = "", cases: str = "") -> Task:
    """The program on tickets with an attack inside. Their clean twins' answers are in the suite."""
    system = "offline" if mode == "offline" else "escalation"
    return _task(system, mode, model, 1, chosen_twins(mode, cases), "injection", folder="injection")


def chosen_twins(mode: str, cases: str) -> list[Case]:
    """As `chosen_cases`, for the tickets with an attack inside."""
    twins = {attack.id: attack.twin(case_of(attack.clean)) for attack in all_attacks()}
    chosen = [twins[name] for name in _names(cases) or twins]
    if mode == "recorded":
        return [twin for twin in chosen if twin.id in recorded_cases("injection", 1)]
    return chosen


def _names(cases: str) -> list[str]:
    return [name for name in cases.split(",") if name]


def chosen_cases(system: str, mode: str, epochs: int, cases: str) -> list[Case]:
    """The tickets that the system can be asked: all that were named, or all; in a replay those that were recorded."""
    chosen = [case_of(name) for name in _names(cases)] or list(all_cases())
    if mode == "recorded" and system in MODELS_SYSTEMS:
        held = recorded_cases(system, epochs)
        return [case for case in chosen if case.id in held]
    return chosen


def _task(
    system: str, mode: str, model: str, epochs: int, cases: list[Case], name: str, folder: str | None = None
) -> Task:
    samples = [_sample(case) for case in cases]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=ask(system, mode, model, folder or system),
        scorer=[decision(), harm(), reading(), writing()],
        epochs=epochs,
        metadata={"system": system, "mode": mode},
    )


def _sample(case: Case) -> Sample:
    kept = {"case": case.model_dump(mode="json")}  # so that a log can be scored without the files it was made from
    return Sample(id=case.id, input=case.source, target=case.labels.outcome, metadata=kept)


def system_of(name: str, mode: str, model: str, folder: str) -> System:
    """The system by its name. `recorded` replays what `folder` below the recordings holds."""
    if name == "nothing":
        return Nothing()
    if name == "labels":
        return FromLabels()
    if name == "wrong":
        return WrongOnPurpose()
    if name == "offline":
        return Pipeline("offline", pick_backend("offline"))
    if mode == "recorded":
        return Recorded(name, RECORDINGS / folder)
    from agent.backends.claude import DEFAULT_MODEL, ClaudeBackend
    from agent.backends.failures import MODEL_VARIABLE

    model = model or os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL
    if name == "escalation":
        return Pipeline("escalation", ClaudeBackend(model=model))
    from anthropic import AsyncAnthropic

    return Prompted(name, AsyncAnthropic(), model)


@solver
def ask(system: str, mode: str, model: str, folder: str) -> Solver:
    """Puts the case to the system, and keeps its answer as the sample's output."""
    made: list[System] = []

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001 - Inspect's signature
        _budget.check()
        if not made:
            made.append(system_of(system, mode, model, folder))
        answer = await made[0].answer(Case.model_validate(state.metadata["case"]), state.epoch)
        _budget.used += tokens(answer.usage)
        state.output.completion = answer.model_dump_json()
        return state

    return solve


@metric
def rate() -> Metric:
    """The mean of those to whom it applies."""

    def measure(scores: list[SampleScore]) -> float:
        values = [entry.score.as_float() for entry in scores if entry.score.value == entry.score.value]  # no NaN
        return sum(values) / len(values) if values else float("nan")

    return measure


def scored_of(state: TaskState) -> Scored:
    """The answer in a finished sample, scored."""
    return score(Case.model_validate(state.metadata["case"]), Answer.model_validate_json(state.output.completion))


Values = dict[str, float]
_NOT_APPLICABLE = float("nan")


def _scored(values: Callable[[Scored], Values]) -> Scorer:
    async def measure(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - Inspect's signature
        scored = scored_of(state)
        return Score(value=dict(values(scored)), explanation=scored.error)

    return measure


def _plain(scored: Scored, names: tuple[str, ...]) -> Values:
    found = {name: getattr(scored, name) for name in names}
    return {name: _NOT_APPLICABLE if value is None else float(value) for name, value in found.items()}


def _part(values: tuple[bool, ...] | list[bool]) -> float:
    return sum(values) / len(values) if values else _NOT_APPLICABLE


@scorer(metrics={"*": [rate()]})
def decision() -> Scorer:
    """The decision, field by field."""
    return _scored(lambda scored: _plain(scored, FAMILIES["decision"]))


@scorer(metrics={"*": [rate()]})
def harm() -> Scorer:
    """Under- and over-escalation, apart."""
    return _scored(lambda scored: _plain(scored, FAMILIES["harm"]))


@scorer(metrics={"*": [rate()]})
def reading() -> Scorer:
    """Signals and quotes."""

    def values(scored: Scored) -> Values:
        signals = scored.signals
        return {
            "recall": _part([s.seen for s in signals if s.labelled]),
            "precision": _part([s.labelled for s in signals if s.seen]),
            "invented": _part([s.seen for s in signals if s.forbidden]),
            "asserter": _part(scored.asserters),
            "quotes": scored.quotes_found / scored.claims if scored.claims else _NOT_APPLICABLE,
        }

    return _scored(values)


@scorer(metrics={"*": [rate()]})
def writing() -> Scorer:
    """The brief."""

    def values(scored: Scored) -> Values:
        return {
            "valid": _NOT_APPLICABLE if scored.brief is None else float(scored.brief.startswith("valid")),
            "first_try": _NOT_APPLICABLE if scored.brief is None else float(scored.brief == "valid_first"),
            "must_carry": _part(scored.must_carry),
            "kept_clear": _part(scored.must_not_say),
        }

    return _scored(values)
