"""The brief as sections and lines, in the seed's order: one structure that every format prints."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent.render.words import severity_label, target, when, zone_of
from schemas.brief import Ask, Brief
from schemas.context import Context
from schemas.decision import Decision
from schemas.ticket import Ticket

LineKind = Literal["item", "step", "field", "prose"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the brief. `id` is an anchor, unique in the brief; `result` stands behind the arrow of a step."""

    id: str
    kind: LineKind
    text: str
    label: str = ""
    result: str = ""

    def words(self) -> str:
        """All that the line says, for matching it with claims."""
        return " ".join(part for part in (self.text, self.result) if part)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the seed's format and what stands under it."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """The brief ready to print. `header` holds label and value, in order."""

    headline: str
    header: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def _severity_reason(decision: Decision) -> str:
    """What makes it so severe, in the words of the rule that does; empty where a person chose the severity."""
    if decision.override is not None:
        return ""
    severest = [r for r in decision.rules if r.state != "overridden" and r.severity == decision.severity]
    severest.sort(key=lambda rule: rule.state != "decides")
    return severest[0].because if severest else ""


def header(decision: Decision, ticket: Ticket, context: Context, now: datetime) -> tuple[tuple[str, str], ...]:
    """Severity and target as decided, then ticket, reporter and date as far as they are known (policy 5)."""
    reason = _severity_reason(decision)
    severity = severity_label(decision.severity) + (f" ({reason})" if reason else "")
    rows = [("Severity", severity), ("Target", target(decision))]
    ticket_id = context.ticket_id or ticket.id
    if ticket_id:
        rows.append(("Ticket", ticket_id))
    account = context.account.name if context.account is not None else None
    if ticket.reporter or account:
        both = ticket.reporter and account and account.casefold() not in ticket.reporter.casefold()
        rows.append(("Reporter", f"{ticket.reporter} ({account})" if both else ticket.reporter or account or ""))
    rows.append(("Date", when(now, zone_of(context))))
    return tuple(rows)


def _ask(ask: Ask) -> str:
    text = ask.text.strip()
    return text if text.casefold().startswith(ask.verb) else f"{ask.verb.capitalize()}: {text}"


def _reproduction(brief: Brief) -> list[Line]:
    part = brief.reproduction
    if not part.applies:
        return [Line("b-repro", "prose", "Not applicable")]
    lines = [Line(f"b-step-{number}", "step", step) for number, step in enumerate(part.steps, 1)]
    lines.append(Line("b-expected", "field", part.expected, "Expected"))
    lines.append(Line("b-actual", "field", part.actual, "Actual"))
    lines.append(Line("b-environment", "field", part.environment, "Environment"))
    lines += [Line(f"b-gap-{number}", "field", gap, "Missing") for number, gap in enumerate(part.gaps, 1)]
    return lines


def _tried(brief: Brief) -> list[Line]:
    """The attempts. An empty list says that nobody told of one; that none was made is said by whoever knows it."""
    from agent.validate.fields import TRIED_NOT_SAID, says_nothing

    if any(not (says_nothing(tried.action) and says_nothing(tried.result)) for tried in brief.tried):
        return [
            Line(f"b-tried-{number}", "step", tried.action, result=tried.result)
            for number, tried in enumerate(brief.tried, 1)
        ]
    written = next((tried.action for tried in brief.tried if tried.action.strip()), TRIED_NOT_SAID)
    return [Line("b-tried", "prose", written)]


def outline(brief: Brief, decision: Decision, ticket: Ticket, context: Context, now: datetime) -> Outline:
    """The brief's lines under the seed's headings; target lines stand where `agent.validate.target` puts them."""
    from agent.validate.target import section_of

    own: dict[str, list[Line]] = {
        "IMPACT": [
            Line("b-customers", "item", brief.customers_affected, "Customers affected"),
            Line("b-workflow", "item", brief.workflow_impact, "Workflow impact"),
            Line("b-revenue", "item", brief.revenue_at_risk, "Revenue at risk"),
            Line("b-sla", "item", brief.sla_status, "SLA status"),
        ],
        "ISSUE DESCRIPTION": [Line("b-description", "prose", brief.description)],
        "REPRODUCTION STEPS": _reproduction(brief),
        "WHAT'S BEEN TRIED": _tried(brief),
        "CUSTOMER COMMUNICATION": [
            Line("b-update", "item", brief.last_update, "Last update"),
            Line("b-expectation", "item", brief.customer_expectation, "Customer expectation"),
            Line("b-risk", "item", brief.escalation_risk, "Escalation risk"),
        ],
        "WHAT'S NEEDED": [
            *(Line(f"b-ask-{number}", "item", _ask(ask)) for number, ask in enumerate(brief.asks, 1)),
            *(Line(f"b-lead-{n}", "item", text, "Leadership") for n, text in enumerate(brief.leadership_asks, 1)),
            Line("b-deadline", "item", brief.deadline, "Deadline"),
        ],
        "SUPPORTING CONTEXT": [
            Line(f"b-context-{number}", "item", text) for number, text in enumerate(brief.supporting_context, 1)
        ],
    }
    for number, line in enumerate(brief.target_lines, 1):
        own[section_of(line.label)].append(Line(f"b-target-{number}", "item", line.text, line.label))
    if not own["SUPPORTING CONTEXT"]:
        own["SUPPORTING CONTEXT"].append(Line("b-context", "item", "None known"))
    sections = tuple(Section(title, tuple(lines)) for title, lines in own.items())
    return Outline(brief.headline, header(decision, ticket, context, now), sections)
