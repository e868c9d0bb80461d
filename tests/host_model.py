"""A scripted model that works through the tools, and a loopback Messages API that it answers behind.

It reads with the word rules and writes with their template, as the tools' answers come back to it: it knows nothing
that did not stand in the conversation, the ticket's own text included.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jsonschema

from agent.backends.offline import OfflineBackend
from agent.grounding.ground import ground
from agent.readers import read_ticket
from agent.render import render_brief
from schemas.context import Context
from schemas.decision import Decision
from schemas.report import FactsReport

Block = dict[str, Any]
FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("date-time", raises=ValueError)(
    lambda value: not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
)


def as_declared(value: object, schema: dict[str, Any]) -> None:
    """Raises ValidationError for an answer that its schema does not allow; a client that checks would refuse it all."""
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator, format_checker=FORMATS)


def report_of(text: str) -> FactsReport:
    """What the word rules see in a ticket."""
    return OfflineBackend().extract(read_ticket(text))


def brief_of(text: str, decision: dict[str, Any], context: Context | None = None) -> str:
    """The template's brief for a decision, as text."""
    ticket, made, context = read_ticket(text), Decision.model_validate(decision), context or Context()
    facts = ground(ticket, report_of(text))
    brief = OfflineBackend().draft(ticket, context, facts, made, made.decided_at)
    return render_brief(brief, made, ticket, context, made.decided_at, "text")


def next_call(results: list[dict[str, Any]], path: str) -> tuple[str, dict[str, Any]] | None:
    """The tool to call after these results, or None when all is done."""
    if not results:
        return "read_ticket", {"path": path}
    text, case = results[0]["text"], results[0]["case"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("read_ticket", {}),
        ("guide", {"topic": "reading"}),
        ("check_facts", {"case": case, "report": report_of(text).model_dump(mode="json")}),
        ("decide", {"case": case, "tier": "L2"}),
        ("skeleton", {"case": case}),
        ("guide", {"topic": "writing"}),
    ]
    if len(results) < len(steps):
        return steps[len(results)]
    if len(results) == len(steps):
        return "validate_brief", {"case": case, "brief": brief_of(text, results[3]["decision"])}
    return None


def answer_to(body: dict[str, Any], path: str) -> list[Block]:
    """The model's turn for a request of the Messages API. Tools may bear a prefix, as behind MCP."""
    results = []
    for message in body["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block["type"] == "tool_result":
                said = block["content"]
                results.append(json.loads(said if isinstance(said, str) else said[0]["text"]))
    known = {tool["name"].rpartition("__")[2]: tool["name"] for tool in body.get("tools") or []}
    call = next_call(results, path) if "read_ticket" in known else None
    if call is not None:
        return [{"type": "tool_use", "id": f"toolu_{len(results)}", "name": known[call[0]], "input": call[1]}]
    valid = bool(results) and results[-1].get("valid")
    return [{"type": "text", "text": f"Handed over: {results[3]['summary']}" if valid else "Nothing to do."}]


def message_of(content: list[Block], model: str) -> dict[str, Any]:
    """A whole answer of the API."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if content[0]["type"] == "tool_use" else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 10},
    }


def stream_of(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same, as the events of a stream."""
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": message["usage"]}
    yield {"type": "message_stop"}


@contextmanager
def messages_api(path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The API on loopback: its address, and the requests that it got."""
    requests: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if not self.path.partition("?")[0].endswith("/v1/messages"):
                self.reply("application/json", b'{"input_tokens": 1}')
                return
            requests.append(body)
            message = message_of(answer_to(body, path), body["model"])
            if body.get("stream"):
                lines = (f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in stream_of(message))
                self.reply("text/event-stream", "".join(lines).encode())
            else:
                self.reply("application/json", json.dumps(message).encode())

        def reply(self, kind: str, data: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
