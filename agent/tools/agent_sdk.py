"""The tools for claude-agent-sdk, in the same process: `ClaudeAgentOptions(mcp_servers={NAME: server_config(desk)})`.

It takes a server of the `mcp` package as it is, so schemas, hints, prompts, resources and the words for mistakes stay.
Needs the extra `agent-sdk`.
"""

from claude_agent_sdk import McpSdkServerConfig

from agent.tools.catalogue import catalogue
from agent.tools.desk import Desk
from agent.tools.mcp_server import NAME, server


def server_config(desk: Desk) -> McpSdkServerConfig:
    """The entry of `mcp_servers`."""
    return McpSdkServerConfig(type="sdk", name=NAME, instance=server(desk))


def allowed_tools(desk: Desk) -> list[str]:
    """Those that change nothing outside, by the names that `allowed_tools` wants: the others ask the user first."""
    return [f"mcp__{NAME}__{tool.name}" for tool in catalogue(ledger=desk.keeps_ledger) if tool.hints.read_only]
