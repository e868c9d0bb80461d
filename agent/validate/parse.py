"""Briefs written elsewhere: plain text in the seed's layout, or its Markdown variant, to a `Brief`.

Tolerant of case, blank lines, wrapping, bullets, bold and further header lines. What is missing becomes a finding and
an empty text, never an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args

from agent.validate.fields import TRIED_NOT_SAID
from agent.validate.target import LABELS
from schemas.brief import Ask, Brief, Derivation, Operand, Reproduction, TargetLine, Tried
from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.vocabulary import OWNER_LABEL, AskKind

_SECTIONS = {
    "impact": "IMPACT",
    "business impact": "IMPACT",
    "issue description": "ISSUE DESCRIPTION",
    "description": "ISSUE DESCRIPTION",
    "reproduction steps": "REPRODUCTION STEPS",
    "steps to reproduce": "REPRODUCTION STEPS",
    "reproduction": "REPRODUCTION STEPS",
    "what's been tried": "WHAT'S BEEN TRIED",
    "what has been tried": "WHAT'S BEEN TRIED",
    "customer communication": "CUSTOMER COMMUNICATION",
    "what's needed": "WHAT'S NEEDED",
    "what is needed": "WHAT'S NEEDED",
    "supporting context": "SUPPORTING CONTEXT",
    "leadership": "LEADERSHIP",
    "leadership asks": "LEADERSHIP",
    "customer message": "CUSTOMER MESSAGE",
    "message to the customer": "CUSTOMER MESSAGE",
    "first message to the customer": "CUSTOMER MESSAGE",
    "questions": "QUESTIONS",
    "open questions": "QUESTIONS",
    "derivations": "DERIVATIONS",
    "computed values": "DERIVATIONS",
}
REQUIRED = (
    "IMPACT",
    "ISSUE DESCRIPTION",
    "REPRODUCTION STEPS",
    "WHAT'S BEEN TRIED",
    "CUSTOMER COMMUNICATION",
    "WHAT'S NEEDED",
    "SUPPORTING CONTEXT",
)
_FIELD_LABELS = {
    "IMPACT": ("Customers affected", "Workflow impact", "Revenue at risk", "SLA status"),
    "REPRODUCTION STEPS": ("Expected", "Actual", "Environment", "Missing"),
    "CUSTOMER COMMUNICATION": ("Last update", "Customer expectation", "Escalation risk"),
    "WHAT'S NEEDED": ("Deadline", "Leadership"),
}
_HEADING = re.compile(
    r"(?P<name>[a-z' ]{6,32}?)\s{0,9}(?:\([^)\n]{0,40}\))?\s{0,9}(?::\s*+(?P<rest>.{0,20000}))?", re.IGNORECASE
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>()#+\-.!|~&$])")
_ITEM = re.compile(r"\s{0,12}(?:[-*•+]|(?P<number>\d{1,3})[.)])\s+(?P<text>.*)")
_LABEL = re.compile(r"(?P<label>[A-Za-z][A-Za-z ]{2,30}?)\s*[:：]\s*(?P<text>.*)", re.DOTALL)
_RULE = re.compile(r"\s*[-─━═_*=~]{3,}\s*")
_ARROW = re.compile(r"→|⇒|->|=>|-->")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_VERBS: tuple[tuple[str, AskKind], ...] = (
    ("investigat", "investigate"),
    ("fix", "fix"),
    ("deci", "decide"),
    ("approv", "approve"),
)
_DERIVATION = re.compile(
    r"(?P<value>[^=]{1,200})=\s*(?P<operation>[a-z]{3,10})\s*\((?P<operands>.{0,2000})\)\s*\.?", re.IGNORECASE
)
_OPERAND = re.compile(r"(?P<value>.*?)[\[(]?[\"“](?P<quote>[^\"“”]{1,600})[\"”][\])]?\s*", re.DOTALL)
_NOTHING_TRIED = ("nothing yet", "nothing", "none")
_OPERATIONS = get_args(Derivation.model_fields["operation"].annotation)


@dataclass(frozen=True, slots=True)
class ParsedBrief:
    """A brief read from text. `severity`, `target` and `date` are as written, None if the line is missing."""

    brief: Brief
    severity: str | None
    target: str | None
    date: str | None
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Item:
    """One item of a section, its wrapped lines joined."""

    text: str
    numbered: bool = False
    bullet: bool = False


@dataclass(slots=True)
class _Draft:
    """What has been read so far."""

    head: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[_Item]] = field(default_factory=dict)
    message: list[str] = field(default_factory=list)


def parse(text: str) -> ParsedBrief:
    """Read a brief. Never raises."""
    draft = _read(text)
    findings: list[Finding] = []
    lines: list[TargetLine] = []
    labelled: dict[str, str] = {}
    plain: dict[str, list[_Item]] = {}
    for section, items in draft.sections.items():
        plain[section] = []
        for item in items:
            label, value = _labelled(item.text, section)
            if label in LABELS:
                lines.append(TargetLine(label=label, text=value))
            elif label in ("Missing", "Leadership"):
                plain.setdefault(label, []).append(_Item(value))
            elif label is not None:
                labelled.setdefault(label, value)
            else:
                plain[section].append(item)
    if "headline" not in draft.head:
        findings.append(_missing("ESCALATION", "a first line 'ESCALATION: ' with the summary"))
    findings += [_missing(name, f"the section {name}") for name in REQUIRED if name not in draft.sections]
    needed = [item.text for item in plain.get("WHAT'S NEEDED", []) if item.text]
    asks = tuple(_ask(ask, number, findings) for number, ask in enumerate(needed, 1))
    brief = Brief(
        headline=draft.head.get("headline", ""),
        customers_affected=labelled.get("Customers affected", ""),
        workflow_impact=labelled.get("Workflow impact", ""),
        revenue_at_risk=labelled.get("Revenue at risk", ""),
        sla_status=labelled.get("SLA status", ""),
        description=" ".join(item.text for item in plain.get("ISSUE DESCRIPTION", [])),
        reproduction=_reproduction(plain, labelled),
        tried=tuple(_attempts(plain.get("WHAT'S BEEN TRIED", []))),
        last_update=labelled.get("Last update", ""),
        customer_expectation=labelled.get("Customer expectation", ""),
        escalation_risk=labelled.get("Escalation risk", ""),
        asks=asks,
        deadline=labelled.get("Deadline", ""),
        supporting_context=tuple(i.text for i in plain.get("SUPPORTING CONTEXT", []) if not _nothing(i.text)),
        target_lines=tuple(lines),
        leadership_asks=tuple(i.text for name in ("Leadership", "LEADERSHIP") for i in plain.get(name, []) if i.text),
        derivations=tuple(_derivations(plain.get("DERIVATIONS", []), findings)),
        customer_message="\n".join(draft.message).strip(),
        questions=tuple(item.text for item in plain.get("QUESTIONS", []) if item.text),
    )
    return ParsedBrief(
        brief, draft.head.get("severity"), draft.head.get("target"), draft.head.get("date"), tuple(findings)
    )


def _missing(section: str, expected: str) -> Finding:
    return Finding(code="missing_section", place=section, expected=expected + "; 'Not applicable' if it does not apply")


def _read(text: str) -> _Draft:
    draft = _Draft()
    section, last = "", ""
    markdown = re.search(r"^#{1,6} |\*\*", text, re.MULTILINE) is not None
    for raw in text.lstrip("\ufeff").splitlines():
        line = _unmarked(raw)
        if markdown:
            line = _ESCAPED.sub(r"\1", line)
        if _RULE.fullmatch(raw):
            if "SUPPORTING CONTEXT" in draft.sections:  # the brief's end, as our own reports print it
                section = "OTHER"
                draft.sections.setdefault(section, [])
            continue
        heading = _heading(raw, line)
        if heading is not None:
            section, rest = heading
            draft.sections.setdefault(section, [])
            if rest:
                _add(draft, section, rest)
            continue
        if not section:
            last = _header(draft.head, raw, line, last)
        elif section == "CUSTOMER MESSAGE":
            draft.message.append(line)
        elif line.strip():
            _add(draft, section, line)
    return draft


def without_message(text: str) -> str:
    """The brief as it is written, without its first message to the customer, wherever that stands."""
    kept: list[str] = []
    inside = False
    for raw in text.splitlines():
        heading = _heading(raw, _unmarked(raw))
        if heading is not None:
            inside = heading[0] == "CUSTOMER MESSAGE"
        if not inside:
            kept.append(raw)
    return "\n".join(kept).strip()


def _unmarked(line: str) -> str:
    """The line without Markdown's heading signs, bold marks and quotation bars."""
    plain = re.sub(r"^\s*(?:[>|]\s?)?#{1,6}\s+", "", line)
    return re.sub(r"^\s*[>|]\s", "", plain).replace("**", "").replace("__", "").rstrip()


