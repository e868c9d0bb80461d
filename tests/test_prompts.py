"""The prompts: frozen where the cache needs it, and examples that hold against their own text."""

import json
import re

import pytest

from agent.grounding.ground import ground
from agent.policy.decide import decide
from agent.readers import read_ticket
from prompts import ROOT, load
from schemas.report import FactsReport
from schemas.vocabulary import SIGNALS
from tests.facts_factory import HIGH, NOW, SETTINGS, context, decided

SYSTEM = (ROOT / "system.md.j2").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"<ticket>\n(.*?)</ticket>\n<facts>\n(.*?)\n</facts>", SYSTEM, re.DOTALL)


def test_the_system_prompt_is_frozen() -> None:
    assert load("system.md.j2") == SYSTEM
    assert not re.search(r"\{[{%#]", SYSTEM)


def test_every_signal_is_taught_and_none_that_does_not_exist() -> None:
    part = SYSTEM[SYSTEM.index("## Signals") : SYSTEM.index("## The other lists")]
    taught = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", part)) & (
        set(SIGNALS) | set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", part))
    )
    assert taught == set(SIGNALS)


def test_there_are_several_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize(("ticket_text", "facts_json"), EXAMPLES)
def test_example_holds_against_its_own_text(ticket_text: str, facts_json: str) -> None:
    report = FactsReport.model_validate(json.loads(facts_json))
    facts = ground(read_ticket(ticket_text), report)
    lost = [claim for claim in facts.removed if claim.kind != "instruction_in_ticket"]
    assert [(claim.id, claim.reason) for claim in lost] == []
    assert [claim.id for claim in facts.claims() if claim.status == "disputed"] == []


def test_examples_decide_as_the_policy_says() -> None:
    decided_as = []
    for ticket_text, facts_json in EXAMPLES:
        facts = ground(read_ticket(ticket_text), FactsReport.model_validate(json.loads(facts_json)))
        decision = decide(facts, context(), SETTINGS, NOW)
        decided_as.append((decision.outcome, decision.owner, decision.severity, decision.deciding_rule))
    assert decided_as == [
        ("escalate", "engineering", "medium", "TEC-5"),
        ("escalate", "security", "critical", "SEC-1"),
        ("escalate", "engineering", "medium", "TEC-4"),
        ("handle", None, None, "HND-3"),
    ]


def test_the_decision_reaches_the_model_whole() -> None:
    from schemas.vocabulary import OWNER_LABEL
    from tests.facts_factory import facts

    signals = ("bug_confirmed@support", "churn_threat", "sla_breached", "repeat_reports")
    decision = decided(*signals, ctx=HIGH)
    text = load(
        "decision.md.j2",
        decision=decision,
        facts=facts(*signals),
        context=context(**HIGH),
        owner_label=OWNER_LABEL,
        required_labels=("Customer timeline", "Logs or errors"),
    )
    for words in (
        "Target: Engineering, through L2 Support",
        "Severity: High",
        "co-target",
        "2026-03-11 17:00 UTC",
        "annual value 250000 EUR",
        'reported: sla_breached: "sla_breached said" (customer)',
        "Customer timeline; Logs or errors",
    ):
        assert words in text, words
    assert "\n\n\n" not in text
