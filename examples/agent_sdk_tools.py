"""An agent of your own on claude-agent-sdk, with this program's tools in the same process.

    ANTHROPIC_API_KEY=... python3 examples/agent_sdk_tools.py ticket.txt

Install with the extra `agent-sdk`. Tools that write into the ledger are left to the SDK's permissions.
"""

import asyncio
import sys
from pathlib import Path

from claude_agent_sdk import AssistantMessage, ClaudeAgentOptions, ResultMessage, ToolUseBlock, query

from agent.tools.agent_sdk import allowed_tools, server_config
from agent.tools.desk import Desk


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
    asyncio.run(main(sys.argv[1]))
