"""Routes for what is escalated: the ledger's lists, one escalation with its clocks and timeline, and its steps."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.errors import BadInput, Conflict, Refused
from agent.web.forms import form_of, number_in
from agent.web.pages import download, page, part_asked_for, site_of, visitor_of

if TYPE_CHECKING:
    from agent.ledger.queries import Clocked, Counts
    from agent.ledger.store import Ledger
    from agent.web.steps import Shown
    from schemas.ledger import Record

PAGE = 50
LONGEST_FILTER = 200
ALL = "all"
TYPED = ("holder", "customer")
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as it stands in its address. `state` "": all that are not closed."""

    state: str = ""
    severity: str = ""
    team: str = ""
    holder: str = ""
    customer: str = ""
    due: str = ""

    def query(self, **more: object) -> str:
        """For an address: what is set, and `more`."""
        said = {part.name: getattr(self, part.name) for part in fields(self)} | more
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class Row:
    """An escalation in the list. `withheld`: a Security case, of which a list tells figures only."""

    clocked: "Clocked"
    clocks: list[Any]
    team: str
    withheld: bool


def inbox(request: Request) -> Response:
    """What is open, the most urgent first; for the page's script the list alone, if it has changed."""
    filters, after = _asked(request)
    values: dict[str, Any] = {"filters": filters, "after": after, "page_size": PAGE, **_choices()}
    if not site_of(request).has_ledger():
        return page(request, "inbox.html.j2", rows=None, counts=None, **values)
    found, counts = _listed(request, filters, after)
    values |= {"rows": found, "counts": counts, "shown": _shown_of(filters, counts)}
    values["seen"] = _digest(found, counts, filters, after)
    values["counted"] = f"{counts.overdue}-{counts.due}-{counts.all}"
    if not part_asked_for(request):
        return page(request, "inbox.html.j2", **values)
    asked = request.query_params
    if asked.get("seen") == values["seen"]:
        return Response(status_code=204)
    values["tell"] = asked.get("counted") != values["counted"]
    answer = page(request, "inbox_list.html.j2", **values)
    if "seen" not in asked:  # the filters asked, so the address is to say what is shown
        name = "HX-Replace-Url" if request.headers.get("hx-trigger-name") in TYPED else "HX-Push-Url"
        query = filters.query()
        answer.headers[name] = f"/escalations?{query}" if query else "/escalations"
    return answer


def show(request: Request) -> Response:
    """One escalation, with all that holds about it and the steps that its state allows."""
    ledger, record = _found(request)
    asked = request.query_params
    values = _values(request, ledger, record)
    ready = (clock.draft.text for clock in values["clocks"] if clock.kind == asked.get("told") and clock.draft)
    text = next(ready, "")
    values |= _steps(ledger, record, site_of(request).clock(), {"told": text} if text else {})
    values["opened"] = "told" if text else ""
    values["said"] = _said(values["entries"], asked.get("written", ""), "again" in asked)
    return page(request, "escalation.html.j2", **values)


def news(request: Request) -> Response:
    """What changed on an escalation since the browser saw it: how long it still is, or all but the forms."""
    ledger, record = _found(request)
    values = _values(request, ledger, record)
    fresh = request.query_params.get("seen") != values["seen"]
    return page(request, "escalation_news.html.j2", fresh=fresh, **values)


async def step(request: Request) -> Response:
    """Write down a step. What cannot be written is said beside its form, which keeps the words."""
    words = {name: str(value) for name, value in (await form_of(request)).items()}
    return await run_in_threadpool(_step, request, words)


def _step(request: Request, words: Mapping[str, str]) -> Response:
    from agent.ledger.moments import office_zone
    from agent.web import steps

    form = steps.FORMS.get(request.path_params["step"])
    if form is None:
        raise HTTPException(404, "no such step")
    site = site_of(request)
    ledger, record = _found(request)
    settings = ledger.settings_of(record)
    zone = office_zone(record.model_dump(mode="json", include={"calendar"}))
    try:
        written = steps.write(form, words, record, ledger, settings, visitor_of(request).by, site.clock(), zone)
    except (BadInput, Refused) as error:
        ledger, record = _found(request)
        line, seen = str(error), words.get("version", "")
        conflict = isinstance(error, Conflict) and seen != str(record.version)
        if conflict:
            line = "Somebody wrote first, so nothing was written. What is new stands below: look, and send it again"
        tried = steps.shown(form, record, settings, words, trouble=line)
        values = _values(request, ledger, record)
        since = record.version if not conflict else number_in(seen) or 0
        values["since"] = [entry for entry in values["entries"] if entry.number > since]
        values |= _steps(ledger, record, site.clock(), {}, tried) | {"opened": form.name, "said": ""}
        status = 409 if isinstance(error, Refused) else 422
        # The page's script puts in only what is no error, and this is the page with the words in it.
        part = part_asked_for(request)
        return page(request, _template(part), 200 if part else status, **values)
    number, record = written.events[0].number, written.record
    if not part_asked_for(request):
        again = "&again=1" if written.repeated else ""
        return RedirectResponse(f"/escalations/{record.id}?written={number}{again}", 303)
    values = _values(request, ledger, record)
    values |= _steps(ledger, record, site.clock(), {}) | {"opened": ""}
    values["said"] = _said(values["entries"], str(number), written.repeated)
    return page(request, _template(True), **values)


