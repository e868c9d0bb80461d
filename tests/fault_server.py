"""A Messages API on loopback that fails as it is told to: each request takes the next fault of a plan.

    with FaultServer(answers, "429", "ok") as server:   # the last of the plan goes on for ever
        ... base_url=server.url ...
    assert len(server.requests) == 2

`answers` holds the input of each tool by its name; "ok" answers with the tool that was asked for. Every request is kept
before its fault is played, so that what a client sent can be counted exactly. A fault that waits ends with the server.
"""

import datetime
import gzip
import json
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from messages import asked_for

Json = dict[str, Any]
Answers = Mapping[str, Json]

WRONG_TOOL = {"record_facts": "submit_brief", "submit_brief": "record_facts", "take_turn": "record_facts"}
STATUSES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
SAID = "what the server says"
DRIP = 0.05  # seconds between two bytes of a drip
ENDLESS_PIECE = b" " * 65_536


@dataclass(frozen=True)
class Request:
    """One request as it came. `at`: seconds of the monotonic clock."""

    at: float
    path: str
    headers: dict[str, str]
    body: Json


class Exchange:
    """One request that waits for its answer, and ways to answer it badly."""

    def __init__(self, server: "FaultServer", handler: BaseHTTPRequestHandler, body: Json) -> None:
        self.server, self.body = server, body
        self._handler = handler
        self.streamed = bool(body.get("stream"))

    @property
    def tool(self) -> str:
        """The tool that the request asks for."""
        return asked_for(self.body)

    def call(self, name: str | None = None, value: Any = None) -> Json:
        """A tool call's block; without a name it is the right one."""
        name = name or self.tool
        given = self.server.answers.get(name, {}) if value is None else value
        return {"type": "tool_use", "id": "toolu_1", "name": name, "input": given}

    def message(self, *content: Json, stop: str | None = None) -> Json:
        called = any(block["type"] == "tool_use" for block in content)
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-test",
            "content": list(content),
            "stop_reason": stop or ("tool_use" if called else "end_turn"),
            "stop_sequence": None,
            "usage": {"input_tokens": 100, "output_tokens": 10},
        }

    def whole(self, *content: Json, stop: str | None = None) -> tuple[str, bytes]:
        """A message as it was asked for, in one piece or as the events of a stream: content type and bytes."""
        message = self.message(*content, stop=stop)
        if self.streamed:
            return "text/event-stream", b"".join(events_of(message))
        return "application/json", json.dumps(message).encode()

    def say(self, *content: Json, stop: str | None = None) -> None:
        kind, data = self.whole(*content, stop=stop)
        self.send(200, data, kind)

    def refuse(self, status: int, **headers: str) -> None:
        body = {"type": "error", "error": {"type": STATUSES.get(status, "api_error"), "message": SAID}}
        self.send(status, json.dumps(body).encode(), **headers)

    def send(
        self, status: int, data: bytes, kind: str = "application/json", length: int | None = None, **headers: str
    ) -> None:
        """An answer. `length`: what the header claims, where that is not so."""
        self.head(status, kind, str(len(data) if length is None else length), **headers)
        self.write(data)

    def head(self, status: int, kind: str, length: str | None, **headers: str) -> None:
        self._handler.send_response(status)
        self._handler.send_header("content-type", kind)
        if length is not None:
            self._handler.send_header("content-length", length)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def wait(self, seconds: float) -> bool:
        """Whether the server is to end."""
        return self.server.ending.wait(seconds)

    def hang_up(self) -> None:
        """As a process that ends: what was written arrives, then nothing."""
        self._handler.close_connection = True

    def reset(self) -> None:
        """As a router that forgets: RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.rfile.close()
        self._handler.connection.close()
        self.hang_up()


def events_of(message: Json, pieces: int = 8) -> Iterator[bytes]:
    """A message as the events of a stream. A tool's input comes in so many pieces."""

    def event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    yield event("message_start", message=message | {"content": [], "stop_reason": None})
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, kind, field, text = block | {"text": ""}, "text_delta", "text", block["text"]
        else:
            empty, kind, field = block | {"input": {}}, "input_json_delta", "partial_json"
            text = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
        yield event("content_block_start", index=index, content_block=empty)
        size = len(text) // pieces + 1
        for at in range(0, len(text), size):
            yield event("content_block_delta", index=index, delta={"type": kind, field: text[at : at + size]})
        yield event("content_block_stop", index=index)
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield event("message_delta", delta=delta, usage={"output_tokens": 10})
    yield event("message_stop")


