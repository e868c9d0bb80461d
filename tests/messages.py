"""A stand-in for the Messages API on this machine: answers come from a script, streamed, and may wait until told."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def asked_for(request: dict[str, Any]) -> str:
    """The tool that the request forces; where it forces none, the one whose turn it is in the conversation."""
    if "name" in request["tool_choice"]:
        return str(request["tool_choice"]["name"])
    names = [tool["name"] for tool in request["tools"]]
    blocks = [block for turn in request["messages"] for block in turn["content"] if turn["role"] == "user"]
    answered = any(block["type"] == "tool_result" and not block.get("is_error") for block in blocks)
    return str(names[-1] if answered else names[0])


PIECE = 40  # characters of the tool's input in one event


class Messages:
    """`answers`: for each tool its inputs, in order; the last one is given again. A tool may be held back: then
    the first half of its answer comes, and the rest once `release` is called."""

    def __init__(self, answers: dict[str, list[dict[str, Any]]]) -> None:
        self._answers = {tool: deque(inputs) for tool, inputs in answers.items()}
        self.requests: list[dict[str, Any]] = []
        self.held: set[str] = set()  # tools whose answers stop half way
        self._go = threading.Event()
        self.lock = threading.Lock()
        self.port = 0

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to call it."""
        return {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self.port}", "ANTHROPIC_API_KEY": "key-of-a-test"}

    def hold(self, *tools: str) -> None:
        """Stop in the middle of the next answers by these tools."""
        self._go.clear()
        self.held = set(tools)

    def release(self) -> None:
        """Let held answers be finished, and hold none from now on."""
        self.held = set()
        self._go.set()

    def take(self, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The tool that a request asks for, and its input."""
        with self.lock:
            self.requests.append(request)
            tool = asked_for(request)
            inputs = self._answers[tool]
            return tool, inputs.popleft() if len(inputs) > 1 else inputs[0]

    def events(self, tool: str, value: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The answer as the API streams it."""
        usage = {"input_tokens": 100, "output_tokens": 1}
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test", "content": []}
        yield {"type": "message_start", "message": head | {"stop_reason": None, "stop_sequence": None, "usage": usage}}
        block = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}}
        yield {"type": "content_block_start", "index": 0, "content_block": block}
        text = json.dumps(value)
        pieces = [text[i : i + PIECE] for i in range(0, len(text), PIECE)]
        for number, piece in enumerate(pieces):
            if tool in self.held and number == len(pieces) // 2:
                self._go.wait()
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        end = {"stop_reason": "tool_use", "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 50}}
        yield {"type": "message_stop"}


@contextmanager
def serving(messages: Messages) -> Iterator[Messages]:
    """The server, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            tool, value = messages.take(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                for event in messages.events(tool, value):
                    self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
                    self.wfile.flush()
            except OSError:
                pass  # the program was interrupted

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    messages.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield messages
    finally:
        messages.release()
        server.shutdown()
        thread.join()
        server.server_close()
