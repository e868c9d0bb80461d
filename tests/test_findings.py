"""What a finding is called: one name for each code, in all that people read; JSON keeps the code."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from agent.render import render
from agent.render.findings import NAMES, named, weight
from schemas.escalation import Finding
from tests.factories import make_escalation

AGENT = Path(__file__).resolve().parents[1] / "agent"
MAKERS = [*sorted((AGENT / "validate").glob("*.py")), *sorted((AGENT / "chat").glob("*.py"))]
MAKERS += [AGENT / "backends" / "answers.py"]


def codes() -> Iterator[str]:
    """Every code that stands in the source where a finding is made."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MAKERS]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    takes_one = {one.name for one in nodes if isinstance(one, ast.FunctionDef) and _takes_a_code(one)} | {"Finding"}
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in takes_one:
            given = [word.value for word in node.keywords if word.arg == "code"] + node.args[:1]
            yield from (one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _takes_a_code(function: ast.FunctionDef) -> bool:
    return any(argument.arg == "code" for argument in function.args.args)


def test_each_code_has_a_name_and_each_name_a_code() -> None:
    # Two are no literals where they are made: a constant, and the choice between an id and a link.
    assert set(codes()) | {"repro_incomplete", "untraceable_link"} == set(NAMES)


def test_a_code_of_another_version_is_said_in_its_own_words() -> None:
    assert named("tone_differs") == "Tone differs"


@pytest.mark.parametrize(
    ("code", "blocking", "said"),
    [("promise", True, ""), ("brief_long", False, "advice"), ("repro_incomplete", False, "makes it incomplete")],
)
def test_what_a_finding_means_for_the_brief(code: str, blocking: bool, said: str) -> None:
    assert weight(Finding(code=code, place="x", expected="y", blocking=blocking)) == said


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_people_read_the_name_and_programs_the_code(form: Literal["text", "markdown", "html"]) -> None:
    found = Finding(code="untraceable_number", place="WORKFLOW IMPACT", found="312", expected="it stands there")
    run = make_escalation().model_copy(update={"findings": (found,)})
    shown = render(run, form)
    assert "Number without a source" in shown
    assert "untraceable_number" not in shown
    assert '"code": "untraceable_number"' in render(run, "json")
