"""GitHub: an issue with its comments, from the REST interface or from the command line tool's JSON."""

from typing import Any

from agent.readers.canonical import Entry, Source
from agent.readers.fields import body, first, lines, mapping, objects, string
from agent.readers.times import parse_time
from schemas.ticket import Speaker

_STAFF = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_OUTSIDE = frozenset({"NONE", "CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN"})


def is_export(value: dict[str, Any]) -> bool:
    """An issue with number and title, bare or under `issue`."""
    issue = mapping(value.get("issue")) or value
    return "title" in issue and "number" in issue and ("body" in issue or "comments" in issue)


def read(value: dict[str, Any]) -> Source:
    """`author_association` decides: who belongs to the repository is staff, its opener from outside the customer."""
    issue = mapping(value.get("issue")) or value
    comments = objects(first(value, "comments")) or objects(issue.get("comments"))
    opener = _login(issue)
    opened = parse_time(first(issue, "created_at", "createdAt"))
    entries = [_entry(item, opener) for item in (issue, *comments)]
    count = issue.get("comments")
    missing = count - len(comments) if isinstance(count, int) and not isinstance(count, bool) else 0
    return Source(
        format="github",
        id=string(issue.get("number")),
        subject=string(issue.get("title")),
        reporter=opener,
        opened=opened,
        fields=lines(
            ("Status", issue.get("state")),
            ("Labels", issue.get("labels")),
            ("Milestone", mapping(issue.get("milestone")).get("title")),
            ("Assignees", [_assignee(item) for item in objects(issue.get("assignees"))]),
            ("Link", first(issue, "html_url", "url")),
        ),
        entries=tuple(entry for entry in entries if entry.body.text),
        notes=(f"The export lacks {missing} of {count} comments.",) if missing > 0 else (),
    )


def _assignee(person: dict[str, Any]) -> str | None:
    return string(person.get("login"))


def _login(item: dict[str, Any]) -> str | None:
    return string(mapping(first(item, "user", "author")).get("login"))


def _entry(item: dict[str, Any], opener: str | None) -> Entry:
    person = mapping(first(item, "user", "author"))
    login = _login(item)
    association = str(first(item, "author_association", "authorAssociation") or "").upper()
    speaker: Speaker = "unknown"
    if person.get("type") == "Bot" or (login or "").endswith("[bot]"):
        speaker = "system"
    elif association in _STAFF:
        speaker = "support"
    elif association in _OUTSIDE:
        speaker = "customer" if login is not None and login == opener else "other"
    return Entry(
        speaker=speaker,
        author=login,
        time=parse_time(first(item, "created_at", "createdAt")),
        body=body(item.get("body")),
    )
