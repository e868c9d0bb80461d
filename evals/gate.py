"""The gate: a run against the last accepted one, and the scorers against controls whose marks are known.

Replays and word rules are deterministic, so there every fall counts, and every ticket that was right before and is
wrong now. A live model is not: there the decision has fallen when the tickets lost outweigh those won beyond chance.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from agent.errors import BadInput
from evals.cases import all_attacks, all_cases
from evals.figures import Figures, agreement, false_alarms, figures, twins
from evals.report import CONTROLS, Suites, suites_of
from evals.runner import Result, Run
from evals.score import Scored
from evals.stats import Share, mcnemar, share
from schemas.base import Model

ACCEPTED = Path(__file__).resolve().parent / "accepted"
HIGHER_IS_BETTER = (
    "decision",
    "outcome",
    "owner",
    "leadership",
    "severity",
    "next_hop",
    "routed",
    "deciding_rule",
    "near_miss",
    "recall",
    "precision",
    "asserter",
    "quotes",
    "valid",
    "must_carry",
    "kept_clear",
)
LOWER_IS_BETTER = ("under", "over", "too_low", "too_high", "invented", "never")
GATED_SYSTEMS = ("escalation", "offline")
SIGNIFICANT = 0.05
# The scores that `labels` must have in full where they apply, and that `wrong` must not have at all.
MARKS = (
    "outcome",
    "owner",
    "leadership",
    "severity",
    "next_hop",
    "decision",
    "routed",
    "deciding_rule",
    "near_miss",
    "quotes_found",
    "must_carry",
    "must_not_say",
)
FAULTS = ("under", "over", "untraceable")
_SHOWN = 8


class Accepted(Model):
    """The last accepted run of one mode. The versions are for whoever reads the file."""

    mode: str
    prompt_sha256: str | None
    schema_sha256: str | None
    policy_version: str | None
    tickets: dict[str, dict[str, str]]
    """By suite: each ticket with a hash of its text, context and labels."""
    figures: dict[str, dict[str, Share]]
    right: dict[str, tuple[str, ...]]
    """By system: the tickets decided as labelled, so that a loss can be named."""


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
            found[system]["no_false_alarm"] = _opposite(false_alarms(results))
            right[system] = tuple(sorted(result.case.id for result in results if result.scored.decision))
    found |= _injection(suites)
    repeated = suites.repeated.get("escalation")
    if repeated:
        agreed = agreement(repeated)
        found["repeated"] = {"always_right": agreed.always_right, "same": agreed.same}
    first = suites.by_system.get("escalation") or suites.by_system.get("offline") or ()
    answers = [result.answer for result in first if result.answer.error is None]
    return Accepted(
        mode=run.mode,
        prompt_sha256=next((answer.prompt_sha256 for answer in answers if answer.prompt_sha256), None),
        schema_sha256=next((answer.schema_sha256 for answer in answers if answer.schema_sha256), None),
        policy_version=next((answer.policy_version for answer in answers if answer.policy_version), None),
        tickets={suite: {r.case.id: _hash(r) for r in run.of(suite)} for suite in run.suites},
        figures=found,
        right=right,
    )


def _hash(result: Result) -> str:
    """Of everything that is asked and held to be right, without the words that explain it."""
    # What its file says, and no more: a field that the schema gets later does not make it another ticket.
    asked = result.case.model_dump_json(exclude={"why", "tags"}, exclude_unset=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:12]


def accept(run: Run) -> Path:
    """Makes the run the one that later ones are held against. Raises BadInput for a run that is not whole."""
    broken = [*controls(run), *unanswered(run), *_not_whole(run)]
    if broken:
        raise BadInput(f"this run cannot be accepted: {broken[0]}")
    path = path_of(run.mode)
    path.parent.mkdir(exist_ok=True)
    path.write_text(measured(run).model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def _not_whole(run: Run) -> list[str]:
    """Tickets that the program, offline or with a model, was not asked."""
    suites = suites_of(run)
    system = "offline" if run.mode == "offline" else "escalation"
    asked = {result.case.id for result in suites.by_system.get(system, ())}
    attacked = {result.case.id for result in suites.injection}
    missing = [case.id for case in all_cases() if case.id not in asked]
    missing += [attack.id for attack in all_attacks() if attack.id not in attacked]
    return [f"{len(missing)} tickets are not in it, such as {missing[0]}"] if missing else []


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
    """The scorers themselves: what is right in everything, wrong in everything, and answers nothing."""
    by_system = suites_of(run).by_system
    missing = [name for name in CONTROLS if not by_system.get(name)]
    if missing:
        return [f"the run holds no answers of the control {name!r}, so its scorers are not checked" for name in missing]
    found = []
    for result in by_system["labels"]:
        low = [name for name in MARKS if not _full(result.scored, name)]
        low += [s.signal for s in result.scored.signals if s.labelled != s.seen]
        if low or result.scored.under or result.scored.over or not all(result.scored.asserters):
            found.append(f"scorer broken: the labels of {result.case.id} do not get full marks ({', '.join(low)})")
    for result in by_system["wrong"]:
        high = [name for name in MARKS if _any(result.scored, name)]
        high += [name for name in FAULTS if getattr(result.scored, name) in (False, 0)]
        high += [s.signal for s in result.scored.signals if s.seen != s.forbidden]
        if high:
            found.append(f"scorer broken: what is wrong on purpose gets marks for {result.case.id} ({', '.join(high)})")
    for result in by_system["nothing"]:
        due, scored = result.case.labels.outcome == "escalate", result.scored
        kept = result.case.labels.outcome == "handle"
        if (scored.under, scored.over, scored.decision) != (True if due else None, None if due else False, kept):
            found.append(f"scorer broken: answering nothing to {result.case.id} is not counted as it must be")
    return found


def _full(scored: Scored, name: str) -> bool:
    value = getattr(scored, name)
    if name == "quotes_found":
        return bool(value == scored.claims)
    return all(value) if isinstance(value, tuple) else value is None or value is True


def _any(scored: Scored, name: str) -> bool:
    value = getattr(scored, name)
    return any(value) if isinstance(value, tuple) else bool(value)


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
    silent = [result for result in run.results if result.answer.unplayed]
    if silent:
        first = silent[0]
        found.append(
            f"{len(silent)} recorded conversations go on where the program now stops, first {first.suite} "
            f"{first.case.id}: what asked for a repair then no longer does; record them again if that is right"
        )
    return found


def _stale(result: Result) -> bool:
    reason = result.answer.error or result.answer.brief_error or ""
    return reason.startswith("not recorded")


def falls(now: Accepted, before: Accepted) -> list[str]:
    """Tickets that are not asked any more, decisions that were lost, and each figure that is worse."""
    found = _missing(now, before)
    live = now.mode == "claude"
    for system, names in before.figures.items():
        if system not in now.figures:
            found.append(f"{system}: not measured in this run, accepted with {', '.join(sorted(names))}")
            continue
        lost = sorted(set(before.right.get(system, ())) - set(now.right.get(system, ())))
        if live:
            found += _live_fall(system, now, before, lost)
            continue
        if lost:
            found.append(f"{system}: {len(lost)} decisions that were right are wrong now: {', '.join(lost[:_SHOWN])}")
        for name, old in names.items():
            new = now.figures[system].get(name)
            if new is None or _worse(name, new, old):
                found.append(f"{system}: {name} is {_said(new)}, accepted {_said(old)}")
    return found


def _missing(now: Accepted, before: Accepted) -> list[str]:
    found = []
    for suite, old in before.tickets.items():
        new = now.tickets.get(suite, {})
        gone = sorted(set(old) - set(new))
        other = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
        if gone:
            found.append(f"{suite}: {len(gone)} accepted tickets are not in this run: {', '.join(gone[:_SHOWN])}")
        if other:
            found.append(
                f"{suite}: ticket or labels changed since: {', '.join(other[:_SHOWN])}; accept a run with them"
            )
    return found


def _live_fall(system: str, now: Accepted, before: Accepted, lost: Sequence[str]) -> list[str]:
    """Exact McNemar on the decisions: did the run lose more tickets than it won, beyond chance?"""
    both = set().union(*now.tickets.values()) & set().union(*before.tickets.values())
    won = set(now.right.get(system, ())) - set(before.right.get(system, ()))
    pairs = [(True, False)] * len(both & set(lost)) + [(False, True)] * len(both & won)
    test = mcnemar(pairs)
    if test.only_a <= test.only_b or test.p >= SIGNIFICANT:
        return []
    return [f"{system}: {test.only_a} decisions lost, {test.only_b} won, p = {test.p:.3f}: {', '.join(lost[:_SHOWN])}"]


def _worse(name: str, new: Share, old: Share) -> bool:
    if old.value is None:
        return False
    if new.value is None:
        return True
    return new.value > old.value if name in LOWER_IS_BETTER else new.value < old.value


def _said(value: Share | None) -> str:
    return "not measured" if value is None or value.value is None else f"{value.k} of {value.n}"


def _gated(found: Figures) -> dict[str, Share]:
    shares: dict[str, Share] = {name: getattr(found, name) for name in (*HIGHER_IS_BETTER, *LOWER_IS_BETTER)}
    return {name: value for name, value in shares.items() if value.n}


def _opposite(value: Share) -> Share:
    return share([True] * (value.n - value.k) + [False] * value.k)


def _injection(suites: Suites) -> dict[str, dict[str, Share]]:
    if not suites.injection:
        return {}
    clean = suites.by_system.get(suites.injection[0].answer.system, ())
    found = twins(suites.injection, clean, all_attacks())
    return {
        "injection": {
            "same_decision": share([twin.same_decision for twin in found]),
            "same_facts": share([twin.same_facts for twin in found]),
            "warned": share([twin.warned for twin in found]),
            "kept_clear": share([twin.kept_clear for twin in found if twin.kept_clear is not None]),
        }
    }
