"""The folder itself: what the skills specification and the plugin format ask, and its installation by `skills add`."""

import subprocess
from pathlib import Path

from tests.runtimes import claude_code
from tests.runtimes.bench import Bench
from tests.runtimes.proof import holds
from tests.runtimes.road import SKILL


def by_the_specification(bench: Bench) -> str:
    """`agentskills validate`, on a folder that has the skill's name."""
    place = bench.place("skills-ref")
    agentskills = bench.clients.python().parent / "agentskills"
    return place.run([agentskills, "validate", bench.source], place.environment()).strip().splitlines()[-1]


def by_the_plugin_format(bench: Bench) -> str:
    """`claude plugin validate --strict`: plugin and marketplace."""
    place = bench.place("plugin-validate")
    claude = bench.clients.program("claude-code")
    said = place.run([claude, "plugin", "validate", bench.source, "--strict"], place.environment())
    return said.strip().splitlines()[-1]


def by_skills_add(bench: Bench) -> str:
    """From a folder and from a repository's URL: all of the skill arrives, and Claude Code can use it."""
    reports = []
    for name, source in (("folder", str(bench.source)), ("url", bench.source.as_uri())):
        place = bench.place(f"skills-add-{name}")
        skills = bench.clients.program("skills")
        options = ["-s", SKILL, "-a", "claude-code", "--copy", "-y"]
        place.run([skills, "add", source, *options], place.environment() | {"DISABLE_TELEMETRY": "1"})
        installed = place.project / ".claude" / "skills" / SKILL
        missing = sorted(tracked(bench.source) - files(installed))
        holds(
            not any(needed(path) for path in missing), f"from a {name}, what the skill needs is missing: {missing[:5]}"
        )
        more = sorted(files(installed) - tracked(bench.source))
        holds(not more, f"from a {name}, more was installed than is tracked: {more[:5]}")
        claude_code.walk(place, installed, bench.clients.python())
        reports.append(
            f"{name}: {len(files(installed))} files" + (f", without {', '.join(missing)}" if missing else "")
        )
    return "; ".join(reports) + "; both walked by Claude Code"


def needed(path: str) -> bool:
    """Whether the skill or its program is made of it."""
    return path == "SKILL.md" or path.startswith(("agent/", "schemas/", "prompts/", "scripts/", "references/"))


def tracked(folder: Path) -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=folder, capture_output=True, text=True, check=True)
    return set(filter(None, listed.stdout.split("\0")))


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
