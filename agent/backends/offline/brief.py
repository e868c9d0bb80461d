"""The brief from facts and decision, without a model: the ticket's own sentences, quoted and attributed.

What nobody said is 'Unknown' and a question. The validator's findings are used once, to take back what a word rule got
wrong, before the brief is handed over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.backends.offline.evidence import (
    LONGEST,
    Sentence,
    line,
    of_claim,
    retold,
    says_something,
    standing,
    told,
    values,
    voice,
    weighted,
)
from agent.backends.offline.history import FAILS, NOT_SEEN, TELLS_RESULT
from agent.backends.offline.language import filler
from agent.backends.offline.message import customer_message, moment
from agent.backends.offline.quoting import Quotes
from agent.backends.offline.targets import target_lines
from agent.backends.offline.wording import say, wording
from schemas.brief import Ask, Brief, Reproduction, Tried
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.facts import Claim, Facts
from schemas.ticket import Ticket

UNKNOWN = "Unknown"
NOT_APPLICABLE = "Not applicable"
HEADLINE = 180  # code points; the validator allows 200
TITLE = 140  # code points of the title within it
ENVIRONMENT = 500  # code points: system, runtime, program and library have a line each in a report
FEWEST, MOST = 3, 4  # sentences of the description; the validator allows 3 to 5
_SLA = {"breached": "Breached", "at_risk": "At risk", "within": "Within SLA", "unknown": "Unknown"}
_RISKS = (
    "churn_threat",
    "legal_risk",
    "pr_risk",
    "executive_request",
    "waiting_too_long",
    "no_progress",
    "deal_or_renewal_at_risk",
)
_BLOCKING = (
    "work_blocked",
    "service_down",
    "major_function_broken",
    "data_loss",
    "data_exposure",
    "unauthorized_access",
)
# What was expected instead of these goes without saying.
_FAILURES = ("service_down", "major_function_broken", "work_blocked", "data_loss")
_SINCE = re.compile(  # a beginning that is no date: "since the 8.4.1 update"
    r"\bsince (?!we\b|i\b|it\b|they\b|this\b|that\b|there\b)|\bseit\b|\bdesde\b|\bdepuis\b|以来|てから|以降|更新後|"
    r"\b(?:after|nach|tras|après|após) (?:\S+ ){0,3}(?:updat|upgrad|release|migrat|deploy|aktualis|actualiz|mise|"
    r"atualiz)",
    re.IGNORECASE,
)
_STOPPED = re.compile(  # beside `FAILS`, and in the other languages of the wording
    r"\bnot (?:work|load|open|start|fir|show|return)|\bno (?:longer|more)\b|\bstop(?:s|ped)\b|\bempty\b|"
    r"\bdoes nothing\b|crash|freez|\bhang|\bfail|error|exception|"
    r"\bfehler|\bfunktionier|\bnicht (?:mehr|möglich)|\bstürzt|\bkönnen \b.{0,60}\bnicht\b|"
    r"\bno (?:puedo|podemos|puede|funciona|se puede|abre|aparece)|\bfalla|\bne .{1,30} (?:pas|plus)\b|\berreur|"
    r"\bimpossible|"
    r"\bplante\b|\bnão (?:consig|funciona|abre|aparece|é possível)|\berro\b|\bfalha|できません|できない|エラー|ません"
)
_TOKEN = re.compile(r"\w+")
_CLAUSE = re.compile(r"[,;:.]\s|\s[-–—(]\s?")
_NOTHING_TRIED = re.compile(  # somebody says that nothing was tried: only then is it so
    r"\b(?:nothing (?:has been |was |is )?(?:been )?tried|tried nothing|"
    r"(?:have not|haven't|has not|hasn't|did not|didn't) (?:yet )?tr(?:y|ied) anything|"
    r"noch nichts (?:versucht|probiert|unternommen)|no hemos (?:probado|intentado) nada|"
    r"n'avons (?:encore )?rien essayé|"
    r"não tentamos nada)\b|何も試していません",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"[.!?\n。]")
_COUNTS = ("customers_affected", "other_customers_affected", "customers_same_cause", "other_customers_same_cause")


def draft(ticket: Ticket, context: Context, facts: Facts, decision: Decision, now: datetime) -> Brief:
    """A brief for this decision. `now` is aware; it is used to check the brief, not to write it."""
    from agent.validate import validate_brief

    brief = _brief(ticket, context, facts, decision, now)
    for _ in range(2):
        findings = [f for f in validate_brief(brief, decision, facts, ticket, context, now) if f.blocking]
        if not findings:
            break
        brief = _taken_back(brief, findings)
    return brief


@dataclass(frozen=True, slots=True)
class _Words:
    """What the brief says where: each sentence of the ticket has one place."""

    title: str  # of the headline
    topic: str  # of the ask
    subject: str  # of the message: the customer's own words for it
    impact: Sentence | None  # the workflow impact, where the ticket has words for it beside those below
    description: tuple[Sentence, ...]


def _brief(ticket: Ticket, context: Context, facts: Facts, decision: Decision, now: datetime) -> Brief:
    order = weighted(facts, decision)
    words = _words(ticket, facts, order)
    title = words.title
    reproduction, missing = _reproduction(facts, decision, words)
    return Brief(
        headline=_headline(title, facts),
        customers_affected=_customers(ticket, context, facts),
        workflow_impact=_workflow(decision, words),
        revenue_at_risk=_revenue(context, facts),
        sla_status=f"{_SLA[decision.sla.state]}: {decision.sla.explanation}"
        if decision.sla.explanation
        else _SLA[decision.sla.state],
        description=_description(facts, words, errors_shown=reproduction.applies),
        reproduction=reproduction,
        tried=_tried(ticket, facts),
        last_update=_last_update(facts),
        customer_expectation=_expectation(facts),
        escalation_risk=_risk(facts),
        asks=(
            Ask(verb=decision.ask or "investigate", text=say("ask", decision.ask or "investigate", title=words.topic)),
        ),
        deadline=_deadline(decision, facts, context, now),
        supporting_context=_supporting(ticket, context, facts),
        target_lines=target_lines(ticket, context, facts, decision, order, words.topic, in_steps=reproduction.applies),
        leadership_asks=_leadership(decision),
        derivations=(),
        customer_message=customer_message(words.subject, facts, decision, missing),
        questions=_questions(context, facts, decision, words),
    )


def _title(ticket: Ticket, facts: Facts, order: tuple[Claim, ...]) -> str:
    issue = next(iter(standing(facts.issues)), None)
    words = (issue.value if issue else "") or ticket.subject or (order[0].quote if order else "") or "the ticket"
    if issue is not None and words.endswith("…"):
        words = _uncut(words, issue.quote)
    return words if words.endswith("…") else line(words, TITLE)


def _uncut(title: str, quote: str) -> str:
    """A title that was cut after some words, to its end where that is near, else to the end of a clause."""
    begun, flat = title.removesuffix("…").rstrip(), " ".join(quote.split())
    at = flat.casefold().find(begun.casefold())
    whole = flat[at:] if at >= 0 else begun
    if at >= 0 and len(whole) <= TITLE:
        return whole
    cuts = [cut.start() for cut in _CLAUSE.finditer(whole, len(begun) // 2, TITLE)]
    return (whole[: cuts[-1]] if cuts else begun).rstrip(" ,;:") + " …"


def _headline(title: str, facts: Facts) -> str:
    started = standing(facts.measures, "started")
    since = f", since {line(started[0].value)}" if started and started[0].value else ""
    headline = title + since if since and started[0].value not in title and not title.endswith("…") else title
    return headline if len(headline) <= HEADLINE else title


def _words(ticket: Ticket, facts: Facts, order: tuple[Claim, ...]) -> _Words:
    """The sentences that the brief quotes: what decides, then what else the customer tells, none of them twice."""
    subject = topic = title = _title(ticket, facts, order)
    blocking = [of_claim(c) for kind in _BLOCKING for c in standing(facts.signals, kind)]
    # What a section has a line for, and what is only behind the decision because of who says it, is quoted there.
    apart = {line(c.quote) for c in (*facts.attempts, *standing(facts.measures, "customer_expectation"))}
    deciding = [of_claim(c) for c in order if c.group not in {"measure"} or c.kind in {"started", "users_affected"}]
    deciding = [s for s in deciding if s.words not in apart and not (s.voice == "quoted" and s.words[:1] in "\"'«")]
    wanted = [*deciding[:2], *told(ticket, facts), *deciding[2:]]
    told_first = next((s for s in deciding if says_something(s.words) and not _repeats(s.words, [title])), None)
    if len(title.split()) == 1 and title.isascii() and told_first is not None:
        topic = line(told_first.words, TITLE - len(title) - 2)
        title = f"{title}: {topic}"  # "Export" alone tells nobody what is wrong
    used = [title.removesuffix("…").rstrip()]
    impact = next((s for s in blocking if says_something(s.words) and not _repeats(s.words, used)), None)
    if impact is not None:
        used.append(impact.words)
    chosen: list[Sentence] = []
    for sentence in wanted:
        if len(chosen) < MOST and says_something(sentence.words) and not _repeats(sentence.words, used):
            used.append(sentence.words)
            chosen.append(sentence)
    if impact is not None and not chosen:
        chosen = [impact]
        impact = None
    voices: tuple[str, ...] = ("customer", "quoted", "system", "support")
    chosen.sort(key=lambda s: (voices.index(s.voice), s.start))
    return _Words(title, topic, subject, impact, tuple(chosen))


def _repeats(words: str, used: Sequence[str]) -> bool:
    """Whether the brief says it already, or nearly: one within the other."""
    plain = _plain(words)
    if any(plain in other or other in plain for other in map(_plain, used) if other):
        return True
    content = {token for token in _TOKEN.findall(plain) if len(token) > 2} - filler()
    return bool(content) and any(content <= set(_TOKEN.findall(other)) for other in map(_plain, used))


def _plain(words: str) -> str:
    return words.removesuffix("…").replace('"', "").strip().casefold()


def account_name(context: Context, facts: Facts) -> str | None:
    """Name of the reporting account, from context or ticket."""
    if context.account and context.account.name:
        return context.account.name
    named = [c.subject for c in standing(facts.accounts, "reporter") if c.subject and c.subject != "reporter"]
    return named[0] if named else None


def _customers(ticket: Ticket, context: Context, facts: Facts) -> str:
    name = account_name(context, facts)
    parts = [f"The reporting account ({name})" if name else "The reporting customer"]
    if ticket.reporter and not name:
        parts = [f"The reporting customer ({line(ticket.reporter)})"]
    parts += [f"also {c.subject}" for c in standing(facts.accounts, "same_symptoms", "same_cause") if c.subject]
    for label, kinds in (("customers", _COUNTS), ("users", ("users_affected",)), ("records", ("records_affected",))):
        shown = values(standing(facts.measures, *kinds)[:2])
        if shown:
            parts.append(f"{label} affected: {shown}")
    scope = next(iter(standing(facts.scopes)), None)
    if scope is not None:
        parts.append(f"scope: {say('scope', scope.value)}, as {voice(scope.asserted_by)} says")
    return "; ".join(parts)


def _workflow(decision: Decision, words: _Words) -> str:
    if words.impact is not None:
        return say("said", words.impact.voice, quote=words.impact.words)
    rules = [rule for rule in decision.rules if rule.state != "overridden" and rule.because]
    if not rules:
        return UNKNOWN
    rules.sort(key=lambda rule: (rule.severity != decision.severity, rule.state != "decides"))
    because = rules[0].because
    return say("impact", "description" if words.description else "headline", because=because[0].upper() + because[1:])


def _revenue(context: Context, facts: Facts) -> str:
    account = context.account
    if account and account.annual_value is not None:
        return (
            f"Annual value of the account: {account.annual_value:f} {account.currency or ''}".rstrip()
            + " (from context)"
        )
    for claims, label in (
        (standing(facts.measures, "revenue_at_risk"), ""),
        (standing(facts.accounts, "annual_value"), "Annual value of the account: "),
    ):
        stated = [c for c in claims if c.value]
        counted = [c for c in stated if c.status == "counts" and c.asserted_by in {"support", "system"}]
        if counted:
            return f"{label}{line(counted[0].value)} (stated by {voice(counted[0].asserted_by).removeprefix('the ')})"
        if stated:
            return f"{label}Reported by the customer, not confirmed: {line(stated[0].value)}"
    return UNKNOWN


def _description(facts: Facts, words: _Words, *, errors_shown: bool) -> str:
    sentences = retold(words.description)
    if not sentences:
        more = errors_shown and any(not _repeats(error, [words.title]) for error in _errors(facts))
        sentences.append(say("padding", "only_error" if more else "only_headline"))
    if not errors_shown:
        told_already = [words.title, *(s.words for s in words.description)]
        new = [e for e in _errors(facts) if not _repeats(e, told_already)]
        sentences[MOST - 1 :] = [say("said", "quoted", quote=e) for e in new[:1]] or sentences[MOST - 1 :]
    measures = {c.kind for c in standing(facts.measures)}
    signals = {c.kind for c in standing(facts.signals)}
    padding = (
        ("no_start", "started" not in measures and not _since(facts)),
        ("no_extent", not measures & {"users_affected", "customers_affected"} and not standing(facts.scopes)),
        ("no_cause", not signals & {"bug_confirmed", "code_change_needed"}),
        ("no_workaround", not standing(facts.workarounds)),
    )
    for name, holds in padding:
        if holds and len(sentences) < FEWEST:
            sentences.append(say("padding", name))
    return " ".join(sentences)


def _since(facts: Facts) -> bool:
    """Whether somebody says since when, in other words than a date."""
    return any(_SINCE.search(c.quote) for c in (*standing(facts.issues), *standing(facts.signals)))


def _errors(facts: Facts) -> list[str]:
    """Error texts as lines, a log's own words before a sentence about them."""
    errors = sorted(standing(facts.measures, "error_message"), key=lambda c: c.asserted_by != "quoted")
    return list(dict.fromkeys(line(c.value) for c in errors if c.value))


