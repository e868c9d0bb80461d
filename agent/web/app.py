"""The application: routes behind the guard, and one line for whatever goes wrong."""

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agent.errors import EscalationError, Refused
from agent.tools.logs import where
from agent.web import copies, inbox, statistics, tickets
from agent.web.forms import form_of
from agent.web.guard import Guard, address_of, by_tls
from agent.web.pages import KINDS, files, page, part_asked_for, site_of

if TYPE_CHECKING:
    from agent.web.site import Site

YEAR = 31_536_000  # seconds


def application(site: "Site") -> ASGIApp:
    """The page for this site. The guard is outermost, so that its headers are on what fails, too."""
    app = Starlette(
        routes=[
            Route("/static/{name}", static),
            Route("/enter", enter, methods=["GET", "POST"]),
            *tickets.ROUTES,
            *copies.ROUTES,
            *inbox.ROUTES,
            *statistics.ROUTES,
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=1000)],
        exception_handlers={
            HTTPException: _told,
            EscalationError: _told,
            ClientDisconnect: _gone,
            Exception: _told,  # one line for the browser; the server logs another one, see `agent.tools.logs`
        },
    )
    app.state.site = site
    return Guard(app, site.door)


async def static(request: Request) -> Response:
    """A file of the program."""
    name = request.path_params["name"]
    raw = files().get(name)
    if raw is None:
        raise HTTPException(404, "no such file")
    kept = {"Cache-Control": f"private, max-age={YEAR}, immutable"} if request.query_params.get("v") else None
    return Response(raw, media_type=KINDS[f".{name.rpartition('.')[2]}"], headers=kept)


async def enter(request: Request) -> Response:
    """The password, where this is no page for one person at this machine."""
    door = site_of(request).door
    if door.password is None:
        return RedirectResponse("/", 303)
    if request.method == "GET":
        return page(request, "enter.html.j2")
    form = await form_of(request)
    value = door.enter(str(form.get("password", "")), address_of(request.scope))
    if value is None:
        return page(
            request, "enter.html.j2", 403, trouble="not the password, or too soon after another try: wait a second"
        )
    return door.welcome(RedirectResponse("/", 303), value, secure=by_tls(request.headers))


async def _told(request: Request, error: Exception) -> Response:
    """What was not done, in one line: within the page where its script asks, else as a page."""
    status, line = 500, f"this program failed ({where(error)}): what was written before is kept; try again"
    if isinstance(error, HTTPException):
        status, line = error.status_code, error.detail
    elif isinstance(error, EscalationError):
        status, line = 409 if isinstance(error, Refused) else 422, str(error)
    if request.scope.get("state", {}).get("visitor") is None:
        return PlainTextResponse(f"{line}\n", status)
    return page(request, "trouble_part.html.j2" if part_asked_for(request) else "trouble.html.j2", status, trouble=line)


async def _gone(_: Request, __: Exception) -> Response:
    """The browser went while it was sending. Nobody reads this."""
    return PlainTextResponse("not all of the request came\n", 400)
