"""Events to a receiver: what is signed, what is tried again, and what never leaves or shows."""

import asyncio
import base64
import contextlib
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from agent.errors import BadInput
from agent.ledger import webhooks
from agent.ledger.webhooks import MAX_BACKOFF, MAX_WAIT, Delivery, Target, send

pytestmark = pytest.mark.loopback

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = '{"type":"escalation.opened","data":{"customer":"Zoë"}}'
SOON = 0.3  # seconds: the timeout of a try against a receiver that stays silent
BOUND = 5.0  # seconds: far more than such a try may take, far less than a client without bounds


class Receiver(ThreadingHTTPServer):
    """Answers with `script`, one entry for each request, the last one for all that follow; keeps what came in."""

    daemon_threads = True

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str]]] = [(204, {})]
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.endless = False
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def target(self) -> Target:
        return Target.of(f"http://127.0.0.1:{self.server_port}/hooks/T0KEN?key=Q", SECRET)

    def handle_error(self, *_: object) -> None:
        """The sender hangs up without reading the body: no news."""


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        place = min(len(self.server.requests), len(self.server.script) - 1)
        self.server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, headers = self.server.script[place]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not self.server.endless:
            self.send_header("content-length", "0")
        self.end_headers()
        while self.server.endless:
            self.wfile.write(b"x" * 65_536)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket], None]], Target]]:
    """Makes receivers that speak as badly as the given function does."""
    with contextlib.ExitStack() as stack:

        def start(behaviour: Callable[[socket.socket], None]) -> Target:
            class Handler(socketserver.BaseRequestHandler):
                def handle(self) -> None:
                    with contextlib.suppress(OSError):
                        behaviour(self.request)

            server = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler))
            server.daemon_threads = True
            server.block_on_close = False
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            return Target.of(f"http://127.0.0.1:{server.server_address[1]}/", SECRET)

        yield start


class Sleeps(list[float]):
    """Instead of pauses: what each would have been, in seconds."""

    __call__ = list.append


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


def post(target: Target, sleeps: Sleeps, moment: datetime | None = None, **options: float) -> Delivery:
    options = {"timeout": BOUND, **options}
    return send(target, "msg_1", moment or datetime.now(UTC), BODY, sleep=sleeps, **options)  # type: ignore[arg-type]


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def check_line(delivery: Delivery) -> None:
    """One printable line that keeps the secret, the URL's own secrets and the event to itself."""
    assert delivery.error
    assert delivery.error.isprintable()
    assert len(delivery.error) < 400
    for hidden in (SECRET, SECRET[6:], "T0KEN", "key=Q", "escalation.opened", "Zo"):
        assert hidden not in delivery.error


# --- what arrives ---


def test_the_library_verifies_what_arrives(receiver: Receiver, sleeps: Sleeps) -> None:
    assert post(receiver.target, sleeps) == Delivery(True, 204, 1, "", False)
    [(path, headers, body)] = receiver.requests
    assert path == "/hooks/T0KEN?key=Q"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "msg_1"
    assert body == BODY.encode()
    assert Webhook(SECRET).verify(body, headers) == json.loads(BODY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", str(int(time.time()) - 60)),
        ("body", BODY.replace("open", "clos")),
    ],
)
def test_what_was_tampered_with_is_not_verified(receiver: Receiver, sleeps: Sleeps, name: str, value: str) -> None:
    post(receiver.target, sleeps)
    [(_, headers, body)] = receiver.requests
    tampered = {**headers, "body": body.decode(), name: value}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(tampered.pop("body"), tampered)
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY[::-1]).verify(body, headers)


def test_a_moment_of_another_zone_is_signed_as_the_same_moment(receiver: Receiver, sleeps: Sleeps) -> None:
    """`Webhook.sign` alone gets this wrong: it takes the clock's figures for UTC."""
    for hours in (-8, 0, 13):
        post(receiver.target, sleeps, datetime.now(timezone(timedelta(hours=hours))))
    for _, headers, body in receiver.requests:
        assert Webhook(SECRET).verify(body, headers)
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


