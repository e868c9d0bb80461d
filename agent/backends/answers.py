"""An answer of the Messages API, read: stop_reason first, usage before the content, then the tool's input.

Takes the message as plain data and imports no SDK, so that batch results are read by the same code. The answers of
servers that only imitate the API come through here too, so nothing about the shape is taken for granted.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from agent.backends.base import (
    AnswerTruncated,
    Blocks,
    Call,
    DraftCall,
    MalformedAnswer,
    ModelRefused,
    ModelUnavailable,
    Reply,
    TurnCall,
)
from agent.backends.conversation import wanted
from agent.readers.decode import whole_letters
from schemas.escalation import Finding, Usage

MAX_TOKENS_VARIABLE = "ESCALATION_MAX_TOKENS"
MOST_TOKENS = 10**12  # of one answer that are believed
MAX_PROBLEMS = 12  # of one answer that are named to the model: enough to mend it, short enough to read
_OFFLINE = "or use --backend offline"
_DOING: dict[type, str] = {DraftCall: "writing the brief", TurnCall: "answering"}


def read(message: object, call: Call, *, model: str, max_tokens: int) -> Reply:
    """The reply to `call`, or a `ModelError` that keeps the answer's blocks, its usage and the reason."""
    if not isinstance(message, Mapping) or not isinstance(message.get("content", ""), list | None):
        raise no_message()
    usage = usage_of(message)
    # A repair's answer is echoed without the conversation that it was thought in (see conversation.py), and a model
    # refuses its own thinking behind anything else than what stood before it.
    raw = _echoable(whole_letters(message.get("content") or []), thoughts=call.fault is None)
    reason = str(message.get("stop_reason") or "none")
    doing = _DOING.get(type(call), "reading the ticket")
    if reason == "refusal":
        details = message.get("stop_details")
        category = details.get("category") if isinstance(details, Mapping) else None
        about = f" ({one_line(str(category), 40)})" if category else ""
        raise ModelRefused(
            f"{model!r} declined while {doing}: stop_reason 'refusal'{about}; try another --model, {_OFFLINE}",
            reason=reason,
            raw=raw,
            usage=usage,
        )
    if reason == "max_tokens":
        raise AnswerTruncated(
            f"{model!r} did not finish {doing}: the answer reached max_tokens={max_tokens}; "
            f"set {MAX_TOKENS_VARIABLE} higher, {_OFFLINE}",
            reason=reason,
            raw=raw,
            usage=usage,
        )
    if reason == "model_context_window_exceeded":
        raise AnswerTruncated(
            f"{model!r} did not finish {doing}: the ticket's {len(call.ticket.text):,} characters fill its context "
            f"window; shorten the ticket or choose a model with a larger one, {_OFFLINE}",
            reason=reason,
            raw=raw,
            usage=usage,
        )
    return _value(call, raw, usage, reason, model)


def _value(call: Call, raw: Blocks, usage: Usage, reason: str, model: str) -> Reply:
    tool, schema = wanted(call)
    calls = [block for block in raw if block["type"] == "tool_use"]
    chosen = next((block for block in calls if block["name"] == tool), None)
    if chosen is None:
        found = f"a call of {calls[0]['name']!r}" if calls else "no tool call" if raw else "no content"
        finding = Finding(code="no_tool_call", place="answer", found=found, expected=f"one call of {tool}")
        raise MalformedAnswer(
            f"{model!r} answered with {one_line(found, 80)} (stop_reason {reason[:40]!r}) where {tool} was expected; "
            f"try another --model, {_OFFLINE}",
            reason=reason,
            findings=(finding,),
            raw=raw,
            usage=usage,
        )
    try:
        return Reply(value=schema.model_validate(chosen.get("input")), usage=usage, raw=raw)
    except ValidationError as error:
        findings = _problems(error)
        first = findings[0]
        raise MalformedAnswer(
            f"{model!r} filled {tool} wrongly in {error.error_count()} places, first {first.place}: "
            f"{first.expected}; try another --model, {_OFFLINE}",
            reason="invalid_input",
            findings=findings,
            raw=raw,
            usage=usage,
        ) from None  # its text would echo the ticket


def _problems(error: ValidationError) -> tuple[Finding, ...]:
    """What does not fit the schema, without the input and without help addresses."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(
        Finding(
            code="schema",
            place=one_line(".".join(str(part) for part in problem["loc"]) or "input", 120),
            expected=one_line(problem["msg"], 400),
        )
        for problem in problems[:MAX_PROBLEMS]
    )


def no_message() -> ModelUnavailable:
    """For an answer that is none of the Messages API."""
    return ModelUnavailable(
        "the answer is not one of the Messages API: expected an object with content blocks; "
        f"check ANTHROPIC_BASE_URL, {_OFFLINE}",
        reason="not_messages_api",
        blame="server",
    )


def usage_of(message: Mapping[str, Any]) -> Usage:
    """One call, and whatever counts the server gave: the cache fields may be missing or null."""
    usage = message.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}

    def count(name: str) -> int:
        value = counts.get(name)
        return min(value, MOST_TOKENS) if isinstance(value, int) and value > 0 else 0

    return Usage(
        calls=1,
        input_tokens=count("input_tokens"),
        output_tokens=count("output_tokens"),
        cache_read_tokens=count("cache_read_input_tokens"),
        cache_write_tokens=count("cache_creation_input_tokens"),
    )


def _echoable(content: list[Any], *, thoughts: bool) -> Blocks:
    """The blocks as the next request may repeat them: as they came, without nulls and empty text, which it refuses."""
    blocks = [
        {key: value for key, value in block.items() if value is not None}
        for block in content
        if isinstance(block, Mapping)
        and isinstance(block.get("type"), str)
        and (thoughts or block["type"] not in ("thinking", "redacted_thinking"))
    ]
    return tuple(
        block
        for block in blocks
        if (block["type"] != "text" or str(block.get("text", "")).strip())
        and (block["type"] != "tool_use" or all(isinstance(block.get(key), str) for key in ("id", "name")))
    )


def one_line(text: str, length: int) -> str:
    """Text of the model or the server for a message: one line, no control characters, cut with an ellipsis."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
