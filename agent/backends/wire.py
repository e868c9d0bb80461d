"""The HTTP client under the SDK, with the bounds that the SDK leaves open: time, size, waits and redirects.

The SDK's read timeout is the pause between two pieces, so a server that drips would hold a run for days; it waits as
long as retry-after says, up to 49 days; it follows redirects and sends the ticket along; it reads a body without end
into memory. What is raised here is an error of the SDK's own kind, which it neither wraps nor tries again.
"""

import math
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from email.utils import mktime_tz, parsedate_tz
from typing import Any

import httpx2
from anthropic import AnthropicError, DefaultAsyncHttpxClient, DefaultHttpxClient

CONNECT_SECONDS = 10.0  # to be connected; a host that swallows packets is known by then
LONGEST_WAIT = 60.0  # seconds that retry-after may ask for; above that the call ends and says so
MOST_BYTES = 32 * 2**20  # of one answer: 128,000 tokens as a stream of events are two thirds of it
MOST_COMPRESSED = 2**18  # the same where the body is compressed, which may grow a thousandfold
# An answer is small. What is not compressed cannot explode.
_HEADERS = {"accept-encoding": "identity"}
# An answer takes half a minute, a connection a tenth of a second. One for each request leaves none open behind a run,
# or behind an event loop that has ended, and none that a server closed meanwhile. A run of many tickets keeps some.
MOST_CONNECTIONS = 1_000
_WAITS = ("retry-after-ms", "retry-after")

Hooks = dict[str, list[Callable[..., Any]]]
_until: ContextVar[float] = ContextVar("until")
_whole: ContextVar[bool] = ContextVar("whole")


class BoundMet(AnthropicError):
    """A call that was ended here. The message goes on behind the server's address; `reason` is for programs."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Inside, all attempts of a call together have so many seconds."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


@contextmanager
def of_any_size() -> Iterator[None]:
    """What is asked for inside may be of any size: whoever reads it piece by piece bounds the pieces."""
    token = _whole.set(False)
    try:
        yield
    finally:
        _whole.reset(token)


def pauses(seconds: float) -> httpx2.Timeout:
    """The SDK's timeout: so many seconds until an answer begins and between two pieces of it; a connection has less."""
    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def client() -> httpx2.Client:
    """For the SDK's client."""
    hooks: Hooks = {"request": [_sent_by_a_thread], "response": [_arrived]}
    return DefaultHttpxClient(follow_redirects=False, headers=_HEADERS, limits=_limits(0), event_hooks=hooks)


def async_client(kept: int = 0) -> httpx2.AsyncClient:
    """For the SDK's async client. `kept`: connections that stay open for further calls."""

    async def sent(request: httpx2.Request) -> None:
        _sent(request)

    async def arrived(response: httpx2.Response) -> None:
        _arrived(response)

    hooks: Hooks = {"request": [sent], "response": [arrived]}
    return DefaultAsyncHttpxClient(follow_redirects=False, headers=_HEADERS, limits=_limits(kept), event_hooks=hooks)


def _limits(kept: int) -> httpx2.Limits:
    return httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=kept)


def wait_asked(headers: httpx2.Headers) -> float | None:
    """Seconds that a server asks to wait; None where it does not, or not in a way that can be read."""
    milliseconds, after = (headers.get(name, "") for name in _WAITS)
    for text, unit in ((milliseconds, 1000), (after, 1)):
        try:
            wait = float(text) / unit
        except ValueError:
            continue
        return None if math.isnan(wait) else wait
    try:
        date = parsedate_tz(after)
        return None if date is None else mktime_tz(date) - time.time()
    except (ValueError, OverflowError, TypeError):
        return None


def _sent(request: httpx2.Request) -> None:
    """Before each attempt: it has what is left of the call's time."""
    left = _left()
    if left <= 0:
        raise _out_of_time()
    pauses = request.extensions.get("timeout", {})
    capped = {name: left if seconds is None else min(seconds, left) for name, seconds in pauses.items()}
    request.extensions = {**request.extensions, "timeout": capped}


def _sent_by_a_thread(request: httpx2.Request) -> None:
    """As `_sent`. Where nothing can interrupt a wait, the connection is hung up when the call's time is over."""
    _sent(request)
    if _left() < float("inf"):
        request.extensions = {**request.extensions, "trace": _Alarm(_left())}


class _Alarm:
    """Ends a connection after so many seconds, wherever it is: in the greeting of TLS, in a head that comes a byte now
    and then, in answers that are to be continued. Each byte begins the pause anew that a timeout measures.

    It is called with what happens to a request (httpx: the extension `trace`).
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(".connect_tcp.complete"):
            # One of our own for the same connection: TLS takes the other over.
            self._socket = info["return_value"].get_extra_info("socket").dup()
            self._timer = threading.Timer(self._seconds, self._hang_up)
            self._timer.daemon = True
            self._timer.start()
        elif event.endswith((".response_closed.complete", ".failed")) and self._timer is not None:
            self._timer.cancel()
            self._hang_up()

    def _hang_up(self) -> None:
        line, self._socket = self._socket, None
        if line is None:
            return
        with suppress(OSError):  # it is gone already
            line.shutdown(socket.SHUT_RDWR)
        line.close()


def _arrived(response: httpx2.Response) -> None:
    """Before the SDK looks at an answer or reads its body."""
    wait = wait_asked(response.headers)
    if wait is None:  # the SDK stumbles over some dates; without the header it has pauses of its own
        for name in _WAITS:
            response.headers.pop(name, None)
    elif wait > min(LONGEST_WAIT, _left()):
        response.headers["x-should-retry"] = "false"  # the SDK's own way to be told
    response.stream = _Bounded(response)


class _Bounded(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that ends with the call's time, or when it is more than any answer can be."""

    def __init__(self, response: httpx2.Response) -> None:
        self._stream = response.stream
        compressed = response.headers.get("content-encoding", "identity") != "identity"
        self._most = (MOST_COMPRESSED if compressed else MOST_BYTES) if _whole.get(True) else sys.maxsize
        self._read = 0

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._stream, httpx2.SyncByteStream)
        for piece in self._stream:
            yield self._checked(piece)
        if _left() <= 0:  # a connection that was hung up looks like a body that ended
            raise _out_of_time()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._stream, httpx2.AsyncByteStream)
        async for piece in self._stream:
            yield self._checked(piece)

    def _checked(self, piece: bytes) -> bytes:
        self._read += len(piece)
        if self._read > self._most:
            raise BoundMet(
                f"sent more than {self._most // 1024:,} kB, which no answer is; check ANTHROPIC_BASE_URL", "size"
            )
        if _left() <= 0:
            raise _out_of_time()
        return piece

    def close(self) -> None:
        assert isinstance(self._stream, httpx2.SyncByteStream)
        self._stream.close()

    async def aclose(self) -> None:
        assert isinstance(self._stream, httpx2.AsyncByteStream)
        await self._stream.aclose()


def _left() -> float:
    """Seconds; without end where nobody set a bound."""
    return _until.get(float("inf")) - time.monotonic()


def _out_of_time() -> BoundMet:
    return BoundMet("did not finish an answer in the time that a call has; try again later", "timeout")
