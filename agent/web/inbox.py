"""Routes for what is escalated: the ledger's lists, one escalation with its clocks and timeline, and its steps."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.web.pages import page


async def inbox(request: Request) -> Response:
    """What is open, the most urgent first."""
    return page(request, "inbox.html.j2")


ROUTES = [Route("/escalations", inbox)]
