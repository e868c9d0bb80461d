"""Every regular expression of the program, and the texts that make a bad one slow.

The texts are made from the pattern itself: a way into it, one of its repeated parts pumped up, and an end that fails.
Python's engine backtracks, so two repeats that share a character, or a repeat that is tried anew at every place of the
text, show as time that grows faster than the text.
"""

import ast
import importlib
import pkgutil
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import agent
import prompts
import schemas

PACKAGES: tuple[ModuleType, ...] = (agent, schemas, prompts)
OPTIONAL = ("claude_agent_sdk",)
"""Packages whose absence excuses a module: adapters for hosts that not everybody has."""
UNLIMITED = 64
"""A repeat that may come oftener than this is pumped."""
ENDS = ("\x00", "!", "\n", "x", "  x")
MOST_TEXTS = 48  # for each pattern


@dataclass(frozen=True, slots=True)
class Slow:
    """A text that takes a pattern more time than its length explains."""

    pattern: str
    way_in: str
    unit: str
    end: str
    size: int
    seconds: float
    growth: float

    def __str__(self) -> str:
        return (
            f"{self.seconds:.3f} s for {self.size:,} characters, {self.growth:.1f} times what half of them takes: "
            f"{self.way_in!r} + {self.unit!r} * n + {self.end!r} on {self.pattern[:160]!r}"
        )


@contextmanager
def recorded() -> Iterator[dict[tuple[str, int], re.Pattern[str]]]:
    """Every pattern of text that is compiled inside the block, also by `re.sub(…)` and the like."""
    found: dict[tuple[str, int], re.Pattern[str]] = {}
    inner: Any = re._compile  # type: ignore[attr-defined]

    def outer(pattern: Any, flags: Any) -> Any:
        made = inner(pattern, flags)
        if isinstance(made.pattern, str):
            found[made.pattern, made.flags] = made
        return made

    re._compile = outer  # type: ignore[attr-defined]
    try:
        yield found
    finally:
        re._compile = inner  # type: ignore[attr-defined]