def _heading(raw: str, line: str) -> tuple[str, str] | None:
    plain = line.strip().replace("’", "'").replace("‘", "'").replace("`", "'")
    match = _HEADING.fullmatch(plain)
    marked = raw.lstrip("> ").startswith(("#", "**", "__"))
    if match:
        name = _SECTIONS.get(" ".join(match["name"].casefold().split()))
        rest = (match["rest"] or "").strip()
        if name and (not rest or marked or match["name"].isupper()):
            return name, rest
    bare = plain.rstrip(":")
    if raw.lstrip("> ").startswith("#") and not bare.casefold().startswith("escalation"):
        return "OTHER", ""
    if 6 <= len(bare) <= 40 and bare.isupper() and re.fullmatch(r"[A-Z][A-Z' ]+", bare) and " " in bare:
        return "OTHER", ""
    return None


def _header(head: dict[str, str], raw: str, line: str, last: str) -> str:
    """Read one line above the first section; the label that it belongs to, for lines that wrap."""
    item = _ITEM.fullmatch(line)
    match = _LABEL.match((item["text"] if item else line).strip())
    if match:
        name = match["label"].casefold().strip()
        name = "headline" if name.startswith("escalation") else name
        head.setdefault(name, match["text"].strip())
        return name
    if last and line.strip() and raw[:1].isspace():
        head[last] = f"{head[last]} {line.strip()}".strip()
        return last
    return ""


