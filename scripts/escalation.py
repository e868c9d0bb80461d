#!/usr/bin/env python3
"""The command `escalation`, callable by absolute path from any folder: python3 /path/to/scripts/escalation.py run -

Finds the program beside itself, not in the working directory. Where Python is too old or packages are missing it
says so, with the one command that installs them: a line on stderr, and a JSON object on stdout for whoever parses.
Written so that an old Python can still read it far enough to say that.
"""

import json
import os
import sys

OLDEST_PYTHON = (3, 11)
OLDEST_PYDANTIC = 2
# Import names of what pyproject.toml asks for. Without pydantic nothing works; the keyless verbs need no other.
NEEDED = (
    "pydantic",
    "jinja2",
    "anthropic",
    "tenacity",
    "charset_normalizer",
    "inscriptis",
    "dateparser",
    "text_to_num",
    "holidays",
    "sqlalchemy",
    "alembic",
    "platformdirs",
    "icalendar",
    "snowballstemmer",
    "stopwordsiso",
    "standardwebhooks",
    "httpx2",
    "prompt_toolkit",
    "rich",
)
SECOND_TRY = "ESCALATION_SECOND_TRY"  # set in the environment's own interpreter, so that it is tried once
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(os.path.realpath(__file__))))


def missing_packages():
    """The packages that this interpreter cannot import."""
    from importlib.util import find_spec

    return [name for name in NEEDED if find_spec(name) is None]


def own_interpreter():
    """The interpreter of `.venv` beside this folder, or None. scripts/dev.py makes it."""
    for parts in (("bin", "python"), ("Scripts", "python.exe")):
        path = os.path.join(ROOT, ".venv", *parts)
        if os.path.exists(path):
            return path
    return None


def give_up(problem):
    """Say what is missing and how to get it. Returns exit code 2, as for any other bad input."""
    install = 'python3 "%s" install' % os.path.join(ROOT, "scripts", "dev.py")
    sys.stderr.write("escalation: %s: install with: %s\n" % (problem, install))
    if not sys.stdout.isatty():
        sys.stdout.write(json.dumps({"error": problem, "install": install}) + "\n")
    return 2


def hand_over(interpreter):
    """Run the same command with that interpreter. Does not return."""
    os.environ[SECOND_TRY] = "1"
    command = [interpreter, os.path.abspath(__file__)] + sys.argv[1:]
    if sys.stdout is not None:  # closed by the caller
        sys.stdout.flush()
    if os.name == "nt":  # exec there would return to the shell before the command is done
        import subprocess

        sys.exit(subprocess.call(command))
    os.execv(interpreter, command)


def main():
    """Run the program, here or with the interpreter that has its packages."""
    too_old = sys.version_info < OLDEST_PYTHON
    missing = () if too_old else missing_packages()
    if too_old or missing:
        interpreter = own_interpreter()
        if interpreter is not None and SECOND_TRY not in os.environ:
            hand_over(interpreter)
    if too_old:
        found = "%d.%d" % sys.version_info[:2]
        return give_up("Python %d.%d or newer is needed, this is %s" % (OLDEST_PYTHON + (found,)))
    if "pydantic" in missing:
        return give_up("packages are missing: " + ", ".join(missing))
    import pydantic

    if int(pydantic.VERSION.partition(".")[0]) < OLDEST_PYDANTIC:
        return give_up("pydantic %s is too old" % pydantic.VERSION)
    # First of all: a folder `agent` in the working directory, or an installed one, must not be taken for ours.
    sys.path.insert(0, ROOT)
    from agent.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
