"""An agent of your own on the Anthropic SDK: its tool runner, with this program's tools.

    python3 scripts/dev.py install
    ANTHROPIC_API_KEY=... .venv/bin/python examples/sdk_tools.py examples/engineering-export-fails.txt

The model reads the ticket and writes the brief; every decision and every check in between is the tools'.
"""

import os
import sys
from pathlib import Path

try:
    from anthropic import Anthropic, AnthropicError

    from agent.backends.claude import DEFAULT_MODEL
    from agent.tools.anthropic_sdk import instructions, tools
    from agent.tools.desk import Desk
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed: `python3 scripts/dev.py install`, then start this with .venv/bin/python"
    )


def main(name: str) -> None:
    """Print each tool call, then what the model hands over."""
    ticket = Path(name).resolve()
    desk = Desk(folders=[ticket.parent], keeps_ledger=False)
    runner = Anthropic().beta.messages.tool_runner(
        model=os.environ.get("ESCALATION_MODEL", DEFAULT_MODEL),
        max_tokens=16_000,
        max_iterations=30,
        thread=False,  # whole requests: no gateway has to know threads, and no server keeps the ticket
        system=instructions(desk),
        tools=tools(desk, through="sdk example"),
        messages=[{"role": "user", "content": f"Should this go up? The ticket's file: {ticket.name}"}],
    )
    for message in runner:
        for block in message.content:
            if block.type == "tool_use":
                print(f"[{block.name}]", file=sys.stderr)
            elif block.type == "text":
                print(block.text)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("expected one argument, the file of a ticket: examples/engineering-export-fails.txt is one")
    if not (os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_AUTH_TOKEN")):
        sys.exit("no ANTHROPIC_API_KEY: a model has to read the ticket here; set the key")
    try:
        main(sys.argv[1])
    except AnthropicError as error:
        sys.exit(f"the API did not answer: {error}")
