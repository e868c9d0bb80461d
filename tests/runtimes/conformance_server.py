"""The MCP server under the names that the conformance suite asks for: conformance_server.py TICKET. Prints its address.

Many of the suite's scenarios call a tool, prompt or resource of the suite's own server, and look at nothing but the
protocol: that a text comes back, that an error is one, that progress is told. Here those names lead to our own, so the
same scenarios look at this server. What it does not have (images, audio, sampling, elicitation, logging, subscriptions,
a binary resource, a prompt with a resource in it) stays without a name.
"""

import json
import socket
import sys
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.tools.answers import answer
from agent.tools.catalogue import catalogue
from agent.tools.desk import Desk
from agent.tools.mcp_server import server

SCENARIOS = (
    "tools-call-simple-text",
    "tools-call-error",
    "tools-call-with-progress",
    "resources-read-text",
    "resources-templates-read",
    "prompts-get-simple",
    "prompts-get-with-args",
)
TICKET_ID = "123"  # which the suite puts into the template, and expects to find in what it reads


def ours(method: str, params: dict[str, Any], ticket: str) -> dict[str, Any]:
    """The parameters of the same call of this server."""
    tools = {
        "test_simple_text": ("guide", {"topic": "writing"}),
        "test_error_handling": ("decide", {"case": "case-of-nobody"}),
        "test_tool_with_progress": ("run_ticket", {"ticket": ticket, "backend": "offline"}),
    }
    resources = {
        "test://static-text": "escalation://policy",
        f"test://template/{TICKET_ID}/data": "escalation://escalations/ESC-1",
    }
    prompts = {"test_simple_prompt": (), "test_prompt_with_arguments": (("arg1", "ticket"), ("arg2", "tier"))}
    if method == "tools/call" and params["name"] in tools:
        name, arguments = tools[params["name"]]
        return params | {"name": name, "arguments": arguments}
    if method == "resources/read" and params["uri"] in resources:
        return params | {"uri": resources[params["uri"]]}
    if method == "prompts/get" and params["name"] in prompts:
        given = params.get("arguments") or {}
        return params | {
            "name": "escalate_ticket",
            "arguments": {own: given[other] for other, own in prompts[params["name"]]},
        }
    return params


class Renamed:
    """The server behind the suite's names."""

    def __init__(self, app: ASGIApp, ticket: str) -> None:
        self._app, self._ticket = app, ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        asked = json.loads(body)
        if isinstance(asked.get("params"), dict):
            asked["params"] = ours(asked["method"], asked["params"], self._ticket)
        changed = json.dumps(asked).encode()
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        scope = {**scope, "headers": [*headers, (b"content-length", str(len(changed)).encode())]}
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": changed, "more_body": False}

        await self._app(scope, replay, send)


async def main(ticket: str) -> None:
    """Serve until ended. ESCALATION_DB names a ledger of its own; an escalation of ticket HD-123 is put into it."""
    desk = Desk()
    override = {"id": f"HD-{TICKET_ID}", "kind": "override", "owner": "product", "by": "Ana Lima", "why": "to have one"}
    decided = next(tool for tool in catalogue() if tool.name == "record_person_decision")
    made = answer(decided, desk, override)
    assert not made.failed, made.text
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        app = Renamed(server(desk).streamable_http_app(), ticket)
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)
        await uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on")).serve(sockets=[listening])


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]).read_text(encoding="utf-8"))
