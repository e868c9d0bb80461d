#!/usr/bin/env python3
"""The command `escalation`, callable by absolute path from any folder: python3 /path/to/scripts/escalation.py run -

Finds the program beside itself, not in the working directory, and its packages in the first of these places:

1. the interpreter that runs it, if it has them all;
2. `.venv` beside the program: made here, for this machine, with all packages;
3. `vendor` beside the program, in a bundle, if it was made for this interpreter. It leaves out what needs a network
   or a terminal, so it comes after what has everything. It is put before the interpreter's own packages: of a
   partial set there, not one is mixed with those that the bundle was tested with;
4. the interpreter that runs it, if it has at least pydantic.

Where Python is too old or packages are missing it says so, with the one command that installs them: a line on stderr,
and a JSON object on stdout for whoever parses. Written so that an old Python can still read it far enough to say that.
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
    "starlette",
    "uvicorn",
    "python_multipart",
)
SECOND_TRY = "ESCALATION_SECOND_TRY"  # set in the environment's own interpreter, so that it is tried once
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(os.path.realpath(__file__))))
VENDOR = os.path.join(ROOT, "vendor")


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


def platform_tag():
    """What compiled packages must be made for to work here, as scripts/bundle.py names it."""
    kind = "cp" if sys.implementation.name == "cpython" else sys.implementation.name
    try:
        glibc = "CS_GNU_LIBC_VERSION" in os.confstr_names and os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):  # not on Windows; another C library
        glibc = None
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "unknown")
    return "%s%d%d-%s-%s" % ((kind,) + sys.version_info[:2] + ("manylinux" if glibc else sys.platform, machine))


def bundled():
    """The platforms that a bundle has packages for, by folder name; none where this is no bundle."""
    try:
        return sorted(os.listdir(VENDOR))
    except OSError:
        return []


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
    platforms = bundled() if missing else []
    if platform_tag() in platforms:
        sys.path.insert(0, os.path.join(VENDOR, platform_tag()))
    elif "pydantic" in missing:
        problem = "packages are missing: " + ", ".join(missing)
        if platforms:
            problem += "; those in the bundle are for %s, this is %s" % (", ".join(platforms), platform_tag())
        return give_up(problem)
    import pydantic

    if int(pydantic.VERSION.partition(".")[0]) < OLDEST_PYDANTIC:
        return give_up("pydantic %s is too old" % pydantic.VERSION)
    # First of all: a folder `agent` in the working directory, or an installed one, must not be taken for ours.
    sys.path.insert(0, ROOT)
    from agent.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
