"""What can be looked at in a chat, as text."""

from agent.errors import BadInput
from agent.render import render_brief, render_decision, report, words
from agent.render.formats import text_environment
from schemas.escalation import Escalation
from schemas.facts import Claim
from schemas.ticket import Ticket


def shown(what: str, result: Escalation, ticket: Ticket | None) -> str:
    """The page of that name. Raises BadInput for another one, and where there is nothing of the kind."""
    decision = result.decision
    if what == "decision":
        return render_decision(decision, result.facts, "text", width=0)
    if what == "brief":
        if result.brief is None:
            raise BadInput(f"there is no brief: {words.outcome(decision).lower()}; /why tells more")
        return render_brief(result.brief, decision, result.ticket, result.context, decision.decided_at, "text")
    if what == "ticket":
        return "" if ticket is None else ticket.text
    if what not in _PARTS:
        raise BadInput(f"nothing called {what[:40]!r} to show: expected {', '.join(('decision', 'brief', *_PARTS))}")
    return text_environment(0, False).get_template("chat/answer.txt.j2").render(parts=_PARTS[what](result))


Parts = list[tuple[str, list[str]]]


def _facts(result: Escalation) -> Parts:
    secrets = report.secrets_of(result.facts)

    def line(claim: Claim) -> str:
        quote = words.clip(report.masked(claim.quote, secrets))
        reason = f" ({words.plain(claim.reason)})" if claim.reason else ""
        return f"{claim.id}: {words.claim_label(claim)}: “{quote}” — {words.who(claim)}{reason}"

    parts: dict[str, list[str]] = {}
    for claim in (*result.facts.claims(), *result.facts.removed):
        parts.setdefault(words.STATUS_WORDS[claim.status], []).append(line(claim))
    return list(parts.items()) or [("Facts", ["None: the ticket states nothing that the policy knows."])]


def _questions(result: Escalation) -> Parts:
    asked = [
        f"{number}. {words.ASKED[question.ask]}: {question.text}" + (f" Why: {question.why}" if question.why else "")
        for number, question in enumerate(result.decision.questions, 1)
    ]
    beside = list(result.brief.questions) if result.brief else []
    return [
        ("Questions", asked or ["None that would change the decision."]),
        *([("The brief asks", beside)] * bool(beside)),
    ]


def _findings(result: Escalation) -> Parts:
    if result.brief is None:
        return [("Findings", ["There is no brief."])]
    from agent.chat.edits import places

    found = [
        f"{finding.place}{f': “{words.clip(finding.found)}”' if finding.found else ''}: expected {finding.expected}"
        f"{'' if finding.blocking else ' (advice)'}"
        for finding in result.findings
    ]
    return [("Findings", found or ["None."]), ("Places that can be edited", list(places(result.brief)))]


def _steps(result: Escalation) -> Parts:
    zone = words.zone_of(result.context)
    steps = [f"{who}: {what}" + (f", by {by}" if by else "") for who, what, by in report.steps(result, zone)]
    return [("Next steps", steps)]


_PARTS = {"facts": _facts, "questions": _questions, "findings": _findings, "steps": _steps}
