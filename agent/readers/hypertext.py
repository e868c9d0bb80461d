"""HTML mail and comments to text. What a person would not have seen stays in the text, marked as hidden."""

import re
from typing import Any

from agent.readers.canonical import Body, plain
from agent.readers.decode import clean
from schemas.ticket import Span, SpanKind

MAX_HTML = 2_000_000
"""Characters of one HTML body that are converted; the rest is left out, which a note says."""

_MARK = "data-span"
_KINDS: tuple[SpanKind, ...] = ("quoted", "machine", "hidden")
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*+:\s*+0*+(?:\.0++)?(?:1px|1pt)?\s*+(?:px|pt|em|rem|%)?\s*+(?:;|!|$)"
    r"|opacity\s*+:\s*+0*+(?:\.0*+)?\s*+(?:;|!|$)|mso-hide\s*:\s*all|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{3,}"
    r"|max-height\s*+:\s*+0(?:px)?\s*+(?:;|!|$)|color\s*:\s*transparent",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]{1,60})", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]{1,60})", re.IGNORECASE)
_NAMED = {"white": "#ffffff", "black": "#000000", "snow": "#fffafa", "ivory": "#fffff0"}
_RULE = re.compile(r"(?<![^{}@])([^{}@]+)\{([^{}]{0,2000})\}")
_AT_BLOCK = re.compile(r"@[^{};]{0,300}\{(?:[^{}]{0,5000}\{[^{}]{0,5000}\}){0,500}\s*\}")
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?([.#])([\w-]{1,80})")
_QUOTING = frozenset(
    {"gmail_quote", "gmail_quote_container", "yahoo_quoted", "moz-cite-prefix", "OutlookMessageHeader"}
)
_QUOTING_IDS = frozenset({"divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"})
_TAG = re.compile(r"<[a-zA-Z!/][^>]{0,5000}>")


def looks_like_html(text: str) -> bool:
    """Whether a body that may be either is markup."""
    return bool(
        re.search(r"<(?:p|div|br|span|html|body|table|ul|ol|blockquote|a|b|strong|pre)\b[^>]{0,1000}/?>", text, re.I)
    )


def words_only(markup: str) -> set[str]:
    """The words that stand between the tags: enough to compare two versions of one mail."""
    return set(re.findall(r"\w{3,}", _TAG.sub(" ", markup[:MAX_HTML]).casefold()))


_MAY_HIDE = re.compile(
    r"display\s{0,9}:\s{0,9}none|font-size\s{0,9}:\s{0,9}0|visibility\s{0,9}:\s{0,9}hidden|opacity\s{0,9}:\s{0,9}0|mso-hide"
    r"|\shidden\b|color\s{0,9}[:=]|text-indent|max-height|<!--",
    re.IGNORECASE,
)


def mark_hidden(body: Body, markup: str) -> Body:
    """The plain version of a body with those words marked that its HTML version hides from people."""
    if not _MAY_HIDE.search(markup):
        return body
    converted = from_html(markup)
    found = list(body.spans)
    for span in converted.spans:
        words = converted.text[span.start : span.end].split()[:200]
        if span.kind == "hidden" and words and len(found) < 200:
            pattern = re.compile(r"\s{1,20}".join(map(re.escape, words)))
            found += [Span(start=m.start(), end=m.end(), kind="hidden") for m in pattern.finditer(body.text)]
    return Body(body.text, tuple(found), body.notes)


def from_html(markup: str) -> Body:
    """Convert HTML to text that keeps tables and lists readable, with quoted, machine and hidden spans."""
    from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
    from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]
    from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]

    cleaned = clean(markup)
    notes = list(cleaned.notes)
    source = cleaned.text
    if len(source) > MAX_HTML:
        notes.append(f"{len(source) - MAX_HTML:,} characters of an HTML body were left out before conversion.")
        source = source[:MAX_HTML]
    if not source.strip():
        return Body("", notes=tuple(notes))
    try:
        tree = _tree(source)
        _mark_all(tree, notes)
        config = ParserConfig(
            css=CSS_PROFILES["strict"].copy(), annotation_rules={f"#{_MARK}={kind}": [kind] for kind in _KINDS}
        )
        engine = Inscriptis(tree, config)
        text = engine.get_text()
        labels = [(note.start, note.end, str(note.metadata)) for note in engine.get_annotations()]
    except (ValueError, AssertionError, RecursionError, AttributeError, KeyError, IndexError, TypeError) as error:
        # Markup that the converter cannot take is still evidence: tags are dropped, the words stay.
        notes.append(f"An HTML body could not be converted ({type(error).__name__}); its tags were removed.")
        return Body(plain(_TAG.sub(" ", source)).text, notes=tuple(notes))
    return _body(text, labels, notes)


