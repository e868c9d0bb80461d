"""Grounded facts for tests of the decision, written as briefly as the rule table itself."""

from datetime import UTC, datetime

from agent.policy.decide import decide
from agent.policy.settings import Settings, load_settings
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Claim, Evidence, Facts, Group
from schemas.vocabulary import Asserter

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=UTC)  # a Wednesday, within support hours
SETTINGS: Settings = load_settings()
UNCONFIRMED_BY_CUSTOMER = {
    "bug_confirmed",
    "code_change_needed",
    "bug_tracked",
    "sla_breached",
    "sla_at_risk",
    "repeat_reports",
}
SUSPICION_IS_ENOUGH = {"data_exposure", "unauthorized_access", "vulnerability_report", "compliance_concern"}


def claim(group: Group, kind: str, place: int, *, by: Asserter = "customer", **fields: object) -> Claim:
    values: dict[str, object] = {"status": "counts", "quote": f"{kind} said", **fields}
    start = place * 100
    evidence = Evidence(start=start, end=start + 10, sentence_start=start, sentence_end=start + 50, sentence="…")
    return Claim.model_validate(
        {"id": f"{group}-{place}", "group": group, "kind": kind, "asserted_by": by, "evidence": evidence, **values}
    )


def signal(text: str, place: int) -> Claim:
    """`kind`, `kind@support`, `kind#2` for issue 2, `kind!disputed` for a status."""
    rest, _, status = text.partition("!")
    rest, _, issue = rest.partition("#")
    kind, _, by = rest.partition("@")
    by = by or "customer"
    if not status:
        gated = kind in UNCONFIRMED_BY_CUSTOMER and by == "customer"
        rumour = by == "quoted" and kind not in SUSPICION_IS_ENOUGH
        status = "reported" if gated or rumour else "counts"
    return claim("signal", kind, place, by=by, issue=int(issue or 1), status=status)  # type: ignore[arg-type]


def facts(
    *signals: str, workaround: str = "", scope: str = "", measures: tuple[Claim, ...] = (), **fields: object
) -> Facts:
    workarounds = (claim("workaround", "workaround", 90, by="support", value=workaround),) if workaround else ()
    scopes = (claim("scope", "scope", 91, value=scope),) if scope else ()
    values: dict[str, object] = {
        "ticket_sha256": "0" * 64,
        "signals": tuple(signal(text, place) for place, text in enumerate(signals, start=1)),
        "workarounds": workarounds,
        "scopes": scopes,
        "measures": measures,
    }
    return Facts.model_validate(values | fields)


def context(**fields: object) -> Context:
    return Context.model_validate(fields)


L2 = {"tier": "L2"}
HIGH = {"account": {"annual_value": 250000, "currency": "EUR"}}
SMALL = {"account": {"annual_value": 9000, "currency": "EUR"}}


def decided(*signals: str, now: datetime = NOW, ctx: dict[str, object] | None = None, **fields: object) -> Decision:
    return decide(facts(*signals, **fields), context(**(ctx or {})), SETTINGS, now)  # type: ignore[arg-type]
