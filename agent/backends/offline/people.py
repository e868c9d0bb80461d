"""People and accounts: from the head, from message headers and from signatures."""

import re
from collections.abc import Iterable, Sequence

from agent.backends.offline.amounts import MONEY
from agent.backends.offline.lexicon import lists
from agent.backends.offline.passages import CLOSING, Passage
from agent.backends.offline.quoting import Quotes
from agent.grounding.fold import stands_in
from agent.grounding.traced import missing_number
from agent.readers.wordlist import words
from schemas.report import AccountReport, PersonReport
from schemas.ticket import Ticket
from schemas.vocabulary import AccountFact, Side

_NAME = r"[A-ZÀ-Þ][\w'’-]{1,25}(?:[ ](?:[A-ZÀ-Þ]\.|van|von|de|da|del|der|di|la|bin|al))*[ ][A-ZÀ-Þ][\w'’-]{1,30}"
_FULL = re.compile(rf"{_NAME}(?!\w)")
_MAIL = re.compile(rf"(?:From|Reporter|Requester|Contact|De|Von):[ \t]*\"?({_NAME})\"?[ \t]*(?:<|\(|,|$)", re.M)
_TITLED = re.compile(
    rf"({_NAME})[ ]?[(,][ ]?((?:[A-Z][\w&/-]*[ ]){{0,4}}?(?:CEO|CTO|CFO|COO|CIO|CISO|DPO|CSM|VP|Manager|"
    rf"Director|Officer|Engineer|"
    r"Administrator|Admin|Developer|Head|President|Lead|Owner|Founder|Analyst|"
    r"Controller)\b(?:[ ]of[ ][A-Z][\w ]{1,30}?)?)(?=[),.\n]|$)"
)
_ACCOUNT_KEYS = frozenset(
    ("account", "customer", "company", "organization", "organisation", "client", "tenant", "kunde", "cliente")
)
_PLAN_KEYS = frozenset(("plan", "tier plan", "subscription", "edition", "package", "account plan", "customer tier"))
_VALUE = re.compile(
    r"(?i)(?<!\w)(?:arr|acv|mrr|annual (?:recurring revenue|contract value|value|spend|contract)|account value|"
    r"contract value|"
    r"contract worth|(?:pays?|paying|spends?|spending) us)(?!\w)"
)
_PLAN = re.compile(
    r"(?i)(?<!\w)(enterprise(?: plus)?|business(?: plus)?|professional|premium|pro|team|growth|starter|basic|"
    r"free|platinum|gold|standard|plus)"
    r"[ -](?:plan|customer|account|tier|edition|subscription|contract|"
    r"licen[sc]e|subscriber)(?!\w)"
)
_ALSO = re.compile(
    r"([A-Z][\w&.-]{2,30}(?:[ ](?:[A-Z][\w&.-]{1,30}|GmbH|Inc|Ltd|AG|Corp|LLC|SA))*)[ ](?:(?:has|have|is|are|"
    r"was|were)[ ])?(?:also[ ])?"
    r"(?:reports?|reported|sees?|seeing|experienc\w+|hits?|affected|has|have|is seeing|"
    r"confirmed)[ ](?:by[ ])?(?:the[ ]|an?[ ])?(?:exact[ ])?(?:same|identical|similar)"
)
_SAME = re.compile(r"same|identical|similar")
_NO_ACCOUNT = words(
    "They We Customers Users Others Several Another Two Three Support Engineering The This It He She "
    "Our Some Many Team Also Both"
)


def people(ticket: Ticket, quotes: Quotes, passages: Sequence[Passage]) -> Iterable[PersonReport]:
    """Named people. A role word alone ("Customer") is nobody's name."""
    seen: set[str] = set()
    for name, role, side, quoted in _people(ticket, passages):
        if name.casefold() in seen or quoted not in ticket.text:
            continue
        if stands_in(name, quoted) and quotes.stands(quoted):
            seen.add(name.casefold())
            yield PersonReport(name=name, role=role, side=side, quote=quoted)


