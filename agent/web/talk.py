"""From a form of the page to a turn of the chat. Each form does what a command of the chat does, by the same parser."""

from collections.abc import Callable, Mapping

from starlette.datastructures import FormData

from agent.chat import secrets
from agent.chat.commands import is_command, parse
from agent.chat.engine import Chat
from agent.chat.heard import override_of
from agent.errors import BadInput
from agent.render import words as told
from agent.web.cases import Case, Given, mark_of
from agent.web.forms import number_in
from schemas.decision import Question

Work = Callable[[Chat], object]
WORDS: Mapping[str, tuple[str, str]] = {
    "plain": ("", ""),
    "customer": ("/customer", "The customer said"),
    "note": ("/note", "Known to support"),
    "why": ("/why", "Why?"),
    "tier": ("/tier", "Who holds it"),
    "override": ("/override", "Own decision"),
    "deadline": ("/deadline", "Another time for the answer"),
    "message": ("/message", "The message to the customer"),
    "undo": ("/undo", "Undo"),
    "again": ("/again", "Again"),
    "open": ("/open", "Open in the ledger"),
}
"""The chat's command behind each form, and what the conversation calls it."""
NEEDED = ("plain", "customer", "note", "answer", "wrong", "deadline")
"""Forms that say nothing without words."""
MOVED = "it was decided anew meanwhile, and what this is about may have moved: look, and send it again"


def turn_of(form: FormData, case: Case) -> tuple[Work, Given]:
    """What to do, and what the person gave. Raises BadInput for what cannot be, before anything is done."""
    what, words = _field(form, "do"), _field(form, "words")
    known = (*WORDS, "answer", "wrong")
    if what not in known:
        raise BadInput(f"{what[:30]!r}: expected one of {', '.join(known)}")
    if not words and what in NEEDED:
        raise BadInput("nothing was said: write the words first")
    if what == "answer":
        return _answer(form, words, case)
    if what == "wrong":
        return _wrong(form, words, case)
    command, label = WORDS[what]
    if what == "override":
        words = _override(form, words)
    line = f"{command} {words}".strip()
    if is_command(line):
        parse(line)
    return (lambda chat: chat.hear(line)), Given(label, words)


def _override(form: FormData, why: str) -> str:
    """The parts of the form as the command takes them. Raises BadInput."""
    parts = [_field(form, name) for name in ("outcome", "team", "severity")]
    line = f"{' '.join(filter(None, parts))}: {why}"
    override_of(line)
    return line


def _answer(form: FormData, words: str, case: Case) -> tuple[Work, Given]:
    """By the question's own words where the form has them: somebody else may have answered another one meanwhile."""
    question = _question(form, case)

    def work(chat: Chat) -> None:
        open_ = chat.session.result.decision.questions if chat.session.result else ()
        number = next((n for n, one in enumerate(open_, 1) if one.text == question.text), None)
        if number is not None:
            chat.hear(f"/answer {number} {words}")
        else:  # settled while this waited for its turn: what was said is said all the same
            chat.hear(f"{'/customer' if question.ask == 'customer' else '/note'} {words}")

    whose = "The customer's answer" if question.ask == "customer" else "Answer"
    return work, Given(f"{whose} to “{question.text}”", words)


def _question(form: FormData, case: Case) -> Question:
    result = case.chat.session.result
    open_ = result.decision.questions if result else ()
    asked = _field(form, "asked")
    if asked:
        found = next((one for one in open_ if " ".join(one.text.split()) == " ".join(asked.split())), None)
        if found is None:
            raise BadInput(f"“{told.clip(asked)}” is not asked any more: if the answer matters, say it as a note")
        return found
    _unmoved(form, case)
    place = _field(form, "place")
    number = number_in(place)
    if number is None or not 1 <= number <= len(open_):
        raise BadInput(f"question {place[:20]!r}: expected a number from 1 to {len(open_)}")
    return open_[number - 1]


def _wrong(form: FormData, why: str, case: Case) -> tuple[Work, Given]:
    """By what the fact says where the form knows it: a new reading may give it another number."""
    place, about = _field(form, "place"), _field(form, "about")
    result = case.chat.session.result
    claims = result.facts.claims() if result else ()
    if not about:
        _unmoved(form, case)
    claim = next((one for one in claims if (mark_of(one) == about if about else one.id == place)), None)
    if result is None or claim is None:
        raise BadInput(f"{place[:40]!r} is no fact any more: look at the facts as they are now")
    mark = mark_of(claim)

    def work(chat: Chat) -> None:
        now = chat.session.result.facts.claims() if chat.session.result else ()
        found = next((one for one in now if mark_of(one) == mark), None)
        if found is None:
            raise BadInput("this fact is not there any more since the ticket was read anew: nothing to correct")
        chat.hear(f"/wrong {found.id} {why}")

    return work, Given(f"Wrong: {secrets.masked(told.claim_label(claim), result.facts)}", why)


def _unmoved(form: FormData, case: Case) -> None:
    """Raises BadInput where a number may mean something else by now."""
    if _field(form, "seen") != str(case.version) or case.running:
        raise BadInput(MOVED)


def _field(form: FormData, name: str) -> str:
    return str(form.get(name, "")).strip()
