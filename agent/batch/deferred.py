"""Calls by the vendor's Message Batches: half the price, and answers within an hour, or a day at most.

Each ticket that waits is walked on stored answers (agent/batch/road.py) to its next request; requests are gathered,
given in batches, and asked after until a batch has ended; its answers are stored, and the tickets are walked again.
So batches of extractions, drafts and repairs come of themselves, mixed where tickets are not equally far.

Nothing is paid twice, whenever the program ends:
- an answer is on the disk before anything follows from it, and a batch whose answers are half stored is read again;
- what is about to be given is on the disk before. Where the vendor's reply was lost, with the process or without, its
  list is searched for a batch of as many requests that nobody here knows; once ended, its results name their
  submission. Only when there is none is it given again.
The one gap: a batch that appears in the vendor's list more than `Waits.settle` seconds after the search for it began.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from agent.backends import answers, conversation
from agent.backends.base import ModelError, ModelUnavailable, tokens, total
from agent.batch.pace import backoff
from agent.batch.road import Wanted
from agent.batch.submissions import Asked, Submission, Submissions, attempt_of, new_submission
from agent.batch.vendor_batches import Batch, Result, Unsure, VendorBatches
from agent.batch.work import Run, Seen, Work
from agent.errors import BadInput
from schemas.escalation import Escalation, Usage

if TYPE_CHECKING:
    from agent.backends.base import Backend
    from agent.backends.claude import ClaudeBackend

MOST_REQUESTS = 2_000  # of one batch; the vendor takes 100,000
MOST_BYTES = 16_000_000  # of one batch, which memory holds; the vendor takes 256 MB
STORED_TOGETHER = 200  # answers
OUTPUT = 2_000  # tokens: a guess at one answer, for the budget
CHARACTERS = 4  # of one token: likewise
CLOCKS = timedelta(hours=6)  # by which this machine's clock may be ahead of the vendor's
READINGS = 3  # of results that seem to lack some
SETUP = ("authentication_error", "billing_error", "permission_error", "not_found_error")
OWN = ("invalid_request_error", "request_too_large")
UNFORCED = "unforced_model"

Works = Callable[[int | None], Iterator[Work | Seen]]
"""The tickets without a result anew, at most so many: `partial(works, source, run)`."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds. `first` and `longest`: between two looks at the batches; it grows while none ends. `settle`: for which a
    batch whose reply was lost is searched. `patience`: for which the vendor may fail before the run stops."""

    first: float = 5.0
    longest: float = 60.0
    settle: float = 60.0
    patience: float = 600.0


@dataclass(slots=True)
class Heard:
    """How far a run is, told as it goes on. `batches`, `requests`: at the vendor's."""

    settled: int = 0  # had their result before
    done: int = 0
    failed: int = 0
    waiting: int = 0  # given up for this time
    batches: int = 0
    requests: int = 0
    ended: int = 0  # batches whose answers were collected
    usage: Usage = field(default_factory=Usage)


