"""Events to a receiver's URL, signed by the Standard Webhooks specification (https://www.standardwebhooks.com).

An event may arrive twice, and late: each try carries the same id and the same bytes, so that a receiver can drop
doubles, and the time of the try, so that it can drop what was recorded and played again.

The URL comes from whoever runs this program. So a receiver in a private network is allowed, and what keeps the event
from anybody else is the certificate: it is checked before a byte of the event leaves. Redirects are not followed.
"""

import base64
import os
import re
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from socket import gaierror
from typing import TYPE_CHECKING, Any

from agent.errors import BadInput

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from tenacity import RetryCallState

SECRET_PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)
MAX_URL = 2_000  # characters
MAX_ATTEMPTS = 10
MAX_TIMEOUT = 60.0  # seconds, of one try
MAX_WAIT = 30.0  # seconds between two tries
MAX_BACKOFF = 8.0  # seconds between two tries where the receiver names none
RETRIED = {408, 425, 429} | set(range(500, 600))
GONE = 410
USER_AGENT = "escalation-webhooks"

# Narrower than the RFC, so that no two parsers can see two hosts in it: no user, no fragment, no backslash, ASCII only.
_LABEL = r"[A-Za-z0-9_-]{1,63}"
_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?:[/?][!\"$-\[\]-~]*)?"
)
# A dot would let one id run into the timestamp that is signed behind it; a line break would start a header.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_:-]{1,200}")


@dataclass(frozen=True)
class Target:
    """A receiver and the secret that it shares with us. Neither the secret nor the URL's path shows in the `repr`."""

    url: str
    secret: str

    @classmethod
    def of(cls, url: str, secret: str) -> "Target":
        """Raises BadInput for a URL that is not https (or http to this machine), or a secret of another form."""
        return cls(url.strip(), secret.strip())

    def __post_init__(self) -> None:
        _check_url(self.url)
        _check_secret(self.secret)

    def __repr__(self) -> str:
        return f"Target({self.origin!r}, secret hidden)"

    @property
    def origin(self) -> str:
        """The URL without path and query, which with many receivers are as good as a password."""
        return re.split(r"(?<=[^:/])[/?]", self.url, maxsplit=1)[0]

    @property
    def encrypted(self) -> bool:
        """Whether it is https."""
        return self.url.startswith("https:")


@dataclass(frozen=True)
class Delivery:
    """What became of one event. `error`: one line, empty if delivered. `gone`: the receiver wants no event ever again.

    `status`: of the last answer, None if the last try brought none.
    """

    delivered: bool
    status: int | None
    attempts: int
    error: str
    gone: bool


@dataclass(frozen=True)
class _Answer:
    """Of one try. `wait`: seconds that the receiver asks for. `again`: whether another try may help."""

    status: int | None = None
    error: str = ""
    again: bool = False
    wait: float = 0.0


def send(
    target: Target,
    message_id: str,
    moment: datetime,
    body: str,
    *,
    timeout: float = 10.0,
    attempts: int = 3,
    sleep: Callable[[float], None] = time.sleep,
) -> Delivery:
    """POST `body`, a JSON text, until it is accepted, refused, or `attempts` are used up.

    `moment`: the time now; receivers refuse what is minutes off. `timeout`: seconds of one try, all in all. The whole
    takes no more than `attempts` times `timeout` and, between them, `MAX_WAIT`. A receiver that asks for a longer pause
    is not asked again. Raises BadInput for arguments that cannot be sent; trouble on the way is told in the result.
    """
    from tenacity import Retrying, retry_if_result, stop_after_attempt

    payload = _payload(message_id, moment, body, timeout, attempts)
    started = time.monotonic()
    answers: list[_Answer] = []

    def attempt() -> _Answer:
        now = moment.astimezone(UTC) + timedelta(seconds=time.monotonic() - started)
        headers = _headers(target, message_id, now.replace(microsecond=0), body)
        answers.append(_post(target, headers, payload, timeout, now))
        return answers[-1]

    turns = Retrying(
        retry=retry_if_result(lambda answer: answer.again),
        stop=stop_after_attempt(attempts),
        wait=_pause,
        sleep=sleep,
        retry_error_callback=lambda _: None,  # the answers are looked at, not an error
    )
    turns(attempt)
    last = answers[-1]
    return Delivery(not last.error, last.status, len(answers), last.error, last.status == GONE)


