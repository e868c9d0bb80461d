"""The road and the ledger as tools for a host's own model, defined once and independent of any protocol.

`catalogue.py` lists them; `answers.py` runs one on a `Desk`. MCP, the Anthropic SDK's tool runner and claude-agent-sdk
are thin adapters: `mcp_server.py`, `anthropic_sdk.py`, `agent_sdk.py`.
"""