def calendar(request: Request) -> Response:
    """The times of one escalation, or of all that a team owns or has, as a calendar file."""
    from agent.ledger.feed import calendar as written

    site = site_of(request)
    if "id" in request.path_params:
        ledger, record = _found(request)
        text, name = written(ledger.database, site.clock(), escalation=record.id), record.id
    else:
        filters, _ = _asked(request)
        text = written(site.open_ledger().database, site.clock(), owner=filters.team or None)
        name = "escalations"
    return download(text, "text/calendar", f"{name}.ics")


def result(request: Request) -> Response:
    """What the ledger kept of the run, as JSON."""
    ledger, record = _found(request)
    text = json.dumps(_body(ledger, record), ensure_ascii=False, indent=2) + "\n"
    return download(text, "application/json", f"{record.id}.json")


def report(request: Request) -> Response:
    """What was handed over, as the report of `escalation run`. Its policy allows its own style and nothing else."""
    import base64

    from agent.ledger.intake import kept_run
    from agent.render import render

    ledger, record = _found(request)
    text = render(kept_run(record, _body(ledger, record)), "html")
    style = STYLE.search(text)
    digest = base64.b64encode(hashlib.sha256((style[1] if style else "").encode()).digest()).decode()
    policy = f"sandbox; default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    policy += "; frame-ancestors 'none'"
    return Response(text, media_type="text/html", headers={"Content-Security-Policy": policy})


def _asked(request: Request) -> tuple[Filters, int]:
    """The filters of the address, and from where on. Raises BadInput for what cannot be."""
    asked = request.query_params
    filters = Filters(**{part.name: asked.get(part.name, "").strip() for part in fields(Filters)})
    choices = _choices()
    for name, known in (("state", choices["states"]), ("severity", choices["severities"]), ("team", choices["teams"])):
        value = getattr(filters, name)
        if value and value not in dict(known):
            raise BadInput(f"{name} {value[:40]!r}: expected one of {', '.join(dict(known))}")
    for name in TYPED:
        if len(getattr(filters, name)) > LONGEST_FILTER:
            raise BadInput(f"{name}: expected at most {LONGEST_FILTER} characters")
    after = number_in(asked.get("after", "0"))
    if after is None:
        raise BadInput(f"after {asked['after'][:40]!r}: expected a whole number")
    return filters, after


def _choices() -> dict[str, Any]:
    from agent.commands.list import STATES
    from agent.web.steps import OWNERS, SEVERITIES

    states = tuple((state, state.replace("_", " ")) for state in STATES)
    return {"states": (*states, (ALL, "all, closed ones too")), "severities": SEVERITIES, "teams": OWNERS}


def _listed(request: Request, filters: Filters, after: int) -> "tuple[list[Row], Counts]":
    from agent.ledger.notices import need_to_know_row
    from agent.ledger.queries import LIVE, by_clock
    from agent.web.clocks import owed
    from schemas.vocabulary import OWNER_LABEL

    site = site_of(request)
    now = site.clock()
    found, counts = by_clock(
        site.open_ledger().database,
        now,
        states=() if filters.state == ALL else (filters.state,) if filters.state else LIVE,
        owner=filters.team or None,
        severity=filters.severity or None,
        account=filters.customer or None,
        holder=filters.holder or None,
        only_due=bool(filters.due),
        limit=PAGE,
        after=after,
    )
    rows = []
    for one in found:
        withheld = need_to_know_row(one.record)
        team = OWNER_LABEL.get(one.line.with_team or one.line.owner, "")
        rows.append(Row(one, owed(one, now, withheld=withheld), team, withheld))
    return rows, counts