Play = Callable[[Exchange], None]
FAULTS: dict[str, Play] = {}


def fault(name: str) -> Callable[[Play], Play]:
    """Declares how a fault is played."""

    def declare(play: Play) -> Play:
        FAULTS[name] = play
        return play

    return declare


FAULTS["ok"] = lambda exchange: exchange.say(exchange.call())

# Statuses

for _status in STATUSES:
    FAULTS[str(_status)] = lambda exchange, status=_status: exchange.refuse(status)
for _name, _value in {
    "1": "1",
    "30": "30",
    "3600": "3600",
    "inf": "inf",
    "nonsense": "as soon as we can",
    "no year": "Fri, 31 Dec 999999999 23:59:59 GMT",
}.items():
    FAULTS[f"429 retry-after {_name}"] = lambda exchange, value=_value: exchange.refuse(429, retry_after=value)


@fault("429 retry-after date")
def _(exchange: Exchange) -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=2)
    exchange.refuse(429, retry_after=format_datetime(later, usegmt=True))


@fault("HTML error")
def _(exchange: Exchange) -> None:
    page = b"<html><title>502</title>\x1b[2J\x1b]0;owned\x07\x1b[31m Bad \r\n Gateway \xe2\x80\xae</html>"
    exchange.send(502, page, "text/html")


# Redirects: the other host is the same server by its other name, so that what reaches it is counted, too


@fault("redirect")
def _(exchange: Exchange) -> None:
    exchange.send(307, b"", location=exchange.server.url.replace("127.0.0.1", "localhost") + "/v1/messages")


@fault("redirect as GET")
def _(exchange: Exchange) -> None:
    exchange.send(302, b"", location=exchange.server.url.replace("127.0.0.1", "localhost") + "/elsewhere")


@fault("redirect nowhere")
def _(exchange: Exchange) -> None:
    exchange.send(307, b"", location="http://[::1/v1/messages")


# Time


@fault("slow first byte")
def _(exchange: Exchange) -> None:
    exchange.wait(60)
    exchange.hang_up()


