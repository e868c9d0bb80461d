"""Prompts that a user starts from a host's menu: a ticket to escalate, the start of a shift."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Starter:
    """A prompt: its name, how a menu shows it, and its arguments, none of which is needed, with what they mean."""

    name: str
    title: str
    description: str
    takes: Mapping[str, str]
    of_ledger: bool = False


STARTERS = (
    Starter(
        "escalate_ticket",
        "Escalate this ticket",
        "Decide what becomes of a support ticket and, where it must go up, write the brief",
        {
            "ticket": "The ticket's text, pasted",
            "path": "Or the ticket's file, in a folder that the server may read",
            "tier": "Who holds it, if you know: L1, L2 or manager",
        },
    ),
    Starter(
        "follow_up",
        "What is due",
        "Go through what is due on open escalations, with words to send for each",
        {"holder": "Only what this person in support keeps", "ahead": "Also what falls due in so many hours"},
        of_ledger=True,
    ),
)


def starter(name: str, arguments: Mapping[str, str], *, ledger: bool) -> str:
    """The prompt's text. Raises ValueError for a name or an argument that is not there."""
    from agent.backends.conversation import boundary
    from prompts import load

    known = {one.name: one for one in STARTERS if ledger or not one.of_ledger}
    if name not in known:
        raise ValueError(f"no prompt {name[:60]!r}: use one of {', '.join(known)}")
    strange = [key for key in arguments if key not in known[name].takes]
    if strange:
        raise ValueError(f"{name} has no argument {strange[0][:60]!r}: it takes {', '.join(known[name].takes)}")
    given = {key: arguments.get(key, "").strip() for key in known[name].takes}
    text = given.get("ticket", "")
    return load(f"tools/{name}.md.j2", **given, boundary=boundary(text) if text else "", keeps_ledger=ledger).strip()
