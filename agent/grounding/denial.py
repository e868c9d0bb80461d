"""Whether a quote was cut out of its own sentence's denial (policy 2.2).

Only a negator that governs the quote from outside counts. A false denial silences a real fact, so each pattern names
the few words that may stand between the negator and the quote; everything else is no denial. The word lists below are
data: languages are mixed on purpose, since tickets mix them.
"""

import re

# The quote must speak of a harm (or the signal be an assertion, see ASSERTIONS): "export to CSV" out of "we cannot
# export to CSV" is not denied by its negator, it is what the negator breaks.
HARM = (
    r"\b(?:loss|los[et]s?\b|losing|missing|delet|gone|corrupt|wip(?:ed|ing)|wrong|mix(?:ed|ing)|inconsisten|expos|leak"
    r"|breach"
    r"|unauthori[sz]ed|illegal access|hack|compromis|intru|attack|stolen|steal|vulnerab|exploit|risk|threat|violat"
    r"|incident|issue|problem|bug|defect|fault|fail|error|crash|broke|down\b|downtime|outage|unavailab|disrupt|offline"
    r"|block|stuck|affected|degrad|slow|leav|cancel|terminat|churn|switch|walk away|complain|legal|lawsuit|lawyer|sue\b"
    r"|suing|court|press\b|media|visible|accessible|disclos|duplicat|overdue|breach|urgent|emergency|hazard|danger"
    r"|drill)"
    r"|verlust|verlor|gelöscht|ausfall|ausgefallen|fehler|leck|panne|einbruch|unbefugt|problem|störung|stoerung|defekt"
    r"|beschädigt|zugriff|kündig|wechsel"
    r"|perte|perdu|fuite|panne|erreur|accès non|intrusion|incident|corromp|supprim|violation|faille"
    r"|pérdida|perdid|perdi|fuga|brecha|caíd|error|acceso no|borrad|corrup|incidente|fallo|filtra"
    r"|perda|vazament|violaç|queda|falha|erro\b|apagad|invas"
    r"|損失|消失|消え|漏洩|漏えい|流出|障害|侵害|不正|停止|破損|エラー|バグ|不具合|問題|紛失"
    r"|丢失|泄露|泄漏|中断|入侵|损坏|错误|故障|问题"
)

# Signals that assert something about the case, where "not" before any words of theirs denies them.
ASSERTIONS = frozenset(
    {
        "documented_solution",
        "known_limitation",
        "resolved_before_by_support",
        "bug_confirmed",
        "bug_tracked",
        "code_change_needed",
        "custom_implementation",
        "executive_request",
        "exception_requested",
        "cross_functional_decision",
        "repeat_reports",
        "regression",
        "worsening",
        "non_production",
        "resolved_itself",
        "sla_breached",
        "sla_at_risk",
        "workaround",
        "scope",
    }
)

_MILD = (
    r"(?:(?:any|a|an|known|actual|actually|real|really|apparent|visible|obvious|single|sort of|kind of|form of|type of"
    r"|customer|customers|client|user|users|personal|patient|production|sensitive|confidential|data|security|case of"
    r"|instance of|instances of|cases of)(?:'s?)? ){0,4}"
)
_EVIDENCE = (
    r"(?:(?:evidence|signs?|indications?|traces?|proof|suggestions?|reports?|records?|suspicion|hint|hints|question"
    r"|risk"
    r"|danger|threat|reason to (?:believe|think|suspect|assume)) (?:of |that |for |or indication of )?"
    r"(?:there (?:is|was|were|has been|have been) )?)"
)
_BE = r"(?:is|are|was|were|be|been|being|am|'s|'re)"
_LIST = r"(?:(?:[\w-]+(?: [\w-]+){0,2}, ){0,5}(?:[\w-]+ ){0,3}(?:or|nor) )"  # no errors, crashes or …
_THAT_IS = (
    r"(?:(?:that )?(?:this|it|there|these) (?:is|was|were|are|has been|would be) |(?:that )?(?:we|you) have (?:an? )?)"
)

