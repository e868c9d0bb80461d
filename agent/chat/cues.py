"""What must stand in a person's words for an action that a model chose: it may hand on, never put into their mouth.

The ticket lies before the same model, so an order hidden in it would act through these actions. None of them decides,
but a fragment can turn a sentence around ("it is not true that …"), and a fact taken back moves a decision.
"""

import re

from agent.errors import BadInput
from agent.grounding.fold import fold, needles
from schemas.chat import Action

OPENING, CLOSING = "\"'“”„«»‹›‘’", "\"'“”«»‹›’"
_STOP = re.compile(
    r"(?<=[^\W\d_]{3}[.!?…])[ \t]+|(?<=[)\]\"'”’%\d][.!?…])[ \t]+|(?<=[!?])[ \t]+|(?:(?<![ \t])[ \t]+)?\n\s*"
)
_LEVEL_WORDS = "l|level|tier|stufe|nivel|niveau|nível|line|linie|línea|ligne"


def _any(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


# Stems in the languages of the word rules. In another language a person types the command.
_RELAYS = _any(
    r"\b(?:said|says?|wr[io]te\w*|tells?|told|repl\w+|answer\w*|respond\w*|report\w*|mailed|called|customer|client|user)\b",
    r"\b(?:sagt\w*|schreibt|schrieb|geschrieben|antwortet\w*|meldet\w*|kund\w+)\b",
    r"\b(?:dice|dijo|escrib\w+|contest\w+|client\w*|dit|écrit|répond\w*|disse|diz|escreve\w*)\b",
)
_LEVELS = {
    "L1": _any(rf"\b(?:{_LEVEL_WORDS})?[ -]?1\b", r"\bfirst", r"\berste", r"\bprim", r"\bpremi"),
    "L2": _any(rf"\b(?:{_LEVEL_WORDS})?[ -]?2\b", r"\bsecond", r"\bzweit", r"\bsegund", r"\bdeuxi", r"\bsenior"),
    "manager": _any("manag", r"\blead", "chef", "leit", "jef[ea]", "gerente", "responsa", "encargad"),
}
_NEEDED = {
    "undo": _any(
        r"\bundo|\bback\b|forget|revert|remove|scrap|scratch|cancel|never ?mind|delete|drop|strike|wrong|mistake",
        "rückgängig|zurück|vergiss|streich|falsch|deshaz|olvida|quita|annul|retire|oubli|desfa|esquec|remov|apaga",
    ),
    "record": _any(
        r"ledger|\bopen|\brecord|\blog\b|\btrack|follow|regist|öffn|eintrag|aufnehm|verfolg|buch",
        "abr[aei]|segu|ouvr|enregistr|suiv",
    ),
    "deadline": _any(r"\d", "noon|midnight|tomorrow|today|morgen|heute|mañana|hoy|demain|amanhã|hoje"),
}


def check(action: Action, words: str) -> Action:
    """The action as the person's words bear it: what is handed on widened to whole sentences. Raises BadInput."""
    if action.kind == "tier":
        known = _LEVELS.get(action.target)
        if known is not None and not known.search(words):
            raise BadInput(f"tier {action.target}: you did not say who holds the ticket; /tier {action.target} does")
    elif action.kind in _NEEDED and not _NEEDED[action.kind].search(words):
        raise BadInput(f"{action.kind}: you did not ask for that, so it was not done; a command of /help does it")
    elif action.kind in ("customer_said", "support_said", "withdraw"):
        return _handed_on(action, words)
    elif action.kind == "save" and action.text not in {name for word in words.split() for name in (word, _bare(word))}:
        raise BadInput(f"file {action.text[:60]!r}: name it yourself, such as /save brief.md")
    return action


def _bare(word: str) -> str:
    return word.strip(OPENING + CLOSING + ",;:!?()").rstrip(".")


def _handed_on(action: Action, words: str) -> Action:
    start, end = _place(action.text, words)
    relayed = _is_quoted(words, start) or _RELAYS.search(words[:start]) is not None
    if action.kind == "customer_said" and not relayed and not action.target:
        raise BadInput("whose words are these? Say it so: customer says: …")
    if action.kind == "customer_said":
        text = words[start : _end(words, end)].strip()
        return action.model_copy(update={"text": text})
    begin, end = _start(words, start), _end(words, end)
    lead = words[begin:start]
    if action.kind == "support_said" and _RELAYS.search(lead) and any(mark in lead for mark in ":" + OPENING):
        raise BadInput("these words follow somebody else's name: whose are they? Say it so: customer says: …")
    start = begin
    text = words[start:end].strip()
    if text.endswith("?"):
        raise BadInput(f"{text[:80]!r} is a question, not a statement: it was not added")
    if action.kind == "withdraw":
        if len(text.split()) < 2:
            raise BadInput(f"{text[:40]!r} is no reason to take a fact back: say why it is wrong")
        return action.model_copy(update={"text": text})
    if _only_quoted(words, start, end):
        raise BadInput("these words stand in quotation marks: are they the customer's? Say it so: customer says: …")
    return action.model_copy(update={"text": text})


def _place(text: str, words: str) -> tuple[int, int]:
    """Where the text stands in what was typed."""
    if not text.strip():
        raise BadInput("nothing was said: give the words")
    folded = fold(words)
    for needle in needles(text):
        found = next(folded.occurrences(needle), None)
        if found is not None:
            return found
    raise BadInput(f"{text[:60]!r} are not the words that you wrote, so they were not added: say it once more")


def _sentences(words: str) -> list[tuple[int, int]]:
    """Sentences as people type them, also with a small letter after the stop; a line break ends one."""
    found: list[tuple[int, int]] = []
    begin = 0
    for stop in (*_STOP.finditer(words), None):
        end = len(words) if stop is None else stop.start()
        text = words[begin:end]
        if text.strip():
            found.append((begin + len(text) - len(text.lstrip()), end))
        begin = end if stop is None else stop.end()
    return found


def _start(words: str, start: int) -> int:
    return next((a for a, b in _sentences(words) if a <= start < b), start)


def _end(words: str, end: int) -> int:
    """To the end of its sentence, but not over a closing quotation mark."""
    stop = next((b for a, b in _sentences(words) if a < end <= b), end)
    rest = words[end:stop]
    closing = rest[:2].lstrip(".!?,")[:1]
    return end if closing and closing in CLOSING else stop


def _is_quoted(words: str, start: int) -> bool:
    """Whether the words before it lead in: a mark, a colon, a line of their own."""
    before = words[:start].rstrip(" \t")
    return before != "" and (before[-1] in OPENING or before[-1] in ":\n>")


def _only_quoted(words: str, start: int, end: int) -> bool:
    text = words[start:end].strip()
    return len(text) > 2 and text[0] in OPENING and text[-1] in CLOSING
