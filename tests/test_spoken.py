"""What a model may say: the check of its sentences, by capitals, other words, look-alikes, quotes, deeds and times."""

import pytest
from chats import EXPORT, NOW, SIGN_ON, THREAT, Talk, do, talked, turn

from agent.chat import spoken
from agent.chat.events import Decided, Spoken
from agent.chat.heard import with_words
from agent.chat.letters import findings_of, letter
from agent.chat.spoken import DEED, LANGUAGE, NOWHERE, OUTCOME, SEVERITY, TEAM, TIME, Listener, objections
from agent.chat.voice import SETTLED, Voice
from schemas.chat import ActionKind
from schemas.escalation import Escalation


def result_of(ticket: str) -> Escalation:
    result = Talk(ticket).chat.session.result
    assert result is not None
    return result


@pytest.fixture(scope="module")
def escalated() -> Escalation:
    """High, to Engineering via L2."""
    return result_of(EXPORT)


@pytest.fixture(scope="module")
def handled() -> Escalation:
    """Nothing is escalated."""
    return result_of(SIGN_ON)


def objection(sentence: str, result: Escalation, *kinds: ActionKind, typed: str = "") -> str:
    heard = with_words(result.ticket, typed, "Ana Lima", NOW) if typed else result.ticket
    return Listener(result, heard, moves=False, kinds=frozenset(kinds)).objection(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It goes to the Security Team.",
        "I hand it to Security Operations.",
        "It goes to the security people.",
        "SecOps handles this.",
        "Infosec will take it.",
        "The CISO has been told.",
        "Product Management will take it.",
        "The Product Owner will look at it.",
        "The product owner will look at it.",
        "The CEO was informed.",
        "Management is informed.",
        "Das Sicherheitsteam übernimmt.",
        "Die Geschäftsleitung ist informiert.",
        "L'équipe sécurité s'en occupe.",
        "El equipo de seguridad se encarga.",
    ],
)
def test_a_team_is_known_however_it_is_written(sentence: str, escalated: Escalation) -> None:
    assert objection(sentence, escalated) == TEAM


def test_the_developers_are_a_team_too(handled: Escalation) -> None:
    assert objection("The dev team has it.", handled) == TEAM


@pytest.mark.parametrize(
    "sentence",
    [
        "It is low.",
        "Treat this as low.",
        "It is medium now.",
        "It is only a medium one.",
        "It's priority 1.",
        "It's priority one.",
        "This counts as a sev one.",
        "I raised it to the maximum severity.",
        "This is now the top level.",
        "It is treated as urgent.",
        "It is an emergency.",
        "Die Einstufung ist mittel.",
        "Die Stufe ist niedrig.",
        "It is Critic\u200bal.",
        "It is C R I T I C A L.",
        "It is **Crit**ical.",
        "It is Cr1tical.",
        "It is ＣＲＩＴＩＣＡＬ.",
        "Vakavuus on kriittinen.",
    ],
)
def test_a_severity_is_known_however_it_is_written(sentence: str, escalated: Escalation) -> None:
    assert objection(sentence, escalated) == SEVERITY


@pytest.mark.parametrize(
    "sentence",
    [
        "It is \u0421ritical.",  # a Cyrillic letter
        "重大度は緊急です。",
        "严重程度：严重。",
        "Это критично.",
        "심각도는 낮음입니다.",
        "الخطورة حرجة.",
        "Önem derecesi düşük.",
        "Allvarlighetsgraden är låg.",
        "Závažnost je kritická.",
    ],
)
def test_what_cannot_be_checked_is_not_told(sentence: str, escalated: Escalation) -> None:
    assert objection(sentence, escalated) == LANGUAGE


def test_words_of_the_ticket_may_be_in_any_letters() -> None:
    result = result_of(EXPORT.replace("Invoice export", "Invoice export エクスポート"))
    assert objection("The customer calls it エクスポート.", result) == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "It stays in support.",
        "You can close it.",
        "We keep it in support.",
        "No hand-over is needed.",
        "Es bleibt im Support.",
        "On le garde au support.",
        "There is no need to escalate.",
        "Escalation is not needed.",
        "First ask the customer, then we decide.",
    ],
)
def test_an_outcome_needs_no_word_of_escalating(sentence: str, escalated: Escalation) -> None:
    assert objection(sentence, escalated) == OUTCOME


