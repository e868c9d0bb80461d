"""A case as its page shows it: plain values for the templates."""

from typing import Any

from agent.web.cases import Case


def view(case: Case) -> dict[str, Any]:
    """What prompts/web/case.html.j2 and case_part.html.j2 show."""
    session = case.chat.session
    return {"case": case, "session": session, "result": session.result, "ticket": case.chat.ticket, "steps": case.steps}
