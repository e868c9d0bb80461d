"""Chats on disk: only those that somebody asked to keep, one file each, for this user's eyes.

A file is written whole or not at all, and one process at a time has it: a lock beside it says so, and falls away with
the process that holds it.
"""

import contextlib
import json
import os
import re
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from pydantic import AwareDatetime, ValidationError

from agent.commands.output import write_whole
from agent.errors import BadInput
from agent.ledger.notices import need_to_know_of
from agent.render import words
from schemas.base import Model
from schemas.chat import ChatFormat, Session

VARIABLE = "ESCALATION_CHATS"
SUFFIX = ".json"
FORMAT: ChatFormat = 1
LONGEST_NAME = 60
LARGEST = 64 << 20  # bytes; far above any chat
_NAMING = threading.Lock()
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")


class Kept(Model):
    """A chat as it stands in its file."""

    kept_at: AwareDatetime
    headline: str
    session: Session


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list. `headline` says what is wrong with a file that cannot be read."""

    name: str
    kept_at: datetime | None
    headline: str


def folder() -> Path:
    """Where chats are kept: ESCALATION_CHATS, else the user's data folder."""
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        try:
            return Path(given).expanduser().absolute()
        except RuntimeError:
            raise BadInput(f"{VARIABLE} {given[:200]!r}: there is no such home folder; name a folder") from None
    from platformdirs import user_data_path

    return user_data_path("escalation", appauthor=False) / "chats"


def checked(name: str) -> str:
    """The name. Raises BadInput for one that could not be a file's on every system."""
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise BadInput(
            f"chat {name[:80]!r}: expected a name of at most {LONGEST_NAME} letters, digits, dots, dashes or "
            "underscores, such as HD-20418"
        )
    return name


def suggested(session: Session, file: str | None) -> str:
    """A name for a chat whose person gave none: the ticket's id, else its file, else its subject; not in use yet."""
    ticket = session.original
    told = () if _is_need_to_know(session) else (Path(file).stem if file else None, ticket and ticket.subject)
    found = (ticket.id, *told) if ticket is not None else ()
    plain = (re.sub(r"[^A-Za-z0-9._-]+", "-", text or "").strip("-._")[:40].strip("-._") for text in found)
    name = next(filter(None, plain), "chat")
    for number in range(1, 1000):
        tried = name if number == 1 else f"{name}-{number}"
        if not _path(tried).exists():
            return tried
    raise BadInput(f"chat {name!r}: kept a thousand times already; give a name of your own")


def headline(session: Session) -> str:
    """What a list says about it."""
    ticket, result = session.original, session.result
    named = " ".join(filter(None, (ticket.id, ticket.subject))) if ticket is not None else ""
    if ticket is not None and _is_need_to_know(session):
        named = ticket.id or "a ticket"
    if result is None:
        said = "not decided"
    else:
        decision = result.decision
        said = words.view(decision.outcome, decision.owner, decision.severity)
    return f"{said}: {named or (ticket.text.strip().splitlines() or [''])[0] if ticket else 'no ticket'}"[:200]


def _is_need_to_know(session: Session) -> bool:
    """Whether it is Security's: a list, and the name of a file, tell no more of it than the ticket's id."""
    return session.result is not None and need_to_know_of(session.result.decision)


def load(name: str) -> Session:
    """The session that was kept under this name. Raises BadInput where there is none that this program can read."""
    path = _path(checked(name))
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except FileNotFoundError:
        raise BadInput(f"no chat {name!r} is kept: see `escalation chat --sessions`") from None
    except OSError as error:
        raise BadInput(f"chat {name!r} cannot be read: {error.strerror or error}") from None
    try:
        return Kept.model_validate_json(raw).session
    except ValidationError as error:
        raise BadInput(_unreadable(name, path, raw, error)) from None


def _unreadable(name: str, path: Path, raw: bytes, error: ValidationError) -> str:
    try:
        found = json.loads(raw)["session"]["format"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if isinstance(found, int) and found > FORMAT:
        return f"chat {name!r} was kept by a newer version of this program (format {found}): update, or start anew"
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part)[:60] for part in first["loc"]) or "the whole"
    return f"chat {name!r} is damaged ({where}: {first['msg']}): nothing was changed; the file is {path}"


def listed() -> list[Listed]:
    """Every chat that is kept, the newest first. One that cannot be read is named all the same."""
    found: list[Listed] = []
    with contextlib.suppress(OSError):
        found = [_listed(path) for path in folder().glob(f"*{SUFFIX}") if _NAME.fullmatch(path.stem)]
    return sorted(found, key=lambda one: (one.kept_at is not None, one.kept_at or datetime.max), reverse=True)


def _listed(path: Path) -> Listed:
    try:
        value = json.loads(path.read_bytes()) if path.stat().st_size <= LARGEST else {}
        when = datetime.fromisoformat(value["kept_at"])
        if when.tzinfo is None:
            raise ValueError("no zone")
        return Listed(path.stem, when, str(value["headline"])[:200])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Listed(path.stem, None, "cannot be read: damaged")


class Keeper:
    """Has the file of one chat from the first word to the last. Raises BadInput if somebody else has it.

    `resumed`: the file is expected to be there; else it must not be.
    """

    def __init__(self, name: str, *, resumed: bool = False) -> None:
        self.name, self.resumed = checked(name), resumed
        self.path = _path(name)
        self._lock = _locked(name, self.path)
        if not resumed and self.path.exists():
            self.close()
            raise BadInput(f"chat {name!r} is kept already: `--resume {name}` goes on with it; else take another name")

    def keep(self, session: Session, now: datetime) -> None:
        """Write it. Raises BadInput where it cannot be written; what was kept before stays."""
        kept = Kept(kept_at=now, headline=headline(session), session=session)
        try:
            write_whole(self.path, kept.model_dump_json().encode())
        except BadInput as error:
            reason = str(error).partition(": ")[2] or str(error)
            raise BadInput(f"this turn is not kept: {str(self.path)!r} {reason}; the next one tries again") from None

    def close(self) -> None:
        """Let another process have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def begun(session: Session, file: str | None, now: datetime) -> Keeper:
    """Keep a chat from here on, under a name that it suggests. Raises BadInput where that cannot be.

    Written at once, so that no other chat of this process takes the same name.
    """
    with _NAMING:
        keeper = Keeper(suggested(session, file))
        try:
            keeper.keep(session, now)
        except BadInput:
            keeper.close()
            raise
    return keeper


def _path(name: str) -> Path:
    return folder() / f"{name}{SUFFIX}"


def _locked(name: str, path: Path) -> IO[bytes] | None:
    """The open lock file; None where the file system has no locks. It stays behind, empty."""
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True)
        handle = open(path.with_name(f".{name}.lock"), "ab", opener=_for_me)  # noqa: SIM115 - held until the end
    except OSError as error:
        raise BadInput(
            f"chats cannot be kept in {str(path.parent)!r}: {error.strerror or error}; see {VARIABLE}"
        ) from None
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        handle.close()
        raise BadInput(f"chat {name!r} is open in another window: leave it there first, or take another name") from None
    except OSError:  # no locks on this file system
        handle.close()
        return None
    return handle


def _for_me(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
