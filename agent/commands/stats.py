"""What was learned from the ledger: how much was escalated, how fast it was taken on and solved, which times passed
unheeded, what was rejected or returned and why, and what repeats.

Figures are by the owner, the deciding rule and the product area as they stand now, and by the month of opening (UTC).
Of Security's escalations only figures are shown. HTML is one file for a browser; CSV has one row for each group.
"""

import argparse
import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from agent.commands.ledger_inputs import add_ledger, add_now, database_of
from agent.commands.output import add_output, colour, emit, emit_json, format_of, ready, width
from agent.commands.times import FIRST_YEAR, LAST_YEAR, now_of
from agent.errors import EXIT_DONE, BadInput
from agent.render.sanitise import cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from agent.ledger.stats import Group, Grouping, Stats

FORMATS: tuple[Literal["text", "csv", "html", "json"], ...] = ("text", "csv", "html", "json")
ALL = "all"
BY: "tuple[Grouping, ...]" = ("target", "rule", "area", "month")

MOST_GROUPS, MOST_MONTHS = 25, 36  # on a page; CSV and JSON have all
FEWEST_SLOTS = 4  # in a chart of months: two bars would else be as wide as the page

EXAMPLES = """examples:
  escalation stats
  escalation stats --since 2026-01-01 --until 2026-03-31 --by target
  escalation stats --out quarter.html
  escalation stats --by month --out months.csv
  escalation stats | jq '.lessons[] | select(.kind == "rejected")'"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("--since", metavar="DATE", help="only escalations opened on this day (UTC) or later")
    parser.add_argument("--until", metavar="DATE", help="only escalations opened on this day (UTC) or earlier")
    parser.add_argument("--by", choices=(*BY, ALL), default=ALL, help="which groups to show (default: all)")
    add_ledger(parser)
    add_now(parser)
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Count and show."""
    ready(arguments.out)
    is_csv_file = arguments.out is not None and Path(arguments.out).suffix.lower() == ".csv"
    if is_csv_file and arguments.format is None:
        arguments.format = "csv"
    form = format_of(arguments, FORMATS)
    since, until = day_of(arguments.since, "--since"), day_of(arguments.until, "--until")
    if since is not None and until is not None and since > until:
        raise BadInput(f"--since {since} is later than --until {until}: swap them")
    now = now_of(arguments)
    database = database_of(arguments)

    from agent.ledger.stats import stats

    figures = stats(database, now, since=since, until=until)
    wanted: tuple[Grouping, ...] = BY if arguments.by == ALL else (arguments.by,)
    if form == "json":
        emit_json(as_json(figures, wanted), arguments.out)
    elif form == "csv":
        # A file is for a spreadsheet, which without the mark would read it in the machine's old encoding. A pipe is
        # for programs, to which the mark would be a part of the first column's name.
        emit(("\ufeff" if is_csv_file else "") + as_csv(figures, wanted), arguments.out)
    elif form == "html":
        emit(as_html(figures, wanted), arguments.out)
    else:
        shown = colour() and arguments.out is None
        emit(as_text(figures, wanted, width=width(), colour=shown), arguments.out)
    return EXIT_DONE


def as_json(figures: "Stats", wanted: "tuple[Grouping, ...]") -> str:
    """The figures as they are, with the groups that are wanted. Times are ISO 8601."""
    values = asdict(figures)
    values["groups"] = {grouping: values["groups"][grouping] for grouping in wanted}
    return json.dumps(values, ensure_ascii=False, indent=2, default=lambda moment: moment.isoformat())