def _shown_of(filters: Filters, counts: "Counts") -> int:
    return counts.overdue + counts.due if filters.due else counts.all


def _digest(*values: object) -> str:
    return hashlib.sha256(repr(values).encode(errors="surrogatepass")).hexdigest()[:16]


def _found(request: Request) -> "tuple[Ledger, Record]":
    site = site_of(request)
    if not site.has_ledger():
        raise HTTPException(404, "there is no ledger yet: nothing was escalated here")
    ledger = site.open_ledger()
    try:
        return ledger, ledger.record(request.path_params["id"])
    except BadInput as error:
        raise HTTPException(404, str(error)) from None


def _values(request: Request, ledger: "Ledger", record: "Record") -> dict[str, Any]:
    """What the page of an escalation shows, its forms apart."""
    from agent.ledger import pages
    from agent.ledger.moments import office_zone
    from agent.ledger.queries import clocked
    from agent.ledger.store import number_of
    from agent.web.clocks import explained, moment

    now, settings = site_of(request).clock(), ledger.settings_of(record)
    plain = record.model_dump(mode="json")
    zone = office_zone(plain)
    row = clocked(ledger.database, number_of(record.id))
    clocks = explained(record, settings, row.owed if row else (), now)
    _, days = pages.story(ledger.events(record.id), settings)
    body = ledger.result(record)
    return {
        "record": record,
        "state": pages.state_words(record),
        "team": pages.team_words(record),
        "clocks": clocks,
        "standing_still": pages.standing_still(record),
        "facts": [(label, value) for label, value in pages.facts(record, plain) if value],
        "promises": pages.promises(record, plain),
        "breaches": [(moment(breach.overdue, zone), pages.breach_words(breach)) for breach in record.breaches],
        "days": days[::-1],
        "entries": [entry for day in days for entry in day.entries],
        "seen": f"{record.version}-{_digest([(clock.kind, clock.status) for clock in clocks])}",
        "now": moment(now, zone),
        "zone": record.calendar.timezone,
        "brief": _brief(record, body),
        "has_result": bool(body),
        "since": [],
    }


def _brief(record: "Record", body: dict[str, Any]) -> str:
    """The brief that was handed over; "" where none was, or where it cannot be read."""
    from agent.ledger.intake import kept_run
    from agent.render import render_brief

    if not body.get("brief"):
        return ""
    try:
        run = kept_run(record, body)
    except BadInput:
        return ""
    assert run.brief is not None
    return render_brief(run.brief, run.decision, run.ticket, run.context, run.decision.decided_at, "text")


def _steps(
    ledger: "Ledger", record: "Record", now: datetime, words: Mapping[str, str], tried: "Shown | None" = None
) -> dict[str, Any]:
    """The forms. `tried`: one that was sent and not done, which is shown whatever the state allows by now."""
    from agent.ledger.pages import handover_note
    from agent.web.steps import TEAM_CHOICES, offered

    settings = ledger.settings_of(record)
    forms, first = offered(record, settings, words)
    if tried is not None:
        place = next((place for place, one in enumerate(forms) if one.form is tried.form), None)
        if place is None:
            forms, first = [tried, *forms], first + 1
        else:
            forms[place] = tried
    note = handover_note(record, settings, "…", now, "") if record.state != "draft" else ""
    return {"forms": forms, "first": first, "team_choices": TEAM_CHOICES, "handover_note": note}


def _said(entries: list[Any], number: str, repeated: bool) -> str:
    """The line that says what was written; "" where nothing was."""
    entry = next((entry for entry in entries if entry.number and str(entry.number) == number), None)
    if entry is None:
        return ""
    return f"{'Written before, and not again' if repeated else 'Written'}: {entry.text}"


def _body(ledger: "Ledger", record: "Record") -> dict[str, Any]:
    body = ledger.result(record)
    if not body:
        raise HTTPException(404, f"{record.id}: the ledger holds no result of a run")
    return body


def _template(part: bool) -> str:
    return "escalation_part.html.j2" if part else "escalation.html.j2"


ROUTES = [
    Route("/escalations", inbox),
    Route("/escalations.ics", calendar),
    Route("/escalations/{id}", show),
    Route("/escalations/{id}/news", news),
    Route("/escalations/{id}/calendar.ics", calendar),
    Route("/escalations/{id}/result.json", result),
    Route("/escalations/{id}/report", report),
    Route("/escalations/{id}/steps/{step}", step, methods=["POST"]),
]