def _check_url(url: str) -> None:
    found = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if found is None or not 0 < int(found["port"] or 1) < 65_536:
        raise BadInput(
            f"webhook URL {_shown(url)}: expected https://host/path, without user, '#' or spaces,"
            " and an international name in its xn-- form: correct it"
        )
    address = None
    with suppress(ValueError):
        address = ip_address(found["host"].strip("[]"))
        address = getattr(address, "ipv4_mapped", None) or address
    if found["host"].startswith("[") and address is None:
        raise BadInput(f"webhook URL {_shown(url)}: expected an IPv6 address in the brackets: correct it")
    if address is not None and (address.is_link_local or address.is_multicast or address.is_unspecified):
        raise BadInput(f"webhook URL {_shown(url)}: no receiver can have this address: name the receiver's own")
    local = address.is_loopback if address is not None else found["host"].lower() == "localhost"
    if found["scheme"] == "http" and not local:
        raise BadInput(
            f"webhook URL {_shown(url)}: http is for this machine alone (localhost, 127.0.0.1, [::1]): use https"
        )


def _check_secret(secret: str) -> None:
    key = b""
    with suppress(ValueError):  # strict: receivers' libraries in other languages refuse what is not padded
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    if not secret.startswith(SECRET_PREFIX) or len(key) not in SECRET_BYTES:
        raise BadInput(
            f"webhook secret (of {len(secret)} characters): expected {SECRET_PREFIX} and the base64 of"
            f" {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes: copy it from the receiver, or make one by"
            " `openssl rand -base64 32`"
        )


def _shown(url: str) -> str:
    """A URL that cannot be used, without what may be secret in it: a user, the path, a secret in the wrong place."""
    shown = re.sub(rf"{SECRET_PREFIX}.*", f"{SECRET_PREFIX}…", url, flags=re.DOTALL)
    shown = re.sub(r"//.*@", "//…@", shown, flags=re.DOTALL)
    return ascii(re.split(r"(?<=[^:/])[/?#]", shown, maxsplit=1)[0][:100])


def _payload(message_id: str, moment: datetime, body: str, timeout: float, attempts: int) -> bytes:
    """The bytes to send. Raises BadInput if they, or another argument, cannot be used."""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise BadInput(
            f"webhook id {message_id[:100]!a}: expected at most 200 letters, digits, '_', '-' and ':': correct it"
        )
    if moment.tzinfo is None:
        raise BadInput(f"webhook time {moment.isoformat()}: expected one with a time zone: add it")
    if not 0 < timeout <= MAX_TIMEOUT:
        raise BadInput(f"webhook timeout {timeout}: expected seconds, more than 0 and at most {MAX_TIMEOUT:g}")
    if not 1 <= attempts <= MAX_ATTEMPTS:
        raise BadInput(f"webhook attempts {attempts}: expected 1 to {MAX_ATTEMPTS}")
    try:
        return body.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"webhook body: character {error.start} is half of a surrogate pair: write it as a JSON escape"
        ) from None


def _headers(target: Target, message_id: str, now: datetime, body: str) -> dict[str, str]:
    """`now` is in UTC and whole seconds: `Webhook.sign` takes the clock's figures of any zone for UTC."""
    from standardwebhooks import Webhook

    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(target.secret).sign(message_id, now, body),
    }


