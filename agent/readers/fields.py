"""Values out of exported JSON whose types nobody guarantees."""

from typing import Any

from agent.readers.canonical import Body, one_line, plain


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; anything else counts as no entry."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: Any) -> str | None:
    """Text or a number as text; None for anything else and for what is blank."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) if str(value).strip() else None


def key(value: Any) -> str | None:
    """An id for comparison: 12 and "12" are the same user."""
    return string(value)


def first(source: dict[str, Any], *names: str) -> Any:
    """The first of the named fields that holds something."""
    return next((source[name] for name in names if source.get(name) not in (None, "", [], {})), None)


def file_names(value: Any, *names: str) -> tuple[str, ...]:
    """Names of attachments."""
    found = (string(first(item, *(names or ("file_name", "name", "filename")))) for item in objects(value))
    return tuple(one_line(name, 200) for name in found if name)


def shown(value: Any, limit: int = 2000) -> str | None:
    """A custom field's value on one line; objects by their name or value, lists joined."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return shown(first(value, "name", "displayName", "value", "label", "title"), limit)
    if isinstance(value, list):
        return ", ".join(part for part in (shown(item, 200) for item in value[:50]) if part) or None
    text = string(value)
    return one_line(text, limit) if text else None


def lines(*pairs: tuple[str, Any]) -> tuple[tuple[str, str], ...]:
    """Head lines for the values that are there."""
    written = ((name, shown(value)) for name, value in pairs)
    return tuple((name, value) for name, value in written if value)


def body(text: Any, html: Any = None) -> Body:
    """The plain text if there is some, else the HTML converted."""
    from agent.readers.hypertext import from_html, looks_like_html, mark_hidden

    if isinstance(text, str) and text.strip():
        return mark_hidden(plain(text), html) if isinstance(html, str) else plain(text)
    if isinstance(html, str) and html.strip():
        return from_html(html) if looks_like_html(html) or "&" in html else plain(html)
    return Body("")
