"""Drive the skill and its tools with real clients, against a model on loopback: python3 scripts/dev.py runtimes [NAME…]

    --list           the names
    --without NAME   leave one out that cannot be installed here; may be repeated
    --keep           leave the working folders, and say where they are

One line for each check with its seconds. Ends with 1 if one failed or could not be run.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.runtimes import agent_sdk, claude_code, folder, mcp_clients, other_runtimes, plugin_eval
from tests.runtimes.bench import Bench, Failed
from tests.runtimes.clients import Clients, NotInstalled
from tests.runtimes.messages_api import OffTheRoad

CHECKS: dict[str, Callable[[Bench], str]] = {
    "skills-ref": folder.by_the_specification,
    "plugin-validate": folder.by_the_plugin_format,
    "claude-project": claude_code.as_project_skill,
    "claude-plugin-dir": claude_code.as_plugin_folder,
    "claude-marketplace": claude_code.from_the_marketplace,
    "agent-sdk-skill": agent_sdk.with_a_skill,
    "agent-sdk-tools": agent_sdk.with_tools_in_process,
    "claude-mcp": claude_code.with_the_mcp_server,
    "opencode": other_runtimes.opencode,
    "pi": other_runtimes.pi,
    "skills-add": folder.by_skills_add,
    "plugin-eval": plugin_eval.graded,
    "inspector": mcp_clients.by_the_inspector,
    "conformance": mcp_clients.by_the_conformance_suite,
}
# What stands in the checkout would be found by clients that look upwards. The names of sockets must stay short.
OUTSIDE = Path("/var/tmp")


def main(arguments: list[str]) -> int:
    """Run the checks that are asked for. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="dev.py runtimes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--without", action="append", default=[], metavar="NAME")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args(arguments)
    if given.list:
        print("\n".join(CHECKS))
        return 0
    strange = {*given.names, *given.without} - set(CHECKS)
    if strange:
        parser.error(f"no check {', '.join(sorted(strange))}: use {', '.join(CHECKS)}")
    names = [name for name in given.names or CHECKS if name not in given.without]

    work = Path(tempfile.mkdtemp(prefix="esc-", dir=OUTSIDE if OUTSIDE.is_dir() else None)).resolve()
    bench = Bench(work, Clients.none_yet())
    print(f"ticket: {bench.ticket.name}", flush=True)
    bad = 0
    started = time.monotonic()
    try:
        for name in names:
            verdict, report, seconds = outcome(CHECKS[name], bench)
            bad += verdict != "ok"
            print(f"{verdict:8}{name:20}{seconds:6.1f} s  {report}", flush=True)
        took = time.monotonic() - started
        installing = sum(bench.clients.seconds.values())
        print(f"{len(names) - bad} of {len(names)} ok in {took:.0f} s, {installing:.0f} s of it for installing clients")
    finally:
        if given.keep:
            print(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if bad else 0


def outcome(check: Callable[[Bench], str], bench: Bench) -> tuple[str, str, float]:
    """Verdict, report and seconds of one check, without those of installing its client."""
    started, before = time.monotonic(), sum(bench.clients.seconds.values())
    try:
        verdict, report = "ok", check(bench)
    except (Failed, OffTheRoad) as failure:
        verdict, report = "FAILED", str(failure)
    except NotInstalled as failure:
        verdict, report = "not run", str(failure)
    except Exception as error:  # of a client's answer in a shape that nobody thought of; the others still run
        verdict, report = "FAILED", f"{type(error).__name__}: {error}"
    installing = sum(bench.clients.seconds.values()) - before
    return verdict, report, time.monotonic() - started - installing


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
