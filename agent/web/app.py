"""The application: routes behind the guard, and one line for whatever goes wrong."""

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from agent.errors import EscalationError, Refused
from agent.web import copies, inbox, statistics, tickets
from agent.web.guard import Guard, address_of
from agent.web.pages import KINDS, files, page, part_asked_for, site_of

if TYPE_CHECKING:
    from agent.web.site import Site

YEAR = 31_536_000  # seconds


def application(site: "Site") -> Starlette:
    """The page for this site."""
    app = Starlette(
        routes=[
            Route("/static/{name}", static),
            Route("/enter", enter, methods=["GET", "POST"]),
            *tickets.ROUTES,
            *copies.ROUTES,
            *inbox.ROUTES,
            *statistics.ROUTES,
        ],
        middleware=[Middleware(Guard, door=site.door), Middleware(GZipMiddleware, minimum_size=1000)],
        exception_handlers={HTTPException: _told, EscalationError: _told},
    )
    app.state.site = site
    return app


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
    form = await request.form(max_files=0, max_fields=5)
    value = door.enter(str(form.get("password", "")), address_of(request.scope))
    if value is None:
        return page(
            request, "enter.html.j2", 403, trouble="not the password, or too soon after another try: wait a second"
        )
    return door.welcome(RedirectResponse("/", 303), value)


async def _told(request: Request, error: Exception) -> Response:
    """What was not done, in one line: within the page where its script asks, else as a page."""
    status, line = 500, "this program failed"
    if isinstance(error, HTTPException):
        status, line = error.status_code, error.detail
    elif isinstance(error, EscalationError):
        status, line = 409 if isinstance(error, Refused) else 422, str(error)
    if request.scope.get("state", {}).get("visitor") is None:
        return PlainTextResponse(f"{line}\n", status)
    return page(request, "trouble_part.html.j2" if part_asked_for(request) else "trouble.html.j2", status, trouble=line)
