"""Recorded conversations, replayed whole through the real client; and the support for recording them."""

import asyncio
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories import make_brief
from fakes import brief_message, facts_message, issue, report, signal
from record import FOLDER, outcome
from vcr.request import Request

from agent.backends.base import ExtractCall, ModelError
from agent.backends.conversation import request
from agent.pipeline import escalate, escalate_async
from agent.readers import read_ticket
from evals.recordings import (
    KEPT_REQUEST_HEADERS,
    KEPT_RESPONSE_HEADERS,
    Readable,
    cassette,
    check_prefixes,
    client_backend,
    same_body,
)
from schemas.context import Context
from schemas.escalation import Escalation
from schemas.ticket import Ticket

CASSETTES = sorted(FOLDER.glob("*.yaml"))
SECRETS = re.compile(
    r"sk-[A-Za-z0-9_-]{8}|\bBearer\s+\S|x-api-key|\bauthorization\b|set-cookie|anthropic-organization|\brequest-id\b"
    r"|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[A-Za-z0-9_-]{10,}\.|\bgh[pousr]_[A-Za-z0-9]{20}"
    r"|127\.0\.0\.1|localhost|/home/|/Users/",
    re.IGNORECASE,
)


def replay(path: Path, *, in_async: bool) -> tuple[Escalation | ModelError, dict[str, Any]]:
    with cassette(path) as tape:
        run = tape.get_metadata("run", None)
        options: dict[str, Any] = {
            "context": Context.model_validate(run["context"]),
            "backend": client_backend(run["model"], forced=run.get("forced", True)),
            "now": datetime.fromisoformat(run["now"]),
            "max_repairs": run["max_repairs"],
        }
        ticket = read_ticket(run["source"], name=run["name"])
        try:
            made = asyncio.run(escalate_async(ticket, **options)) if in_async else escalate(ticket, **options)
        except ModelError as error:
            return error, tape.get_metadata("outcome", None)
        return made, tape.get_metadata("outcome", None)


