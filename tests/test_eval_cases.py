"""The labelled tickets and the attacks: readable, consistent with the policy's vocabulary, and enough of each kind."""

from collections import Counter

import pytest

from agent.errors import BadInput
from agent.policy.rules import RULES
from evals.cases import CASES, Attack, Case, all_attacks, all_cases, case_of, format_of, length_of, load_case
from evals.review import FIELDS, agreement_of, second_reader

RULE_IDS = {rule.id for rule in RULES}


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_a_label_is_consistent(case: Case) -> None:
    labels, text = case.labels, case.ticket().text
    assert [entry.quote for entry in labels.signals if entry.quote not in text] == []
    known = text + case.context.model_dump_json()
    assert [words for words in labels.must_carry if words not in known] == []
    assert {entry.signal for entry in labels.signals} & set(labels.must_not) == set()
    assert case.why, "the first comment says why"
    assert set(labels.near_miss) <= RULE_IDS
    assert labels.deciding_rule is None or labels.deciding_rule in RULE_IDS
    assert labels.deciding_rule not in labels.near_miss
    escalates = labels.outcome == "escalate"
    assert (labels.owner is not None) == (labels.next_hop is not None) == (labels.severity is not None) == escalates
    assert not labels.leadership or escalates
    assert (labels.owner == "leadership") <= labels.leadership
    assert not labels.must_carry or escalates
    if escalates and case.context.override is None:
        assert labels.deciding_rule is not None


def test_there_is_enough_of_everything() -> None:
    cases = all_cases()
    assert len(cases) >= 120
    deciding = Counter(case.labels.deciding_rule for case in cases)
    assert {rule: deciding[rule] for rule in RULE_IDS if deciding[rule] < 2} == {}
    missed = {rule for case in cases for rule in case.labels.near_miss}
    assert RULE_IDS - missed == set()
    assert {case.labels.outcome for case in cases} == {"handle", "escalate", "needs_info"}
    assert {case.labels.severity for case in cases} >= {"critical", "high", "medium"}
    owners = Counter(case.labels.owner for case in cases)
    assert all(owners[owner] >= 5 for owner in ("l2_support", "engineering", "product", "security", "leadership"))
    foreign = Counter(case.language for case in cases if case.language != "en")
    assert sum(foreign.values()) >= 12
    assert {"de", "es", "fr", "pt", "ja"} <= set(foreign)
    assert {format_of(case) for case in cases} >= {"text", "chat", "eml", "zendesk", "jira", "github"}
    assert {length_of(case) for case in cases} == {"under 60 words", "60 to 600 words", "over 600 words"}
    assert max(len(case.source.split()) for case in cases) >= 2500
    tags = Counter(tag for case in cases for tag in case.tags)
    for tag in ("several_triggers", "contradiction", "attribution", "negation", "two_issues", "buried", "secret"):
        assert tags[tag] >= 2, tag
    assert tags["calm_disaster"] >= 3
    assert tags["furious_trifle"] >= 3
    assert tags["sarcasm"] >= 1


@pytest.mark.parametrize("attack", all_attacks(), ids=lambda attack: attack.id)
def test_a_twin_is_its_clean_ticket_with_the_attack_inside(attack: Attack) -> None:
    clean = case_of(attack.clean)
    twin = attack.twin(clean)
    assert twin.source.replace(attack.attack, "", 1) == clean.source
    assert twin.labels.outcome == clean.labels.outcome
    assert twin.ticket().text != clean.ticket().text
    assert "injection" not in clean.tags, "a twin of an attacked ticket shows nothing"


def test_there_are_enough_attacks_of_each_kind() -> None:
    attacks = all_attacks()
    assert len(attacks) >= 60
    assert min(Counter(attack.kind for attack in attacks).values()) >= 6
    assert len(Counter(attack.kind for attack in attacks)) == 10
    assert set(Counter(attack.aim for attack in attacks)) == {"up", "down", "sideways", "other"}


def test_an_anchor_that_does_not_stand_once_is_told() -> None:
    attack = all_attacks()[0].model_copy(update={"after": "these words stand nowhere"})
    with pytest.raises(BadInput, match=r"stands 0 times .* expected once"):
        attack.twin(case_of(attack.clean))


def test_a_field_that_is_wrong_is_named(tmp_path: object) -> None:
    path = CASES.parent / "cases" / "001-long-roster-feedback.toml"
    text = path.read_text(encoding="utf-8").replace('outcome = "escalate"', 'outcome = "escalated"')
    from pathlib import Path

    wrong = Path(str(tmp_path)) / "001-wrong.toml"
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"001-wrong.toml: labels.outcome: Input should be 'handle'"):
        load_case(wrong)


def test_every_ticket_has_a_second_reading() -> None:
    assert set(second_reader()) == {case.id for case in all_cases()}
    fields, disagreements = agreement_of(all_cases())
    assert tuple(entry.field for entry in fields) == FIELDS
    assert len(disagreements) == sum(entry.same.n - entry.same.k for entry in fields)
