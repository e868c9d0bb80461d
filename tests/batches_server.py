"""A Messages API with its batches, of one's own: in memory, or as a process on loopback that outlives whoever calls it.

    python3 tests/batches_server.py --lasts 0.5 --reply-after 0.05

prints its address. It counts how often each request was answered, which is what would be paid: GET /tally.
"""

import argparse
import hashlib
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from batches import answer

PATH = "/v1/messages/batches"
DAY = 86_400.0
Body = dict[str, Any]
Verdict = Callable[[Body, int], Any]
"""What comes of a request that was processed so many times before: a message, `expired`, `canceled`, an error."""
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Held:
    """A batch."""

    id: str
    requests: list[Body]
    created: float
    ends: float
    results: list[Body] | None = None
    archived: bool = False
    canceled: bool = False


@dataclass
class Vendor:
    """The API. Times in seconds of `clock`. `lasts`: until a batch ends; `listed_after`: until the list shows it.

    `troubles`: for the next calls that give a batch, a status; negative: the batch was made nevertheless.
    """

    verdict: Verdict = lambda request, _: answer(request)
    lasts: float = 30.0
    listed_after: float = 0.0
    reply_after: float = 0.0
    clock: Callable[[], float] = time.time
    organization: str = "org-1"
    batches: dict[str, Held] = field(default_factory=dict)
    processed: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    troubles: list[int] = field(default_factory=list)
    reading_troubles: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    most_bytes: int = 256_000_000
    known_ids: set[str] = field(default_factory=set)
    lock: Any = field(default_factory=threading.RLock)

    def handle(self, method: str, address: str, content: bytes) -> Reply:
        """One call."""
        url = urlsplit(address)
        parts = url.path.removeprefix(PATH).strip("/").split("/")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        with self.lock:
            for batch in self.batches.values():
                self._end(batch)
            if url.path == "/v1/messages":
                return self._message(json.loads(content))
            if method == "GET" and url.path == "/tally":
                return self._json({"paid": self.paid, "batches": len(self.batches), "calls": self.calls})
            if parts == [""]:
                self.calls["give" if method == "POST" else "list"] += 1
                return self._give(content) if method == "POST" else self._list(query)
            batch_or_none = self.batches.get(parts[0])
            if batch_or_none is None:
                return self._error(404, "not_found_error", "no such batch")
            batch = batch_or_none
            self.calls[parts[1] if len(parts) > 1 else "look"] += 1
            if parts[1:] == ["results"]:
                return self._results(batch)
            if parts[1:] == ["cancel"]:
                batch.canceled, batch.ends = True, self.clock()
                self._end(batch)
            return self._json(self._shown(batch))

    def _message(self, params: Body) -> Reply:
        """A call at once: counted and answered."""
        self.calls["message"] += 1
        self.paid[sha(params)] += 1
        return self._json(answer(params))

    def _give(self, content: bytes) -> Reply:
        trouble = self.troubles.pop(0) if self.troubles else 0
        if trouble > 0:
            return self._error(trouble, "some_error", f"trouble {trouble}")
        if len(content) > self.most_bytes:
            return self._error(413, "request_too_large", "too large")
        requests = json.loads(content)["requests"]
        names = [request["custom_id"] for request in requests]
        assert len(set(names)) == len(names), "the same custom_id twice in a batch"
        assert not self.known_ids & set(names), "a custom_id was used before"
        assert all(0 < len(name) <= 64 for name in names)
        self.known_ids |= set(names)
        now = self.clock()
        batch = Held(f"msgbatch_{len(self.known_ids):06d}", requests, now, now + self.lasts)
        self.batches[batch.id] = batch
        return self._error(-trouble, "api_error", "trouble") if trouble else self._json(self._shown(batch))

    def _end(self, batch: Held) -> None:
        """Its results, in an order of their own."""
        if batch.results is not None or self.clock() < batch.ends:
            return
        batch.results = [
            {"custom_id": request["custom_id"], "result": self._result(request["params"], batch.canceled)}
            for request in batch.requests
        ]
        random.Random(batch.id).shuffle(batch.results)

    def _result(self, params: Body, canceled: bool) -> Body:
        name = sha(params)
        came = "canceled" if canceled else self.verdict(params, self.processed[name])
        self.processed[name] += 1
        if isinstance(came, str):
            return {"type": came}
        if isinstance(came, tuple):
            error = {"type": "error", "error": {"type": came[0], "message": came[1]}, "request_id": "req_1"}
            return {"type": "errored", "error": error}
        self.paid[name] += 1
        return {"type": "succeeded", "message": came}

    def _list(self, query: dict[str, str]) -> Reply:
        shown = [b for b in reversed(self.batches.values()) if self.clock() >= b.created + self.listed_after]
        ids = [batch.id for batch in shown]
        start = ids.index(query["after_id"]) + 1 if "after_id" in query else 0
        page = shown[start : start + int(query.get("limit", 20))]
        return self._json(
            {
                "data": [self._shown(batch) for batch in page],
                "has_more": start + len(page) < len(shown),
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
            }
        )

    def _results(self, batch: Held) -> Reply:
        if batch.results is None:
            return self._error(404, "not_found_error", "not ended")
        lines = [json.dumps(line) for line in batch.results]
        trouble = self.reading_troubles.pop(0) if self.reading_troubles else ""
        if trouble == "half":
            lines = lines[: len(lines) // 2]
        content = "\n".join(lines).encode() + b"\n"
        return 200, {"content-type": "application/binary"}, content[:-40] if trouble == "cut" else content

    def _shown(self, batch: Held) -> Body:
        counts = Counter(line["result"]["type"] for line in batch.results or ())
        names = ("succeeded", "errored", "canceled", "expired")
        ended = batch.results is not None
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {name: counts[name] for name in names}
            | {"processing": 0 if ended else len(batch.requests)},
            "created_at": _time(batch.created),
            "expires_at": _time(batch.created + DAY),
            "ended_at": _time(batch.ends) if ended else None,
            "archived_at": _time(self.clock()) if batch.archived else None,
            "cancel_initiated_at": None,
            "results_url": f"https://api.example.test{PATH}/{batch.id}/results"
            if ended and not batch.archived
            else None,
        }

    def _json(self, body: Any, status: int = 200) -> Reply:
        headers = {"content-type": "application/json", "anthropic-organization-id": self.organization}
        return status, headers, json.dumps(body).encode()

    def _error(self, status: int, kind: str, words: str) -> Reply:
        return self._json({"type": "error", "error": {"type": kind, "message": words}}, status)


