"""What can go wrong with a call, as one `ModelUnavailable` whose message says what to do next: see docs/faults.md."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.backends import answers
from agent.backends.base import Blame, ModelUnavailable

if TYPE_CHECKING:
    from anthropic import APIConnectionError, APIStatusError

MODEL_VARIABLE = "ESCALATION_MODEL"
BASE_URL_VARIABLE = "ANTHROPIC_BASE_URL"


class ForcingRefused(Exception):
    """The model refused the request because a tool was forced: the same again without."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Of one call. `address`: that is called, known once there is a client; `size`: of its ticket in characters; times
    in seconds; `forced`: its tool.
    """

    address: Callable[[], str]
    model: str
    size: int
    timeout: float
    call_seconds: float
    forced: bool

    @property
    def where(self) -> str:
        """The address, without credentials or query."""
        return self.address()


@contextmanager
def named(of: Circumstances) -> Iterator[None]:
    """Every failure of the SDK and of the wire. KeyboardInterrupt and cancellation pass through untouched."""
    import anthropic
    import httpx2

    from agent.backends import wire

    began = time.monotonic()
    try:
        yield
    except TimeoutError as error:
        raise late(of) from error
    except wire.BoundMet as error:
        if error.reason == "timeout":
            raise late(of) from error
        raise unavailable(f"{of.where} {error}", error.reason, "server") from error
    except anthropic.APIConnectionError as error:
        raise (late(of) if _over(began, of) else _connection(error, of)) from error
    except anthropic.APIStatusError as error:
        if of.forced and error.status_code == 400 and "tool_choice" in str(error.api_message):
            raise ForcingRefused from error
        # An error that came as an event of a stream has the stream's own status.
        reason = f"http_{error.status_code}" if error.status_code >= 300 else "stream"
        failure = unavailable(_status(error, of), reason, blame_of(error.status_code))
        failure.retry_after = wire.wait_asked(error.response.headers)
        raise failure from error
    except anthropic.AnthropicError as error:
        # Credentials that cannot be read: the message is the SDK's, without the body.
        raise unavailable(f"{type(error).__name__}: {answers.one_line(str(error), 200)}", "sdk") from error
    except httpx2.HTTPError as error:  # in the middle of a stream, where the SDK passes it on as it is
        raise (late(of) if _over(began, of) else broken(of.where, str(error) or type(error).__name__)) from error
    except TypeError as error:
        if "authentication method" not in str(error):
            raise
        raise unavailable(
            "no key: expected ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN in the environment; set one", "no_key"
        ) from error


def _over(began: float, of: Circumstances) -> bool:
    """Whether the call's time is over, so that it was here that the connection was hung up (`wire`)."""
    return time.monotonic() - began >= of.call_seconds


@contextmanager
def judged_as_json(where: str) -> Iterator[None]:
    """What a body that is no JSON makes of its readers: bad bytes, a number without end, a thousand brackets."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise unavailable(
            f"{where} did not answer with JSON; check {BASE_URL_VARIABLE}", "not_messages_api", "server"
        ) from error


@contextmanager
def judged_as_events(where: str) -> Iterator[None]:
    """The SDK takes shape and order of a stream's events for granted, and stumbles over others in many ways."""
    import anthropic
    import httpx2

    try:
        yield
    except (anthropic.AnthropicError, httpx2.HTTPError):
        raise
    except Exception as error:  # its text may hold what the model said
        raise broken(where, "its events are not those of the Messages API") from error


@contextmanager
def judged_as_setup(base_url: str | None) -> Iterator[None]:
    """What the environment says wrongly, said before there is a request: httpx does so late and in many ways."""
    import httpx2

    if base_url and not _is_address(base_url):
        shown = answers.one_line(base_url.rpartition("@")[2], 80)
        raise unavailable(
            f"{BASE_URL_VARIABLE} {shown!r}: expected an address such as https://gateway.example; "
            "set it again or unset it",
            "address",
        )
    try:
        yield
    except (ValueError, OSError, ImportError, httpx2.InvalidURL) as error:  # its text may hold a proxy's password
        raise unavailable(
            "a proxy or a file of certificates that the environment names cannot be used; "
            "check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR",
            "address",
        ) from error


def unavailable(message: str, reason: str, blame: Blame = "setup") -> ModelUnavailable:
    """The failure, with the way out that is always there."""
    return ModelUnavailable(f"{message}, or use --backend offline", reason=reason, blame=blame)


