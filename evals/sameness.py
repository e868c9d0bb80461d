"""Does the ledger find what belongs together, and nothing else? Measured on planted groups, precision first.

The tickets of patterns/ are read in the order in which they came, as support would have had them: each is compared with
the ledger so far, decided and recorded. Facts were read by a model once (patterns/facts); what a model said about pairs
is recorded (patterns/verdicts.json), each with the hash of the exact request that it answered.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from agent.backends.base import BackendName, Call, CompareCall, ExtractCall, Reply
from agent.backends.conversation import request
from agent.backends.offline.backend import OfflineBackend
from agent.ledger.database import Database
from agent.ledger.memory import Memory
from agent.ledger.recording import record
from agent.ledger.store import Author, Ledger
from agent.pipeline import escalate
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from evals.stats import Share, share
from schemas.comparison import Comparison
from schemas.context import Context, Override
from schemas.escalation import Escalation
from schemas.ledger import Resolved
from schemas.report import FactsReport
from schemas.ticket import Ticket

FOLDER = Path(__file__).parent / "patterns"
VERDICTS = FOLDER / "verdicts.json"
AUTHOR = Author("planted")
LATER = timedelta(minutes=30)  # from a ticket's opening to its reading


@dataclass(frozen=True, slots=True)
class Planted:
    """A ticket and what its author meant it to be."""

    ticket: str
    account: str
    group: str | None
    resolved: bool
    source: Ticket
    report: FactsReport


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one ticket: which earlier ones it was compared with, and what was said and done."""

    planted: Planted
    run: Escalation
    compared: tuple[str, ...]
    yes: tuple[str, ...]
    possible: tuple[str, ...]
    became: str
    escalation: str | None


class Missing(Exception):
    """No answer to this very request is recorded."""


class Reader:
    """Facts from their file, the brief from the template, the comparison from the recording or from nobody."""

    name: BackendName = "host"
    model: str | None = None

    def __init__(self, verdicts: dict[str, Any] | None) -> None:
        self.verdicts = verdicts
        self.now_reading: Planted | None = None
        self.asked: dict[str, dict[str, Any]] = {}
        self.compared: tuple[str, ...] = ()
        self._offline = OfflineBackend()

    def answer(self, call: Call) -> Reply:
        """One call, one reply."""
        planted = self.now_reading
        if planted is None:
            raise ValueError("no ticket is being read")
        if isinstance(call, ExtractCall):
            return Reply(planted.report)
        if isinstance(call, CompareCall):
            self.compared = tuple(earlier.ticket for earlier in call.earlier)
            return Reply(self._comparison(planted, call))
        return self._offline.answer(call)

    async def answer_async(self, call: Call) -> Reply:
        """As `answer`."""
        return self.answer(call)

    def _comparison(self, planted: Planted, call: CompareCall) -> Comparison:
        sent = request(call, "model", 4000)
        self.asked[planted.ticket] = sent
        if self.verdicts is None:
            return Comparison(verdicts=())
        known = self.verdicts.get(planted.ticket)
        if known is None or known["request_sha256"] != request_sha256(sent):
            raise Missing(planted.ticket)
        return Comparison.model_validate({"verdicts": known["verdicts"]})