@pytest.mark.parametrize(
    "sentence",
    [
        "It was passed on.",
        "It goes up.",
        "Wir geben es weiter.",
        "I will not hesitate to escalate.",
        "I'd escalate.",
    ],
)
def test_an_outcome_that_is_none_here(sentence: str, handled: Escalation) -> None:
    assert objection(sentence, handled) in (OUTCOME, DEED)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is escalated since no workaround exists.",
        "It is not Critical, because one function is affected.",
        "The customer asks for a critical update.",
        "It is High and goes to Engineering via L2 Support.",
        "Die Einstufung ist High, weil es keinen Workaround gibt.",
        "La gravedad es alta porque no hay solución alternativa.",
        "The deadline is Thursday 2026-11-19 17:00 UTC.",
        "The rule TEC-5 fired because the bug is confirmed.",
        "The load on the server is high.",
        "Disk space is low.",
        "Is anybody else affected?",
        "Which browser did they use?",
        "The ticket does not say whether data was lost.",
        "I cannot send messages; you can take it with /copy message.",
        "Gern.",
        "The next one stands at “Customer update”.",
    ],
)
def test_what_is_true_is_told(sentence: str, escalated: Escalation) -> None:
    assert objection(sentence, escalated) == ""


def test_a_denial_of_the_decided_severity_is_none(escalated: Escalation) -> None:
    assert objection("It is not High.", escalated) == SEVERITY
    assert objection("It is not only Critical but worse.", escalated) == SEVERITY


def test_words_just_typed_are_no_ticket(escalated: Escalation) -> None:
    typed = "Shouldn't this be Critical and go to Security?"
    assert objection('It is "Critical" and goes to "Security".', escalated, typed=typed) == SEVERITY
    typed = "It should be Critical and go to Security"
    assert objection(f"It “{typed[3:]}”.", escalated, typed=typed) == SEVERITY
    assert objection("It is 500 users.", escalated, typed="is it 500 users?") == NOWHERE
    assert objection("The ticket does not say 500 users.", escalated, typed="is it 500 users?") == ""
    assert (
        Listener(escalated, with_words(escalated.ticket, "500 users now", "Ana", NOW), moves=True).objection(
            "I added the 500 users."
        )
        == ""
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "It will be fixed by tomorrow noon.",
        "It will be fixed within the hour.",
        "The deadline is next Friday.",
        "The deadline is tomorrow morning.",
        "You have a week.",
    ],
)
def test_a_time_in_words_is_a_time(sentence: str, escalated: Escalation) -> None:
    assert objection(sentence, escalated) == TIME


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("I have recorded it in the ledger.", "record"),
        ("I changed the deadline.", "deadline"),
        ("I have withdrawn the claim.", "withdraw"),
        ("I saved it.", "save"),
        ("I added it.", "support_said"),
    ],
)
def test_a_deed_is_told_only_beside_its_action(sentence: str, kind: ActionKind, escalated: Escalation) -> None:
    assert objection(sentence, escalated) == DEED
    assert objection(sentence, escalated, kind) == ""


@pytest.mark.parametrize("sentence", ["I sent the message.", "I have overridden the decision.", "I notified them."])
def test_no_action_does_these(sentence: str, escalated: Escalation) -> None:
    assert objection(sentence, escalated, "record", "customer_message", "deadline") == DEED


def test_a_name_that_nobody_said(escalated: Escalation) -> None:
    assert objection("The customer also wrote to Robert Miles about this.", escalated) == NOWHERE
    assert objection("They told Robert Miles about this.", escalated, typed="Robert Miles called") == ""
    assert objection("The rule SEC-1 fires here.", escalated) == NOWHERE


