"""Ask for known vulnerabilities in the packages that this project brings, with pip-audit and PyPI's database.

    python3 scripts/dev.py audit

Looked at is what stands in .venv: the program's own packages, those of its extras but agent-sdk, and the developers'
tools. Not pip and setuptools: the interpreter puts them into each new environment, the project does not.
Exit codes: 0 the database knows all packages and nothing against them, 1 a vulnerability is known, 3 the database could
not be reached, or does not know a package, and nothing is known against the others.
"""

import json
import subprocess
import sys
import tempfile
from importlib.metadata import distributions

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 3
NOT_LOOKED_AT = {"escalation", "pip", "setuptools"}
LONGEST = 600  # seconds; one request for each package


def installed():
    """The packages of this environment, pinned."""
    found = {dist.metadata["Name"].lower().replace("_", "-"): dist.version for dist in distributions()}
    return sorted("%s==%s" % pair for pair in found.items() if pair[0] not in NOT_LOOKED_AT)


def ask(pins):
    """What pip-audit prints as JSON about these packages, and its last word on stderr."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins) + "\n")
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--requirement", file.name, "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--desc", "off", "--progress-spinner", "off"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
        except subprocess.TimeoutExpired:
            return "", "no answer within %d s" % LONGEST
    return done.stdout, (done.stderr.strip().splitlines() or [""])[-1]


def verdict(printed, said, count):
    """The lines to print and the exit code. pip-audit itself ends with 0 where the database knew no package at all."""
    try:
        packages = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    answered = [package for package in packages if "skip_reason" not in package]
    bad = [package for package in answered if package["vulns"]]
    if bad:
        lines = []
        for package in bad:
            for known in package["vulns"]:
                mended = ", ".join(known["fix_versions"]) or "no version"
                lines.append("%s %s: %s, mended in %s" % (package["name"], package["version"], known["id"], mended))
        return lines, VULNERABLE
    if not answered:
        why = said if not packages else "it answers for none of them"
        text = "the vulnerability database could not be reached, so nothing is known about these %d packages (%s)"
        return [text % (count, why[:200])], UNKNOWN
    if len(answered) < count:
        names = {pin["name"] for pin in packages} - {package["name"] for package in answered}
        text = "no known vulnerability in %d packages; the database does not know %s"
        return [text % (len(answered), ", ".join(sorted(names)) or "the others")], UNKNOWN
    return ["no known vulnerability in %d packages" % count], CLEAN


def main():
    """The command. Returns the exit code."""
    pins = installed()
    lines, code = verdict(*ask(pins), len(pins))
    for line in lines:
        (sys.stderr if code else sys.stdout).write("audit: %s\n" % line)
    return code


if __name__ == "__main__":
    sys.exit(main())
