"""From a form of the page to a turn of the chat. Each form does what a command of the chat does, by the same parser."""

from collections.abc import Callable

from starlette.datastructures import FormData

from agent.chat.engine import Chat
from agent.errors import BadInput
from agent.web.cases import Case

WORDS = {
    "plain": "",
    "customer": "/customer",
    "note": "/note",
    "tier": "/tier",
    "override": "/override",
    "message": "/message",
    "undo": "/undo",
    "again": "/again",
    "open": "/open",
}
PLACED = {"answer": "/answer", "wrong": "/wrong", "edit": "/edit"}
"""These speak of a question, a fact or a line by its number or name, which another turn may have moved."""
MOVED = "it was decided anew meanwhile, and what this is about may have moved: look, and send it again"


def turn_of(form: FormData, case: Case) -> tuple[Callable[[Chat], object], str]:
    """What to do, and what the person gave, in words for the conversation. Raises BadInput."""
    what, words, place = (str(form.get(name, "")).strip() for name in ("do", "words", "place"))
    if what in PLACED:
        if str(form.get("seen", "")) != str(case.version) or case.running:
            raise BadInput(MOVED)
        line = f"{PLACED[what]} {place}{' =' if what == 'edit' else ''} {words}"
    elif what in WORDS:
        line = f"{WORDS[what]} {words}".strip()
    else:
        raise BadInput(f"{what[:30]!r}: expected one of {', '.join((*WORDS, *PLACED))}")
    if not words and what in ("plain", "customer", "note", "answer", "wrong"):
        raise BadInput("nothing was said: write the words first")
    return (lambda chat: chat.hear(line)), line