def test_each_try_is_stamped_and_signed_anew(
    receiver: Receiver, sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.script = [(503, {}), (200, {})]
    ticks = iter([100.0, 100.0, 109.5])
    monkeypatch.setattr(webhooks, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    moment = datetime.now(UTC).replace(microsecond=0)
    assert post(receiver.target, sleeps, moment).delivered
    stamps = [int(headers["webhook-timestamp"]) for _, headers, _ in receiver.requests]
    assert stamps == [moment.timestamp(), moment.timestamp() + 9]
    for _, headers, body in receiver.requests:
        assert Webhook(SECRET).verify(body, headers)


# --- what is tried again ---


def test_tried_again_with_the_same_id_and_bytes(receiver: Receiver, sleeps: Sleeps) -> None:
    receiver.script = [(503, {}), (200, {})]
    assert post(receiver.target, sleeps) == Delivery(True, 200, 2, "", False)
    assert [headers["webhook-id"] for _, headers, _ in receiver.requests] == ["msg_1"] * 2
    assert {body for *_, body in receiver.requests} == {BODY.encode()}
    assert len(sleeps) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 504, 599])
def test_trouble_that_may_pass_uses_up_the_attempts(receiver: Receiver, sleeps: Sleeps, status: int) -> None:
    receiver.script = [(status, {})]
    delivery = post(receiver.target, sleeps, attempts=4)
    assert (delivery.delivered, delivery.status, delivery.attempts, delivery.gone) == (False, status, 4, False)
    assert len(receiver.requests) == 4
    assert len(sleeps) == 3
    assert all(0 < pause <= MAX_BACKOFF for pause in sleeps)
    assert sleeps[0] < 2.001  # 1 second and at most 1 of jitter
    assert sleeps[2] >= 4
    check_line(delivery)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 422])
def test_a_refusal_is_final(receiver: Receiver, sleeps: Sleeps, status: int) -> None:
    receiver.script = [(status, {"retry-after": "1"})]
    delivery = post(receiver.target, sleeps)
    assert (delivery.delivered, delivery.status, delivery.attempts, delivery.gone) == (False, status, 1, False)
    assert len(receiver.requests) == 1
    assert sleeps == []
    check_line(delivery)


def test_gone_is_final_and_said_so(receiver: Receiver, sleeps: Sleeps) -> None:
    receiver.script = [(503, {}), (410, {})]
    delivery = post(receiver.target, sleeps)
    assert (delivery.delivered, delivery.status, delivery.attempts, delivery.gone) == (False, 410, 2, True)
    check_line(delivery)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_no_redirect_is_followed(receiver: Receiver, sleeps: Sleeps, status: int) -> None:
    receiver.script = [(status, {"location": "/elsewhere"}), (200, {})]
    delivery = post(receiver.target, sleeps)
    assert (delivery.delivered, delivery.status, delivery.attempts) == (False, status, 1)
    assert len(receiver.requests) == 1
    assert "elsewhere" not in delivery.error
    check_line(delivery)


def test_one_attempt_is_one_request(receiver: Receiver, sleeps: Sleeps) -> None:
    receiver.script = [(500, {})]
    assert post(receiver.target, sleeps, attempts=1).attempts == 1
    assert (len(receiver.requests), sleeps) == (1, [])


# --- how long it waits ---


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_kept_to(receiver: Receiver, sleeps: Sleeps, status: int) -> None:
    receiver.script = [(status, {"retry-after": "17"}), (200, {})]
    assert post(receiver.target, sleeps).delivered
    assert sleeps == [17.0]


