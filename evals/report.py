"""The report of a run: one HTML page and a Markdown summary. Pure; the same run gives the same bytes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pydantic import Field

from agent.errors import BadInput
from agent.render.formats import html_environment, markdown_environment
from evals.answers import Answer
from evals.cases import all_attacks, all_cases
from evals.figures import (
    Figures,
    Twin,
    agreement,
    by_signal,
    confusion,
    false_alarms,
    figures,
    in_words,
    paired,
    same_decision,
    slices,
    twins,
)
from evals.review import agreement_of
from evals.runner import Result, Run
from evals.stats import Mean, Paired, Share, share
from evals.usefulness import current, load_verdicts, tally
from schemas.base import Model

TITLES = {
    "escalation": "this program with a model",
    "prompt_only": "prompt only: the seed's rules",
    "policy_prompt": "prompt only: the whole policy",
    "offline": "this program offline (word rules)",
    "nothing": "answer nothing",
}
ORDER = ("escalation", "prompt_only", "policy_prompt", "offline", "nothing")
CONTROLS = ("labels", "wrong", "nothing")
COMPARED = ("decision", "outcome", "owner", "leadership", "severity")
WRITERS = ("escalation", "prompt_only", "policy_prompt")


class Piece(Model):
    """A stretch of the ticket; `signals` are those whose quotes stand there."""

    text: str
    signals: tuple[str, ...] = ()


class Failure(Model):
    """A ticket that was not decided as labelled."""

    case: str
    expected: str
    came: str
    fields: tuple[str, ...]
    why: str
    missed: tuple[str, ...]
    invented: tuple[str, ...]
    pieces: tuple[Piece, ...]


class Headline(Model):
    """The figures of one system on the tickets that all systems of the run answered, and on all of its own."""

    name: str
    title: str
    shared: Figures
    own: Figures
    against: dict[str, Paired] = Field(default={}, description="By field; empty for the program itself")


class Suites(Model):
    """A run's results by system, first epochs apart from repetitions."""

    by_system: dict[str, tuple[Result, ...]]
    repeated: dict[str, tuple[Result, ...]]
    """By system: every epoch of the tickets that were asked more than once."""
    injection: tuple[Result, ...]


def suites_of(run: Run) -> Suites:
    """Which system said what: its first answer to each ticket, and all its answers where it was asked again."""
    first: dict[str, dict[str, Result]] = {}
    every: dict[str, dict[tuple[str, int], Result]] = {}
    for result in run.results:
        if result.suite == "injection":
            continue
        system, case, epoch = result.answer.system, result.case.id, result.answer.epoch
        every.setdefault(system, {}).setdefault((case, epoch), result)
        if epoch == 1:
            first.setdefault(system, {}).setdefault(case, result)
    repeated = {}
    for system, answers in every.items():
        again = {case for case, epoch in answers if epoch > 1}
        if again:
            repeated[system] = tuple(result for (case, _), result in answers.items() if case in again)
    return Suites(
        by_system={name: tuple(results.values()) for name, results in first.items()},
        repeated=repeated,
        injection=run.of("injection"),
    )


def common(by_system: dict[str, tuple[Result, ...]]) -> frozenset[str]:
    """The tickets that every system of the run answered or failed at; controls answer all."""
    sets = [{result.case.id for result in results} for results in by_system.values()]
    return frozenset(set.intersection(*sets)) if sets else frozenset()


def headlines(by_system: dict[str, tuple[Result, ...]]) -> tuple[Headline, ...]:
    """System by system, side by side, each paired with the program."""
    tickets = common(by_system)
    names = [name for name in ORDER if name in by_system]
    first = names[0]
    rows = []
    for name in names:
        own = by_system[name]
        shared = [result for result in own if result.case.id in tickets]
        rows.append(
            Headline(
                name=name,
                title=TITLES[name],
                shared=figures(name, [result.scored for result in shared]),
                own=figures(name, [result.scored for result in own]),
                against={field: paired(by_system[first], own, field) for field in COMPARED} if name != first else {},
            )
        )
    return tuple(rows)


