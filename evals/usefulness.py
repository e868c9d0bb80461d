"""Blind pairwise comparison of briefs: ours and the baseline's on the same ticket, read by the receiving team's role.

The reader is a language model that sees both without names, in both orders; where the orders disagree it is a tie. The
ticket and both briefs stand behind a boundary made from their own text. Never part of CI: it needs a model.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from agent.backends.conversation import boundary
from evals.cases import Case
from evals.runner import Result
from evals.stats import Share, share
from prompts import digest, load
from schemas.base import Model
from schemas.tools import strict_tool

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

VERDICTS = Path(__file__).resolve().parent / "review" / "usefulness.jsonl"
GRADER, PAIR, TOOL = "evals/grader.md.j2", "evals/pair.md.j2", "compare"
MAX_TOKENS = 4000
TEAMS = {
    "l2_support": "second-line support, technical specialists",
    "engineering": "engineering, the team that owns the product area",
    "product": "product management",
    "security": "the security team",
    "leadership": "support leadership, a director",
}
Side = Literal["A", "B", "tie"]
Winner = Literal["ours", "other", "tie"]
ASPECTS = ("act_now", "missing", "wrong", "in_the_way", "overall")


class Verdict(Model):
    """The comparison of two briefs, A and B."""

    reasons: str
    act_now: Side
    missing: Side
    wrong: Side
    in_the_way: Side
    worst_a: str
    worst_b: str
    overall: Side


class Judged(Model):
    """One pair, read in both orders: first ours as A, then ours as B."""

    case: str
    other: str
    grader: str
    grader_sha256: str
    ours_sha256: str
    other_sha256: str
    ours_first: Verdict
    ours_second: Verdict

    def winner(self, aspect: str) -> Winner:
        """Who won; a tie where the two orders disagree."""
        first: Side = getattr(self.ours_first, aspect)
        second: Side = getattr(self.ours_second, aspect)
        one: Winner = "tie" if first == "tie" else "ours" if first == "A" else "other"
        two: Winner = "tie" if second == "tie" else "ours" if second == "B" else "other"
        return one if one == two else "tie"


class Tally(Model):
    """Over all pairs. `wins` is of all pairs; its interval is on the share of pairs won."""

    aspect: str
    wins: Share
    ties: Share
    losses: Share


def tally(judged: Sequence[Judged]) -> tuple[Tally, ...]:
    """Wins, ties and losses of ours, aspect by aspect."""
    found = []
    for aspect in ASPECTS:
        winners = [entry.winner(aspect) for entry in judged]
        found.append(
            Tally(
                aspect=aspect,
                wins=share([winner == "ours" for winner in winners]),
                ties=share([winner == "tie" for winner in winners]),
                losses=share([winner == "other" for winner in winners]),
            )
        )
    return tuple(found)


def pairs(ours: Sequence[Result], other: Sequence[Result]) -> list[tuple[Result, Result]]:
    """The tickets that both escalated to the same owner, each with a brief."""
    theirs = {result.case.id: result for result in other if result.answer.brief and result.answer.epoch == 1}
    return [
        (result, theirs[result.case.id])
        for result in ours
        if result.answer.brief
        and result.answer.epoch == 1
        and result.case.id in theirs
        and result.answer.owner == theirs[result.case.id].answer.owner
    ]


def request(case: Case, team: str, a: str, b: str, model: str) -> dict[str, Any]:
    """The arguments of one reading."""
    ticket = case.ticket().text
    context = case.context.model_dump(mode="json", exclude_defaults=True)
    user = load(
        PAIR,
        team=TEAMS[team],
        now=f"{case.now:%A %Y-%m-%d %H:%M} UTC",
        context=json.dumps(context, ensure_ascii=False) if context else "",
        boundary=boundary(ticket + a + b),
        ticket=ticket,
        a=a,
        b=b,
    )
    return {
        "model": model,
        "max_tokens": MAX_TOKENS,
        "tools": [strict_tool(TOOL, Verdict)],
        "tool_choice": {"type": "tool", "name": TOOL},
        "system": [{"type": "text", "text": load(GRADER), "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": user}]}],
    }


async def judge(
    chosen: Sequence[tuple[Result, Result]], client: "AsyncAnthropic", model: str, concurrency: int, path: Path
) -> list[Judged]:
    """Reads every pair in both orders, adding each to `path` as it comes. Pairs that stand there are not read again."""
    prompt = digest(GRADER, PAIR)
    known = {_key(entry): entry for entry in load_verdicts(path)}
    gate = asyncio.Semaphore(concurrency)

    async def one(ours: Result, other: Result) -> Judged | None:
        a, b = _text(ours), _text(other)
        key = (ours.case.id, model, prompt, _sha(a), _sha(b))
        if key in known:
            return known[key]
        async with gate:
            first, second = await asyncio.gather(
                _read(client, request(ours.case, str(ours.answer.owner), a, b, model)),
                _read(client, request(ours.case, str(ours.answer.owner), b, a, model)),
            )
        if first is None or second is None:
            return None
        entry = Judged(
            case=ours.case.id,
            other=other.answer.system,
            grader=model,
            grader_sha256=prompt,
            ours_sha256=key[3],
            other_sha256=key[4],
            ours_first=first,
            ours_second=second,
        )
        with path.open("a", encoding="utf-8") as file:
            file.write(entry.model_dump_json() + "\n")
        return entry

    return [entry for entry in await asyncio.gather(*(one(*pair) for pair in chosen)) if entry]


def _key(entry: Judged) -> tuple[str, str, str, str, str]:
    return (entry.case, entry.grader, entry.grader_sha256, entry.ours_sha256, entry.other_sha256)


async def _read(client: "AsyncAnthropic", sent: dict[str, Any]) -> Verdict | None:
    message = await client.messages.create(**sent)
    for block in message.content:
        if block.type == "tool_use":
            try:
                return Verdict.model_validate(block.input)
            except ValidationError:
                return None  # no verdict is not a tie: the pair is read again by the next run
    return None


def load_verdicts(path: Path = VERDICTS) -> list[Judged]:
    """What was judged so far."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Judged.model_validate_json(line) for line in lines if line.strip()]


def current(judged: Sequence[Judged], ours: Sequence[Result], other: Sequence[Result]) -> list[Judged]:
    """Those that were judged on the very briefs of these results, by the newest of the graders, with today's prompt."""
    now = {(a.case.id, _sha(_text(a)), _sha(_text(b))) for a, b in pairs(ours, other)}
    prompt = digest(GRADER, PAIR)
    fitting = [
        entry
        for entry in judged
        if entry.grader_sha256 == prompt and (entry.case, entry.ours_sha256, entry.other_sha256) in now
    ]
    return [entry for entry in fitting if entry.grader == fitting[-1].grader]


def _text(result: Result) -> str:
    return result.answer.brief.text if result.answer.brief else ""


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