def _add(draft: _Draft, section: str, line: str) -> None:
    items = draft.sections[section]
    item = _ITEM.fullmatch(line)
    if item:
        items.append(_Item(item["text"].strip(), numbered=item["number"] is not None, bullet=True))
        return
    text = line.strip()
    label, _ = _labelled(text, section)
    if not items or label is not None:
        items.append(_Item(text))
    else:
        items[-1].text = f"{items[-1].text} {text}"


def _labelled(text: str, section: str) -> tuple[str | None, str]:
    """The known label that the text begins with, and what follows it."""
    match = _LABEL.match(text)
    if not match:
        return None, text
    wanted = " ".join(match["label"].casefold().split())
    for label in (*_FIELD_LABELS.get(section, ()), *LABELS):
        if label.casefold() == wanted:
            return label, match["text"].strip()
    return None, text


def _nothing(text: str) -> bool:
    return text.strip().casefold().rstrip(".") in (
        "",
        "nothing yet",
        "none",
        "none known",
        "nothing",
        "not applicable",
        "n/a",
    )


def _reproduction(plain: dict[str, list[_Item]], labelled: dict[str, str]) -> Reproduction:
    items = plain.get("REPRODUCTION STEPS", [])
    steps = tuple(item.text for item in items if item.bullet and not _nothing(item.text))
    gaps = tuple(item.text for item in plain.get("Missing", []) if item.text)
    parts = {name: labelled.get(name, "") for name in ("Expected", "Actual", "Environment")}
    said = any(value and not _nothing(value) for value in parts.values())
    applies = bool(steps or gaps or said)
    return Reproduction(
        applies=applies,
        steps=steps,
        expected=parts["Expected"],
        actual=parts["Actual"],
        environment=parts["Environment"],
        gaps=gaps,
    )


