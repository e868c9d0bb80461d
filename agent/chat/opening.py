"""What was given at the first prompt: the ticket itself, or the name of its file."""

import re
from pathlib import Path
from urllib.parse import unquote

from agent.commands.output import FORMAT_OF_SUFFIX

LONGEST_NAME = 4096
_SUFFIXES = (*FORMAT_OF_SUFFIX, ".eml", ".jsonl", ".log")


def file_named(words: str) -> Path | None:
    """The file that these words name: a path as typed, as dragged into a terminal, or as a file: address."""
    return next(filter(None, map(_file, _readings(words))), None)


def means_a_file(words: str) -> bool:
    """Whether nothing but a file's name can be meant, there or not: a path, or one word with a known suffix."""
    bare = words.strip()
    if not bare or "\n" in bare or len(bare) > LONGEST_NAME:
        return False
    begins_as_path = bare.startswith(("./", "../", "~/", "file://")) or re.match(r"/[^\s/]+/", bare) is not None
    return begins_as_path or (" " not in bare and bare.lower().endswith(_SUFFIXES))


def _readings(words: str) -> list[str]:
    bare = words.strip()
    if not bare or "\n" in bare or len(bare) > LONGEST_NAME:
        return []
    found = [bare]
    if len(bare) > 2 and bare[0] == bare[-1] and bare[0] in "'\"":
        found.append(bare[1:-1])
    if bare.startswith("file://"):
        found.append(unquote(bare.removeprefix("file://")))
    found.append(re.sub(r"\\(.)", r"\1", bare))  # as a shell would have it: a\ b.txt
    return found


def _file(text: str) -> Path | None:
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, no such home
        return None
