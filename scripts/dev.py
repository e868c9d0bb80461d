#!/usr/bin/env python3
"""Run or test the project from a fresh clone, with nothing but Python 3.11 or newer.

    python3 scripts/dev.py run TICKET       any verb of `escalation` with its arguments; - is stdin
    python3 scripts/dev.py mcp              the MCP server, with the packages that it needs
    python3 scripts/dev.py test             the tests; further arguments go to pytest
    python3 scripts/dev.py lint             ruff and mypy
    python3 scripts/dev.py docs             write the generated files anew: schemas, docs, references
    python3 scripts/dev.py eval             how good it is: the suites, their report, comparisons; see `eval --help`
    python3 scripts/dev.py fuzz             hostile input, guided by coverage; see docs/robustness.md and `fuzz --help`
    python3 scripts/dev.py bench            the benchmark's figures; `bench ledger`: those of a large ledger;
                                            `bench peers`: beside other libraries, in .venv-bench; `bench batch`:
                                            many tickets at once; `bench page`: the page in a real browser
    python3 scripts/dev.py screenshots      take the pictures of docs/screens anew; needs Chromium
    python3 scripts/dev.py bundle           the skill with its packages as one zip; see `bundle --help`
    python3 scripts/dev.py package          sdist, wheel, bill of materials, and their proof; see docs/supply.md
    python3 scripts/dev.py audit            known vulnerabilities in the packages of .venv
    python3 scripts/dev.py lowest           tests with the oldest packages that pyproject.toml allows
    python3 scripts/dev.py runtimes         drive the skill and its tools with real clients; see docs/runtimes.md
    python3 scripts/dev.py install          only make .venv

The first call makes `.venv` and installs the project into it; later calls start at once, until pyproject.toml changes.
What is called decides the exit code. 2: the environment could not be made; stderr says why.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(os.path.realpath(__file__))))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed.txt")
REQUIREMENTS = "pyproject.toml"
LOG_LINES_SHOWN = 15
RUNTIME, HOSTS, EVALS, DEVELOPMENT = ".", ".[mcp]", ".[evals]", ".[dev]"
SUPPLY, FUZZING = ".[dev,supply]", ".[dev,supply,fuzz]"
PEERS = os.path.join("evals", "bench", "peers.txt")
ENOUGH = {
    RUNTIME: (RUNTIME, HOSTS, EVALS, DEVELOPMENT, SUPPLY, FUZZING),
    HOSTS: (HOSTS, DEVELOPMENT, SUPPLY, FUZZING),
    EVALS: (EVALS, DEVELOPMENT, SUPPLY, FUZZING),
    DEVELOPMENT: (DEVELOPMENT, SUPPLY, FUZZING),
    SUPPLY: (SUPPLY, FUZZING),
    FUZZING: (FUZZING,),
    PEERS: (PEERS,),
}

LINT = (("-m", "ruff", "check", "."), ("-m", "ruff", "format", "--check", "."), ("-m", "mypy"))
DOCS = (
    ("-m", "schemas.export"),
    ("-m", "agent.policy.docs"),
    ("-m", "agent.commands.docs"),
    ("-m", "agent.redaction.detector"),
    ("scripts/references.py",),
)


class Trouble(Exception):
    """The environment cannot be made. The message is for a person."""


def tell(text):
    """A note on stderr; stdout belongs to the command that is run."""
    sys.stderr.write("dev: %s\n" % text)
    sys.stderr.flush()


def interpreter_of_venv():
    """Where the environment's interpreter stands, or would stand."""
    return os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")


def fingerprint():
    """Changes whenever an installed environment no longer fits: other requirements, another folder."""
    with open(os.path.join(ROOT, REQUIREMENTS), "rb") as file:
        return hashlib.sha256(file.read() + ROOT.encode("utf-8", "surrogateescape")).hexdigest()


def installed():
    """What the stamp says was installed completely for this fingerprint: RUNTIME, EVALS, DEVELOPMENT or nothing."""
    try:
        with open(STAMP) as file:
            mark, what = file.read().split()
    except (OSError, ValueError):
        return ""
    return what if mark == fingerprint() and os.path.exists(interpreter_of_venv()) else ""


