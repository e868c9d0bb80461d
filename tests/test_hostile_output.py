"""One result whose every text is hostile, through every surface, read by parsers of the kind that will read it."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
import icalendar
import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import cli
from agent.commands.output import note
from agent.policy.settings import load_settings
from agent.render import render, render_brief, render_decision, render_skeleton
from agent.render.sanitise import spreadsheet_text
from evals.fuzz import surfaces
from schemas.escalation import Escalation
from tests.factories import NOW, make_escalation

POISON = (
    "=cmd|' /C calc'!A0 \x1b[31mred\x1b[2J \x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\ \x1b]0;title\x07 "
    "\x9b2J \u202egpj.exe\u202c\u200b <script>alert(1)</script><img src=x onerror=alert(2)> ](javascript:alert(3)) "
    "![x](http://evil.example/x.png) <!channel> <@U012AB3CD> <http://evil.example|click> @here #general *b* `c` "
    "{{ 7 * 7 }} www.evil.example mailto:a@evil.example"
)
LINES = (
    f"{POISON}\r\nATTENDEE:mailto:evil@example.com\r\nEND:VEVENT\n"
    "# heading\n\n```\n| a |\n|---|\n<div onclick=x>\n+1+1\n"
)
# What a field must hold so that the result stays one: names that the schema fixes, ids that point to one another.
_EXACT = """
id kind status group speaker format outcome owner next_hop severity ask tier state source verb label operation backend
brief_status deciding_rule claims deadline decided_at acknowledge_by asserted_by found_by opened time ticket_sha256
origin rule_id rule_class annual_value policy_version currency timezone opens closes holidays
"""
EXACT = frozenset(_EXACT.split())


def soiled(value: Any, poison: str, name: str = "") -> Any:
    """The same data with the poison in every text that is free."""
    if isinstance(value, dict):
        return {key: soiled(entry, poison, key) for key, entry in value.items()}
    if isinstance(value, list):
        return [soiled(entry, poison, name) for entry in value]
    return poison if isinstance(value, str) and name not in EXACT and not is_time(value) else value


def is_time(value: str) -> bool:
    return re.match(r"\d{4}-\d\d-\d\d", value) is not None


def hostile(poison: str = LINES) -> Escalation:
    """The example's result, soiled."""
    whole = make_escalation(leadership=True).model_dump(mode="json")
    made = soiled(whole, poison)
    made["ticket"] |= {"id": poison, "text": whole["ticket"]["text"].replace("Hello", poison)}
    made["facts"]["ticket_id"] = poison
    made["decision"]["policy_version"] = load_settings().version
    return Escalation.model_validate(made)


def test_the_poison_is_everywhere() -> None:
    """If this fails, the tests below test less than they say."""
    harmless = soiled(make_escalation(leadership=True).model_dump(mode="json"), "x")
    texts = Counter(text == "x" for text in leaves(harmless))
    assert texts[True] > 120
    names = {name for name, text in named(harmless) if text != "x" and not is_time(text)}
    assert names <= EXACT


def leaves(value: Any) -> Iterator[str]:
    return (text for _, text in named(value))


