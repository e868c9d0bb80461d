"""The overview of a run: one HTML file without scripts, which a browser opens as it is.

What is escalated comes first, then what must be asked, then what failed; the rest are figures. However large the run,
the page holds a few hundred tickets and says how many it leaves out. Of Security's tickets it gives no contents.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from pathlib import Path

from agent.batch.results import Summary, deadline_of, owner_of, shown, title_of, urgency
from agent.batch.run_folder import Results, Row
from agent.commands.output import writing
from agent.render import words
from agent.render.report import Reason, glance, masked, secrets_of
from schemas.decision import Question
from schemas.escalation import Escalation

MOST_ESCALATED, MOST_ASKED, MOST_FAILED = 500, 200, 200
LONGEST_MESSAGE = 4_000  # characters of a message to the customer


@dataclass(frozen=True, slots=True)
class Details:
    """What unfolds below an escalated ticket, or stands below one to ask about."""

    headline: str = ""
    clock: tuple[tuple[str, str], ...] = ()
    why: tuple[Reason, ...] = ()
    also: int = 0
    questions: tuple[Question, ...] = ()
    message: str = ""
    incomplete: bool = False
    offline: bool = False
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A ticket on the page."""

    key: str
    ticket_id: str
    title: str
    severity: str
    owner: str
    leadership: bool
    deadline: str
    error: str
    details: Details


def write_overview(
    folder: Results,
    scan: int,
    figures: Summary,
    path: Path,
    now: datetime,
    flag: str = "--out",
    *,
    restored: int | None = None,
) -> None:
    """Write the page, ticket by ticket. `now`: when it was made. `restored`: results that hold their originals again.

    Raises BadInput where the file cannot be written.
    """
    from markupsafe import Markup

    from agent.render.formats import html_environment

    env = html_environment()
    style = env.get_template("batch/overview.css.j2").render().strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    escalated, asked, failed = _chosen(folder, scan)
    outcomes, states = figures.outcomes, figures.states
    pieces = env.get_template("batch/overview.html.j2").generate(
        **shown(figures),
        style=Markup(style),  # our own file, rendered without values
        style_digest=digest,
        now=words.when(now),
        restored=restored,
        asked_of=words.ASKED,
        escalated=_entries(folder, escalated),
        asked=_entries(folder, asked),
        failed=_entries(folder, failed),
        escalated_all=outcomes.get("escalate", 0),
        asked_all=outcomes.get("needs_info", 0),
        failed_all=states.get("failed", 0) + states.get("unreadable", 0),
        escalated_more=outcomes.get("escalate", 0) - len(escalated),
        asked_more=outcomes.get("needs_info", 0) - len(asked),
        failed_more=states.get("failed", 0) + states.get("unreadable", 0) - len(failed),
    )
    with writing(path, flag) as file:
        for piece in pieces:
            file.write(piece.encode("utf-8", "backslashreplace"))


def _chosen(folder: Results, scan: int) -> tuple[list[Row], list[Row], list[Row]]:
    """The most urgent escalations, and the first of the others. Nothing else is kept in memory."""
    asked: list[Row] = []
    failed: list[Row] = []

    def escalated() -> Iterator[Row]:
        for row in folder.rows(scan):
            if row.outcome == "escalate":
                yield row
            elif row.outcome == "needs_info" and len(asked) < MOST_ASKED:
                asked.append(row)
            elif row.state in ("failed", "unreadable") and len(failed) < MOST_FAILED:
                failed.append(row)

    return nsmallest(MOST_ESCALATED, escalated(), key=urgency), asked, failed


def _entries(folder: Results, rows: list[Row]) -> Iterator[Entry]:
    for row in rows:
        deadline = deadline_of(row)
        yield Entry(
            key=row.key,
            ticket_id=row.ticket_id or "",
            title=title_of(row),
            severity=row.severity or "",
            owner=owner_of(row),
            leadership=row.leadership and row.owner != "leadership",
            deadline=words.when(deadline) if deadline else "",
            error=(row.error or "") if row.outcome else f"{row.state}: {row.error or 'no reason was kept'}",
            details=_details(folder.result(row.key)),
        )


def _details(packed: bytes | None) -> Details:
    if packed is None:
        return Details()
    result = Escalation.model_validate_json(packed)
    zone = words.zone_of(result.context)
    seen = glance(result.decision, result.facts, zone)
    if seen.need_to_know:
        return Details(clock=seen.clock[:2], incomplete=result.brief_status == "incomplete", withheld=True)
    secrets = secrets_of(result.facts)
    message = masked(result.customer_message or (result.brief.customer_message if result.brief else ""), secrets)
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]} … [{len(message) - LONGEST_MESSAGE:,} more characters]"
    return Details(
        headline=masked(result.brief.headline, secrets) if result.brief else "",
        clock=seen.clock,
        why=seen.why,
        also=len(seen.also),
        questions=seen.questions,
        message=message,
        incomplete=result.brief_status == "incomplete",
        offline=result.backend == "offline",
    )
