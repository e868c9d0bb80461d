"""Open the page: paste or drop a ticket in a browser, talk on about it, and follow what is escalated.

It does what `chat` and the ledger's verbs do, with the same engine. It listens on this machine only, and the address
that it prints holds a token: whoever has it may read and write. Another address needs --host and a password, from
ESCALATION_SERVE_PASSWORD or --password-file; nothing is encrypted on the way, so put it behind a proxy that does.

Tickets on the page are kept in memory until the program ends, with --keep on disk as chats, readable by you and by
whoever may open the page; escalations are in the ledger.
"""

import argparse
import ipaddress
import os
import re
from pathlib import Path

from agent.commands.inputs import (
    add_circumstances,
    add_redaction,
    circumstances_of,
    level_of,
    read_bytes,
    tell_level,
)
from agent.commands.ledger_inputs import add_ledger, person_of
from agent.commands.output import note
from agent.commands.run import add_backend, backend_of
from agent.commands.times import this_moment
from agent.errors import EXIT_DONE, BadInput

HOST = "127.0.0.1"
PORT = 8770
HIGHEST_PORT = 65535
PASSWORD = "ESCALATION_SERVE_PASSWORD"
SHORTEST_PASSWORD = 12
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")

EXAMPLES = """examples:
  escalation serve
  escalation serve --port 0 --backend offline --no-ledger
  ESCALATION_SERVE_PASSWORD=... escalation serve --host 0.0.0.0 --name support.example.com"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"0 takes a free one (default: {PORT})")
    parser.add_argument(
        "--host",
        default=HOST,
        metavar="ADDRESS",
        help=f"another address to listen on; needs a password (default: {HOST})",
    )
    parser.add_argument(
        "--name",
        action="append",
        metavar="HOST",
        help="a host name under which browsers reach it, such as a proxy's; may be given again",
    )
    parser.add_argument(
        "--password-file", metavar="FILE", help=f"the password, on its first line (default: {PASSWORD})"
    )
    add_redaction(parser, restore=False)
    add_circumstances(parser)
    add_backend(parser)
    add_ledger(parser)
    parser.add_argument("--no-ledger", action="store_true", help="neither look into the ledger nor offer its pages")
    parser.add_argument(
        "--keep", action="store_true", help="keep each ticket with its chat on disk, as `chat --keep`; list them"
    )
    parser.add_argument("--by", metavar="NAME", help="your name beside what you write (default: as for `open`)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until the process is told to end."""
    if not 0 <= arguments.port <= HIGHEST_PORT:
        raise BadInput(f"--port {arguments.port}: expected 0 to {HIGHEST_PORT}")
    password = _password(arguments)
    if password is None and not _is_loopback(arguments.host):
        raise BadInput(
            f"--host {arguments.host[:80]!r} lets others in: set {PASSWORD}, or name a --password-file, "
            f"of at least {SHORTEST_PASSWORD} characters"
        )
    names = tuple(_host_name(name) for name in arguments.name or ())
    given = circumstances_of(arguments)
    level = level_of(arguments)
    tell_level(level)
    by = person_of(arguments)
    backend = backend_of(arguments)

    from agent.web.guard import Door
    from agent.web.serving import listening, serve
    from agent.web.site import Site

    listener = listening(arguments.host, arguments.port)
    port = listener.getsockname()[1]
    door = Door(
        port,
        by,
        password=password,
        hosts=frozenset(name.casefold() for name in (*names, *_named(arguments.host))),
        any_address=not _is_loopback(arguments.host),
    )
    site = Site(
        door,
        backend,
        given.settings,
        context=given.context,
        ledger=arguments.ledger,
        keeps_ledger=not arguments.no_ledger,
        clock=this_moment if arguments.now is None else lambda: given.now,
        level=level,
        keeps_chats=arguments.keep,
    )
    shown = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    address = f"http://{shown}:{port}/"
    if password is None:
        address += f"?token={door.token}"
    else:
        note("warning: nothing is encrypted on the way, not even the password: use a proxy with TLS in front")
    serve(site, listener, address)
    return EXIT_DONE


def _password(arguments: argparse.Namespace) -> str | None:
    """The password that was given; None: the token does. Raises BadInput for one that is short."""
    word = os.environ.get(PASSWORD)
    if arguments.password_file is not None:
        raw = read_bytes(str(Path(arguments.password_file)), "password file")
        word = raw.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    if word is None:
        return None
    if len(word) < SHORTEST_PASSWORD:
        raise BadInput(f"the password has {len(word)} characters: expected at least {SHORTEST_PASSWORD}")
    return word


def _host_name(name: str) -> str:
    """The name. Raises BadInput for one with a scheme, a port or a path, which no request would ever match."""
    if not _HOST_NAME.fullmatch(name):
        raise BadInput(f"--name {name[:80]!r}: expected a host name alone, such as support.example.com")
    return name


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _named(host: str) -> tuple[str, ...]:
    """The host itself, where it is a name and no address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return (host,)
    return ()
