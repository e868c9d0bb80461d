"""docs/week.md, run: `python -m tests.week` writes what its commands print; a test compares."""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from agent.cli import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "week.md"
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(text: str, ledger: Path) -> str:
    """The page with what its commands print: each text block is what the last command before it said."""
    said = ""

    def run(match: re.Match[str]) -> str:
        nonlocal said
        if match.group(1) == "text":
            return f"```text\n{said.rstrip()}\n```"
        for line in match.group(2).replace("\\\n", " ").splitlines():
            said = _said(shlex.split(line)[1:])
        return match.group()

    with _surroundings(ledger):
        return _BLOCK.sub(run, text)


def _said(arguments: list[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    refused = "" if code in (0, 3) else err.getvalue()
    return out.getvalue() + refused


@contextlib.contextmanager
def _surroundings(ledger: Path) -> Iterator[None]:
    before = Path.cwd()
    (ledger.parent / "examples").symlink_to(ROOT / "examples")
    os.chdir(ledger.parent)
    try:
        with mock.patch.dict(os.environ, {"ESCALATION_DB": str(ledger), "COLUMNS": "100"}):
            os.environ.pop("ANTHROPIC_API_KEY", None)
            yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), Path(folder) / "week.db"), encoding="utf-8")
    sys.exit(0)