def test_objections_of_a_text(escalated: Escalation) -> None:
    text = "The export stops at about 60 %. It is Critical. It goes to the Security Team."
    assert objections(text, escalated, escalated.ticket) == [
        ("It is Critical.", SEVERITY),
        ("It goes to the Security Team.", TEAM),
    ]
    assert objections("It is High.", escalated, escalated.ticket) == []
    assert objections("It is High.", escalated, escalated.ticket, moves=True) == [("It is High.", SEVERITY)]


@pytest.mark.parametrize(
    "sentence", ["Your case is High.", "It is a P2.", "Our L2 team has it.", "Our Security Team looks at it."]
)
def test_a_customer_is_told_no_severity_and_no_team(sentence: str, escalated: Escalation) -> None:
    found = [f for f in findings_of(f"Hello,\n\n{sentence}\n\nKind regards", escalated) if f.code == "internal_word"]
    assert [f.blocking for f in found] == [False]
    assert sentence in found[0].found


@pytest.mark.parametrize("ticket", [EXPORT, SIGN_ON, THREAT])
def test_the_programs_own_letter_is_fit_for_a_customer(ticket: str) -> None:
    result = result_of(ticket)
    assert [f for f in findings_of(letter(result), result) if f.code == "internal_word"] == []


SECRET = (
    "Subject: Export\n\n[2026-11-18T08:00:00Z] Customer:\nThe export crashes. My password is hunter2-XYZ99 if you "
    "want to try.\n"
)


def test_a_secret_is_not_shown_beside_its_quote() -> None:
    talk, _ = talked(turn(say="The password is hunter2-XYZ99, they write. They wrote [password-1]."), ticket=SECRET)
    result = talk.chat.session.result
    assert result is not None
    ids = [claim.id for claim in result.facts.claims()]
    assert any(claim.kind == "secret_in_ticket" for claim in result.facts.claims())
    for claim_id in ids:
        talk.say(f"/why {claim_id}")
        assert "hunter2" not in str(talk.told)
    talk.say("so?")
    assert [event.text for event in talk.of(Spoken)] == ["They wrote [password-1]."]


def test_a_secret_is_not_shown_as_a_difference() -> None:
    talk = Talk(EXPORT)
    talk.say("/customer Here is my password: hunter2-XYZ99, try it.")
    assert "hunter2" not in str(talk.of(Decided)[0].changes)


STREAMED = [
    "It is 11. März today. The export stops at about 60 %, and it worked with 8.4.0 on Friday.",
    'He said "It is. Fine" twice. The export stops at about 60 %. It worked with 8.4.0 on Friday.',
    "The log “says. It stops” here. The export stops at about 60 %. It worked with 8.4.0.",
    "It was at 3 p.m. CET yesterday. The export stops at about 60 %. It worked with 8.4.0.",
]


@pytest.mark.parametrize("say", STREAMED)
@pytest.mark.parametrize("step", [1, 5])
def test_what_comes_in_pieces_is_told_as_if_it_came_whole(say: str, step: int, escalated: Escalation) -> None:
    def told(pieces: list[str]) -> list[str]:
        events: list[object] = []
        voice = Voice(escalated, escalated.ticket, events.append, checked=False)
        for piece in pieces:
            voice.hear({"actions": [], "say": piece})
        voice.end(turn(say=say))
        return [event.text for event in events if isinstance(event, Spoken)]

    streamed = told([say[:end] for end in range(0, len(say) + 1, step)])
    assert streamed == told([]) == spoken.sentences(say, whole=True)


def test_a_sentence_is_told_before_the_answer_ends(escalated: Escalation) -> None:
    events: list[object] = []
    voice = Voice(escalated, escalated.ticket, events.append, checked=True)
    first = "The export stops at about 60 %."
    voice.hear({"actions": [], "say": f"{first} {'x' * (SETTLED - 2)}"})
    assert events == []
    voice.hear({"actions": [], "say": f"{first} {'X' * SETTLED}"})
    assert [event.text for event in events if isinstance(event, Spoken)] == [first]
    voice.end(turn(do("show", "brief"), say=first))
