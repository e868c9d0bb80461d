"""docs/policy.md from the rules themselves, so that it cannot drift: `python -m agent.policy.docs` writes it."""

from pathlib import Path

from agent.policy.rules import ORDER, RULES, TO_INVESTIGATE, Rule
from agent.policy.settings import DEFAULT_FILE

AFTER_THE_DECISION = "# What follows is used by the ledger"
PAGE = Path(__file__).parents[2] / "docs/policy.md"


def policy_page() -> str:
    """The page as Markdown: each rule with its seed clause, then the notes, then the default policy file."""
    from prompts import load  # a template holds the prose; only this page needs it

    return load(
        "docs/policy.md.j2",
        rows=[_row(rule) for rule in RULES],
        reasons=_reasons(),
        to_investigate=_listed(sorted(TO_INVESTIGATE, key=ORDER.__getitem__)),
        defaults=_defaults(),
    )


def _row(rule: Rule) -> str:
    cells = (rule.id, rule.fires_on, rule.rule_class, rule.owner or "–", rule.severity or "–", rule.clause)
    return "| " + " | ".join(cells) + " |"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _reasons() -> list[str]:
    return [f"**{rule.id}.** {rule.reason}" for rule in RULES if rule.reason]


def _defaults() -> str:
    """The thresholds of a decision; those of the time after it stand in docs/ledger.md."""
    return DEFAULT_FILE.read_text(encoding="utf-8").partition(AFTER_THE_DECISION)[0].rstrip()


if __name__ == "__main__":
    PAGE.write_text(policy_page(), encoding="utf-8")
