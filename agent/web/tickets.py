"""Routes for the tickets that are talked about: paste one, follow its turns as they happen, say more, put it away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.chat.heard import brief_of
from agent.errors import BadInput, Refused
from agent.readers import MAX_TEXT
from agent.web.cases import Case, Given
from agent.web.editing import Merged, check, id_of, merge
from agent.web.forms import MOST_FIELDS, form_of, number_in
from agent.web.guard import MOST_BODY
from agent.web.pages import case_of, page, part_asked_for, rendered, site_of, visitor_of
from agent.web.site import name_of
from agent.web.talk import turn_of
from agent.web.view import view
from schemas.escalation import Escalation

SOON = 0.4
"""Seconds that an answer waits for its turn: without a model it is done by then, and nothing flickers."""
LEAST_PAUSE = 0.1
"""Seconds between two reports of progress: a model writes faster than anybody reads."""
TICK = 1.0
"""Seconds after which a stream without news says how long it has been."""
MOST_LINES = 2000
"""Fields of a brief's form: two for each line, far above any brief."""
LONGEST_BRIEF = 400_000
"""Characters of such a form: each line as it was and as it is."""
TIERS = ("L1", "L2", "manager")


async def start(request: Request) -> Response:
    """The first view: a place to paste or drop a ticket."""
    return await _start(request)


async def begin(request: Request) -> Response:
    """A ticket comes in. What is no ticket is said, and the words stay in their box."""
    site, visitor = site_of(request), visitor_of(request)
    form = await request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_BODY)
    text, tier, file = _words(form, "text"), _words(form, "tier"), form.get("file")
    try:
        if tier and tier not in TIERS:
            raise BadInput(f"tier {tier[:40]!r}: expected one of {', '.join(TIERS)}")
        source, name = await _source(text, file)
        case = site.begin(visitor.by, tier or None)
        await case.read(source, name)
        site.cases.add(case)
    except BadInput as error:
        if part_asked_for(request):
            raise
        return await _start(request, 422, text=text, tier=tier, trouble=str(error))
    finally:
        await form.close()
    await _soon(case.begin_turn(lambda chat: chat.again(), visitor.by))
    if part_asked_for(request):
        return Response(status_code=204, headers={"HX-Redirect": f"/cases/{case.id}"})
    return RedirectResponse(f"/cases/{case.id}", 303)


async def _start(request: Request, status: int = 200, **values: str) -> Response:
    site = site_of(request)
    kept = await anyio.to_thread.run_sync(site.kept_chats)
    known = {"cases": site.cases.newest(), "kept": kept, "keeps_chats": site.keeps_chats, "text": "", "tier": ""}
    return page(request, "start.html.j2", status, **(known | values))


async def resume(request: Request) -> Response:
    """Go on with a chat that was kept."""
    form = await form_of(request)
    case = await site_of(request).resume(visitor_of(request).by, str(form.get("name", "")))
    return RedirectResponse(f"/cases/{case.id}", 303)


async def show(request: Request) -> Response:
    """A case: the whole page, or its part if that is newer than what the browser has."""
    case = case_of(request)
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
    case, visitor = case_of(request), visitor_of(request)
    form = await form_of(request, longest=MAX_TEXT)
    try:
        work, given = turn_of(form, case)
    except BadInput as error:
        if part_asked_for(request):
            raise
        return page(request, "case.html.j2", 422, **view(case), trouble=str(error), typed=str(form.get("words", "")))
    await _soon(case.begin_turn(work, visitor.by, given))
    return _done(request, case)


async def check_brief(request: Request) -> Response:
    """What would be held against the brief with the lines of the form. Nothing is changed."""
    _, result, merged, _ = await _edited(request)
    held = await anyio.to_thread.run_sync(check, result, merged)
    return page(request, "brief_editor_check.html.j2", held=held, merged=merged, id_of=id_of)