def ensure(what):
    """Make or mend the environment if needed, and return its interpreter."""
    if installed() not in ENOUGH[what]:
        with Lock():
            if installed() not in ENOUGH[what]:  # else another call made it meanwhile
                install(what)
    return interpreter_of_venv()


def install(what):
    """Make the environment and install into it. The stamp is written last: an interrupted install is done again."""
    if os.path.exists(STAMP):
        os.unlink(STAMP)
    python = interpreter_of_venv()
    if not runs(python):
        make_venv()
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--requirement" if what == PEERS else "--editable", what]
    step("installing the packages into %s (once)" % os.path.basename(VENV), command)
    with open(STAMP + ".new", "w") as file:
        file.write("%s %s\n" % (fingerprint(), what))
    os.replace(STAMP + ".new", STAMP)


def ensure_peers():
    """As `ensure`, in an environment apart: the peers of the benchmark want other packages than the program does."""
    global VENV, STAMP, REQUIREMENTS
    VENV = os.path.join(ROOT, ".venv-bench")
    STAMP, REQUIREMENTS = os.path.join(VENV, "installed.txt"), PEERS
    return ensure(PEERS)


def make_venv():
    """A new environment in `.venv`, by the first way that this machine offers."""
    if os.path.lexists(VENV):
        if not os.path.exists(os.path.join(VENV, "pyvenv.cfg")) and os.listdir(VENV):
            raise Trouble("%s is there but is no virtual environment: move it away and run again" % VENV)
        tell("the environment in .venv does not work any more (or was never finished): making it anew")
        shutil.rmtree(VENV)
    for command in ways_to_make_venv():
        try:
            step("making .venv (once)", command)
        except Trouble:
            shutil.rmtree(VENV, ignore_errors=True)  # half an environment is worse than none
            if command[0] == "uv":
                raise
            continue
        if runs(interpreter_of_venv()):
            return
    raise Trouble(
        "no virtual environment can be made: this Python has no ensurepip. Install it (Debian, Ubuntu: "
        "`sudo apt install python3-venv`) or virtualenv (`python3 -m pip install --user virtualenv`), and run again"
    )


def ways_to_make_venv():
    """The commands to try, in order."""
    from importlib.util import find_spec

    ways = []
    if find_spec("ensurepip") and find_spec("venv"):
        ways.append([sys.executable, "-m", "venv", VENV])
    if find_spec("virtualenv"):
        ways.append([sys.executable, "-m", "virtualenv", "--quiet", "--python", sys.executable, VENV])
    elif shutil.which("virtualenv"):
        ways.append(["virtualenv", "--quiet", "--python", sys.executable, VENV])
    if shutil.which("uv"):
        ways.append(["uv", "venv", "--seed", "--python", sys.executable, VENV])
    return ways