def request_sha256(sent: dict[str, Any]) -> str:
    """Identity of all that a model is given to compare; its name and the length limit apart."""
    told = {key: sent[key] for key in ("system", "tools", "messages")}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def planted() -> list[Planted]:
    """All planted tickets, in the order in which they were opened."""
    found = []
    for line in (FOLDER / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        source = read_ticket((FOLDER / "tickets" / label["file"]).read_bytes(), name=label["file"])
        facts = FOLDER / "facts" / Path(label["file"]).with_suffix(".json").name
        report = FactsReport.model_validate_json(facts.read_bytes())
        kept = {name: label[name] for name in ("ticket", "account", "group", "resolved")}
        found.append(Planted(**kept, source=source, report=report))
    return sorted(found, key=lambda p: (_opened(p), p.ticket))


def _opened(one: Planted) -> datetime:
    if one.source.opened is None:
        raise ValueError(f"{one.ticket}: a planted ticket says when it was opened")
    return one.source.opened if one.source.opened.tzinfo else one.source.opened.replace(tzinfo=UTC)


def walk(mode: Literal["recorded", "nobody"], url: str) -> Iterator[Seen]:
    """Read all in order into a new ledger at `url`. `nobody`: without a model, so nothing is ever confirmed."""
    verdicts = json.loads(VERDICTS.read_text(encoding="utf-8")) if mode == "recorded" else None
    yield from _walk(Reader(verdicts), url)


def _walk(reader: Reader, url: str) -> Iterator[Seen]:
    settings = load_settings()
    ledger = Ledger(Database(url))
    memory = Memory(ledger, settings)
    for one in planted():
        now = _opened(one) + LATER
        context = Context(ticket_id=one.ticket, tier="L2")
        if one.resolved:  # it was escalated then, whatever its text would lead to today
            why = "escalated at the time"
            context = context.model_copy(
                update={"override": Override(by="lead", why=why, at=now, outcome="escalate", owner="engineering")}
            )
        reader.now_reading, reader.compared = one, ()
        run = escalate(one.source, context=context, backend=reader, settings=settings, now=now, memory=memory)
        taken = record(memory, run, AUTHOR, now=now, despite="planted")
        if one.resolved and taken.record is not None:
            ended = Resolved(resolution="a fix was released", root_cause="found then")
            ledger.append(taken.record.id, ended, AUTHOR, at=now + LATER, now=now + LATER)
        yield Seen(
            planted=one,
            run=run,
            compared=reader.compared,
            yes=tuple(s.ticket for s in run.similar if s.same),
            possible=tuple(s.ticket for s in run.similar if s.same is None),
            became=taken.became,
            escalation=taken.record.id if taken.record else None,
        )


WORDS = {
    "precision": "of the pairs that were called the same, belong together",
    "recall": "of the pairs that belong together, were called the same",
    "compared": "of the pairs that belong together, were put to the model",
    "possible_right": "of the pairs shown to a person as possible, without a model, belong together",
    "groups_fired": "groups with three accounts in the window: PAT-1 fired",
    "regressions": "tickets after a resolved one of their group: PAT-2 fired",
    "singles_merged": "tickets of no group were called the same as another",
    "wrongly_attached": "tickets attached to an escalation hang on the wrong one",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of pairs and tickets; what each counts is in `WORDS`."""

    compared: Share
    precision: Share
    recall: Share
    possible_right: Share
    groups_fired: Share
    singles_merged: Share
    regressions: Share
    wrongly_attached: Share


def figures(seen: list[Seen]) -> Figures:
    """The figures of one walk."""
    group = {s.planted.ticket: s.planted.group for s in seen}

    def together(one: str, other: str) -> bool:
        return group[one] is not None and group[one] == group[other]

    order = [s.planted.ticket for s in seen]
    pairs = [(b, a) for a, b in combinations(order, 2) if together(a, b)]
    compared = {(s.planted.ticket, other) for s in seen for other in s.compared}
    yes = [(s.planted.ticket, other) for s in seen for other in s.yes]
    possible = [(s.planted.ticket, other) for s in seen for other in s.possible]
    holders: dict[str, str] = {}
    wrong = []
    for s in seen:
        if s.became == "attached" and s.escalation:
            wrong.append(not together(s.planted.ticket, holders[s.escalation]))
        elif s.escalation:
            holders.setdefault(s.escalation, s.planted.ticket)
    return Figures(
        compared=share([pair in compared for pair in pairs]),
        precision=share([together(*pair) for pair in yes]),
        recall=share([pair in yes for pair in pairs]),
        possible_right=share([together(*pair) for pair in possible]),
        groups_fired=share(_groups(seen)),
        singles_merged=share([bool(s.yes) for s in seen if s.planted.group is None]),
        regressions=share(_regressions(seen)),
        wrongly_attached=share(wrong),
    )


def _groups(seen: list[Seen]) -> list[bool]:
    """For each group with three accounts within thirty days: whether PAT-1 fired on one of its tickets."""
    fired = []
    for name in sorted({s.planted.group for s in seen if s.planted.group}):
        members = [s for s in seen if s.planted.group == name and not s.planted.resolved]
        window = timedelta(days=load_settings().pattern.window_days)
        third = [
            s
            for i, s in enumerate(members)
            if i >= 2 and _opened(s.planted) - _opened(members[i - 2].planted) <= window
        ]
        if third:
            fired.append(any("PAT-1" in _fired(s) for s in third))
    return fired


def _regressions(seen: list[Seen]) -> list[bool]:
    resolved = {s.planted.group for s in seen if s.planted.resolved}
    return ["PAT-2" in _fired(s) for s in seen if s.planted.group in resolved and not s.planted.resolved]


def _fired(seen: Seen) -> set[str]:
    return {rule.id for rule in seen.run.decision.rules if rule.state != "overridden"}


def report(mode: Literal["recorded", "nobody"]) -> tuple[Figures, list[Seen]]:
    """One walk through a new ledger."""
    with tempfile.TemporaryDirectory() as folder:
        seen = list(walk(mode, f"{folder}/ledger.db"))
    return figures(seen), seen


def requests() -> dict[str, dict[str, Any]]:
    """What a model is to be asked, ticket by ticket, where no recorded answer fits."""
    known = json.loads(VERDICTS.read_text(encoding="utf-8")) if VERDICTS.exists() else {}
    reader = Reader(None)
    with tempfile.TemporaryDirectory() as folder:
        for _ in _walk(reader, f"{folder}/ledger.db"):
            pass
    return {
        ticket: sent
        for ticket, sent in reader.asked.items()
        if known.get(ticket, {}).get("request_sha256") != request_sha256(sent)
    }
