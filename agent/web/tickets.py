"""Routes for the tickets that are talked about: paste one, follow its turns as they happen, say more, put it away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.errors import BadInput
from agent.web.cases import Case
from agent.web.guard import MOST_BODY
from agent.web.pages import page, part_asked_for, rendered, site_of, visitor_of
from agent.web.site import name_of
from agent.web.talk import turn_of
from agent.web.view import view

SOON = 0.4
"""Seconds that an answer waits for its turn: without a model it is done by then, and nothing flickers."""
LEAST_PAUSE = 0.1
"""Seconds between two reports of progress: a model writes faster than anybody reads."""
TICK = 1.0
"""Seconds after which a stream without news says how long it has been."""
TIERS = ("L1", "L2", "manager")


async def start(request: Request) -> Response:
    """The first view: a place to paste or drop a ticket."""
    return page(request, "start.html.j2", cases=site_of(request).cases.newest(), text="", tier="")


async def begin(request: Request) -> Response:
    """A ticket comes in. What is no ticket is said, and the words stay in their box."""
    site, visitor = site_of(request), visitor_of(request)
    form = await _form(request)
    text, tier, file = str(form.get("text", "")), str(form.get("tier", "")), form.get("file")
    try:
        if tier and tier not in TIERS:
            raise BadInput(f"tier {tier[:40]!r}: expected one of {', '.join(TIERS)}")
        source, name = await _source(text, file)
        case = site.begin(visitor.by, tier or None)
        await case.read(source, name)
        site.cases.add(case)
    except BadInput as error:
        cases = site.cases.newest()
        return page(request, "start.html.j2", 422, cases=cases, text=text, tier=tier, trouble=str(error))
    await _soon(case.begin_turn(lambda chat: chat.again(), visitor.by))
    return RedirectResponse(f"/cases/{case.id}", 303)


async def show(request: Request) -> Response:
    """A case: the whole page, or its part if that is newer than what the browser has."""
    case = _case(request)
    if not part_asked_for(request):
        return page(request, "case.html.j2", **view(case))
    asked = request.query_params
    following = asked.get("following") == "1"  # its stream brings what happens
    if asked.get("seen") == str(case.version) and following == bool(case.running):
        return Response(status_code=204)
    return page(request, "case_part.html.j2", **view(case))


async def say(request: Request) -> Response:
    """One contribution. It is done in its turn; the answer is the case as it stands then, or as it is worked on.

    Raises BadInput for one that cannot be; the page shows the line, and the words stay in their box.
    """
    case, visitor = _case(request), visitor_of(request)
    form = await _form(request)
    work, said = turn_of(form, case)
    await _soon(case.begin_turn(work, visitor.by, said))
    return _done(request, case)


async def stop(request: Request) -> Response:
    """End the turn that runs."""
    case = _case(request)
    case.stop()
    return _done(request, case)


async def put_away(request: Request) -> Response:
    """Forget a case."""
    site_of(request).cases.put_away(_case(request).id)
    return RedirectResponse("/", 303)


async def events(request: Request) -> Response:
    """What happens in the turn that runs, as server-sent events.

    `steps`: HTML to put in, at least once a second; `step`: only when another one begins, for a screen reader; at the
    end `settled`.
    """
    case = _case(request)
    seen = request.query_params.get("seen", "")
    return StreamingResponse(
        _events(request, case, int(seen) if seen.isascii() and seen.isdigit() else -1),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(request: Request, case: Case, seen: int) -> AsyncIterator[str]:
    changes, told = case.changes(seen), ""
    while True:
        coming = asyncio.ensure_future(anext(changes))
        while not (await asyncio.wait({coming}, timeout=TICK))[0]:
            yield _steps(request, case)
        try:
            coming.result()
        except StopAsyncIteration:
            break
        yield _steps(request, case)
        step = rendered(request, "step.html.j2", steps=case.steps, stopping=case.stopping)
        if step != told:
            told = step
            yield _event("step", step)
        await asyncio.sleep(LEAST_PAUSE)
    yield _event("settled", str(case.version))


def _steps(request: Request, case: Case) -> str:
    return _event("steps", rendered(request, "steps.html.j2", steps=case.steps, stopping=case.stopping))


def _event(name: str, data: str) -> str:
    """One server-sent event. Whatever ends a line in it ends a line of the data, and never the event."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


async def _soon(task: "asyncio.Task[None]") -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), SOON)


def _done(request: Request, case: Case) -> Response:
    if part_asked_for(request):
        return page(request, "case_part.html.j2", **view(case))
    return RedirectResponse(f"/cases/{case.id}", 303)


def _case(request: Request) -> Case:
    case = site_of(request).cases.get(request.path_params["case"])
    if case is None:
        raise HTTPException(404, "this ticket is not open here: it was put away, or the program was started anew")
    return case


async def _form(request: Request) -> FormData:
    return await request.form(max_files=1, max_fields=200, max_part_size=MOST_BODY)


async def _source(text: str, file: object) -> tuple[bytes | str, str | None]:
    """What was dropped, else what was pasted."""
    if isinstance(file, UploadFile) and file.filename:
        if text.strip():
            raise BadInput(f"a file {file.filename[:60]!r} and pasted text: expected one of them, take one away")
        return await file.read(), file.filename
    return text, None


async def rename(request: Request) -> Response:
    """Under which name this browser writes."""
    form = await _form(request)
    try:
        visitor_of(request).by = name_of(str(form.get("by", "")))
    except BadInput as error:
        return page(request, "trouble.html.j2", 422, trouble=str(error))
    back = str(form.get("back", "/"))
    return RedirectResponse(back if back.startswith("/") and not back.startswith("//") else "/", 303)


ROUTES = [
    Route("/", start),
    Route("/name", rename, methods=["POST"]),
    Route("/cases", begin, methods=["POST"]),
    Route("/cases/{case}", show),
    Route("/cases/{case}/events", events),
    Route("/cases/{case}/say", say, methods=["POST"]),
    Route("/cases/{case}/stop", stop, methods=["POST"]),
    Route("/cases/{case}/away", put_away, methods=["POST"]),
]
