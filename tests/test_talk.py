"""The chat without a model: what is understood, and that what is no statement moves nothing."""

from collections import Counter
from pathlib import Path

import pytest

from agent.backends.offline.talk import NOT_UNDERSTOOD, turn
from agent.chat.commands import MOVING
from agent.readers import read_ticket
from evals.cases import all_cases
from evals.turns import session_of
from schemas.escalation import Escalation

PLANTED = Path(__file__).parents[1] / "evals" / "patterns" / "tickets"


@pytest.fixture(scope="module")
def case() -> Escalation:
    result = session_of("portal").result  # the customer is Mette Halvorsen, support Ana Lima
    assert result is not None
    return result


def kinds(words: str, case: Escalation) -> list[tuple[str, str, str]]:
    return [(action.kind, action.target, action.text) for action in turn(words, case).actions]


@pytest.mark.parametrize(
    "words",
    [
        "bump this to P1",
        "please escalate it to the developers right away",
        "could you send that to the oncall",
        "did the customer reply already",
        "whos on call",
        "this ought to be high",
        "i'd say it's urgent",
        "stuf das als kritisch ein, bitte?",
        "wer hat das ticket",
        "ist das schon gemeldet",
        "sube la prioridad a alta",
        "¿quién lo lleva?",
        "passe-le en critique",
        "c'est critique",
        "muda para alta",
        "moin",
        "thanks a lot",
        "merci beaucoup",
        "I wonder whether data was lost",
        "maybe data was lost",
        "could data be lost",
        "check whether data was lost",
        "ich frage mich, ob Daten verloren sind",
        "vielleicht sind Daten verloren",
        "me pregunto si se perdieron datos",
        "quizá se perdieron datos",
        "je me demande si des données sont perdues",
        "peut-être que des données sont perdues",
        "não sei se houve perda de dados",
        "talvez tenha havido perda de dados",
        "I wonder whether workaround-1 is wrong",
    ],
)
def test_a_question_an_order_and_an_opinion_move_nothing(words: str, case: Escalation) -> None:
    assert not [action for action in turn(words, case).actions if action.kind in MOVING]


@pytest.mark.parametrize(
    "words",
    [
        "Restarted both nodes, no change.",
        "it's PRN-2291 with the developers, open since 14 April",
        "the fix for this is critical path in the next release, their manager told us on Monday",
        "Fails from our test company too. What would help is a trace, so I asked for one. It came at 14:10.",
        "Neustart beider Knoten hat nichts gebracht",
        "hemos reiniciado los dos nodos y sigue igual",
        'she says "Export" is greyed out for her now',
        "customer says it works on the phone",
        "revert to 8.4.0 fixed it",
        "undo the last deployment fixed it",
        "forget it, data was lost",
        "copy failed",
        "Save failed with error 500",
        "log the error in the ledger report crashes",
        "see ticket HD-1 for the same problem",
        "print queue stuck for 20 users, brief outage",
        "they need the message queue fixed, customer is blocked",
        "The customer never said: all is fine",
        "the customer did not say: all is fine",
        "they said nothing: strange",
        "die Kundin hat nie gesagt: alles gut",
        "I don't believe workaround-1 is wrong",
        "Log: pool exhausted\nThen: session lost, 3 times in a row",
    ],
)
def test_a_statement_is_handed_on_whole(words: str, case: Escalation) -> None:
    assert kinds(words, case) == [("support_said", "", words)]
    assert turn(words, case).say == ""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("she wrote: it is back, but slow", "it is back, but slow"),
        ("Mette replied by mail:\nstill down.\nCall me.", "still down.\nCall me."),
        ("mette wrote at 18:05: half of us are in", "half of us are in"),
        ("die Kundin am Telefon: „Bei uns steht alles.“", "Bei uns steht alles."),
        ("el cliente dice «no entra nadie»", "no entra nadie"),
        ("la cliente a répondu : toujours rien", "toujours rien"),
        ("o cliente escreveu: continua igual", "continua igual"),
    ],
)
def test_words_of_the_customer_are_handed_on_as_theirs(words: str, text: str, case: Escalation) -> None:
    assert kinds(words, case) == [("customer_said", "", text)]