def as_csv(figures: "Stats", wanted: "tuple[Grouping, ...]") -> str:
    """One row for each group, the same columns always. Empty is unknown: no value, or too few for a percentile."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    whole = _row("whole", ALL, figures.whole)
    rows = [whole] if wanted == BY else []
    for grouping in wanted:
        rows += [_row(grouping, _csv_name(group), group) for group in figures.groups[grouping]]
    writer.writerow(list(whole))
    writer.writerows([cell(value) for value in row.values()] for row in rows)
    return sheet.getvalue()


def as_text(figures: "Stats", wanted: "tuple[Grouping, ...]", *, width: int, colour: bool) -> str:
    """For a terminal of `width` columns."""
    from agent.render.formats import text_environment

    env = text_environment(width, colour).overlay()
    env.filters = env.filters | {"left": _left, "right": _right}
    return _filled(env, "ledger/stats.txt.j2", figures, wanted, width=width)


def as_html(figures: "Stats", wanted: "tuple[Grouping, ...]") -> str:
    """One file. The policy in the page forbids everything but its own style: nothing can load or run."""
    import base64
    import hashlib

    from markupsafe import Markup

    from agent.render.formats import html_environment

    env = html_environment().overlay()
    style = env.get_template("ledger/stats.css.j2").render().strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The style is our own file, rendered without values.
    return _html(env, "stats", figures, wanted, region="main", style=Markup(style), style_digest=digest)


def as_content(figures: "Stats", wanted: "tuple[Grouping, ...]") -> str:
    """The same without the frame of a page, for a page that has its own, with the style `ledger/stats.css.j2`."""
    from agent.render.formats import html_environment

    return _html(html_environment().overlay(), "stats_content", figures, wanted, region="div")


def _html(env: "Environment", name: str, figures: "Stats", wanted: "tuple[Grouping, ...]", **more: Any) -> str:
    return _filled(
        env,
        f"ledger/{name}.html.j2",
        figures,
        wanted,
        months=_months(figures.groups["month"]),
        slots=FEWEST_SLOTS,
        ceiling=_ceiling,
        **more,
    )


def _filled(env: "Environment", name: str, figures: "Stats", wanted: "tuple[Grouping, ...]", **more: Any) -> str:
    from agent.ledger.moments import when
    from agent.ledger.stats import FEWEST
    from schemas.vocabulary import OWNER_LABEL

    env.filters = env.filters | {"hours": _hours}
    return env.get_template(name).render(
        stats=figures,
        whole=figures.whole,
        tables=[(grouping, *_shown(grouping, figures.groups[grouping])) for grouping in wanted],
        now=when(figures.now, figures.now.tzinfo or UTC),
        fewest=FEWEST,
        owner_label=OWNER_LABEL,
        **more,
    )


def _shown(grouping: str, groups: "tuple[Group, ...]") -> "tuple[tuple[Group, ...], tuple[Group, ...]]":
    """What a page has room for, and the rest: the newest months, or the largest groups."""
    if grouping == "month":
        return groups[-MOST_MONTHS:], groups[:-MOST_MONTHS]
    return groups[:MOST_GROUPS], groups[MOST_GROUPS:]


def _months(groups: "tuple[Group, ...]") -> "list[tuple[str, Group | None]]":
    """The last months with an escalation, without gaps: a month in which nothing was opened is a figure too."""
    known = {group.name: group for group in groups}
    if not groups:
        return []
    names = list(_month_names(groups[0].name or "", groups[-1].name or ""))
    return [(name, known.get(name)) for name in names[-MOST_MONTHS:]]


def _month_names(first: str, last: str) -> "Iterator[str]":
    year, month = int(first[:4]), int(first[5:])
    while (name := f"{year:04}-{month:02}") <= last:
        yield name
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _ceiling(most: int) -> int:
    """Where the axis of a chart ends: a round number not below `most`, whose half is a whole one."""
    unit = 1
    while True:
        for times in (2, 4, 6, 8, 10):
            if times * unit >= most:
                return times * unit
        unit *= 10


def _row(grouping: str, name: str, group: "Group") -> dict[str, str | int | float | None]:
    from agent.ledger.history import NO_BREACH
    from schemas.ledger import DeEscalation, RejectReason, TimerKind
    from schemas.vocabulary import Severity

    kinds = [kind for kind in get_args(TimerKind) if kind not in NO_BREACH]
    returns = ["returned", *(reason for reason in get_args(DeEscalation) if reason != "resolved_itself")]
    return {
        "grouping": grouping,
        "group": name,
        "escalations": group.n,
        **{f"escalations_{severity}": group.severities.get(severity, 0) for severity in get_args(Severity)},
        "acknowledged": group.acknowledge.n,
        "acknowledge_median_hours": group.acknowledge.median_hours,
        "acknowledge_p90_hours": group.acknowledge.p90_hours,
        "resolved": group.resolve.n,
        "resolve_median_hours": group.resolve.median_hours,
        "resolve_p90_hours": group.resolve.p90_hours,
        "breaches": sum(group.breaches.values()),
        **{f"breaches_{kind}": group.breaches.get(kind, 0) for kind in kinds},
        "overdue_now": sum(group.overdue.values()),
        **{f"overdue_now_{kind}": group.overdue.get(kind, 0) for kind in kinds},
        "rejected_escalations": group.rejected,
        **{f"rejections_{reason}": group.rejections.get(reason, 0) for reason in get_args(RejectReason)},
        "returned_escalations": group.returned,
        **{f"returns_{reason}": group.returns.get(reason, 0) for reason in returns},
        "severity_changes": group.severity_changes,
        "times_reopened": group.reopened,
        "times_regressed": group.regressions,
        "attached_tickets": group.attached,
        "escalations_with_attached_tickets": group.patterns,
    }


def _csv_name(group: "Group") -> str:
    if group.withheld:
        return "(withheld: Security)"
    return "(not named)" if group.name is None else group.name


def day_of(text: str | None, flag: str) -> date | None:
    """The day that a flag names. Raises BadInput."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError
    except ValueError:
        raise BadInput(f"{flag} {text[:40]!r} is not a day: write year, month and day, such as 2026-03-31") from None
    return day


def _hours(value: float) -> str:
    """Three figures or so: `0.17`, `4.2`, `1,250`."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _right(value: object, columns: int) -> str:
    """A cell of a table in text, its value at the right."""
    from agent.render.sanitise import Trusted, one_line

    return Trusted(one_line(str(value)).rjust(columns))


def _left(value: object, columns: int) -> str:
    """A cell of a table in text, cut to its width. Wide characters take two columns."""
    from agent.render.layout import columns as taken
    from agent.render.sanitise import Trusted, one_line

    text = one_line(str(value))
    if taken(text) > columns:
        while text and taken(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return Trusted(text + " " * (columns - taken(text)))
