"""Run tests with the oldest direct dependencies that pyproject.toml allows, in an environment made for it.

    python3 scripts/dev.py lowest               a choice of tests in which every direct dependency works
    python3 scripts/dev.py lowest ARGUMENT...   pytest's arguments, such as tests

What they bring in turn is as new as it fits: those ranges are theirs. Needs an index that uv can reach.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = (
    "test_claude_backend",
    "test_chat_terminal",
    "test_eval_stats",
    "test_ledger_commands",
    "test_ledger_feed",
    "test_ledger_migrations",
    "test_mcp",
    "test_notation",
    "test_readers",
    "test_render",
    "test_sameness",
    "test_webhooks",
)


def main(arguments):
    """The command. Returns pytest's exit code, or uv's."""
    with tempfile.TemporaryDirectory(prefix="lowest") as folder:
        python = Path(folder, "Scripts/python.exe" if os.name == "nt" else "bin/python")
        uv = [sys.executable, "-m", "uv"]
        make = [*uv, "venv", "--quiet", "--python", sys.executable, folder]
        fill = [*uv, "pip", "install", "--quiet", "--python", python, "--resolution", "lowest-direct"]
        for command in (make, [*fill, "--editable", ".[dev]"]):
            code = subprocess.call(command, cwd=ROOT)
            if code:
                return code
        chosen = arguments or ["tests/%s.py" % name for name in TESTS]
        return subprocess.call([python, "-m", "pytest", "-p", "no:cacheprovider", *chosen], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