def _post(target: Target, headers: dict[str, str], payload: bytes, timeout: float, now: datetime) -> _Answer:
    """One try. No message of an error is passed on that could repeat what the receiver sent, or what was sent to it."""
    import httpx2

    try:
        # For this machine no proxy, or the event would reach it in the clear.
        # `connect`: cut off from outside in the middle of a TLS handshake, the client would leave its socket open.
        limits = httpx2.Timeout(None, connect=timeout * 0.9)
        client = httpx2.AsyncClient(timeout=limits, follow_redirects=False, trust_env=target.encrypted)
        status, retry_after = _run(_exchange(client, target.url, headers, payload, timeout))
    except (TimeoutError, httpx2.TimeoutException):
        return _Answer(error=f"{target.origin} did not answer within {timeout:g} s: send it again later", again=True)
    except httpx2.ConnectError as error:
        reason, lasting = _reason(error)
        advice = "see to its certificate, or name the host that it is for" if lasting else "see that it runs"
        return _Answer(error=f"{target.origin} cannot be reached ({reason}): {advice}", again=not lasting)
    except httpx2.TransportError as error:
        kind = type(error).__name__
        return _Answer(error=f"{target.origin} broke off ({kind}), no answer: send it again later", again=True)
    except (httpx2.InvalidURL, ValueError, ImportError, OSError) as error:
        kind = type(error).__name__
        advice = "check the URL, and the environment's HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE"
        return _Answer(error=f"{target.origin} cannot be asked ({kind}): {advice}")
    return _judged(target, status, _seconds(retry_after, now))


async def _exchange(
    client: "AsyncClient", url: str, headers: dict[str, str], payload: bytes, timeout: float
) -> tuple[int, str]:
    """Status and Retry-After of the answer; nothing of its body is read.

    The client's own timeouts begin anew with each byte, so a receiver that sends one now and then would hold us for
    hours. This one is for everything: the name, the connection, TLS, the request, the head of the answer.
    """
    import asyncio

    async with (
        asyncio.timeout(timeout),
        client,
        client.stream("POST", url, headers=headers, content=payload) as response,
    ):
        return response.status_code, response.headers.get("retry-after", "")


def _run(exchange: Coroutine[Any, Any, tuple[int, str]]) -> tuple[int, str]:
    """The result of `exchange`, in an event loop of its own: on another thread if this one has a loop that runs."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _finished(exchange)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_finished, exchange).result()


def _finished(exchange: Coroutine[Any, Any, tuple[int, str]]) -> tuple[int, str]:
    """As `asyncio.run`, which however waits at its end for a look-up of a name that hangs."""
    import asyncio

    loop = asyncio.new_event_loop()
    task = loop.create_task(exchange)
    try:
        return loop.run_until_complete(task)
    finally:
        if not task.done():  # Ctrl-C
            task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.close()


def _judged(target: Target, status: int, wait: float) -> _Answer:
    said = f"{target.origin} answered {status}"
    if 200 <= status < 300:
        return _Answer(status)
    if status == GONE:
        return _Answer(status, f"{said} (gone): it wants no more events, remove it")
    if 300 <= status < 400:
        return _Answer(status, f"{said}, a redirect, and none is followed: set the URL to where it leads")
    if status not in RETRIED:
        return _Answer(status, f"{said}: it refuses the event, see its log and compare URL and secret")
    if wait > MAX_WAIT:
        asked = f"{wait:.0f} s" if wait < 86_400 else "a day or more"
        return _Answer(status, f"{said} and asks to wait {asked}: send it again then")
    return _Answer(status, f"{said}: send it again later", again=True, wait=wait)


def _pause(state: "RetryCallState") -> float:
    """Seconds until the next try: never sooner than the receiver asks."""
    from tenacity import wait_exponential_jitter

    asked = state.outcome.result().wait if state.outcome is not None else 0.0
    return max(wait_exponential_jitter(max=MAX_BACKOFF)(state), float(asked))


def _seconds(retry_after: str, now: datetime) -> float:
    """What a Retry-After asks for, in seconds or as a date; 0 if it cannot be read or lies in the past."""
    value = retry_after.strip()
    if re.fullmatch(r"[0-9]+", value):
        return float(value[:20])
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds())


def _reason(error: BaseException) -> tuple[str, bool]:
    """Why there is no connection, as the system or OpenSSL says it, and whether that will last."""
    import ssl

    reason = "no connection"
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ssl.SSLCertVerificationError):
            return " ".join(inner.verify_message.split())[:200], True
        if isinstance(inner, ssl.SSLError):
            reason = f"TLS: {str(inner.reason).replace('_', ' ').lower()}"
        elif isinstance(inner, gaierror):
            reason = " ".join(str(inner.strerror).split())[:200]  # its numbers are no errno
        elif isinstance(inner, OSError) and inner.errno:
            reason = os.strerror(inner.errno)
        inner = inner.__cause__ or inner.__context__
    return reason, False
