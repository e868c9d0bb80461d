"""The known forms of instructions in tickets, as data: patterns over folded text (small letters, single spaces).

Each form has literals of which one must stand in the text before the pattern is tried, since most tickets hold none.
Patterns are bounded: no repetition without an upper limit.
"""

import re
from dataclasses import dataclass
from functools import cache

from schemas.vocabulary import SIGNALS

_TOKEN = re.compile("[a-z0-9]+")
_APART = bytes(code if _TOKEN.match(chr(code)) else 32 for code in range(256))  # bytes of no such word become blanks


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `imperative`: only where the verb has no other subject; `line_start`: only at the start of a line;
    `about_ticket`: only if it speaks of the ticket rather than of a screen of the customer's product.

    `literals`: one of them stands in every match. Each with the ASCII words that it consists of, for a quick look.
    `verbs`: every match begins with one of these words; none: they are not told.
    """

    why: str
    literals: tuple[tuple[str, tuple[str, ...]], ...]
    source: str
    verbs: frozenset[str] = frozenset()
    imperative: bool = False
    line_start: bool = False
    about_ticket: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled on first use: most tickets need none of them."""
        return _compiled(self.source)


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source)


def words_of(text: str) -> frozenset[str]:
    """The ASCII words and numbers of a folded text."""
    return frozenset(text.encode("utf-8", "surrogatepass").translate(_APART).decode("ascii").split())


def _form(
    why: str,
    literals: str,
    pattern: str,
    *,
    verbs: str = "",
    imperative: bool = False,
    line_start: bool = False,
    about: bool = False,
) -> Form:
    """`literals` are separated by bars; one that is only the beginning of a word ends in an asterisk; a broken
    bar stands for a bar. `verbs`, separated by bars too, stand before `pattern`, which goes on with a space."""
    parts = tuple(
        (literal.rstrip("*").replace("¦", "|"), () if literal.endswith("*") else tuple(_TOKEN.findall(literal)))
        for literal in literals.split("|")
    )
    begins = frozenset(verbs.split("|")) if verbs else frozenset()
    source = rf"\b(?:{verbs}){pattern}" if verbs else pattern
    return Form(why, parts, source, begins, imperative, line_start, about)


_TOP = (
    r"(?:critical|blocker|show-?stopper|p[ -]?[01]|sev(?:erity)?[ -]?[01]|s[01]|priority[ -]?[01]"
    r"|highest(?: (?:priority|severity))?"
    r"|emergency|maximum(?: (?:priority|severity))?)\b"
)
_OTHER = (
    r"(?:urgent|high(?:est)?(?:[ -]priority|[ -]severity)?|top[ -]priority|low(?:est)?|medium|minor|trivial|p[2-5]"
    r"|sev(?:erity)?[ -]?[2-5])\b"
)
_ANY_LABEL = rf"(?:{_TOP}|{_OTHER})"
_THING = (
    r"(?: (?:this|it|that|the|my|our|these|current|whole|entire|as|ticket|case|issue|incident|request|report"
    r"|escalation|bug"
    r"|message|mail|email|one|severity|priority|urgency|level|status|tier)){1,5}"
)
_AS = (
    r"(?: (?:as|to|at|with|is|=|down to|up to|straight to))(?: (?:a|an|the|severity|priority|level|being|of|urgency"
    r"|tier|status)){0,3}:? ?[\"'*_`(]{0,2}"
)
_CHIEF = (
    r"(?:ceo|cto|coo|ciso|cfo|vp|executives?|executive team|leadership(?: team)?|c-level|c-suite|board|director"
    r"|management team"
    r"|management|exec team|security(?: team)?|engineering(?: team)?|l3|tier 3)\b"
)
_LABEL_LITERALS = (
    "critical|p1|p0|p 1|p 0|p-1|p-0|sev|sev1|sev0|severity|s1|s0|blocker|stopper|showstopper|priority|priority1"
    "|highest|emergency|maximum"
)
_ANY_LITERALS = _LABEL_LITERALS + "|urgent|high|low|lowest|top|medium|minor|trivial|p2|p3|p4|p5|sev2|sev3|sev4|sev5"