# Each ends where the quote begins.
_BEFORE_ANY = (
    # no data loss, without any evidence of data loss, neither a breach nor data loss
    rf"(?<!is there )\b(?:no|without|zero|neither|nor|free of|lack of|absence of|none of)"
    rf" (?:single )?{_MILD}(?:{_EVIDENCE}{_MILD}|{_LIST}(?:any |a |an )?)?$",
    r"\bneither [\w ]{2,40} nor (?:any |a |an )?$",
    # this is not a breach, it isn't really a case of data loss, was not due to an outage
    rf"\b(?:{_BE} (?:\w+ly )?not|isn't|aren't|wasn't|weren't|ain't|not)"
    r" (?:(?:really|actually|at all|in fact|in any way|currently|experiencing|seeing|having|aware of|due to|caused by"
    rf"|related to|because of|true that|the case that|correct that) ){{0,2}}{_MILD}$",
    # we have not seen any sign of data loss, never had an outage, does not look like a bug
    r"\b(?:not|n't|never|cannot) (?:(?:yet|so far|really|actually|ever|currently|been|be|able to) ){0,3}"
    r"(?:see|seen|saw|seeing|notice|noticed|observe|observed|find|found|detect|detected|identify|identified|experience"
    r"|experienced|have|had|has|encounter|encountered|suffer|suffered|report|reported|indicate|show|suggest|look like"
    r"|looks like|appear to (?:be|have)|seem to (?:be|have)|constitute|mean|imply|involve|cause|caused|result in"
    r"|resulted in|lead to|led to|think|believe|suspect|consider (?:this|it)|say)"
    rf" (?:{_THAT_IS})?(?:any |a |an )?{_MILD}(?:{_EVIDENCE}{_MILD}|{_LIST}(?:any |a |an )?)?$",
    # nobody lost data, none of our users was affected
    r"\b(?:nobody|no one|none of (?:our|the|their|your) \w+) (?:has |have |had |was |were |is |are )?(?:been )?$",
    r"\b(?:non|not-a)[- ]$",
    r"\brather than (?:any |a |an )?$",
    r"\bfalse (?:alarm|report|claim)s?(?: (?:of|about|regarding))?:? (?:any |a |an |the )?$",
    r"\b(?:ruled|rule|ruling) out (?:any |a |an )?(?:possibility of )?(?:any |a |an )?$",
    # German
    rf"\b(?:kein|keine|keinen|keinem|keiner|keinerlei|ohne)(?: (?:einzige[nrs]?|bekannte[nr]?|jegliche[nr]?))? "
    rf"(?:(?:anzeichen|hinweise?n?|belege?|spur(?:en)?|verdacht) (?:für|auf|von|eines|einer) (?:einen? )?)?{_MILD}$",
    r"\bnicht (?:um |von |wegen )?(?:einen? |einem |einer )?$",
    # French
    r"\b(?:aucune?|sans)(?: (?:trace|preuve|signe|indice) (?:de |d'))?(?: aucune?)? ?$",
    r"\bpas (?:(?:eu|constaté|vu|observé|encore|été|subi) ){0,2}(?:de |d'|une? |des )$|\bpas (?:encore )?été $",
    # Spanish, Portuguese
    r"\b(?:sin|ningún|ninguna|sem|nenhuma?)(?: (?:ninguna?|nenhuma?|evidencia|evidência|indicios?|señal"
    r"|sinal) ?(?:de)?)? ?$",
    r"\b(?:no|não) (?:hay|hubo|ha habido|existe|es|fue|se|hemos tenido|tenemos|há|houve|é|foi|tivemos)"
    r" (?:ninguna? |nenhuma? |una? |uma? )?(?:(?:evidencia|evidência|indicios?) de )?$",
    r"(?<!有)(?:没有|并无|不是|并非|未发生|未出现|没有任何|没有发生)(?:任何)?$",
)
_BEFORE_DIRECT = (
    # did not lose data, never deleted, has not been breached, do not want to speak to your CEO
    r"(?:\b(?:not|never|cannot)|n't) (?:(?:yet|ever|really|actually|currently|be|been|being|get|getting|want(?:ed)? to"
    r"|plan(?:ning)? to|going to|intend(?:ing)? to|need(?:ed)? to|ask(?:ing)? to|threaten(?:ing)? to|have to) ){0,2}$",
)

