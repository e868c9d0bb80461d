"""The gate: a run against the last accepted figures, and the scorers against controls whose scores are known.

Replays and word rules are deterministic, so there every fall counts. A live model is not: there a figure has fallen
when the accepted one lies outside the new interval.
"""

import json
from pathlib import Path

from agent.errors import BadInput
from evals.cases import all_attacks
from evals.figures import Figures, agreement, figures, twins
from evals.report import CONTROL, Suites, suites_of
from evals.runner import Result, Run
from evals.stats import Share, share
from schemas.base import Model

ACCEPTED = Path(__file__).resolve().parent / "accepted"
HIGHER_IS_BETTER = (
    "decision",
    "outcome",
    "owner",
    "severity",
    "routed",
    "deciding_rule",
    "near_miss",
    "recall",
    "asserter",
    "quotes",
    "must_carry",
    "kept_clear",
)
LOWER_IS_BETTER = ("under", "over", "too_low", "too_high", "invented", "never")
_FULL_MARKS = ("decision", "outcome", "routed", "deciding_rule")
GATED_SYSTEMS = ("escalation", "offline")


class Accepted(Model):
    """The last accepted figures of one mode, and what they were measured on."""

    mode: str
    prompt_sha256: str | None
    schema_sha256: str | None
    policy_version: str | None
    figures: dict[str, dict[str, Share]]
    right: dict[str, tuple[str, ...]]
    """By system: the tickets decided as labelled, so that a fall can be named."""


def path_of(mode: str) -> Path:
    """Where the accepted figures of a mode stand."""
    return ACCEPTED / f"{mode}.json"


def measured(run: Run) -> Accepted:
    """The figures of a run in the form in which they are accepted."""
    suites = suites_of(run)
    found: dict[str, dict[str, Share]] = {}
    right: dict[str, tuple[str, ...]] = {}
    for system in GATED_SYSTEMS:
        results = suites.by_system.get(system, ())
        if results:
            found[system] = _gated(figures(system, [result.scored for result in results]))
            right[system] = tuple(sorted(result.case.id for result in results if result.scored.decision))
    found |= _injection(suites)
    if suites.repeated:
        repeated = agreement(suites.repeated)
        found["repeated"] = {"always_right": repeated.always_right, "same": repeated.same}
    first = suites.by_system.get("escalation") or suites.by_system.get("offline") or ()
    answers = [result.answer for result in first if result.answer.error is None]
    return Accepted(
        mode=run.mode,
        prompt_sha256=next((answer.prompt_sha256 for answer in answers if answer.prompt_sha256), None),
        schema_sha256=next((answer.schema_sha256 for answer in answers if answer.schema_sha256), None),
        policy_version=next((answer.policy_version for answer in answers if answer.policy_version), None),
        figures=found,
        right=right,
    )


def accept(run: Run) -> Path:
    """Makes the run the one that later ones are held against. Raises BadInput for a run that is not whole."""
    broken = [*controls(run), *unanswered(run)]
    if broken:
        raise BadInput(f"this run cannot be accepted: {broken[0]}")
    path = path_of(run.mode)
    path.parent.mkdir(exist_ok=True)
    path.write_text(measured(run).model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def load_accepted(mode: str) -> Accepted:
    """Raises BadInput where nothing was accepted yet."""
    path = path_of(mode)
    if not path.exists():
        raise BadInput(f"nothing was accepted for {mode!r} yet: accept a run first (`eval accept RUN`)")
    return Accepted.model_validate(json.loads(path.read_text(encoding="utf-8")))


def gate(run: Run, accepted: Accepted) -> tuple[str, ...]:
    """What speaks against the run, each in one line; none is good."""
    return (*controls(run), *unanswered(run), *falls(measured(run), accepted))


def controls(run: Run) -> list[str]:
    """The scorers themselves: the labels must get full marks, and answering nothing must cost what it costs."""
    suites = suites_of(run)
    found = []
    for result in suites.by_system.get(CONTROL, ()):
        wrong = [name for name in _FULL_MARKS if not getattr(result.scored, name)]
        scored = result.scored
        signals = [s.signal for s in scored.signals if s.labelled != s.seen]
        if wrong or signals or scored.under or scored.over or not all(scored.must_carry):
            found.append(f"scorer broken: the labels of {result.case.id} do not get full marks ({wrong or signals})")
    nothing = suites.by_system.get("nothing", ())
    for result in nothing:
        due = result.case.labels.outcome == "escalate"
        scored = result.scored
        if scored.under is not (True if due else None) or scored.over is not (None if due else False):
            found.append(f"scorer broken: answering nothing to {result.case.id} is not counted as it must be")
        if scored.decision != (result.case.labels.outcome == "handle"):
            found.append(f"scorer broken: answering nothing to {result.case.id} is right only where support keeps it")
    if not suites.by_system.get(CONTROL) or not nothing:
        found.append("the run holds no controls, so its scorers are not checked: run it without --systems")
    return found


def unanswered(run: Run) -> list[str]:
    """Samples without an answer, and recordings that no longer fit what the program sends."""
    found = [f"{missing} samples of {suite} were not answered" for suite, missing in run.interrupted.items()]
    stale = [result for result in run.results if _stale(result)]
    if stale:
        first = stale[0]
        why = first.answer.error or first.answer.brief_error
        found.append(
            f"prompt, schema, rules or ticket changed since the recording: {len(stale)} conversations do not fit any "
            f"more, first {first.suite} {first.case.id} ({why}); record them again"
        )
    return found


def _stale(result: Result) -> bool:
    reason = result.answer.error or result.answer.brief_error or ""
    return reason.startswith("not recorded")


def falls(now: Accepted, before: Accepted) -> list[str]:
    """Each figure that is worse than the accepted one."""
    found = []
    for system, names in before.figures.items():
        if system not in now.figures:
            found.append(f"{system}: not measured in this run, accepted with {sorted(names)}")
            continue
        for name, old in names.items():
            new = now.figures[system].get(name)
            if new is None or _worse(name, new, old, live=now.mode == "claude"):
                lost = sorted(set(before.right.get(system, ())) - set(now.right.get(system, ())))
                named = f"; now wrong: {', '.join(lost[:8])}" if name == "decision" and lost else ""
                found.append(f"{system}: {name} is {_said(new)}, accepted {_said(old)}{named}")
    return found


def _worse(name: str, new: Share, old: Share, *, live: bool) -> bool:
    if old.value is None:
        return False
    if new.value is None or new.low is None or new.high is None:
        return True
    if name in LOWER_IS_BETTER:
        return new.low > old.value if live else new.value > old.value
    return new.high < old.value if live else new.value < old.value


def _said(value: Share | None) -> str:
    return "not measured" if value is None or value.value is None else f"{value.k} of {value.n}"


def _gated(found: Figures) -> dict[str, Share]:
    shares: dict[str, Share] = {name: getattr(found, name) for name in (*HIGHER_IS_BETTER, *LOWER_IS_BETTER)}
    return {name: value for name, value in shares.items() if value.n}


def _injection(suites: Suites) -> dict[str, dict[str, Share]]:
    if not suites.injection:
        return {}
    clean = suites.by_system.get(suites.injection[0].answer.system, ())
    found = twins(suites.injection, clean, all_attacks())
    return {
        "injection": {
            "same_decision": share([twin.same_decision for twin in found]),
            "warned": share([twin.warned for twin in found]),
            "kept_clear": share([twin.kept_clear for twin in found if twin.kept_clear is not None]),
        }
    }