@pytest.mark.parametrize("in_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_replay(path: Path, in_async: bool) -> None:
    made, recorded = replay(path, in_async=in_async)
    assert outcome(made) == recorded


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_the_cached_prefix_is_kept(path: Path) -> None:
    check_prefixes(loaded(path))


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_no_secret_and_no_header_too_many(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [match.group() for match in SECRETS.finditer(text)] == []
    for interaction in yaml.safe_load(text)["interactions"]:
        assert {name.lower() for name in interaction["request"]["headers"]} <= KEPT_REQUEST_HEADERS
        assert {name.lower() for name in interaction["response"]["headers"]} <= KEPT_RESPONSE_HEADERS


def recorded_outcomes() -> list[dict[str, Any]]:
    return [loaded(path).get_metadata("outcome", None) for path in CASSETTES]


def test_each_way_through_the_road_is_recorded() -> None:
    outcomes = recorded_outcomes()
    assert len(outcomes) >= 8
    assert {made["owner"] for made in outcomes if made["outcome"] == "escalate"} == {
        "l2_support",
        "engineering",
        "product",
        "security",
        "leadership",
    }
    assert {made["outcome"] for made in outcomes} == {"handle", "needs_info", "escalate"}
    assert any(made["brief_status"] == "incomplete" for made in outcomes)
    assert any(made["brief_status"] == "valid" and made["usage"]["repairs"] for made in outcomes)


def test_the_example_page_is_fresh() -> None:
    from example_page import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page()


def loaded(path: Path) -> Any:
    with cassette(path, "once") as tape:  # once: nothing is played, and nothing has to be
        return tape


# The support itself, on a recording made here


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """A cassette of two requests, as the recorder would write it."""
    quote = "Nobody can log in"
    facts = report(signal("service_down", quote), issues=(issue("Log in fails", quote),))
    first = request(ExtractCall(Ticket(text=quote)), "claude-test", 100)
    second = {**first, "tool_choice": {"type": "auto"}}
    usages: list[dict[str, Any]] = [
        {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 500, "cache_read_input_tokens": 0},
        {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 500},
    ]
    answers = [facts_message(facts, usage=usages[0]), brief_message(make_brief(), usage=usages[1])]
    interactions = [
        {
            "request": {
                "method": "POST",
                "uri": "https://endpoint.invalid/v1/messages",
                "body": json.dumps(body),
                "headers": {"content-type": ["application/json"]},
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"content-type": ["application/json"]},
                "body": {"string": json.dumps(answer)},
            },
        }
        for body, answer in zip((first, second), answers, strict=True)
    ]
    path = tmp_path / "made_up.yaml"
    path.write_text(Readable().serialize({"version": 1, "interactions": interactions}), encoding="utf-8")
    return path


def test_a_cassette_is_readable_and_says_nothing_twice(made_up: Path) -> None:
    text = made_up.read_text(encoding="utf-8")
    assert text.count("additionalProperties: false") == 18  # the tools once, though both requests carry them
    assert "\\n" not in text.split("tools:")[0]
    assert Readable().deserialize(text)["interactions"][1]["request"]["body"].startswith('{"model":"claude-test"')


def test_what_is_read_is_what_was_written(made_up: Path) -> None:
    text = made_up.read_text(encoding="utf-8")
    assert Readable().serialize(Readable().deserialize(text)) == text


def asked(path: Path, max_tokens: int) -> int:
    """Plays the first interaction; how many tokens its answer says were cached."""
    with cassette(path):
        backend = client_backend("claude-test")
        backend.max_tokens = max_tokens
        return backend.answer(ExtractCall(Ticket(text="Nobody can log in"))).usage.cache_write_tokens


def test_the_real_client_is_answered_and_a_leftover_is_told(made_up: Path) -> None:
    with pytest.raises(AssertionError, match=r"interactions \[1\] of 2 were not played"):
        asked(made_up, max_tokens=100)


def test_a_cassette_that_is_played_whole(made_up: Path) -> None:
    data = yaml.safe_load(made_up.read_text(encoding="utf-8"))
    del data["interactions"][1]
    made_up.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert asked(made_up, max_tokens=100) == 500


def test_a_miss_says_what_differs(made_up: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        asked(made_up, max_tokens=200)
    assert "made_up.yaml does not hold this request: interaction 0 differs in" in str(caught.value)
    assert "body.max_tokens: '200', recorded '100'" in str(caught.value)


def test_a_changed_line_of_a_prompt_is_shown_alone() -> None:
    def system(text: str) -> Request:
        return Request("POST", "https://endpoint.invalid/", json.dumps({"system": text}), {})

    with pytest.raises(AssertionError) as caught:
        same_body(system("one\ntwo\nthree"), system("one\n2\nthree"))
    assert str(caught.value).splitlines() == ["body.system:", "@@ -2 +2 @@", "-2", "+two"]


def test_prefixes_that_hold_and_a_prefix_that_breaks(made_up: Path) -> None:
    check_prefixes(loaded(made_up))
    data = yaml.safe_load(made_up.read_text(encoding="utf-8"))
    data["interactions"][1]["request"]["body"]["json"]["system"] = [
        {"type": "text", "text": "new", "cache_control": {"type": "ephemeral"}}
    ]
    made_up.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(AssertionError, match="request 2 changes the cached prefix of request 1"):
        check_prefixes(loaded(made_up))


def test_a_prefix_that_was_not_read_is_told(made_up: Path) -> None:
    text = made_up.read_text(encoding="utf-8")
    made_up.write_text(text.replace("cache_read_input_tokens: 500", "cache_read_input_tokens: 0"), encoding="utf-8")
    with pytest.raises(AssertionError, match="request 2 read 0 tokens from the cache, 500 were in it"):
        check_prefixes(loaded(made_up))


@pytest.mark.parametrize(
    "leak", ["Authorization: Bearer abc", "x-api-key: k", "sk-ant-api03-abcdefgh", "set-cookie: a=b", "AKIA" + "A" * 16]
)
def test_the_scan_finds_a_leak(leak: str) -> None:
    assert SECRETS.search(leak)
