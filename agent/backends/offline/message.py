"""The first message to the customer: what was passed to whom and when the next one comes. It promises nothing else."""

from datetime import datetime

from agent.backends.offline.wording import say, wording
from schemas.decision import Decision
from schemas.facts import Facts

MOST_QUESTIONS = 3


def moment(at: datetime) -> str:
    """`2026-03-02 14:00 UTC`; the zone by its IANA name where it has one, else by its offset."""
    zone = getattr(at.tzinfo, "key", None) or at.tzname() or "UTC"
    return f"{at:%Y-%m-%d %H:%M} {zone}"


def customer_message(title: str, facts: Facts, decision: Decision, missing: tuple[str, ...]) -> str:
    """In the customer's language where the wording has it, else in English. `missing`: keys of the table `gap`."""
    language = facts.language if f"message.{facts.language}" in wording() else "en"
    table = f"message.{language}"
    owner = decision.next_hop or decision.owner or "l2_support"
    lines = [say(table, "greeting"), "", f"{say(table, 'thanks', title=title)} {say(table, owner)}"]
    if decision.cadence is not None:
        lines[-1] += " " + say(table, "update", time=moment(decision.cadence.customer_due))
    # Security works from its own evidence: the customer of an exposure is not sent to reproduce it.
    # What support can look up itself (an outage's response) is no question to the customer either.
    gaps = tuple(name for name in missing if name != "outage")
    asked = _questions(language, decision, () if decision.owner == "security" else gaps)
    if asked:
        lines += ["", say(table, "ask"), *(f"- {question}" for question in asked)]
    return "\n".join([*lines, "", say(table, "closing")])


def _questions(language: str, decision: Decision, missing: tuple[str, ...]) -> list[str]:
    """The decision's questions to the customer (they are English), then the gaps of the reproduction."""
    own = [q.text for q in decision.questions if q.ask == "customer"] if language == "en" else []
    if language == "en":
        gaps = [say("gap", name).removeprefix("Ask the customer: ") for name in missing]
        gaps = [gap[0].upper() + gap[1:] for gap in gaps]
    else:
        gaps = [say(f"message.{language}", f"gap_{name}") for name in missing]
    if any("steps" in question for question in own):
        gaps = [gap for gap in gaps if "steps" not in gap]
    return [*own, *gaps][:MOST_QUESTIONS]
