"""The MCP server on its two transports: stdio for one client, streamable HTTP for those on this machine.

HTTP is bound to 127.0.0.1 and to nothing else. Host and Origin are checked, so that a web page in the user's browser
cannot reach it by a name that it points here. A token keeps other users of the machine out, and their programs.
"""

import hmac
import os
import secrets
import signal
import socket
from types import FrameType
from typing import NoReturn

import anyio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.commands.output import note
from agent.errors import EXIT_DONE, BadInput
from agent.tools.desk import Desk
from agent.tools.logs import quiet
from agent.tools.mcp_server import server

LOOPBACK = "127.0.0.1"
PATH = "/mcp"
TOKEN = "ESCALATION_MCP_TOKEN"
GOODBYE = 2
"""Seconds for requests under way when the server is told to end."""


def stdio(desk: Desk) -> None:
    """Serve one client until it closes stdin. Nothing but the protocol is written to stdout."""
    from mcp.server.stdio import stdio_server

    quiet()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)

    async def serve() -> None:
        made = server(desk)
        async with stdio_server() as (incoming, outgoing):
            await made.run(incoming, outgoing, made.create_initialization_options())

    anyio.run(serve)


def _leave(_: int, __: FrameType | None) -> NoReturn:
    # A thread waits in a read of stdin that nothing can end; what the ledger was told is written or not begun.
    os._exit(EXIT_DONE)


def http(desk: Desk, port: int, *, open_to_all: bool = False) -> None:
    """Serve clients on this machine until SIGINT or SIGTERM: those with the token, which is made here and printed
    where the environment has none. `open_to_all`: every user of the machine, without a token.

    Raises BadInput for a port that is taken.
    """
    quiet()
    given = os.environ.get(TOKEN, "").strip()
    if open_to_all and given:
        raise BadInput(f"--no-token, and {TOKEN} is set: expected one of them; leave --no-token out, or unset it")
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise BadInput(f"--port {port} cannot be used: {error.strerror}; name another, or 0 for a free one") from None
    with listening:
        anyio.run(_serve, desk, listening, given, open_to_all)


async def _serve(desk: Desk, listening: socket.socket, given: str, open_to_all: bool) -> None:
    import uvicorn

    port = listening.getsockname()[1]
    app: ASGIApp = server(desk).streamable_http_app(streamable_http_path=PATH, host=LOOPBACK)
    token = given or secrets.token_urlsafe(24)
    app = app if open_to_all else _Guarded(app, token)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=GOODBYE, server_header=False
    )
    serving = uvicorn.Server(config)

    def end(*_: object) -> None:
        serving.should_exit = True

    # While it serves, the signals are uvicorn's, which sends them once more after a clean end: to these.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if open_to_all:
        who = "for every user of this machine"
    elif given:
        who = f"for whoever sends the token of {TOKEN}"
    else:
        who = f"for whoever sends the header `Authorization: Bearer {token}` (made now; {TOKEN} sets one that stays)"
    note(f"serving MCP at http://{LOOPBACK}:{port}{PATH} {who}; Ctrl-C ends it")
    await serving.serve(sockets=[listening])


class _Guarded:
    """Only requests that bring the token reach the server."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode("utf-8", "surrogateescape")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "")
            if not hmac.compare_digest(given.encode("latin-1", "replace"), self._expected):
                refusal = PlainTextResponse(
                    "not known here: send the token that `escalation mcp` printed, or that its environment holds, as "
                    "`Authorization: Bearer TOKEN`\n",
                    401,
                    {"WWW-Authenticate": "Bearer"},
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
