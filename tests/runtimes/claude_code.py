"""Claude Code: the skill in a project, as a plugin's folder, installed from the marketplace; and the MCP server."""

import json
import os
from pathlib import Path

from tests.runtimes import mcp_clients
from tests.runtimes.bench import Bench, Place
from tests.runtimes.proof import holds, road_was_walked, tools_were_used
from tests.runtimes.road import SKILL, offline_reader, with_the_skill, with_the_tools

MARKETPLACE = "https://git.example.invalid/escalation.git"
FILE_REQUEST = "Does this have to go up, and to whom? The ticket's file: ticket.txt"
# What the skill needs and no more: its own commands, and the files of the working folder.
ALLOWED = "Skill,Bash(python3:*),Read,Write"


def as_project_skill(bench: Bench) -> str:
    """.claude/skills/escalation in a project; the packages are in the environment that the user has activated."""
    place = bench.place("claude-project")
    installed = bench.clone(place.project / ".claude" / "skills" / SKILL)
    return walk(place, installed, bench.clients.python())


def as_plugin_folder(bench: Bench) -> str:
    """--plugin-dir, on a clone."""
    place = bench.place("claude-plugin-dir")
    installed = bench.clone(place.folder / "clone")
    return walk(place, installed, bench.clients.python(), "--plugin-dir", str(installed))


def from_the_marketplace(bench: Bench) -> str:
    """The repository as a marketplace; the packages come by `dev.py install` in the installed folder."""
    place = bench.place("claude-marketplace")
    claude = bench.clients.program("claude-code")
    marketplace = json.loads((bench.source / ".claude-plugin" / "marketplace.json").read_text(encoding="utf-8"))
    # Behind the proxy: with a key, the client asks its maker's API each time, and waits where nobody refuses.
    with place.api(with_the_skill(offline_reader)) as api:
        environment = place.environment(api)
        # A marketplace that is a folder would be read where it lies. So it is a URL, which git finds on this disk.
        rewrite = f"url.{bench.source.as_uri()}.insteadOf"
        place.run(["git", "config", "--global", rewrite, MARKETPLACE], environment)
        place.run([claude, "plugin", "marketplace", "add", MARKETPLACE], environment)
        place.run([claude, "plugin", "install", f"{SKILL}@{marketplace['name']}"], environment)
        listed = json.loads(place.run([claude, "plugin", "list", "--json"], environment))
    installed = Path(next(plugin["installPath"] for plugin in listed if plugin["id"].startswith(f"{SKILL}@")))
    holds(installed.is_relative_to(place.home), f"installed outside the home: {installed}")
    # With the settings for pip of whoever runs this: a user would have them.
    place.run(["python3", installed / "scripts" / "dev.py", "install"], dict(os.environ))
    return walk(place, installed, None)


def walk(place: Place, installed: Path, python: Path | None, *options: str) -> str:
    """One conversation, and what must be true after it."""
    claude = place.bench.clients.program("claude-code")
    with place.api(with_the_skill(offline_reader)) as api:
        said = place.run(
            [claude, "-p", place.bench.request, "--output-format", "json", "--allowedTools", ALLOWED, *options],
            place.environment(api, python=python),
        )
    result = json.loads(said)
    report = road_was_walked(place, api, installed)
    holds(not result["permission_denials"], f"refused by the client: {result['permission_denials']}")
    holds(not api.outside, f"the client wanted to reach {api.outside}")
    return report


def with_the_mcp_server(bench: Bench) -> str:
    """The tools of `escalation mcp`, started by the client over stdio, and reached over HTTP."""
    reports = []
    for transport in mcp_clients.TRANSPORTS:
        place = bench.place(f"claude-mcp-{transport}")
        (place.project / "ticket.txt").write_text(bench.ticket_text, encoding="utf-8")
        environment = mcp_clients.environment_of(place)
        with mcp_clients.server(place, transport, environment) as entry, place.api(with_the_tools()) as api:
            settings = place.folder / "mcp.json"
            settings.write_text(json.dumps({"mcpServers": {SKILL: entry}}), encoding="utf-8")
            options: list[str | Path] = [
                "--mcp-config",
                settings,
                "--strict-mcp-config",
                "--allowedTools",
                f"mcp__{SKILL}",
            ]
            command = [bench.clients.program("claude-code"), "-p", FILE_REQUEST, "--output-format", "json", *options]
            place.run(command, place.environment(api, python=bench.clients.python()))
        reports.append(f"{transport}: {tools_were_used(place, api)}")
    return "; ".join(reports)
