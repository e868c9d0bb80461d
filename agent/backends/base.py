"""What a backend must answer, and how it may fail.

The road (agent/pipeline.py) does no input or output: it yields a call and is sent a reply. A backend turns one into
the other in whatever way: an API, word rules, a script in a test. So sync, async and tests share one road.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from agent.errors import EXIT_MODEL, EscalationError
from schemas.brief import Brief
from schemas.chat import Exchange, Turn
from schemas.comparison import Comparison
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Escalation, Finding, Usage
from schemas.facts import Facts
from schemas.report import FactsReport
from schemas.ticket import Ticket

Blocks = Sequence[Mapping[str, Any]]
"""An answer's content blocks as they came over the wire; empty for a backend that has no wire."""

BackendName = Literal["claude", "offline", "host"]
Blame = Literal["request", "setup", "server"]
NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Reply:
    """A usable answer, what it cost, and its blocks, which the next turn of the conversation must echo."""

    value: FactsReport | Brief | Comparison | Turn
    usage: Usage = NO_USAGE
    raw: Blocks = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """The last answer to a call, which must be done again, and what is wrong with it.

    `truncated`: it was cut off at the length limit; then there is nothing whole to echo and `raw` is empty.
    """

    raw: Blocks = ()
    findings: tuple[Finding, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class ExtractCall:
    """Read the ticket and report its facts: answered with a `FactsReport`."""

    ticket: Ticket
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class DraftCall:
    """Write the brief for this decision: answered with a `Brief`. `extracted` is the reply to the first call."""

    ticket: Ticket
    context: Context
    facts: Facts
    decision: Decision
    extracted: Reply
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class CompareCall:
    """Say which earlier tickets show the same fault as this one: answered with a `Comparison`.

    `new` and `earlier`: anything with ticket, title, product_area, codes and symptoms. Only a model is asked.
    """

    ticket: Ticket
    new: Any
    earlier: tuple[Any, ...]
    fault: None = None  # never repaired: what is not judged stays possible


@dataclass(frozen=True, slots=True)
class TurnCall:
    """Say what follows from a person's words in a chat: answered with a `Turn`. Only a model is asked.

    `ticket`: with all that was said so far. `result`: as it stands, with the edited brief and the message to show.
    """

    ticket: Ticket
    result: Escalation
    message: str
    earlier: tuple[Exchange, ...]
    words: str
    now: datetime
    fault: None = None  # never repaired: the person says it again


Call = ExtractCall | DraftCall | CompareCall | TurnCall


class Backend(Protocol):
    """Answers calls. Raises `ModelError`, and nothing else, for what goes wrong on the model's side."""

    @property
    def name(self) -> BackendName:
        """Stored with every result."""

    @property
    def model(self) -> str | None:
        """The model's name as the API knows it; None where no model takes part."""

    def answer(self, call: Call) -> Reply:
        """One call, one reply. Does not repair: that is the road's business."""

    async def answer_async(self, call: Call) -> Reply:
        """As `answer`, without blocking the event loop."""


class ModelError(EscalationError):
    """A call that the model did not answer usably. Keeps all that was paid for.

    `raw`: the answer as it came, for the log; `usage`: of this call, and of the whole run once the road has passed it
    on; `reason`: the stop reason, HTTP status or exception name, for programs; `decision`: what the rules had already
    decided when the brief could not be written.
    """

    exit_code = EXIT_MODEL

    def __init__(self, message: str, *, reason: str, raw: Blocks = (), usage: Usage | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.raw = raw
        self.usage = Usage(calls=1) if usage is None else usage
        self.decision: Decision | None = None


class ModelUnavailable(ModelError):
    """No answer: no key, no connection, a status other than 200, or something that is not the Messages API.

    `blame`: what it hangs on, and so what it means for other requests: this one (`request`), the key, the model's name
    or the address (`setup`: no request will be answered), or the server and the way to it (`server`: later, perhaps).
    `retry_after`: seconds from when the server wants to be asked again, where it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        blame: Blame = "setup",
        retry_after: float | None = None,
        raw: Blocks = (),
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message, reason=reason, raw=raw, usage=usage)
        self.blame = blame
        self.retry_after = retry_after


class ModelRefused(ModelError):
    """The model declined (`stop_reason` refusal)."""


class AnswerTruncated(ModelError):
    """The answer or the ticket did not fit (`stop_reason` max_tokens or model_context_window_exceeded)."""


class MalformedAnswer(ModelError):
    """An answer that is not the tool call that was asked for, or whose input does not fit the schema.

    `findings` say what is wrong, without echoing the input, so that the call can be repaired.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        findings: tuple[Finding, ...],
        raw: Blocks = (),
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message, reason=reason, raw=raw, usage=usage)
        self.findings = findings


def total(*usages: Usage) -> Usage:
    """The sum, field by field."""
    return Usage(**{name: sum(getattr(usage, name) for usage in usages) for name in Usage.model_fields})


def tokens(usage: Usage) -> int:
    """All tokens that were read or written, cached ones included: the unit of `token_budget`."""
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens
