"""What a run would take, before anything is paid: `--dry-run`.

The first request of each ticket is made as it would be sent. Its length is turned into tokens by a count of the API on
a sample (free of charge), or else by a factor. What an answer takes is an average of the recorded answers. So the
tokens read are known fairly well, those written less so, and both come as a range.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.backends.base import ModelError
from agent.batch.prices import NOTHING, Cost, Prices, Rates, amount
from agent.batch.run_folder import Paid, RunFolder
from agent.errors import BadInput
from schemas.base import Model
from schemas.escalation import Usage

if TYPE_CHECKING:
    from agent.backends.conversation import Request
    from agent.batch.items import Source
    from agent.batch.work import Run

FEWEST = 20  # results from which a share is taken
SAMPLE = 50  # requests that the API counts, evenly spaced
# Bytes of UTF-8 for a token, where few and where many are counted. 3.6 is the factor of the recorded answers' own
# estimates; newer models count some 30 % more for the same text (the vendor's page on claude-haiku-5-5, 2026-11-30).
BYTES_A_TOKEN = (3.6, 3.6 / 1.3)
# Averages of the recorded answers by which the program is measured, whose counts are estimates (characters / 3.6): 150
# answers to the first call; 78 tickets that went the whole way, of which 57 were escalated in 71 briefs, with repairs.
FACTS_OUT = 1_069
BRIEF_OUT = 1_336
DECISION_IN = 388  # the decision, as the second call is told it, beside the answer to the first
BRIEFS_EACH = 71 / 57
ESCALATED = 57 / 78  # of cases that were chosen to be hard: a queue's share is smaller as a rule
ANSWER_SPREAD = 1.3  # the same factor as for bytes: what was recorded counts as few, this times it as many

Count = Callable[["Request"], int]


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of the range: calls, usage by what it is, and what that costs in both ways."""

    calls: int
    live: Usage
    batch: Usage
    cost_live: Cost
    cost_batch: Cost


class Estimate(Model):
    """`counted`: requests that the API counted; 0: none, all is by length. `unreadable`: items that are no ticket."""

    tickets: int
    unreadable: int
    counted: int
    model: str
    priced_on: str
    low: Bound
    high: Bound
    remarks: tuple[str, ...]


@dataclass
class _Sums:
    tickets: int = 0
    unreadable: int = 0
    size: int = 0
    sampled: int = 0
    sampled_size: int = 0
    sampled_tokens: int = 0
    frozen_tokens: int | None = None
    refused: str = ""


