"""A Messages API on loopback: every request is kept, a function plays the model, nothing else is reachable through it.

It speaks what the clients ask of an API: streamed and whole answers, count_tokens. It is their proxy as well, and
refuses every way out, so a run that succeeds needed none; who was asked for is kept.
"""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Body = dict[str, Any]
Block = dict[str, Any]
Model = Callable[[Body], list[Block]]

CHARACTERS_PER_TOKEN = 4  # for the usage, which nothing hangs on


class OffTheRoad(Exception):
    """The client answered in a way that whoever plays the model cannot go on from. The message says how."""


class MessagesApi:
    """The endpoint while it runs. `requests` are the bodies of all calls for a message, in order; they end in `log`.

    Leaving it raises OffTheRoad if the model could not go on somewhere.
    """

    def __init__(self, model: Model, log: Path) -> None:
        self.model = model
        self.log = log
        self.requests: list[Body] = []
        self.outside: list[str] = []  # hosts that a client wanted to reach
        self.trouble: list[str] = []  # where the model could not go on
        self._server: ThreadingHTTPServer
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        """Where it listens, once entered."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "MessagesApi":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.log.write_text(json.dumps(self.requests, indent=1), encoding="utf-8")
        if self.trouble:  # says more than what the client made of it
            raise OffTheRoad("; ".join(dict.fromkeys(self.trouble)))

    def answer(self, body: Body) -> Body:
        """One message in reply to one request."""
        self.requests.append(body)
        number = next(self._numbers)
        blocks = [
            {"id": f"toolu_{number:04d}_{index}", **block} if block["type"] == "tool_use" else block
            for index, block in enumerate(self.model(body))
        ]
        called = any(block["type"] == "tool_use" for block in blocks)
        return {
            "id": f"msg_{number:04d}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model"),
            "content": blocks,
            "stop_reason": "tool_use" if called else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": tokens(body), "output_tokens": tokens(blocks)},
        }


def tokens(value: object) -> int:
    """Roughly."""
    return 1 + len(json.dumps(value)) // CHARACTERS_PER_TOKEN


def events(message: Body) -> Iterator[Body]:
    """The message as a stream sends it."""
    yield {"type": "message_start", "message": message | {"content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, delta = block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": message["usage"]}
    yield {"type": "message_stop"}


def _handler(api: MessagesApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def send(self, status: int, kind: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def send_json(self, status: int, value: object) -> None:
            self.send(status, "application/json", json.dumps(value).encode())

        def refuse(self, status: int, message: str) -> None:
            self.send_json(status, {"type": "error", "error": {"type": "invalid_request_error", "message": message}})

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.partition("?")[0]
            if path.startswith("http"):  # as a proxy
                self.do_CONNECT()
            elif path == "/v1/messages/count_tokens":
                self.send_json(200, {"input_tokens": tokens(json.loads(raw))})
            elif path == "/v1/messages":
                self.message(json.loads(raw))
            else:
                self.refuse(404, path)

        def message(self, body: Body) -> None:
            try:
                message = api.answer(body)
            except OffTheRoad as trouble:
                api.trouble.append(str(trouble))
                self.refuse(400, str(trouble))  # 400 is not tried again
                return
            if body.get("stream"):
                stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events(message))
                self.send(200, "text/event-stream", stream.encode())
            else:
                self.send_json(200, message)

        def do_GET(self) -> None:
            if self.path.startswith("http"):
                self.do_CONNECT()
            else:
                self.refuse(404, self.path)

        do_HEAD = do_GET

        def do_CONNECT(self) -> None:
            api.outside.append(self.path.partition("?")[0])
            self.send(403, "text/plain", b"")

        def log_message(self, *_: object) -> None:
            pass

    return Handler
