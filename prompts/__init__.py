"""Every word that a model is sent, and the templates that results are rendered with, as Jinja files.

A template is named by its path below this folder, such as `render/brief.txt.j2`. A value that a template uses and
nobody gave is an error, never an empty string.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

ROOT = Path(__file__).resolve().parent


@lru_cache(maxsize=2)
def environment(autoescape: bool) -> Environment:
    """The environment of all templates; `autoescape` for HTML. Shared: change an `overlay()`, never this one.

    Files are read relative to this package, so any working directory and any unpacked copy will do.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(ROOT),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # else each use asks the disk for the file's date
    )


def load(name: str, **values: object) -> str:
    """The template as text, filled with `values`.

    Raises jinja2.TemplateNotFound for an unknown name and jinja2.UndefinedError for a value that is missing.
    """
    return environment(autoescape=False).get_template(name).render(**values)


def digest(*names: str) -> str:
    """SHA-256 of the templates' raw bytes in the order given, for the provenance of a result.

    A template that is included by another one is only part of it if it is named too. Raises ValueError for a name
    outside this folder, and FileNotFoundError.
    """
    total = hashlib.sha256()
    for name in names:
        path = (ROOT / name).resolve()
        if not path.is_relative_to(ROOT):
            raise ValueError(f"template {name!r}: expected a path below prompts/")
        total.update(path.read_bytes())
    return total.hexdigest()
