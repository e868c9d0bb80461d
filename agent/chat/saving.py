"""A result into a new file. What is there is never written over."""

from pathlib import Path

from agent.commands.output import FORMAT_OF_SUFFIX, emit
from agent.errors import BadInput
from agent.render import Format, render
from schemas.escalation import Escalation

_FORMATS: dict[str, Format] = {"json": "json", "markdown": "markdown", "html": "html", "text": "text"}


def save(name: str, result: Escalation) -> str:
    """Write the result in the format of the name's suffix, readable by this user alone. Returns the path.

    Raises BadInput for no name, another suffix, a file that is there already, and what cannot be written.
    """
    try:
        path = Path(name).expanduser()
        there = path.exists() or path.is_symlink()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, a user that does not exist
        raise BadInput(f"file {name[:60]!r} cannot be used: {error}"[:200]) from None
    form = _FORMATS.get(FORMAT_OF_SUFFIX.get(path.suffix.lower(), ""))
    if not name or form is None:
        raise BadInput(f"file {name[:60]!r}: expected a name that ends in .txt, .md, .html or .json")
    if there:
        raise BadInput(f"file {name[:60]!r} is there already: name a new one")
    emit(render(result, form, width=0), str(path))
    return str(path)