def _result(attempt: Claim) -> str:
    low = attempt.quote.lower()
    if attempt.value:
        return line(attempt.value)
    if NOT_SEEN.search(low):
        return say("tried", "not_seen")
    return say("tried", "told") if TELLS_RESULT.search(low) else UNKNOWN


def _tried(ticket: Ticket, facts: Facts) -> tuple[Tried, ...]:
    tried = tuple(
        Tried(
            action=say("tried", c.asserted_by, action=line(c.subject or c.quote)),
            result=_result(c),
        )
        for c in standing(facts.attempts)[:8]
    )
    denied = None if tried else _NOTHING_TRIED.search(ticket.text)
    if denied is None:
        return tried
    before = ticket.text[max(0, denied.start() - 80) : denied.start()]
    after = _CLAUSE_ENDS.search(ticket.text, denied.end(), denied.end() + 80)
    start, end = denied.start() - len(_CLAUSE_ENDS.split(before)[-1]), after.start() if after else denied.end()
    unread = [(order.start, order.end) for order in facts.instructions]
    unread += [(span.start, span.end) for span in ticket.spans if span.kind == "hidden"]
    words = line(Quotes(ticket).between(start, end))
    if not words or any(low < end and start < high for low, high in unread):
        return tried
    return (Tried(action=f"Nothing yet: “{words}”", result=UNKNOWN),)


