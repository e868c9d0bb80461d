"""Show the policy in force as TOML, or check a policy file of your own.

A file of your own may leave out what it does not change. Needs no key.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.commands.output import add_out, emit, ready
from agent.errors import EXIT_DONE

if TYPE_CHECKING:
    from agent.policy.settings import Settings

EXAMPLES = """examples:
  escalation policy --show > policy.toml
  escalation policy --check policy.toml
  escalation policy --show --policy policy.toml"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("action", nargs="?", choices=("show",), help="the same as --show")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--show", action="store_true", help="print the policy in force (the default)")
    what.add_argument("--check", metavar="FILE", help="check a policy file; exit code 2 if it cannot be used")
    what.add_argument("--path", action="store_true", help="print where the defaults stand")
    parser.add_argument("--policy", metavar="FILE", help="with --show: this file, completed with the defaults")
    add_out(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show or check."""
    ready(arguments.out)

    from agent.policy.settings import DEFAULT_FILE, load_settings

    if arguments.path:
        emit(str(DEFAULT_FILE), arguments.out)
    elif arguments.check is not None:
        settings = load_settings(Path(arguments.check))
        emit(json.dumps({"valid": True, "file": arguments.check, "version": settings.version}), arguments.out)
    elif arguments.policy is not None:
        emit(as_toml(load_settings(Path(arguments.policy))), arguments.out)
    else:
        emit(DEFAULT_FILE.read_text(encoding="utf-8"), arguments.out)
    return EXIT_DONE


def as_toml(settings: "Settings") -> str:
    """A policy in force as a policy file."""
    return _toml(settings.model_dump(mode="json", exclude_none=True))


def _toml(table: dict[str, Any], path: str = "") -> str:
    """TOML of nested tables of scalars and lists. A JSON string or list of them is a TOML one too."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, dict)]
    head = [f"[{path}]"] if path and plain else []
    parts = ["\n".join(head + plain)] if plain else []
    for key, value in table.items():
        if isinstance(value, dict):
            parts.append(_toml(value, f"{path}.{key}" if path else key))
    return "\n\n".join(parts)
