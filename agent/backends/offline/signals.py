"""The signals of policy section 1 in a ticket, by the word rules of `lexicon/`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.backends.offline.attitude import attitude
from agent.backends.offline.lexicon import LANGUAGES, Rule, found_in, lists, rules
from agent.backends.offline.passages import Passage
from agent.backends.offline.sections import Placed
from agent.backends.offline.standing import cue, offers, worked_advice
from schemas.vocabulary import GROUPS

MAX_MENTIONS = 3  # of one signal by one asserter: more prove nothing more

# A fault that one of these names is not also a suspected bug (policy 1, `bug_suspected`).
STRONGER_THAN_SUSPICION = frozenset(GROUPS["technical"]) - {"bug_suspected"}
FAULTS = frozenset((*GROUPS["technical"], "data_exposure", "unauthorized_access"))
# What a later denial takes back (policy 2.7). A bug is taken back only by words of the table `withdrawn`.
DENIABLE = frozenset(
    (
        "data_loss",
        "data_integrity_risk",
        "service_down",
        *GROUPS["security"],
        "legal_risk",
        "churn_threat",
        "bug_confirmed",
    )
)
WITHDRAWABLE = (FAULTS | DENIABLE) - {"security_questionnaire"}
# Tables of the lexicon that are no signals: what they take back.
TAKES_BACK: dict[str, frozenset[str]] = {
    "withdrawn": WITHDRAWABLE,
    "mistaken": WITHDRAWABLE,
    "cleared_loss": frozenset(("data_loss", "data_integrity_risk")),
    "cleared_access": frozenset(("data_exposure", "unauthorized_access")),
}
EXPLAINS = frozenset(
    (*GROUPS["business"], *GROUPS["product"], "security_questionnaire", "guidance_needed", "bug_suspected")
) - {"deal_or_renewal_at_risk"}
ANSWERS = frozenset(("documented_solution", "configuration_issue", "resolved_before_by_support", "known_limitation"))
# What a field of the help desk may say.
OF_FIELDS = frozenset(
    (*GROUPS["time"], "non_production", "bug_tracked", "repeat_reports", "churn_threat", "deal_or_renewal_at_risk")
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a signal is stated, or denied. `start` and `end` are offsets into `passage.low`."""

    signal: str
    state: str
    passage: Passage
    start: int
    end: int


def find_signals(placed: Sequence[Placed], tongues: Sequence[str]) -> tuple[Mention, ...]:
    """Every signal that the rules of these languages see, in the ticket's order, weighed one against another."""
    mentions: list[Mention] = []
    repeats: dict[tuple[str, str], int] = {}
    tables = [(tongue, rule) for tongue in tongues for rule in rules(tongue)]
    for item in placed:
        if item.section == "expected" or item.is_heading or item.passage.kind == "machine":
            continue
        if item.passage.kind == "prose" and cue("administrative", item.passage.low, LANGUAGES):
            continue
        said = (item.passage.asserter, item.passage.low)
        repeats[said] = repeats.get(said, 0) + 1
        if repeats[said] <= MAX_MENTIONS:
            mentions.extend(_passage_mentions(item.passage, tables))
    mentions = _with_endings(mentions, placed, tongues)
    return _weigh(_with_hints(mentions) + _outage(mentions, placed), placed, tongues)


def _passage_mentions(passage: Passage, tables: Iterable[tuple[str, Rule]]) -> Iterable[Mention]:
    if lists()["greeting"].match(passage.low):
        return
    seen: set[tuple[str, str]] = set()
    for tongue, rule in tables:
        if passage.kind == "field" and rule.name not in OF_FIELDS:
            continue
        if not _may_say(passage, rule) or (rule.name, "stated") in seen:
            continue
        for start, end in found_in(rule, passage.low):
            name, state = _meant(passage, rule, start, end, tongue)
            if name is None or (name, state) in seen:
                continue
            yield Mention(name, state, passage, start, end)
            seen.add((name, state))
            if state == "stated":
                break