def _reproduction(facts: Facts, decision: Decision, words: _Words) -> tuple[Reproduction, tuple[str, ...]]:
    """The reproduction, and the names of what it lacks (keys of the table `gap`)."""
    technical = decision.owner == "engineering" or any(
        r.id.startswith("TEC") and r.state != "overridden" for r in decision.rules
    )
    bug = standing(
        facts.signals, "bug_suspected", "bug_confirmed", "regression", "major_function_broken", "service_down"
    )
    if not technical and not (bug and decision.owner == "l2_support"):
        empty = Reproduction(
            applies=False, steps=(), expected=NOT_APPLICABLE, actual=NOT_APPLICABLE, environment=NOT_APPLICABLE, gaps=()
        )
        return empty, ()
    part = {
        kind: standing(facts.reproduction, kind) for kind in ("start_state", "step", "expected", "actual", "frequency")
    }
    environment = _environment(facts, words)
    steps = tuple(line(c.quote) for c in part["start_state"] + part["step"])
    expected = values(part["expected"][:2]) or (say("expected", "failure") if _is_failure(facts, words) else "")
    tried = {c.quote for c in standing(facts.attempts)}
    actual = _actual(facts, words, [c for c in part["actual"] if c.quote not in tried][:2])
    found = {
        "steps": steps,
        "expected": expected,
        "actual": actual,
        "environment": environment,
        "frequency": part["frequency"],
    }
    outage = bool(standing(facts.signals, "service_down"))
    # To whom everything is down, neither steps nor how often are a sensible question.
    missing = tuple(
        "outage" if outage and name == "steps" else name
        for name, value in found.items()
        if not value and not (outage and name == "frequency")
    )
    reproduction = Reproduction(
        applies=True,
        steps=steps,
        expected=expected or UNKNOWN,
        actual=actual or UNKNOWN,
        environment="; ".join(filter(None, (environment, _frequency(part["frequency"], words, steps)))) or UNKNOWN,
        gaps=tuple(say("gap", name) for name in missing),
    )
    return reproduction, missing