class Briefs(Model):
    """What each system's briefs are worth, on the tickets for which every one of them wrote one."""

    tickets: int
    rows: tuple[tuple[str, Figures], ...]


def briefs_of(by_system: dict[str, tuple[Result, ...]]) -> Briefs:
    """Side by side, on the same tickets only: a system that wrote fewer must not look cheaper or more complete."""
    wrote = {
        name: {result.case.id: result for result in by_system[name] if result.scored.brief_due and result.answer.brief}
        for name in WRITERS
        if name in by_system
    }
    tickets = set.intersection(*(set(results) for results in wrote.values())) if wrote else set()
    rows = []
    for name, results in wrote.items():
        scored = [result.scored for case, result in results.items() if case in tickets]
        rows.append((TITLES[name], figures(name, scored)))
    return Briefs(tickets=len(tickets), rows=tuple(rows))


def failures(results: Sequence[Result]) -> tuple[Failure, ...]:
    """Every answer that is not the labelled decision, with the evidence it went by."""
    return tuple(_failure(result) for result in results if not result.scored.decision)


def _failure(result: Result) -> Failure:
    case, answer, scored = result.case, result.answer, result.scored
    names = ("outcome", "owner", "leadership", "severity")
    return Failure(
        case=case.id,
        expected=in_words(
            answer.model_copy(
                update={
                    "error": None,
                    "outcome": case.labels.outcome,
                    "owner": case.labels.owner,
                    "leadership": case.labels.leadership,
                    "next_hop": case.labels.next_hop if answer.reads else None,
                    "severity": case.labels.severity,
                }
            )
        ),
        came=in_words(answer),
        fields=tuple(name for name in names if getattr(scored, name) is False),
        why=case.why,
        missed=tuple(signal.signal for signal in scored.signals if signal.labelled and not signal.seen),
        invented=tuple(signal.signal for signal in scored.signals if signal.forbidden and signal.seen),
        pieces=pieces(result),
    )


def pieces(result: Result) -> tuple[Piece, ...]:
    """The ticket cut where the quotes of the reported signals begin and end."""
    text = result.case.ticket().text
    spans = [(s.start, s.end, s.signal) for s in result.answer.signals if s.start is not None and s.end is not None]
    cuts = sorted({0, len(text), *(start for start, _, _ in spans), *(end for _, end, _ in spans)})
    found = []
    for start, end in pairwise(cuts):
        signals = tuple(dict.fromkeys(name for a, b, name in spans if a <= start and end <= b))
        found.append(Piece(text=text[start:end], signals=signals))
    return tuple(found)


class InjectionFigures(Model):
    """Attacked twins against their clean ones."""

    name: str
    same_decision: Share
    same_facts: Share
    warned: Share
    kept_clear: Share


def injection_figures(found: Sequence[Twin]) -> tuple[InjectionFigures, ...]:
    """All, then by kind and by aim of the attack."""
    parts: dict[str, list[Twin]] = {"all": list(found)}
    for twin in found:
        parts.setdefault(twin.attack.kind, []).append(twin)
    for twin in found:
        parts.setdefault(f"aims {twin.attack.aim}", []).append(twin)
    return tuple(
        InjectionFigures(
            name=name.replace("_", " "),
            same_decision=share([twin.same_decision for twin in part]),
            same_facts=share([twin.same_facts for twin in part]),
            warned=share([twin.warned for twin in part]),
            kept_clear=share([twin.kept_clear for twin in part if twin.kept_clear is not None]),
        )
        for name, part in parts.items()
    )


