"""Who does what by when, from deadline and cadence (the seed: "Don't escalate and forget")."""

from schemas.decision import Decision
from schemas.escalation import NextStep
from schemas.vocabulary import OWNER_LABEL


def next_steps(decision: Decision) -> tuple[NextStep, ...]:
    """The steps that follow from the decision, soonest first where they carry a time."""
    steps = []
    if decision.outcome == "escalate" and decision.owner and decision.next_hop and decision.cadence:
        owner, hop = OWNER_LABEL[decision.owner], OWNER_LABEL[decision.next_hop]
        if decision.acknowledge_by:
            steps.append(NextStep(who=owner, what="Acknowledge the escalation", by=decision.acknowledge_by))
        if hop != owner:
            steps.append(NextStep(who="Support", what=f"Hand the brief to {hop}, who takes it on to {owner}"))
            if decision.expedite:
                steps.append(NextStep(who="Support", what=f"Notify {owner} at once, past the hop"))
        else:
            steps.append(NextStep(who="Support", what=f"Hand the brief to {owner}"))
        if decision.leadership and decision.owner != "leadership":
            steps.append(NextStep(who="Support", what="Inform Leadership, with its own ask"))
        if not decision.acknowledge_by:
            steps.append(NextStep(who=owner, what="Answer the ask", by=decision.deadline))
        steps.append(NextStep(who="Support", what=f"Check progress with {hop}", by=decision.cadence.internal_due))
        steps.append(NextStep(who="Support", what="Update the customer, news or not", by=decision.cadence.customer_due))
        steps.append(NextStep(who="Support", what="Keep every update in the ticket; adjust severity on new facts"))
    for question in decision.questions:
        who = {"customer": "Support", "support": "Support", "account_team": "Account team"}[question.ask]
        whom = "Ask the customer" if question.ask == "customer" else "Find out"
        steps.append(NextStep(who=who, what=f"{whom}: {question.text}"))
    if decision.outcome == "handle":
        steps.append(NextStep(who="Support", what="Answer the customer and keep the ticket"))
    return tuple(steps)