def _frequency(claims: Sequence[Claim], words: _Words, steps: Sequence[str]) -> str:
    """How often it happens, where no other line quotes that sentence."""
    quoted = [words.title, *(s.words for s in (*words.description, words.impact) if s), *steps]
    new = [c for c in claims[:1] if says_something(line(c.quote)) and not _repeats(line(c.quote), quoted)]
    return say("environment", "frequency", quote=line(new[0].quote)) if new else ""


def _is_failure(facts: Facts, words: _Words) -> bool:
    """Whether something stopped, broke or showed an error: then nobody need ask what was expected instead."""
    if standing(facts.signals, *_FAILURES) or standing(facts.measures, "error_message", "error_code"):
        return True
    told = [text.lower() for text in (words.title, *(s.words for s in words.description))]
    return any(FAILS.search(text) or _STOPPED.search(text) for text in told)


def _actual(facts: Facts, words: _Words, parts: Sequence[Claim]) -> str:
    """What happens, in the reporter's words where a part is headed so, with the error text."""
    shown = [value for claim in parts if (value := values([claim]))]
    errors = [error for error in _errors(facts) if not any(error in text for text in shown)]
    shown += [f"error text: “{error}”" for error in errors[:2]]
    if shown:
        return "; ".join(shown)
    return say("actual", "description" if words.description else "headline")