def written() -> dict[tuple[str, int], re.Pattern[str]]:
    """The patterns that stand as a literal in a call of `re` anywhere in the source, whether or not it was reached."""
    found: dict[tuple[str, int], re.Pattern[str]] = {}
    for package in PACKAGES:
        for path in Path(package.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                made = _literal(node)
                if made is not None and isinstance(made.pattern, str):
                    found[made.pattern, made.flags] = made
    return found


def _literal(node: ast.AST) -> re.Pattern[str] | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
        return None
    first = node.args[0]
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return None
    given = [*node.args[1:], *(keyword.value for keyword in node.keywords if keyword.arg == "flags")]
    flags = 0
    for argument in given:
        for name in ast.walk(argument):
            if isinstance(name, ast.Attribute) and isinstance(getattr(re, name.attr, None), re.RegexFlag):
                flags |= getattr(re, name.attr)
    return re.compile(first.value, flags)


def imported() -> list[str]:
    """Import every module of the program; the names of those that this machine lacks a package for."""
    missing = []
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" in module.name or module.name.endswith("__main__"):
                continue
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                if error.name not in OPTIONAL:
                    raise
                missing.append(module.name)
    return missing


def held() -> dict[tuple[str, int], re.Pattern[str]]:
    """The patterns that modules hold, also inside their tuples, dictionaries and small classes."""
    import sys

    found: dict[tuple[str, int], re.Pattern[str]] = {}
    names = tuple(f"{package.__name__}." for package in PACKAGES)
    for name, module in list(sys.modules.items()):
        if name.startswith(names):
            for value in list(vars(module).values()):
                for pattern in _inside(value, 0):
                    if isinstance(pattern.pattern, str):
                        found[pattern.pattern, pattern.flags] = pattern
    return found


def of_data() -> dict[tuple[str, int], re.Pattern[str]]:
    """The patterns that are made of data when they are first needed: the word rules of every language."""
    from agent.backends.offline import lexicon, sections, talk
    from agent.notation import clock

    folder = Path(lexicon.__file__ or "").with_name("lexicon")
    languages = sorted(path.stem for path in folder.glob("*.toml") if len(path.stem) == 2)
    made: list[Any] = [lexicon.rules(language) for language in languages]
    made += [lexicon.lists(language) for language in languages]
    made += [talk._pattern(name) for name in talk._tables()]
    made += [sections._headed(), clock._compiled()]
    return {(found.pattern, found.flags): found for value in made for found in _inside(value, 0)}


def _inside(value: Any, depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, tuple | list | set | frozenset):
        for entry in value:
            yield from _inside(entry, depth + 1)
    elif depth < 4 and isinstance(value, dict):
        for entry in value.values():
            yield from _inside(entry, depth + 1)
    elif depth < 4 and hasattr(type(value), "__slots__") and type(value).__module__.startswith("agent."):
        for name in type(value).__slots__:
            yield from _inside(getattr(value, name, None), depth + 1)


# --- texts from a pattern ---


def samples(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Ways in with a unit to pump: for each repeat without a limit, what leads to it and what it repeats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    found: dict[tuple[str, str], None] = {}
    for way_in, units in _repeats(tree, ""):
        for unit in units:
            found[way_in, unit] = None
    # All of a match again and again: what is tried anew at every place.
    whole = _one(tree)
    if whole:
        found["", whole] = None
        found["", whole[: max(1, len(whole) // 2)]] = None
    return list(found)[:MOST_TEXTS]


def _repeats(tree: Any, before: str) -> Iterator[tuple[str, list[str]]]:
    for operator, argument in tree:
        if operator in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
            low, high, body = argument
            yield from _repeats(body, before)
            if high == code.MAXREPEAT or int(high) > UNLIMITED:
                yield before, _several(body)
            before += _one(body) * max(int(low), 1)
        elif operator is code.SUBPATTERN:
            yield from _repeats(argument[3], before)
            before += _one(argument[3])
        elif operator is code.ATOMIC_GROUP:
            yield from _repeats(argument, before)
            before += _one(argument)
        elif operator is code.BRANCH:
            for branch in argument[1]:
                yield from _repeats(branch, before)
            before += _one(argument[1][0])
        elif operator in (code.ASSERT, code.ASSERT_NOT):
            yield from _repeats(argument[1], before)
        else:
            before += _one([(operator, argument)])


def _one(tree: Any) -> str:
    """The shortest text that the tree takes, or nearly."""
    made = ""
    for operator, argument in tree:
        if operator is code.LITERAL:
            made += chr(argument)
        elif operator is code.NOT_LITERAL:
            made += "a" if argument != ord("a") else "b"
        elif operator is code.ANY:
            made += "a"
        elif operator is code.IN:
            made += next(iter(_members(argument)), "a")
        elif operator is code.BRANCH:
            made += _one(argument[1][0])
        elif operator is code.SUBPATTERN:
            made += _one(argument[3])
        elif operator is code.ATOMIC_GROUP:
            made += _one(argument)
        elif operator in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
            made += _one(argument[2]) * min(int(argument[0]), 40)
        elif operator is code.ASSERT and argument[0] == 1:
            made += _one(argument[1]) if not made else ""
    return made


def _several(tree: Any) -> list[str]:
    """Texts that the body of a repeat takes: a few members of its class, each of its branches."""
    parts = list(tree)
    if len(parts) == 1 and parts[0][0] is code.IN:
        return list(_members(parts[0][1]))
    if len(parts) == 1 and parts[0][0] in (code.ANY, code.NOT_LITERAL):
        return ["a", " ", "\t"]
    if len(parts) == 1 and parts[0][0] is code.BRANCH:
        return [text for branch in parts[0][1][1] if (text := _one(branch))]
    if len(parts) == 1 and parts[0][0] is code.SUBPATTERN:
        return _several(parts[0][1][3])
    choices = [_several([part]) if part[0] is code.IN else [_one([part])] for part in parts]
    return [text for text in map("".join, list(product(*choices))[:4]) if text]


_OF_CLASS = {
    code.CATEGORY_DIGIT: "1",
    code.CATEGORY_NOT_DIGIT: "a",
    code.CATEGORY_SPACE: " ",
    code.CATEGORY_NOT_SPACE: "a",
    code.CATEGORY_WORD: "a",
    code.CATEGORY_NOT_WORD: "-",
}
_COMMON = " a1\t\n-.A_(<"


def _members(members: Sequence[tuple[Any, Any]]) -> Iterator[str]:
    """Some characters of a class, each only once: its own literals, and common ones that it takes."""
    if members and members[0][0] is code.NEGATE:
        refused = set(_listed(members[1:]))
        yield from [char for char in _COMMON if char not in refused][:4]
        return
    yield from dict.fromkeys(list(_listed(members))[:5])


def _listed(members: Sequence[tuple[Any, Any]]) -> Iterator[str]:
    for operator, argument in members:
        if operator is code.LITERAL:
            yield chr(argument)
        elif operator is code.RANGE:
            yield chr(argument[0])
        elif operator is code.CATEGORY:
            yield _OF_CLASS.get(argument, "a")
            if argument is code.CATEGORY_WORD:
                yield "1"
            if argument is code.CATEGORY_SPACE:
                yield from "\n\t"


# --- the measure ---


def uses() -> dict[tuple[str, int], frozenset[str]]:
    """How each pattern is called, by the names of its methods. One that is not in here may be called in every way.

    A pattern that is only held against one place cannot be slow because it is tried anew at each.
    """
    import sys

    found: dict[tuple[Any, int], set[str]] = {}
    for package in PACKAGES:
        for path in Path(package.__path__[0]).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(source)):
                made = _literal(node)
                method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
                if made is not None and method not in ("", "compile"):
                    found.setdefault((made.pattern, made.flags), set()).add(method)
    names = tuple(f"{package.__name__}." for package in PACKAGES)
    sources = {
        name: Path(module.__file__ or "").read_text(encoding="utf-8")
        for name, module in sys.modules.items()
        if name.startswith(names) and str(getattr(module, "__file__", "")).endswith(".py")
    }
    for name in sources:
        for constant, value in vars(sys.modules[name]).items():
            if not isinstance(value, re.Pattern):
                continue
            key = value.pattern, value.flags
            for other, source in sources.items():
                if vars(sys.modules[other]).get(constant) is value:
                    called = set(re.findall(rf"\b{constant}\.(\w+)\(", source))
                    mentions = len(re.findall(rf"\b{constant}\b(?!\.\w+\()(?! = )(?!: )", source))
                    imports = len(re.findall(rf"^(?:from .*|    ){constant},?$|import .*\b{constant}\b", source, re.M))
                    if mentions > imports:
                        called.add("search")  # handed on: whoever gets it may do anything
                    found.setdefault(key, set()).update(called)
    return {key: frozenset(methods) for key, methods in found.items()}


# A pattern that may be slow on a long text and never sees one: its place, and why.
BOUNDED = {
    "agent.validate.partial:_NUMBERED": "only held against a whole text, from its beginning",
    "agent.validate.names:_CLOSED": "sees 12 characters",
    "agent.validate.trace:(\\w+),? (?:the )?\\Z": "sees 14 characters",
    "agent.grounding.sentences:_BREAK": "sees MAX_SENTENCE characters on either side of a quote",
    "agent.grounding.sentences:_WORD_BEFORE": "sees 20 characters",
    "agent.grounding.injection:_IMPERATIVE": "sees 60 characters",
    "agent.backends.offline.lexicon:_CLASS": "sees the program's own phrases",
    "agent.ledger.webhooks://.*@": "sees the address that the owner of this ledger has set",
}


def bounded() -> set[str]:
    """The patterns that `BOUNDED` names."""
    found: set[str] = set()
    for place in BOUNDED:
        module, _, name = place.partition(":")
        value = vars(importlib.import_module(module)).get(name)
        found |= {name} if value is None else {pattern.pattern for pattern in _inside(value, 0)}
    return found


EVERY_USE = frozenset({"search", "match", "fullmatch"})
_ANCHORED = frozenset({"match", "fullmatch"})


def seconds(pattern: re.Pattern[str], text: str, methods: frozenset[str] = EVERY_USE) -> float:
    """Processor time to find all that the pattern finds, to hold it against the beginning, or against the whole."""
    started = time.process_time()
    if methods - _ANCHORED:
        for _ in pattern.finditer(text):
            pass
    if "match" in methods:
        pattern.match(text)
    if "fullmatch" in methods:
        pattern.fullmatch(text)
    return time.process_time() - started


def slow(pattern: re.Pattern[str], methods: frozenset[str] = EVERY_USE, *, size: int, allowed: float) -> Iterator[Slow]:
    """The texts of up to `size` characters on which the pattern takes longer than `allowed` seconds.

    Texts grow from small ones up, so that a pattern with exponential time is told before it takes for ever.
    """
    for way_in, unit in samples(pattern):
        for end in ENDS:
            found = _grows(pattern, methods, way_in, unit, end, size, allowed)
            if found is not None:
                yield found
                break


def _grows(
    pattern: re.Pattern[str], methods: frozenset[str], way_in: str, unit: str, end: str, size: int, allowed: float
) -> Slow | None:
    before, length = 0.0, 12
    while length <= size:
        text = way_in + unit * max(1, length // len(unit)) + end
        spent = seconds(pattern, text, methods)
        if spent > allowed:
            again = min(spent, seconds(pattern, text, methods)) if spent < 1 else spent
            if again > allowed:
                return Slow(pattern.pattern, way_in, unit, end, len(text), again, again / max(before, 1e-6))
        # In small steps at first: where time doubles with each character, twice the text would take for ever.
        before, length = spent, length * 6 // 5 + 1 if length < 150 else length * 2
    return None
