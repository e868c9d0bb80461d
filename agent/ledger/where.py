"""Where the ledger is: ESCALATION_DB, else a file in the user's data folder. Imports no database."""

import os
import re
from pathlib import Path

from agent.errors import BadInput

VARIABLE = "ESCALATION_DB"
FILE = "ledger.db"
EXPECTED = "a file name, sqlite:///FILE or postgresql://USER@HOST/NAME"


def ledger_url(given: str | None = None) -> str:
    """The database's URL: `given`, else ESCALATION_DB, else the default file. Raises BadInput for another kind."""
    text = given if given is not None else os.environ.get(VARIABLE, "")
    if not text.strip():
        from platformdirs import user_data_path

        return f"sqlite:///{user_data_path('escalation', appauthor=False) / FILE}"
    scheme, separator, rest = text.partition("://")
    if not separator:
        try:
            return f"sqlite:///{Path(text).expanduser().absolute()}"
        except RuntimeError:  # ~ of somebody who is not there
            raise BadInput(f"ledger {text[:200]!r}: there is no such home folder; name a file with --ledger") from None
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and rest != "/:memory:":
        return text
    if scheme in ("postgresql", "postgres", "postgresql+psycopg") and rest:
        return f"postgresql+psycopg://{rest}"
    # A URL may hold a password, so only its scheme is shown.
    shown_part = text if rest == "/:memory:" else f"{scheme[:40]}://…"
    raise BadInput(f"ledger {shown_part!r}: expected {EXPECTED}; see --ledger and {VARIABLE}")


def shown(url: str) -> str:
    """The URL for people: without a password, wherever it stands."""
    if file_of(url) is not None:
        return url
    scheme, separator, rest = url.partition("://")
    query = re.search(r"\?\w+=", rest)  # an @ may stand in it, and a ? in a password
    plain = rest[: query.start()] if query else rest
    if "@" in rest and "@" not in plain:
        return f"{scheme}{separator}…"
    user, at, host = plain.rpartition("@")
    return f"{scheme}{separator}{user.partition(':')[0]}{at}{host}"


def file_of(url: str) -> Path | None:
    """The file of an SQLite ledger; None for a server."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else None


def is_there(url: str) -> bool:
    """Whether a ledger can be expected: a server, or a file that exists. So a first run makes none by looking."""
    file = file_of(url)
    return file is None or os.path.exists(file)  # False also for a name that no file can have


def webhook_is_set() -> bool:
    """Whether events are also to be told to a webhook (`escalation deliver`). Off unless somebody sets it up."""
    return bool(os.environ.get("ESCALATION_WEBHOOK_URL"))