# Each begins where the quote ends.
_AFTER_ANY = (
    r"^(?: (?:has|have|had|can|could|was|were|is|are|did|does|do))? ?(?:been |be )?(?:safely )?(?:ruled out"
    r"|excluded)\b",
    r"^ (?:did|do|does|has|have) ?(?:not|n't) (?:occur|occurred|happen|happened|exist|existed|taken? place)\b",
    r"^ (?:didn't|doesn't|hasn't|haven't) (?:occur|occurred|happen|happened|exist|taken? place)\b",
    r"^ never (?:occurred|happened|existed|took place)\b",
    r"^ (?:(?:is|was|were|are|has been|have been|being) not|isn't|wasn't|aren't|weren't|hasn't been)"
    r" (?:the case|present|found|observed|seen|detected|involved|an issue|a concern|at issue|true|a possibility"
    r"|indicated|suspected)\b",
    r"^ (?:is|was|were|turned out to be|proved to be)(?: just| only| probably)? (?:a )?false (?:alarm|positive"
    r"|report)s?\b",
    r"^ ?[:=] ?(?:none|no|nil|0|zero|false|negative|keine|keiner|aucune?|ninguna?|nenhuma?"
    r"|n/a)\b(?! (?:\w+ ){0,3}(?:yet known|idea))",
    r"^ (?:ist |sind |wurde |wurden |kann |konnte )?(?:ausgeschlossen|nicht eingetreten|nicht aufgetreten"
    r"|nicht festgestellt)\b",
    r"^ (?:gab|gibt) es (?:nicht|keine?n?)\b",
    r"^ n'(?:a|ont|est|était|y a) (?:\w+ )?(?:pas|aucune?)\b",
    r"^ (?:no|não) (?:ocurrió|sucedió|existe|ocorreu|aconteceu|houve)\b",
    r"^(?:は|が|も|では|じゃ|と|という|の|事実|こと){0,3}(?:一切|全く|特に)?(?:発生|起き|起こ|確認|検出|見つか|生じ)?(?:して|され|て|って|は|い){0,4}"
    r"(?:ありません|ございません|ません|なかった|ないです|ない|無い|無く|なく)(?!.{0,6}か)",
    r"^(?:은|는|이|가|도)? ?(?:없|아니)",
)

# Words outside the quote that undo a denial: doubt, doubled negation, emphasis, presupposition.
_UNDONE_BEFORE = re.compile(
    r"(?:\b(?:not|never|cannot|can't|couldn't|won't|without|no guarantee|no certainty|doubt|deny|denies|unclear|unsure"
    r"|impossible)|n't)\b.{0,60}(?:\b(?:no|not|without|never|zero|nor|free of|ruled? out|false)|n't)\b[^,;]{0,60}$"
    r"|\b(?:whether|if|unless|until|in case|why|not only|not just|not merely|not simply|no doubt|no question (?:that"
    r"|about)"
    r"|no wonder|not sure|not clear|not certain|ob|si|se)\b[^,;]{0,60}$"
)
_UNDONE_AFTER = re.compile(
    r"^[^.;]{0,40}\b(?:like (?:this|that|these)|such as this|(?:this|so|that) (?:bad|long|severe|serious|big|often)"
    r"|before (?:this|today|now|last|the)|until (?:now|today|this|last|the)|again|any ?more|any longer|but also"
    r"|sondern auch"
    r"|sino también|mais aussi|mas também)\b|^ before\b"
)
_NEUTRAL_NOUN = re.compile(
    r"^[ -](?:messages?|codes?|logs?|details?|info|information|policy|policies|plans?|protection|prevention|recovery"
    r"|page|pages"
    r"|handling|handler|reports?|notifications?|alerts?|alarm|numbers?|text|banner|dialog|pop-?up|tracker|tickets?"
    r"|response|fix"
    r"|solution|explanation|update|team|manager|tooling|insurance|scan|scanner|history|list|status|window|free)\b"
)
_NEGATOR_INSIDE = re.compile(
    r"\b(?:no|not|never|without|none|nobody|nothing|neither|cannot|kein\w*|nicht|ohne|pas|aucune?|sans|sin|ninguna?"
    r"|não|sem"
    r"|nenhuma?)\b|n't\b|ません|ない|没有"
)
_CLAUSE_END = re.compile(
    r"[;—–!?]|(?<!alarm): | - |\.(?=\s|$)|,? (?:but|however|although|though|whereas|while|because|since|yet|aber"
    r"|jedoch|sondern|weil|mais"
    r"|car|pero|porque|sino|mas|und zwar|except)\b|, (?:and|so|then|which|who|where|when|if|as|und|et|y|e) "
    r"|、|，"
)
_ANY_NEGATOR = re.compile(
    r"\b(?:no|not|never|without|zero|neither|nor|none|nobody|free of|lack of|absence of|cannot|non|rather than|false"
    r"|rul(?:ed?|ing)"
    r" out|excluded|nil|kein\w*|nicht|ohne|keinerlei|ausgeschlossen|aucune?|sans|pas|sin|ningún|ninguna?|sem|nenhuma?"
    r"|não)\b|n't\b"
    r"|n'|[:=] ?0|ない|ません|無|なく|没|不是|并|未|없|아니"
)
_HARM = re.compile(HARM)
_BEFORE_ANY_RE = re.compile("|".join(f"(?:{pattern})" for pattern in _BEFORE_ANY))
_BEFORE_DIRECT_RE = re.compile("|".join(f"(?:{pattern})" for pattern in _BEFORE_DIRECT))
_AFTER_RE = re.compile("|".join(f"(?:{pattern})" for pattern in _AFTER_ANY))
_RULED_OUT = re.compile(r"(?:n't|\b(?:not|cannot|unable to|yet to|never|without|before|until))\b[^,;]{0,30}$")
_SCOPE_NO = re.compile(r"\b(?:no|none of|without|zero|nobody|no one)\b[^,;]{0,30}$")
_QUESTION = re.compile(r"\?[\"')\]*_ ]*$|(?:か|吗|呢|까)[。?？]?$")
_REACH = 120  # folded characters looked at on either side


