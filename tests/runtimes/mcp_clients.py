"""The MCP server with the protocol's own clients.

The Inspector calls every tool over both transports, on the ticket; the conformance suite asks what holds for all.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.backends.offline import OfflineBackend
from agent.grounding.ground import ground
from schemas.decision import Decision
from tests.runtimes.bench import Bench, Failed, Place
from tests.runtimes.clients import ROOT
from tests.runtimes.proof import holds, same_as_printed
from tests.runtimes.road import misstated, ticket_of, written

TRANSPORTS = ("stdio", "http")
SECOND = ROOT / "examples" / "critical-portal-down.txt"  # to compare with
Call = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass
class Inspector:
    """One connection of `mcpdo` to the server. `called` are the tools so far."""

    place: Place
    transport: str
    environment: dict[str, str]
    called: set[str] = field(default_factory=set)

    def ask(self, *command: str | Path) -> Any:
        """What a command prints."""
        program = self.place.bench.clients.program("inspector")
        options = ["--format", "json", "--connection", self.transport]
        return json.loads(self.place.run([program, *options, *command], self.environment))

    def call(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """A tool's structured answer; the Inspector itself holds it against the tool's schema."""
        self.called.add(name)
        answer: dict[str, Any] = self.ask("tools/call", name, json.dumps(values))["structuredContent"]
        return answer


def by_the_inspector(bench: Bench) -> str:
    """Each tool of the server, called by `mcpdo` over stdio and over HTTP."""
    reports = []
    for transport in TRANSPORTS:
        place = bench.place(f"inspector-{transport}")
        with inspected(place, transport) as inspector:
            offered = {tool["name"] for tool in inspector.ask("tools/list")["tools"]}
            every_tool(place, inspector.call)
            holds(inspector.called == offered, f"not called: {sorted(offered - inspector.called)}")
            prompts = [prompt["name"] for prompt in inspector.ask("prompts/list")["prompts"]]
            for name in prompts:
                holds(bool(inspector.ask("prompts/get", name)["messages"]), f"the prompt {name} is empty")
            resources = [resource["uri"] for resource in inspector.ask("resources/list")["resources"]]
            holds(bool(inspector.ask("resources/read", resources[0])["contents"]), f"{resources[0]} is empty")
        code, timeline = place.escalation("timeline", "ESC-1", ledger=place.folder / "ledger.db")
        holds(code == 0 and "The cause is being looked for." in timeline, f"the ledger's timeline: {timeline[:300]}")
        reports.append(f"{transport}: {len(offered)} tools, {len(prompts)} prompts, {len(resources)} resources")
    return "; ".join(reports)


def every_tool(place: Place, call: Call) -> None:
    """The road and the ledger, as an agent goes through them."""
    ticket = ticket_of(place.bench.ticket_text)
    report = OfflineBackend().extract(ticket)
    (place.project / "ticket.txt").write_text(place.bench.ticket_text, encoding="utf-8")
    (place.project / "facts.json").write_text(report.model_dump_json(), encoding="utf-8")

    case = call("read_ticket", {"ticket": place.bench.ticket_text})["case"]
    call("guide", {"topic": "reading"})
    checked = call("check_facts", {"case": case, "report": report.model_dump(mode="json")})
    holds(not checked["removed"], f"removed: {checked['removed']}")
    decided = call("decide", {"case": case})["decision"]
    arguments = ("facts.json", "--ticket", "ticket.txt", "--format", "json", "--now", decided["decided_at"])
    same_as_printed(place, decided, "decide", *arguments)
    outline = call("skeleton", {"case": case})["outline"]
    holds(f"Severity: {decided['severity'].capitalize()}" in outline, "no outline came back")
    call("guide", {"topic": "writing"})
    brief = written(ticket, ground(ticket, report), Decision.model_validate(decided))
    verdicts = [call("validate_brief", {"case": case, "brief": text}) for text in (misstated(brief), brief)]
    holds([verdict["valid"] for verdict in verdicts] == [False, True], f"the verdicts are {verdicts}")

    opened = call("open_escalation", {"case": case, "by": "Ana Lima", "despite": "Runtimes"})
    holds(opened["became"] == "opened", f"became {opened['became']}: {opened}")
    number = opened["id"]
    other = call("run_ticket", {"ticket": SECOND.read_text(encoding="utf-8"), "backend": "offline"})["case"]
    found = call("find_similar", {"case": other})
    holds(found["open_escalation"] is None, "another ticket has this one's escalation")
    first = call("find_similar", {"case": case})["ticket"]
    call("judge_same", {"this": other, "other": first, "same": False, "why": "Another product fails"})
    call("record_step", {"id": number, "step": "acknowledge", "by": "Jo Park"})
    call("log_update", {"id": number, "to": "customer", "text": "The cause is being looked for.", "by": "Ana Lima"})
    raised = {"id": number, "kind": "severity", "severity": "critical", "evidence": "It stands still"}
    call("record_person_decision", raised | {"by": "Ana Lima", "why": "The account's head called"})
    shown = call("show_escalation", {"id": number, "timeline": True, "why_due": True})
    holds(shown["record"]["severity"] == "critical", f"the record is {shown['record']}")
    holds(len(call("list_escalations", {})["escalations"]) == 1, "it is not in the list")
    holds(bool(call("due", {"ahead": 8000})["due"]), "nothing is due")
    instead = {"outcome": "handle", "by": "Ana Lima", "why": "It was settled on the phone"}
    overridden = call("override_decision", {"case": other} | instead)["decision"]
    holds(overridden["override"]["by"] == "Ana Lima", "the decision is not the person's")


@contextmanager
def inspected(place: Place, transport: str) -> Iterator[Inspector]:
    """The server, connected."""
    inspector = Inspector(place, transport, environment_of(place))
    settings = place.folder / "mcp.json"
    with server(place, transport, inspector.environment) as entry:
        settings.write_text(json.dumps({"mcpServers": {transport: entry}}), encoding="utf-8")
        inspector.ask("--config", settings, "connect", transport)
        try:
            yield inspector
        finally:
            inspector.ask("daemon", "stop")


def by_the_conformance_suite(bench: Bench) -> str:
    """All scenarios for servers, twice: as the server is, and with the suite's own names leading to its tools."""
    from tests.runtimes.conformance_server import SCENARIOS

    place = bench.place("conformance")
    environment = environment_of(place)
    with server(place, "http", environment) as entry:
        plain = passed(place, entry["url"], "plain")
    holds(plain >= APPLY, f"did not pass: {sorted(APPLY - plain)}")
    command = ["python3", "-m", "tests.runtimes.conformance_server", str(bench.ticket)]
    with serving(command, place.folder / "clone", environment) as url:
        renamed = passed(place, url, "renamed")
    holds(renamed >= set(SCENARIOS), f"did not pass: {sorted(set(SCENARIOS) - renamed)}")
    return f"{len(plain)} scenarios passed, {len(renamed - plain)} more with the suite's names for our tools"


