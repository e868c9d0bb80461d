"""What leaves the page in a person's hand: text to copy in three forms, and files to download."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.chat.letters import leaving, standing
from agent.render import Format, page_values, render, render_brief, render_decision, words
from agent.web.pages import case_of, site_of
from agent.web.pages import download as downloaded
from agent.web.site import Site
from schemas.chat import Session
from schemas.escalation import Escalation

if TYPE_CHECKING:
    from jinja2 import Environment

COPIES = ("brief", "decision", "message")
FORMS = {"txt": "Plain text", "md": "Markdown", "slack": "For Slack"}
FILES = {
    "report.html": "HTML",
    "report.md": "Markdown",
    "report.json": "JSON",
    "times.ics": "Calendar",
}
KINDS = {"html": "text/html", "md": "text/markdown", "json": "application/json", "ics": "text/calendar"}
RENDERED: dict[str, Format] = {"html": "html", "md": "markdown", "json": "json"}
LONGEST_NAME = 60
"""Characters of a ticket's id in a file name."""


async def copy(request: Request) -> Response:
    """The brief, the decision or the message to the customer, as text."""
    session, what = case_of(request).chat.session, request.path_params["what"]
    form, result = request.path_params["form"], session.result
    if what not in COPIES or form not in FORMS:
        raise HTTPException(404, f"no such copy: expected {', '.join(COPIES)} as {', '.join(FORMS)}")
    if result is None:
        raise HTTPException(404, "nothing is decided yet: wait for it, then copy")
    if what == "brief" and result.brief is None:
        raise HTTPException(404, f"there is no brief: {words.outcome(result.decision).lower()}")
    text = await anyio.to_thread.run_sync(_text, what, session, result, form)
    return PlainTextResponse(text.encode("utf-8", "backslashreplace"))


async def download(request: Request) -> Response:
    """The result as a file, or its times for a calendar."""
    result, name = leaving(case_of(request).chat.session), request.path_params["name"]
    if name not in FILES:
        raise HTTPException(404, f"no such file: expected one of {', '.join(FILES)}")
    if result is None:
        raise HTTPException(404, "nothing is decided yet: wait for it, then download")
    suffix = name.rpartition(".")[2]
    text = await anyio.to_thread.run_sync(_file, site_of(request), result, suffix)
    return downloaded(text, KINDS[suffix], f"{file_name(result)}.{suffix}")


def file_name(result: Escalation) -> str:
    """A name for a file that every system takes, by the ledger's id or the ticket's; without the suffix."""
    named = result.ledger_id or result.context.ticket_id or result.ticket.id or ""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", named)[:LONGEST_NAME].strip("-.")
    return f"escalation-{kept or 'ticket'}"


def _text(what: str, session: Session, result: Escalation, form: str) -> str:
    if what == "message":
        return _message(standing(session), form)
    if form == "slack":
        return _slack(what, **page_values(result))
    style: Literal["text", "markdown"] = "text" if form == "txt" else "markdown"
    decision = result.decision
    if what == "brief" and result.brief is not None:
        return render_brief(result.brief, decision, result.ticket, result.context, decision.decided_at, style)
    return render_decision(decision, result.facts, style, width=0)


def _message(letter: str, form: str) -> str:
    from agent.render.formats import markdown_environment

    if form == "slack":
        return _slack("message", lines=letter.splitlines())
    if form == "md":
        return markdown_environment().from_string("{{ letter|block('') }}").render(letter=letter).strip() + "\n"
    return letter.strip() + "\n"


def _slack(name: str, **values: Any) -> str:
    return _slack_environment().get_template(f"web/{name}.slack.j2").render(**values).strip() + "\n"


@lru_cache(maxsize=1)
def _slack_environment() -> "Environment":
    """Everything that a template prints is one line in which nothing of the source can ping, link or format."""
    import prompts
    from agent.ledger.message import pasted_line

    return prompts.environment(autoescape=False).overlay(finalize=lambda value: pasted_line(str(value)))


def _file(site: Site, result: Escalation, suffix: str) -> str:
    return _times(site, result) if suffix == "ics" else render(result, RENDERED[suffix])


def _times(site: Site, result: Escalation) -> str:
    """The ledger's own times once it follows the escalation, else those of the decision."""
    from agent.ledger.feed import calendar, planned

    if result.ledger_id is not None and site.has_ledger():
        return calendar(site.open_ledger().database, site.clock(), escalation=result.ledger_id)
    # Not its subject: the name stands in the calendar of a Security case, too.
    return planned(result, result.context.ticket_id or result.ticket.id or "A ticket")


ROUTES = [
    Route("/cases/{case}/copy/{what}.{form}", copy),
    Route("/cases/{case}/download/{name}", download),
]