def named(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from named(entry, key)
    elif isinstance(value, list):
        for entry in value:
            yield from named(entry, name)
    elif isinstance(value, str):
        yield name, value


@pytest.mark.parametrize("poison", [POISON, LINES], ids=["one line", "lines"])
def test_a_result_in_every_format(poison: str) -> None:
    result = hostile(poison)
    surfaces.check(result)
    surfaces.check_text(render_decision(result.decision, result.facts, "text"))
    surfaces.check_markdown(render_decision(result.decision, result.facts, "markdown"))
    surfaces.check_text(render_skeleton(result.decision, result.facts, result.ticket, result.context))
    assert result.brief is not None
    surfaces.check_text(render_brief(result.brief, result.decision, result.ticket, result.context, NOW, "text"))
    surfaces.check_markdown(render_brief(result.brief, result.decision, result.ticket, result.context, NOW, "markdown"))


def test_a_browser_sees_the_same_elements_as_without_the_poison() -> None:
    def elements(poison: str) -> Counter[str]:
        page = html5lib.parse(render(hostile(poison), "html"), namespaceHTMLElements=False)
        # Text that stands in a line of the brief and in a quote links the two: such links are ours, and no difference.
        return Counter(str(element.tag) for element in page.iter() if element.tag not in ("a", "sup"))

    assert elements(POISON) == elements("What nobody says twice " * 20)


def test_a_terminal_shows_it_and_obeys_nothing() -> None:
    assert_inert(render(hostile(), "text"))


def assert_inert(text: str) -> None:
    """What a terminal shows after this is the text itself, line by line."""
    lines = text.rstrip("\n").split("\n")
    screen = pyte.Screen(max(map(len, lines)) * 2 + 1, len(lines) + 1)
    pyte.Stream(screen).feed(text.rstrip("\n").replace("\n", "\r\n"))
    assert (screen.title, screen.icon_name) == ("", "")
    assert [shown.rstrip() for shown in screen.display[: len(lines)]] == [line.rstrip() for line in lines]
    assert all(char.fg == "default" and not char.reverse for row in screen.buffer.values() for char in row.values())


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Calls a verb on a ledger that holds the hostile result, and gives what it printed."""
    monkeypatch.setenv("ESCALATION_DB", str(tmp_path / "ledger.db"))
    monkeypatch.setenv("ESCALATION_BY", POISON[:120])
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        assert cli.main(arguments) in codes, capsys.readouterr().err
        out, err = capsys.readouterr()
        surfaces.check_text(err)
        assert all(line.startswith("escalation: ") for line in err.splitlines())
        return str(out)

    (tmp_path / "result.json").write_text(hostile().model_dump_json(), encoding="utf-8")
    when = NOW.isoformat()
    call("open", "result.json", "--despite", LINES, "--now", when, "--format", "json")
    told = ("--text", LINES, "--promise", LINES, "--promise-due", "2025-03-25T09:00Z")
    call("update", "ESC-1", "--to", "customer", *told, "--at", when, "--format", "json")
    return call


LATER = ("--now", "2025-03-28T10:00Z")


def test_a_ledger_in_a_terminal(said: Any) -> None:
    for verb in (
        ("list", *LATER),
        ("due", *LATER),
        ("show", "ESC-1", *LATER),
        ("timeline", "ESC-1"),
        ("why-due", "ESC-1", *LATER),
        ("stats",),
    ):
        text = said(*verb, "--format", "text")
        surfaces.check_text(text)
        assert_inert(text)
        assert not re.search(r"^(?:# heading|ATTENDEE|END:VEVENT|\+1\+1)", text, re.MULTILINE), verb


def test_a_ledger_in_markdown_and_as_a_page(said: Any) -> None:
    surfaces.check_markdown(said("timeline", "ESC-1", "--format", "markdown"))
    page = said("stats", "--format", "html")
    surfaces.check_html(page, ours=frozenset({"svg"}))  # the chart
    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def test_a_ledger_as_a_calendar(said: Any) -> None:
    text = said("ics", "--now", "2025-03-24T10:00Z")
    surfaces.check_calendar(text)
    events = list(icalendar.Calendar.from_ical(text).walk("VEVENT"))
    assert len(events) >= 3
    assert not [event for event in events if "ATTENDEE" in event or "ATTACH" in event or "URL" in event]


@pytest.mark.parametrize("form", ["slack", "teams", "text"])
@pytest.mark.parametrize("kind", ["status", "due"])
def test_a_ledger_in_a_chat(said: Any, form: str, kind: str) -> None:
    surfaces.check_message(said("message", "ESC-1", "--for", form, "--kind", kind, *LATER), form)


def test_a_ledger_as_a_sheet(said: Any) -> None:
    rows = list(csv.reader(io.StringIO(said("stats", "--format", "csv"))))
    assert {len(row) for row in rows} == {len(rows[0])}
    cells = [cell for row in rows for cell in row]
    # Whatever a spreadsheet takes for the separator: no part of a cell begins as a formula.
    parts = [part.lstrip() for cell in cells for part in re.split(r"[;\t\r\n]", cell)]
    assert not [part for part in parts if part.startswith(("=", "+", "-", "@"))]


def test_a_ledger_as_json_holds_the_values_and_nothing_that_a_terminal_obeys(said: Any) -> None:
    for verb in (("list", *LATER), ("due", *LATER), ("show", "ESC-1", *LATER), ("timeline", "ESC-1")):
        text = said(*verb, "--format", "json")
        assert json.loads(text)
        assert not re.search("[\x00-\x09\x0b-\x1f]", text)


def test_a_note_is_one_line_that_a_terminal_obeys_nothing_of(capsys: pytest.CaptureFixture[str]) -> None:
    note(LINES)
    err = capsys.readouterr().err
    surfaces.check_text(err)
    assert err.count("\n") == 1
    assert_inert(err)


FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=\s*[=+\-@＝＋－＠])|^(?=[\t\r\n])")


@given(st.text(st.sampled_from("=+;\t\n\r a@\u2003")))
def test_no_stretch_of_a_cell_is_a_formula(text: str) -> None:
    made = spreadsheet_text(text)
    assert not FORMULA.search(made)
    assert made.replace("'", "") == text
    assert made == FORMULA.sub("'", text)  # as a pattern says it, which takes quadratic time