def denied(before: str, quote: str, after: str, kind: str) -> bool:
    """Whether the folded sentence `before + quote + after` denies the quote from outside it.

    `kind` is the signal's name, or `workaround` or `scope`.
    """
    before, after = before[-_REACH:], after[:_REACH]
    if not (_ANY_NEGATOR.search(before) or _ANY_NEGATOR.search(after)):
        return False
    if _QUESTION.search((after or quote).rstrip()):
        return False
    ends = list(_CLAUSE_END.finditer(before))
    clause = _list_or_clause(before, ends[-1].end() if ends else 0)
    return _denied_before(clause, quote, after, kind) or _denied_after(clause, quote, after, kind)


def _list_or_clause(before: str, cut: int) -> str:
    clause = before[cut:]
    return clause if clause.startswith(" ") or cut == 0 else " " + clause


def _denied_before(clause: str, quote: str, after: str, kind: str) -> bool:
    if not clause.strip():
        return False
    head, rest = _head(quote)
    if not _speaks(head, rest, kind) or _NEGATOR_INSIDE.search(head):
        return False
    if _NEUTRAL_NOUN.match(after):
        return False
    gap = clause if clause.endswith((" ", "-", "'")) or not quote[:1].isascii() else clause + " "
    match = _BEFORE_ANY_RE.search(gap)
    if match is None and (kind in ASSERTIONS or _HARM.match(head) or head.split(" ", 1)[0] in _EVENT_VERBS):
        match = _BEFORE_DIRECT_RE.search(gap)
    if match is None:
        return False
    if kind == "scope" and _SCOPE_NO.search(gap):
        return False  # "no users can log in" is about all users
    if _UNDONE_BEFORE.search(gap) or _UNDONE_AFTER.search(after):
        return False
    return not ("rul" in match.group() and _RULED_OUT.search(gap[: match.start()]))


def _denied_after(clause: str, quote: str, after: str, kind: str) -> bool:
    match = _AFTER_RE.match(after)
    if match is None or _NEGATOR_INSIDE.search(quote):
        return False
    last = _CLAUSE_END.split(quote)[-1]
    if not _speaks(last, "", kind):
        return False
    if _RULED_OUT.search(clause) or _UNDONE_BEFORE.search(clause + " "):
        return False
    return not re.match(r"[^.;]{0,20}\b(?:again|since|any ?more|any longer|yet|until)\b", after[match.end() :])


_EVENT_VERBS = frozenset(
    ("lose", "lost", "leave", "cancel", "switch", "terminate", "breached", "compromised", "blocked")
)


def _head(quote: str) -> tuple[str, str]:
    match = _CLAUSE_END.search(quote)
    return (quote[: match.start()], quote[match.end() :]) if match else (quote, "")


def _speaks(head: str, rest: str, kind: str) -> bool:
    """Whether the part of the quote that the negator can reach is what the claim rests on."""
    if kind in ASSERTIONS:
        return True
    return bool(_HARM.search(head)) and not _HARM.search(rest)
