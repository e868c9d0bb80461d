"""Replies quoted and mails forwarded inside a message. Variants of the common mail programs in several languages."""

import re
from collections.abc import Generator, Iterator

# Everything below such a line is somebody else's earlier mail, to the end of the message.
_DIVIDER = re.compile(
    r"[ \t]*(?:"
    r"[-_]{2,20} ?(?:Original Message|Original Appointment|Forwarded message|Forwarded by[^\n]{0,100}|"
    r"Message transféré|Message d'origine|Message original|Mensaje original|Mensaje reenviado|"
    r"Ursprüngliche Nachricht|Originalnachricht|"
    r"Weitergeleitete Nachricht|Messaggio originale|Messaggio inoltrato|Mensagem original|Mensagem encaminhada|"
    r"Oorspronkelijk bericht|Doorgestuurd bericht|"
    r"元のメッセージ|転送メッセージ|転送されたメッセージ|原始邮件|转发的邮件)"
    r" ?[-_]{0,20}"
    r"|(?:Begin forwarded message|"
    r"Anfang der weitergeleiteten (?:Nachricht|E-?Mail)|Début du message (?:réexpédié|transféré)|"
    r"Inicio del mensaje reenviado|Inizio messaggio inoltrato|Início da mensagem (?:encaminhada|reencaminhada)|"
    r"転送されたメッセージ)"
    r" ?[::]?"
    r")[ \t]*",
    re.IGNORECASE,
)
# 'On Mon, 2 Mar 2026 at 10:14, Jane <jane@acme.com> wrote:' may be wrapped over up to three lines.
_ON = re.compile(r"[ \t]*(?:On|Am|Le|El|Il|Em|Op|Den|W dniu)\b[^\n]{4,300}", re.IGNORECASE)
_WROTE = re.compile(
    r"(?:\bwrote|\bschrieb(?: [^\n]{1,120})?|\ba écrit|\bescribió|\bha scritto|\bescreveu|\bschreef(?: [^\n]{1,120})?|"
    r"\bskrev(?: [^\n]{1,120})?|\bnapisał(?:a|\(a\))?) ?[::][ \t]*$",
    re.IGNORECASE,
)
_WROTE_CJK = re.compile(
    r"[ \t]*(?:\d{4}[年/-][^\n]{3,200}|[^\n]{0,100}<[^\s<>@]{1,100}@[^\s<>]{1,100}>[^\n]{0,40})"
    r"(?:のメール|が書きました|のメッセージ|さんは書きました|写道|wrote)[^\n]{0,5}[::]?[ \t]*$"
    r"|[ \t]*\d{4}[年/-][^\n<>]{3,200}<[^\s<>@]{1,100}@[^\s<>]{1,100}> ?[::][ \t]*$"
)
_FROM = re.compile(r"[ \t]*[*_]{0,2}(?:From|Von|De|Da|Van|差出人|发件人)[*_]{0,2} ?[::][*_]{0,2} ?\S", re.IGNORECASE)
_FIELD = re.compile(
    r"[ \t]*[*_]{0,2}(?:Sent|Date|To|Cc|Subject|Reply-To|Gesendet|Datum|An|Betreff|Envoyé|Date|À|Objet|Enviado(?: el)?|"
    r"Fecha|Para|Asunto|CC|Inviato|Data|A|Oggetto|Verzonden|Aan|Onderwerp|送信日時|送信|日付|宛先|件名|发送时间|收件人|主题)"
    r"[*_]{0,2} ?[::]",
    re.IGNORECASE,
)
_JIRA_QUOTE = re.compile(r"\{quote\}")
_JIRA_LINE = re.compile(r"bq\. ")

Lines = list[tuple[int, int]]


def quoted_ranges(text: str, lines: Lines) -> Iterator[tuple[int, int]]:
    """Ranges of `text` that quote or forward, among `lines` (start, end without newline) of one message's body."""
    index = 0
    while index < len(lines):
        start, end = lines[index]
        first = text[start : min(start + 4, end)].lstrip(" \t")[:1]
        if first == ">" or (first == "b" and _JIRA_LINE.match(text, start, end)):
            index = yield from _marked(text, lines, index, index)
            continue
        after = _attribution(text, lines, index)
        if after is not None:
            following = _next_filled(text, lines, after)
            if following is not None and text[slice(*lines[following])].lstrip(" \t").startswith(">"):
                index = yield from _marked(text, lines, index, following)
                continue
            yield start, lines[-1][1]
            return
        if _opens_forwarded(text, lines, index):
            yield start, lines[-1][1]
            return
        index += 1
    if lines:
        yield from _jira(text, lines[0][0], lines[-1][1])


def _marked(text: str, lines: Lines, first: int, marked: int) -> Generator[tuple[int, int], None, int]:
    """From line `first` over the run of marked lines that begins at `marked`; returns the index after it."""
    index = last = marked
    while index < len(lines):
        line = text[slice(*lines[index])].lstrip(" \t")
        if line.startswith((">", "bq. ")):
            last = index
        elif line:
            break
        index += 1
    yield lines[first][0], lines[last][1]
    return last + 1


def _attribution(text: str, lines: Lines, index: int) -> int | None:
    """Index of the first line after an attribution line that begins at `index`, or None."""
    start, end = lines[index]
    end = min(end, start + 400)
    if _ON.match(text, start, end):
        for last in range(index, min(index + 3, len(lines))):
            stop = min(lines[last][1], lines[last][0] + 400)
            if _WROTE.search(text, max(lines[last][0], stop - 200), stop):
                return last + 1
            if stop == lines[last][0]:
                break  # a blank line ends the attribution
    if _WROTE_CJK.match(text, start, end):
        return index + 1
    return None


def _next_filled(text: str, lines: Lines, index: int) -> int | None:
    for at in range(index, min(index + 3, len(lines))):
        if text[slice(*lines[at])].strip():
            return at
    return None


def _opens_forwarded(text: str, lines: Lines, index: int) -> bool:
    start, end = lines[index]
    if end - start > 400:
        return False
    if _DIVIDER.fullmatch(text, start, end):
        return True
    if not _FROM.match(text, start, end):
        return False
    fields = 0
    for at in range(index + 1, min(index + 6, len(lines))):
        if not _FIELD.match(text, *lines[at]):
            break
        fields += 1
    return fields >= 2


def _jira(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    marks = list(_JIRA_QUOTE.finditer(text, start, end))
    for opening, closing in zip(marks[::2], marks[1::2], strict=False):
        yield opening.start(), closing.end()
