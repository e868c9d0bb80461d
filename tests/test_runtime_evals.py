"""The evals for agent runtimes are sound: they parse, their labels are what code decides, their graders can fail.

No runtime, no model and no network here. What the files are and how they are run: evals/plugin/README.md.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml  # comes with vcrpy

from agent.grounding.ground import ground
from agent.policy.decide import decide
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from agent.validate import validate_text
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Facts
from schemas.report import FactsReport
from schemas.ticket import Ticket

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "evals/plugin"
CASES = sorted(path.parent for path in FOLDER.glob("*/prompt.md"))
DECIDED = [case for case in CASES if (case / "expected.json").exists()]
NEAR_MISSES = [case for case in CASES if case not in DECIDED]
NOW = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)  # a Thursday within support hours, after the last ticket
OWNERS = {
    "l2_support": "L2 Support",
    "engineering": "Engineering",
    "security": "Security",
    "product": "Product",
    "leadership": "Leadership",
}
SEVERITIES = ("Critical", "High", "Medium")
# What client 2.1.332 takes; it refuses a case with any other key.
PROMPT_KEYS = {"max_turns", "timeout_seconds", "allowed_tools"}
CASE_KEYS = {"schema_version", "name", "description", "tags", "expected_outcome", "graders"}
GRADER_KEYS = {
    "regex": {"target", "pattern", "flags", "match"},
    "tool_used": {"tool", "input_match", "min", "max"},
    "tool_order": {"before", "after"},
    "file_exists": {"path", "exists"},
}


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def prompt_of(case: Path) -> tuple[dict[str, Any], str]:
    text = (case / "prompt.md").read_text(encoding="utf-8")
    front, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    return yaml.safe_load(front), body


def definition_of(case: Path) -> dict[str, Any]:
    definition: dict[str, Any] = yaml.safe_load((case / "case.yaml").read_text(encoding="utf-8"))
    return definition


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_decided = pytest.mark.parametrize("case", DECIDED, ids=lambda case: case.name)
each_escalated = pytest.mark.parametrize(
    "case", [case for case in CASES if "escalate" in definition_of(case)["tags"]], ids=lambda case: case.name
)
each_near_miss = pytest.mark.parametrize("case", NEAR_MISSES, ids=lambda case: case.name)


def patterns_of(grader: dict[str, Any]) -> list[str]:
    sides = [grader, grader.get("before", {}), grader.get("after", {})]
    return [side[key] for side in sides for key in ("pattern", "input_match") if key in side]


def passes(grader: dict[str, Any], answer: str) -> bool:
    """What a `regex` grader on the last message says, but for `count:N`."""
    flags = re.IGNORECASE if "i" in grader.get("flags", "") else 0
    found = re.search(grader["pattern"], answer, flags) is not None
    return found == (grader.get("match", "contains") == "contains")


def decided(case: Path) -> tuple[Ticket, Facts, Context, Decision]:
    """The road that the skill takes, with the case's correct facts."""
    ticket = read_ticket((case / "ticket.txt").read_bytes(), name="ticket.txt")
    facts = ground(ticket, FactsReport.model_validate(load(case / "facts.json")))
    path = case / "context.json"
    context = Context.model_validate(load(path)) if path.exists() else Context()
    return ticket, facts, context, decide(facts, context, load_settings(), NOW)


def test_the_cases_cover_the_outcomes_and_what_tempts() -> None:
    assert len(CASES) >= 12
    expected = [load(case / "expected.json") for case in DECIDED]
    assert {entry["owner"] for entry in expected} == {*OWNERS, None}
    assert {entry["outcome"] for entry in expected} == {"escalate", "handle", "needs_info"}
    assert {severity.capitalize() for entry in expected if (severity := entry["severity"])} == set(SEVERITIES)
    tags = {tag for case in CASES for tag in definition_of(case)["tags"]}
    assert tags >= {"injection", "check", "override", "german", "near-miss"}


@each_case
def test_a_case_loads(case: Path) -> None:
    front, body = prompt_of(case)
    assert set(front) == PROMPT_KEYS
    assert body.strip()
    definition = definition_of(case)
    assert set(definition) == CASE_KEYS
    assert definition["name"] == case.name
    names = [grader["name"] for grader in definition["graders"]]
    assert len(set(names)) == len(names)
    for grader in definition["graders"]:
        assert set(grader) - {"name", "type", "arm"} <= GRADER_KEYS[grader["type"]], "code graders only"
        assert grader.get("arm", "both") in ("both", "with-only")
        assert grader["type"] != "regex" or grader["pattern"]
        for pattern in patterns_of(grader):
            re.compile(pattern)
        if grader.get("match") == "count:0" or grader.get("max") == 0:
            assert grader.get("arm") == "both", "an absence counts in both arms"
    assert any(grader.get("arm") != "with-only" for grader in definition["graders"]), "something is scored"