def _people(ticket: Ticket, passages: Sequence[Passage]) -> Iterable[tuple[str, str, Side, str]]:
    for message in ticket.messages:
        if message.author and _FULL.fullmatch(message.author.strip()):
            yield message.author.strip(), "", _side(message.speaker), message.author.strip()
    for found in _MAIL.finditer(ticket.text[:20_000]):
        yield found[1], "", "customer", found[1]
    for passage in passages:
        if passage.kind not in {"prose", "field", "heading"}:
            continue
        for titled in _TITLED.finditer(passage.text):
            yield titled[1], titled[2].strip(), _side_of(passage), titled[0].strip(" ,.")
    for closing in CLOSING.finditer(ticket.text):
        signed = re.compile(rf"\s{{0,4}}({_NAME})[ \t]*(?:\n[ \t]*([^\n]{{3,60}}))?").match(ticket.text, closing.end())
        if signed is None:
            continue
        holder = ticket.message_at(closing.start())
        role = signed[2].strip() if signed[2] and lists()["role"].search(signed[2].lower()) else ""
        words = signed[0].strip() if role else signed[1]
        yield signed[1], role, _side(holder.speaker if holder else "customer"), words


def _side(speaker: str) -> Side:
    return "vendor" if speaker in {"support", "system"} else "third_party" if speaker == "other" else "customer"


def _side_of(passage: Passage) -> Side:
    return "vendor" if passage.asserter == "support" and " our " in passage.low else "customer"


def accounts(quotes: Quotes, passages: Sequence[Passage]) -> Iterable[AccountReport]:
    """The reporting account, its value and plan, and other accounts that see the same."""
    name = "reporter"
    for passage in passages:
        if passage.kind == "field" and passage.key in _ACCOUNT_KEYS:
            value = re.split(r"\s[(|]|[,;]\s", passage.text.partition(":")[2].strip())[0].strip()
            words = quotes.between(passage.start, passage.end)
            if words and quotes.stands(value):
                name = value
                yield AccountReport(account=value, fact="reporter", value="", asserted_by="system", quote=words)
                break
    seen: set[str] = set()
    for passage in passages:
        if passage.kind not in {"prose", "field", "heading", "subject"}:
            continue
        for fact, value in _facts(passage):
            if f"{fact}{value}" not in seen:
                seen.add(f"{fact}{value}")
                at = passage.text.find(value)
                words = quotes.of(passage, at, at + len(value))
                if value in words and missing_number(value, words) is None:
                    yield AccountReport(account=name, fact=fact, value=value, asserted_by=passage.asserter, quote=words)
        if not _SAME.search(passage.low):
            continue
        for also in _ALSO.finditer(passage.text):
            if also[1].split()[0] not in _NO_ACCOUNT and also[1] not in seen:
                seen.add(also[1])
                words = quotes.of(passage, also.start(), also.end())
                if words and quotes.stands(also[1]):
                    yield AccountReport(
                        account=also[1], fact="same_symptoms", value="", asserted_by=passage.asserter, quote=words
                    )


def _facts(passage: Passage) -> Iterable[tuple[AccountFact, str]]:
    if passage.kind == "field" and passage.key in _PLAN_KEYS:
        value = passage.text.partition(":")[2].strip()
        if value:
            yield "plan", re.split(r"\s[(|]|[,;]\s", value)[0].strip()
    else:
        for plan in _PLAN.finditer(passage.text):
            yield "plan", plan[1]
    label = _VALUE.search(passage.text)
    if label is not None:
        after = MONEY.search(passage.text, label.end())
        before = list(MONEY.finditer(passage.text, max(0, label.start() - 30), label.start()))
        money = after if after is not None and after.start() - label.end() < 40 else (before[-1] if before else None)
        if money is not None:
            yield "annual_value", money[0].strip(" ,.")
