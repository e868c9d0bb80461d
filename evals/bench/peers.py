"""Time on this side of a call, beside the peers: the bare SDK, instructor, pydantic-ai and langchain-anthropic.

    python3 scripts/dev.py bench peers [--rounds N] [--write]

One run, one loopback server in a process of its own (server.py) that answers at once, so that what is measured is the
client. Every round calls each of them once, in a rotating order, so that a busy stretch of the machine meets all. Same
ticket, prompt, schema and answer; each peer as its documentation shows structured output, set up once. Each round's
ticket is one that nobody has seen: it carries the number of the round. `--write` puts the table into
docs/performance.md.
"""

import argparse
import gc
import os
import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

from agent.backends import conversation
from agent.backends.base import Call, ExtractCall, Reply
from agent.backends.claude import ClaudeBackend
from agent.pipeline import escalate
from evals.bench.server import LONG, USUAL, Served, recorded, serving
from evals.cases import Case, case_of
from schemas.report import FactsReport
from schemas.ticket import Ticket

ROUNDS, WARM_UP = 300, 10
MODEL, MAX_TOKENS, KEY = "claude-haiku-5-5", 16_000, "key-of-a-benchmark"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- bench peers: begin -->", "<!-- bench peers: end -->"
GOAL_PIPELINE = 1.3  # times two bare calls
BARE, OURS, TWO_BARE, WHOLE = "bare SDK, one call", "our extraction call", "bare SDK, two calls", "our whole pipeline"

Request = dict[str, Any]


@dataclass(frozen=True)
class Round:
    """What one round asks: a ticket that nobody has seen, and the two requests that our road sends for it."""

    ticket: Ticket
    requests: tuple[Request, ...]

    @property
    def system(self) -> str:
        """The system prompt."""
        return str(self.requests[0]["system"][0]["text"])

    @property
    def prompt(self) -> str:
        """The user's turn with the ticket."""
        return str(self.requests[0]["messages"][0]["content"][0]["text"])


@dataclass
class Contender:
    """One way to ask. `call` gives what came of it, for `right` to judge."""

    name: str
    call: Callable[[Round], object]
    right: Callable[[object], bool]
    walls: list[float] = field(default_factory=list)  # seconds
    cpus: list[float] = field(default_factory=list)  # seconds of this process, all threads


def main(arguments: list[str]) -> int:
    """Measure, print, write. Exit code 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench peers", description="Time on this side of a call, beside the peers.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds for each ticket")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    given = parser.parse_args(arguments)
    os.environ |= {"ANTHROPIC_API_KEY": KEY, "DO_NOT_TRACK": "1", "LANGSMITH_TRACING": "false"}
    pages, missed = [machine(given.rounds)], False
    with serving() as server:
        for case in (USUAL, LONG):
            contenders = race(server, case_of(case), given.rounds)
            pages.append(table(case, contenders))
            missed |= misses(contenders)
    page = "\n\n".join(pages)
    print(page)
    if given.write:
        write(page)
    return int(missed)


def race(server: Served, case: Case, rounds: int) -> list[Contender]:
    """All contenders, measured round by round."""
    contenders = all_contenders(server, case)
    for number in range(WARM_UP + rounds):
        asked = a_round(case, number)
        first = number % len(contenders)  # each takes its turn at being first, and behind the one that takes longest
        for contender in contenders[first:] + contenders[:first]:
            forget()
            wall, cpu = perf_counter(), process_time()
            came = contender.call(asked)
            cpu, wall = process_time() - cpu, perf_counter() - wall
            if not contender.right(came):
                raise SystemExit(f"{contender.name} came to something else: this would measure something else")
            if number >= WARM_UP:
                contender.walls.append(wall)
                contender.cpus.append(cpu)
        if number % 20 == 0:
            gc.collect()  # of nobody's making, so in nobody's time
    return contenders


def forget() -> None:
    """Nothing is remembered of the last round's texts: tickets share words and lines, but how many is not said here."""
    from agent.grounding import fold
    from agent.notation import scan
    from agent.validate.stems import stem

    scan.forget()
    for kept in (fold._fold_short, fold._fold_long, fold.needles, stem):
        kept.cache_clear()


def a_round(case: Case, number: int) -> Round:
    """The case's ticket with one more line, and what our road would send for it."""
    ticket = case.ticket()
    ticket = ticket.model_copy(update={"text": f"{ticket.text.rstrip()}\n\nSeen in the queue as entry {number:06}.\n"})
    sent: list[Request] = []
    answers = recorded_answers(case.id)

    class Watched:
        name, model = "claude", MODEL

        def answer(self, call: Call) -> Reply:
            from agent.backends import answers as reading

            sent.append(conversation.request(call, MODEL, MAX_TOKENS, forced=False))
            answer = answers.facts if isinstance(call, ExtractCall) else answers.brief
            return reading.read(answer, call, model=MODEL, max_tokens=MAX_TOKENS)

        async def answer_async(self, call: Call) -> Reply:
            raise NotImplementedError

    escalate(ticket, context=case.context, backend=Watched(), now=case.now)  # type: ignore[arg-type]
    return Round(ticket, tuple(sent))


_KEPT: dict[str, Any] = {}


def recorded_answers(case: str) -> Any:
    """Read once."""
    if case not in _KEPT:
        _KEPT[case] = recorded(case)
    return _KEPT[case]


