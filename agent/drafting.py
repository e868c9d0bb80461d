"""Draft, validate, repair: the one loop of the road, bounded by tenacity.

A repair sends the original request, the last answer and its findings; it replaces the one before and never grows. It
ends when nothing blocks, after `max_repairs`, on the token budget, when the same findings come back, or when a repair
gets no usable answer: then the best earlier draft is kept, and the result says so.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from agent.backends.base import (
    AnswerTruncated,
    Call,
    DraftCall,
    Fault,
    MalformedAnswer,
    ModelError,
    Reply,
    tokens,
    total,
)
from agent.errors import BadInput
from schemas.brief import Brief
from schemas.escalation import Finding, Usage
from schemas.vocabulary import REPRODUCTION_GAP

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

Check = Callable[[Brief], tuple[Finding, ...]]


@dataclass(frozen=True)
class Limits:
    """Bounds of one run.

    `max_repairs`: drafts after the first. `token_budget`: once the run has used this many tokens (read, written and
    cached), no repair is started; None is no limit.
    """

    max_repairs: int = 2
    token_budget: int | None = None

    def __post_init__(self) -> None:
        if self.max_repairs < 0:
            raise BadInput(f"max_repairs {self.max_repairs!r}: expected 0 or more; 0 drafts once")
        if self.token_budget is not None and self.token_budget < 0:
            raise BadInput(f"token_budget {self.token_budget!r}: expected 0 or more tokens; leave it out for no limit")


class Meter:
    """What the run has cost so far."""

    def __init__(self) -> None:
        self.usage = Usage()

    def charge(self, usage: Usage) -> None:
        self.usage = total(self.usage, usage)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The brief that is kept, and what is to be said about it."""

    brief: Brief | None
    status: Literal["none", "valid", "incomplete"]
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()


NO_DRAFT = Drafted(brief=None, status="none")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One draft: the brief, or None and the error where the answer held none. `fault` is what a repair is sent."""

    brief: Brief | None
    findings: tuple[Finding, ...]
    fault: Fault
    error: ModelError | None = None

    @property
    def blocking(self) -> int:
        return len(self.fault.findings) + self.fault.truncated

    @property
    def keys(self) -> frozenset[tuple[str, str, str]]:
        """The findings without their wording."""
        return frozenset((finding.code, finding.place, finding.found) for finding in self.fault.findings)


def ask(call: Call, meter: Meter) -> Generator[Call, Reply, Reply]:
    """One call, charged before anybody looks at the answer, also when it failed."""
    if call.fault is not None:
        meter.charge(Usage(repairs=1))
    try:
        reply = yield call
    except ModelError as error:
        meter.charge(error.usage)
        raise
    meter.charge(reply.usage)
    return reply


def draft(call: DraftCall, check: Check, limits: Limits, meter: Meter) -> Generator[Call, Reply, Drafted]:
    """Drafts until nothing blocks or a limit is met. Raises `ModelError` if no draft at all came of it."""
    attempts: list[_Attempt] = []
    failure: ModelError | None = None
    for turn in _turns(attempts, limits, meter):
        fault = attempts[-1].fault if attempts else None
        try:
            reply = yield from ask(replace(call, fault=fault), meter)
        except MalformedAnswer as error:
            attempts.append(_Attempt(None, error.findings, Fault(error.raw, error.findings), error))
        except AnswerTruncated as error:
            # A first draft may be asked for again, shorter; a repair that grows too long will not get shorter.
            if attempts:
                failure = error
                break
            attempts.append(_Attempt(None, (), Fault(truncated=True), error))
        except ModelError as error:
            failure = error
            break
        else:
            attempts.append(_checked(reply, check))
        turn.retry_state.set_result(attempts[-1])
    return _kept(attempts, failure, limits, meter)


def _turns(attempts: list[_Attempt], limits: Limits, meter: Meter) -> "Retrying":
    """One turn for each draft, as long as the last one is blocked and no limit is met."""
    from tenacity import Retrying, retry_if_result

    def blocked(attempt: _Attempt) -> bool:
        return attempt.blocking > 0

    def ended(state: "RetryCallState") -> bool:
        return state.attempt_number > limits.max_repairs or _same_again(attempts) or _over_budget(limits, meter)

    return Retrying(
        retry=retry_if_result(blocked),
        stop=ended,
        sleep=lambda _: None,  # nothing to wait for, and an event loop must not be held up
        retry_error_callback=lambda _: None,  # the caller looks at the attempts, not at an error
    )


def _same_again(attempts: list[_Attempt]) -> bool:
    return len(attempts) > 1 and attempts[-1].keys == attempts[-2].keys


def _over_budget(limits: Limits, meter: Meter) -> bool:
    return limits.token_budget is not None and tokens(meter.usage) >= limits.token_budget


def _checked(reply: Reply, check: Check) -> _Attempt:
    if not isinstance(reply.value, Brief):
        raise TypeError(f"a DraftCall was answered with {type(reply.value).__name__}")
    findings = check(reply.value)
    blocking = tuple(finding for finding in findings if finding.blocking)
    return _Attempt(reply.value, findings, Fault(reply.raw, blocking))


def _kept(attempts: list[_Attempt], failure: ModelError | None, limits: Limits, meter: Meter) -> Drafted:
    """The draft with the fewest blocking findings, of equals the latest, and why it is no better."""
    drafts = [attempt for attempt in attempts if attempt.brief is not None]
    if not drafts:
        raise failure or attempts[-1].error or RuntimeError("no draft, and no error that says why")
    best = min(reversed(drafts), key=lambda attempt: attempt.blocking)
    warnings: list[str] = []
    if failure is not None:
        warnings.append(f"A repair of the brief failed, the best earlier draft is kept: {failure}")
    elif best.blocking:
        warnings.append(f"The brief still has {_count(best.blocking)}: {_why(attempts, limits, meter)}.")
    if failure is None and best is not attempts[-1]:
        number = attempts.index(best) + 1
        warnings.append(f"Draft {number} of {len(attempts)} is kept: the later ones were worse.")
    complete = not best.blocking and all(finding.code != REPRODUCTION_GAP for finding in best.findings)
    return Drafted(best.brief, "valid" if complete else "incomplete", best.findings, tuple(warnings))


def _count(findings: int) -> str:
    return (
        f"{findings} finding that it must not have" if findings == 1 else f"{findings} findings that it must not have"
    )


def _why(attempts: list[_Attempt], limits: Limits, meter: Meter) -> str:
    if _same_again(attempts):
        return "the last repair left them as they were"
    if len(attempts) <= limits.max_repairs and _over_budget(limits, meter):
        return f"the token budget of {limits.token_budget:,} was used up"
    repairs = len(attempts) - 1
    return (
        f"{repairs} {'repair' if repairs == 1 else 'repairs'} did not mend it" if repairs else "no repair was allowed"
    )
