"""The one conversation of a ticket, as Messages API requests.

    tools, system                      frozen, cached: the same bytes for every ticket
    user       ticket                  cached: the second call reads it
    assistant  record_facts            call 1
    user       result: the decision
    assistant  submit_brief            call 2
    user       error: findings         a repair replaces the last answer and its findings, it never appends

Nothing that varies (date, id, boundary) stands before the ticket. Nothing here imports the SDK.
"""

import hashlib
import json
from functools import cache
from typing import Any

from agent.backends.base import Blocks, Call, CompareCall, DraftCall, ExtractCall, Fault, TurnCall
from schemas.brief import Brief
from schemas.chat import Turn
from schemas.comparison import Comparison
from schemas.facts import Claim, Facts
from schemas.report import FactsReport
from schemas.tools import (
    COMPARE_TICKETS,
    RECORD_FACTS,
    SUBMIT_BRIEF,
    TAKE_TURN,
    compare_tool,
    tools,
    turn_tool,
)
from schemas.vocabulary import OWNER_LABEL

SYSTEM, TICKET, FACTS_REPAIR = "system.md.j2", "ticket.md.j2", "facts_repair.md.j2"
DECISION, BRIEF_REPAIR = "decision.md.j2", "repair.md.j2"
COMPARE_SYSTEM, COMPARE = "compare.system.md.j2", "compare.md.j2"
CHAT_SYSTEM, CHAT, CHAT_TURN = "chat.system.md.j2", "chat.md.j2", "chat_turn.md.j2"
PROMPTS = (SYSTEM, TICKET, FACTS_REPAIR, DECISION, BRIEF_REPAIR)
_CACHED = {"type": "ephemeral"}
UNFORCED = {"type": "auto", "disable_parallel_tool_use": True}
_BOUNDARY_LENGTH = 12
_CLAIMS = tuple(name for name, field in Facts.model_fields.items() if field.annotation == tuple[Claim, ...])

Request = dict[str, Any]
Block = dict[str, Any]


def wanted(call: Call) -> tuple[str, type[FactsReport] | type[Brief] | type[Comparison] | type[Turn]]:
    """The tool that answers this call, and the model of its input."""
    if isinstance(call, TurnCall):
        return (TAKE_TURN, Turn)
    if isinstance(call, CompareCall):
        return (COMPARE_TICKETS, Comparison)
    return (RECORD_FACTS, FactsReport) if isinstance(call, ExtractCall) else (SUBMIT_BRIEF, Brief)


def request(call: Call, model: str, max_tokens: int, *, forced: bool = True) -> Request:
    """The arguments of `messages.create`. The same call gives the same bytes.

    `forced`: the API is to allow no other answer than a call of the tool; some models refuse such a request.
    """
    if isinstance(call, CompareCall):
        return _comparison(call, model, max_tokens, forced)
    if isinstance(call, TurnCall):
        return _turn(call, model, max_tokens, forced)
    return {
        "model": model,
        "max_tokens": max_tokens,
        **_frozen(),
        "tool_choice": choice(call, forced),
        "messages": _extraction(call) if isinstance(call, ExtractCall) else _draft(call),
    }


def body(request: Request) -> bytes:
    """A request as the JSON that is sent. What no ticket changes, some fifty kilobytes, is written once."""
    frozen = _frozen()
    if any(request.get(name) is not value for name, value in frozen.items()):
        return _json(request)
    varying = {name: value for name, value in request.items() if name not in frozen}
    return _json(varying)[:-1] + b"," + _frozen_json() + b"}"


def digest(request: Request) -> str:
    """Identity of a request: all that the model reads. How a tool is chosen is not: a model may not take it (see
    `ClaudeBackend.forced`), and each process learns that anew.
    """
    read = {name: value for name, value in request.items() if name != "tool_choice"}
    return hashlib.sha256(body(read)).hexdigest()


def without_frozen(request: Request) -> Request:
    """What of a request is a ticket's own; `with_frozen` makes it whole again."""
    return {name: value for name, value in request.items() if name not in _frozen()}


def with_frozen(varying: Request) -> Request:
    """The whole request of the road."""
    return {**varying, **_frozen()}


@cache
def _frozen() -> Request:
    """The parts that are the same objects in every request of the road. Nobody may change them."""
    return {"tools": tools(), "system": [{"type": "text", "text": _system(), "cache_control": _CACHED}]}


@cache
def _frozen_json() -> bytes:
    return _json(_frozen())[1:-1]


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)  # as the SDK does


def _json(value: Request) -> bytes:
    return _ENCODER.encode(value).encode()


def choice(call: Call, forced: bool) -> Block:
    """Exactly one call of exactly this tool; or, where that cannot be had, one call at most, as the prompt asks."""
    if not forced:
        return UNFORCED
    return {"type": "tool", "name": wanted(call)[0], "disable_parallel_tool_use": True}


def _comparison(call: CompareCall, model: str, max_tokens: int, forced: bool) -> Request:
    """A short conversation of its own: it needs neither the ticket nor the road's prompt."""
    texts = [text for ticket in (call.new, *call.earlier) for text in (ticket.title, *ticket.symptoms)]
    asked = _prompt(COMPARE, boundary=boundary("\n".join(texts)), new=call.new, earlier=call.earlier)
    return {
        "model": model,
        "max_tokens": max_tokens,
        "tools": [compare_tool()],
        "system": [{"type": "text", "text": _prompt(COMPARE_SYSTEM), "cache_control": _CACHED}],
        "tool_choice": choice(call, forced),
        "messages": [{"role": "user", "content": [{"type": "text", "text": asked}]}],
    }


