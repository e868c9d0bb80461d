"""What whoever reads the ticket (a model, a person, the offline rules) reports: facts with quotes, no decision.

This is the input of the tool `record_facts`. Every list is sparse: what the ticket does not say has no entry.
There is no tier and no severity here, on purpose: code decides those.
"""

from typing import Literal

from pydantic import Field

from schemas.base import Model
from schemas.vocabulary import (
    AccountFact,
    Asserter,
    Measure,
    Reference,
    ReproductionPart,
    Scope,
    Side,
    Signal,
    Workaround,
)

QUOTE = (
    "Verbatim from the ticket, copied character by character, one unbroken stretch, as short as proves the point "
    "and with the words that deny or limit it"
)
ISSUE = "Number of the issue from `issues` that this belongs to; 1 unless the ticket holds unrelated problems"
ASSERTED_BY = (
    "Who says it: customer; support (any staff of the vendor); system (help-desk header, CRM panel, the vendor's "
    "monitor); quoted (pasted or forwarded words of someone who is no party, and machine payloads)"
)


class IssueReport(Model):
    """One problem or request. Nearly every ticket has exactly one; symptoms of one fault are one issue."""

    issue: int = Field(description="1, 2, … in order of importance to the customer")
    title: str = Field(description="What is wrong or wanted, in at most 12 words, specific, no judgement of urgency")
    kind: Literal["problem", "request", "question"] = Field(
        description="problem: something misbehaves or is at risk; request: a wish or an approval; question: how-to"
    )
    answered: bool = Field(description="True only if the ticket shows that this issue is already settled")
    quote: str = Field(description=QUOTE)


class SignalReport(Model):
    """One place where the ticket says that a signal holds, or that an earlier statement of it is withdrawn."""

    signal: Signal = Field(description="Name from the list of signals in the instructions")
    issue: int = Field(description=ISSUE)
    state: Literal["stated", "withdrawn"] = Field(
        description="withdrawn: the quote takes back or disproves an earlier statement of the same signal"
    )
    asserted_by: Asserter = Field(description=ASSERTED_BY)
    quote: str = Field(description=QUOTE)


class WorkaroundReport(Model):
    """What the ticket says about a workaround. One entry for each statement; none if it says nothing."""

    value: Workaround = Field(
        description="none: said that there is none; documented_untried; tried_failed; partial: restores only part of "
        "the work, or is the customer's own trick; verified: documented or checked by support and seen to work"
    )
    issue: int = Field(description=ISSUE)
    asserted_by: Asserter = Field(description=ASSERTED_BY)
    quote: str = Field(description=QUOTE)


class ScopeReport(Model):
    """Who is hit by an outage. Only if the ticket says so."""

    value: Scope = Field(description="all_users of the service; whole_account; some_users; one_user")
    issue: int = Field(description=ISSUE)
    asserted_by: Asserter = Field(description=ASSERTED_BY)
    quote: str = Field(description=QUOTE)


class MeasureReport(Model):
    """A number, a date or another particular that the ticket states."""

    kind: Measure = Field(
        description="customers_*: distinct customer accounts, with this one; other_customers_*: besides this one; "
        "*_same_cause: staff confirmed one cause; current_tier: L1, L2 or manager if the ticket shows who holds it; "
        "last_customer_update: date and what was said to the customer; customer_expectation: what and by when"
    )
    value: str = Field(description="The value as written in the quote, numbers unchanged, currency included")
    asserted_by: Asserter = Field(description=ASSERTED_BY)
    quote: str = Field(description=QUOTE)


class AccountReport(Model):
    """A customer account and one thing said about it."""

    account: str = Field(description="Name as written in the ticket; 'reporter' if the reporting account has no name")
    fact: AccountFact = Field(
        description="reporter: this account opened the ticket; same_symptoms, same_cause: also affected (cause only if "
        "staff confirmed it); annual_value: ARR or contract value; plan: its plan's name; work_blocked"
    )
    value: str = Field(description="For annual_value and plan: as written in the quote. Otherwise empty")
    asserted_by: Asserter = Field(description=ASSERTED_BY)
    quote: str = Field(description=QUOTE)


class PersonReport(Model):
    """A person named in the ticket."""

    name: str = Field(description="As written in the ticket")
    role: str = Field(description="Job or part in the ticket as written; empty if not said")
    side: Side = Field(description="Whose person")
    quote: str = Field(description=QUOTE)


class AttemptReport(Model):
    """Something that was already tried or checked, by anyone."""

    action: str = Field(description="What was done, close to the ticket's words")
    result: str = Field(description="What came of it; empty if the ticket does not say")
    asserted_by: Asserter = Field(description=ASSERTED_BY)
    quote: str = Field(description=QUOTE)


class ReproductionReport(Model):
    """One part of a reproduction that the ticket gives. Steps in order, one entry for each."""

    part: ReproductionPart = Field(description="Which part")
    text: str = Field(description="The part, with the ticket's exact values")
    quote: str = Field(description=QUOTE)


class ReferenceReport(Model):
    """A ticket, link, record, log or attachment that the ticket names."""

    kind: Reference = Field(description="same_issue_ticket: another customer's ticket with this issue")
    value: str = Field(description="The id, address or file name as written")
    quote: str = Field(description=QUOTE)


class FactsReport(Model):
    """Report the facts that the ticket states, each with its quote. Report no judgement of urgency or of routing."""

    language: str = Field(description="ISO 639-1 code of the language that the customer writes")
    understandable: bool = Field(
        description="False only if the ticket is too empty or garbled to tell what is wrong or wanted"
    )
    issues: tuple[IssueReport, ...] = Field(description="The issues; empty if not understandable")
    signals: tuple[SignalReport, ...] = Field(description="The signals that the ticket shows")
    workarounds: tuple[WorkaroundReport, ...] = Field(description="Statements about a workaround")
    scopes: tuple[ScopeReport, ...] = Field(description="Statements about who is hit by an outage")
    measures: tuple[MeasureReport, ...] = Field(description="Numbers, dates and particulars")
    accounts: tuple[AccountReport, ...] = Field(description="Customer accounts")
    people: tuple[PersonReport, ...] = Field(description="People named")
    attempts: tuple[AttemptReport, ...] = Field(description="What was tried, in order")
    reproduction: tuple[ReproductionReport, ...] = Field(description="Parts of a reproduction, in order")
    references: tuple[ReferenceReport, ...] = Field(description="Tickets, links, logs, attachments")