@pytest.mark.parametrize(
    "words", ["ana wrote: the node is back", "engineering said: it is a bug", "i wrote: we are on it"]
)
def test_words_of_others_are_not_the_customers(words: str, case: Escalation) -> None:
    assert kinds(words, case) == [("support_said", "", words)]


def test_several_things_at_once(case: Escalation) -> None:
    words = (
        'She says "the night shift went home". We moved them to the old login. Also we\'re L2, and why is it critical?'
    )
    found = kinds("Also we're L2. why is it critical?", case)
    assert found == [("tier", "L2", ""), ("explain", "severity", "")]
    assert kinds(words, case)[:2] == [
        ("customer_said", "", "the night shift went home"),
        ("support_said", "", "We moved them to the old login."),
    ]
    assert kinds("save it as a.md and copy the brief", case) == [("save", "", "a.md"), ("copy", "brief", "")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("TEC-3 why?", [("explain", "TEC-3", "")]),
        ("why TEC-3", [("explain", "TEC-3", "")]),
        ("why SEC-9", [("explain", "decision", "")]),
        ("workaround-1 is wrong", [("withdraw", "workaround-1", "workaround-1 is wrong")]),
        ("workaround-1 is true", [("support_said", "", "workaround-1 is true")]),
        ("is workaround-1 wrong?", [("explain", "workaround-1", "")]),
        ("tell Mette we are on it", [("customer_message", "", "")]),
        ("environment should read: production", [("edit_line", "REPRODUCTION STEPS: Environment", "production")]),
        ("zeig den brief", [("show", "brief", "")]),
        ("deshaz eso", [("undo", "", "")]),
        ("undo that please", [("undo", "", "")]),
        ("forget that, take it back", [("undo", "", "")]),
        ("save brief.md please", [("save", "", "brief.md")]),
        ("copy it to my clipboard so I can paste it", [("copy", "brief", "")]),
        ("put it in the ledger please", [("record", "", "")]),
        ("show me the brief", [("show", "brief", "")]),
    ],
)
def test_requests(words: str, expected: list[tuple[str, str, str]], case: Escalation) -> None:
    assert kinds(words, case) == expected


def test_what_is_not_understood_is_said(case: Escalation) -> None:
    assert turn("bump it", case).say == NOT_UNDERSTOOD
    assert turn("The node is back since noon. bump it", case).say == NOT_UNDERSTOOD


def test_what_support_wrote_in_tickets_is_handed_on(case: Escalation) -> None:
    """Paragraphs of the tickets that the suites are made of: notes and mails, by other hands than the word lists."""
    tickets = [read_ticket(path.read_bytes(), name=path.name) for path in sorted(PLANTED.iterdir())]
    tickets += [labelled.ticket() for labelled in all_cases()]
    became = Counter[str]()
    for ticket in tickets:
        for message in (m for m in ticket.messages if m.speaker == "support"):
            body = ticket.text[message.start : message.end].partition("\n")[2]
            for paragraph in (" ".join(p.split()) for p in body.split("\n\n")):
                if len(paragraph.split()) < 6:
                    continue
                actions = turn(paragraph, case).actions
                whole = [a.text for a in actions] == [paragraph]
                one = [a.kind for a in actions] == ["support_said"]
                became["whole" if whole else "partly" if one else "split" if actions else "nothing"] += 1
    assert sum(became.values()) > 200
    assert became["split"] <= 0.02 * sum(became.values()), became
    assert became["nothing"] <= 0.03 * sum(became.values()), became
    assert became["whole"] >= 0.7 * sum(became.values()), became
