"""Jira: an issue with `fields`, comments as wiki markup or as Atlassian documents."""

from typing import Any

from agent.readers.adf import from_adf, is_adf
from agent.readers.canonical import Body, Entry, Source
from agent.readers.fields import body, file_names, first, key, lines, mapping, objects, string
from agent.readers.times import parse_time
from agent.readers.wordlist import words
from schemas.ticket import Speaker

_KNOWN = words(
    "summary description comment reporter creator assignee created updated status priority issuetype project "
    "labels components versions fixVersions environment attachment resolution watches votes worklog"
)


def is_export(value: dict[str, Any]) -> bool:
    """An issue of the REST interface, bare or under `issue`."""
    issue = mapping(value.get("issue")) or value
    fields = mapping(issue.get("fields"))
    return "summary" in fields or ("key" in issue and "comment" in fields)


def read(value: dict[str, Any]) -> Source:
    """Jira names no sides. Certain are only portal customers, apps, notes that staff alone can write, the assignee."""
    issue = mapping(value.get("issue")) or value
    fields = mapping(issue.get("fields"))
    reporter, creator = mapping(fields.get("reporter")), mapping(fields.get("creator"))
    opened = parse_time(fields.get("created"))
    names = mapping(value.get("names")) or mapping(issue.get("names"))
    author = creator if creator and _identity(creator) != _identity(reporter) else reporter
    requested = _is_request(fields)
    opener = _person_speaker(author)
    if opener == "unknown" and requested and author is reporter and reporter:
        opener = "customer"  # a service project's reporter raised the request through the portal
    entries = [Entry(opener, _name(author), opened, _body(fields.get("description")))]
    comments = objects(mapping(fields.get("comment")).get("comments") or fields.get("comment"))
    entries += [_entry(comment, fields, requested) for comment in comments]
    return Source(
        format="jira",
        id=string(issue.get("key")) or string(issue.get("id")),
        subject=string(fields.get("summary")),
        reporter=_reporter(reporter),
        opened=opened,
        fields=lines(
            ("Status", fields.get("status")),
            ("Priority", fields.get("priority")),
            ("Type", fields.get("issuetype")),
            ("Project", fields.get("project")),
            ("Components", fields.get("components")),
            ("Versions", fields.get("versions")),
            ("Labels", fields.get("labels")),
            ("Assignee", fields.get("assignee")),
            ("Environment", _body(fields.get("environment")).text),
            *_custom(fields, names),
        ),
        attachments=file_names(fields.get("attachment"), "filename"),
        entries=tuple(entry for entry in entries if entry.body.text),
        notes=_missing_comments(fields),
    )


def _missing_comments(fields: dict[str, Any]) -> tuple[str, ...]:
    comment = mapping(fields.get("comment"))
    total, here = comment.get("total"), len(objects(comment.get("comments")))
    if isinstance(total, int) and total > here:
        return (f"The export holds {here} of {total} comments.",)
    return ()


def _custom(fields: dict[str, Any], names: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (string(names.get(name)) or name, value)
        for name, value in fields.items()
        if name not in _KNOWN and name in names and isinstance(value, (str, int, float, list, dict))
    ]


def _is_request(fields: dict[str, Any]) -> bool:
    return any(name.startswith("customfield_") and "requestType" in mapping(value) for name, value in fields.items())


def _entry(comment: dict[str, Any], fields: dict[str, Any], requested: bool) -> Entry:
    author = mapping(first(comment, "author", "updateAuthor"))
    internal = comment.get("jsdPublic") is False or any(
        prop.get("key") == "sd.public.comment" and mapping(prop.get("value")).get("internal") in (True, "true")
        for prop in objects(comment.get("properties"))
    )
    speaker = _person_speaker(author)
    identity = _identity(author)
    if speaker == "unknown" and identity is not None:
        is_reporter = identity == _identity(mapping(fields.get("reporter")))
        if internal or (identity == _identity(mapping(fields.get("assignee"))) and not is_reporter):
            speaker = "support"
        elif is_reporter and requested:
            speaker = "customer"
    return Entry(
        speaker=speaker,
        author=_name(author),
        time=parse_time(comment.get("created")),
        body=_body(comment.get("body")),
        internal=internal,
    )


def _person_speaker(person: dict[str, Any]) -> Speaker:
    kind = person.get("accountType")
    if kind == "customer":
        return "customer"
    return "system" if kind == "app" else "unknown"


def _identity(person: dict[str, Any]) -> str | None:
    return key(first(person, "accountId", "key", "name", "emailAddress"))


def _name(person: dict[str, Any]) -> str | None:
    return string(first(person, "displayName", "name", "emailAddress"))


def _reporter(person: dict[str, Any]) -> str | None:
    name, address = _name(person), string(person.get("emailAddress"))
    return f"{name} <{address}>" if name and address and name != address else name


def _body(value: Any) -> Body:
    return from_adf(value) if is_adf(value) else body(value)
