"""The tools' definitions, before any protocol: words, schemas, hints; how a call's mistakes and sizes are treated."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.commands import life
from agent.tools import answers, bounds, cases, ledger
from agent.tools.answers import answer
from agent.tools.catalogue import LEDGER, ROAD, catalogue
from agent.tools.desk import Desk
from agent.tools.tool import Hints, Tool
from prompts import ROOT, load
from schemas.context import Context
from schemas.ledger_tools import RecordPersonDecisionInput, RecordStepInput, Writing
from schemas.road_tools import Bounded, CheckFactsInput, Known, SkeletonInput

TOOLS = {tool.name: tool for tool in catalogue()}
READ_ONLY = {
    "read_ticket",
    "guide",
    "check_facts",
    "decide",
    "skeleton",
    "validate_brief",
    "run_ticket",
    "find_similar",
    "due",
    "list_escalations",
    "show_escalation",
}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_each_tool_brings_all_that_a_host_shows(tool: Tool) -> None:
    assert tool.title
    assert 60 < len(tool.description) < 1_000
    for schema in (tool.input_schema, tool.output_schema):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
    assert len(json.dumps(tool.input_schema)) < 15_000
    assert "cut" in tool.output_schema["properties"]


def test_hints_are_what_the_tools_do() -> None:
    assert {name for name, tool in TOOLS.items() if tool.hints.read_only} == READ_ONLY
    assert {name for name, tool in TOOLS.items() if tool.hints.destructive} == {
        "override_decision",
        "record_person_decision",
    }
    assert {name for name, tool in TOOLS.items() if tool.hints.open_world} == {"run_ticket"}
    assert {tool.name for tool in TOOLS.values() if tool.of_ledger} == {tool.name for tool in LEDGER}
    assert catalogue(ledger=False) == ROAD


def test_no_tool_lets_a_model_choose_severity_or_target_of_a_ticket() -> None:
    for name in ("read_ticket", "check_facts", "decide", "skeleton", "validate_brief", "run_ticket", "open_escalation"):
        schema = TOOLS[name].input_schema
        assert not {"severity", "owner", "outcome", "override", "facts"} & set(schema["properties"])
        assert "override" not in json.dumps(schema)


def test_what_is_known_covers_the_context() -> None:
    assert set(Known.model_fields) == set(Context.model_fields) - {"tier", "override"}


def test_every_word_has_its_prompt_file_and_no_file_is_unused() -> None:
    files = {path.name.removesuffix(".md.j2") for path in (ROOT / "tools").glob("*.md.j2")}
    assert files == {*TOOLS, "instructions", "escalate_ticket", "follow_up"}
    sources = "".join((ROOT.parent / "agent/tools" / name).read_text() for name in ("road.py", "ledger.py"))
    for path in (ROOT / "tools/next").glob("*.md.j2"):
        assert f'"{path.name.removesuffix(".md.j2")}"' in sources


def test_instructions_name_only_tools_that_are_there() -> None:
    words = load("tools/instructions.md.j2", keeps_ledger=False)
    assert len(words) < 2_000
    assert not any(tool.name in words.replace("override_decision", "").split() for tool in LEDGER)
    assert "open_escalation" in load("tools/instructions.md.j2", keeps_ledger=True)


# Steps of the ledger: one tool's fields stand for the flags of several verbs.


@pytest.mark.parametrize(
    ("step", "row", "model"),
    [(step, row, RecordStepInput) for step, row in ledger.STEPS.items()]
    + [(kind, row, RecordPersonDecisionInput) for kind, row in ledger.PERSONS.items()],
)
def test_a_step_takes_what_its_verb_takes(step: str, row: tuple[str, Any, Any], model: type[Writing]) -> None:
    from agent.cli import verb_parser

    verb, needed, optional = row
    parser, _ = verb_parser(verb)
    actions = {action.dest: action for action in parser._actions}
    own = set(actions) - {"help", "id", "why", "by", "team", "through", "key", "at", "if_version", "ledger", "format"}
    own -= {"out"}
    fields = {ledger.FLAG_OF.get(name, name) for name in (*needed, *optional)}
    assert fields == own, step
    assert {ledger.FLAG_OF.get(name, name) for name in needed} == {name for name in own if actions[name].required}
    for name in optional:
        assert ledger.UNSAID.get(name) == actions[ledger.FLAG_OF.get(name, name)].default, name
    for name in (*needed, *optional):
        assert name in model.model_fields


def test_only_persons_decisions_take_what_only_a_person_may() -> None:
    assert {verb for verb, made in life.VERBS.items() if made.person} <= {row[0] for row in ledger.PERSONS.values()}
    steps = {row[0] for row in (*ledger.STEPS.values(), *ledger.PERSONS.values())}
    assert steps == set(life.VERBS) - {"update"}, "every verb has its tool"


# Mistakes


def refused(name: str, **arguments: object) -> str:
    made = answer(TOOLS[name], Desk(keeps_ledger=False), arguments)
    assert made.failed
    assert "\n" not in made.text
    return made.text


def test_a_wrong_argument_is_named_with_what_was_expected() -> None:
    assert refused("decide") == "decide: arguments: case missing; mend the arguments and call again"
    assert "severity: no such field, expected case, tier, context" in refused("decide", case="x", severity="high")
    assert "tier: expected L1" in refused("decide", case="x", tier="L11")
    assert "arguments: Input should be" in answer(TOOLS["decide"], Desk(), ["x"]).text


def test_what_was_sent_is_not_repeated() -> None:
    secret = "SECRET " * 1000
    for arguments in (
        {"case": "x", "report": secret},
        {"ticket": secret, "report": {"language": [secret]}},
        {secret: 1},
    ):
        text = refused("check_facts", **arguments)
        assert len(text) < 1_000
        assert text.count("SECRET") < 8
    assert "pydantic" not in refused("check_facts", report={})


def test_a_misspelt_signal_is_told_its_neighbours() -> None:
    entry = {"signal": "bug_confirm", "issue": 1, "state": "stated", "asserted_by": "support", "quote": "x"}
    text = refused("check_facts", ticket="x", report={"signals": [entry]})
    assert "report.signals.0.signal: expected bug_confirmed" in text
    assert "report: language, understandable, issues, workarounds, scopes, measures, accounts, people, " in text


def test_a_report_may_come_as_its_json_text() -> None:
    empty = {name: [] for name in CheckFactsInput.model_fields["report"].annotation.model_fields}  # type: ignore[union-attr]
    report = json.dumps(empty | {"language": "en", "understandable": True})
    assert not answer(TOOLS["check_facts"], Desk(), {"ticket": "The export stops.", "report": report}).failed


def test_a_fault_of_this_program_tells_nothing_of_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> Bounded:
        raise RuntimeError("the password is hunter2")

    tool = Tool("decide", "Broken", SkeletonInput, Bounded, broken, Hints())
    text = answer(tool, Desk(), {"case": "x"}).text
    assert "decide failed: RuntimeError at test_tools_catalogue.py:" in caplog.text
    assert "hunter2" not in caplog.text, "the text of an exception may be the ticket's"
    with caplog.at_level("DEBUG", "agent.tools.answers"):
        answer(tool, Desk(), {"case": "x"})
    assert text == "decide failed inside (RuntimeError), which is a fault of this program: tell the user"
    assert "hunter2" in caplog.text, "whoever runs the server may ask for it"


def test_verbs_and_flags_are_told_as_tools_and_fields() -> None:
    line = "ESC-1: say so with --way-on, or `escalation reject`; see --folder"
    told = answers._in_tools_names(line, TOOLS["record_step"])
    assert told == "ESC-1: say so with way_on, or `record_step`; see --folder"


# Bounds


def test_a_short_answer_is_left_alone() -> None:
    value = {"cut": [], "text": "ä" * 20_000}
    assert bounds.fit(value) == value


def test_a_long_answer_is_cut_at_the_end_and_says_so() -> None:
    value = {"cut": [], "findings": [{"found": "x" * 300, "number": number} for number in range(500)]}
    fitted = bounds.fit(value)
    assert len(bounds.compact(fitted)) <= bounds.LIMIT
    assert [row["number"] for row in fitted["findings"]] == list(range(50))
    assert fitted["cut"] == ["findings: the first 50 of 500"]


# A leaf is a text and how often it is repeated; a branch is what a list holds, and how often.
SHAPES = st.recursive(
    st.tuples(st.text(max_size=3), st.integers(0, 9_000)),
    lambda inner: st.tuples(inner, st.integers(0, 300)) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=4,
)


def grown(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {key: grown(inner) for key, inner in shape.items()}
    what, times = shape
    return what * times if isinstance(what, str) else [grown(what)] * min(times, 40)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["text", "outline", "rows", "more"]), SHAPES))
def test_no_answer_is_longer_than_the_limit(shape: dict[str, Any]) -> None:
    value = grown(shape)
    fitted = bounds.fit({"cut": [], **value})
    assert len(bounds.compact(fitted)) <= bounds.LIMIT
    assert set(fitted) == {"cut", *value}
    bounds.compact(fitted).encode()


def test_half_a_letter_does_not_break_an_answer() -> None:
    assert bounds.fit({"cut": [], "quote": "a\ud800b"})["quote"] == "a\ufffdb"


def test_the_page_lists_the_tools_as_they_are() -> None:
    page = (ROOT.parent / "docs/tools.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    marks = []
    for tool in catalogue():
        mark = "ask" if tool.hints.destructive else "reads" if tool.hints.read_only else "writes"
        marks.append([f"`{tool.name}`", mark + (", open world" if tool.hints.open_world else "")])
    assert [[row[0], row[2]] for row in rows] == marks
    assert f"at most {bounds.LIMIT:,} characters" in page
    assert f"The last {cases.MOST} cases" in page
