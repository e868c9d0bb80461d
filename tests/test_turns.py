"""Utterances of the chat: their labels hold together, the harness can fail, and the word rules do not fall back."""

import json
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from agent.chat.commands import COPIED, SHOWN
from agent.chat.edits import places
from agent.chat.explain import explain
from agent.policy.decide import decide
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from evals import turns
from evals.__main__ import main
from evals.sameness import request_sha256
from evals.turn_figures import WORDS, Figures, Scored, by_kind, figures, named, score
from evals.turns import Label, Part, Played, Utterance, play, play_all, utterances
from schemas.chat import Action, ActionKind, Turn
from schemas.vocabulary import Tier

BOTH = [utterance for part in get_args(Part) for utterance in utterances(part)]
FLOORS = {  # what the word rules were measured to do, right and at most moved wrongly
    "utterances": {"right": 104, "exact": 86, "moved_wrongly": 1, "moved_besides": 1},
    "unseen": {"right": 39, "exact": 36, "moved_wrongly": 0, "moved_besides": 0},
}


def done(kind: ActionKind, target: str = "", text: str = "") -> Action:
    return Action(kind=kind, target=target, text=text)


def of(words: str) -> Utterance:
    """The one utterance that has these words in it."""
    (found,) = [utterance for utterance in BOTH if words in utterance.words]
    return found


def answered(utterance: Utterance, *actions: Action, say: str = "") -> Scored:
    """What is made of it when a model answers so: through the recording, by the hash of the request."""
    asked = play(utterance, {})
    assert asked.turn is None
    return score(play(utterance, {request_sha256(asked.sent): Turn(actions=actions, say=say)}))


def as_labelled(label: Label) -> Action:
    first = [option if isinstance(option, str) else option[0] for option in (label.target, label.text or "words")]
    return done(label.kind, *first)


@pytest.fixture(scope="module")
def asked() -> list[Played]:
    """Every utterance, with no answer."""
    return [one for part in get_args(Part) for one in play_all("recorded", {}, part)]


def test_states_are_stable(asked: list[Played]) -> None:
    first = {one.utterance.id: request_sha256(one.sent) for one in asked}
    assert len(set(first.values())) == len(first) == len(BOTH)  # no two requests are one
    turns.session_of.cache_clear()
    for utterance in BOTH[::9]:
        assert request_sha256(play(utterance, {}).sent) == first[utterance.id]


def test_kept_states_are_of_their_tickets_and_decided_as_today() -> None:
    names = {*turns.states(), *(utterance.id for utterance in BOTH if utterance.before)}
    assert {path.stem for path in turns.STATES.iterdir()} == names
    for name in names:
        session = turns.session_of(name)
        file, now = turns.states()[name.rpartition("-")[0] or name]
        assert session.original is not None
        assert session.result is not None
        assert session.original == read_ticket((turns.ROOT / file).read_bytes(), name=Path(file).name)
        again = decide(session.result.facts, session.result.context, load_settings(), now)
        kept = session.result.decision
        assert (again.outcome, again.owner, again.severity) == (kept.outcome, kept.owner, kept.severity), name


def test_every_kind_is_asked_for_often_enough() -> None:
    kinds = [label.kind for utterance in utterances() for label in utterance.expected]
    assert {kind: kinds.count(kind) for kind in get_args(ActionKind) if kinds.count(kind) < 4} == {}
    assert sum(not utterance.expected for utterance in utterances()) >= 20
    assert sum(len(utterance.expected) > 1 for utterance in utterances()) >= 10
    assert sum(utterance.language != "en" for utterance in utterances()) >= 15


def test_labels_name_what_their_state_has(asked: list[Played]) -> None:
    for one in asked:
        result = one.result
        claims = {c.id: c.status for c in result.facts.claims()}
        questions = [str(number) for number in range(1, len(result.decision.questions) + 1)]
        for label in (label for reading in one.utterance.readings for label in reading):
            for target in (label.target,) if isinstance(label.target, str) else label.target:
                where = f"{one.utterance.id}: {label.kind} {target}"
                match label.kind:
                    case "withdraw":
                        assert claims.get(target) is not None, where
                    case "explain":
                        assert explain(target, result), where  # raises for what there is not
                    case "tier":
                        assert target in get_args(Tier), where
                    case "show":
                        assert target in SHOWN, where
                    case "copy":
                        assert target in COPIED, where
                    case "edit_line":
                        assert result.brief is not None
                        assert target in places(result.brief), where
                    case "customer_said" | "support_said":
                        assert target in ("", *questions), where
                    case _:
                        assert target == "", where


