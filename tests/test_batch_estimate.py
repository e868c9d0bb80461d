"""The estimate: figures by hand, a sample that is spread over all, and what is not known said."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from factories import make_escalation, make_ticket
from run_folders import done, folder_of

from agent import read_ticket
from agent.backends.base import ExtractCall, ModelUnavailable
from agent.backends.claude import ClaudeBackend
from agent.batch.estimate import (
    BRIEF_OUT,
    DECISION_IN,
    FACTS_OUT,
    SAMPLE,
    as_text,
    escalating,
    estimate,
    first_requests,
)
from agent.batch.prices import load_prices
from agent.batch.sources import open_source
from agent.batch.work import Run
from agent.errors import BadInput
from agent.policy.settings import load_settings

PRICES = load_prices(date(2026, 11, 30))
MODEL = "claude-sonnet-5-5"


def asked(text: str = "x" * 100) -> dict[str, Any]:
    return {"system": [{"type": "text", "text": "s"}], "tools": [], "messages": [{"role": "user", "content": text}]}


def is_frozen(request: dict[str, Any]) -> bool:
    return request["messages"] == [{"role": "user", "content": "-"}]


def test_the_figures_by_hand() -> None:
    """100 tickets of 400 tokens behind 14,000 that are the same for all; a quarter escalates."""

    def count(request: dict[str, Any]) -> int:
        return 14_000 if is_frozen(request) else 14_400

    found = estimate((asked() for _ in range(100)), 100, MODEL, PRICES, count=count, escalated=0.25)
    low = found.low
    briefs = 100 * 0.25 * 71 / 57  # 31.14
    assert (found.tickets, found.counted, low.calls) == (100, 50, 131)
    assert low.live.output_tokens == round(100 * FACTS_OUT + briefs * BRIEF_OUT) == 148_504
    assert low.live.input_tokens == round(briefs * (FACTS_OUT + DECISION_IN)) == 45_371
    assert low.live.cache_write_tokens == 14_000 + 100 * 400
    assert low.live.cache_read_tokens == round(130 * 14_000 + briefs * 400) == 1_832_456
    # 45,371 x 2 + 148,504 x 10 + 1,832,456 x 0.10 + 54,000 x 2.50 millionths
    assert low.cost_live.usd == Decimal("1.8940276")
    assert low.cost_batch.usd == Decimal("0.9470138")
    high = found.high
    assert high.live.output_tokens == round((100 * FACTS_OUT + briefs * BRIEF_OUT) * 1.3)
    # Without the cache each of 131 calls writes the 14,000, and the ticket of each brief once more.
    assert high.batch.cache_write_tokens == round(131 * 14_000 + 40_000 + briefs * 400)
    assert high.batch.cache_read_tokens == 0
    assert "counted by the API, free of charge, for 50 of them, whose text it was sent" in found.remarks[0]
    assert "How many escalate: 25%" in found.remarks[2]


def test_without_a_count_the_length_decides() -> None:
    few = estimate([asked("x" * 3_600)], 1, MODEL, PRICES)
    assert few.counted == 0
    prefix = few.low.live.cache_write_tokens - 1_000
    assert 0 < prefix < 20
    assert few.high.live.cache_write_tokens - round(prefix * 1.3) in (1_299, 1_300, 1_301)
    assert few.low.calls == 1
    assert few.high.calls == 2
    assert few.remarks[0] == "Tokens of the requests: by their length, not counted."
    # Three bytes for a character of Japanese: a token for each, nearly.
    japanese = estimate([asked("障" * 1_200)], 1, MODEL, PRICES)
    assert japanese.low.live.cache_write_tokens == few.low.live.cache_write_tokens


@pytest.mark.parametrize("total", [1, 49, 50, 51, 120, 1_000])
def test_the_sample_is_spread_and_small(total: int) -> None:
    counted: list[int] = []

    def count(request: dict[str, Any]) -> int:
        if not is_frozen(request):
            counted.append(int(request["messages"][0]["content"]))
        return 10

    estimate((asked(str(number)) for number in range(total)), total, MODEL, PRICES, count=count)
    assert len(counted) <= SAMPLE
    assert counted[0] == 0
    step = -(-total // SAMPLE)
    assert counted == [number for number in range(total) if number % step == 0]


def test_a_count_that_fails_is_not_asked_again_and_is_said() -> None:
    tries = []

    def count(request: dict[str, Any]) -> int:
        tries.append(request)
        raise ModelUnavailable("the API did not count: it answered 404", reason="count")

    found = estimate((asked() for _ in range(100)), 100, MODEL, PRICES, count=count)
    assert len(tries) == 1
    assert found.counted == 0
    assert found.remarks[0].endswith("not counted (the API did not count: it answered 404).")


def test_what_is_no_ticket_is_counted_apart_and_nothing_costs_nothing() -> None:
    found = estimate([BadInput("x"), asked(), BadInput("y")], 3, MODEL, PRICES)
    assert (found.tickets, found.unreadable) == (1, 2)
    nothing = estimate([], 0, MODEL, PRICES)
    assert (nothing.low.calls, nothing.high.cost_live.usd) == (0, 0)
    assert "  Tickets          0\n" in as_text(nothing)


def test_the_text_says_what_is_not_known() -> None:
    text = as_text(estimate([asked()], 1, "llama-9", PRICES, thinks=True), width=0)
    assert "  Cost at once     price of llama-9 unknown: no cost; give one with --prices FILE\n" in text
    assert "  With --batches   price of llama-9 unknown: no cost; give one with --prices FILE\n" in text
    assert "llama-9 thinks before it answers" in text
    assert "from none to 73%" in text
    known = as_text(estimate([asked()], 1, "claude-haiku-5-5", PRICES), width=0)
    assert "  Calls            1 to 2\n" in known
    assert "claude-haiku-5-5 costs more for a prompt above 100,000 tokens" in known


def test_a_long_average_prompt_has_the_higher_price() -> None:
    one = estimate([asked("x" * 720_000)], 1, "claude-haiku-5-5", PRICES, escalated=0.0).low
    written = one.live.cache_write_tokens
    assert written > 200_000
    assert one.cost_live.usd == (Decimal("0.625") * written + Decimal("2.50") * FACTS_OUT) / 1_000_000


def test_the_share_of_a_run_once_it_has_some_results(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        for number in range(19):
            done(folder, str(number), make_escalation("escalate" if number < 5 else "handle"))
        assert escalating(folder, 1) is None
        done(folder, "last", make_escalation("handle"))
        assert escalating(folder, 1) == 0.25


def test_the_first_request_of_each_ticket_that_has_no_result(tmp_path: Path) -> None:
    tickets = tmp_path / "tickets"
    tickets.mkdir()
    (tickets / "a.txt").write_text("The export fails.", "utf-8")
    (tickets / "b.txt").write_bytes(b"\0\0\0")
    backend = ClaudeBackend(MODEL, api_key="k")
    with folder_of(tmp_path) as folder:
        run = Run(folder=folder, backend=backend, settings=load_settings())
        one, two = first_requests(open_source(str(tickets)), run)
        assert (folder.count(1), folder.known("a.txt")) == ({}, None)
    assert one == backend.request(ExtractCall(read_ticket("The export fails.", name="a.txt")))
    assert isinstance(two, BadInput)


def backend_with(answer: httpx2.Response) -> tuple[ClaudeBackend, list[httpx2.Request]]:
    seen: list[httpx2.Request] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer

    client = anthropic.Anthropic(
        api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(reply))
    )
    return ClaudeBackend(MODEL, client=client), seen


def test_the_api_counts_what_would_be_sent() -> None:
    import json

    backend, seen = backend_with(httpx2.Response(200, json={"input_tokens": 14_321}))
    request = backend.request(ExtractCall(make_ticket()))
    assert backend.count(request) == 14_321
    assert seen[0].url.path == "/v1/messages/count_tokens"
    sent = json.loads(seen[0].content)
    assert sent == {name: request[name] for name in ("model", "system", "tools", "messages")}


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(404, json={"error": {"message": "k k k"}}),
        httpx2.Response(200, json={}),
        httpx2.Response(200, text="hello"),
    ],
)
def test_what_does_not_count_ends_in_one_line(answer: httpx2.Response) -> None:
    backend, _ = backend_with(answer)
    with pytest.raises(ModelUnavailable, match=r"^https://api.anthropic.com did not count: [^\n]+$"):
        backend.count(backend.request(ExtractCall(make_ticket())))


def test_nothing_is_kept_of_the_requests() -> None:
    import tracemalloc

    def many() -> Iterator[dict[str, Any]]:
        for _ in range(500):
            yield asked("x" * 100_000)

    tracemalloc.start()
    try:
        estimate(many(), 500, MODEL, PRICES)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