LABEL_LINE = _form(
    "a pasted severity, priority or target",
    "severity|priority|urgency|target|tier|owner team|owner_team|route to|route_to|routed to|routed_to|escalate to"
    "|escalate_to|escalation level|escalation_level|escalation team|escalation_team|sev|schweregrad|gravité|gravedad"
    "|gravidade",
    r"(?<![^\W_])(?:(?:severity|priority|urgency|sev|schweregrad|gravité|gravedad|gravidade)(?:[ _-]level)?"
    rf"[\"'*_]{{0,3}} ?[:=] ?[\"'*_`\[]{{0,3}}{_ANY_LABEL}"
    r"|(?:target|tier|owner[ _]team|routed?[ _]to|escalate[ _]to|escalation[ _](?:level|team))"
    rf"[\"'*_]{{0,3}} ?[:=] ?[\"'*_`\[]{{0,3}}(?:{_CHIEF}|{_TOP}))[\"'*_`\]]{{0,3}}",
)

_ORDER = "orders a severity or priority"
_ROUTE = "orders whom to involve"
ORDERS: tuple[Form, ...] = (
    _form(
        _ORDER,
        _ANY_LITERALS,
        rf"{_THING}{_AS}{_ANY_LABEL}",
        verbs="mark|classify|categorise|categorize|rate|flag|label|tag|log|grade|rank|register|record|raise|prioritise"
        "|prioritize|triage",
        imperative=True,
        about=True,
    ),
    _form(
        _ORDER,
        _LABEL_LITERALS,
        rf"{_THING} [\"'*_`(]{{0,2}}{_TOP}",
        verbs="mark|classify|flag|label|rate",
        imperative=True,
        about=True,
    ),
    _form(
        _ORDER,
        _LABEL_LITERALS,
        rf"{_THING}{_AS}{_TOP}",
        verbs="treat|handle|consider|process|escalate|upgrade|bump|assess|score",
        imperative=True,
        about=True,
    ),
    _form(
        _ORDER,
        _ANY_LITERALS,
        rf"{_THING}(?:{_AS}| ){_ANY_LABEL}",
        verbs="set|change|put|make|assign",
        imperative=True,
        about=True,
    ),
    _form(
        _ORDER,
        _LABEL_LITERALS,
        r"\b(?:must|should|shall|needs? to|has to|have to|is to|are to) be (?:marked|classified|categori[sz]ed|rated"
        r"|flagged|labell?ed|tagged"
        rf"|treated|handled|set|logged|considered|prioriti[sz]ed|triaged){_AS}{_TOP}",
    ),
    _form(
        _ORDER,
        _LABEL_LITERALS,
        r"(?: (?:it|this|this ticket|the ticket|a|an|the|severity|priority)){1,3}"
        rf"(?: (?:severity|priority|level|label|of|rating))* ?:? ?[\"'*_`(]{{0,2}}{_TOP}",
        verbs="assign|give|apply|use|output|return|select|choose",
        imperative=True,
        about=True,
    ),
    _form(
        _ROUTE,
        "page|wake",
        r"\b(?:page|wake up|wake)(?: (?:the|your|our|their|all))? (?:ceo|cto|coo|ciso|cfo|vp(?: of \w+)?|executives?"
        r"|executive team"
        r"|leadership(?: team)?|board|director|management|head of \w+)\b",
        imperative=True,
    ),
    _form(
        _ROUTE,
        "straight|directly|immediately|right away|at once|automatically|now to|now up",
        r"\b(?:route|assign|escalate|dispatch|hand|send)(?: (?:this|it|the|ticket|case|issue|request|over|off|up"
        r"|me)){0,4}"
        rf" (?:straight|directly|immediately|right away|at once|automatically|now)(?: up)? to (?:the )?{_CHIEF}",
        imperative=True,
    ),
    _form(
        _ROUTE,
        "route|assign",
        rf"\b(?:route|assign)(?: (?:this|it|the|ticket|case|issue|request)){{1,3}} to (?:the )?{_CHIEF}",
        imperative=True,
    ),
    _form(
        _ROUTE,
        "target|tier|owner",
        rf"\bset (?:the )?(?:escalation )?(?:target|tier|owner) (?:to|as|=) [\"']?{_CHIEF}",
        imperative=True,
    ),
    # German, French, Spanish, Portuguese, Italian, Japanese, Chinese
    _form(
        _ORDER,
        "kritisch|höchste|höchster|höchsten|p1|p0|p 1|p-1|p 0|p-0|sev|sev1|sev0|critical",
        r"\b(?:als|auf|mit)(?: (?:der|die|das|priorität|schweregrad|stufe)){0,2} [\"']?(?:kritisch"
        r"|höchste[rn]? (?:priorität|stufe)|p[ -]?[01]|sev[ -]?[01]|critical)[\"']?"
        r" (?:ein(?:zu)?stufen|einordnen|(?:zu )?markieren|(?:zu )?klassifizieren|(?:zu )?setzen|(?:zu )?behandeln"
        r"|kennzeichnen|bewerten|ein\b)",
    ),
    _form(
        _ORDER,
        "kritisch|höchste|p1|p0|p 1|p-1|p 0|p-0|sev|sev1|sev0",
        r"\b(?:markieren? (?:sie )?|stufen? (?:sie )?|setzen? (?:sie )?|klassifizieren? (?:sie )?|behandeln? (?:sie )?)"
        r"(?:(?:dies|diese[sn]?|das|den|die|ticket|fall|vorfall|anfrage|meldung|priorität) ){1,4}(?:als"
        r"|auf) [\"']?(?:kritisch|höchste|p[ -]?[01]|sev[ -]?[01])",
    ),
    _form(
        _ORDER,
        "comme",
        r"\b(?:class(?:ez|er|e|ifiez)|marqu(?:ez|er|e)|trait(?:ez|er|e)|considér(?:ez|er|e)) (?:(?:ce|cet|cette|le|la"
        r"|ticket|incident|demande|cas|message) ){1,3}"
        r"comme (?:étant )?(?:critique|p[ -]?[01]|priorité maximale)",
    ),
    _form(
        _ORDER,
        "como",
        r"\b(?:marc|marqu|clasifi|classifi|trat|consider)[a-zêéçã]{1,6} (?:(?:este|esta|isto|esto|o|a|el|la|ticket"
        r"|chamado|caso|incidencia|incidente|solicitud|mensaje) ){1,3}"
        r"como (?:de )?(?:crític[oa]|p[ -]?[01]|máxima prioridad|prioridade máxima)",
    ),
    _form(
        _ORDER,
        "分類|設定|マーク|登録|判定",
        r"(?:重大|クリティカル|最高優先度|最優先|critical|p1)(?:案件|レベル|度)?(?:として|に)(?:分類|設定|マーク|登録|判定)",
    ),
    _form(
        _ORDER,
        "标记为|设置为|设定为|归类为|分类为|列为|标为",
        r"(?:标记|设置|设定|归类|分类|列|标)为[\"'「]?(?:严重|紧急|关键|最高|p1|critical)",
    ),
)

