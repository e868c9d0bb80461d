"""Scripted models. `FakeBackend` answers the road's calls; `Wire` answers HTTP, so the real client and SDK run."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import anthropic
import httpx2

from agent.backends.base import AnswerTruncated, Call, MalformedAnswer, ModelError, ModelRefused, Reply
from agent.backends.claude import ClaudeBackend
from schemas.brief import Ask, Brief, Reproduction
from schemas.chat import Turn
from schemas.escalation import Finding, Usage
from schemas.report import FactsReport, IssueReport, SignalReport

ONE_CALL = Usage(calls=1, input_tokens=100, output_tokens=10)

Value = FactsReport | Brief | Turn
Answer = Value | ModelError | Callable[[Call], Value]


def report(*signals: SignalReport, **fields: Any) -> FactsReport:
    """A facts report that states what is given and nothing else."""
    empty = dict.fromkeys(FactsReport.model_fields, ()) | {"language": "en", "understandable": True}
    return FactsReport.model_validate(empty | {"signals": signals} | fields)


def issue(title: str, quote: str, number: int = 1) -> IssueReport:
    return IssueReport(issue=number, title=title, kind="problem", answered=False, quote=quote)


def signal(name: str, quote: str, by: str = "customer", **fields: Any) -> SignalReport:
    given = {"signal": name, "issue": 1, "state": "stated", "asserted_by": by, "quote": quote}
    return SignalReport.model_validate(given | fields)


def brief(**fields: Any) -> Brief:
    """A brief that says little; a test sets what it is about."""
    unknown = {
        name: "Unknown"
        for name, field in Brief.model_fields.items()
        if field.annotation is str and name != "customer_message"
    }
    empty = {name: () for name in Brief.model_fields if name not in unknown}
    given = {
        "reproduction": Reproduction(
            applies=False,
            steps=(),
            expected="Not applicable",
            actual="Not applicable",
            environment="Not applicable",
            gaps=(),
        ),
        "asks": (Ask(verb="investigate", text="Investigate the fault"),),
        "customer_message": "We are looking into it.",
    }
    return Brief.model_validate(unknown | empty | given | fields)


def titled(number: int) -> Brief:
    return brief(headline=f"draft {number}")


def finding(code: str, found: str = "", *, blocking: bool = True) -> Finding:
    return Finding(code=code, place="IMPACT", found=found, expected="something else", blocking=blocking)


def refusal() -> ModelRefused:
    return ModelRefused("the model declined", reason="refusal", usage=Usage(calls=1, input_tokens=7))


def malformed(*findings: Finding) -> MalformedAnswer:
    return MalformedAnswer("no tool call", reason="end_turn", findings=findings or (finding("no_tool_call"),))


def truncation() -> AnswerTruncated:
    return AnswerTruncated("too long", reason="max_tokens", usage=Usage(calls=1, output_tokens=16_000))


class FakeBackend:
    """Gives its answers in order and keeps the calls. A `ModelError` in the script is raised."""

    def __init__(self, *answers: Answer, name: str = "claude", usage: Usage = ONE_CALL) -> None:
        self.name: Any = name
        self.model = None if name == "offline" else "scripted"
        self.usage = usage
        self.calls: list[Call] = []
        self._answers = iter(answers)

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        answer = next(self._answers, None)
        if answer is None:
            raise AssertionError(f"the script has no answer left for call {len(self.calls)}: {type(call).__name__}")
        if isinstance(answer, ModelError):
            raise answer
        value = answer if isinstance(answer, FactsReport | Brief | Turn) else answer(call)
        return Reply(value=value, usage=self.usage)

    async def answer_async(self, call: Call) -> Reply:
        return self.answer(call)


Step = dict[str, Any] | tuple[int, dict[str, Any]] | Exception
"""A message of the API, a status with its error body, or what the transport raises."""


class Wire:
    """A transport whose answers are scripted: the SDK's own client talks to it, sync and async."""

    def __init__(self, *steps: Step) -> None:
        self.requests: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.headers: list[httpx2.Headers] = []
        self._steps = iter(steps)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(request.content)
        self.requests.append(json.loads(request.content))
        self.headers.append(request.headers)
        step = next(self._steps, None)
        if step is None:
            raise AssertionError(f"the script has no answer left for request {len(self.requests)}")
        if isinstance(step, Exception):
            raise step
        status, body = step if isinstance(step, tuple) else (200, step)
        return httpx2.Response(status, json=body)

    async def _handle_async(self, request: httpx2.Request) -> httpx2.Response:
        return self._handle(request)

    def backend(self, *, max_retries: int = 0, **options: Any) -> ClaudeBackend:
        """The real backend, its clients on this wire."""
        common: dict[str, Any] = {"api_key": "key-of-a-test", "max_retries": max_retries, "timeout": 7.0}
        common["base_url"] = "https://api.example.test"
        return ClaudeBackend(
            model=options.pop("model", "claude-test"),
            client=anthropic.Anthropic(
                http_client=httpx2.Client(transport=httpx2.MockTransport(self._handle)), **common
            ),
            async_client=anthropic.AsyncAnthropic(
                http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle_async)), **common
            ),
            **options,
        )


def message(*content: dict[str, Any], stop: str | None = None, usage: dict[str, Any] | None = None) -> dict[str, Any]:
    """A message as the API sends it."""
    called = any(block["type"] == "tool_use" for block in content)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": list(content),
        "stop_reason": stop or ("tool_use" if called else "end_turn"),
        "stop_sequence": None,
        "usage": usage or {"input_tokens": 100, "output_tokens": 10},
    }


def tool_use(name: str, value: FactsReport | Brief | dict[str, Any], identifier: str = "toolu_1") -> dict[str, Any]:
    """A tool call's block."""
    plain = value if isinstance(value, dict) else value.model_dump(mode="json")
    return {"type": "tool_use", "id": identifier, "name": name, "input": plain}


def facts_message(value: FactsReport, **options: Any) -> dict[str, Any]:
    return message(tool_use("record_facts", value, "toolu_facts_1"), **options)


def brief_message(value: Brief, identifier: str = "toolu_brief_1", **options: Any) -> dict[str, Any]:
    return message(tool_use("submit_brief", value, identifier), **options)


def kinds(calls: Iterable[Call]) -> list[str]:
    """What was asked, in order, repairs marked."""
    return [type(call).__name__ + ("+fault" if call.fault else "") for call in calls]