def _body(text: str, labels: list[tuple[int, int, str]], notes: list[str]) -> Body:
    cleaned = clean(text)
    if len(cleaned.text) != len(text):
        notes.append("Marks of quoted and hidden parts were lost in an HTML body.")
        labels = []
    lead = len(cleaned.text) - len(cleaned.text.lstrip("\n"))
    body = cleaned.text[lead:].rstrip()
    spans = []
    for start, end, label in labels:
        start, end = max(0, start - lead), min(end - lead, len(body))
        while start < end and body[start].isspace():
            start += 1
        while end > start and body[end - 1].isspace():
            end -= 1
        kind = next((kind for kind in _KINDS if kind in label), None)
        if kind is not None and start < end:
            spans.append(Span(start=start, end=end, kind=kind))
    return Body(body, tuple(spans), tuple(notes))


def _tree(source: str) -> Any:
    from lxml import html  # type: ignore[import-untyped]

    # A declared encoding is about the bytes; the text is decoded already.
    source = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", source)
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False)
    tree = html.fromstring(f"<div>{source}</div>".encode(), parser=parser)
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise ValueError("nested too deeply: the parser dropped what follows, in silence")
    return tree


def _mark_all(tree: Any, notes: list[str]) -> None:
    from lxml import etree

    hidden_names = _hidden_names(tree)
    conditional = 0
    for node in list(tree.iter()):
        if node.tag is etree.Comment:
            words = (node.text or "").strip()
            if words.startswith(("[if", "<![")) or words.endswith("[endif]"):
                conditional += 1
                node.drop_tree()
            elif words:
                _as_hidden(node, words)
            else:
                node.drop_tree()
        elif not isinstance(node.tag, str):
            if node.getparent() is not None:
                node.drop_tree()
        else:
            _mark(node, hidden_names)
    if conditional:
        notes.append(f"{conditional} conditional comments of an HTML body were left out.")


def _as_hidden(node: Any, words: str) -> None:
    """A comment becomes an element with the same words, so that they reach the text."""
    from lxml import html

    parent = node.getparent()
    if parent is None or parent.tag in ("style", "script"):
        return
    element = html.Element("span")
    element.set(_MARK, "hidden")
    element.text = f" {words} "
    element.tail = node.tail
    parent.replace(node, element)


def _mark(node: Any, hidden_names: set[str]) -> None:
    style = node.get("style") or ""
    classes = (node.get("class") or "").split()
    names = {f".{name}" for name in classes} | {f"#{node.get('id')}"}
    if node.tag in ("title", "template", "noscript"):
        node.tag = "span"
    hides = node.get("hidden") is not None or bool(_HIDING.search(style)) or bool(names & hidden_names)
    if hides or _same_colour(node, style):
        node.set(_MARK, "hidden")
        # The converter would drop what its style hides.
        node.attrib.pop("style", None)
        node.attrib.pop("hidden", None)
    elif node.tag == "blockquote" or _QUOTING.intersection(classes) or node.get("id") in _QUOTING_IDS:
        node.set(_MARK, "quoted")
    elif node.tag == "pre":
        node.set(_MARK, "machine")
    if node.tag == "a":
        _show_target(node)


def _show_target(node: Any) -> None:
    """The address behind a link is evidence, and may differ from what the link says."""
    target = (node.get("href") or "").strip()
    if target.lower().startswith(("http://", "https://")) and target not in (node.text or "") and len(target) <= 500:
        last = node[-1] if len(node) else None
        if last is None:
            node.text = f"{node.text or ''} ({target})"
        else:
            last.tail = f"{last.tail or ''} ({target})"


def _same_colour(node: Any, style: str) -> bool:
    match = _COLOUR.search(style)
    colour = match[1] if match else node.get("color")
    if not colour:
        return False
    own = _BACKGROUND.search(style)
    background: str | None = own[1] if own else node.get("bgcolor")
    parent = node.getparent()
    while background is None and parent is not None:
        found = _BACKGROUND.search(parent.get("style") or "")
        background = found[1] if found else parent.get("bgcolor")
        parent = parent.getparent()
    return _colour(colour) == _colour(background or "white")


def _colour(text: str) -> str:
    text = text.strip().lower()
    text = _NAMED.get(text, text)
    if match := re.match(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})", text):
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in match.groups())
    if match := re.match(r"#([0-9a-f])([0-9a-f])([0-9a-f])$", text):
        return "#" + "".join(part * 2 for part in match.groups())
    # 'url(x) #fff no-repeat': the colour is one word of the shorthand.
    found = re.search(r"#[0-9a-f]{6}", text)
    return found[0] if found else text.split(" ")[0]


def _hidden_names(tree: Any) -> set[str]:
    """Classes and ids that a style sheet hides. Media queries hide conditionally and are left out."""
    names: set[str] = set()
    for sheet in tree.iter("style"):
        css = _AT_BLOCK.sub(" ", (sheet.text or "")[:200_000])
        for selectors, declarations in _RULE.findall(css):
            if not _HIDING.search(declarations):
                continue
            for selector in selectors.split(","):
                if match := _SIMPLE.fullmatch(selector.strip()):
                    names.add(match[1] + match[2])
    return names