def _turn(call: TurnCall, model: str, max_tokens: int, forced: bool) -> Request:
    """A turn of a chat. The case as it stands comes first and is cached: most turns only talk about it."""
    from agent.render import render_decision
    from agent.render.words import STATUS_WORDS, claim_label, when, who
    from agent.validate.fields import fields

    result = call.result
    claims = [
        {
            "id": claim.id,
            "label": claim_label(claim),
            "status": STATUS_WORDS[claim.status],
            "who": who(claim),
            "quote": claim.quote,
        }
        for claim in result.facts.claims()
    ]
    case = _prompt(
        CHAT,
        boundary=boundary(call.ticket.text),
        ticket=call.ticket,
        decision=render_decision(result.decision, result.facts, "text").rstrip(),
        facts=claims,
        places=[(f.place, f.text) for f in fields(result.brief) if f.text] if result.brief else [],
        message=call.message,
    )
    now = _prompt(CHAT_TURN, earlier=call.earlier, now=when(call.now), words=call.words)
    return {
        "model": model,
        "max_tokens": max_tokens,
        "tools": [turn_tool()],
        "system": [{"type": "text", "text": _prompt(CHAT_SYSTEM), "cache_control": _CACHED}],
        "tool_choice": choice(call, forced),
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": case, "cache_control": _CACHED},
                    {"type": "text", "text": now},
                ],
            }
        ],
    }


def boundary(text: str) -> str:
    """A marker that the ticket's author could not have known: a hash of the text, longer if the text contains it.

    A fixed marker could be forged inside the ticket; a random one would make every run's bytes new.
    """
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    length = _BOUNDARY_LENGTH
    while digest[:length] in text:
        length += 4
        if length > len(digest):
            digest += hashlib.sha256(digest.encode()).hexdigest()
    return digest[:length]


def _extraction(call: ExtractCall) -> list[Block]:
    return _with_fault([_ticket(call)], call)


def _draft(call: DraftCall) -> list[Block]:
    from agent.validate.target import required_labels

    decision = _prompt(
        DECISION,
        ticket=call.ticket,
        context=call.context,
        facts=_uncounted(call.facts),
        decision=call.decision,
        owner_label=OWNER_LABEL,
        required_labels=required_labels(call.decision.owner),
    )
    extracted = list(call.extracted.raw)
    if not extracted:
        # The facts came from somewhere that has no wire (a person, the offline rules), so they are told, not echoed.
        extracted = [
            {
                "type": "tool_use",
                "id": "toolu_facts",
                "name": RECORD_FACTS,
                "input": call.extracted.value.model_dump(mode="json"),
            }
        ]
    conversation = [_ticket(call), _assistant(extracted), _results(extracted, decision, is_error=False)]
    return _with_fault(conversation, call)


def _uncounted(facts: Facts) -> Facts:
    """The facts without the claims that count. The template names the others alone, and finds them ten times slower."""
    left = {name: tuple([c for c in getattr(facts, name) if c.status != "counts"]) for name in _CLAIMS}
    return facts.model_copy(update=left)


def _ticket(call: ExtractCall | DraftCall) -> Block:
    text = _prompt(TICKET, boundary=boundary(call.ticket.text), ticket=call.ticket)
    return {"role": "user", "content": [{"type": "text", "text": text, "cache_control": _CACHED}]}


def _with_fault(messages: list[Block], call: ExtractCall | DraftCall) -> list[Block]:
    """The conversation so far, then the last answer to this call and what is wrong with it."""
    if call.fault is None:
        return messages
    text = _complaint(call, call.fault)
    if not call.fault.raw:
        # The API takes no empty turn, so the complaint joins the user's last turn, behind all that is cached.
        last = messages[-1]
        joined = {**last, "content": [*last["content"], {"type": "text", "text": text}]}
        return [*messages[:-1], joined]
    return [*messages, _assistant(call.fault.raw), _results(call.fault.raw, text, is_error=True)]


def _complaint(call: ExtractCall | DraftCall, fault: Fault) -> str:
    if isinstance(call, DraftCall):
        return _prompt(BRIEF_REPAIR, findings=fault.findings, truncated=fault.truncated)
    problems = [": ".join(part for part in (f.place, f.found, f.expected) if part) for f in fault.findings]
    return _prompt(FACTS_REPAIR, problems=problems)


def _assistant(raw: Blocks) -> Block:
    return {"role": "assistant", "content": [dict(block) for block in raw]}


def _results(raw: Blocks, text: str, *, is_error: bool) -> Block:
    """The user's turn after an answer: the API wants one result for each tool call in it, or text if there is none."""
    ids = [block["id"] for block in raw if block.get("type") == "tool_use"]
    if not ids:
        return {"role": "user", "content": [{"type": "text", "text": text}]}
    first, *others = ({"type": "tool_result", "tool_use_id": identifier} for identifier in ids)
    return {"role": "user", "content": [_result(first, text, is_error), *(_result(o, "", is_error) for o in others)]}


def _result(block: Block, text: str, is_error: bool) -> Block:
    return {**block, "content": text, "is_error": True} if is_error else {**block, "content": text}


def _prompt(name: str, **values: object) -> str:
    from prompts import load

    return load(name, **values)


@cache
def _system() -> str:
    return _prompt(SYSTEM)


@cache
def prompt_sha256() -> str:
    """Identity of every word that a model is sent, the ticket's own apart."""
    from prompts import digest

    return digest(*PROMPTS)
