"""What was given to the vendor's batches and what came of it: the run folder's tables `submissions` and `deferred`.

A submission is one batch. It is written before it is given, under a name that its requests bear at the vendor's
(`custom_id`), so one whose answer was lost can be told from everybody else's. Its states: `sending` (the vendor may
have it or not), `sent` (it has, under `batch`), `ended` (its results are here). A request's: `out`; `answered`;
`again` (expired, canceled or an error that passes: to be sent once more); `refused` (an error of its own); `past`
(said nothing that counts any more).
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.backends.base import ModelUnavailable
from agent.batch.run_folder import RunFolder

TRIES = 4  # of one request in one run: it is sent again three times
NAMED = 40  # digits of a request's hash in its custom_id, of 64 characters at most


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a submission. `sha256`: its identity; `ticket`: its fingerprint; `tokens`: about so many."""

    sha256: str
    ticket: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Submission:
    """One batch. `attempt`: its name here and in each custom_id; `place`: the address that it was given to."""

    attempt: str
    time: datetime
    requests: int
    place: str
    organization: str | None = None
    batch: str | None = None

    def custom_id(self, request: str) -> str:
        """The name of a request at the vendor's, never used twice."""
        return f"{self.attempt}-{request[:NAMED]}"


def new_submission(requests: int, place: str) -> Submission:
    """One that is about to be given."""
    return Submission(secrets.token_hex(5), datetime.now(UTC), requests, place)


def attempt_of(custom_id: str) -> str:
    """The submission that a custom_id names."""
    return custom_id.partition("-")[0]


class Submissions:
    """The two tables. Reads with the folder's writing connection: it sees what was just written."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._base = folder.writer

    def begin(self) -> None:
        """A new run: what failed in an earlier one may be tried anew."""
        self._base.execute("update deferred set state = 'past' where state in ('again', 'refused')")

    def write(self, submission: Submission, asked: Sequence[Asked]) -> None:
        """Before it is given."""
        values = (submission.attempt, submission.time.isoformat(), submission.requests, submission.place)
        rows = [
            (submission.custom_id(one.sha256), submission.attempt, one.sha256, one.ticket, one.tokens) for one in asked
        ]
        with self._folder.together():
            self._base.execute(
                "insert into submissions (attempt, time, requests, place, state) values (?, ?, ?, ?, 'sending')", values
            )
            self._base.executemany(
                "insert into deferred (custom_id, attempt, request, ticket, tokens, state) "
                "values (?, ?, ?, ?, ?, 'out')",
                rows,
            )

    def given(self, attempt: str, batch: str, organization: str | None) -> None:
        """The vendor has it, under this id."""
        self._base.execute(
            "update submissions set state = 'sent', batch = ?, organization = ? where attempt = ?",
            (batch, organization, attempt),
        )

    def not_given(self, attempt: str) -> None:
        """The vendor never got it: as if it had not been."""
        with self._folder.together():
            self._base.execute("delete from deferred where attempt = ?", (attempt,))
            self._base.execute("delete from submissions where attempt = ?", (attempt,))

    def outstanding(self) -> list[Submission]:
        """Those whose results are not here, in the order in which they were given."""
        found = self._base.execute(
            "select attempt, time, requests, place, organization, batch from submissions where state != 'ended' "
            "order by time, attempt"
        ).fetchall()
        return [Submission(attempt, datetime.fromisoformat(time), *rest) for attempt, time, *rest in found]

    def knows(self, attempt: str | None) -> bool:
        """Whether a submission of this name was written here."""
        return self._base.execute("select 1 from submissions where attempt = ?", (attempt,)).fetchone() is not None

    def unclaimed(self, batches: Iterable[str]) -> set[str]:
        """Those of the vendor's ids that belong to no submission of this folder, as far as is known."""
        return {
            batch
            for batch in batches
            if self._base.execute("select 1 from submissions where batch = ?", (batch,)).fetchone() is None
        }

    def out(self, submission: Submission) -> dict[str, str]:
        """The requests of a submission that no result was stored for: hashes by their custom_id."""
        found = self._base.execute(
            "select custom_id, request from deferred where attempt = ? and state = 'out'", (submission.attempt,)
        )
        return dict(found.fetchall())

    def mark(self, custom_id: str, state: str, kind: str | None = None, error: str | None = None) -> None:
        """What came of a request."""
        self._base.execute(
            "update deferred set state = ?, kind = ?, error = ? where custom_id = ?", (state, kind, error, custom_id)
        )

    def ended(self, submission: Submission, error: str) -> None:
        """Its results are here; what had none is sent again, because of `error`."""
        with self._folder.together():
            self._base.execute(
                "update deferred set state = 'again', kind = 'missing', error = ? where attempt = ? and state = 'out'",
                (error, submission.attempt),
            )
            self._base.execute("update submissions set state = 'ended' where attempt = ?", (submission.attempt,))

    def holds(self, ticket: str) -> bool:
        """Whether a request of this ticket is at the vendor's, or may be."""
        query = "select 1 from deferred where ticket = ? and state = 'out'"
        return self._base.execute(query, (ticket,)).fetchone() is not None

    def met(self, ticket: str) -> bool:
        """Whether anything was ever asked for this ticket."""
        return self._base.execute("select 1 from deferred where ticket = ?", (ticket,)).fetchone() is not None

    def is_out(self, request: str) -> bool:
        """Whether this request is at the vendor's, or may be: two tickets may be the same to the letter."""
        query = "select 1 from deferred where request = ? and state = 'out'"
        return self._base.execute(query, (request,)).fetchone() is not None

    def failure(self, request: str) -> ModelUnavailable | None:
        """Why this request is not to be sent (again) in this run, if so."""
        found = self._base.execute(
            "select state, kind, error from deferred where request = ? and state in ('again', 'refused')", (request,)
        ).fetchall()
        for state, kind, error in found:
            if state == "refused":
                return ModelUnavailable(error, reason=kind, blame="request")
        if len(found) < TRIES:
            return None
        _, kind, error = found[-1]
        return ModelUnavailable(
            f"asked {len(found)} times by batches without an answer, the last time: {error}; run again to go on",
            reason=kind,
            blame="server",
        )

    def open_requests(self) -> tuple[int, int, int]:
        """Batches, requests and about how many tokens are at the vendor's, or may be."""
        requests, tokens = self._base.execute(
            "select count(*), total(tokens) from deferred where state = 'out'"
        ).fetchone()
        (batches,) = self._base.execute("select count(*) from submissions where state != 'ended'").fetchone()
        return int(batches), int(requests), int(tokens)


def pending(folder: RunFolder) -> int:
    """Requests of a run folder that are at the vendor's or may be: a live run would pay for them a second time."""
    return Submissions(folder).open_requests()[1]


def going_on(folder: RunFolder) -> str | None:
    """For a person who leaves: what goes on without them, and how to get it."""
    batches, requests, _ = Submissions(folder).open_requests()
    if not requests:
        return None
    them = f"{batches:,} batch" if batches == 1 else f"{batches:,} batches"
    return (
        f"{them} with {requests:,} {'request' if requests == 1 else 'requests'} {'goes' if batches == 1 else 'go'} on "
        "at the vendor's and will be paid: run the same command again within 29 days to collect the answers"
    )
