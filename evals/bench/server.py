"""A Messages API on loopback for the benchmarks: recorded answers, a fixed latency, nothing else.

    python3 -m evals.bench.server --latency-ms 200 [--case NAME …] [--port N]

Runs in a process of its own, so that its time is nobody else's. Answers each request for a forced tool with the bytes
of a real recorded answer of the eval case whose ticket the request holds: the first for the facts, the last (the one
that passed) for the brief. A hand-written protocol, since what is measured must not wait for a web framework. It holds
no key and checks none. Prints its address as one line; `GET /counts` says what it was asked.
"""

import argparse
import asyncio
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
USUAL, LONG = "079-grey-dot", "129-label-template-chain"
FACTS, BRIEF = "record_facts", "submit_brief"
MARK_LENGTH = 24  # characters of a ticket by which it is told from the others
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHOICE = re.compile(rb'"tool_choice": ?\{[^{}]*?"name": ?"([\w-]+)"')
_TOOLS = re.compile(rb'"tools": ?\[\{')
_NAME = re.compile(rb'"name": ?"([\w-]+)"')


@dataclass
class Counts:
    """What was asked, and how many requests were waiting for their answer at once."""

    requests: int = 0
    refused: int = 0
    waiting: int = 0
    most_waiting: int = 0


@dataclass
class Recorded:
    """The answers for one ticket. A peer names the tool as it likes: what asks for no brief asks for the facts."""

    mark: bytes
    facts: Mapping[str, Any]
    brief: Mapping[str, Any] | None
    _ready: dict[bytes, bytes] = field(default_factory=dict)

    def response(self, tool: bytes) -> bytes:
        """The whole response for this tool, made once."""
        wanted = self.brief if tool == BRIEF.encode() else self.facts
        if wanted is None:
            return _refusal(400, "no brief was recorded for this case")
        if tool not in self._ready:
            message = json.loads(json.dumps(wanted))
            for block in message["content"]:
                if block["type"] == "tool_use":
                    block["name"] = tool.decode()
            self._ready[tool] = _response(200, message)
        return self._ready[tool]


def recorded(case: str) -> Recorded:
    """The answers that were recorded for an eval case; a brief is refused where it has none."""
    from evals.cases import case_of
    from evals.recordings import Readable
    from evals.replay import RECORDINGS, SHARED, path_of

    text = path_of(RECORDINGS / "escalation", case, 1).read_text(encoding="utf-8")
    messages = [
        json.loads(one["response"]["body"]["string"]) for one in Readable(SHARED).deserialize(text)["interactions"]
    ]
    named = {
        block["name"]: message for message in messages for block in message["content"] if block["type"] == "tool_use"
    }
    return Recorded(mark_of(case_of(case).ticket().text), named[FACTS], named.get(BRIEF))


def mark_of(text: str) -> bytes:
    """The end of the ticket as JSON writes it, in plain words, since clients differ in how they escape the rest."""
    runs = [run for run in re.findall(r"[A-Za-z ,.]+", text) if len(run) >= MARK_LENGTH]
    return str(runs[-1] if runs else "").strip()[:MARK_LENGTH].encode()  # a ticket without any stands alone


def _response(status: int, body: Mapping[str, Any]) -> bytes:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _refusal(status: int, message: str) -> bytes:
    return _response(status, {"type": "error", "error": {"type": "invalid_request_error", "message": message}})


class Connection(asyncio.Protocol):
    """One client's connection: requests one after the other, kept alive."""

    transport: asyncio.Transport

    def __init__(self, answers: list[Recorded], latency: float, counts: Counts) -> None:
        self._answers, self._latency, self._counts = answers, latency, counts
        self._received = bytearray()
        self._end = 0  # of the request that is being read; 0 before its head is whole
        self._body = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Small answers must not wait for an acknowledgement."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        received = self._received
        received += data
        while True:
            if not self._end:
                head = received.find(b"\r\n\r\n")
                if head < 0:
                    return
                length = _LENGTH.search(received, 0, head)
                self._body = head + 4
                self._end = self._body + (int(length[1]) if length else 0)
            if len(received) < self._end:
                return
            self._answer(bytes(received[: self._body]), bytes(received[self._body : self._end]))
            del received[: self._end]
            self._end = 0

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST /v1/messages"):
            counts = self._counts
            counts.requests += 1
            counts.waiting += 1
            counts.most_waiting = max(counts.most_waiting, counts.waiting)
            response = self._message(body)
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._send, response)
            else:
                self._send(response)
        elif head.startswith(b"GET /counts"):
            self.transport.write(_response(200, vars(self._counts)))
        else:
            self.transport.write(_refusal(404, "expected POST /v1/messages or GET /counts"))

    def _send(self, response: bytes) -> None:
        self._counts.waiting -= 1
        if not self.transport.is_closing():
            self.transport.write(response)

    def _message(self, body: bytes) -> bytes:
        known = self._answers
        answer = known[0] if len(known) == 1 else next((one for one in known if one.mark in body), None)
        tool = _tool(body)
        if answer is None or tool is None:
            self._counts.refused += 1
            return _refusal(400, "expected the ticket of a case that this server was started with, and a tool")
        return answer.response(tool)


def _tool(body: bytes) -> bytes | None:
    """The tool that the request forces; else the brief's where the facts stand already, and its first one where not."""
    chosen = _CHOICE.search(body)
    if chosen is None and b'"tool_result"' in body:
        return BRIEF.encode()
    if chosen is None:
        start = _TOOLS.search(body)
        chosen = _NAME.search(body, start.end()) if start else None
    return chosen[1] if chosen else None


async def serve(answers: list[Recorded], latency: float, port: int, ready: Callable[[int], None]) -> None:
    """Serve until cancelled. `latency`: seconds before each answer."""
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(answers, latency, counts), "127.0.0.1", port, backlog=1024
    )
    ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


@dataclass(frozen=True)
class Served:
    """A running server."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """As `base_url` of a client."""
        return f"http://127.0.0.1:{self.port}"

    def counts(self) -> Counts:
        """What it was asked so far."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/counts")
            return Counts(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextmanager
def serving(latency_ms: float = 0, cases: tuple[str, ...] = (USUAL, LONG)) -> Iterator[Served]:
    """A server in a process of its own, for as long as the block runs."""
    command = [sys.executable, "-m", "evals.bench.server", "--latency-ms", str(latency_ms)]
    command += [part for case in cases for part in ("--case", case)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the benchmark's server did not start: its own message stands above")
        yield Served(int(line.rpartition(":")[2]), process)
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def main(arguments: list[str]) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="evals.bench.server", description="A Messages API for the benchmarks.")
    parser.add_argument("--latency-ms", type=float, default=0, help="milliseconds before each answer")
    parser.add_argument("--case", action="append", help=f"an eval case with a recorded brief, such as {USUAL}")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    given = parser.parse_args(arguments)
    answers = [recorded(case) for case in given.case or (USUAL, LONG)]

    def ready(port: int) -> None:
        print(f"http://127.0.0.1:{port}", flush=True)

    try:
        asyncio.run(serve(answers, given.latency_ms / 1e3, given.port, ready))
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
