"""Text that a person would not have seen: HTML comments and runs of invisible characters."""

import re
from collections.abc import Iterator

# Zero-width and invisible operators, bidirectional controls, tag characters and supplementary variation selectors.
_INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]+"
)
_FLAG = "\U0001f3f4"  # tag characters after a black flag spell a region's emoji


def hidden_ranges(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges in `text[start:end]`. One zero-width joiner is ordinary writing, two in a row are not."""
    for match in _INVISIBLE.finditer(text, start, end):
        run = match[0]
        tags = any(ch >= "\U000e0000" for ch in run)
        if tags and match.start() > 0 and text[match.start() - 1] == _FLAG and len(run) <= 8:
            continue
        # An emoji's variation selector followed by a joiner is one sign, not a hidden run.
        if tags or len(run.replace("\ufe0f\u200d", "")) > 1:
            yield match.start(), match.end()
    at = text.find("<!--", start, end)
    while at >= 0:
        close = text.find("-->", at + 4, end)
        if close < 0:
            # Unclosed: a browser hides the rest, a reader of plain text sees it. The line is marked, not the rest.
            line = text.find("\n", at, end)
            yield at, line if line >= 0 else end
            return
        yield at, close + 3
        at = text.find("<!--", close + 3, end)
