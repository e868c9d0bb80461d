"""The HTML report: one file without scripts, the ticket beside everything that was read from it."""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from agent.render import words
from agent.render.evidence import Passage, Piece, group_of, mentions, passages
from agent.render.outline import Outline
from agent.render.report import LONGEST_SECRET, masked, secrets_of
from schemas.escalation import Escalation
from schemas.facts import Claim, Facts
from schemas.ticket import Message, Ticket

_SPEAKER = {"customer": "Customer", "support": "Support", "system": "System", "other": "Other", "unknown": "Unknown"}


@dataclass(frozen=True, slots=True)
class Fact:
    """A claim as the list of facts shows it. `rules` (number, id) and `lines` (id) build on it."""

    id: str
    number: int
    label: str
    quote: str
    who: str
    reason: str
    group: str
    placed: bool
    rules: tuple[tuple[int, str], ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage of the ticket with its heading; `speaker` is "" outside of messages.

    `tail` is the white space at the end, which is kept but takes no room on the page.
    """

    heading: str
    speaker: str
    internal: bool
    pieces: tuple[Piece, ...]
    tail: str


_ORDER = ("counts", "reported", "disputed", "withdrawn", "superseded", "ungrounded", "instruction")


def _heading(message: Message, zone: tzinfo | None) -> str:
    parts = [_SPEAKER[message.speaker]]
    if message.author and message.author.casefold() != message.speaker:
        parts.append(message.author)
    if message.time is not None:
        parts.append(words.when(message.time, zone))
    if message.internal:
        parts.append("internal note")
    return " · ".join(parts)


def _mask_piece(piece: Piece, secret: frozenset[str]) -> Piece:
    if not secret.intersection(piece.claims):
        return piece
    return replace(piece, text="".join(char if char.isspace() else "•" for char in piece.text))


def shown(ticket: Ticket, facts: Facts, zone: tzinfo | None) -> tuple[Shown, ...]:
    """The whole ticket, passage by passage, with every quote of the facts marked and secrets masked."""
    secret = frozenset(
        claim.id
        for claim in facts.signals
        if claim.kind == "secret_in_ticket"
        and claim.evidence is not None
        and claim.evidence.end - claim.evidence.start <= LONGEST_SECRET
    )

    def show(passage: Passage) -> Shown:
        pieces = [_mask_piece(piece, secret) for piece in passage.pieces]
        last = pieces[-1]
        kept = last.text.rstrip() if not last.claims else last.text
        tail = last.text[len(kept) :]
        pieces[-1] = replace(last, text=kept)
        if passage.message is None:
            return Shown("", "", False, tuple(pieces), tail)
        message = ticket.messages[passage.message]
        return Shown(_heading(message, zone), message.speaker, message.internal, tuple(pieces), tail)

    return tuple(show(passage) for passage in passages(ticket, facts))


def _facts(
    result: Escalation, lines: dict[str, tuple[str, ...]], zone: tzinfo | None
) -> tuple[tuple[str, str, tuple[Fact, ...]], ...]:
    secrets = secrets_of(result.facts)
    rules: dict[str, list[tuple[int, str]]] = {}
    for number, rule in enumerate(result.decision.rules, 1):
        for claim_id in dict.fromkeys(rule.claims):
            rules.setdefault(claim_id, []).append((number, rule.id))
    used: dict[str, list[str]] = {}
    for line, claims in lines.items():
        for claim_id in claims:
            used.setdefault(claim_id, []).append(line)

    def fact(number: int, claim: Claim) -> Fact:
        placed = claim.evidence is not None and claim.status not in {"ungrounded", "instruction"}
        return Fact(
            claim.id,
            number,
            words.claim_label(claim),
            words.clip(masked(claim.quote, secrets)),
            words.who(claim, zone) if claim.evidence is not None else "",
            words.plain(claim.reason),
            group_of(claim),
            placed,
            tuple(rules.get(claim.id, ())),
            tuple(used.get(claim.id, ())),
        )

    every = [fact(number, claim) for number, claim in enumerate(result.facts.claims() + result.facts.removed, 1)]
    status = {claim.id: claim.status for claim in result.facts.claims() + result.facts.removed}
    groups = ((name, words.STATUS_WORDS[name], tuple(f for f in every if status[f.id] == name)) for name in _ORDER)
    return tuple(group for group in groups if group[2])


def beside(result: Escalation, outline: Outline | None) -> dict[str, Any]:
    """What the ticket beside its result needs: passages, facts, and which of them belong to which line and rule.

    `outline`: the brief as it is shown; None where there is none.
    """
    zone = words.zone_of(result.context)
    lines = mentions(outline, result.facts.claims()) if outline is not None else {}
    facts = _facts(result, lines, zone)
    names = {"b-headline": "Headline"}
    for section in outline.sections if outline is not None else ():
        for count, line in enumerate(section.lines, 1):
            names[line.id] = line.label or (section.title if len(section.lines) == 1 else f"{section.title} {count}")
    return {
        "ticket": result.ticket,
        "decision": result.decision,
        "passages": shown(result.ticket, result.facts, zone),
        "facts": facts,
        "labels": {fact.id: fact.label for _, _, group in facts for fact in group},
        "numbers": {fact.id: fact.number for _, _, group in facts for fact in group},
        "placed": {fact.id for _, _, group in facts for fact in group if fact.placed},
        "groups": sorted({fact.group for _, _, group in facts for fact in group if fact.placed}),
        "mentions": lines,
        "line_names": names,
        "instructions": result.facts.instructions,
    }


def page(result: Escalation, values: dict[str, Any]) -> str:
    """The report as one HTML file. `values` are those of the other formats; this adds ticket, facts and links.

    The policy in the page forbids everything but its own style, so that nothing of a ticket can load or run.
    """
    from markupsafe import Markup

    from agent.render.formats import html_environment

    env = html_environment()
    style = env.get_template("render/report.css.j2").render().strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return env.get_template("render/report.html.j2").render(
        **values,
        **beside(result, values["brief"]),
        style=Markup(style),  # our own file, rendered without values
        style_digest=digest,
    )