@fault("slow in the middle")
def _(exchange: Exchange) -> None:
    kind, data = exchange.whole(exchange.call())
    exchange.send(200, data[: len(data) // 2], kind, length=len(data))
    exchange.wait(60)
    exchange.hang_up()


def _drip(exchange: Exchange, data: bytes) -> None:
    for at in range(len(data)):
        if exchange.wait(DRIP):
            break
        exchange.write(data[at : at + 1])
    exchange.hang_up()


@fault("drip")
def _(exchange: Exchange) -> None:
    kind, data = exchange.whole(exchange.call())
    exchange.head(200, kind, str(len(data)))
    _drip(exchange, data)


@fault("drip of headers")
def _(exchange: Exchange) -> None:
    _drip(exchange, b"HTTP/1.1 200 OK\r\nx-filler: " + b"x" * 90_000 + b"\r\n\r\n")


@fault("to be continued")
def _(exchange: Exchange) -> None:
    while not exchange.wait(DRIP):
        exchange.write(b"HTTP/1.1 100 Continue\r\n\r\n")


@fault("pings")
def _(exchange: Exchange) -> None:
    exchange.head(200, "text/event-stream", None, connection="close")
    while not exchange.wait(DRIP):
        exchange.write(b"event: ping\ndata: {}\n\n")


# The connection


@fault("reset")
def _(exchange: Exchange) -> None:
    exchange.reset()


@fault("hung up")
def _(exchange: Exchange) -> None:
    exchange.hang_up()


@fault("cut in the middle")
def _(exchange: Exchange) -> None:
    """Fewer bytes than content-length says."""
    kind, data = exchange.whole(exchange.call())
    exchange.send(200, data[: len(data) // 2], kind, length=len(data))
    exchange.hang_up()


@fault("cut without a length")
def _(exchange: Exchange) -> None:
    """The end of the connection is the end of the body, so that a cut cannot be told from an end."""
    kind, data = exchange.whole(exchange.call())
    exchange.head(200, kind, None, connection="close")
    # Between two events, so that the stream is well-formed as far as it goes.
    cut = data.rindex(b"\n\n", 0, len(data) // 2) + 2 if exchange.streamed else len(data) // 2
    exchange.write(data[:cut])
    exchange.hang_up()


@fault("cut before the end")
def _(exchange: Exchange) -> None:
    """A stream whose content is whole and whose last two events are missing."""
    kind, data = exchange.whole(exchange.call())
    exchange.head(200, kind, None, connection="close")
    exchange.write(data[: data.index(b"event: message_delta")] if exchange.streamed else data[:-1])
    exchange.hang_up()


@fault("endless")
def _(exchange: Exchange) -> None:
    exchange.head(200, "text/event-stream" if exchange.streamed else "application/json", None, connection="close")
    with suppress(OSError):
        while not exchange.wait(0):
            exchange.write(ENDLESS_PIECE)
    exchange.hang_up()


# The body


@fault("gzip garbage")
def _(exchange: Exchange) -> None:
    exchange.send(200, b"\x1f\x8b" + b"garbage" * 9, content_encoding="gzip")


@fault("gzip")
def _(exchange: Exchange) -> None:
    """Compressed although nobody asked, and right."""
    kind, data = exchange.whole(exchange.call())
    exchange.send(200, gzip.compress(data), kind, content_encoding="gzip")


@fault("gzip bomb")
def _(exchange: Exchange) -> None:
    exchange.send(200, _bomb(), content_encoding="gzip")


def _bomb(size: int = 60_000_000) -> bytes:
    """Zeros that compress a thousandfold."""
    import zlib

    squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(10_000_000)
    return b"".join(squeezed.compress(piece) for _ in range(size // len(piece))) + squeezed.flush()


@fault("HTML")
def _(exchange: Exchange) -> None:
    exchange.send(200, b"<html>\x1b[2Jwelcome to the hotel</html>", "text/html")


@fault("wrong JSON")
def _(exchange: Exchange) -> None:
    exchange.send(200, b'{"id": "msg_1", "content": [{"type": "tool')


for _name, _body in {
    "not UTF-8": b'{"content": "\xff\xfe"}',
    "deep JSON": b"[" * 200_000,
    "huge number": b'{"content": [], "usage": {"input_tokens": ' + b"9" * 5_000 + b"}}",
    "JSON of another API": b'{"object": "chat.completion", "choices": []}',
}.items():
    FAULTS[_name] = lambda exchange, body=_body: exchange.send(200, body)


@fault("event stream unasked")
def _(exchange: Exchange) -> None:
    exchange.send(200, b"".join(events_of(exchange.message(exchange.call()))), "text/event-stream")


@fault("plain body for a stream")
def _(exchange: Exchange) -> None:
    exchange.send(200, json.dumps(exchange.message(exchange.call())).encode())


@fault("error in the stream")
def _(exchange: Exchange) -> None:
    """Status 200, then the error as an event, as the API does when it is overloaded halfway."""
    data = exchange.whole(exchange.call())[1]
    error = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    start = data[: data.index(b"event: content_block_stop")] if exchange.streamed else b""
    exchange.send(200, start + f"event: error\ndata: {error}\n\n".encode(), "text/event-stream")


@fault("events out of order")
def _(exchange: Exchange) -> None:
    data = b"".join(events_of(exchange.message(exchange.call())))
    exchange.send(200, data[data.index(b"event: content_block_delta") :], "text/event-stream")


@fault("events without fields")
def _(exchange: Exchange) -> None:
    data = b"".join(
        f'event: {kind}\ndata: {{"type": "{kind}"}}\n\n'.encode()
        for kind in ("message_start", "content_block_start", "content_block_delta", "message_delta", "message_stop")
    )
    exchange.send(200, data, "text/event-stream")


@fault("input that is no JSON")
def _(exchange: Exchange) -> None:
    """Of the tool; in a stream it is text, so nothing but the client checks it."""
    exchange.say(exchange.call(value='{"say": nonsense, "language": secret-of-the-ticket'))


# What the model says


@fault("empty content")
def _(exchange: Exchange) -> None:
    exchange.say()


@fault("tool_choice ignored")
def _(exchange: Exchange) -> None:
    exchange.say({"type": "text", "text": "Here is what I think about the ticket."})


@fault("JSON in a text")
def _(exchange: Exchange) -> None:
    exchange.say({"type": "text", "text": f"```json\n{json.dumps(exchange.call()['input'])}\n```"})


@fault("wrong tool")
def _(exchange: Exchange) -> None:
    exchange.say(exchange.call(WRONG_TOOL[exchange.tool]))


@fault("right tool among others")
def _(exchange: Exchange) -> None:
    other = exchange.call(WRONG_TOOL[exchange.tool]) | {"id": "toolu_0"}
    exchange.say({"type": "text", "text": "Both at once."}, other, exchange.call())


@fault("right tool twice")
def _(exchange: Exchange) -> None:
    exchange.say(exchange.call(value={"severity": "critical"}) | {"id": "toolu_0"}, exchange.call())


@fault("wrong input")
def _(exchange: Exchange) -> None:
    exchange.say(exchange.call(value={"severity": "critical"}))


@fault("refusal")
def _(exchange: Exchange) -> None:
    exchange.say({"type": "text", "text": "I cannot help with that."}, stop="refusal")


@fault("max_tokens")
def _(exchange: Exchange) -> None:
    exchange.say(exchange.call(), stop="max_tokens")


@fault("no stop_reason")
def _(exchange: Exchange) -> None:
    message = exchange.message(exchange.call())
    del message["stop_reason"], message["usage"]
    exchange.send(200, json.dumps(message).encode())


class FaultServer:
    """The server while it runs. `requests`: what came, in order. `reached`: set by the first request."""

    def __init__(self, answers: Answers, *plan: str, context: ssl.SSLContext | None = None) -> None:
        unknown = [name for name in plan if name not in FAULTS]
        if unknown or not plan:
            raise ValueError(f"plan {plan!r}: expected faults out of {sorted(FAULTS)}")
        self.answers, self.plan = answers, plan
        self.requests: list[Request] = []
        self.reached, self.ending = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._scheme = "http"
        if context is not None:
            self._scheme = "https"
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "FaultServer":
        serve = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        serve.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self, request: Request) -> Play:
        """Keeps the request and says how it is answered."""
        with self._lock:
            self.requests.append(request)
            name = self.plan[min(len(self.requests), len(self.plan)) - 1]
        self.reached.set()
        return FAULTS[name]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or does not like the certificate, is what the faults are for."""


def _handler(server: FaultServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            self.answer(json.loads(raw))

        def do_GET(self) -> None:
            self.answer({})

        def answer(self, body: Json) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            play = server.next_fault(Request(time.monotonic(), self.path, headers, body))
            with suppress(ConnectionError):
                play(Exchange(server, self, body))

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else takes it meanwhile
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def closing(data: bytes = b"") -> Iterator[tuple[str, list[float]]]:
    """An https address that sends `data` and closes where the TLS hello should be answered; when it was called."""
    calls: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        calls.append(time.monotonic())
                        connection.recv(4_096)
                        connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", calls
        listener.shutdown(socket.SHUT_RDWR)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for. Raises FileNotFoundError without openssl."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    ask = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    command = ["openssl", *ask.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
