"""What Tab offers: the chat's commands, and what each can be about in the case as it stands."""

from collections.abc import Callable, Iterable
from typing import get_args

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from agent.chat.commands import COMMANDS, COPIED
from agent.chat.edits import places
from agent.chat.explain import TOPICS
from agent.render import words
from schemas.chat import Session
from schemas.vocabulary import Outcome, Tier

Offer = tuple[str, str]
"""What is put in, and what is said about it."""


class Commands(Completer):
    """Completes a line that begins with `/`. `session` gives the chat as it stands."""

    def __init__(self, session: Callable[[], Session], own: dict[str, tuple[str, str]]) -> None:
        self._session, self._own = session, own
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """The commands, or what the one at hand can take."""
        line = document.text_before_cursor
        if not line.startswith("/") or "\n" in line:
            return
        name, space, argument = line[1:].partition(" ")
        if not space:
            known = {key: command.help for key, command in COMMANDS.items()}
            known |= {key: help for key, (_, help) in self._own.items()}
            yield from _matching(known.items(), name)
        elif name in ("save", "new"):
            yield from self._paths.get_completions(Document(argument), complete_event)
        elif " " not in argument or name == "edit":
            yield from _matching(self._targets(name), argument)

    def _targets(self, name: str) -> Iterable[Offer]:
        """What this command can be about."""
        session = self._session()
        result = session.result
        if name == "copy":
            return [(what, "") for what in COPIED]
        if name == "tier":
            return [(tier, "") for tier in get_args(Tier)]
        if name == "override":
            return [(outcome, "") for outcome in get_args(Outcome)]
        if result is None:
            return []
        claims = [(claim.id, words.claim_label(claim)) for claim in result.facts.claims()]
        if name == "wrong":
            return claims
        if name == "why":
            rules = [(rule.id, rule.clause) for rule in result.decision.rules]
            return [*((topic, "") for topic in TOPICS), *rules, *claims]
        if name == "answer":
            asked = enumerate(result.decision.questions, 1)
            return [(f"{number} ", question.text) for number, question in asked]
        if name == "edit" and result.brief is not None:
            return [(f"{place} = ", "") for place in places(result.brief)]
        return []


def _matching(offers: Iterable[Offer], begun: str) -> Iterable[Completion]:
    for text, meta in offers:
        if text.casefold().startswith(begun.casefold()):
            yield Completion(text, start_position=-len(begun), display_meta=meta)


class Files(Completer):
    """File names at the first prompt, once what stands there can be one."""

    def __init__(self) -> None:
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Those in the folder that is named so far."""
        if "\n" not in document.text and " " not in document.text.strip():
            yield from self._paths.get_completions(document, complete_event)