def test_retry_after_as_a_date_is_kept_to(receiver: Receiver, sleeps: Sleeps) -> None:
    moment = datetime.now(UTC).replace(microsecond=0)
    date = (moment + timedelta(seconds=20)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.script = [(503, {"retry-after": date}), (200, {})]
    assert post(receiver.target, sleeps, moment).delivered
    assert sleeps == [pytest.approx(20, abs=2)]


def test_a_shorter_retry_after_does_not_shorten_the_pause(receiver: Receiver, sleeps: Sleeps) -> None:
    receiver.script = [(503, {"retry-after": "0"}), (200, {})]
    assert post(receiver.target, sleeps).delivered
    assert sleeps[0] >= 1


@pytest.mark.parametrize("asked", ["31", "9" * 5_000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_pause_beyond_the_bound_is_left_to_the_caller(receiver: Receiver, sleeps: Sleeps, asked: str) -> None:
    """Asking sooner than the receiver wants would only earn the same answer."""
    receiver.script = [(429, {"retry-after": asked}), (200, {})]
    delivery = post(receiver.target, sleeps)
    assert (delivery.delivered, delivery.status, delivery.attempts) == (False, 429, 1)
    assert sleeps == []
    assert "asks to wait" in delivery.error
    check_line(delivery)


@pytest.mark.parametrize("asked", ["", "soon", "-5", "1.5", "²", "Mon, 01 Jan 0001 00:00:00 +2359", "5, 5"])
def test_a_retry_after_that_cannot_be_read_counts_for_nothing(asked: str) -> None:
    assert webhooks._seconds(asked, datetime(2026, 3, 3, tzinfo=UTC)) == 0


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]?\w*"))
def test_no_retry_after_breaks_the_sender(asked: str) -> None:
    assert webhooks._seconds(asked, datetime(2026, 3, 3, tzinfo=UTC)) >= 0


def test_the_bounds_leave_room_for_the_backoff() -> None:
    assert MAX_BACKOFF < MAX_WAIT


# --- a network that fails ---


def test_a_refused_connection_is_one_line(sleeps: Sleeps) -> None:
    port = closed_port()
    delivery = post(Target.of(f"http://127.0.0.1:{port}/T0KEN", SECRET), sleeps)
    assert (delivery.delivered, delivery.status, delivery.attempts) == (False, None, 3)
    assert f"http://127.0.0.1:{port} cannot be reached" in delivery.error
    assert "refused" in delivery.error.lower()
    assert len(sleeps) == 2
    check_line(delivery)


def drip(connection: socket.socket) -> None:
    """A byte of the head now and then: each one would start a timeout of the client anew."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def interim(connection: socket.socket) -> None:
    """Interim answers without end."""
    connection.recv(65_536)
    while True:
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
        time.sleep(0.02)


def silent(connection: socket.socket) -> None:
    """Reads and says nothing."""
    while connection.recv(65_536):
        pass


@pytest.mark.parametrize("behaviour", [silent, drip, interim])
def test_a_slow_receiver_holds_nobody_up(
    raw: Callable[[Callable[[socket.socket], None]], Target], sleeps: Sleeps, behaviour: Callable[[socket.socket], None]
) -> None:
    target = raw(behaviour)
    started = time.monotonic()
    delivery = post(target, sleeps, timeout=SOON, attempts=2)
    assert time.monotonic() - started < BOUND
    assert (delivery.delivered, delivery.status, delivery.attempts) == (False, None, 2)
    assert "did not answer within 0.3 s" in delivery.error
    check_line(delivery)


def test_a_slow_tls_handshake_holds_nobody_up(
    raw: Callable[[Callable[[socket.socket], None]], Target], sleeps: Sleeps
) -> None:
    target = Target.of(raw(silent).url.replace("http", "https"), SECRET)
    started = time.monotonic()
    delivery = post(target, sleeps, timeout=SOON, attempts=2)
    assert time.monotonic() - started < BOUND
    assert "did not answer within 0.3 s" in delivery.error
    check_line(delivery)


def test_nothing_leaves_before_tls_stands(receiver: Receiver, sleeps: Sleeps) -> None:
    """A receiver that speaks no TLS is not spoken to without."""
    target = Target.of(receiver.target.url.replace("http", "https", 1), SECRET)
    delivery = post(target, sleeps)
    assert (delivery.delivered, delivery.status, receiver.requests) == (False, None, [])
    assert "(TLS: " in delivery.error
    check_line(delivery)


def test_a_certificate_that_does_not_hold_is_final(sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    async def untrusted(*_: object) -> tuple[int, str]:
        cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
        cause.verify_message = "self-signed certificate"
        raise httpx2.ConnectError("[SSL]") from cause

    monkeypatch.setattr(webhooks, "_exchange", untrusted)
    delivery = post(Target.of("https://hooks.example.com/T0KEN", SECRET), sleeps)
    assert (delivery.delivered, delivery.attempts, sleeps) == (False, 1, [])
    assert "(self-signed certificate): see to its certificate" in delivery.error
    check_line(delivery)


def test_a_look_up_that_hangs_holds_nobody_up(sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(60) and [])
    started = time.monotonic()
    delivery = post(Target.of("http://localhost:9/", SECRET), sleeps, timeout=SOON, attempts=1)
    assert time.monotonic() - started < BOUND
    released.set()
    assert "did not answer" in delivery.error


def test_a_name_that_nobody_knows_is_one_line(sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    delivery = post(Target.of("https://hooks.example.com/T0KEN", SECRET), sleeps, attempts=1)
    assert "https://hooks.example.com cannot be reached (Name or service not known)" in delivery.error
    check_line(delivery)


def hang_up(connection: socket.socket) -> None:
    connection.recv(10)


def echo(connection: socket.socket) -> None:
    connection.sendall(connection.recv(65_536))


def endless_head(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"x: " + b"x" * 60_000 + b"\r\n")


@pytest.mark.parametrize("behaviour", [hang_up, echo, endless_head])
def test_a_receiver_that_speaks_no_http_is_one_line(
    raw: Callable[[Callable[[socket.socket], None]], Target], sleeps: Sleeps, behaviour: Callable[[socket.socket], None]
) -> None:
    """The echo sends back what it got, and not even so does the event show."""
    delivery = post(raw(behaviour), sleeps)
    assert (delivery.delivered, delivery.status, delivery.attempts) == (False, None, 3)
    check_line(delivery)


def test_the_body_of_an_answer_is_not_read(receiver: Receiver, sleeps: Sleeps) -> None:
    receiver.endless = True
    receiver.script = [(200, {"content-encoding": "gzip"})]
    assert post(receiver.target, sleeps) == Delivery(True, 200, 1, "", False)


def test_inside_a_running_event_loop(receiver: Receiver, sleeps: Sleeps) -> None:
    async def inside() -> Delivery:
        return post(receiver.target, sleeps)

    assert asyncio.run(inside()).delivered


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_what_is_for_this_machine_takes_no_proxy(
    receiver: Receiver, sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    assert post(receiver.target, sleeps).delivered


def test_an_unusable_environment_is_one_line(sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:hunter2@proxy.example:1")
    delivery = post(Target.of("https://hooks.example.com/T0KEN", SECRET), sleeps)
    assert (delivery.delivered, delivery.attempts) == (False, 1)
    assert "HTTPS_PROXY" in delivery.error
    assert "hunter2" not in delivery.error
    check_line(delivery)


# --- what cannot be a target, an id, an event ---


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/a/b?c=d&e=%20@",
        "https://10.1.2.3/intranet",
        "https://xn--bcher-kva.example/",
        "https://[2001:db8::1]:443/",
        "http://localhost:8000/",
        "http://127.0.0.1/x",
        "http://127.9.9.9:1/",
        "http://[::1]:8000/",
        "  https://hooks.example.com/\n",
    ],
)
def test_urls_that_are_taken(url: str) -> None:
    assert Target.of(url, SECRET).url == url.strip()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nx-evil: 1",
        "https://hooks.example.com/\tx",
        "https://hooks.example.com/\x00",
        "https://hooks.example.com/#fragment",
        "https://bücher.example/",
        "https://" + "a" * 64 + ".example/",
        "https://a..example/",
        "https://[::1",
        "https://[1.2]/",
        "https://hooks.example.com/" + "a" * 2_000,
        # http beyond this machine, as it is and in disguise
        "http://hooks.example.com/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://localhost#@example.com/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        # where no receiver lives
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://224.0.0.1/",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        Target.of(url, SECRET)
    line = str(caught.value)
    assert line.isprintable()
    assert line.startswith("webhook URL ")
    assert SECRET not in line


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("https://ann:hunter2@hooks.example.com/", "hunter2"),
        ("https://ann:hunt/er2@hooks.example.com/", "er2"),
        ("http://hooks.example.com/services/T0KEN", "T0KEN"),
        ("http://hooks.example.com?T0KEN", "T0KEN"),
        (SECRET, SECRET[6:]),
        (f"https://{SECRET}/ x", SECRET[6:]),
    ],
)
def test_a_refused_url_shows_nothing_secret(url: str, hidden: str) -> None:
    with pytest.raises(BadInput) as caught:
        Target.of(url, SECRET)
    assert hidden not in str(caught.value)


@given(st.from_regex(webhooks._URL, fullmatch=True))
def test_the_client_sees_the_host_that_was_checked(url: str) -> None:
    try:
        target = Target.of(url, SECRET)
        seen = httpx2.URL(target.url)
    except (BadInput, httpx2.InvalidURL):
        return
    assert target.origin.partition("://")[2].lower().startswith((seen.host, f"[{seen.host}]"))
    assert not seen.userinfo
    if seen.scheme == "http":
        assert seen.host in ("localhost", "::1") or seen.host.startswith(("127.", "0", "::ffff:"))


def encoded(size: int) -> str:
    return base64.b64encode(b"\xfb" * size).decode()


@pytest.mark.parametrize("size", [24, 32, 64])
def test_secrets_that_are_taken(size: int) -> None:
    secret = "whsec_" + encoded(size)
    assert Target.of("https://hooks.example.com/", f" {secret}\n").secret == secret


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        encoded(32),
        "whsk_" + encoded(32),
        "whsec_" + encoded(23),
        "whsec_" + encoded(65),
        "whsec_" + encoded(32).rstrip("="),
        "whsec_" + encoded(24).replace("+", "-"),
        "whsec_" + encoded(24)[:-1] + "\n=",
        "whsec_" + encoded(24)[:-1] + "ß",
        "whsec_whsec_" + encoded(32),
    ],
)
def test_secrets_that_are_refused_and_not_shown(secret: str) -> None:
    for make in (Target, Target.of):
        with pytest.raises(BadInput) as caught:
            make("https://hooks.example.com/", secret)
        line = str(caught.value)
        assert line.isprintable()
        assert encoded(23)[:20] not in line
        assert caught.value.__cause__ is None


def test_no_text_of_a_target_shows_its_secret() -> None:
    target = Target.of("https://hooks.example.com/services/T0KEN?key=Q", SECRET)
    for text in (repr(target), str(target), f"{target}", repr([target])):
        assert "https://hooks.example.com" in text
        assert SECRET[6:] not in text
        assert "T0KEN" not in text


@pytest.mark.parametrize("message_id", ["", "a b", "a.b", "a\r\nx-evil: 1", "a\n", "a,b", "é", "a" * 201, "\x00"])
def test_ids_that_are_refused(receiver: Receiver, message_id: str) -> None:
    with pytest.raises(BadInput) as caught:
        send(receiver.target, message_id, datetime.now(UTC), BODY)
    assert str(caught.value).isprintable()
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("moment", datetime(2026, 3, 3, 9)),
        ("body", '{"half": "\ud800"}'),
        ("timeout", 0.0),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("attempts", 0),
        ("attempts", 11),
    ],
)
def test_arguments_that_are_refused(receiver: Receiver, argument: str, value: object) -> None:
    arguments = {"message_id": "msg_1", "moment": datetime.now(UTC), "body": BODY, argument: value}
    with pytest.raises(BadInput) as caught:
        send(receiver.target, **arguments)
    assert str(caught.value).isprintable()
    assert receiver.requests == []
