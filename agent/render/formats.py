"""The template environments. Each has exactly one place where what a template prints is made harmless."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import prompts
from agent.render import findings, layout, words
from agent.render.sanitise import Trusted, markdown_line, one_line, visible

if TYPE_CHECKING:
    from jinja2 import Environment

SAID: dict[str, Callable[..., str]] = {"clip": words.clip, "named": findings.named, "weight": findings.weight}
"""Filters that say a thing in the same words in every format."""


def _finalize(clean: Callable[[str], str]) -> Callable[[object], str]:
    return lambda value: value if isinstance(value, Trusted) else clean(str(value))


@lru_cache(maxsize=8)
def text_environment(width: int, colour: bool) -> Environment:
    """Plain text for a terminal. Every value is one line of visible characters; `width` 0 means no wrapping."""
    env = prompts.environment(autoescape=False).overlay(finalize=_finalize(one_line))
    env.filters = env.filters | {
        "wrap": partial(layout.wrap, width=width),
        "block": partial(layout.block, width=width),
        "paint": partial(layout.paint, colour=colour),
        **SAID,
    }
    return env


def _markdown_block(text: str, prefix: str) -> Trusted:
    lines = [markdown_line(line) for line in text.strip().splitlines()]
    # A backslash keeps the line break of a letter; an empty line is a paragraph of its own anyway.
    following = (*lines[1:], "")
    kept = [line + "\\" if line and following[at] else line for at, line in enumerate(lines)]
    return Trusted("\n".join((prefix + line).rstrip() for line in kept))


@lru_cache(maxsize=1)
def markdown_environment() -> Environment:
    """Markdown. Every value is one line in which nothing of the source can act as markup."""
    env = prompts.environment(autoescape=False).overlay(finalize=_finalize(markdown_line))
    env.filters = env.filters | {"block": _markdown_block, **SAID}
    return env


@lru_cache(maxsize=1)
def html_environment() -> Environment:
    """HTML. Autoescape does the escaping; before it, invisible and control characters become visible."""
    from markupsafe import Markup

    def clean(value: object) -> str:
        return value if isinstance(value, Markup) else visible(str(value))

    env = prompts.environment(autoescape=True).overlay(finalize=clean)
    env.filters = env.filters | SAID
    return env
