"""Repositories of this project's files as they stand here, so that what is not committed yet is tested, too."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIME = "2026-11-16T15:00:07Z"


def git(folder: Path, *arguments: str) -> str:
    """The output of a git command in a folder, as nobody in particular, at a fixed time."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for role in ("AUTHOR", "COMMITTER"):
        clean |= {f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@example.com", f"GIT_{role}_DATE": TIME}
    line = ["git", "-C", folder, *arguments]
    return subprocess.run(line, env=clean, capture_output=True, encoding="utf-8", check=True).stdout


def tracked() -> list[str]:
    """The files that are, or would be, committed here."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return [name for name in listed if name and (ROOT / name).exists()]


def as_committed(folder: Path) -> None:
    """Make a repository in a new folder, with one commit that holds these files."""
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
