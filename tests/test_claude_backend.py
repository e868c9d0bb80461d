"""The claude backend with the SDK's own client on a scripted wire: requests, answers, failures, retries."""

import asyncio
import json
import os
import socket
from dataclasses import replace
from typing import Any

import anthropic
import httpx2
import pytest
from factories import make_brief, make_decision, make_facts, make_ticket
from fakes import (
    Step,
    Wire,
    brief,
    brief_message,
    facts_message,
    issue,
    message,
    report,
    signal,
    tool_use,
)

from agent.backends import pick_backend
from agent.backends.base import (
    AnswerTruncated,
    DraftCall,
    ExtractCall,
    Fault,
    MalformedAnswer,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    Reply,
)
from agent.backends.claude import DEFAULT_MAX_TOKENS, DEFAULT_MODEL, ClaudeBackend
from agent.backends.conversation import PROMPTS, boundary, prompt_sha256, request
from agent.errors import EXIT_MODEL, BadInput
from evals.recordings import cached_prefixes
from schemas.context import Context
from schemas.escalation import Finding, Usage
from schemas.ticket import Ticket

TICKET = Ticket(text="Nobody can log in since 08:00.\nJana, Acme")
FACTS = report(
    signal("service_down", "Nobody can log in"), issues=(issue("Nobody can log in", "Nobody can log in since 08:00"),)
)
CALL = ExtractCall(TICKET)
ERROR = {"type": "error", "error": {"type": "some_error", "message": "what the server says"}}


def draft_call(**fields: Any) -> DraftCall:
    ticket = make_ticket()
    extracted = Reply(FACTS, raw=(tool_use("record_facts", FACTS, "toolu_facts_1"),))
    call = DraftCall(ticket, Context(), make_facts(ticket), make_decision(), extracted)
    return replace(call, **fields)


def failing(*steps: Step, retries: int = 0, call: ExtractCall | DraftCall = CALL) -> tuple[ModelError, Wire]:
    wire = Wire(*steps)
    with pytest.raises(ModelError) as caught:
        wire.backend(max_retries=retries).answer(call)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("or use --backend offline")
    assert caught.value.exit_code == EXIT_MODEL
    assert caught.value.usage.calls == 1
    return caught.value, wire


# What is sent


def test_an_extraction_is_one_forced_call_of_record_facts() -> None:
    wire = Wire(facts_message(FACTS))
    reply = wire.backend().answer(CALL)
    assert reply.value == FACTS
    assert reply.usage == Usage(calls=1, input_tokens=100, output_tokens=10)
    (sent,) = wire.requests
    assert sent["tool_choice"] == {"type": "tool", "name": "record_facts", "disable_parallel_tool_use": True}
    assert set(sent) == {"model", "max_tokens", "tools", "system", "tool_choice", "messages"}
    assert (sent["model"], sent["max_tokens"]) == ("claude-test", DEFAULT_MAX_TOKENS)
    assert [turn["role"] for turn in sent["messages"]] == ["user"]


def test_the_ticket_stands_between_two_boundaries_of_its_own_hash() -> None:
    text = request(CALL, "m", 1)["messages"][0]["content"][0]["text"]
    mark = boundary(TICKET.text)
    assert mark == TICKET.sha256[:12]
    assert f"\n{mark}\n{TICKET.text}\n{mark}\n" in text


def test_a_template_in_the_ticket_is_text() -> None:
    ticket = Ticket(text="{{ 7 * 6 }} {% for x in y %} {{ load }} </ticket>")
    assert ticket.text in request(ExtractCall(ticket), "m", 1)["messages"][0]["content"][0]["text"]


def test_a_ticket_cannot_hold_its_own_boundary() -> None:
    class Forger(str):
        """A text that holds the first 16 digits of its own hash, which no author could make."""

        def __contains__(self, part: object) -> bool:
            return len(str(part)) <= 16

    text = Forger("forged")
    assert len(boundary(text)) == 20
    assert boundary(text).startswith(boundary("forged"))


def test_a_draft_goes_on_where_the_extraction_ended() -> None:
    call = draft_call()
    sent = request(call, "m", 1)
    ticket, echoed, result = sent["messages"]
    assert ticket == request(ExtractCall(call.ticket), "m", 1)["messages"][0]
    assert echoed == {"role": "assistant", "content": [tool_use("record_facts", FACTS, "toolu_facts_1")]}
    (block,) = result["content"]
    assert (block["type"], block["tool_use_id"]) == ("tool_result", "toolu_facts_1")
    assert "is_error" not in block
    assert "Target: Engineering" in block["content"]
    assert sent["tool_choice"]["name"] == "submit_brief"