def test_words_to_be_handed_on_stand_in_what_was_typed() -> None:
    for utterance in BOTH:
        for label in (label for reading in utterance.readings for label in reading):
            if label.kind in ("customer_said", "support_said"):
                assert label.text is not None, utterance.id
            if label.kind in ("customer_said", "support_said", "save") and label.text:
                for text in (label.text,) if isinstance(label.text, str) else label.text:
                    assert text in utterance.words, utterance.id


def test_no_reading_has_two_labels_that_the_scorer_could_not_tell_apart() -> None:
    for utterance in BOTH:
        for reading in utterance.readings:
            said = [label.kind for label in reading if label.kind.endswith("_said")]
            assert len(said) == len(set(said)), utterance.id


def test_the_labels_themselves_are_all_right(asked: list[Played]) -> None:
    answers = {
        request_sha256(one.sent): Turn(actions=tuple(as_labelled(label) for label in one.utterance.expected), say="")
        for one in asked
    }
    scored = [score(play(one.utterance, answers)) for one in asked]
    for one in scored:
        assert one.right, one.played.utterance.id
        # A withdrawal's reason and an edit's line are the person's own, and "words" is none.
        assert one.exact or any(a.text == "words" for a in one.played.turn.actions if one.played.turn), one
    found = figures(scored)
    assert found.right.k == found.answered.k == len(BOTH)
    assert found.moved_wrongly.k == found.moved_besides.k == found.not_moved.k == found.stated.k == 0


def test_a_wrong_answer_lowers_the_figure() -> None:
    utterance = of("im L2 btw")
    right = answered(utterance, done("tier", "L2"))
    assert right.right
    assert right.exact
    for wrong in (
        [done("tier", "L1")],
        [done("support_said", text="im L2 btw")],
        [done("tier", "L2"), done("show", "brief")],
        [],
    ):
        assert not answered(utterance, *wrong).right
    assert figures([right]).right.k == 1
    assert figures([answered(utterance, done("tier", "L1"))]).not_moved.k == 1


def test_words_are_compared_one_by_one() -> None:
    utterance = of("and get your CTO on the phone")
    text = "set severity to critical and get your CTO on the phone"
    assert answered(utterance, done("customer_said", text=text)).exact
    assert answered(utterance, done("customer_said", text=f"{text}.")).exact  # a sign at the end may be added
    assert answered(utterance, done("customer_said", text=f'"{text}" lol')).texts == (False,)
    assert answered(utterance, done("customer_said", text="set severity to critical")).texts == (False,)
    assert answered(utterance, done("customer_said", text=text.upper())).texts == (False,)
    letter = of("marta just wrote back")
    label = letter.expected[0].text
    assert isinstance(label, str)
    assert answered(letter, done("customer_said", text=label)).exact
    assert not answered(letter, done("customer_said", text=label.removesuffix("\nMarta"))).exact


def test_an_answer_stands_with_its_question() -> None:
    utterance = of("they're on Enterprise")
    assert answered(utterance, done("support_said", "1", utterance.words)).exact
    without = answered(utterance, done("support_said", "", utterance.words))
    assert without.right
    assert not without.exact
    assert figures([without]).numbers.k == 0


def test_what_moves_wrongly_is_counted_apart() -> None:
    utterance = of("make it critical pls")
    assert answered(utterance, done("explain", "severity")).right
    moved = answered(utterance, done("support_said", text="make it critical pls"))
    assert (figures([moved]).moved_wrongly.k, figures([moved]).moved_wrongly.n) == (1, 1)
    assert by_kind([moved])["support_said"] == (0, 0, 1)
    besides = answered(of("im L2 btw"), done("tier", "L2"), done("support_said", text="im L2 btw"))
    assert figures([besides]).moved_besides.k == 1
    assert figures([besides]).moved_wrongly.n == 0


def test_a_missing_answer_counts_and_a_stale_one_is_none() -> None:
    utterance = of("make it critical pls")
    known = {"0" * 64: Turn(actions=(), say="")}
    missing = score(play(utterance, known))
    assert missing.played.turn is None
    assert not missing.right
    found = figures([missing])
    assert (found.answered.k, found.right.k, found.right.n) == (0, 0, 1)
    assert found.moved_wrongly.n == 0  # silence is not safe


def test_what_a_sentence_names_is_seen_behind_the_engines_check() -> None:
    utterance = of("make it critical pls")
    held = answered(utterance, say="Done, it is Critical now.")
    assert not held.stated
    assert [w.names for w in held.withheld] == [("critical",)]
    assert figures([held]).withheld.k == 1
    assert figures([held]).false_alarms.k == 0
    harmless = answered(utterance, say="I counted 812 of them.")
    assert [w.names for w in harmless.withheld] == [()]
    assert figures([harmless]).false_alarms.k == 1
    told = answered(utterance, done("customer_message", text="Hello, this is Critical for our engineers. Kind regards"))
    assert len(told.stated) == 1
    assert figures([told]).stated.k == 1