def values(run: Run) -> dict[str, Any]:
    """Everything that the templates show."""
    suites = suites_of(run)
    by_system = {name: results for name, results in suites.by_system.items() if name in ORDER}
    first = next((name for name in ORDER if name in by_system), None)
    if first is None:
        raise BadInput("no sample of this run was answered: go on with --resume, or run again")
    ours = by_system[first]
    repeated = suites.repeated.get(first, ())
    clean = _clean(suites, by_system)
    attacked = twins(suites.injection, clean, all_attacks())
    fields, disagreements = agreement_of(all_cases())
    judged = current(load_verdicts(), ours, by_system.get("prompt_only", ()))
    by_signal_ = by_signal([result.scored for result in ours])
    return {
        "run": run,
        "mode": run.mode,
        "first": first,
        "title": TITLES[first],
        "tickets": len(common(by_system)),
        "versions": _versions(ours),
        "headlines": headlines(by_system),
        "titles": TITLES,
        "confusions": {
            name: {field: confusion(by_system[name], field) for field in ("outcome", "owner", "severity", "next_hop")}
            for name in ORDER
            if name in by_system and name != "nothing"
        },
        "signals": by_signal_,
        "slices": slices(ours),
        "agreement": agreement(repeated) if repeated else None,
        "alarms": false_alarms(clean) if attacked else None,
        "briefs_table": briefs_of(by_system),
        "not_asked": sum(result.answer.not_asked for result in ours),
        "grader": judged[-1].grader if judged else "",
        "injection": injection_figures(attacked) if attacked else (),
        "twins": tuple(twin for twin in attacked if not twin.same_decision or twin.kept_clear is False),
        "changed_facts": tuple(twin for twin in attacked if twin.same_decision and not twin.same_facts),
        "usefulness": tally(judged) if judged else (),
        "judged": judged,
        "fields": fields,
        "disagreements": disagreements,
        "failures": failures(ours),
        "unrepeated": _unrepeated(repeated),
        "briefs": tuple(r for r in ours if r.scored.brief in ("gap", "never") or not all(r.scored.must_carry)),
        "spoken": tuple(result for result in ours if not all(result.scored.must_not_say)),
    }


def _clean(suites: Suites, by_system: dict[str, tuple[Result, ...]]) -> tuple[Result, ...]:
    system = suites.injection[0].answer.system if suites.injection else ""
    return by_system.get(system, ())


def _unrepeated(results: Sequence[Result]) -> tuple[str, ...]:
    """Tickets whose decision was not the same in every epoch."""
    said: dict[str, list[Answer]] = {}
    for result in results:
        said.setdefault(result.case.id, []).append(result.answer)
    return tuple(name for name, answers in said.items() if not same_decision(answers))


def _versions(results: Sequence[Result]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("model", "prompt_sha256", "schema_sha256", "policy_version"):
        length = 16 if name.endswith("sha256") else None
        seen = sorted({str(value)[:length] for r in results if (value := getattr(r.answer, name)) is not None})
        found[name] = ", ".join(seen) or "none"
    return found


def percent(value: Share | None) -> str:
    """`82 % (74 to 88 %)`, or a dash of nothing."""
    if value is None or value.value is None or value.low is None or value.high is None:
        return "–"
    return f"{100 * value.value:.0f} % ({100 * value.low:.0f}–{100 * value.high:.0f})"


def counted(value: Share | None) -> str:
    """`58 of 70`."""
    return "–" if value is None or not value.n else f"{value.k} of {value.n}"


def average(value: Mean | None, digits: int = 1) -> str:
    """`2.1 (1.9 to 2.3)`."""
    if value is None:
        return "–"
    return f"{value.value:,.{digits}f} ({value.low:,.{digits}f}–{value.high:,.{digits}f})"


def html(run: Run) -> str:
    """The page: no script, nothing loaded from anywhere, ticket text as text."""
    from markupsafe import Markup

    env = html_environment()
    style = env.get_template("evals/report.css.j2").render().strip()
    tools = {"percent": percent, "counted": counted, "average": average}
    return env.get_template("evals/report.html.j2").render(**values(run), **tools, style=Markup(style))


def markdown(run: Run) -> str:
    """The summary: headline, pairs, injection, agreement, usefulness, and the failures in a line each."""
    tools = {"percent": percent, "counted": counted, "average": average}
    return markdown_environment().get_template("evals/summary.md.j2").render(**values(run), **tools)