def _with_endings(mentions: Sequence[Mention], placed: Sequence[Placed], tongues: Sequence[str]) -> list[Mention]:
    """With what only the customer can say of an end, and advice of support that worked, as `resolved_itself`.

    Who thanks for a workaround has one: that is `workarounds`' to say, and the fault is still there.
    """
    named = [
        replace(m, signal="resolved_itself") if m.signal == "ended_by_customer" and m.state == "stated" else m
        for m in mentions
    ]
    offered = offers(placed)
    for passage, start, end in worked_advice(placed, tongues):
        if not any(offer.start < passage.start for offer in offered):
            named.append(Mention("resolved_itself", "stated", passage, start, end))
    kept: dict[tuple[str, str, int], Mention] = {}  # one sentence may match two tables
    for m in sorted(named, key=lambda m: m.passage.start):
        if m.signal != "ended_by_customer" and not (_ends(m) and m.passage.asserter == "quoted"):
            kept.setdefault((m.signal, m.state, m.passage.start), m)
    return list(kept.values())


def _ends(mention: Mention) -> bool:
    """Whether it ends or takes back a problem: nobody else's words, passed on, may do that."""
    return mention.signal == "resolved_itself" or mention.signal in TAKES_BACK


def _with_hints(mentions: Sequence[Mention]) -> list[Mention]:
    """Weak words for misbehaviour count as a suspected bug only in a ticket that nothing else explains."""
    explained = any(m.signal in EXPLAINS and m.state == "stated" for m in mentions)
    hints = [replace(m, signal="bug_suspected") for m in mentions if m.signal == "bug_hinted" and m.state == "stated"]
    return [m for m in mentions if m.signal != "bug_hinted"] + ([] if explained else hints)


def _outage(mentions: Sequence[Mention], placed: Sequence[Placed]) -> list[Mention]:
    """Nobody can log in is an outage (policy 1), also where "cannot log in" and "all of us" are two sentences."""
    if any(m.signal == "service_down" for m in mentions):
        return []
    cues = lists()
    own = [i.passage for i in placed if i.passage.kind in {"prose", "subject"} and i.passage.asserter == "customer"]
    if not any(cues["scope_whole_account"].search(p.low) or cues["everyone_here"].search(p.low) for p in own):
        return []
    return [
        Mention("service_down", "stated", m.passage, m.start, m.end)
        for m in mentions
        if m.signal == "major_function_broken" and m.state == "stated" and cues["getting_in"].search(m.passage.low)
    ][:1]


def _may_say(passage: Passage, rule: Rule) -> bool:
    if passage.asserter == "quoted":
        return "quoted" in rule.by or "customer" in rule.by
    return passage.asserter in rule.by


def _meant(passage: Passage, rule: Rule, start: int, end: int, tongue: str) -> tuple[str | None, str]:
    """The signal that the words state or deny; None where they state nothing."""
    if rule.unless is not None and rule.unless.search(passage.low):
        return rule.instead if rule.name == "major_function_broken" else None, "stated"
    if rule.dated and not lists()["date"].search(passage.low):
        return None, "stated"
    said = attitude(passage, start, end, tongue)
    if said == "denied":
        return (None, "stated") if rule.firm and rule.name not in TAKES_BACK else (rule.name, "denied")
    stance = {"conditional": rule.conditional, "possible": rule.possible, "asked": rule.question}.get(said, "keep")
    if stance == "drop":
        return None, "stated"
    return (rule.instead if stance == "instead" else rule.name), "stated"


def _weigh(mentions: list[Mention], placed: Sequence[Placed], tongues: Sequence[str]) -> tuple[Mention, ...]:
    stated = [m for m in mentions if m.state == "stated" and m.signal not in TAKES_BACK]
    stated = _without_total(stated, mentions, placed, tongues)
    names = {m.signal for m in stated}
    drop: set[str] = set()
    if names & STRONGER_THAN_SUSPICION:
        drop.add("bug_suspected")
    if names & FAULTS:
        drop.add("guidance_needed")
    if "non_production" in names and _production_is_hit(placed):
        drop.add("non_production")
    if "security_questionnaire" in names and not names & {"data_exposure", "unauthorized_access"}:
        drop |= {"vulnerability_report"} if _only_beside_paperwork(stated, "vulnerability_report") else set()
    stated = [m for m in stated if m.signal not in drop]
    wishes = {id(m.passage) for m in stated if m.signal == "feature_gap"}
    stated = [m for m in stated if not (m.signal == "bug_suspected" and id(m.passage) in wishes)]
    if any(m.signal == "bug_suspected" and m.passage.asserter != "support" for m in stated):
        # Support's advice names errors too ("check this when it fails"): the customer's own report is the better proof.
        stated = [m for m in stated if not (m.signal == "bug_suspected" and m.passage.asserter == "support")]
    stated = _without_disproved(stated, placed)
    return tuple(_few(stated)) + tuple(_withdrawals(mentions, stated, tongues))


