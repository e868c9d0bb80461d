"""The server: one process, until it is told to end."""

import signal
import socket

import anyio

from agent.commands.output import note
from agent.errors import BadInput
from agent.tools.logs import quiet
from agent.web.app import application
from agent.web.site import Site

GOODBYE = 2
"""Seconds for requests under way when the server is told to end."""
LAST_WORDS = 0.5
"""Seconds before that for turns, which end at the model's next word; their streams end at once."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises BadInput where it cannot."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise BadInput(f"--host {host[:80]!r}: no address of this machine: {error.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise BadInput(
            f"--host {host[:80]!r} --port {port}: {error.strerror}; name another, or 0 for a free one"
        ) from None
    return listener


def serve(site: Site, listener: socket.socket, address: str) -> None:
    """Serve until SIGINT or SIGTERM. `address`: what a person opens."""
    quiet()
    with listener:
        anyio.run(_serve, site, listener, address)


async def _serve(site: Site, listener: socket.socket, address: str) -> None:
    import uvicorn

    config = uvicorn.Config(
        application(site),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GOODBYE,
        server_header=False,
        proxy_headers=False,
    )

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await site.cases.end(LAST_WORDS)
            await super().shutdown(sockets)

    serving = Server(config)

    def end(*_: object) -> None:
        serving.should_exit = True

    # While it serves, the signals are uvicorn's, which sends them once more after a clean end: to these.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    note(f"open {address} in a browser; Ctrl-C ends it")
    await serving.serve(sockets=[listener])
