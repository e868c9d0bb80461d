"""The benchmark's server answers as the API would, and the page names the commands that repeat its figures."""

import json
from collections.abc import Iterator
from pathlib import Path

import anthropic
import pytest

from agent.backends import conversation
from agent.backends.base import Call, Reply
from agent.backends.claude import ClaudeBackend
from agent.pipeline import escalate
from evals.bench.server import LONG, USUAL, Served, serving
from evals.cases import case_of

pytestmark = pytest.mark.loopback

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    """Starts in about three seconds, most of them for reading the recorded answers."""
    with serving(latency_ms=20) as served:
        yield served


@pytest.fixture
def backend(server: Served) -> Iterator[ClaudeBackend]:
    """With a client that it makes itself."""
    made = ClaudeBackend(model="claude-haiku-5-5", base_url=server.url, api_key="key-of-a-test")
    yield made
    made._sync().close()


@pytest.fixture
def sdk(server: Served) -> Iterator[anthropic.Anthropic]:
    """A client to hand in."""
    with anthropic.Anthropic(base_url=server.url, api_key="key-of-a-test", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("name", [USUAL, LONG])
def test_the_server_takes_a_case_down_the_whole_road(server: Served, backend: ClaudeBackend, name: str) -> None:
    case = case_of(name)
    before = server.counts()
    result = escalate(case.ticket(), context=case.context, backend=backend, now=case.now)
    after = server.counts()
    assert (result.brief_status, result.usage.calls) == ("valid", 2)
    assert (after.requests - before.requests, after.refused, after.waiting) == (2, 0, 0)
    assert after.most_waiting == 1


def test_what_is_asked_for_no_known_ticket_is_refused(server: Served, sdk: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="the ticket of a case"):
        sdk.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "Nobody's ticket"}])
    assert server.counts().refused == 1


def test_a_client_made_here_and_one_handed_in_send_and_read_the_same(
    backend: ClaudeBackend, sdk: anthropic.Anthropic
) -> None:
    """The request goes out as ready JSON through the one, as arguments of `messages.create` through the other."""
    case = case_of(USUAL)
    handed = ClaudeBackend(model=backend.model, client=sdk)
    sent: list[bytes] = []
    sdk._client.event_hooks["request"].append(lambda request: sent.append(request.content))
    calls: list[Call] = []

    class Both:
        name, model = "claude", backend.model

        def answer(self, call: Call) -> Reply:
            calls.append(call)
            reply = backend.answer(call)
            assert handed.answer(call) == reply
            return reply

    result = escalate(case.ticket(), context=case.context, backend=Both(), now=case.now)  # type: ignore[arg-type]
    assert result.brief_status == "valid"
    ready = [conversation.body(backend.request(call)) for call in calls]
    assert [json.loads(body) for body in ready] == [json.loads(body) for body in sent]
    assert len(sent) == 2


def test_the_page_names_every_command_and_the_marks_stand_once() -> None:
    from evals.bench.peers import BEGIN, END

    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    for command in ("bench peers --write", "bench", "bench ledger", "bench page"):
        assert f"\npython3 scripts/dev.py {command}\n" in page
    assert (page.count(BEGIN), page.count(END)) == (1, 1)
    for name in ("instructor", "pydantic-ai", "langchain-anthropic", "our whole pipeline"):
        assert f"| {name} |" in page.partition(BEGIN)[2].partition(END)[0]
