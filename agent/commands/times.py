"""Times on the command line."""

import argparse
from datetime import UTC, datetime

from agent.commands.output import note
from agent.errors import BadInput

FIRST_YEAR, LAST_YEAR = 1970, 5000  # schemas.base has the same end, which costs too much to import here


def this_moment() -> datetime:
    """The clock, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def now_of(arguments: argparse.Namespace) -> datetime:
    """`--now`, or this moment to the second."""
    return this_moment() if arguments.now is None else time_of(arguments.now, "--now")


def time_of(text: str, flag: str) -> datetime:
    """The moment that a flag names. A time without a zone is taken as UTC, and that is said."""
    try:
        now = datetime.fromisoformat(text.strip())
        if now.tzinfo is None:
            note(f"{flag} {text!r} has no zone: taken as UTC")
            now = now.replace(tzinfo=UTC)
        if not FIRST_YEAR <= now.astimezone(UTC).year <= LAST_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        raise BadInput(f"{flag} {text[:60]!r} is not a time: write ISO 8601, such as 2026-11-23T14:30+01:00") from None
    return now
