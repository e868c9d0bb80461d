"""A TOML file that somebody wrote, as a table: bounded, and what is wrong with it in one line."""

import tomllib
from collections.abc import Callable
from pathlib import Path

from agent.errors import BadInput

LONGEST_FILE = 1_000_000
"""Bytes: a policy or a price table takes thousands. A device or a wrong file must not fill the memory."""
LONGEST_LINE = 10_000
"""Bytes: a key of many dots costs memory by the square of their number."""
DEEPEST = 20
"""Tables within tables: no file of ours needs five, and what goes through a table calls itself for each."""


def read_toml(
    file: Path | str, named: str, see: str, parse_float: Callable[[str], object] = float
) -> dict[str, object]:
    """The table in `file`. `named` begins each error, `see` ends those about the content.

    Raises BadInput for a file that cannot be read, is too large, is not UTF-8 or no TOML.
    """
    try:
        with open(file, "rb") as opened:
            data = opened.read(LONGEST_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise BadInput(f"{named} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > LONGEST_FILE:
        raise BadInput(f"{named} is larger than {LONGEST_FILE:,} bytes: is it the right file?")
    if max(map(len, data.splitlines()), default=0) > LONGEST_LINE:
        raise BadInput(f"{named} has a line of more than {LONGEST_LINE:,} bytes: is it the right file?")
    try:
        table = tomllib.loads(data.decode("utf-8-sig"), parse_float=parse_float)
    except UnicodeDecodeError:
        raise BadInput(f"{named} is not UTF-8: save it so") from None
    except RecursionError:
        raise BadInput(f"{named} is nested too deeply; {see}") from None
    except ValueError as error:  # TOMLDecodeError, and a whole number of thousands of digits
        said = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "a number of thousands of digits"
        raise BadInput(f"{named} is not TOML ({said[:200]}); {see}") from None
    if _deeper(table, DEEPEST):
        raise BadInput(f"{named} is nested too deeply; {see}")
    return table


def _deeper(table: dict[str, object], most: int) -> bool:
    """Whether there are more than `most` levels."""
    level: list[object] = [table]
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
    return bool(level)
