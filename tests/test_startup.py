"""What a keyless verb imports: agent runtimes call several in a row, and the shell they call from has no network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.report import FactsReport
from tests.factories import make_facts, make_ticket

ROOT = Path(__file__).parents[1]
# Not socket: pydantic alone loads it, by way of importlib.metadata.
NETWORK = {"anthropic", "httpx", "httpx2", "httpcore2", "requests", "urllib3", "ssl", "asyncio", "anyio"}
HEAVY = {
    "prompt_toolkit",
    "jinja2",
    "inscriptis",
    "holidays",
    "tenacity",
    "text_to_num",
    "rich",
    "lxml",
    "regex",
}

PROBE = """
import json, sys
from agent.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def imported(*arguments: str, codes: tuple[int, ...] = (0,)) -> set[str]:
    """Top-level names of all modules that a process has loaded after running one command."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code in codes, done.stderr
    return {name.partition(".")[0] for name in modules}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A ticket and its grounded facts as files."""
    ticket = make_ticket()
    (tmp_path / "ticket.txt").write_text(ticket.text, encoding="utf-8")
    (tmp_path / "facts.json").write_text(make_facts(ticket).model_dump_json(), encoding="utf-8")
    (tmp_path / "report.json").write_text(json.dumps(REPORT), encoding="utf-8")
    (tmp_path / "brief.txt").write_text("ESCALATION: nothing\nSeverity: High\n", encoding="utf-8")
    return {path.stem: str(path) for path in tmp_path.iterdir()}


REPORT = {
    "language": "en",
    "understandable": True,
    **{name: [] for name in FactsReport.model_fields if name not in ("language", "understandable")},
    "measures": [
        {"kind": "error_code", "value": "ERR_5031", "asserted_by": "customer", "quote": "ERR_5031"},
    ],
}


def test_decide_loads_neither_network_nor_anything_heavy(files: dict[str, str]) -> None:
    loaded = imported("decide", files["facts"], "--now", "2026-11-23T09:00Z", "--format", "json")
    assert loaded & (NETWORK | HEAVY) == set()
    assert "pydantic" in loaded  # the probe does see what is loaded


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("run", "--help"),
        ("mcp", "--help"),
        ("chat", "--help"),
        ("decide", "--help"),
        ("schema",),
        ("schema", "facts"),
        ("policy",),
    ],
)
def test_help_schema_and_policy_load_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert imported(*arguments) & (NETWORK | HEAVY) == set()


def test_schema_and_help_do_without_pydantic() -> None:
    assert "pydantic" not in imported("schema", "facts")
    assert "pydantic" not in imported("--help")


def test_check_and_validate_load_no_network(files: dict[str, str]) -> None:
    assert imported("check", files["ticket"], files["report"]) & NETWORK == set()
    arguments = ("validate", files["brief"], "--ticket", files["ticket"], "--facts", files["report"])
    assert imported(*arguments, codes=(3,)) & NETWORK == set()


def test_a_chat_through_a_pipe_loads_neither_editor_nor_sdk(files: dict[str, str]) -> None:
    loaded = imported("chat", files["ticket"], "--backend", "offline")
    assert loaded & {"anthropic", "httpx2", "httpcore2", "prompt_toolkit", "sqlalchemy"} == set()
    assert "rich" in loaded


def test_an_offline_run_loads_no_sdk(files: dict[str, str]) -> None:
    loaded = imported("run", files["ticket"], "--backend", "offline", codes=(0, 3))
    assert loaded & {"anthropic", "httpx2", "httpcore2"} == set()
