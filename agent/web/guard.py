"""Who may speak to the page. It stands in front of every route.

A page in the same browser can send requests to this machine, and by a name that it points here it could read the
answers, too. So the Host must be one of ours, whoever writes must come from our own page, and every request needs the
cookie that only the printed token or the password gives.
"""

import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_VISITORS = 1000
MOST_BODY = 24 << 20
"""Bytes of a request: above what any reader takes for a ticket."""
MOST_UNKNOWN = 4 << 10
"""Bytes of a request without the cookie: a password. Taking a form apart costs more than sending it does."""
MOST_DIGITS = 10
SAFE = ("GET", "HEAD")
OPEN = ("/static/", "/enter")
"""What is served without the cookie: no word of a ticket is in it."""
PAUSE = 1.0
"""Seconds after a wrong password from one address: a thousand guesses take a quarter of an hour."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser calls the Origin of a form "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(slots=True)
class Visitor:
    """One browser. `by`: the name under which it writes."""

    by: str


@dataclass
class Door:
    """`port` makes the cookie's name, since cookies do not tell ports apart. `hosts`: names besides loopback's.

    `password` None: the token opens, else only the password does. `any_address`: whether a Host may be any IP address.
    """

    port: int
    by: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    password: str | None = None
    hosts: Collection[str] = ()
    any_address: bool = False
    _visitors: "OrderedDict[str, Visitor]" = field(default_factory=OrderedDict)
    _wrong: "OrderedDict[str, float]" = field(default_factory=OrderedDict)

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return f"escalation_{self.port}"

    def takes(self, host: str) -> bool:
        """Whether a request may name us so: by loopback with our port, or as whoever started the server said."""
        name, port = _name_and_port(host)
        if name in ("127.0.0.1", "localhost", "::1"):
            return port == str(self.port)
        return name in self.hosts or (self.any_address and _is_address(name))

    def enter(self, word: str, address: str) -> str | None:
        """The new visitor's cookie for the right token or password, else None. `address`: the client's."""
        right = self._opens(word, address)
        if not right:
            return None
        value = secrets.token_urlsafe(24)
        _kept(self._visitors, value, Visitor(self.by))
        return value

    def _opens(self, word: str, address: str) -> bool:
        """A guess that comes too soon is not looked at, and does not lengthen the pause: else who keeps guessing
        would keep out all that share the address, such as a proxy's."""
        if self.password is None:
            return _same(word, self.token)
        now, who = time.monotonic(), _neighbours(address)
        if now - self._wrong.get(who, float("-inf")) < PAUSE:
            return False
        self._wrong.pop(who, None)
        right = _same(word, self.password)
        if not right:
            _kept(self._wrong, who, now)
        return right

    def visitor(self, headers: Headers) -> Visitor | None:
        """Whose cookie this is.

        Other programs of this machine set cookies for the same name, as they like and also by our cookie's name: none
        of theirs may hide ours.
        """
        pairs = (part.partition("=") for line in headers.getlist("cookie") for part in line.split(";"))
        values = (value.strip() for name, _, value in pairs if name.strip() == self.cookie)
        return next((known for value in values if (known := self._visitors.get(value))), None)

    def welcome(self, response: Response, value: str, *, secure: bool = False) -> Response:
        """The response with the cookie. Lax, so that a link to an escalation opens; writes are held to our Origin.

        `secure`: the browser came by TLS, so that the cookie is never to go without.
        """
        response.set_cookie(self.cookie, value, httponly=True, samesite="lax", path="/", secure=secure)
        return response


class Guard:
    """The middleware. What gets through has `scope["state"]["visitor"]`, except for what is open to all."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, _Bounded(receive, _most(scope["state"]["visitor"])).receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._door.takes(hosts[0]):
            return _line(f"Host {', '.join(hosts)[:80]!r}: expected the address that `escalation serve` printed", 421)
        if method not in SAFE and not _own(headers, hosts[0]):
            return _line("this request comes from another page: only the program's own pages may write", 403)
        visitor = self._door.visitor(headers)
        scope.setdefault("state", {})["visitor"] = visitor
        most = _most(visitor)
        if not _fits(headers, most):
            return _line(_too_large(most), 413)
        token = scope["query_string"].decode("latin-1")
        if method == "GET" and path == "/" and token.startswith("token="):
            # The token leaves the address at once, so that no history, screenshot or copied link holds it.
            value = None if self._door.password else self._door.enter(token.removeprefix("token="), address_of(scope))
            return RedirectResponse("/", 303) if value is None and visitor else self._answer(value)
        if visitor is None and not path.startswith(OPEN):
            return self._answer(None)
        return None

    def _answer(self, value: str | None) -> Response:
        if value is not None:
            return self._door.welcome(RedirectResponse("/", 303), value)
        if self._door.password is not None:
            return RedirectResponse("/enter", 303)
        return _line("not known here: open the address that `escalation serve` printed, with its token", 403)


class _Bounded:
    """A body that does not say how long it is ends at the bound."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._left = receive, most, most

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, _too_large(self._most))
        return message


def address_of(scope: Scope) -> str:
    """The client's address; "" where the server does not know it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _most(visitor: Visitor | None) -> int:
    """Bytes of a request that are taken from this visitor."""
    return MOST_UNKNOWN if visitor is None else MOST_BODY


def _too_large(most: int) -> str:
    taken = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} kB"
    return f"too large: at most {taken} are taken; cut the ticket to what matters"


def _neighbours(address: str) -> str:
    """Who counts as one guesser: one address, or the 64 bits that a network hands out as one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _kept(known: "OrderedDict[str, Any]", key: str, value: object) -> None:
    known[key] = value
    while len(known) > MOST_VISITORS:
        known.popitem(last=False)


def by_tls(headers: Headers) -> bool:
    """Whether the browser says that the page it writes from came by TLS: from a proxy, since we have none."""
    return headers.get("origin", "").startswith("https://")


def _own(headers: Headers, host: str) -> bool:
    """Whether the request comes from a page of this server. A browser says so in each request that writes."""
    origin = headers.get("origin", "")
    scheme, _, netloc = origin.partition("://")
    return scheme in ("http", "https") and netloc == host


def _fits(headers: Headers, most: int) -> bool:
    length = headers.get("content-length", "0")
    return length.isascii() and length.isdigit() and len(length) <= MOST_DIGITS and int(length) <= most


def _name_and_port(host: str) -> tuple[str, str]:
    """Of a Host header. A port that is not said is HTTP's own."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    return name.casefold(), port or "80"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode("utf-8", "surrogateescape"))


def _line(text: str, status: int) -> Response:
    return PlainTextResponse(f"{text}\n", status)
