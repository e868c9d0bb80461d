"""Run folders filled by hand, for the tests of what is made from them."""

import itertools
import json
from pathlib import Path
from typing import Any

from factories import NOW, make_escalation

from agent.batch.run_folder import Known, Paid, Row, RunFolder
from schemas.escalation import Escalation, Usage

_places = itertools.count()
USED = Usage(calls=2, input_tokens=1_000, output_tokens=2_000, cache_read_tokens=30_000, cache_write_tokens=500)


def put(folder: RunFolder, row: Row, escalation: bytes | None = None, scan: int = 1) -> None:
    """A ticket as a run leaves it."""
    folder.enter(row.key, next(_places), Known(f"of {row.key}", NOW.isoformat(), "waiting"), scan)
    if row.state != "waiting":
        folder.finish(row, escalation)


def done(folder: RunFolder, key: str, result: Escalation | None = None, scan: int = 1, **fields: Any) -> Row:
    """A ticket with a result; its row says what the result says, apart from `fields`."""
    result = make_escalation() if result is None else result
    decision = result.decision
    values: dict[str, Any] = {
        "outcome": decision.outcome,
        "owner": decision.owner,
        "leadership": decision.leadership,
        "severity": decision.severity,
        "deadline": decision.deadline.isoformat() if decision.deadline else None,
        "brief_status": result.brief_status,
        "ticket_id": result.ticket.id,
        "title": result.ticket.subject,
        "backend": result.backend,
        "usage": result.usage,
    }
    row = Row(key, "done", **(values | fields))
    put(folder, row, result.model_dump_json().encode(), scan)
    return row


def answer(
    folder: RunFolder, request: str, usage: Usage, model: str = "claude-sonnet-5-5", paid: Paid = "live"
) -> None:
    """An answer that was paid for."""
    folder.keep_answer(request, json.dumps({"model": model, "content": []}).encode(), paid, usage)


def folder_of(path: Path) -> RunFolder:
    """A new run folder."""
    return RunFolder(path / "run")