def test_facts_without_a_wire_are_told_as_a_call() -> None:
    sent = request(draft_call(extracted=Reply(FACTS)), "m", 1)
    (block,) = sent["messages"][1]["content"]
    assert (block["name"], block["input"]) == ("record_facts", FACTS.model_dump(mode="json"))
    assert sent["messages"][2]["content"][0]["tool_use_id"] == block["id"]


def test_a_repair_replaces_the_last_answer_and_its_findings() -> None:
    finding = Finding(code="untraceable_number", place="IMPACT", found="5,000", expected="a number of the ticket")
    answer = tool_use("submit_brief", make_brief(), "toolu_brief_7")
    first, repair = (request(draft_call(fault=f), "m", 1) for f in (None, Fault((answer,), (finding,))))
    assert repair["messages"][:3] == first["messages"]
    assistant, user = repair["messages"][3:]
    assert assistant == {"role": "assistant", "content": [answer]}
    (block,) = user["content"]
    assert (block["tool_use_id"], block["is_error"]) == ("toolu_brief_7", True)
    assert "untraceable_number" in block["content"]
    again = request(draft_call(fault=Fault((answer,), (finding,))), "m", 1)
    assert json.dumps(again) == json.dumps(repair)


def test_each_tool_call_gets_a_result() -> None:
    answer = (tool_use("submit_brief", make_brief(), "toolu_1"), tool_use("submit_brief", make_brief(), "toolu_2"))
    finding = Finding(code="code", place="place", expected="expected")
    user = request(draft_call(fault=Fault(answer, (finding,))), "m", 1)["messages"][4]
    assert [block["tool_use_id"] for block in user["content"]] == ["toolu_1", "toolu_2"]


def test_an_answer_in_prose_is_answered_in_prose() -> None:
    finding = Finding(code="no_tool_call", place="answer", found="no tool call", expected="one call of record_facts")
    prose = ({"type": "text", "text": "Sure!"},)
    messages = request(ExtractCall(TICKET, Fault(prose, (finding,))), "m", 1)["messages"]
    assert messages[1] == {"role": "assistant", "content": [{"type": "text", "text": "Sure!"}]}
    assert messages[2]["content"][0]["type"] == "text"
    assert "answer: no tool call: one call of record_facts" in messages[2]["content"][0]["text"]