_ROLE_TALK = (
    r".{0,200}?\b(?:you (?:are|must|will|should|shall)|ignore|override|instructions?|severity|priority|escalat\w+"
    r"|classif\w+|mark (?:this|the)"
    r"|triage|comply|respond|prompt|new (?:rule|policy)|critical|tool|disregard)\b"
)
_MODEL = (
    r"(?:ai|a\.i\.|llm|language model|large language model|ai model|ai assistant|ai agent|assistant|chatbot"
    r"|triage (?:bot|agent|assistant|model|system|ai)"
    r"|escalation (?:bot|agent|assistant|model|system)|support (?:bot|ai)|classifier)"
)
_WHAT = (
    r"(?:instructions?|prompts?|guidelines?|directives?|directions|system (?:prompt|message)s?|safety (?:rules"
    r"|guidelines)|training)"
)
DIRECTIVES: tuple[Form, ...] = (
    _form(
        "tells a model to drop its instructions",
        "ignore|disregard|forget|override|bypass|overrule|neglect",
        r"\b(?:ignore|disregard|forget|override|bypass|overrule|neglect)(?: (?:all|any|every|each|everything|of|in"
        r"|the|your|these|those|its|prior|previous"
        rf"|preceding|above|earlier|existing|former|other|foregoing|system|original|initial|current|policy|escalation"
        rf"|triage)){{1,6}} {_WHAT}\b",
        imperative=True,
    ),
    _form(
        "tells a model to drop its instructions",
        "ignore|disregard|forget|override",
        r"\b(?:ignore|disregard|forget|override)(?: (?:all|any|the|your|previous|prior|above|earlier|escalation"
        r"|triage|severity|routing|existing)){1,4}"
        r" (?:rules|policy|policies|criteria)\b",
        imperative=True,
    ),
    _form(
        "tells a model to drop its instructions",
        "ignore the above|ignore everything|ignore all|ignore what|disregard|forget",
        r"\b(?:ignore|disregard|forget) (?:the above|everything (?:above|before|you)|all (?:of )?the above"
        r"|what you were told)[\w ,]{0,40}?[,.;]? ?(?:and|then|instead)? ?"
        r"(?:classify|mark|respond|output|report|return|say|print|write|set|escalate|follow|do|act)\b",
        imperative=True,
    ),
    _form(
        "addresses a model",
        "ai|a.i|llm|language model|assistant|chatbot|triage|escalation|support bot|classifier",
        rf"\b(?:you are|you're|act as|pretend to be|pretend you are|behave as)(?: now)?(?: (?:an?|the|our|my"
        rf"|no longer an?))? (?:\w+ ){{0,2}}{_MODEL}\b(?![^.!?]{{0,80}}(?:\?|\bhuman\b|\bperson\b|, right))",
        imperative=True,
    ),
    _form(
        "addresses a model",
        "you are now|from now on",
        r"\b(?:you are now (?:in|a|an|the|operating|acting|free|unrestricted|allowed|authori[sz]ed|required)\b"
        r"|from now on,? you (?:are|will|must|shall)\b)",
        imperative=True,
    ),
    _form(
        "addresses a model",
        "reading|processing|handling|triaging|summarizing|summarising|analyzing|analysing|reviewing|parsing|evaluating",
        rf"\b(?:(?:as|if you are|if you're|to|for|note to|attention) (?:the|an?|any|whatever|whichever"
        rf"|every) (?:{_MODEL}|model|bot|automation|automated (?:system|agent)|machine)|as (?:the|an) (?:ai )?agent)"
        r" (?:that is |that's |who is |which is )?(?:reading|processing|handling|triaging|summari[sz]ing|analy[sz]ing"
        r"|reviewing|parsing|evaluating)\b",
    ),
    _form(
        "addresses a model",
        "note to|attention|instruction to|instruction for|instructions to|instructions for|dear|message to"
        "|message for|hey|notice to",
        rf"\b(?:note to|notice to|attention|dear|message (?:to|for)|instructions? (?:to|for)|hey)[:,]? (?:the |any "
        rf"|all |our |your )?(?:{_MODEL}s?|model|bot|llms|automated (?:system|agent|triage)s?)\b"
        r"(?! (?:team|editor|builder|product|feature|page|settings|module|chapter|set-?up|training|does|do|is|are)\b)",
        imperative=True,
    ),
    _form(
        "asks for the system prompt",
        "prompt|system message|instructions",
        r"\b(?:reveal|print|show|output|repeat|disclose|dump|leak|display|send|tell)(?: (?:me|us|your|the|its|full"
        r"|entire|original|initial|whole|hidden|exact|back|all|of)){1,5}"
        r" (?:system prompt|system message|initial prompt|prompt|instructions)\b(?! (?:for|on|how|to|field|editor"
        r"|box))",
        imperative=True,
    ),
    _form(
        "forges a system prompt",
        "system prompt|system message|system override|system instruction|system instructions|admin override"
        "|administrator override|developer mode|developer message|new instructions|system note|system notice",
        r"(?:\b(?:new |updated |revised )?(?:system (?:prompt|message|instructions?|override|note to|notice)"
        r"|admin(?:istrator)? override|developer (?:mode|message)|new instructions) ?[:=\]>]"
        r"|\bdeveloper mode (?:enabled|on)\b)" + _ROLE_TALK,
        line_start=True,
    ),
    _form(
        "forges a role",
        "system:|system :|assistant:|assistant :|developer:|developer :|ai:|ai :|human:|human :|[system]|[/system]"
        "|[assistant]|[developer]|[instructions]|[instruction]|# system|#system|# assistant|**system|** system"
        "|**assistant",
        r"(?:\b(?:system|assistant|developer|ai|human) ?:|\[/?(?:system|assistant|developer|instructions?)\]"
        r"|(?:#{1,4}|\*\*) ?(?:system|assistant)\b(?:\*\*)?:?)" + _ROLE_TALK,
        line_start=True,
    ),
    _form(
        "forges a role",
        "<system|</system|<assistant|</assistant|im_start|im_end|endoftext|[inst]|[/inst]|<<sys>>|<</sys>>|<sys>>"
        "|<¦system¦>|<¦assistant¦>|<¦user¦>|<instructions|</instructions|<instruction|<developer",
        r"(?:</?(?:system|assistant|developer|instructions?)(?:[ _-](?:prompt|message|override|reminder))?>"
        + _ROLE_TALK
        + r"|<\|(?:im_start|im_end|system|assistant|user|endoftext)\|>|\[/?inst\]|<</?sys>>"
        r"|</(?:system|assistant|instructions)(?:[ _-](?:prompt|message))?>)",
    ),
    _form(
        "forges a role",
        '"role"',
        r'"role" ?: ?"(?:system|developer)" ?, ?"content" ?: ?"' + _ROLE_TALK,
    ),
    _form(
        "names the program's own tools",
        "record_facts|submit_brief|tool_result|tool_use|function_calls|function_results|<invoke|:invoke",
        r"\b(?:record_facts|submit_brief)\b|</?(?:antml:)?(?:tool_result|tool_use|function_calls|function_results"
        r"|invoke)\b|\b(?:call|invoke|use|run) (?:the )?(?:tool_use|tool_result|function_calls)\b",
    ),
    _form(
        "forges the end of the ticket",
        "end of|</ticket|ticket ends|end ticket|begin system|</customer|</customer_message|</document|</untrusted"
        "|end_of_ticket|start of system|</user|</user_input",
        r"(?:(?:[-=#*\[<(]{1,40} ?)end of (?:the )?(?:ticket|customer (?:ticket|message|text)|user (?:input|message)"
        r"|untrusted (?:text|input|data)|data|document)\b|</(?:ticket|customer_message|customer|document|user_input"
        r"|untrusted|user)>"
        r"|\bend of (?:the )?ticket(?: (?:text|data|content|body))? ?[.:\-=#*\])>]|[-=#*\[]{2,40} ?(?:ticket ends"
        r"|end ticket|begin system|start of system)\b|\bend_of_ticket\b|\bticket ends here\b)",
    ),
    _form(
        "dictates the answer",
        "respond only|reply only|answer only|output only|return only|respond solely|respond exclusively"
        "|respond exactly|respond just|reply solely|reply exactly|reply just|answer solely|answer exactly|answer just"
        "|output solely|output exclusively|output exactly|output just|return solely|return exactly|return just",
        r"\b(?:respond|reply|answer|output|return)(?: (?:only|solely|exclusively|exactly|just))(?: (?:with"
        r"|the))? ?(?:the )?(?:json\b|valid json|word\b|yes\b|no\b|following|string\b|text\b"
        r"|[\"'{]|severity|critical|a single|one word|this json)",
        imperative=True,
    ),
    _form(
        "dictates the answer",
        "your answer|your response|your output|your final|your classification|your verdict|your json|your extraction"
        "|your triage",
        r"\b(?:in|of) your (?:final )?(?:output|json|classification|verdict|extraction|triage(?: output| result)?)\b"
        r"|\byour (?:final )?(?:output|classification|verdict|answer|response) (?:must|should|shall|has to"
        r"|will) (?:be|contain|include|say|state|start|begin)\b",
    ),
    _form(
        "tells a model what to leave out",
        "instruction|instructions|injection|injections|signal|signals|prompt|prompts|instruction_in_ticket",
        r"\b(?:do not|don't|never) (?:mention|report|record|list|extract|flag|disclose|reveal|quote|summari[sz]e"
        r"|include|treat)(?: (?:this|these|those|any|that|the|as|an?|of|above|following|hidden|prompt|or)){0,4}"
        r" (?:instructions?|injections?|signals?|prompts?|instruction_in_ticket)\b(?! (?:code|light|strength"
        r"|processing|manual|pdf|page|video))",
        imperative=True,
    ),
    _form(
        "tells a model what to leave out",
        "in the summary|in your summary|in the brief|in your brief|in the facts|in your facts|in the analysis"
        "|in your analysis|in the triage|in your report",
        r"\b(?:do not|don't|never) (?:mention|report|record|list|extract|flag|disclose|reveal|quote"
        r"|include)\b[\w ,'-]{0,60} in (?:the|your) (?:escalation |triage )?(?:summary|brief|facts|analysis|triage"
        r"|report)\b",
        imperative=True,
    ),
    # Other languages: "ignore the previous instructions", "you are an assistant"
    _form(
        "tells a model to drop its instructions (German)",
        "anweisung|anweisungen|instruktion|instruktionen|befehl|befehle|regeln|vorgaben|richtlinien|prompt|prompts",
        r"\b(?:ignoriere?n?|vergiss|vergessen|missachte?n?)(?: (?:sie|bitte|alle|sämtliche|die|deine|ihre|jegliche"
        r"|vorherigen?|bisherigen?|obigen?|vorangegangenen?|früheren|vorigen))"
        r"{1,5} (?:anweisung(?:en)?|instruktion(?:en)?|befehle?|regeln|vorgaben|richtlinien|prompts?)\b",
    ),
    _form(
        "addresses a model (German)",
        "du bist|sie sind",
        r"\b(?:du bist|sie sind)(?: (?:jetzt|nun))? (?:eine?|der|die|das) (?:ki|ki-[\w-]{3,20}|sprachmodell"
        r"|triage-[\w-]{3,12}|assistent|chatbot)\b",
    ),
    _form(
        "tells a model to drop its instructions (French)",
        "instructions|consignes|directives|règles",
        r"\b(?:ignor(?:e|ez|er)|oubli(?:e|ez|er))(?: (?:toutes?|les|vos|tes|ces|précédentes)){1,4} (?:instructions"
        r"|consignes|directives|règles)\b",
    ),
    _form(
        "tells a model to drop its instructions (Spanish)",
        "instrucciones|órdenes|indicaciones|reglas|directrices",
        r"\b(?:ignor(?:a|e|en|ar|ad)|olvid(?:a|e|en|ar))(?: (?:todas?|las|tus|sus|estas|anteriores"
        r"|previas)){1,4} (?:instrucciones|órdenes|indicaciones|reglas|directrices)\b",
    ),
    _form(
        "tells a model to drop its instructions (Portuguese)",
        "instruções|ordens|orientações|regras|diretrizes",
        r"\b(?:ignor(?:e|em|ar|a)|esqueça)(?: (?:todas?|as|suas|estas|anteriores|prévias)){1,4} (?:instruções|ordens"
        r"|orientações|regras|diretrizes)\b",
    ),
    _form(
        "tells a model to drop its instructions (Italian)",
        "istruzioni|direttive|regole",
        r"\bignor(?:a|ate|are|i)(?: (?:tutte|le|tue|vostre|precedenti)){1,4} (?:istruzioni|direttive|regole)\b",
    ),
    _form(
        "tells a model to drop its instructions (Japanese)",
        "指示|命令|プロンプト|ルール",
        r"(?:以前|これまで|上記|前|先ほど|今まで|すべて|全て|あらゆる)の?(?:すべて|全て|全)?の?(?:指示|命令|プロンプト|ルール)(?:を|は)?(?:すべて|全て|一切)?(?:無視|忘れ)",
    ),
    _form(
        "tells a model to drop its instructions (Chinese)",
        "忽略|无视|忘记|忽視",
        r"(?:忽略|无视|忘记|忽視)(?:掉)?(?:之前|以上|先前|前面|上述|所有|一切|全部|此前)(?:的|所有|之前|全部){0,3}(?:指令|指示|说明|提示|规则|命令)",
    ),
    _form(
        "addresses a model (Chinese, Japanese)",
        "你是一个|你现在是|あなたは",
        r"(?:你是一个|你现在是)[^。]{0,12}(?:助手|模型|机器人|ai)|あなたは[^。]{0,12}(?:アシスタント|モデル|ai|ボット)です",
    ),
)

