"""An agent of your own on claude-agent-sdk, with this program's tools in the same process.

    python3 -m venv own && own/bin/pip install '.[agent-sdk]'
    ANTHROPIC_API_KEY=... own/bin/python examples/agent_sdk_tools.py examples/engineering-export-fails.txt

The extra holds a client of 180 MB, so `dev.py install` leaves it out. Tools that write into the ledger are left to the
SDK's permissions.
"""

import asyncio
import sys
from pathlib import Path

try:
    from claude_agent_sdk import (
        AssistantMessage,
        ClaudeAgentOptions,
        ClaudeSDKError,
        ResultMessage,
        ToolUseBlock,
        query,
    )

    from agent.tools.agent_sdk import allowed_tools, server_config
    from agent.tools.desk import Desk
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is not installed: pip install '.[agent-sdk]' into an environment, and use its python")


async def main(name: str) -> None:
    """Print each tool call, then what the model hands over."""
    ticket = Path(name).resolve()
    desk = Desk(folders=[ticket.parent], keeps_ledger=False)
    options = ClaudeAgentOptions(
        mcp_servers={"escalation": server_config(desk)},
        allowed_tools=allowed_tools(desk),
        tools=[],  # none of the SDK's own
        setting_sources=[],
        max_turns=30,
    )
    request = f"Should this go up? The ticket's file: {ticket.name}"
    async for message in query(prompt=request, options=options):
        if isinstance(message, AssistantMessage):
            for block in message.content:
                if isinstance(block, ToolUseBlock):
                    print(f"[{block.name}]", file=sys.stderr)
        elif isinstance(message, ResultMessage):
            print(message.result)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("expected one argument, the file of a ticket: examples/engineering-export-fails.txt is one")
    try:
        asyncio.run(main(sys.argv[1]))
    except ClaudeSDKError as error:
        sys.exit(f"the client did not answer: {error}")