def all_contenders(server: Served, case: Case) -> list[Contender]:
    """The SDK, ours and the peers, each set up once."""
    import anthropic

    answer = next(block["input"] for block in recorded_answers(case.id).facts["content"] if block["type"] == "tool_use")
    fields = FactsReport.model_validate(answer).model_dump()
    client = anthropic.Anthropic(base_url=server.url, api_key=KEY)
    backend = ClaudeBackend(model=MODEL, base_url=server.url, api_key=KEY)

    def bare(requests: tuple[Request, ...]) -> list[Any]:
        inputs: list[Any] = []
        for request in requests:
            message = client.messages.create(**request)
            inputs.append(next(block.input for block in message.content if block.type == "tool_use"))
        return inputs

    def same(came: object) -> bool:
        # By their fields: instructor makes a class of its own of ours and keeps the raw answer in the object.
        return isinstance(came, FactsReport) and came.model_dump() == fields

    return [
        Contender(BARE, lambda r: bare(r.requests[:1]), lambda came: came == [answer]),
        Contender(OURS, lambda r: backend.answer(ExtractCall(r.ticket)).value, same),
        Contender("instructor", instructor_call(server), same),
        Contender("pydantic-ai", pydantic_ai_call(server), same),
        Contender("langchain-anthropic", langchain_call(server), same),
        Contender(TWO_BARE, lambda r: bare(r.requests), lambda came: isinstance(came, list) and len(came) == 2),
        Contender(
            WHOLE,
            lambda r: escalate(r.ticket, context=case.context, backend=backend, now=case.now),
            lambda came: getattr(came, "brief_status", "") == "valid",
        ),
    ]


def instructor_call(server: Served) -> Callable[[Round], object]:
    """`create` with a `response_model`, which becomes a forced tool."""
    import anthropic
    import instructor

    client = instructor.from_anthropic(anthropic.Anthropic(base_url=server.url, api_key=KEY))

    def call(asked: Round) -> object:
        return client.create(
            model=MODEL,
            max_tokens=MAX_TOKENS,
            system=asked.system,
            messages=[{"role": "user", "content": asked.prompt}],
            response_model=FactsReport,
        )

    return call


def pydantic_ai_call(server: Served) -> Callable[[Round], object]:
    """An agent with a `ToolOutput`, which becomes a forced tool."""
    from pydantic_ai import Agent, ModelSettings, ToolOutput
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    model = AnthropicModel(MODEL, provider=AnthropicProvider(base_url=server.url, api_key=KEY))
    settings = ModelSettings(max_tokens=MAX_TOKENS)
    known: dict[str, Agent[None, FactsReport]] = {}

    def call(asked: Round) -> object:
        if "agent" not in known:
            known["agent"] = Agent(
                model, output_type=ToolOutput(FactsReport), instructions=asked.system, model_settings=settings
            )
        return known["agent"].run_sync(asked.prompt).output

    return call


def langchain_call(server: Served) -> Callable[[Round], object]:
    """A chat model `with_structured_output`, which becomes a forced tool."""
    from langchain_anthropic import ChatAnthropic
    from pydantic import SecretStr

    chat = ChatAnthropic(
        model_name=MODEL,
        max_tokens_to_sample=MAX_TOKENS,
        base_url=server.url,
        api_key=SecretStr(KEY),
        timeout=None,
        stop=None,
        thinking={"type": "disabled"},  # it forces no tool on a model that thinks
    )
    structured = chat.with_structured_output(FactsReport)

    def call(asked: Round) -> object:
        return structured.invoke([("system", asked.system), ("human", asked.prompt)])

    return call


def misses(contenders: list[Contender]) -> bool:
    """True if our extraction is not the quickest of its kind, or our pipeline above its goal."""
    walls = {one.name: median(one.walls) for one in contenders}
    peers = [wall for name, wall in walls.items() if name not in (BARE, OURS, TWO_BARE, WHOLE)]
    return walls[OURS] >= min(peers) or walls[WHOLE] > GOAL_PIPELINE * walls[TWO_BARE]


def machine(rounds: int) -> str:
    """What was measured, on what."""
    packages = ("anthropic", "instructor", "pydantic-ai-slim", "langchain-anthropic", "pydantic")
    known = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {rounds} interleaved rounds for each ticket, "
        f"milliseconds. {known}."
    )


def table(case: str, contenders: list[Contender]) -> str:
    """As Markdown. One call is compared with one bare call, the pipeline with two."""
    walls = {one.name: median(one.walls) for one in contenders}
    cpus = {one.name: median(one.cpus) for one in contenders}
    length = len(case_of(case).ticket().text)
    lines = [
        f"Ticket `{case}`, {length:,} characters:",
        "",
        "| | wall, median | 90 % below | CPU, median | wall beside bare SDK | CPU beside bare SDK |",
        "|---|---|---|---|---|---|",
    ]
    for one in contenders:
        beside = TWO_BARE if one.name in (TWO_BARE, WHOLE) else BARE
        ninth = quantiles(one.walls, n=10)[-1] if len(one.walls) > 1 else one.walls[0]
        figures = f"{walls[one.name] * 1e3:.2f} | {ninth * 1e3:.2f} | {cpus[one.name] * 1e3:.2f}"
        ratios = f"{walls[one.name] / walls[beside]:.2f} x | {cpus[one.name] / cpus[beside]:.2f} x"
        lines.append(f"| {one.name} | {figures} | {ratios} |")
    return "\n".join(lines)


def write(page: str) -> None:
    """Put the figures between their marks. Raises SystemExit where the marks are not there once each."""
    text = PAGE.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{PAGE.name}: expected {BEGIN} and {END} once each; put them back")
    marked = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    PAGE.write_text(marked.sub(lambda _: f"{BEGIN}\n{page}\n{END}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