async def save_brief(request: Request) -> Response:
    """All lines that were changed, as one step. Raises BadInput or Refused; then nothing is changed."""
    case, result, merged, given = await _edited(request)
    if merged.conflict:
        raise Refused(merged.conflict)
    if not merged.edits:
        raise BadInput("no line was changed")
    await anyio.to_thread.run_sync(check, result, merged)  # what cannot be is said here, where the words are still kept
    if case.running:
        raise BadInput("a turn runs: save once it is done; your words stay in their boxes")
    if case.chat.session.pending:
        raise BadInput("the ticket was not decided with all that was said: Again does it, then save")
    if case.chat.session.result is not result:
        raise BadInput("the brief was changed at this moment: send it again")
    await _soon(case.begin_turn(lambda chat: chat.edit(merged.edits), visitor_of(request).by, given))
    return _done(request, case)


async def check_message(request: Request) -> Response:
    """What would be held against these words to the customer. Nothing is changed."""
    case, form = case_of(request), await form_of(request, longest=MAX_TEXT)
    result, words = case.chat.session.result, str(form.get("words", "")).strip()
    if result is None:
        raise BadInput("the ticket is not decided yet")
    text = words or case.chat.letter()
    findings = await anyio.to_thread.run_sync(case.chat.held_against, text, result)
    return page(request, "talk_findings.html.j2", findings=findings)


async def _edited(request: Request) -> tuple[Case, Escalation, Merged, Given]:
    """What the form makes of the brief. Raises BadInput where there is none."""
    case = case_of(request)
    form = await form_of(request, fields=MOST_LINES, longest=LONGEST_BRIEF)
    result = case.chat.session.result
    if result is None:
        raise BadInput("the ticket is not decided yet")
    was, now = (
        {name.removeprefix(prefix): str(text) for name, text in form.items() if name.startswith(prefix)}
        for prefix in ("was ", "line ")
    )
    merged = merge(brief_of(result), result.decision, was, now)
    lines = "\n".join(f"{edit.place}: {edit.text or 'taken out'}" for edit in merged.edits)
    return case, result, merged, Given("The brief edited", lines)


async def stop(request: Request) -> Response:
    """End the turn that runs."""
    case = case_of(request)
    case.stop()
    return _done(request, case)


async def put_away(request: Request) -> Response:
    """Forget a case."""
    site_of(request).cases.put_away(case_of(request).id)
    return RedirectResponse("/", 303)


async def events(request: Request) -> Response:
    """What happens in the turn that runs, as server-sent events.

    `steps`: HTML to put in, at least once a second; `step`: only when another one begins, for a screen reader; at the
    end `settled`.
    """
    case = case_of(request)
    seen = number_in(request.query_params.get("seen", ""))
    return StreamingResponse(
        _events(request, case, -1 if seen is None else seen),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(request: Request, case: Case, seen: int) -> AsyncIterator[str]:
    changes, told = case.changes(seen), ""
    while True:
        coming = asyncio.ensure_future(anext(changes, Case))
        try:
            while not (await asyncio.wait({coming}, timeout=TICK))[0]:
                yield _steps(request, case)
        finally:
            coming.cancel()  # the browser went: nobody waits for it any more
        if coming.result() is Case:
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


def _words(form: FormData, name: str) -> str:
    """A field of text; "" where it is missing, or where a file stands in its place."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


async def _source(text: str, file: object) -> tuple[bytes | str, str | None]:
    """What was dropped, else what was pasted."""
    if isinstance(file, UploadFile) and file.filename:
        if text.strip():
            raise BadInput(f"a file {file.filename[:60]!r} and pasted text: expected one of them, take one away")
        return await file.read(), file.filename
    return text, None


async def rename(request: Request) -> Response:
    """Under which name this browser writes."""
    form = await form_of(request)
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
    Route("/kept", resume, methods=["POST"]),
    Route("/cases/{case}", show),
    Route("/cases/{case}/events", events),
    Route("/cases/{case}/say", say, methods=["POST"]),
    Route("/cases/{case}/brief", save_brief, methods=["POST"]),
    Route("/cases/{case}/brief/check", check_brief, methods=["POST"]),
    Route("/cases/{case}/message/check", check_message, methods=["POST"]),
    Route("/cases/{case}/stop", stop, methods=["POST"]),
    Route("/cases/{case}/away", put_away, methods=["POST"]),
]
