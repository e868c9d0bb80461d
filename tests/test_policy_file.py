"""The policy file: defaults, own files, and one clear line for each mistake."""

import re
from pathlib import Path

import pytest

from agent.errors import BadInput
from agent.policy.decide import decide
from agent.policy.docs import policy_page
from agent.policy.rules import RULES
from agent.policy.settings import load_settings
from tests.facts_factory import NOW, context, facts

ROOT = Path(__file__).parents[1]


def test_own_file_changes_what_it_names_and_keeps_the_rest(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('version = "acme-3"\n[account]\nhigh_value_from = 5000\n')
    settings = load_settings(own)
    assert (settings.version, settings.account.high_value_from) == ("acme-3", 5000)
    assert settings.account.high_value_plans == ("enterprise",)
    small = context(account={"annual_value": 9000})
    assert decide(facts("churn_threat"), small, settings, NOW).deciding_rule == "BUS-1"
    assert decide(facts("churn_threat"), small, settings, NOW).policy_version == "acme-3"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[account]\n", "version"),
        ('version = "1"\n[acount]\nx = 1\n', "acount"),
        ('version = "1"\n[account]\nhigh_value_from = -1\n', "account.high_value_from"),
        ('version = "1"\n[cadence.high]\ninternal = [8, 4]\n', "due must not come after overdue"),
        ('version = "1"\n[calendar]\ntimezone = "Nowhere"\n', "IANA"),
        ("version = ", "not TOML"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path: Path, text: str, word: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(BadInput, match=word) as caught:
        load_settings(own)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_settings(tmp_path / "absent.toml")


def test_policy_page_is_fresh_and_names_every_rule() -> None:
    page = policy_page()
    assert (ROOT / "docs/policy.md").read_text(encoding="utf-8").rstrip() == page.rstrip()
    for rule in RULES:
        assert f"| {rule.id} |" in page


def test_the_baseline_was_handed_the_same_rules() -> None:
    """Explanations may have come since its answers were recorded, but no rule may have another class or severity."""
    recorded = (ROOT / "evals/recordings/policy.md").read_text(encoding="utf-8")

    def table(page: str) -> dict[str, list[str]]:
        rows = [line.strip("| ").split(" | ") for line in page.splitlines() if re.match(r"\| [A-Z]{3}-\d", line)]
        return {row[0]: row[2:] for row in rows}

    assert table(recorded) == table(policy_page())
    assert len(table(recorded)) == len(RULES)
    assert (
        recorded.partition("```toml")[2]
        == (ROOT / "docs/policy.md").read_text(encoding="utf-8").partition("```toml")[2]
    )