def runs(python):
    """Whether this interpreter starts and is new enough."""
    test = "import sys; sys.exit(sys.version_info[:2] < (%d, %d))" % OLDEST_PYTHON
    try:
        return subprocess.call([python, "-c", test], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def step(what, command):
    """Run one step of the installation with its seconds on stderr. Its own output is shown only if it fails."""
    on_terminal = sys.stderr.isatty()
    if not on_terminal:
        tell(what + " …")
    started = time.time()
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            while child.poll() is None:
                if on_terminal:
                    sys.stderr.write("\r\033[Kdev: %s … %d s" % (what, time.time() - started))
                    sys.stderr.flush()
                time.sleep(0.1)
        except BaseException:  # Ctrl-C above all: leave no child behind that goes on writing
            child.kill()
            child.wait()
            raise
        finally:
            if on_terminal:
                sys.stderr.write("\r\033[K")
        if child.returncode:
            log.seek(0)
            lines = log.read().decode("utf-8", "replace").strip().splitlines()[-LOG_LINES_SHOWN:]
            raise Trouble("%s failed (`%s`):\n  %s" % (what, " ".join(command), "\n  ".join(lines)))
    tell("%s: done in %d s" % (what, time.time() - started))


class Lock:
    """Two calls at once must not install into one environment. The system frees it if its holder dies."""

    def __enter__(self):
        self.handle = None
        try:
            import fcntl
        except ImportError:  # not on Windows; there the second installation merely repeats the first
            return
        self.handle = os.open(ROOT, os.O_RDONLY)
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell("another call is making .venv: waiting for it")
            fcntl.flock(self.handle, fcntl.LOCK_EX)

    def __exit__(self, *_):
        if self.handle is not None:
            os.close(self.handle)


def newer_python():
    """The path of an interpreter on this machine that is new enough, or None."""
    return next((path for path in map(shutil.which, NEWER_PYTHONS) if path and runs(path)), None)


def become(command, folder=None):
    """Run a command in place of this one, with its signals and its exit code."""
    if folder:
        os.chdir(folder)
    if sys.stdout is not None:  # closed by the caller
        sys.stdout.flush()
    if os.name == "nt":  # exec there would return to the shell before the command is done
        return subprocess.call(command)
    return os.execv(command[0], command)


def each(python, commands):
    """Run all, and return the first exit code that is not 0."""
    codes = [subprocess.call((python,) + command, cwd=ROOT) for command in commands]
    return next((code for code in codes if code), 0)


def main(arguments):
    """Dispatch. Returns the exit code, or does not return."""
    if sys.version_info < OLDEST_PYTHON:
        python = newer_python()
        if python is None:
            raise Trouble("Python %d.%d or newer is needed, and none was found on the PATH" % OLDEST_PYTHON)
        return become([python, os.path.abspath(__file__)] + arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(__doc__)
        return 0 if arguments else 2
    verb, rest = arguments[0], arguments[1:]
    if verb == "install":
        ensure(RUNTIME)
        return 0
    if verb == "test":
        return become([ensure(DEVELOPMENT), "-m", "pytest"] + rest, ROOT)
    if verb == "lint":
        return each(ensure(DEVELOPMENT), LINT)
    if verb == "docs":
        return each(ensure(DEVELOPMENT), DOCS)
    if verb == "eval":
        return become([ensure(EVALS), os.path.join(ROOT, "evals", "__main__.py")] + rest)
    if verb == "fuzz":
        return become([ensure(FUZZING), "-m", "evals.fuzz.run"] + rest, ROOT)
    if verb == "bundle":
        return become([ensure(RUNTIME), os.path.join(ROOT, "scripts", "bundle.py")] + rest)
    if verb in ("package", "audit", "lowest"):
        return become([ensure(SUPPLY), os.path.join(ROOT, "scripts", verb + ".py")] + rest)
    if verb == "runtimes":
        return become([ensure(HOSTS), "-m", "tests.runtimes"] + rest, ROOT)
    if verb == "bench" and rest[:1] == ["peers"]:
        return become([ensure_peers(), "-m", "evals.bench.peers"] + rest[1:], ROOT)
    if verb == "bench" and rest[:1] == ["batch"]:
        return become([ensure(EVALS), "-m", "evals.bench.batch"] + rest[1:], ROOT)
    if verb == "bench" and rest[:1] == ["page"]:
        return become([ensure(DEVELOPMENT), "-m", "evals.bench.page"] + rest[1:], ROOT)
    if verb == "screenshots":
        return become([ensure(DEVELOPMENT), "-m", "evals.browser.screenshots"] + rest, ROOT)
    if verb == "bench":
        return become([ensure(RUNTIME), os.path.join(ROOT, "evals", "bench", "bench.py")] + rest)
    needed = HOSTS if verb == "mcp" else RUNTIME
    return become([ensure(needed), os.path.join(ROOT, "scripts", "escalation.py")] + arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        tell(trouble)
        sys.exit(2)
    except KeyboardInterrupt:
        tell("interrupted; the next call goes on")
        sys.exit(130)
