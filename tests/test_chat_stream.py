"""A model's answer while it comes: what is told before it is whole, and that it may be interrupted."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from chats import EXPORT, NOW, Talk, do, turn
from fakes import Wire, message, tool_use

from agent.backends.base import Call, ExtractCall, ModelError, ModelUnavailable, Reply, TurnCall
from agent.backends.claude import ClaudeBackend
from agent.backends.offline import OfflineBackend
from agent.chat import telling
from agent.chat.events import Event, Refused, Spoken, Streamed, Told, Working
from schemas.chat import Turn


@pytest.fixture(autouse=True)
def every_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at an answer at each piece of it, however fast they come."""
    monkeypatch.setattr(telling, "TICK", 0.0)


class Streaming:
    """Reads and writes as the offline rules do; a turn comes in pieces of a few characters."""

    name: Any = "claude"
    model = "scripted"

    def __init__(self, value: dict[str, Any], seen: Callable[[str], None] = lambda _: None) -> None:
        self._text, self._seen = json.dumps(value), seen

    def answer(self, call: Call) -> Reply:
        return OfflineBackend().answer(call)

    async def answer_async(self, call: Call) -> Reply:
        return self.answer(call)

    def answer_streamed(self, call: Call, listener: Callable[[str], None]) -> Reply:
        if not isinstance(call, TurnCall):
            return self.answer(call)
        for start in range(0, len(self._text), 7):
            listener(self._text[start : start + 7])
            self._seen(self._text[: start + 7])
        return Reply(Turn.model_validate_json(self._text))


SAY = "The export stops at about 60 %. It worked with 8.4.0. I set it to Critical. Ask Marta for the log."


def test_sentences_are_told_as_they_come_and_only_the_checked_ones() -> None:
    told_at: dict[str, int] = {}
    talk = Talk(EXPORT)

    def seen(text: str) -> None:
        for event in talk.told:
            if isinstance(event, Spoken):
                told_at.setdefault(event.text, len(text))

    talk.chat._backend = telling.Telling(Streaming(turn(say=SAY).model_dump(), seen), talk.told.append)
    talk.say("so?")
    assert [event.text for event in talk.of(Spoken)] == [
        "The export stops at about 60 %.",
        "It worked with 8.4.0.",
        "Ask Marta for the log.",
    ]
    whole = len(json.dumps(turn(say=SAY).model_dump()))
    assert told_at["The export stops at about 60 %."] < whole - 20
    assert talk.of(Told)[-1].kind == "warning"


def test_words_before_the_actions_wait_until_it_is_known_whether_facts_move() -> None:
    note = do("support_said", text="The licence server was restarted.")
    said = {"say": "It is High. I added it.", "actions": [note.model_dump()]}
    talk = Talk(EXPORT)
    talk.chat._backend = telling.Telling(Streaming(said), talk.told.append)
    talk.say("The licence server was restarted.")
    assert [event.text for event in talk.of(Spoken)] == ["I added it."]


# The real client


def events_of(block: dict[str, Any], pieces: int = 5, stop_after: int | None = None) -> Iterator[bytes]:
    """One tool call as the API streams it. `stop_after`: the connection breaks after so many pieces."""

    def event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    text = json.dumps(block["input"])
    start = message(usage={"input_tokens": 50, "output_tokens": 1}) | {"stop_reason": None}
    yield event("message_start", message=start)
    yield event("content_block_start", index=0, content_block=block | {"input": {}})
    size = len(text) // pieces + 1
    for number, at in enumerate(range(0, len(text), size)):
        if stop_after is not None and number >= stop_after:
            raise httpx2.RemoteProtocolError("peer closed connection without sending complete message body")
        delta = {"type": "input_json_delta", "partial_json": text[at : at + size]}
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}, usage={"output_tokens": 30})
    yield event("message_stop")


def streaming(block: dict[str, Any], requests: list[dict[str, Any]], **options: Any) -> ClaudeBackend:
    """The real backend on a wire that streams this tool call."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        requests.append(json.loads(request.content))
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, content=events_of(block, **options))

    client = httpx2.Client(transport=httpx2.MockTransport(handle))
    return ClaudeBackend(
        model="claude-test",
        client=anthropic.Anthropic(
            api_key="key-of-a-test", base_url="https://api.example.test", max_retries=0, http_client=client
        ),
    )


def call() -> TurnCall:
    result = Talk(EXPORT).chat.session.result
    assert result is not None
    return TurnCall(ticket=result.ticket, result=result, message="", earlier=(), words="so?", now=NOW)


def test_the_streamed_answer_is_the_plain_one() -> None:
    block = tool_use("take_turn", turn(do("show", "facts"), say=SAY).model_dump(mode="json"))
    requests: list[dict[str, Any]] = []
    pieces: list[str] = []
    streamed = streaming(block, requests).answer_streamed(call(), pieces.append)
    wire = Wire(message(block, usage={"input_tokens": 50, "output_tokens": 30}))
    plain = wire.backend().answer(call())
    assert (streamed.value, streamed.usage) == (plain.value, plain.usage)
    assert json.loads("".join(pieces)) == block["input"]
    assert len(pieces) == 5
    assert requests == [wire.requests[0] | {"stream": True}]


def test_a_stream_that_breaks_is_one_clear_error() -> None:
    block = tool_use("take_turn", turn(say=SAY).model_dump())
    with pytest.raises(ModelUnavailable, match="ended before the answer was whole"):
        streaming(block, [], stop_after=2).answer_streamed(call(), lambda _: None)


def test_a_stream_that_ends_early_without_an_error_is_no_answer() -> None:
    block = tool_use("take_turn", turn(say=SAY).model_dump())

    def handle(_: httpx2.Request) -> httpx2.Response:
        events = list(events_of(block))[:3]
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=iter(events))

    client = httpx2.Client(transport=httpx2.MockTransport(handle))
    sdk = anthropic.Anthropic(api_key="key", base_url="https://api.example.test", max_retries=0, http_client=client)
    with pytest.raises(ModelError):
        ClaudeBackend(model="claude-test", client=sdk).answer_streamed(call(), lambda _: None)


def test_in_the_chat_a_broken_stream_loses_nothing() -> None:
    block = tool_use("take_turn", turn(say=SAY).model_dump())
    talk = Talk(EXPORT)
    before = talk.chat.session
    talk.chat._backend = telling.Telling(streaming(block, [], stop_after=2), talk.told.append)
    talk.say("so?")
    assert len(talk.of(Refused)) == 1
    assert talk.chat.session.result == before.result


def test_progress_shows_the_last_words() -> None:
    told: list[Event] = []
    report = OfflineBackend().extract(call().ticket).model_dump(mode="json")
    backend = telling.Telling(streaming(tool_use("record_facts", report), [], pieces=60), told.append)
    backend.answer(ExtractCall(call().ticket))
    assert told[0] == Working("reading", True)
    words = [event.words for event in told if isinstance(event, Streamed)]
    assert len(words) > 10
    assert any("EXPORT_5031" in text for text in words)
    assert all(len(text) <= telling.LONGEST_TAIL and "\n" not in text for text in words)


def test_an_interruption_passes_through_the_stream() -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    block = tool_use("take_turn", turn(say=SAY).model_dump())
    with pytest.raises(KeyboardInterrupt):
        streaming(block, []).answer_streamed(call(), stop)
