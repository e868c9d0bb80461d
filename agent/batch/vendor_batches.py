"""The vendor's Message Batches over the wire: give, look, list, read results. Keeps nothing and decides nothing.

Giving a batch is never repeated by the SDK: its requests bear no key that the server would know them again by, so a
repetition after a lost answer would be a second batch, paid a second time. Reading is repeated by the SDK as ever.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from agent.backends import answers
from agent.backends.base import ModelUnavailable
from agent.backends.failures import BASE_URL_VARIABLE, blame_of

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatch

    from agent.backends.claude import ClaudeBackend

PATH = "/v1/messages/batches"
ORGANIZATION = "anthropic-organization-id"  # in the header of each answer of the vendor's own API
UPLOAD, LOOK = 600.0, 300.0  # seconds that giving a batch, and looking at one or at the list, may take
PAGE = 100  # batches of one page of the list
NOT_TAKEN = (413, 429, 529)  # besides the statuses that name a fault of ours: nothing came of the request
LONGEST_ID = 200
MOST_SAID = 200
MOST_OF_A_LINE = 32 * 2**20  # bytes: one answer, see agent/backends/wire.py

Kind = Literal["succeeded", "errored", "canceled", "expired"]


class Unsure(Exception):
    """The answer to giving a batch was lost: it may be there or not. The cause is a `ModelUnavailable`."""

    def __init__(self, failure: ModelUnavailable) -> None:
        super().__init__(str(failure))
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the vendor sees it. `requests`: in it. `results`: can be read."""

    id: str
    requests: int
    ended: bool
    results: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one request. `error`: its type and words, where it was errored."""

    custom_id: str
    kind: Kind
    message: dict[str, Any] | None = None
    error: tuple[str, str] = ("", "")


class VendorBatches:
    """The batches that a key may see. Raises `ModelUnavailable`, and `Unsure` for giving."""

    def __init__(self, backend: "ClaudeBackend") -> None:
        self._backend = backend
        self.place = backend.where()

    def give(self, body: Iterable[bytes], length: int) -> tuple[str, str | None]:
        """A batch's id, and the organization it belongs to where the server names one.

        `body`: the JSON, in pieces that are sent as they come, so that it is never in memory as a whole. `length`: its
        bytes.
        """
        import httpx2

        from agent.backends import wire

        client = self._backend.client().with_options(max_retries=0, timeout=wire.pauses(UPLOAD))
        try:
            with self._named_errors(), wire.within(UPLOAD):
                sized = {"Content-Length": str(length)}
                response = client.post(PATH, cast_to=httpx2.Response, content=body, options={"headers": sized})
        except ModelUnavailable as failure:
            if failure.blame != "server" or failure.reason in ("connect", *(f"http_{status}" for status in NOT_TAKEN)):
                raise
            raise Unsure(failure) from failure
        try:
            batch = response.json()["id"]
        except (ValueError, RecursionError, KeyError, TypeError, IndexError):
            raise Unsure(self._no_batches()) from None
        if not isinstance(batch, str) or not 0 < len(batch) <= LONGEST_ID:
            raise Unsure(self._no_batches())
        return batch, response.headers.get(ORGANIZATION)

    def look(self, batch: str, organization: str | None) -> Batch | None:
        """A batch as it stands; None if there is none of this id (any more)."""
        import anthropic

        from agent.backends import wire

        try:
            with self._named_errors(), wire.within(LOOK), self._judged():
                return self._seen(self._backend.client().messages.batches.retrieve(batch))
        except ModelUnavailable as failure:
            cause = failure.__cause__
            if not isinstance(cause, anthropic.NotFoundError):
                raise
            if cause.type != "not_found_error":  # somebody on the way, who knows nothing of batches
                failure.blame = "server"
                raise
            ours = cause.response.headers.get(ORGANIZATION)
            if organization and ours and ours != organization:
                raise ModelUnavailable(
                    f"batch {batch} belongs to another organization than this key's: set the key that it was given "
                    "with",
                    reason="other_organization",
                ) from cause
            return None

    def since(self, time: datetime) -> list[Batch]:
        """The batches created from then on, the latest first."""
        from agent.backends import wire

        batches: list[Batch] = []
        with self._named_errors(), wire.within(LOOK), self._judged():
            for found in self._backend.client().messages.batches.list(limit=PAGE):
                batch = self._seen(found)
                if batch.created < time:
                    break
                batches.append(batch)
        return batches

    def results(self, batch: str) -> Generator[Result, None, None]:
        """What came of each request, in any order, read as it is asked for.

        From the address that the batch was given to and not from the one that the batch names: a gateway passes on the
        vendor's, which does not know the gateway's key.
        """
        import httpx2

        from agent.backends import wire

        with self._named_errors():
            streamed: bool = True  # the SDK's own streams are of another kind
            client, path = self._backend.client(), f"{PATH}/{quote(batch, safe='')}/results"
            with wire.of_any_size():
                response = client.get(path, cast_to=httpx2.Response, stream=streamed)
            with closing(response):
                for line in _lines(response.iter_bytes()):
                    yield _result(json.loads(line))

    def _seen(self, found: "MessageBatch") -> Batch:
        try:
            created = found.created_at
            counts = found.request_counts
            return Batch(
                id=str(found.id),
                requests=counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired,
                ended=found.processing_status == "ended",
                results=bool(found.results_url),
                created=created if created.tzinfo else created.replace(tzinfo=UTC),
            )
        except (AttributeError, TypeError):
            raise self._no_batches() from None

    def _no_batches(self) -> ModelUnavailable:
        return ModelUnavailable(
            f"{self.place} did not answer as the Message Batches API does; check {BASE_URL_VARIABLE}, or leave "
            "--batches out",
            reason="not_batches_api",
            blame="server",
        )

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """The SDK takes the shape of an answer for granted, and stumbles over others in many ways."""
        import anthropic
        import httpx2

        try:
            yield
        except (anthropic.AnthropicError, httpx2.HTTPError, ModelUnavailable):
            raise
        except Exception as error:
            if isinstance(error, TypeError) and "authentication method" in str(error):
                raise
            raise self._no_batches() from error

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Every failure on the way as one `ModelUnavailable` with the next step."""
        import anthropic
        import httpx2

        from agent.backends import wire

        try:
            yield
        except wire.BoundMet as error:
            raise ModelUnavailable(f"{self.place} {error}", reason=error.reason, blame="server") from error
        except anthropic.APITimeoutError as error:
            raise self._failure("did not answer in time", "timeout") from error
        except anthropic.APIConnectionError as error:
            cause = error.__cause__
            if isinstance(cause, httpx2.LocalProtocolError):  # its text repeats the header, which is the key
                raise ModelUnavailable(
                    "the key holds characters that no header may hold; set ANTHROPIC_API_KEY again", reason="no_key"
                ) from error
            # Without a connection nothing was sent; one that ended later may have carried all of it.
            reason = "connect" if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) else "connection"
            said = answers.one_line(str(cause or error), MOST_SAID)
            raise self._failure(f"cannot be reached ({said})", reason) from error
        except anthropic.APIStatusError as error:
            failure = ModelUnavailable(
                self._status(error), reason=f"http_{error.status_code}", blame=blame_of(error.status_code)
            )
            failure.retry_after = wire.wait_asked(error.response.headers)
            raise failure from error
        except (httpx2.HTTPError, ValueError, RecursionError) as error:  # in the middle of the results
            said = answers.one_line(str(error) or type(error).__name__, MOST_SAID)
            raise self._failure(f"broke off ({said})", "stream") from error
        except anthropic.AnthropicError as error:
            said = answers.one_line(str(error), MOST_SAID)
            raise ModelUnavailable(f"{type(error).__name__}: {said}", reason="sdk") from error
        except TypeError as error:
            if "authentication method" not in str(error):
                raise
            raise ModelUnavailable(
                "no key: expected ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN in the environment; set one",
                reason="no_key",
            ) from error

    def _failure(self, what: str, reason: str) -> ModelUnavailable:
        return ModelUnavailable(f"{self.place} {what}", reason=reason, blame="server")

    def _status(self, error: Any) -> str:
        status = error.status_code
        # What a server says about a refused key may repeat the key, so it is shown for other errors only.
        said = answers.one_line(str(error.api_message or error.type or "no reason given"), MOST_SAID)
        if status == 401:
            return (
                f"{self.place} refused the key (401): it is read from ANTHROPIC_API_KEY, then ANTHROPIC_AUTH_TOKEN; "
                "set a valid one"
            )
        if status == 403:
            return f"the key may not use batches at {self.place} (403); use another key, or leave --batches out"
        if status == 404:
            return f"{self.place} has no Message Batches (404); check {BASE_URL_VARIABLE}, or leave --batches out"
        if status in (408, 409, 429) or status >= 500:
            return f"{self.place} is not available ({status}: {said})"
        return f"{self.place} refused the batch ({status}: {said}); leave --batches out"


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of JSON Lines: nothing else than a line feed ends one. Raises ValueError for one without end."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from filter(bytes.strip, whole)
        if len(rest) > MOST_OF_A_LINE:
            raise ValueError(f"a line of more than {MOST_OF_A_LINE // 2**20} MB")
    if rest.strip():
        yield rest


def _result(line: object) -> Result:
    """A line of the results. One of another shape is an errored request: it is sent again."""
    fields = line if isinstance(line, Mapping) else {}
    result = fields.get("result")
    result = result if isinstance(result, Mapping) else {}
    custom_id, kind = str(fields.get("custom_id")), result.get("type")
    if kind == "canceled" or kind == "expired":
        return Result(custom_id, kind)
    message = result.get("message")
    if kind == "succeeded" and isinstance(message, dict):
        if isinstance(message.get("content"), list) and "stop_reason" in message:
            return Result(custom_id, "succeeded", message)
        return Result(custom_id, "errored", error=("api_error", "an answer that is no message"))
    error = result.get("error")
    inner = error.get("error") if isinstance(error, Mapping) else None
    if not isinstance(inner, Mapping):
        return Result(custom_id, "errored", error=("api_error", "no reason given"))
    said = answers.one_line(str(inner.get("message") or "no reason given"), MOST_SAID)
    return Result(custom_id, "errored", error=(str(inner.get("type")), said))