def _environment(facts: Facts, words: _Words) -> str:
    """System and versions: the report's own field in full; else those named in prose, which the description quotes."""
    parts = standing(facts.reproduction, "environment")
    measures = standing(facts.measures, "environment")
    # A field of the head is its own quote; in a message that is a sentence about one of several versions.
    head = [c for c in measures if c.evidence is None or c.evidence.message is None]
    whole = [c for c in head if c.value.rstrip(".") == c.quote.strip(" ,;").rstrip(".")]
    fields = [*parts, *whole]
    loose = [c for c in measures if c not in whole and not c.quote.rstrip().endswith("?")]
    if fields:
        return values([c.model_copy(update={"value": _listed(c.value or c.quote)}) for c in fields[:3]], ENVIRONMENT)
    told = [words.title, *(s.words for s in words.description)]
    quotes = dict.fromkeys(line(c.quote) for c in loose)
    if len(quotes) > 1 and any(_repeats(quote, told) for quote in quotes):
        return say("environment", "described", versions=values(loose))
    return values(loose)


def _listed(text: str) -> str:
    """The lines of a field in a row."""
    lines = [re.sub(r"\s+=\s+", " = ", row.strip().lstrip("-*•# ").strip(" ,;")) for row in text.splitlines()]
    return "; ".join(row for row in lines if row)


def _last_update(facts: Facts) -> str:
    updates = standing(facts.measures, "last_customer_update")
    if not updates:
        return UNKNOWN
    last = updates[-1]
    when = last.evidence.time if last.evidence else None
    words = f"support wrote “{line(last.quote, 2 * LONGEST)}”"
    return f"{when:%Y-%m-%d}: {words}" if when else words[0].upper() + words[1:]


def _expectation(facts: Facts) -> str:
    parts = [f"“{line(c.quote)}”" for c in standing(facts.measures, "customer_expectation")[:2]]
    wanted = values(standing(facts.measures, "deadline_wanted")[:1])
    if wanted and not any(wanted in part for part in parts):
        parts.append(f"wanted by: {wanted}")
    return "; ".join(parts) or UNKNOWN


def _risk(facts: Facts) -> str:
    for kind in _RISKS:
        for claim in standing(facts.signals, kind):
            return say("risk", kind, quote=line(claim.quote))
    wanted = values(standing(facts.measures, "deadline_wanted", "go_live_date")[:1])
    return say("risk", "deadline", quote=wanted) if wanted else say("risk", "none")


def _deadline(decision: Decision, facts: Facts, context: Context, now: datetime) -> str:
    from agent.validate.deadline import limit_of

    limit = limit_of(decision, facts, context, now)
    if limit is None:
        return UNKNOWN
    zone = decision.deadline.tzinfo if decision.deadline else None
    return moment(limit.astimezone(zone) if zone else limit)


