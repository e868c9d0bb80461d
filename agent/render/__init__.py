"""Results for people and programs: text, Markdown, JSON and HTML from the templates in `prompts/render/`.

Pure: the same result gives the same bytes. Everything that came from outside is made harmless where the templates
print it (`formats.py`, `sanitise.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from agent.errors import BadInput
from agent.render import words

if TYPE_CHECKING:  # the ledger's quick verbs render without any schema
    from datetime import datetime

    from schemas.brief import Brief
    from schemas.context import Context
    from schemas.decision import Decision
    from schemas.escalation import Escalation
    from schemas.facts import Facts
    from schemas.ticket import Ticket

Format = Literal["text", "markdown", "json", "html"]


def _values(result: Escalation) -> dict[str, Any]:
    from agent.render import report
    from agent.render.outline import outline

    zone = words.zone_of(result.context)
    decision, brief = result.decision, result.brief
    return {
        "glance": report.glance(decision, result.facts, zone),
        "asked": words.ASKED,
        "warnings": result.warnings,
        "others": report.others(result, zone),
        "brief": outline(brief, decision, result.ticket, result.context, decision.decided_at) if brief else None,
        "incomplete": result.brief_status == "incomplete",
        "findings": result.findings,
        "steps": report.steps(result, zone),
        "brief_questions": brief.questions if brief else (),
        "message": result.customer_message or (brief.customer_message if brief else ""),
        "provenance": words.provenance(result.provenance, result.usage),
        "nested": True,
    }


def page_values(result: Escalation) -> dict[str, Any]:
    """What the HTML report shows, as plain values for a template: the result's own, then ticket, facts and links."""
    from agent.render.page import beside

    values = _values(result)
    return values | beside(result, values["brief"])


def _text(name: str, values: dict[str, Any], *, width: int, colour: bool) -> str:
    from agent.render.formats import text_environment

    rule = "─" * (width or 72)
    return text_environment(width, colour).get_template(f"render/{name}.txt.j2").render(**values, rule=rule)


def _markdown(name: str, values: dict[str, Any]) -> str:
    from agent.render.formats import markdown_environment

    return markdown_environment().get_template(f"render/{name}.md.j2").render(**values)


def _unknown(fmt: str, known: str) -> BadInput:
    return BadInput(f"format {fmt!r}: expected {known}; choose one of them")


def render(result: Escalation, fmt: Format, *, colour: bool = False, width: int = 100) -> str:
    """The whole result. `width` in terminal columns and `colour` (ANSI) concern the text format; 0 does not wrap.

    Raises BadInput for a format that does not exist.
    """
    if fmt == "json":
        from agent.render.sanitise import json_text

        return json_text(result.model_dump_json(indent=2)) + "\n"
    if fmt == "html":
        from agent.render.page import page

        return page(result, _values(result))
    if fmt == "text":
        return _text("report", _values(result), width=width, colour=colour)
    if fmt == "markdown":
        return _markdown("report", _values(result))
    raise _unknown(fmt, "text, markdown, json or html")


def render_brief(
    brief: Brief, decision: Decision, ticket: Ticket, context: Context, now: datetime, fmt: Literal["text", "markdown"]
) -> str:
    """The brief alone, in the seed's layout, one line for each of its lines, so that `parse_brief` reads it back.

    `now` becomes the brief's date. Raises BadInput for a format other than text and markdown.
    """
    from agent.render.outline import outline

    values = {"brief": outline(brief, decision, ticket, context, now), "nested": False}
    if fmt == "text":
        return _text("brief", values, width=0, colour=False)
    if fmt == "markdown":
        return _markdown("brief", values)
    raise _unknown(fmt, "text or markdown")


def render_decision(
    decision: Decision, facts: Facts, fmt: Literal["text", "markdown", "json"], *, width: int = 100
) -> str:
    """The decision with its reasons, without a brief. JSON is the decision itself. `width` as for `render`.

    Raises BadInput for HTML, which needs the ticket that a decision does not carry.
    """
    from agent.render import report

    if fmt == "json":
        from agent.render.sanitise import json_text

        return json_text(decision.model_dump_json(indent=2)) + "\n"
    values = {"glance": report.glance(decision, facts), "asked": words.ASKED, "warnings": ()}
    if fmt == "text":
        return _text("glance", values, width=width, colour=False)
    if fmt == "markdown":
        return _markdown("glance", values)
    raise _unknown(fmt, "text, markdown or json")


def render_skeleton(decision: Decision, facts: Facts, ticket: Ticket, context: Context) -> str:
    """The brief's outline for this decision: what is known with its quotes, what the target needs, the limits.

    Plain text in the seed's layout; each [bracket] is to be replaced. Where nothing is escalated there is no brief
    to write, so the decision itself is printed: what to do or to ask instead.
    """
    if decision.outcome != "escalate":
        return render_decision(decision, facts, "text")
    from agent.render.skeleton import skeleton

    return _text("skeleton", {"brief": skeleton(decision, facts, ticket, context)}, width=0, colour=False)
