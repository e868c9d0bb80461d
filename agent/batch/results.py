"""What a run gave: one JSON line and one CSV row for each ticket, and a summary. All from the run folder, row by row.

CSV and summary are lists that are handed round, so of Security's tickets they give no title (need to know). JSON lines
are for programs and hold each result whole.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import nsmallest
from pathlib import Path
from typing import Any

from agent.backends.base import tokens, total
from agent.batch.prices import NOTHING, Cost, Prices
from agent.batch.run_folder import Paid, Results, Row
from agent.commands.output import writing
from agent.render.sanitise import Trusted, cell, json_text, one_line, visible
from schemas.base import Model
from schemas.escalation import Usage
from schemas.vocabulary import OWNER_LABEL, SEVERITY_RANK

WITHHELD = "(withheld: Security)"
MOST_WORST = 10  # tickets that the summary names
BYTE_ORDER_MARK = "\ufeff"
COLUMNS = (
    "key",
    "ticket_id",
    "title",
    "state",
    "outcome",
    "owner",
    "leadership",
    "severity",
    "deadline",
    "brief_status",
    "backend",
    "calls",
    "tokens",
    "replaced",
    "error",
)
_NEVER = datetime.max.replace(tzinfo=UTC)


class Listed(Model):
    """A ticket in the summary."""

    key: str
    ticket_id: str | None
    title: str
    severity: str
    owner: str
    deadline: datetime | None


class Summary(Model):
    """A run in figures. `matrix`: escalated tickets by owner, then severity. `usage`: of all that this folder paid.

    `source`: its name without its folder. `unmet`: tickets of the source that this run ended before. `cut_off`: calls
    that a person did not wait for; those that had arrived are paid, and in none of these figures.
    `cost`: USD; null: unknown. `cost_words` says also of what it is unknown. `fallbacks`: results of the offline rules
    where a model had been asked for. `redacted`: tickets in which something was replaced before they were read.
    """

    source: str
    tickets: int
    unmet: int
    states: dict[str, int]
    outcomes: dict[str, int]
    leadership: int
    matrix: dict[str, dict[str, int]]
    severities: dict[str, int]
    briefs: dict[str, int]
    fallbacks: int
    redacted: int
    model: str | None
    usage: dict[Paid, Usage]
    cut_off: int
    cost: str | None
    cost_at_least: bool
    cost_words: str
    priced_on: str
    worst: tuple[Listed, ...]
    worst_more: int


def write_jsonl(folder: Results, scan: int, path: Path, flag: str = "--out") -> int:
    """One line for each ticket: key, state, error, and the result as `run --format json` gives it or null.

    Returns their number. Raises BadInput where the file, which `flag` named, cannot be written.
    """
    written = 0
    with writing(path, flag) as file:
        for row in folder.rows(scan):
            result = folder.result(row.key)
            head = json.dumps({"key": row.key, "state": row.state, "error": row.error}, ensure_ascii=False)
            body = "null" if result is None else _one_line_json(result)
            line = json_text(f'{head[:-1]}, "escalation": {body}}}\n')
            file.write(line.encode("utf-8", "backslashreplace"))  # a lone surrogate becomes an escape of JSON
            written += 1
    return written


def _one_line_json(result: bytes) -> str:
    text = result.decode("utf-8", "surrogatepass")
    return json.dumps(json.loads(text), ensure_ascii=False) if "\n" in text else text


def write_csv(folder: Results, scan: int, path: Path, flag: str = "--out", *, delimiter: str = ",") -> int:
    """One row for each ticket (RFC 4180, UTF-8) under a row of names, `COLUMNS`. Returns the number of tickets.

    With a byte order mark, without which a spreadsheet takes the file for the machine's old encoding. A cell that
    would run as a formula begins with an apostrophe. `delimiter`: between two cells. Raises BadInput where the file
    cannot be written.
    """
    written = 0
    with writing(path, flag) as file:
        text = io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="", write_through=True)
        text.write(BYTE_ORDER_MARK)
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for row in folder.rows(scan):
            writer.writerow([cell(value) for value in _cells(row)])
            written += 1
        text.flush()
        text.detach()
    return written


def _cells(row: Row) -> Iterator[str | int]:
    yield visible(row.key)
    yield visible(row.ticket_id or "")
    yield one_line(title_of(row))
    yield row.state
    yield row.outcome or ""
    yield owner_of(row)
    yield ("yes" if row.leadership else "no") if row.outcome else ""
    yield row.severity or ""
    yield row.deadline or ""
    yield row.brief_status or ""
    yield row.backend or ""
    yield row.usage.calls
    yield tokens(row.usage)
    yield one_line(row.redacted or "")
    yield one_line(row.error or "")


def title_of(row: Row) -> str:
    """What the ticket is about, except where only Security may know."""
    return WITHHELD if row.owner == "security" else row.title or ""


def owner_of(row: Row) -> str:
    """The team's name, or "" where nobody but support has the ticket."""
    return OWNER_LABEL.get(row.owner or "", row.owner or "")


def urgency(row: Row) -> tuple[int, datetime]:
    """For sorting: the worst severity first, then the earliest deadline."""
    return -SEVERITY_RANK.get(row.severity, 0), deadline_of(row) or _NEVER


