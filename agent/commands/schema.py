"""Print an exported JSON Schema, or the names of all without NAME.

`facts_report` is what `check` takes, `facts` what it prints, `escalation` what `run --format json` prints.
"""

import argparse
from pathlib import Path

import schemas
from agent.commands.output import add_out, emit, ready
from agent.errors import EXIT_DONE, BadInput

EXAMPLES = """examples:
  escalation schema
  escalation schema facts_report
  escalation schema escalation --out escalation.schema.json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="one of the names that `escalation schema` lists")
    add_out(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print."""
    ready(arguments.out)
    files = {path.stem: path for path in sorted(Path(schemas.__path__[0], "json").glob("*.json"))}
    if arguments.name is None:
        emit("\n".join(files), arguments.out)
        return EXIT_DONE
    if arguments.name not in files:
        raise BadInput(f"no schema {arguments.name[:60]!r}: use one of {', '.join(files)}")
    emit(files[arguments.name].read_text(encoding="utf-8"), arguments.out)
    return EXIT_DONE