def _attempts(items: list[_Item]) -> Iterator[Tried]:
    """What was tried. That nothing was is a statement and kept; that nobody knows of anything is an empty list."""
    for item in items:
        text = item.text.strip()
        if text.casefold().rstrip(".") in _NOTHING_TRIED:
            yield Tried(action="Nothing yet", result="Unknown")
        elif not _nothing(text) and text.rstrip(".") != TRIED_NOT_SAID:
            yield _tried(text)


def _tried(text: str) -> Tried:
    arrows = list(_ARROW.finditer(text))
    if not arrows:
        return Tried(action=text, result="Unknown")
    cut = arrows[-1]
    return Tried(action=text[: cut.start()].strip(), result=text[cut.end() :].strip() or "Unknown")


def _ask(text: str, number: int, findings: list[Finding]) -> Ask:
    plain = re.sub(r"^(?:please|to)\s+", "", text.strip(), flags=re.IGNORECASE)
    first = _FIRST_WORD.match(plain)
    word = first.group().casefold() if first else ""
    for root, verb in _VERBS:
        if word.startswith(root):
            return Ask(verb=verb, text=re.sub(r"^([^\W\d_]+)\s*:\s*", r"\1 ", plain))
    findings.append(
        Finding(
            code="ask_verb",
            place=f"WHAT'S NEEDED: {number}",
            found=text[:200],
            expected="text that begins with Investigate, Fix, Decide or Approve",
        )
    )
    return Ask(verb="investigate", text=text)


def _derivations(items: list[_Item], findings: list[Finding]) -> Iterator[Derivation]:
    for number, item in enumerate(items, 1):
        match = _DERIVATION.fullmatch(item.text)
        if match and match["operation"].casefold() in _OPERATIONS:
            operands = tuple(_operand(part) for part in match["operands"].split(";") if part.strip())
            yield Derivation.model_validate(
                {"value": match["value"].strip(), "operation": match["operation"].casefold(), "operands": operands}
            )
        elif not _nothing(item.text):
            findings.append(
                Finding(
                    code="derivation_layout",
                    place=f"DERIVATIONS {number}",
                    found=item.text[:200],
                    expected='value = operation(operand "quote"; operand "quote"), operation one of '
                    + ", ".join(_OPERATIONS),
                )
            )


def _operand(text: str) -> Operand:
    plain = text.strip()
    match = _OPERAND.fullmatch(plain)
    if match:
        return Operand(value=match["value"].strip() or match["quote"].strip(), quote=match["quote"].strip())
    return Operand(value=plain, quote=plain)


def compare(parsed: ParsedBrief, decision: Decision) -> list[Finding]:
    """Severity and target as written against the decision: they are not the draft's to choose (policy 5)."""
    found = []
    severity = (parsed.severity or "").strip()
    wanted = (decision.severity or "none").capitalize()
    if not re.match(rf"\W*{wanted}\b", severity, re.IGNORECASE):
        found.append(Finding(code="severity_differs", place="Severity", found=severity[:200], expected=wanted))
    target = (parsed.target or "").strip()
    owner, informed = targets(target)
    if owner != decision.owner or (informed and not decision.leadership):
        label = OWNER_LABEL.get(decision.owner or "", "nobody")
        if decision.leadership and decision.owner != "leadership":
            label += "; Leadership informed"
        found.append(Finding(code="target_differs", place="Target", found=target[:200], expected=label))
    return found


def targets(text: str) -> tuple[str | None, bool]:
    """The owner named first outside `(via …)`, and whether leadership is named beside it."""
    plain = re.sub(r"\(\s*(?:via|through)\b[^)]*\)", "", text, flags=re.IGNORECASE).casefold()
    words = {
        "l2_support": r"\bl2\b|senior support|technical support",
        "engineering": r"\bengineering\b",
        "product": r"\bproduct\b",
        "security": r"\bsecurity\b",
        "leadership": r"\bleadership\b|\bexecutive",
    }
    hits = sorted((match.start(), owner) for owner, pattern in words.items() if (match := re.search(pattern, plain)))
    if not hits:
        return None, False
    return hits[0][1], any(owner == "leadership" for _, owner in hits[1:])
