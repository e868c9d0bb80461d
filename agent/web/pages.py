"""What a browser is sent: templates of prompts/web/, filled. Ticket text passes through autoescape and nothing else."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from agent.web.cases import Case
from agent.web.guard import SAFE, Visitor
from agent.web.site import Site

STATIC = Path(__file__).parent / "static"
STYLE = "style.css"
SHEETS = ("render/report.css.j2", "web/base.css.j2", "web/case.css.j2", "web/inbox.css.j2", "web/talk.css.j2")
"""The one style sheet: the report's, so that both look alike, and what the page adds."""
STATISTICS = ("statistics.css", "ledger/stats.css.j2")
"""The style of the ledger's figures, which only their page loads: its rules are for whole tables and lists."""
_ABOVE = re.compile(r"/(?:cases|escalations)/[^/]+")
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@lru_cache(maxsize=1)
def files() -> dict[str, bytes]:
    """What the page loads besides itself, by name. All of it comes with the program."""
    from agent.render.formats import html_environment

    env = html_environment()
    found = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in KINDS}
    found[STYLE] = "".join(env.get_template(sheet).render() for sheet in SHEETS).encode()
    found[STATISTICS[0]] = env.get_template(STATISTICS[1]).render().encode()
    return found


@lru_cache(maxsize=1)
def addresses() -> dict[str, str]:
    """The address of each file. It changes with the content, so a browser may keep what it has."""
    return {name: f"/static/{name}?v={hashlib.sha256(raw).hexdigest()[:12]}" for name, raw in files().items()}


def site_of(request: Request) -> Site:
    """What all requests share."""
    site: Site = request.app.state.site
    return site


def visitor_of(request: Request) -> Visitor:
    """Who asks. The guard let nobody else through."""
    visitor: Visitor = request.scope["state"]["visitor"]
    return visitor


def case_of(request: Request) -> Case:
    """The ticket that the address names. Raises HTTPException where it is not open here."""
    case = site_of(request).cases.get(request.path_params["case"])
    if case is None:
        raise HTTPException(404, "this ticket is not open here: it was put away, or the program was started anew")
    return case


def download(text: str, kind: str, name: str) -> Response:
    """A file to keep. `name`: letters, digits, dots, dashes and underscores only."""
    raw = text.encode("utf-8", "backslashreplace")
    return Response(raw, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page, or a part of one: the template `web/NAME`. `trouble`: one line that says what was not done."""
    return HTMLResponse(rendered(request, name, **values), status)


def rendered(request: Request, name: str, **values: Any) -> str:
    """The template as text."""
    from agent.render.formats import html_environment

    site, visitor = site_of(request), request.scope["state"].get("visitor")
    shared = {
        "files": addresses(),
        "by": visitor.by if visitor else "",
        "backend": site.backend.name,
        "model": site.backend.model or "",
        "level": site.level,
        "keeps_ledger": site.keeps_ledger,
        "here": _here(request),
        "trouble": "",
    }
    return html_environment().get_template(f"web/{name}").render(**(shared | values))


def _here(request: Request) -> str:
    """The page that one is on. What a form was sent to is none; it stands below its page."""
    path: str = request.scope["path"]
    if request.method in SAFE:
        return path
    found = _ABOVE.match(path)
    return found[0] if found else "/"


def part_asked_for(request: Request) -> bool:
    """Whether the page's own script asks, for a part to put in; else a browser asks for a whole page."""
    return request.headers.get("hx-request") == "true"
