"""The word rules: read from `lexicon/*.toml`, compiled once. What the keys mean stands at the top of `en.toml`."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from schemas.vocabulary import Asserter

Attitude = Literal["keep", "drop", "instead"]
LANGUAGES = ("en", "de", "es", "fr", "pt", "ja")
_ANYONE: frozenset[Asserter] = frozenset(("customer", "support", "system"))
_EDGELESS = {"ja"}  # no blanks between words, so a phrase may begin anywhere

_MACRO = re.compile(r"\{([a-z_]+)\}")
_CAPTURE = re.compile(r"(?<!\\)\((?!\?)")
_CLASS = re.compile(r"(?<!\\)\[[^\]]*\]")
_WORD = r"[^\s,;]{1,40}"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one signal is recognised in one language."""

    name: str
    phrases: re.Pattern[str]
    together: tuple[tuple[re.Pattern[str], ...], ...]
    unless: re.Pattern[str] | None
    instead: str | None
    by: frozenset[Asserter]
    conditional: Attitude
    possible: Attitude
    question: Attitude
    dated: bool
    firm: bool


def expand(phrase: str, words: Mapping[str, str]) -> str:
    """A phrase of the files as a regular expression. Gaps are bounded, so that matching stays linear."""
    phrase = phrase.strip()
    for _ in range(4):  # word lists may name word lists
        phrase = _MACRO.sub(lambda m: words[m[1]] if m[1] in words else m[0], phrase)
    phrase = _CAPTURE.sub("(?:", phrase)
    phrase = _CLASS.sub(lambda m: m[0].replace(" ", r"\s"), phrase)
    phrase = phrase.replace(" ... ", "\x01").replace(" .. ", "\x00")
    # Repeats are bounded, too: two that meet, or one whose parts overlap, share a run of words or blanks among
    # themselves in every possible way, and forty words "the build is is is …" would take for ever.
    phrase = phrase.replace(r"\S+", r"[^\s,]+").replace(r"\d+", r"\d{1,15}")
    for repeat, bounded in ((")*", "){0,4}"), (")+", "){1,4}"), ("]*", "]{0,60}"), ("]+", "]{1,60}")):
        phrase = phrase.replace(repeat, bounded)
    phrase = phrase.replace(" ?", r"[\s,]{0,9}").replace(" ", r"[\s,]{1,9}")
    for mark, most in (("\x00", 4), ("\x01", 9)):
        phrase = phrase.replace(mark, rf"(?:[\s,]{{1,9}}{_WORD}){{0,{most}}}?[\s,]{{1,9}}")
    return phrase


def alternatives(phrases: list[str], words: Mapping[str, str], *, edges: bool = True) -> re.Pattern[str]:
    """One pattern for all phrases, each from word edge to word edge."""
    body = "|".join(f"(?:{expand(phrase, words)})" for phrase in phrases)
    return re.compile(rf"(?<![\w])(?:{body})(?![\w])" if edges else f"(?:{body})")


def found_in(rule: Rule, low: str) -> Iterator[tuple[int, int]]:
    """Where the rule's words stand: each phrase, and for words that must stand together the last of them."""
    for match in rule.phrases.finditer(low):
        yield match.start(), match.end()
    for parts in rule.together:
        places = [part.search(low) for part in parts]
        if all(places) and (last := places[-1]) is not None:
            yield last.start(), last.end()


@cache
def rules(language: str) -> tuple[Rule, ...]:
    """The rules of one language. Settings that a translation leaves out are those of English."""
    tables = _tables(language)
    english = _tables("en") if language != "en" else tables
    words = tables.get("words", {})
    edges = language not in _EDGELESS
    return tuple(
        _rule(name, {**english.get(name, {}), "not": [], "together": [], **table}, words, edges=edges)
        for name, table in tables.items()
        if isinstance(table, dict) and "phrases" in table
    )


@cache
def lists(language: str = "en") -> dict[str, re.Pattern[str]]:
    """The patterns of `cues.toml`, by name: what is no signal but tells how to read one."""
    tables = tomllib.loads(files(__package__).joinpath("lexicon", "cues.toml").read_text(encoding="utf-8"))
    words = {**_tables("en")["words"], **tables.get("words", {})}
    return {
        name: alternatives(table[language], words, edges=language not in _EDGELESS)
        for name, table in tables.items()
        if name != "words" and table.get(language)
    }


@cache
def _tables(language: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("lexicon", f"{language}.toml").read_text(encoding="utf-8"))


def _rule(name: str, table: Mapping[str, Any], words: Mapping[str, str], *, edges: bool) -> Rule:
    unless = table.get("not") or []
    return Rule(
        name=name,
        phrases=alternatives(table["phrases"], words, edges=edges),
        together=tuple(
            tuple(alternatives([part], words, edges=edges) for part in parts) for parts in table.get("together", [])
        ),
        unless=alternatives(unless, words, edges=edges) if unless else None,
        instead=table.get("instead"),
        by=frozenset(table["by"]) if "by" in table else _ANYONE,
        conditional=table.get("if", "drop"),
        possible=table.get("may", "keep"),
        question=table.get("ask", "keep"),
        dated=table.get("dated", False),
        firm=table.get("firm", False),
    )
