"""An agent of your own on the Anthropic SDK: its tool runner, with this program's tools.

    ANTHROPIC_API_KEY=... python3 examples/sdk_tools.py ticket.txt

The model reads the ticket and writes the brief; every decision and every check in between is the tools'.
"""

import os
import sys
from pathlib import Path

from anthropic import Anthropic

from agent.backends.claude import DEFAULT_MODEL
from agent.tools.anthropic_sdk import instructions, tools
from agent.tools.desk import Desk


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
    main(sys.argv[1])