def late(of: Circumstances) -> ModelUnavailable:
    """An answer that did not end in the time of a call."""
    message = f"{of.where} did not finish an answer within {of.call_seconds:g} s; try again later"
    return unavailable(message, "timeout", "server")


def broken(where: str, why: str) -> ModelUnavailable:
    """A stream that is none, or not to its end."""
    said = answers.one_line(why, 160)
    return unavailable(
        f"the stream from {where} ended before the answer was whole ({said}); try again", "stream", "server"
    )


def blame_of(status: int) -> Blame:
    """What an HTTP status says about other requests."""
    if 300 <= status < 400 or status in (401, 403, 404):
        return "setup"
    return "request" if 400 <= status < 500 and status not in (408, 409, 429) else "server"


def _connection(error: "APIConnectionError", of: Circumstances) -> ModelUnavailable:
    """For a request that got no whole answer."""
    import httpx2

    where, cause, tried = of.where, error.__cause__, _tried(error)
    said = answers.one_line(str(cause or "") or type(cause or error).__name__, 160)
    if isinstance(cause, httpx2.LocalProtocolError):  # its text repeats the header, which is the key
        return unavailable("the key holds characters that no header may hold; set ANTHROPIC_API_KEY again", "no_key")
    if isinstance(cause, httpx2.TimeoutException) and not isinstance(cause, httpx2.ConnectTimeout):
        message = f"{where} did not answer within {of.timeout:g} s{tried}; try again later"
        return unavailable(message, "timeout", "server")
    if isinstance(cause, httpx2.DecodingError):
        message = f"{where} sent what cannot be unpacked ({said}){tried}; check {BASE_URL_VARIABLE}"
    elif isinstance(cause, httpx2.ReadError | httpx2.WriteError | httpx2.RemoteProtocolError):
        message = f"the connection to {where} broke off ({said}){tried}; try again later"
    else:
        message = f"cannot reach {where} ({said}){tried}; check the network and {BASE_URL_VARIABLE}"
    return unavailable(message, "connection", "server")


def _host(address: str) -> str:
    """Host and port, without credentials; empty where there is none."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:  # such as half an IPv6 address
        return ""


def _status(error: "APIStatusError", of: Circumstances) -> str:
    status, where = error.status_code, of.where
    # What a server says about a refused key may repeat the key, so it is shown for other errors only.
    said = answers.one_line(str(error.api_message or error.type or "no reason given"), 200)
    tried = _tried(error)
    if status < 300:
        return f"{where} broke off the answer ({said}); try again later"
    if status < 400:
        to = answers.one_line(_host(error.response.headers.get("location", "")), 80)
        return (
            f"{where} sends on to {to or 'another address'} ({status}), where the ticket was not sent; "
            f"set {BASE_URL_VARIABLE} to the right address"
        )
    if status == 401:
        return (
            f"{where} refused the key (401): it is read from ANTHROPIC_API_KEY, then ANTHROPIC_AUTH_TOKEN; "
            "set a valid one"
        )
    if status == 403:
        return f"the key may not use {of.model!r} at {where} (403); choose another --model or another key"
    if status == 404:
        return f"{where} does not know {of.model!r} (404); check --model or {MODEL_VARIABLE}, and {BASE_URL_VARIABLE}"
    if status in (408, 409):
        return f"{where} did not take the request ({status}: {said}){tried}; try again later"
    if status == 413 or (status == 400 and "too long" in said.lower()):
        return f"the ticket's {of.size:,} characters are too many for {of.model!r} ({status}: {said}); shorten it"
    if status == 429:
        return f"{where} limits the rate (429: {said}){tried}; {_wait(error)}"
    if status >= 500:
        return f"{where} is not available ({status}: {said}){tried}; {_wait(error)}"
    return f"{where} refused the request ({status}: {said}); check --model and {answers.MAX_TOKENS_VARIABLE}"


def _is_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # a port that is no number, or a bracket that is not closed
        return False


def _tried(error: "APIConnectionError | APIStatusError") -> str:
    """How often the SDK had tried again; it says so in the request."""
    retries = error.request.headers.get("x-stainless-retry-count", "0")
    return "" if retries == "0" else f", after {retries} {'retry' if retries == '1' else 'retries'}"


def _wait(error: "APIStatusError") -> str:
    """The next step, with the time that the server gave."""
    from agent.backends.wire import LONGEST_WAIT, wait_asked

    wait = wait_asked(error.response.headers)
    if wait is None or wait <= LONGEST_WAIT:
        return "try again later"
    return "try again tomorrow or later" if wait > 86_400 else f"it asks to wait {wait:.0f} s: try again then"
