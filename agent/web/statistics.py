"""What the ledger teaches, on the page: the figures and charts of `escalation stats`."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import BadInput
from agent.web.pages import download, page, site_of


def statistics(request: Request) -> Response:
    """Figures and charts of what was opened between two days. What is no day is said, and stays in its box."""
    from markupsafe import Markup

    from agent.commands.stats import BY, as_content, as_csv, day_of
    from agent.ledger.stats import stats

    site, asked = site_of(request), request.query_params
    since, until = asked.get("since", "").strip(), asked.get("until", "").strip()
    values: dict[str, Any] = {"since": since, "until": until, "content": None}
    if not site.has_ledger():
        return page(request, "statistics.html.j2", **values)
    try:
        first, last = day_of(since or None, "since"), day_of(until or None, "until")
        if first is not None and last is not None and first > last:
            raise BadInput(f"since {first} is later than until {last}: swap them")
    except BadInput as error:
        return page(request, "statistics.html.j2", 422, **values, trouble=str(error))
    figures = stats(site.open_ledger().database, site.clock(), since=first, until=last)
    if request.scope["path"].endswith(".csv"):
        return download("\ufeff" + as_csv(figures, BY), "text/csv", "statistics.csv")
    # The content is a template of ours, filled and escaped.
    return page(request, "statistics.html.j2", **(values | {"content": Markup(as_content(figures, BY))}))


ROUTES = [Route("/statistics", statistics), Route("/statistics.csv", statistics)]
