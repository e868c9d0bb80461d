"""The door: a ticket in, the same ticket with placeholders out."""

from dataclasses import dataclass

from agent.redaction.kinds import counted
from agent.redaction.vault import Vault
from schemas.redaction import Level, Replaced
from schemas.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Redacted:
    """A ticket without its secrets, and what can put them back."""

    ticket: Ticket
    vault: Vault


def redact(ticket: Ticket, level: Level = "secrets", *, vault: Vault | None = None) -> Redacted:
    """Replace what `level` says, in every text of the ticket. Offsets stay as they are; done twice it changes nothing.

    `vault`: of the same ticket before it grew; its placeholders keep their numbers. Raises BadInput where `pii` is
    asked for and its packages are missing.
    """
    earlier = ticket.redacted if vault is None else ()
    vault = vault_for(ticket, level) if vault is None else vault
    if level == "none":
        return Redacted(ticket, vault)
    optional = (ticket.subject, ticket.reporter, ticket.id)
    authors = tuple(message.author or "" for message in ticket.messages)
    texts = (ticket.text, *(text or "" for text in optional), *authors, *ticket.attachments, *ticket.notes)
    done = vault.conceal_all(texts)
    known = _together(earlier, vault.replaced())
    if done == texts and known == ticket.redacted:
        return Redacted(ticket, vault)
    text, subject, reporter, identifier, *rest = done
    names, rest = rest[: len(authors)], rest[len(authors) :]
    files, notes = rest[: len(ticket.attachments)], rest[len(ticket.attachments) :]
    messages = tuple(
        message if message.author is None or message.author == name else message.model_copy(update={"author": name})
        for message, name in zip(ticket.messages, names, strict=True)
    )
    changed = ticket.model_copy(
        update={
            "text": text,
            "subject": subject if ticket.subject is not None else None,
            "reporter": reporter if ticket.reporter is not None else None,
            "id": identifier if ticket.id is not None else None,
            "messages": messages,
            "attachments": tuple(files),
            "notes": tuple(notes),
            "redacted": known,
        }
    )
    return Redacted(changed, vault)


def vault_for(ticket: Ticket, level: Level) -> Vault:
    """A new vault for this ticket. Raises BadInput where `pii` is asked for and its packages are missing."""
    if level != "pii":
        return Vault(level, seen=(ticket.text,))
    from agent.redaction.personal import finder

    return Vault(level, seen=(ticket.text,), personal=finder(ticket))


def told(redacted: tuple[Replaced, ...]) -> str:
    """`2 access keys, 1 password`; empty where nothing was replaced."""
    return ", ".join(counted(one.kind, one.count) for one in redacted)


def _together(before: tuple[Replaced, ...], now: tuple[Replaced, ...]) -> tuple[Replaced, ...]:
    """The counts of a ticket that was redacted before, and of what was found since."""
    if not before or not now:
        return before or now
    counts = {one.kind: one.count for one in before}
    for one in now:
        counts[one.kind] = counts.get(one.kind, 0) + one.count
    return tuple(Replaced(kind=kind, count=count) for kind, count in counts.items())
