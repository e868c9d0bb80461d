"""The systems under test: the program that ships, what it is compared with, and three controls of the scorers."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from agent.backends.base import Backend, Call, DraftCall, ModelError, ModelUnavailable, Reply
from agent.backends.conversation import boundary
from agent.grounding.ground import ground
from agent.pipeline import escalate_async
from agent.policy.decide import decide
from agent.policy.settings import load_settings
from agent.validate import parse_brief, validate_text
from agent.validate.parse import targets, without_message
from evals.answers import Answer, SaidBrief, SeenSignal, answer_of, brief_of
from evals.cases import Case
from evals.recordings import missed
from prompts import digest, load
from schemas.escalation import Finding, Usage
from schemas.report import FactsReport
from schemas.vocabulary import Outcome, Severity

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

PROMPTED: dict[str, str] = {
    "prompt_only": "evals/prompt_only.md.j2",
    "policy_prompt": "evals/policy_prompt.md.j2",
}
# As the answers were recorded to; docs/policy.md explains more by now, and a test holds the rules of both together.
POLICY_PAGE = Path(__file__).resolve().parent / "recordings" / "policy.md"
MAX_TOKENS = 16_000
NOT_ASKED = "not_asked"
_CACHED = {"type": "ephemeral"}
_DECISION = re.compile(r"^\W*DECISION\W+(HANDLE|ASK|ESCALATE)\b.*$", re.IGNORECASE | re.MULTILINE)
_OUTCOMES: dict[str, Outcome] = {"handle": "handle", "ask": "needs_info", "escalate": "escalate"}
_SEVERITY = re.compile(r"\b(critical|high|medium)\b", re.IGNORECASE)


class System(Protocol):
    """Answers a case. Raises where no answer came (an outage); what a model answered unusably is an answer."""

    @property
    def name(self) -> str:
        """Under which its answers are listed."""

    async def answer(self, case: Case, epoch: int) -> Answer:
        """What it says, once."""


class Watched:
    """A backend, and the last draft it was asked for: what had been decided stands, also where no brief comes of it."""

    def __init__(self, backend: Backend, *, drafts: bool) -> None:
        self._backend = backend
        self._drafts = drafts
        self.name = backend.name
        self.model = backend.model
        self.drafting: DraftCall | None = None

    def answer(self, call: Call) -> Reply:
        self._watch(call)
        return self._backend.answer(call)

    async def answer_async(self, call: Call) -> Reply:
        self._watch(call)
        return await self._backend.answer_async(call)

    def _watch(self, call: Call) -> None:
        if isinstance(call, DraftCall):
            self.drafting = call
            if not self._drafts:
                raise ModelUnavailable("no brief was asked for", reason=NOT_ASKED, usage=Usage())


@dataclass(frozen=True)
class Pipeline:
    """The program that ships, whole, with one of its backends. `drafts` False ends it at the decision."""

    name: str
    backend: Backend
    drafts: bool = True

    async def answer(self, case: Case, epoch: int) -> Answer:
        watched = Watched(self.backend, drafts=self.drafts)
        said = {"system": self.name, "case": case.id, "epoch": epoch}
        try:
            result = await escalate_async(case.ticket(), context=case.context, backend=watched, now=case.now)
        except ModelError as error:
            # An outage is no answer: the sample stays open, and the run can be resumed. A refusal or an answer that
            # cannot be used is the model's answer. The message may hold addresses, so only the reason is kept.
            stays_open = isinstance(error, ModelUnavailable) and error.reason != NOT_ASKED
            if stays_open and (watched.drafting is None or not missed(error)):
                raise
            reason = "not recorded" if missed(error) else error.reason
            said |= {"usage": error.usage}
            if watched.drafting is None:
                return Answer.model_validate({**said, "reads": True, "error": reason})
            return answer_of(watched.drafting.facts, watched.drafting.decision, brief_error=reason, **said)
        made_by = result.provenance
        return answer_of(
            result.facts,
            result.decision,
            brief=brief_of(result),
            usage=result.usage,
            model=made_by.model,
            prompt_sha256=made_by.prompt_sha256,
            schema_sha256=made_by.schema_sha256,
            policy_version=made_by.policy_version,
            **said,
        )


@dataclass(frozen=True)
class Prompted:
    """A prompt and one call: the model picks outcome, target and severity and writes the brief in one go."""

    name: str
    client: "AsyncAnthropic"
    model: str

    async def answer(self, case: Case, epoch: int) -> Answer:
        said = {"system": self.name, "case": case.id, "epoch": epoch, "model": self.model}
        said["prompt_sha256"] = digest(PROMPTED[self.name], "evals/ticket.md.j2")
        message = await self.client.messages.create(**prompted_request(self.name, case, self.model))
        text = "".join(block.text for block in message.content if block.type == "text")
        used = message.usage
        usage = Usage(
            calls=1,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cache_read_tokens=used.cache_read_input_tokens or 0,
            cache_write_tokens=used.cache_creation_input_tokens or 0,
        )
        return Answer.model_validate({**said, "usage": usage, **read_prompted(text, case)})


class Nothing:
    """Never escalates: what doing nothing costs, and a control of the scorers."""

    name = "nothing"

    async def answer(self, case: Case, epoch: int) -> Answer:
        return Answer(system=self.name, case=case.id, epoch=epoch, outcome="handle", leadership=False)


class FromLabels:
    """A control: says what the labels say. A scorer that does not give it full marks is broken."""

    name = "labels"

    async def answer(self, case: Case, epoch: int) -> Answer:
        right = case.labels
        text = case.ticket().text
        brief = SaidBrief(text="\n".join(right.must_carry), status="valid") if right.outcome == "escalate" else None
        return Answer(
            system=self.name,
            case=case.id,
            epoch=epoch,
            outcome=right.outcome,
            owner=right.owner,
            leadership=right.leadership,
            next_hop=right.next_hop,
            severity=right.severity,
            deciding_rule=right.deciding_rule,
            reads=True,
            signals=tuple(
                SeenSignal(
                    signal=s.signal, asserted_by=s.asserted_by, status="counts", quote=s.quote, start=text.find(s.quote)
                )
                for s in right.signals
            ),
            quotes=tuple(s.quote for s in right.signals),
            brief=brief,
        )


class WrongOnPurpose:
    """A control: gets everything wrong that can be wrong. A scorer that gives it any mark is too kind."""

    name = "wrong"

    async def answer(self, case: Case, epoch: int) -> Answer:
        right = case.labels
        due = right.outcome == "escalate"
        labelled = {entry.signal for entry in right.signals}
        seen = [signal for signal in right.must_not if signal not in labelled]
        brief = SaidBrief(text="; ".join(right.must_not_say), status="blocked", findings=("untraceable_number",))
        return Answer.model_validate(
            {
                "system": self.name,
                "case": case.id,
                "epoch": epoch,
                "outcome": "handle" if due else "escalate",
                "owner": None if due else "security",
                "leadership": not right.leadership,
                "next_hop": None if due else "security",
                "severity": None if due else "critical",
                "deciding_rule": "none",
                "fired": right.near_miss,
                "reads": True,
                "signals": [{"signal": s, "asserted_by": "system", "status": "counts", "quote": "x"} for s in seen],
                "quotes": ["these words stand in no ticket at all"],
                "brief": brief,
            }
        )


def prompted_request(name: str, case: Case, model: str) -> dict[str, Any]:
    """The arguments of the baseline's one call."""
    ticket = case.ticket()
    context = case.context.model_dump(mode="json", exclude_defaults=True)
    user = load(
        "evals/ticket.md.j2",
        now=f"{case.now:%A %Y-%m-%d %H:%M} UTC",
        context=json.dumps(context, ensure_ascii=False) if context else "",
        boundary=boundary(ticket.text),
        notes=ticket.notes,
        text=ticket.text,
    )
    return {
        "model": model,
        "max_tokens": MAX_TOKENS,
        "system": [{"type": "text", "text": _system(name), "cache_control": _CACHED}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": user}]}],
    }


@cache
def _system(name: str) -> str:
    policy = POLICY_PAGE.read_text(encoding="utf-8") if name == "policy_prompt" else ""
    return load(PROMPTED[name], policy=policy)


def read_prompted(text: str, case: Case) -> dict[str, Any]:
    """Outcome, owner, leadership, severity and brief from the baseline's free text."""
    first = _DECISION.search(text)
    if first is None:
        return {"error": f"no DECISION line in {text[:80]!r}"}
    outcome = _OUTCOMES[first.group(1).casefold()]
    if outcome != "escalate":
        return {"outcome": outcome, "leadership": False}
    body = text[first.end() :].strip()
    parsed = parse_brief(body)
    owner, informed = targets(parsed.target or "")
    severity: Severity | None = None
    if level := _SEVERITY.search(parsed.severity or ""):
        severity = level.group(1).casefold()  # type: ignore[assignment]
    untraced = [finding for finding in _held_against(body, case) if finding.code.startswith("untraceable_")]
    brief = SaidBrief(
        text=without_message(body),
        message=parsed.brief.customer_message,
        status="blocked" if untraced else "valid",
        findings=tuple(finding.code for finding in untraced),
        said=tuple(f"{f.place}: {f.code}: {f.found}: {f.expected}" for f in untraced),
    )
    leadership = informed or owner == "leadership"
    return {
        "outcome": outcome,
        "owner": owner,
        "leadership": leadership,
        "severity": severity,
        "brief": brief,
    }


def _held_against(brief: str, case: Case) -> tuple[Finding, ...]:
    """What our validation finds in somebody else's brief. It has declared no derivations, so sums count against it."""
    ticket = case.ticket()
    empty: dict[str, Any] = dict.fromkeys(FactsReport.model_fields, ()) | {
        "language": case.language,
        "understandable": True,
    }
    facts = ground(ticket, FactsReport.model_validate(empty))
    decision = decide(facts, case.context, load_settings(None), case.now)
    return validate_text(brief, decision, facts, ticket, case.context, case.now)
