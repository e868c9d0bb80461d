"""The language that the customer writes, told by its commonest words."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from agent.backends.offline.passages import Passage

_TOKEN = re.compile(r"[^\W\d_]+")
_JAPANESE = re.compile(r"[\u3040-\u30ff]")


@cache
def common_words() -> dict[str, frozenset[str]]:
    """The commonest words of each language."""
    text = files(__package__).joinpath("lexicon", "languages.toml").read_text(encoding="utf-8")
    return {language: frozenset(words.split()) for language, words in tomllib.loads(text)["words"].items()}


@cache
def filler() -> frozenset[str]:
    """Words that would fit any ticket and so tell nothing about this one."""
    text = files(__package__).joinpath("lexicon", "languages.toml").read_text(encoding="utf-8")
    return frozenset(word for words in tomllib.loads(text)["filler"].values() for word in words.split())


def detect_language(passages: Sequence[Passage]) -> str:
    """ISO 639-1 code; `und` where there is too little to tell."""
    prose = [p.low for p in passages if p.kind in {"prose", "subject"} and p.asserter in {"customer", "quoted"}]
    text = " ".join(prose or [p.low for p in passages if p.kind in {"prose", "subject"}])[:20_000]
    if len(_JAPANESE.findall(text)) * 5 > len(text.replace(" ", "")):
        return "ja"
    tokens = _TOKEN.findall(text)
    counts = {tongue: sum(token in words for token in tokens) for tongue, words in common_words().items()}
    best = max(counts, key=lambda tongue: counts[tongue])
    if counts[best] * 12 >= len(tokens) and counts[best] >= 2:
        return best
    return "en" if tokens and text.isascii() and len(tokens) >= 3 else "und"