class Deferred:
    """One run by batches. `budget`: tokens after which nothing more is given; `rules`: answer where the model fails.

    `go` returns when no ticket waits for a batch; `outage` then tells why it ended before that, `unreadable` where the
    source could not be read on. It may be interrupted at any point (KeyboardInterrupt passes through): see `going_on`
    in agent/batch/submissions.py. Raises `ModelUnavailable` where the environment names no usable address.
    """

    def __init__(
        self,
        run: Run,
        backend: "ClaudeBackend",
        *,
        tell: Callable[[Heard], None] = lambda _: None,
        limit: int | None = None,
        budget: int | None = None,
        rules: "Backend | None" = None,
        waits: Waits | None = None,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.run = run
        self.backend = backend
        self.heard = Heard()
        self.outage: ModelUnavailable | None = None
        self.unreadable: BadInput | None = None
        self.over_budget = False
        self._tell = tell
        self._limit = limit
        self._budget = budget
        self._rules = rules
        self._waits = waits or Waits()
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._clock = clock
        self._sleep = sleep
        self._interval = self._waits.first
        self._vendor = VendorBatches(backend)
        self._submissions = Submissions(run.folder)
        self._doubts: dict[str, float] = {}  # submissions that the vendor may have, since when they are searched
        self._strangers: set[str] = set()  # batches of others
        self._failing: float | None = None  # since when no batch can be given
        self._ended: set[str] = set()  # tickets that got no result in this run and are not asked about again
        self._taken: set[str] | None = None  # tickets of this run, where it has a limit
        self._setup: ModelUnavailable | None = None  # what is wrong with the key or the model, as a batch said
        self._unforced = run.folder.setting(UNFORCED) == backend.model  # the model is known to refuse a forced tool
        if self._unforced:
            backend.forced = False

    def go(self, works: Works) -> None:
        """Every ticket to its result."""
        self._submissions.begin()
        try:
            self._gather()
            while self._walk(works):
                while not self._wait():
                    pass
        except ModelUnavailable as error:
            self.outage = error

    def collect(self) -> None:
        """Only the answers to what was given, until nothing is at the vendor's: before calls at once, for instance."""
        try:
            self._gather()
            while self._submissions.outstanding():
                self._wait()
        except ModelUnavailable as error:
            self.outage = error

    # Tickets to requests

    def _walk(self, works: Works) -> bool:
        """Each waiting ticket to its next request or its result. Tells whether one of them waits for a batch."""
        first, waits = self._taken is None, False
        taken: set[str] = set()
        chunk = self._chunk()
        for work in self._read(works(self._limit if first else None)):
            if isinstance(work, Seen):
                if first:
                    self.heard.settled += work.settled
                    work.write()
                continue
            if work.key in self._ended or (self._limit is not None and not first and work.key not in self._kept()):
                continue
            if self._limit is not None and first:
                taken.add(work.key)
            ticket = work.known.fingerprint
            if self._submissions.holds(ticket):
                waits = True
                continue
            if (self.over_budget or self._unwell()) and not self._submissions.met(ticket):
                waits = waits or not self.over_budget
                continue
            wanted = self._walked(work)
            if wanted is None:
                continue
            if self._submissions.is_out(wanted.sha256) or wanted.sha256 in chunk:
                waits = True
                continue
            line = conversation.body(wanted.request)
            asked = Asked(wanted.sha256, ticket, len(line) // CHARACTERS + OUTPUT)
            if not self._affordable(chunk, asked):
                continue
            waits = True
            if self._unwell():
                continue
            if not chunk.takes(line):
                self._give(chunk)
                chunk = self._chunk()
            chunk.put(work, asked, line)
        self._taken = taken if first else self._taken
        if not self._unwell():
            self._give(chunk)
        self._heard()
        return waits

    def _read(self, works: Iterator[Work | Seen]) -> Iterator[Work | Seen]:
        """As far as the source can be read: what is under way still gets its results."""
        try:
            yield from works
        except BadInput as error:
            self.unreadable = error

    def _unwell(self) -> bool:
        """Whether the vendor just lost a reply. Then nothing more is given until the list had time to show it."""
        now = self._clock()
        return self._failing is not None and any(now - began < self._waits.settle for began in self._doubts.values())

    def _kept(self) -> set[str]:
        return self._taken or set()

    def _walked(self, work: Work) -> Wanted | None:
        """The request that a ticket waits for; None if it ended."""
        ended: Escalation | Exception
        try:
            journey = work.journey()
            step = journey.begin()
            while isinstance(step, Wanted):
                failure = self._submissions.failure(step.sha256)
                if failure is None:
                    return step
                step = journey.fail(step, failure)
            ended = step
        except ModelError as error:
            ended = error if self._rules is None else work.ended_by_rules(self._rules, error)
        except sqlite3.Error:
            raise
        except Exception as error:  # of this ticket, and it must not cost the others theirs: see `Work.end`
            ended = error
        with self.run.folder.together():
            work.enter()
            work.end(ended)
        if isinstance(ended, Escalation):
            self.heard.done += 1
            self._tell(self.heard)
            return None
        self._ended.add(work.key)
        if isinstance(ended, ModelUnavailable) and ended.blame != "request":
            self.heard.waiting += 1
        else:
            self.heard.failed += 1
        self._tell(self.heard)
        return None

    def _affordable(self, chunk: "_Chunk", asked: Asked) -> bool:
        if self._budget is None:
            return True
        _, _, out = self._submissions.open_requests()
        if tokens(self.heard.usage) + out + chunk.tokens + asked.tokens > self._budget:
            self.over_budget = True
        return not self.over_budget

    # Requests to batches

    def _chunk(self) -> "_Chunk":
        return _Chunk(new_submission(0, self._vendor.place), self._most_requests, self._most_bytes)

    def _give(self, chunk: "_Chunk") -> None:
        """Give a batch. A doubt whether the vendor has it is kept, to be resolved before anything else is given."""
        if not chunk.asked:
            return
        submission = replace(chunk.submission, requests=len(chunk.asked))
        with self.run.folder.together():
            for work in chunk.works:
                work.enter()
            self._submissions.write(submission, chunk.asked)
        tries = 0
        while True:
            try:
                batch, organization = self._vendor.give(chunk.body(), chunk.length())
                break
            except Unsure as doubt:
                self._bear(doubt.failure)
                self._doubts[submission.attempt] = self._clock()
                return
            except ModelUnavailable as failure:
                if failure.reason == "http_413":
                    self._submissions.not_given(submission.attempt)
                    self._give_smaller(chunk, failure)
                    return
                try:
                    self._bear(failure)
                except ModelUnavailable:
                    self._submissions.not_given(submission.attempt)
                    raise
                tries += 1
                self._sleep(backoff(tries) if failure.retry_after is None else failure.retry_after)
        self._failing = None
        self._submissions.given(submission.attempt, batch, organization)
        self._interval = self._waits.first
        self._heard()

    def _give_smaller(self, chunk: "_Chunk", failure: ModelUnavailable) -> None:
        """Half as much at once, since the server, or one before it, takes no more."""
        if len(chunk.asked) == 1:
            raise failure
        self._most_bytes = max(1, chunk.size // 2)
        halves = [self._chunk(), self._chunk()]
        for index, part in enumerate(chunk.parts()):
            halves[index * 2 // len(chunk.asked)].put(*part)
        for half in halves:
            self._give(half)

    def _bear(self, failure: ModelUnavailable) -> None:
        """Raises a failure to give a batch that will not pass, or that has not passed for too long."""
        now = self._clock()
        self._failing = now if self._failing is None else self._failing
        if failure.blame != "server" or now - self._failing + (failure.retry_after or 0) > self._waits.patience:
            raise failure

    # Batches to answers

    def _wait(self) -> bool:
        """A pause, and a look at all batches. Tells whether that changed anything."""
        pause = min(self._interval, self._waits.settle) if self._doubts else self._interval
        self._sleep(pause)
        self._interval = min(self._interval * 1.5, self._waits.longest)
        return self._gather()

    def _gather(self) -> bool:
        """Look at everything that is at the vendor's, and store what has ended."""
        changed = False
        for submission in self._submissions.outstanding():
            if submission.place != self._vendor.place:
                raise ModelUnavailable(
                    f"{submission.requests:,} requests of this run were given to {submission.place}: expected the same "
                    f"address, found {self._vendor.place}; set ANTHROPIC_BASE_URL back, or begin a new folder",
                    reason="other_place",
                )
            one = self._search(submission) if submission.batch is None else self._collected(submission)
            changed = one or changed
        if changed:
            self._interval = self._waits.first
        self._heard()
        return changed

    def _search(self, submission: Submission) -> bool:
        """For a batch whose reply was lost. Tells whether it is known now that the vendor has it, or has not."""
        began = self._doubts.setdefault(submission.attempt, self._clock())
        settled = self._clock() - began >= self._waits.settle
        found = self._patiently(lambda: list(self._vendor.since(submission.time - CLOCKS)))
        unclaimed = self._submissions.unclaimed(batch.id for batch in found) - self._strangers
        candidates = [b for b in found if b.id in unclaimed and b.requests == submission.requests]
        for batch in candidates:
            if batch.ended and batch.results:
                attempt = self._patiently(partial(self._attempt, batch))
                if attempt == submission.attempt:
                    self._submissions.given(submission.attempt, batch.id, None)
                    del self._doubts[submission.attempt]
                    self._failing = None
                    return True
                if not self._submissions.knows(attempt):
                    self._strangers.add(batch.id)
        if not settled or any(not batch.ended for batch in candidates):
            return False
        self._submissions.not_given(submission.attempt)
        del self._doubts[submission.attempt]
        return True

    def _attempt(self, batch: Batch) -> str | None:
        """The submission that a batch's requests name."""
        with closing(self._vendor.results(batch.id)) as results:
            first = next(results, None)
        return None if first is None else attempt_of(first.custom_id)

    def _collected(self, submission: Submission) -> bool:
        """Store the answers of a batch, if it has ended."""
        name = submission.batch or ""
        batch = self._patiently(lambda: self._vendor.look(name, submission.organization))
        if batch is not None and not batch.ended:
            return False
        missing = f"batch {name} is gone" if batch is None else f"the results of batch {name} are gone"
        if batch is not None and batch.results:
            for _ in range(READINGS):
                if self._patiently(lambda: self._stored(submission)) >= submission.requests:
                    break
            missing = f"batch {name} has no result for it"
        self._submissions.ended(submission, missing)
        self.heard.ended += 1
        if self._setup is not None:
            raise self._setup
        return True

    def _stored(self, submission: Submission) -> int:
        """Store each result of a batch that is not stored yet. How many results it has."""
        out = self._submissions.out(submission)
        read, together = 0, list[tuple[str, Result]]()
        for result in self._vendor.results(submission.batch or ""):
            read += 1
            request = out.pop(result.custom_id, None)
            if request is not None:
                together.append((request, result))
            if len(together) >= STORED_TOGETHER:
                self._store(together)
                together.clear()
        self._store(together)
        return read

    def _store(self, results: list[tuple[str, Result]]) -> None:
        """All of them, or none. An answer that is here counts in what was heard only then."""
        usages = []
        with self.run.folder.together():
            for request, result in results:
                if result.message is None:
                    self._unanswered(result)
                    continue
                usages.append(answers.usage_of(result.message))
                body = json.dumps(result.message, ensure_ascii=False).encode("utf-8", "surrogatepass")
                self.run.folder.keep_answer(request, body, "batch", usages[-1])
                self._submissions.mark(result.custom_id, "answered")
        self.heard.usage = total(self.heard.usage, *usages)

    def _unanswered(self, result: Result) -> None:
        """Whether a request without an answer is sent again, otherwise, or never."""
        name, words = result.error
        if name in OWN and "tool_choice" in words and (self.backend.forced or self._unforced):
            self._unforced, self.backend.forced = True, False  # what was given before still comes back like this
            self.run.folder.keep_setting(UNFORCED, self.backend.model)
            self._submissions.mark(result.custom_id, "past", name, words)
        elif name in OWN:
            said = f"{self._vendor.place} refused the request ({name}: {words}); check --model and the ticket"
            self._submissions.mark(result.custom_id, "refused", name, said)
        else:
            why = f"{name}: {words}" if name else f"the request was {result.kind}"
            self._submissions.mark(result.custom_id, "again", name or result.kind, why)
            if name in SETUP:
                said = f"{self._vendor.place} answered no request of a batch ({why}); check the key and --model"
                self._setup = ModelUnavailable(said, reason=name)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """What the vendor says, however often it must be asked while it fails. Raises `ModelUnavailable` after all."""
        began, tries = self._clock(), 0
        while True:
            try:
                return ask()
            except ModelUnavailable as failure:
                if failure.blame != "server":
                    raise
                if self._clock() - began + (failure.retry_after or 0) > self._waits.patience:
                    raise
                tries += 1
                self._sleep(backoff(tries) if failure.retry_after is None else failure.retry_after)

    def _heard(self) -> None:
        self.heard.batches, self.heard.requests, _ = self._submissions.open_requests()
        self._tell(self.heard)


class _Chunk:
    """Requests that are gathered for one batch, as the bytes that will be sent."""

    def __init__(self, submission: Submission, most_requests: int, most_bytes: int) -> None:
        self.submission = submission
        self.works: list[Work] = []
        self.asked: list[Asked] = []
        self.tokens = 0
        self.size = 0
        self._lines: list[bytes] = []
        self._names: set[str] = set()
        self._most = most_requests, most_bytes

    def __contains__(self, request: str) -> bool:
        return request in self._names

    def takes(self, line: bytes) -> bool:
        """Whether there is room for it. One alone always fits."""
        requests, size = self._most
        return not self.asked or (len(self.asked) < requests and self.size + len(line) <= size)

    def put(self, work: Work, asked: Asked, line: bytes) -> None:
        """One more. `line`: its JSON."""
        self.works.append(work)
        self.asked.append(asked)
        self._lines.append(line)
        self._names.add(asked.sha256)
        self.tokens += asked.tokens
        self.size += len(line)

    def parts(self) -> Iterator[tuple[Work, Asked, bytes]]:
        """What was put in."""
        return zip(self.works, self.asked, self._lines, strict=True)

    def body(self) -> Iterator[bytes]:
        """The JSON of the whole, piece by piece: each request with its custom_id."""
        before = _BEGINNING
        for asked, line in zip(self.asked, self._lines, strict=True):
            yield before + _NAMED % self.submission.custom_id(asked.sha256).encode() + line + b"}"
            before = b","
        yield _END

    def length(self) -> int:
        """Bytes of the whole."""
        return sum(len(piece) for piece in self.body())


_BEGINNING, _NAMED, _END = b'{"requests":[', b'{"custom_id":"%s","params":', b"]}"