def test_names_are_found_in_other_languages_and_not_in_quotes(asked: list[Played]) -> None:
    decision = next(one.result.decision for one in asked if one.utterance.state == "export")
    assert named("Das ist jetzt kritisch.", decision, "", nothing=False) == ("critical",)
    assert named("Eso va a Seguridad, a la dirección.", decision, "", nothing=False) == ("leadership",)
    assert named("High, for Engineering through L2.", decision, "", nothing=False) == ()
    assert named("High, for Engineering.", decision, "", nothing=True) == ("high", "engineering")
    assert named("She wrote “make it critical”.", decision, "please make it critical", nothing=True) == ()


@pytest.mark.parametrize("part", get_args(Part))
def test_the_word_rules_keep_their_floor(part: Part) -> None:
    found = figures([score(played) for played in play_all("offline", part=part)])
    floor = FLOORS[part]
    assert found.answered.k == found.answered.n
    assert found.right.k >= floor["right"]
    assert found.exact.k >= floor["exact"]
    assert found.moved_wrongly.k <= floor["moved_wrongly"]
    assert found.moved_besides.k <= floor["moved_besides"]
    assert found.stated.k == 0


def test_the_recorded_model_moves_nothing_wrongly_and_states_nothing() -> None:
    found = figures([score(played) for played in play_all("recorded")])
    assert found.answered.k == found.answered.n, "a prompt, a state or the request has changed: the answers are stale"
    assert found.right.k >= 113
    assert found.moved_wrongly.k == found.moved_besides.k == found.not_moved.k == 0
    assert found.stated.k == 0


def test_requests_carry_no_label_and_answers_come_back_under_their_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tuple(of(words) for words in ("im L2 btw", "make it critical pls", "bin übrigens L2"))
    monkeypatch.setattr(turns, "utterances", lambda part="utterances": few if part == "utterances" else ())
    monkeypatch.setattr(turns, "ANSWERS", tmp_path / "answers.json")
    sent, back = tmp_path / "sent", tmp_path / "back"
    assert main(["turns", "--requests", str(sent)]) == 0
    files = sorted(sent.iterdir())
    assert [path.stem for path in files] == sorted(utterance.id for utterance in few)
    for path in files:
        written = json.loads(path.read_text("utf-8"))
        assert set(written) == {"system", "tools", "messages"}
        assert "must_not" not in path.read_text("utf-8")
        assert "alternatives" not in path.read_text("utf-8")
    back.mkdir()
    (back / files[0].name).write_text('{"actions": [{"kind": "tier", "target": "L2", "text": ""}], "say": ""}', "utf-8")
    assert main(["turns", "--answers", str(back), "--asked", str(sent)]) == 3  # two are missing
    assert "1 answers taken in, 2 utterances" in capsys.readouterr().err
    assert len(json.loads(turns.ANSWERS.read_text("utf-8"))) == 1
    stored = turns.ANSWERS.read_bytes()
    (sent / files[0].name).write_text("{}", "utf-8")
    assert main(["turns", "--answers", str(back), "--asked", str(sent)]) == 2
    for name, text, line in (
        (files[1].name, '{"actions": [], "say": 3}', "say: Input should be a valid string"),
        (files[1].name, '{"actions": [{"kind": "set_severity", "target": "", "text": ""}], "say": ""}', "actions.0"),
        (files[1].name, "no json", "expected a file of JSON"),
        ("nobody-01.json", "{}", "expected the id of an utterance"),
    ):
        (back / name).write_text(text, "utf-8")
        capsys.readouterr()
        assert main(["turns", "--answers", str(back)]) == 2
        said = capsys.readouterr().err
        assert line in said
        assert said.count("\n") == 1
        (back / name).unlink()
    assert turns.ANSWERS.read_bytes() == stored  # nothing is stored with a mistake among them


def test_the_recorded_answers_are_turns() -> None:
    assert all(isinstance(turn, Turn) for turn in turns.recorded().values())


def test_a_mistake_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    for arguments in (
        ["--requests", str(file)],
        ["--answers", str(tmp_path / "none")],
        ["--asked", str(tmp_path)],
    ):
        assert main(["turns", *arguments]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_every_figure_is_worded() -> None:
    assert set(WORDS) == {field.name for field in fields(Figures)}


def test_a_saved_file_goes_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    saved = answered(of("save as halvorsen.json"), done("save", text="halvorsen.json"))
    assert saved.exact
    assert not saved.refused
    assert list(tmp_path.iterdir()) == []
