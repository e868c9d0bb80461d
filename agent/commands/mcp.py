"""Serve the road and the ledger as MCP tools: over stdio, or as streamable HTTP on this machine only.

The host starts it and its model reads and writes; code decides and checks. With --http the address is printed on
stderr, with the bearer token that clients must send, unless ESCALATION_MCP_TOKEN sets it; Host and Origin are checked
too. Needs the extra `mcp`, and no key unless `run_ticket` is to use a model.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

from agent.commands.inputs import add_redaction, level_of, tell_level
from agent.commands.ledger_inputs import add_ledger
from agent.errors import EXIT_DONE, BadInput

HIGHEST_PORT = 65535
PORT = 8765

EXAMPLES = """examples:
  escalation mcp
  escalation mcp --folder ~/tickets --no-ledger
  escalation mcp --http --port 8765 --folder ~/tickets"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("--http", action="store_true", help="streamable HTTP on 127.0.0.1 instead of stdio")
    parser.add_argument(
        "--port", type=int, metavar="N", help=f"with --http: the port; 0 takes a free one (default: {PORT})"
    )
    parser.add_argument(
        "--no-token",
        action="store_true",
        help="with --http: let every user of this machine call it, ledger included",
    )
    parser.add_argument(
        "--folder",
        action="append",
        metavar="DIR",
        help="tickets may be read from files in it; may be given again (stdio: the working directory too)",
    )
    parser.add_argument("--policy", metavar="FILE", help="policy file (TOML) instead of the defaults")
    parser.add_argument(
        "--backend",
        choices=("auto", "claude", "offline"),
        default="auto",
        help="who reads for `run_ticket`; offline: no call can make it use a model (default: auto, claude with a key)",
    )
    parser.add_argument("--model", metavar="NAME", help="model of the claude backend (default: ESCALATION_MODEL)")
    parser.add_argument("--no-ledger", action="store_true", help="neither look into the ledger nor offer its tools")
    add_redaction(parser, restore=False)
    add_ledger(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until the client goes or the process is told to end."""
    if find_spec("mcp") is None:
        raise BadInput(
            "the package 'mcp' is missing: install this program with its extra `mcp` "
            "(`python3 -m pip install '.[mcp]'` in its folder, or start it by `python3 scripts/dev.py mcp`)"
        )
    if arguments.port is not None and not arguments.http:
        raise BadInput("--port without --http: stdio has no port; add --http, or leave --port out")
    if arguments.no_token and not arguments.http:
        raise BadInput("--no-token without --http: stdio asks for no token; add --http, or leave --no-token out")
    port = PORT if arguments.port is None else arguments.port
    if not 0 <= port <= HIGHEST_PORT:
        raise BadInput(f"--port {port}: expected 0 to {HIGHEST_PORT}")

    from agent.backends import pick_backend
    from agent.policy.settings import load_settings
    from agent.tools.desk import Desk
    from agent.tools.files import folder, working_folder

    backend = pick_backend(arguments.backend, arguments.model)  # now, so that what is wrong with it is told now
    named = tuple(folder(name) for name in arguments.folder or ())
    level = level_of(arguments)
    tell_level(level)
    desk = Desk(
        folders=named if arguments.http else (*named, *working_folder()),
        settings=load_settings(None if arguments.policy is None else Path(arguments.policy)),
        ledger=arguments.ledger,
        keeps_ledger=not arguments.no_ledger,
        backend=None if arguments.backend == "auto" else backend,
        model=arguments.model,
        redact=level,
    )
    from agent.tools import mcp_transports

    if arguments.http:
        mcp_transports.http(desk, port, open_to_all=arguments.no_token)
    else:
        mcp_transports.stdio(desk)
    return EXIT_DONE
