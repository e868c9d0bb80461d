"""A program on claude-agent-sdk, as a user would write it: agent_sdk_client.py REQUEST. Prints the result as JSON."""

import asyncio
import json
import sys

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query


async def main(request: str) -> None:
    """One conversation in the working directory, with the skill that its project has."""
    options = ClaudeAgentOptions(
        setting_sources=["project"],
        skills=["escalation"],
        allowed_tools=["Bash(python3:*)", "Read", "Write"],
    )
    async for message in query(prompt=request, options=options):
        if isinstance(message, ResultMessage):
            print(json.dumps({"is_error": message.is_error, "result": message.result}))


asyncio.run(main(sys.argv[1]))