# The words of each literal under the longest of them, and the source of its form.
_WITH: dict[str, list[tuple[frozenset[str], str]]] = {}
_WORDLESS: set[str] = set()  # sources of the forms that have a literal in a script without words
for _one in (LABEL_LINE, *ORDERS, *DIRECTIVES):
    for _, _words in _one.literals:
        if _words:
            _WITH.setdefault(max(_words, key=len), []).append((frozenset(_words), _one.source))
        else:
            _WORDLESS.add(_one.source)


def possible(text: str, words: frozenset[str]) -> set[str]:
    """Sources of the forms of which a literal may stand in the folded text with these words: of most tickets, few."""
    found = set() if text.isascii() else set(_WORDLESS)
    for word in words & _WITH.keys():
        found.update(source for literal, source in _WITH[word] if words >= literal)
    return found


_NAMES = sorted((name for name in SIGNALS if "_" in name), key=len, reverse=True)
SIGNAL_WORD = re.compile(rf"(?<![\w./-])(?:{'|'.join(_NAMES)})(?![\w/-])")
"""A signal's name as this program writes it, as a token of its own."""

SIGNAL_ORDER = re.compile(
    r"\b(?:report|record|emit|add|list|include|return|output|flag|mark|assert|withdraw|signals?|extract|raise|set"
    r"|fire|trigger)\b"
    r"|\b[a-z]+_[a-z_]+[\"']? ?[:=] ?[\"']?(?:true|yes|1|stated|withdrawn)\b"
)
"""What makes one such name an instruction."""

FOLLOWS = re.compile(
    r"[\s>*\-\"'(]{0,6}(?:then |also |and |now |next,? |finally,? |instead,? |please |always |never |do not |don't )?"
    r"(?:(?:you|your) (?:must|should|will|shall|are|job|task|output|answer|response)\b|(?:mark|set|page|route|assign"
    r"|classify|treat|flag|rate|label|output"
    r"|respond|return|report|record|call|use|emit|severity|priority|target|ignore|disregard|approve|skip|comply|obey"
    r"|begin|follow)\b(?! (?:up|the link))"
    r"|this is (?:mandatory|an order|authori[sz]ed)|failure to comply|no exceptions)"
)
"""How a sentence begins that goes on with an instruction."""

TEMPLATE_COMMENT = re.compile(
    r"(?i)\b(?:please|describe|template|e\.g\.|provide|replace|screenshots?|search|fill|example|steps|optional"
    r"|remove this|before (?:you )?submit"
    r"|version|thank|bug|feature|checklist|issue|conditional|\[if|\[endif|startfragment|endfragment|more)\b|<!--\s*\["
    r"|<!--\W*-->"
)
"""Comments of issue templates and of mail programs, which are hidden for good reasons."""