@each_decided
def test_the_label_is_what_code_decides_on_the_right_facts(case: Path) -> None:
    _, facts, _, decision = decided(case)
    expected = load(case / "expected.json")
    got = decision.model_dump(mode="json")
    fields = ("outcome", "owner", "next_hop", "leadership", "severity", "deciding_rule")
    assert {name: got[name] for name in fields} == {name: expected[name] for name in fields}
    assert got["expedite"] is expected.get("expedite", False)
    assert facts.removed == ()
    assert len(facts.instructions) == expected.get("instructions", 0)
    own = got["own_view"] and {name: got["own_view"][name] for name in ("outcome", "owner", "severity")}
    assert own == expected.get("own_view")


@each_decided
def test_the_user_pastes_the_ticket_as_it_is(case: Path) -> None:
    _, body = prompt_of(case)
    assert (case / "ticket.txt").read_text(encoding="utf-8").strip() in body
    if (case / "brief.md").exists():
        assert (case / "brief.md").read_text(encoding="utf-8").strip() in body


@each_escalated
def test_the_graders_tell_the_right_decision_from_every_other(case: Path) -> None:
    expected = load(case / "expected.json")
    graders = [g for g in definition_of(case)["graders"] if g["name"] in ("says-the-target", "says-the-severity")]
    assert len(graders) == 2
    right = (OWNERS[expected["owner"]], expected["severity"].capitalize())
    for owner in OWNERS.values():
        for severity in SEVERITIES:
            for answer in (f"Escalate to {owner}, {severity}.", f"Severity: **{severity}**\nTarget: **{owner}**"):
                assert all(passes(grader, answer) for grader in graders) == ((owner, severity) == right), answer


@each_near_miss
def test_a_near_miss_forbids_the_skill_in_both_arms(case: Path) -> None:
    forbidden = [
        (grader["tool"], grader["arm"])
        for grader in definition_of(case)["graders"]
        if grader["type"] == "tool_used" and grader["min"] == grader["max"] == 0
    ]
    assert forbidden == [("Skill", "both"), ("Bash", "both")]
    assert not (case / "facts.json").exists()


def test_the_written_brief_has_the_faults_that_its_case_asks_for() -> None:
    case = FOLDER / "check-written-brief"
    ticket, facts, context, decision = decided(case)
    brief = (case / "brief.md").read_text(encoding="utf-8")
    found = [finding.found for finding in validate_text(brief, decision, facts, ticket, context, NOW)]
    for fault in load(case / "expected.json")["findings"]:
        assert any(fault in text for text in found), fault


def test_evals_json_holds_what_the_format_asks() -> None:
    content = load(ROOT / "evals/evals.json")
    assert set(content) == {"skill_name", "evals"}
    assert content["skill_name"] == "escalation"
    evals = content["evals"]
    assert len(evals) >= 12
    assert [entry["id"] for entry in evals] == list(range(1, len(evals) + 1))
    for entry in evals:
        assert set(entry) == {"id", "prompt", "expected_output", "files", "expectations"}
        assert entry["prompt"].strip()
        assert entry["expected_output"].strip()
        assert len(entry["expectations"]) >= 3
        for name in entry["files"]:
            assert (ROOT / name).is_file(), name
            assert Path(name).name in entry["prompt"], "the user names the file"


def test_evals_json_expects_what_the_case_of_its_ticket_expects() -> None:
    with_ticket = [entry for entry in load(ROOT / "evals/evals.json")["evals"] if entry["files"]]
    assert {Path(entry["files"][0]).parent.name for entry in with_ticket} == {case.name for case in DECIDED}
    for entry in with_ticket:
        expected = load((ROOT / entry["files"][0]).parent / "expected.json")
        said = entry["expected_output"]
        if expected["outcome"] == "escalate":
            assert OWNERS[expected["owner"]] in said
            assert expected["severity"].capitalize() in said
        else:
            assert said.startswith({"handle": "Handle", "needs_info": "Needs information"}[expected["outcome"]])


def test_trigger_queries() -> None:
    queries = load(ROOT / "evals/triggers.json")
    assert all(set(entry) == {"id", "query", "should_trigger"} for entry in queries)
    for verdict in (True, False):
        assert sum(entry["should_trigger"] is verdict for entry in queries) >= 20
    for key in ("id", "query"):
        assert len({entry[key] for entry in queries}) == len(queries)


def test_the_manifest_says_what_the_skill_says() -> None:
    manifest = load(ROOT / ".claude-plugin/plugin.json")
    skill = (ROOT / "SKILL.md").read_text(encoding="utf-8")
    assert set(manifest) == {"name", "version", "description", "author", "license"}, '"skills" makes the client refuse'
    assert f"name: {manifest['name']}\n" in skill
    assert f'version: "{manifest["version"]}"\n' in skill
    assert f"license: {manifest['license']}\n" in skill