def deadline_of(row: Row) -> datetime | None:
    """The deadline as a time with its zone."""
    if row.deadline is None:
        return None
    moment = datetime.fromisoformat(row.deadline)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def paid_for(folder: Results, prices: Prices) -> Cost:
    """What all answers of the folder cost, at the prices of the table's day: each by its own model and length."""
    cost = NOTHING
    for paid, model, usage in folder.paid():
        cost += prices.cost(model or "a model that did not say its name", usage, paid, one_request=True)
    return cost


def summary(
    folder: Results, scan: int, prices: Prices, model: str | None = None, *, source: str = "", unmet: int = 0
) -> Summary:
    """The run in figures. `model`: the one that was asked for; None: none was. For the others see `Summary`."""
    outcomes, briefs, severities = Counter[str](), Counter[str](), Counter[str]()
    matrix: dict[str, Counter[str]] = {owner: Counter() for owner in OWNER_LABEL}
    leadership = fallbacks = redacted = 0

    def urgent() -> Iterator[Row]:
        nonlocal leadership, fallbacks, redacted
        for row in folder.rows(scan):
            redacted += bool(row.redacted)
            if row.outcome is None:
                continue
            outcomes[row.outcome] += 1
            leadership += row.leadership
            fallbacks += model is not None and row.backend == "offline"
            if row.brief_status:
                briefs[row.brief_status] += 1
            if row.outcome == "escalate":
                severities[row.severity or "none"] += 1
                matrix.setdefault(row.owner or "none", Counter())[row.severity or "none"] += 1
                if row.severity in ("critical", "high"):
                    yield row

    worst = nsmallest(MOST_WORST, urgent(), key=urgency)
    states = {name: count for name, count in folder.count(scan).items() if count}
    cost = paid_for(folder, prices)
    return Summary(
        source=source,
        tickets=sum(states.values()),
        unmet=unmet,
        states=dict(states),
        outcomes=dict(outcomes),
        leadership=leadership,
        matrix={owner: dict(row) for owner, row in matrix.items() if row},
        severities=dict(severities),
        briefs=dict(briefs),
        fallbacks=fallbacks,
        redacted=redacted,
        model=model,
        usage=folder.spent(),
        cut_off=folder.cut_off(),
        cost=None if cost.usd is None else f"{cost.usd:f}",
        cost_at_least=cost.at_least,
        cost_words=cost.words(),
        priced_on=prices.on.isoformat(),
        worst=tuple(_listed(row) for row in worst),
        worst_more=severities["critical"] + severities["high"] - len(worst),
    )


def _listed(row: Row) -> Listed:
    return Listed(
        key=row.key,
        ticket_id=row.ticket_id,
        title=title_of(row),
        severity=row.severity or "",
        owner=owner_of(row),
        deadline=deadline_of(row),
    )


def as_json(figures: Summary) -> str:
    """The summary for programs."""
    return json_text(figures.model_dump_json(indent=2)) + "\n"


def as_text(figures: Summary, *, width: int = 100, colour: bool = False) -> str:
    """The summary for a terminal of `width` columns; 0 does not wrap."""
    from agent.render.formats import text_environment

    env = text_environment(width, colour)
    return env.get_template("batch/summary.txt.j2").render(**shown(figures), table=[*_table(figures)])


def _table(figures: Summary) -> Iterator[Trusted]:
    levels = _levels(figures)
    yield Trusted("  " + " " * 14 + "".join(level.capitalize().rjust(10) for level in levels))
    for owner, row in figures.matrix.items():
        numbers = "".join(f"{row.get(level, 0):,}".rjust(10) for level in levels)
        yield Trusted("  " + one_line(OWNER_LABEL.get(owner, owner)).ljust(14) + numbers)


def _levels(figures: Summary) -> list[str]:
    return [level for level in ("critical", "high", "medium", "none") if figures.severities.get(level)]


def _cut_off(calls: int) -> str:
    if not calls:
        return ""
    if calls == 1:
        return "1 call was cut off by Ctrl-C: paid if it arrived, and not counted here"
    return f"{calls:,} calls were cut off by Ctrl-C: paid if they arrived, and not counted here"


def _unread(figures: Summary) -> str:
    """The warning that each of these results carries, once for all; "" where a model was asked."""
    if figures.model is not None or not figures.outcomes:
        return ""
    return (
        "No model read these tickets: facts were found by word rules, and a brief is a filled-in template, which may "
        "count as valid all the same. Read each against its ticket before you send it on."
    )


def shown(figures: Summary) -> dict[str, Any]:
    """What text and page say of a summary, in words."""
    from agent.render.words import when

    spent = total(*figures.usage.values())
    ways = {"live": "at once", "batch": "by batches"}
    return {
        "figures": figures,
        "levels": _levels(figures),
        "owner_label": OWNER_LABEL,
        "spent": spent,
        "cut_off": _cut_off(figures.cut_off),
        "calls": {ways[paid]: usage.calls for paid, usage in figures.usage.items()},
        "prompt": spent.input_tokens + spent.cache_read_tokens + spent.cache_write_tokens,
        "unread": _unread(figures),
        "when": lambda moment: when(moment) if moment else "no deadline",
    }