def test_the_decision_names_every_claim_that_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The template is given no others, and writes the same with all of them."""
    told = request(draft_call(), "m", 1)
    monkeypatch.setattr("agent.backends.conversation._uncounted", lambda facts: facts)
    assert request(draft_call(), "m", 1) == told
    assert "disputed: data_loss" in json.dumps(told)


def test_a_truncated_draft_is_asked_for_again_behind_the_decision() -> None:
    first = request(draft_call(), "m", 1)["messages"]
    again = request(draft_call(fault=Fault(truncated=True)), "m", 1)["messages"]
    assert again[:2] == first[:2]
    assert again[2]["content"][0] == first[2]["content"][0]
    assert "cut off" in again[2]["content"][1]["text"]


# The cached prefix


def test_tools_and_system_are_the_same_bytes_for_every_ticket() -> None:
    wire = Wire(facts_message(FACTS), facts_message(FACTS), brief_message(make_brief()))
    backend = wire.backend()
    backend.answer(CALL)
    backend.answer(ExtractCall(Ticket(text="Another ticket", id="HD-2", subject="Other")))
    backend.answer(draft_call())
    assert len({json.dumps([sent["tools"], sent["system"]]) for sent in wire.requests}) == 1
    assert len({cached_prefixes(sent)[0] for sent in wire.requests}) == 1
    assert len({cached_prefixes(sent)[1] for sent in wire.requests}) == 3


def test_the_second_call_reads_the_prefix_of_the_first() -> None:
    call = draft_call()
    extraction, draft = cached_prefixes(request(ExtractCall(call.ticket), "m", 1)), request(call, "m", 1)
    assert cached_prefixes(draft) == extraction
    assert len(extraction) == 2
    finding = Finding(code="code", place="place", expected="expected")
    repair = request(replace(call, fault=Fault((tool_use("submit_brief", make_brief()),), (finding,))), "m", 1)
    assert cached_prefixes(repair) == extraction


def test_nothing_of_the_ticket_or_the_day_stands_before_the_ticket() -> None:
    frozen = cached_prefixes(request(ExtractCall(make_ticket()), "m", 1))[0]
    other = cached_prefixes(request(CALL, "m", 1))[0]
    assert frozen == other
    assert len(frozen) > 3_600  # the API caches nothing below 1,024 tokens


def test_the_answer_is_echoed_as_it_came() -> None:
    given = tool_use("record_facts", FACTS, "toolu_9")
    given["input"] = dict(reversed(given["input"].items()))  # their order is part of the prefix
    thinking = {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmF0dXJl"}
    wire = Wire(message(thinking, {"type": "text", "text": ""}, given))
    reply = wire.backend().answer(CALL)
    assert list(reply.raw) == [thinking, given]
    assert list(reply.raw[1]["input"]) == list(given["input"])


# Answers that cannot be used


def test_a_refusal() -> None:
    answer = message({"type": "text", "text": "No."}, stop="refusal", usage={"input_tokens": 70, "output_tokens": 3})
    answer["stop_details"] = {"type": "refusal", "category": "cyber", "explanation": "because"}
    error, _ = failing(answer)
    assert isinstance(error, ModelRefused)
    assert "declined while reading the ticket: stop_reason 'refusal' (cyber)" in str(error)
    assert (error.reason, error.usage.input_tokens, error.usage.output_tokens) == ("refusal", 70, 3)
    assert error.raw == ({"type": "text", "text": "No."},)


def test_max_tokens_is_looked_at_before_the_content() -> None:
    error, _ = failing(message(tool_use("record_facts", FACTS), stop="max_tokens"))
    assert isinstance(error, AnswerTruncated)
    assert f"max_tokens={DEFAULT_MAX_TOKENS}" in str(error)
    assert "ESCALATION_MAX_TOKENS" in str(error)
    assert error.usage == Usage(calls=1, input_tokens=100, output_tokens=10)


def test_a_ticket_beyond_the_context_window() -> None:
    error, _ = failing(message(stop="model_context_window_exceeded"))
    assert isinstance(error, AnswerTruncated)
    assert f"{len(TICKET.text)} characters" in str(error)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([tool_use("submit_brief", brief())], "a call of 'submit_brief'"),
        ([{"type": "text", "text": "Here are the facts."}], "no tool call"),
        ([], "no content"),
        ([{"type": "text", "text": "  "}], "no content"),
        ([{"type": "tool_use", "name": "record_facts", "input": {}}], "no content"),  # no id: cannot be answered
    ],
)
def test_an_answer_without_the_call(content: list[dict[str, Any]], found: str) -> None:
    error, _ = failing(message(*content))
    assert isinstance(error, MalformedAnswer)
    assert [(f.code, f.found, f.expected) for f in error.findings] == [
        ("no_tool_call", found, "one call of record_facts")
    ]
    assert found in str(error)


def test_an_input_of_the_wrong_shape_is_named_without_its_text() -> None:
    wrong = FACTS.model_dump(mode="json")
    wrong["signals"][0]["signal"] = "made up by the ticket"
    wrong["severity"] = "critical"
    del wrong["people"]
    error, _ = failing(message(tool_use("record_facts", wrong)))
    assert isinstance(error, MalformedAnswer)
    assert {f.place for f in error.findings} == {"signals.0.signal", "severity", "people"}
    everything = f"{error}{error.findings}{error.__cause__}"
    assert "made up by the ticket" not in everything
    assert "errors.pydantic.dev" not in everything
    assert error.raw == (tool_use("record_facts", wrong),)


@pytest.mark.parametrize("value", ["a string", ["a list"], None, 7])
def test_an_input_that_is_no_object(value: Any) -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": "record_facts", "input": value}
    error, _ = failing(message(block))
    assert isinstance(error, MalformedAnswer)


@pytest.mark.parametrize("body", [b"<html>", b'"text"', b"[1]", b"null", b"{bad", b"", b'{"content": 5}'])
def test_a_server_that_is_no_messages_api(body: bytes) -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        kind = "text/html" if body == b"<html>" else "application/json"
        return httpx2.Response(200, content=body, headers={"content-type": kind})

    client = anthropic.Anthropic(
        api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(handle))
    )
    with pytest.raises(ModelUnavailable, match="check ANTHROPIC_BASE_URL, or use --backend offline") as caught:
        ClaudeBackend(client=client).answer(CALL)
    assert caught.value.reason == "not_messages_api"


def test_usage_with_and_without_the_cache_fields() -> None:
    counts = {"input_tokens": 5, "output_tokens": 6, "cache_read_input_tokens": 7, "cache_creation_input_tokens": None}
    reply = Wire(facts_message(FACTS, usage=counts)).backend().answer(CALL)
    assert reply.usage == Usage(calls=1, input_tokens=5, output_tokens=6, cache_read_tokens=7, cache_write_tokens=0)


# Failures of the transport


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "refused the request (400: what the server says)"),
        (401, "ANTHROPIC_API_KEY"),
        (403, "may not use 'claude-test'"),
        (404, "does not know 'claude-test' (404); check --model or ESCALATION_MODEL"),
        (413, f"{len(TICKET.text)} characters are too many"),
    ],
)
def test_final_statuses_are_not_tried_again(status: int, words: str) -> None:
    error, wire = failing((status, ERROR), retries=2)
    assert isinstance(error, ModelUnavailable)
    assert (len(wire.requests), error.reason) == (1, f"http_{status}")
    assert words in str(error)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 529])
@pytest.mark.parametrize("retries", [0, 2])
def test_passing_statuses_are_tried_again_by_the_sdk_alone(status: int, retries: int, no_waiting: list[float]) -> None:
    error, wire = failing(*[(status, ERROR)] * 3, retries=retries)
    assert isinstance(error, ModelUnavailable)
    assert (len(wire.requests), len(no_waiting)) == (retries + 1, retries)
    assert error.reason == f"http_{status}"


def test_the_second_try_may_succeed(no_waiting: list[float]) -> None:
    wire = Wire((529, ERROR), facts_message(FACTS))
    assert wire.backend(max_retries=2).answer(CALL).usage.calls == 1
    assert (len(wire.requests), len(no_waiting)) == (2, 1)


def test_the_default_client_makes_three_requests_at_most() -> None:
    backend = ClaudeBackend(api_key="k")
    assert backend._sync().max_retries == 2
    assert (backend._sync().timeout.read, backend._sync().timeout.connect) == (300.0, 10.0)


@pytest.mark.parametrize("retries", [0, 2])
def test_no_connection(retries: int, no_waiting: list[float]) -> None:
    error, wire = failing(*[httpx2.ConnectError("name not known")] * 3, retries=retries)
    assert isinstance(error, ModelUnavailable)
    assert (len(wire.requests), len(no_waiting), error.reason) == (retries + 1, retries, "connection")
    assert "cannot reach https://api.example.test (name not known)" in str(error)


def test_a_time_out() -> None:
    error, _ = failing(httpx2.ReadTimeout("slow"))
    assert error.reason == "timeout"
    assert "https://api.example.test did not answer" in str(error)


def test_credentials_in_the_base_url_are_not_shown() -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    client = anthropic.Anthropic(
        api_key="k",
        max_retries=0,
        base_url="https://user:word@gate.example.test:8443/v9?token=x",
        http_client=httpx2.Client(transport=httpx2.MockTransport(handle)),
    )
    with pytest.raises(ModelUnavailable) as caught:
        ClaudeBackend(client=client).answer(CALL)
    assert "https://gate.example.test:8443/v9" in str(caught.value)
    assert "word" not in str(caught.value)
    assert "token" not in str(caught.value)


def test_what_a_server_says_about_a_refused_key_is_not_shown() -> None:
    body = {"type": "error", "error": {"type": "authentication_error", "message": "bad key: sk-secret"}}
    error, _ = failing((401, body))
    assert "sk-secret" not in str(error)


def test_no_key_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"no key: .*ANTHROPIC_API_KEY.*offline") as caught:
        ClaudeBackend().answer(CALL)
    assert caught.value.reason == "no_key"


def test_an_interruption_passes() -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        raise KeyboardInterrupt

    client = anthropic.Anthropic(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(handle)))
    with pytest.raises(KeyboardInterrupt):
        ClaudeBackend(client=client).answer(CALL)


# Async


def test_async_sends_and_reads_the_same() -> None:
    wire = Wire(facts_message(FACTS), facts_message(FACTS))
    backend = wire.backend()
    assert asyncio.run(backend.answer_async(CALL)) == backend.answer(CALL)
    assert wire.bodies[0] == wire.bodies[1]


def test_async_fails_the_same() -> None:
    steps = [message(stop="refusal"), (404, ERROR), httpx2.ConnectError("gone")]
    wire, other = Wire(*steps), Wire(*steps)
    for _ in steps:
        with pytest.raises(ModelError) as one:
            wire.backend().answer(CALL)
        with pytest.raises(ModelError) as two:
            asyncio.run(other.backend().answer_async(CALL))
        assert (type(one.value), str(one.value), one.value.reason) == (
            type(two.value),
            str(two.value),
            two.value.reason,
        )


def test_each_event_loop_gets_its_own_client() -> None:
    backend = ClaudeBackend(api_key="k")

    async def client() -> object:
        return backend._async()

    assert asyncio.run(client()) is not asyncio.run(client())


# Settings


def test_the_model_is_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ClaudeBackend().model == DEFAULT_MODEL
    monkeypatch.setenv("ESCALATION_MODEL", "claude-other")
    assert ClaudeBackend().model == "claude-other"
    assert ClaudeBackend(model="claude-given").model == "claude-given"


def test_max_tokens_is_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_MAX_TOKENS", "2000")
    wire = Wire(facts_message(FACTS))
    wire.backend().answer(CALL)
    assert wire.requests[0]["max_tokens"] == 2000


@pytest.mark.parametrize("value", ["many", "-5", "1.5", "²", "0", "9" * 10])
def test_max_tokens_that_is_no_number(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_MAX_TOKENS", value)
    with pytest.raises(BadInput, match=value):
        ClaudeBackend()


def test_picking_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pick_backend("auto").name == "offline"
    assert pick_backend("claude", "claude-x").model == "claude-x"
    assert pick_backend("offline").model is None
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "t")
    assert pick_backend("auto").name == "claude"
    assert pick_backend("offline").name == "offline"


@pytest.mark.parametrize(("choice", "model"), [("gpt", None), ("offline", "claude-x"), ("auto", "claude-x")])
def test_a_choice_that_makes_no_sense(choice: str, model: str | None) -> None:
    with pytest.raises(BadInput, match=repr(choice if choice == "gpt" else model)):
        pick_backend(choice, model)


def test_the_prompts_have_an_identity() -> None:
    assert len(prompt_sha256()) == 64
    assert len(PROMPTS) == len(set(PROMPTS)) == 5


# The guard that keeps all tests off the network


@pytest.mark.parametrize("address", ["http://192.0.2.1", "http://127.0.0.1:9", "http://name.example.test"])
def test_a_real_request_ends_the_test(address: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="tests may not use the network"):
        ClaudeBackend(api_key="k", base_url=address).answer(CALL)


def test_a_real_request_of_the_async_client_ends_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match="look-up of"):
        asyncio.run(ClaudeBackend(api_key="k", base_url="http://name.example.test").answer_async(CALL))


@pytest.mark.loopback
def test_this_machine_is_open_to_a_test_that_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    with pytest.raises(pytest.fail.Exception, match="tests may not use the network"):
        socket.create_connection(("192.0.2.1", 80))


def test_no_test_sees_a_key() -> None:
    ours = {name for name in os.environ if name.startswith(("ANTHROPIC_", "ESCALATION_"))}
    assert ours == {"ESCALATION_DB", "ESCALATION_CHATS"}  # of the test's own


THINKING = ("claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-1", "claude-fable-5-2", "claude-haiku-5-5")
FORCING_REFUSED = "tool_choice: forcing tool use is not supported for this model"


@pytest.mark.parametrize("model", [*THINKING, "anthropic.claude-opus-5-5-v1:0"])
def test_models_that_refuse_a_forced_tool_are_asked_without(model: str) -> None:
    wire = Wire(facts_message(FACTS))
    wire.backend(model=model).answer(CALL)
    assert wire.requests[0]["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_a_model_that_turns_out_to_refuse_a_forced_tool_is_asked_again_without_and_from_then_on() -> None:
    refused = (400, {"type": "error", "error": {"type": "invalid_request_error", "message": FORCING_REFUSED}})
    wire = Wire(refused, facts_message(FACTS), facts_message(FACTS))
    backend = wire.backend(model="claude-of-next-year")
    for _ in range(2):
        assert backend.answer(CALL).value == FACTS
    assert [sent["tool_choice"]["type"] for sent in wire.requests] == ["tool", "auto", "auto"]


def test_a_model_that_refuses_without_a_forced_tool_too_is_asked_twice_and_no_more() -> None:
    refused = (400, {"type": "error", "error": {"type": "invalid_request_error", "message": FORCING_REFUSED}})
    wire = Wire(refused, refused)
    with pytest.raises(ModelUnavailable, match="refused the request"):
        wire.backend(model="claude-of-next-year").answer(CALL)
    assert len(wire.requests) == 2


def test_thinking_is_echoed_only_behind_what_it_was_thought_after() -> None:
    thought = {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"}
    wire = Wire(message(thought, tool_use("record_facts", FACTS)), message(thought, tool_use("record_facts", FACTS)))
    first = wire.backend().answer(CALL)
    assert first.raw[0] == thought
    repaired = wire.backend().answer(
        replace(CALL, fault=Fault(first.raw, (Finding(code="x", place="y", expected="z"),)))
    )
    assert wire.requests[1]["messages"][1]["content"][0] == thought
    assert [block["type"] for block in repaired.raw] == ["tool_use"]