def sha(params: Body) -> str:
    """The identity of a request."""
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def _time(seconds: float) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    """The API on loopback: its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(b"")

        def do_POST(self) -> None:
            length = int(self.headers["content-length"] or 0)
            content = self.rfile.read(length)
            if len(content) == length:  # else whoever sent it died over it
                self.reply(content)

        def reply(self, content: bytes) -> None:
            status, headers, body = vendor.handle(self.command, self.path, content)
            if self.command == "POST":
                time.sleep(vendor.reply_after)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            del request, client_address  # a caller that was killed

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def troubled(request: Body, before: int) -> Any:
    """Of a hundred requests, the first time, some three each expire, are canceled or err; then they are answered."""
    chance = int(sha(request)[:8], 16) % 100
    if before == 0 and chance < 9:
        return ("expired", "canceled", ("overloaded_error", "Overloaded"))[chance // 3]
    return answer(request)


def main() -> None:
    """Serve until the input ends, so that no server is left behind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lasts", type=float, default=0.5)
    parser.add_argument("--reply-after", type=float, default=0.05)
    parser.add_argument("--listed-after", type=float, default=0.0)
    given = parser.parse_args()
    vendor = Vendor(troubled, given.lasts, given.listed_after, given.reply_after)
    with serving(vendor) as address:
        print(address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