def _supporting(ticket: Ticket, context: Context, facts: Facts) -> tuple[str, ...]:
    found: list[str] = []
    name = context.ticket_id or ticket.id or facts.ticket_id
    if name:
        found.append(f"Ticket {name}")
    label = {
        "bug_record": "Bug record",
        "same_issue_ticket": "Same issue",
        "ticket": "Ticket",
        "attachment": "Attachment",
    }
    for claim in standing(facts.references):
        text = f"{label.get(claim.kind, claim.kind.capitalize())} {claim.value}"
        if claim.value != name and text not in found:
            found.append(text)
    found += [f"Attachment {name}" for name in ticket.attachments if f"Attachment {name}" not in found]
    if context.bug_record:
        found.append(f"Bug record {context.bug_record}")
    found += [f"Related ticket {related.ticket} ({related.account})" for related in context.related]
    return tuple(found[:12]) or ("The ticket itself; it has no id.",)


def _leadership(decision: Decision) -> tuple[str, ...]:
    if not decision.leadership or decision.owner == "leadership":
        return ()
    known = wording()["leadership"]
    asks = [known[r.id] for r in decision.rules if r.leadership and r.state != "overridden" and r.id in known]
    asks = asks or [known[r.id] for r in decision.rules if r.state != "overridden" and r.id in known]
    return tuple(dict.fromkeys(asks)) or (known["other"],)


def _questions(context: Context, facts: Facts, decision: Decision, words: _Words) -> tuple[str, ...]:
    measures = {c.kind for c in standing(facts.measures)}
    asked = " ".join(question.text for question in decision.questions)
    wanted = (
        (
            "started",
            decision.owner in {"engineering", "l2_support", "security"}
            and "started" not in measures
            and not _since(facts)
            and not any(_SINCE.search(text) for text in (words.title, *(s.words for s in words.description))),
        ),
        (
            "extent",
            decision.owner != "product"
            and not measures & {"users_affected", "customers_affected"}
            and not facts.scopes,
        ),
        ("containment", decision.owner == "security" and "containment_step" not in measures),
        ("use_case", decision.owner == "product" and "use_case" not in measures),
        ("value", decision.high_value is None and context.account is None and "annual value" not in asked),
    )
    return tuple(say("question", name) for name, holds in wanted if holds)


def _taken_back(brief: Brief, findings: list[Finding]) -> Brief:
    """The brief without what the validator could not trace: the line becomes 'Unknown', the step a gap."""
    changes: dict[str, object] = {}
    places = {finding.place for finding in findings}
    for place, field in _LINES.items():
        if place in places:
            changes[field] = UNKNOWN
    bad = {
        int(p.rsplit(" ", 1)[1])
        for p in places
        if p.startswith("REPRODUCTION STEPS: ") and p[-1].isdigit() and "Missing" not in p
    }
    parts = {
        part for part in ("expected", "actual", "environment") if f"REPRODUCTION STEPS: {part.capitalize()}" in places
    }
    if bad or parts:
        old = brief.reproduction
        steps = tuple(step for number, step in enumerate(old.steps, 1) if number not in bad)
        gaps = [say("gap", name) for name in ("steps", *sorted(parts)) if name != "steps" or bad]
        changes["reproduction"] = old.model_copy(
            update={
                "steps": steps,
                "gaps": tuple(dict.fromkeys((*old.gaps, *gaps))),
                **dict.fromkeys(parts, UNKNOWN),
            }
        )
    tried = {int(p.split(": ")[1].split(" ")[0]) for p in places if p.startswith("WHAT'S BEEN TRIED: ")}
    if tried:
        changes["tried"] = tuple(t for number, t in enumerate(brief.tried, 1) if number not in tried)
    support = {int(p.rsplit(" ", 1)[1]) for p in places if p.startswith("SUPPORTING CONTEXT: ")}
    if support:
        kept = tuple(text for number, text in enumerate(brief.supporting_context, 1) if number not in support)
        changes["supporting_context"] = kept or (UNKNOWN,)
    labels = {t.label for t in brief.target_lines if t.label in places}
    if labels:
        changes["target_lines"] = tuple(
            t.model_copy(update={"text": UNKNOWN}) if t.label in labels else t for t in brief.target_lines
        )
    return brief.model_copy(update=changes)


_LINES = {
    "IMPACT: Customers affected": "customers_affected",
    "IMPACT: Workflow impact": "workflow_impact",
    "IMPACT: Revenue at risk": "revenue_at_risk",
    "CUSTOMER COMMUNICATION: Last update": "last_update",
    "CUSTOMER COMMUNICATION: Customer expectation": "customer_expectation",
    "CUSTOMER COMMUNICATION: Escalation risk": "escalation_risk",
}
