"""The repair loop with a scripted model: when it repairs, when it ends, and which draft it keeps."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import make_decision, make_facts, make_ticket
from fakes import ONE_CALL, Answer, FakeBackend, finding, kinds, malformed, refusal, report, titled, truncation

from agent.backends.base import (
    AnswerTruncated,
    DraftCall,
    MalformedAnswer,
    ModelError,
    ModelUnavailable,
    Reply,
    tokens,
    total,
)
from agent.drafting import Drafted, Limits, Meter, draft
from agent.errors import BadInput
from schemas.context import Context
from schemas.escalation import Finding, Usage


def drafted(
    answers: list[Answer],
    findings: dict[str, list[Finding]],
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    usage: Usage = ONE_CALL,
) -> tuple[Drafted, FakeBackend, Meter]:
    """The loop run on a scripted model; `findings` by the headline of the draft that has them."""
    ticket = make_ticket()
    call = DraftCall(ticket, Context(), make_facts(ticket), make_decision(), Reply(report()))
    backend, meter = FakeBackend(*answers, usage=usage), Meter()
    loop = draft(call, lambda made: tuple(findings.get(made.headline, ())), limits, meter)
    step: Callable[[], Any] = lambda: next(loop)  # noqa: E731
    while True:
        try:
            asked = step()
        except StopIteration as end:
            return end.value, backend, meter
        try:
            reply = backend.answer(asked)
            step = lambda reply=reply: loop.send(reply)  # noqa: E731
        except ModelError as error:
            step = lambda error=error: loop.throw(error)  # noqa: E731


def test_a_draft_without_findings_is_taken_at_once() -> None:
    result, backend, meter = drafted([titled(1)], {})
    assert result == Drafted(titled(1), "valid")
    assert kinds(backend.calls) == ["DraftCall"]
    assert meter.usage == ONE_CALL


def test_a_repair_that_succeeds() -> None:
    result, backend, meter = drafted([titled(1), titled(2)], {"draft 1": [finding("a"), finding("b", blocking=False)]})
    assert result == Drafted(titled(2), "valid")
    assert kinds(backend.calls) == ["DraftCall", "DraftCall+fault"]
    assert backend.calls[1].fault is not None
    assert [f.code for f in backend.calls[1].fault.findings] == ["a"]  # what does not block is not argued about
    assert meter.usage == Usage(calls=2, input_tokens=200, output_tokens=20, repairs=1)


def test_a_repair_is_sent_the_last_findings_only() -> None:
    findings = {"draft 1": [finding("a")], "draft 2": [finding("b")]}
    _, backend, _ = drafted([titled(1), titled(2), titled(3)], findings)
    assert [[f.code for f in call.fault.findings] for call in backend.calls if call.fault] == [["a"], ["b"]]


def test_two_repairs_at_most() -> None:
    findings = {f"draft {n}": [finding(c)] for n, c in enumerate("abcd", 1)}
    result, backend, meter = drafted([titled(n) for n in range(1, 5)], findings)
    assert kinds(backend.calls) == ["DraftCall", "DraftCall+fault", "DraftCall+fault"]
    assert (result.brief, result.status, result.findings) == (titled(3), "incomplete", (finding("c"),))
    assert result.warnings == ("The brief still has 1 finding that it must not have: 2 repairs did not mend it.",)
    assert meter.usage.repairs == 2


def test_no_repair_allowed() -> None:
    result, backend, _ = drafted([titled(1)], {"draft 1": [finding("a"), finding("b")]}, Limits(max_repairs=0))
    assert (len(backend.calls), result.status) == (1, "incomplete")
    assert result.warnings == ("The brief still has 2 findings that it must not have: no repair was allowed.",)


def test_the_same_findings_end_the_repairs() -> None:
    same = finding("a", "5,000")
    worded = same.model_copy(update={"expected": "in other words"})
    result, backend, _ = drafted([titled(1), titled(2)], {"draft 1": [same], "draft 2": [worded]})
    assert len(backend.calls) == 2
    assert (result.brief, result.status) == (titled(2), "incomplete")
    assert "left them as they were" in result.warnings[0]


def test_other_words_at_the_same_place_are_another_finding() -> None:
    findings = {"draft 1": [finding("a", "5,000")], "draft 2": [finding("a", "6,000")]}
    result, backend, _ = drafted([titled(1), titled(2), titled(3)], findings)
    assert (len(backend.calls), result.status) == (3, "valid")


def test_the_token_budget_ends_the_repairs() -> None:
    findings = {"draft 1": [finding("a")], "draft 2": [finding("b")]}
    answers: list[Answer] = [titled(1), titled(2), titled(3)]
    result, backend, meter = drafted(answers, findings, Limits(token_budget=220))
    assert (len(backend.calls), tokens(meter.usage)) == (2, 220)
    assert result.warnings == (
        "The brief still has 1 finding that it must not have: the token budget of 220 was used up.",
    )
    assert len(drafted(answers, findings, Limits(token_budget=221))[1].calls) == 3


def test_cached_tokens_count_for_the_budget() -> None:
    cached = Usage(calls=1, cache_read_tokens=90, cache_write_tokens=10)
    assert tokens(cached) == 100
    _, backend, _ = drafted([titled(1)], {"draft 1": [finding("a")]}, Limits(token_budget=100), usage=cached)
    assert len(backend.calls) == 1


def test_the_best_draft_is_kept() -> None:
    findings = {
        "draft 1": [finding("a")],
        "draft 2": [finding("b"), finding("c")],
        "draft 3": [finding("d"), finding("e")],
    }
    result, _, _ = drafted([titled(1), titled(2), titled(3)], findings)
    assert (result.brief, result.findings) == (titled(1), (finding("a"),))
    assert result.warnings[1] == "Draft 1 of 3 is kept: the later ones were worse."


@pytest.mark.parametrize(
    "error",
    [refusal(), truncation(), ModelUnavailable("gone", reason="connection")],
    ids=["refused", "truncated", "unavailable"],
)
def test_a_repair_that_fails_keeps_the_best_earlier_draft(error: ModelError) -> None:
    result, backend, meter = drafted([titled(1), error], {"draft 1": [finding("a")]})
    assert len(backend.calls) == 2
    assert (result.brief, result.status, result.findings) == (titled(1), "incomplete", (finding("a"),))
    assert result.warnings == (f"A repair of the brief failed, the best earlier draft is kept: {error}",)
    assert meter.usage == total(ONE_CALL, error.usage, Usage(repairs=1))


@pytest.mark.parametrize("error", [refusal(), ModelUnavailable("gone", reason="http_529")])
def test_a_first_draft_that_fails_is_an_error(error: ModelError) -> None:
    with pytest.raises(type(error)):
        drafted([error], {})


def test_a_first_draft_that_is_truncated_is_asked_for_again_shorter() -> None:
    result, backend, meter = drafted([truncation(), titled(2)], {})
    assert result == Drafted(titled(2), "valid")
    assert backend.calls[1].fault is not None
    assert (backend.calls[1].fault.truncated, backend.calls[1].fault.raw) == (True, ())
    assert meter.usage.output_tokens == 16_010


def test_a_draft_that_is_truncated_twice_is_an_error() -> None:
    with pytest.raises(AnswerTruncated):
        drafted([truncation(), truncation()], {})


def test_a_malformed_draft_is_repaired_like_any_other() -> None:
    result, backend, _ = drafted([malformed(), titled(2)], {})
    assert (result.brief, result.status) == (titled(2), "valid")
    assert backend.calls[1].fault is not None
    assert backend.calls[1].fault.findings[0].code == "no_tool_call"


def test_nothing_but_malformed_drafts_is_an_error() -> None:
    with pytest.raises(MalformedAnswer):
        drafted([malformed(), malformed()], {})  # the same twice: no third call


def test_a_malformed_repair_keeps_the_draft_before() -> None:
    result, _, _ = drafted([titled(1), malformed(finding("x")), malformed(finding("y"))], {"draft 1": [finding("a")]})
    assert (result.brief, result.status) == (titled(1), "incomplete")


def test_a_gap_in_the_reproduction_is_incomplete_and_costs_no_repair() -> None:
    gap = finding("repro_incomplete", blocking=False)
    result, backend, _ = drafted([titled(1)], {"draft 1": [gap]})
    assert (len(backend.calls), result.status, result.findings) == (1, "incomplete", (gap,))
    assert result.warnings == ()


def test_other_remarks_leave_a_brief_valid() -> None:
    result, _, _ = drafted([titled(1)], {"draft 1": [finding("style", blocking=False)]})
    assert (result.status, len(result.findings)) == ("valid", 1)


@pytest.mark.parametrize("limits", [{"max_repairs": -1}, {"token_budget": -1}])
def test_limits_that_make_no_sense(limits: dict[str, int]) -> None:
    with pytest.raises(BadInput, match="-1"):
        Limits(**limits)
