"""claude-agent-sdk, from Python: with the skill of a project, and with the tools in the same process."""

import json
from pathlib import Path

from tests.runtimes.bench import Bench
from tests.runtimes.proof import holds, road_was_walked, tools_were_used
from tests.runtimes.road import SKILL, offline_reader, with_the_skill, with_the_tools

CLIENT = Path(__file__).parent / "agent_sdk_client.py"
EXAMPLE = "examples/agent_sdk_tools.py"


def with_a_skill(bench: Bench) -> str:
    """`skills=["escalation"]` and the project's settings."""
    place = bench.place("agent-sdk-skill")
    installed = bench.clone(place.project / ".claude" / "skills" / SKILL)
    python = bench.clients.python()
    with place.api(with_the_skill(offline_reader)) as api:
        said = place.run([python, CLIENT, bench.request], place.environment(api, python=python))
    result = json.loads(said)
    report = road_was_walked(place, api, installed)
    holds(not result["is_error"], f"the SDK reports {result}")
    return report


def with_tools_in_process(bench: Bench) -> str:
    """The example that the project ships, as it stands."""
    place = bench.place("agent-sdk-tools")
    (place.project / "ticket.txt").write_text(bench.ticket_text, encoding="utf-8")
    python = bench.clients.python()
    with place.api(with_the_tools()) as api:
        said = place.run([python, bench.source / EXAMPLE, "ticket.txt"], place.environment(api, python=python))
    report = tools_were_used(place, api)
    holds("Severity: " in said, f"the example prints {said[:300]!r}")
    return report
