"""Ready words for what is due: the question to the team, the update to the customer. They promise nothing.

Works on a record as plain JSON data, as the ledger's rows hold it, so that `escalation due` needs no schema.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.ledger.moments import office_zone, when, zone_named
from agent.ledger.queries import Due
from schemas.vocabulary import OWNER_LABEL

# Which words fit which timer. A promise and a hand-over are kept by doing, not by writing.
TEMPLATES = {
    "acknowledge": "draft_acknowledge",
    "internal": "draft_internal",
    "deadline": "draft_deadline",
    "customer": "draft_customer",
    "silence": "draft_silence",
    "close": "draft_close",
    "sla": "draft_sla",
}
TO_CUSTOMER = frozenset(("customer", "silence"))
OVER = ("resolved", "rejected", "returned_to_support")


@dataclass(frozen=True, slots=True)
class Draft:
    """`to`: whom it is for. `news`: what was heard inside since the customer was last told, for support to weigh."""

    to: str
    text: str
    news: tuple[str, ...] = ()


def draft(due: Due) -> Draft | None:
    """What to write for this timer; None where there is nothing to write."""
    name = TEMPLATES.get(due.kind)
    if name is None:
        return None
    record = due.record
    outside = due.kind in TO_CUSTOMER
    if due.kind == "close" and due.line.state != "resolved":
        return None  # support's own work: nobody is to be written to
    if due.kind == "customer" and due.line.state in OVER:
        name = "draft_confirm"
    text = _fill(name, record, due, outside)
    if outside:
        account = record.get("account")
        return Draft(f"the customer{f', {account}' if account else ''}", text, _news(record))
    return Draft(_team(record), text)


def _fill(name: str, record: dict[str, Any], due: Due, outside: bool) -> str:
    from agent.render.formats import text_environment

    office = office_zone(record)
    # The customer reads their own clock where it is known.
    zone = (zone_named(record.get("customer_zone")) or office) if outside else office
    deadline = due.due if due.kind == "deadline" else _moment(record.get("deadline"))
    secret = record.get("owner") == "security" and record.get("with_team") != "security"
    asked = not secret and not record.get("answered_at")
    # What was agreed holds until severity changes or it is reopened; then its own timer says the time.
    agreed = due.kind == "deadline" or not record.get("severity_at")
    ticket, owner = record["ticket"], OWNER_LABEL[record.get("owner") or "l2_support"]
    values = {
        "id": record["id"],
        "ticket": "" if ticket.startswith("sha256:") else ticket,
        "owner": owner if owner != _team(record) else "",
        "reopened": bool(record.get("reopened")),
        "unexplained": bool(record.get("unexplained")),
        "ends": when(due.overdue, zone),
        "severity": (record.get("severity") or "").capitalize(),
        "state": due.line.state,
        "team": _team(record),
        "headline": "" if secret else record.get("headline", ""),
        "ask": record.get("ask", "") if asked else "",
        "routed": _when(record.get("routed_at"), zone),
        "acknowledged": bool(record.get("acknowledged_at")),
        "deadline": when(deadline, zone) if deadline and agreed else "",
        "last_internal": None if secret else _said(record.get("last_internal"), zone),
        "last_customer": _said(record.get("last_customer"), zone),
        "resolution": record.get("resolution", ""),
        "root_cause": record.get("root_cause", ""),
    }
    return text_environment(0, False).get_template(f"ledger/{name}.txt.j2").render(**values).strip()


def _team(record: dict[str, Any]) -> str:
    return OWNER_LABEL[record.get("with_team") or record.get("owner") or "l2_support"]


def _news(record: dict[str, Any]) -> tuple[str, ...]:
    """For support to weigh, never part of the letter: what was said inside, and who else has to be told."""
    others = [name for name in record.get("accounts", ()) if name != record.get("account")]
    found = []
    if others:
        tickets = ", ".join(record.get("tickets", ()))
        found.append(f"Also owed an update, each in their own ticket ({tickets}): {', '.join(others)}")
    if record.get("owner") == "security":
        return tuple(found)
    inside, outside = record.get("last_internal"), record.get("last_customer")
    if inside and not (outside and inside["at"] <= outside["at"]):
        said = f"(event {inside['event']}, {inside['by']}): {inside['text']}"
        found.append(f"Heard inside and not told to the customer yet {said}")
    for label, name in (("Way on", "way_on"), ("Resolution", "resolution")):
        if record.get(name):
            found.append(f"{label}, as it was written down inside: {record[name]}")
    return tuple(found)


def _said(said: dict[str, Any] | None, zone: Any) -> dict[str, Any] | None:
    return None if said is None else {**said, "at": _when(said["at"], zone)}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _when(text: str | None, zone: Any) -> str:
    moment = _moment(text)
    return "" if moment is None else when(moment, zone)