def _without_total(
    stated: list[Mention], mentions: Sequence[Mention], placed: Sequence[Placed], tongues: Sequence[str]
) -> list[Mention]:
    """A function that fails now and then is not one that "does not work at all" (policy 1): it is a suspected bug.

    Also where the two stand in different sentences. What is said to fail always, or for all, stays as it is.
    """
    faults = {id(m.passage) for m in mentions if m.signal in {"major_function_broken", "bug_suspected", "bug_hinted"}}
    now_and_then = any(
        cue("intermittent", item.passage.low, tongues)
        for item in placed
        if item.passage.asserter == "customer"
        and not item.passage.is_question
        and (id(item.passage) in faults or item.section == "frequency")
    )
    broken = [m for m in stated if m.signal == "major_function_broken"]
    if not now_and_then or any(cue("unbroken", m.passage.low, tongues) for m in broken):
        return stated
    return [replace(m, signal="bug_suspected") if m.signal == "major_function_broken" else m for m in stated]


def _only_beside_paperwork(stated: Sequence[Mention], name: str) -> bool:
    paper = {id(m.passage) for m in stated if m.signal == "security_questionnaire"}
    return all(id(m.passage) in paper for m in stated if m.signal == name)


def _production_is_hit(placed: Sequence[Placed]) -> bool:
    """Whether production is named other than to say that it is safe or that this is not it."""
    safe = lists()["not_production"]
    hit = lists()["production"]
    return any(
        hit.search(item.passage.low) and not safe.search(item.passage.low)
        for item in placed
        if item.passage.kind in {"prose", "subject"}
    )


def _without_disproved(stated: list[Mention], placed: Sequence[Placed]) -> list[Mention]:
    """Answers that the customer then says did not help, and an end that a later "still" contradicts."""
    still = [
        item.passage.start
        for item in placed
        if item.passage.asserter == "customer"
        and item.passage.kind == "prose"
        and item.passage.message
        and lists()["still"].search(item.passage.low)
    ]
    last = max(still, default=-1)
    return [
        m
        for m in stated
        if not (
            (m.signal in ANSWERS or m.signal == "resolved_itself")
            and m.passage.message is not None
            and m.passage.start < last
            and (m.signal == "resolved_itself" or _message_of(placed, last) != m.passage.message)
        )
    ]


def _message_of(placed: Sequence[Placed], start: int) -> int | None:
    return next((item.passage.message for item in placed if item.passage.start == start), None)


def _few(stated: Sequence[Mention]) -> Iterable[Mention]:
    counts: dict[tuple[str, str], int] = {}
    for mention in stated:
        key = (mention.signal, mention.passage.asserter)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= MAX_MENTIONS:
            yield mention


def _withdrawals(mentions: Sequence[Mention], stated: Sequence[Mention], tongues: Sequence[str]) -> Iterable[Mention]:
    """Later words that take an earlier statement back: a false alarm, or a plain denial in a later message."""
    done: set[str] = set()
    for mention in mentions:
        if mention.signal in TAKES_BACK and mention.state == "stated":
            if mention.signal.startswith("cleared") and not _is_firm(mention.passage, tongues):
                continue
            taken = TAKES_BACK[mention.signal]
            for name in sorted({m.signal for m in stated if m.signal in taken and _before(m, mention)}):
                if name not in done:
                    done.add(name)
                    yield Mention(name, "withdrawn", mention.passage, mention.start, mention.end)
        elif mention.state == "denied" and mention.signal in DENIABLE - done and _is_firm(mention.passage, tongues):
            earlier = [m for m in stated if m.signal == mention.signal and _before(m, mention)]
            trusted = mention.passage.asserter == "support" or any(
                m.passage.asserter == mention.passage.asserter for m in earlier
            )
            if earlier and trusted and all(m.passage.message != mention.passage.message for m in earlier):
                done.add(mention.signal)
                yield Mention(mention.signal, "withdrawn", mention.passage, mention.start, mention.end)


def _is_firm(denial: Passage, tongues: Sequence[str]) -> bool:
    return not denial.is_question and cue("doubtful_denial", denial.low, tongues) is None


def _before(earlier: Mention, later: Mention) -> bool:
    return earlier.passage.start < later.passage.start