def estimate(
    requests: "Iterable[Request | BadInput]",
    total: int,
    model: str,
    prices: Prices,
    *,
    count: Count | None = None,
    escalated: float | None = None,
    thinks: bool = False,
) -> Estimate:
    """What the tickets of `requests`, each with its first request, would take. Keeps none of them.

    `total`: about how many will come, for the spacing of the sample. `count`: such as `ClaudeBackend.count`; a
    failure ends the counting and is said. `escalated`: the share that escalates, where it was measured. `thinks`: the
    model thinks before it answers.
    """
    sums = _Sums()
    frozen: Request | None = None
    step = max(1, -(-total // SAMPLE))
    for request in requests:
        if isinstance(request, BadInput):
            sums.unreadable += 1
            continue
        if frozen is None:
            frozen = _frozen(request)
        size = _size(request["messages"])
        if count is not None and not sums.refused and sums.tickets % step == 0 and sums.sampled < SAMPLE:
            _count(sums, count, request, frozen, size)
        sums.tickets += 1
        sums.size += size
    ends = _ends(sums, frozen, model, prices, escalated)
    return Estimate(
        tickets=sums.tickets,
        unreadable=sums.unreadable,
        counted=sums.sampled,
        model=model,
        priced_on=prices.on.isoformat(),
        low=ends[0],
        high=ends[1],
        remarks=tuple(_remarks(sums, model, prices, escalated, thinks)),
    )


def first_requests(source: "Source", run: "Run", limit: int | None = None) -> "Iterator[Request | BadInput]":
    """What each ticket without a result would be asked next, or why it cannot be read. Nothing is written."""
    from agent.batch.road import Wanted
    from agent.batch.work import Seen, works

    for work in works(source, run, limit):
        if isinstance(work, Seen):
            continue
        try:
            step = work.journey().begin()
        except BadInput as error:
            yield error
        except ModelError:
            continue  # a stored answer ends it: nothing is asked
        else:
            if isinstance(step, Wanted):
                yield step.request


def escalating(folder: RunFolder, scan: int) -> float | None:
    """The share that was escalated among the results of a run. None: too few to tell."""
    decided = escalated = 0
    for row in folder.rows(scan):
        decided += row.outcome is not None
        escalated += row.outcome == "escalate"
    return escalated / decided if decided >= FEWEST else None


def _count(sums: _Sums, count: Count, request: "Request", frozen: "Request", size: int) -> None:
    try:
        if sums.frozen_tokens is None:
            sums.frozen_tokens = count(frozen)
        sums.sampled_tokens += max(0, count(request) - sums.frozen_tokens)
    except ModelError as error:
        sums.refused = str(error)
        return
    sums.sampled += 1
    sums.sampled_size += size


def _frozen(request: "Request") -> "Request":
    """The request with next to no ticket: what is the same for all."""
    return {**request, "messages": [{"role": "user", "content": "-"}]}


def _size(part: Any) -> int:
    """Bytes of all text in a part of a request."""
    if isinstance(part, str):
        return len(part.encode("utf-8", "surrogatepass"))
    if isinstance(part, dict):
        return sum(_size(value) for key, value in part.items() if key not in ("type", "role", "cache_control"))
    return sum(map(_size, part)) if isinstance(part, list) else 0


def _ends(
    sums: _Sums, frozen: "Request | None", model: str, prices: Prices, escalated: float | None
) -> tuple[Bound, Bound]:
    if frozen is None:
        none = Bound(0, Usage(), Usage(), NOTHING, NOTHING)
        return none, none
    frozen_size = len(json.dumps([frozen["system"], frozen["tools"]], ensure_ascii=False).encode())
    ends = []
    for high in (False, True):
        factor = BYTES_A_TOKEN[high]
        if sums.sampled and sums.frozen_tokens is not None:
            prefix = sums.frozen_tokens
            tickets = round(sums.size * sums.sampled_tokens / max(1, sums.sampled_size))
        else:
            prefix, tickets = round(frozen_size / factor), round(sums.size / factor)
        share = escalated if escalated is not None else ESCALATED if high else 0.0
        spread = ANSWER_SPREAD if high else 1.0
        briefs = sums.tickets * share * (BRIEFS_EACH if high or escalated is not None else 1.0)
        output = (sums.tickets * FACTS_OUT + briefs * BRIEF_OUT) * spread
        told = briefs * (FACTS_OUT + DECISION_IN) * spread
        own = tickets * briefs / sums.tickets  # a brief's call reads its ticket again
        calls = round(sums.tickets + briefs)
        live = _usage(calls, told, output, read=prefix * (calls - 1) + own, write=prefix + tickets)
        # The vendor's batches take the cache as it comes: at worst, every call writes what it might have read.
        batch = live if not high else _usage(calls, told, output, read=0, write=prefix * calls + tickets + own)
        ends.append(Bound(calls, live, batch, _cost(prices, model, live, "live"), _cost(prices, model, batch, "batch")))
    return ends[0], ends[1]


def _cost(prices: Prices, model: str, usage: Usage, paid: Paid) -> Cost:
    """By the price of an average request: few are so much longer that another holds for them."""
    price = prices.of(model)
    if price is None:
        return Cost(None, unknown=(model,))
    rates: Rates = price
    if price.above is not None and _prompt(usage) > price.above.prompt * usage.calls:
        rates = price.above
    return Cost(amount(rates, usage) * (price.batch if paid == "batch" else 1))


def _usage(calls: int, told: float, output: float, *, read: float, write: float) -> Usage:
    return Usage(
        calls=calls,
        input_tokens=round(told),
        output_tokens=round(output),
        cache_read_tokens=round(read),
        cache_write_tokens=round(write),
    )


def _remarks(sums: _Sums, model: str, prices: Prices, escalated: float | None, thinks: bool) -> Iterable[str]:
    if sums.sampled:
        yield (
            f"Tokens of the requests: counted by the API, free of charge, for {sums.sampled} of them, whose text "
            "it was sent; the others by their length."
        )
    else:
        why = f" ({sums.refused})" if sums.refused else ""
        yield f"Tokens of the requests: by their length, not counted{why}."
    yield "Tokens of the answers: averages of recorded answers, which are estimates themselves."
    if escalated is None:
        yield f"How many escalate is not known: from none to {ESCALATED:.0%}, the share of cases chosen to be hard."
    else:
        yield f"How many escalate: {escalated:.0%}, as among the results that this run folder has."
    if thinks:
        yield f"{model} thinks before it answers: that is paid as output and not counted here. Try --limit 20 first."
    yield "With --batches the cache is used as it comes: the higher figure is that without any, above the other's."
    yield "Not counted: calls that fail and are made again, and facts that must be corrected."
    price = prices.of(model)
    if price is not None and price.above is not None:
        yield f"{model} costs more for a prompt above {price.above.prompt:,} tokens: counted only where the average is."


def as_json(figures: Estimate) -> str:
    """The estimate for programs. Costs are USD; null: unknown."""
    from agent.render.sanitise import json_text

    return json_text(figures.model_dump_json(indent=2)) + "\n"


def as_text(figures: Estimate, *, width: int = 100, colour: bool = False) -> str:
    """For a terminal of `width` columns; 0 does not wrap."""
    from agent.render.formats import text_environment

    env = text_environment(width, colour)
    return env.get_template("batch/estimate.txt.j2").render(
        figures=figures,
        calls=_range(figures.low.calls, figures.high.calls),
        prompt=_range(*(_prompt(end.live) for end in (figures.low, figures.high))),
        cached=_range(figures.low.live.cache_read_tokens, figures.high.live.cache_read_tokens),
        output=_range(figures.low.live.output_tokens, figures.high.live.output_tokens),
        live=_costs(figures.low.cost_live, figures.high.cost_live),
        batch=_costs(figures.low.cost_batch, figures.high.cost_batch),
    )


def _prompt(usage: Usage) -> int:
    return usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens


def _range(low: int, high: int) -> str:
    """Three figures each: more would not be known."""
    few, many = (f"{float(f'{number:.3g}'):,.0f}" for number in (low, high))
    return few if few == many else f"{few} to {many}"


def _costs(low: Cost, high: Cost) -> str:
    if low.usd is None or high.usd is None:
        return low.words()
    return low.words() if low == high else f"{low.words()} to {high.words()}"