def passed(place: Place, url: str, name: str) -> set[str]:
    """The scenarios that passed. Those that did not must be about something that is not ours, else this fails."""
    results = place.folder / name
    command: list[str | Path] = [
        place.bench.clients.program("conformance"),
        "server",
        "--url",
        url,
        "--suite",
        "all",
        "-o",
        results,
    ]
    # Its exit code counts the scenarios that ask for the suite's own server, too.
    place.run(command, environment_of(place), codes=(0, 1))
    found, failed = set(), []
    for path in sorted(results.glob("*/checks.json")):
        scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT.*$", "", path.parent.name)
        checks = json.loads(path.read_text(encoding="utf-8"))
        complaints = [str(check.get("errorMessage")) for check in checks if check["status"] == "FAILURE"]
        failed += [f"{scenario}: {complaint}" for complaint in complaints if not NOT_OURS.search(complaint)]
        if not complaints and any(check["status"] == "SUCCESS" for check in checks):
            found.add(scenario)
    holds(not failed, f"failed: {failed}")
    return found


# What holds for every server.
APPLY = {
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "completion-complete",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
}
# The suite's own tools, prompts and resources; logging and subscriptions, which the server does not say that it has.
NOT_OURS = re.compile(r"'test_\w+'|'json_schema_2020_12_tool'|'test://|-32601: Method not found")


def environment_of(place: Place) -> dict[str, str]:
    """An environment with the packages, and a ledger of its own."""
    return place.environment(python=place.bench.clients.python()) | {
        "ESCALATION_DB": str(place.folder / "ledger.db"),
        "MCP_INSPECTOR_SECRET_STORE": "memory",
    }


@contextmanager
def server(place: Place, transport: str, environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The server's entry in a client's settings, started from a copy of the project; over HTTP it runs meanwhile."""
    launcher = place.bench.clone(place.folder / "clone") / "scripts" / "escalation.py"
    command = ["python3", str(launcher), "mcp", "--folder", str(place.project)]
    if transport == "stdio":
        yield {"type": "stdio", "command": command[0], "args": command[1:], "env": environment}
        return
    with serving([*command, "--http", "--port", "0", "--no-token"], place.project, environment) as url:
        yield {"type": "http", "url": url}


@contextmanager
def serving(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A server while it runs; the address that it says."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said: list[str] = []
            for line in process.stdout:
                said.append(line)
                if found := re.search(r"http://\S+", line):
                    yield found[0]
                    return
            raise Failed(f"the server ended and said {''.join(said)!r}")
        finally:
            process.terminate()
