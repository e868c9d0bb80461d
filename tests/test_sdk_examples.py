"""The examples for the SDKs run, against a loopback stand-in of the API that a scripted model answers behind."""

import asyncio
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.lib.tools import ToolError

from agent.tools.anthropic_sdk import async_tools, instructions, tools
from agent.tools.catalogue import catalogue
from agent.tools.desk import Desk
from tests.host_model import answer_to, message_of, messages_api

ROOT = Path(__file__).parents[1]
TICKET = ROOT / "examples/engineering-export-fails.txt"
ROAD = ["read_ticket", "guide", "check_facts", "decide", "skeleton", "guide", "validate_brief"]


def example(name: str, url: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """An example as its docstring says, with the API on loopback."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "ANTHROPIC_API_KEY": "key-of-a-test",
        "ANTHROPIC_BASE_URL": url,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "1",
    }
    line = [sys.executable, str(ROOT / "examples" / name), str(TICKET)]
    return subprocess.run(line, cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("options", "arguments", "said"),
    [
        (
            ["-S", "-E"],
            [str(TICKET)],
            "anthropic is not installed: `python3 scripts/dev.py install`, then start this with",
        ),
        ([], [str(TICKET)], "no ANTHROPIC_API_KEY: a model has to read the ticket here; set the key"),
    ],
)
def test_what_the_example_misses_is_one_line(
    tmp_path: Path, options: list[str], arguments: list[str], said: str
) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    line = [sys.executable, *options, str(ROOT / "examples/sdk_tools.py"), *arguments]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.loopback
def test_the_tool_runners_example_hands_over_a_validated_brief(tmp_path: Path) -> None:
    with messages_api(TICKET.name) as (url, requests):
        done = example("sdk_tools.py", url, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Handed over: Escalate to Engineering, High, by TEC-5")
    assert done.stderr.splitlines() == [f"[{name}]" for name in ROAD]
    for request in requests:
        assert [tool["name"] for tool in request["tools"]] == [tool.name for tool in catalogue(ledger=False)]
        assert "written policy by code" in request["system"]
        assert not any(set(tool) - {"name", "description", "input_schema"} for tool in request["tools"])


@pytest.mark.loopback
@pytest.mark.skipif(find_spec("claude_agent_sdk") is None, reason="needs the extra `agent-sdk` (180 MB)")
def test_the_agent_sdks_example_hands_over_a_validated_brief(tmp_path: Path) -> None:
    with messages_api(TICKET.name) as (url, _):
        done = example("agent_sdk_tools.py", url, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Handed over: Escalate to Engineering, High, by TEC-5")
    assert done.stderr.splitlines() == [f"[mcp__escalation__{name}]" for name in ROAD]


def test_the_asynchronous_runner_walks_the_same_road() -> None:
    def reply(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        return httpx2.Response(200, json=message_of(answer_to(body, TICKET.name), body["model"]))

    async def main() -> str:
        desk = Desk(folders=[TICKET.parent], keeps_ledger=False)
        transport = httpx2.AsyncClient(transport=httpx2.MockTransport(reply))
        client = anthropic.AsyncAnthropic(api_key="k", base_url="https://api.example.test", http_client=transport)
        runner = client.beta.messages.tool_runner(
            model="claude-test",
            max_tokens=1_000,
            system=instructions(desk),
            tools=async_tools(desk),
            messages=[{"role": "user", "content": "Should this go up?"}],
            thread=False,
        )
        last = await runner.until_done()
        block: Any = last.content[0]
        return str(block.text)

    assert asyncio.run(main()).startswith("Handed over: Escalate to Engineering")


def test_a_failed_call_is_an_error_for_the_runner() -> None:
    decide = next(tool for tool in tools(Desk(keeps_ledger=False)) if tool.name == "decide")
    with pytest.raises(ToolError, match="call check_facts again"):
        decide.call({"case": "case-0"})
    with pytest.raises(ToolError, match="case missing"):
        decide.call({})


def test_the_ledgers_tools_write_under_the_hosts_name(tmp_path: Path) -> None:
    desk = Desk(ledger=str(tmp_path / "ledger.db"))
    by_name = {tool.name: tool for tool in tools(desk, through="support bot")}
    decided = {"id": "HD-9", "kind": "override", "owner": "product", "by": "Ana", "why": "launch"}
    by_name["record_person_decision"].call(decided)
    assert desk.open_ledger().events("ESC-1")[0].through == "support bot"
