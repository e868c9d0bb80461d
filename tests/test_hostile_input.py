"""Input that is made to stop the program: patterns that backtrack, bombs, JSON that no schema expects."""

import ast
import io
import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from agent.backends.answers import read as read_answer
from agent.backends.base import ExtractCall, MalformedAnswer
from agent.backends.offline.talk import turn
from agent.chat.lines import Piped
from agent.commands import times
from agent.commands.inputs import parse
from agent.errors import BadInput
from agent.notation import identifiers
from agent.pipeline import escalate
from agent.policy.clock import Hours, sla_due
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from agent.readers.decode import whole_letters
from agent.readers.hypertext import from_html
from agent.render import render
from agent.tools.answers import answer
from agent.tools.catalogue import ROAD
from agent.tools.desk import Desk
from agent.validate import parse_brief, partial
from evals.fuzz import patterns
from evals.fuzz.contract import held_to
from evals.fuzz.targets import TARGETS, sample, settings
from schemas.base import FIRST_YEAR, LAST_YEAR
from schemas.brief import Brief
from schemas.context import Calendar, Context, Pause, Sla
from schemas.facts import Facts
from schemas.report import FactsReport
from tests.bombs import BOMBS
from tests.factories import NOW, make_brief, make_escalation

ROOT = Path(__file__).parents[1]

# --- patterns ---


def test_no_pattern_backtracks() -> None:
    """A text of 1,500 characters, made against the pattern, takes no pattern long, or it never sees such a text."""
    patterns.imported()
    held = {**patterns.held(), **patterns.written(), **patterns.of_data()}
    assert len(held) > 850
    uses, bounded = patterns.uses(), patterns.bounded()
    found = [
        slow
        for key, pattern in sorted(held.items(), key=lambda item: item[0])
        if pattern.pattern not in bounded
        for slow in patterns.slow(pattern, uses.get(key, patterns.EVERY_USE), size=1_600, allowed=0.015)
    ]
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:a+)+b",
        r"(?:\s+|>+)+x",
        r"\w+(?:_\w+)+",
        r"(?:is |.s )*gone",
        r"\s*(?:->|=>)",
        r"a\s*:\s*\s*(?:px)?\s*;",
        r"(?:x[^\n]{1,500}){3}y",
    ],
)
def test_the_attack_finds_a_bad_pattern(pattern: str) -> None:
    assert next(patterns.slow(re.compile(pattern), size=13_000, allowed=0.015), None) is not None


@pytest.mark.parametrize("pattern", [r"(?:a++)++b", r"(?<!\s)\s*(?:->|=>)", r"[a-z]+_[a-z]+\Z", r"\d{1,9}x"])
def test_the_attack_spares_a_good_pattern(pattern: str) -> None:
    methods = frozenset({"match"}) if "_" in pattern else patterns.EVERY_USE
    assert next(patterns.slow(re.compile(pattern), methods, size=1_600, allowed=0.015), None) is None


def test_a_pattern_that_is_held_against_a_whole_text_only() -> None:
    for pattern in partial._NUMBERED:
        assert next(patterns.slow(pattern, frozenset({"fullmatch"}), size=13_000, allowed=0.03), None) is None


FINDINGS = {
    "words joined by lines": "see a" + "_a" * 40 + "% ok",
    "a style's blanks": '<p style="font-size:' + " " * 3_000 + 'x">x</p>',
    "words again and again": "Hello, it is down for all users. The build " + "is " * 40 + "x today.",
    "the same words twice": "We are waiting " + "for " * 40 + "an answer.",
    "a heading of one word": "# " + "a" * 400 + "  x",
    "blanks before an arrow": "We tried it" + " " * 5_000 + "and it failed - >",
    "full stops": "It fails" + "." * 8_000 + "a",
}
"""Texts that once took minutes or more, as a whole ticket."""


@pytest.mark.parametrize("text", FINDINGS.values(), ids=FINDINGS)
def test_what_once_hung(text: str) -> None:
    started = time.process_time()
    identifiers(text)
    from_html(text)
    turn(text, sample())
    parse_brief(f"ESCALATION: x\nDERIVATIONS\n{text}\nWHAT'S BEEN TRIED\n{text}\n")
    escalate(read_ticket(text), backend="offline", now=NOW, settings=settings(), context=Context())
    assert time.process_time() - started < 3


@pytest.mark.parametrize("unit", ["a\n", "a. ", 'a" b. ', "aaaaaa      ", '"x" "y"; ', "-> "])
def test_a_long_contribution_and_a_long_brief_take_linear_time(unit: str) -> None:
    started = time.process_time()
    text = unit * (20_000 // len(unit))
    turn(text, sample())
    parse_brief(f"ESCALATION: x\nDERIVATIONS\n- {text}\nISSUE DESCRIPTION\n{text}\nWHAT'S BEEN TRIED\n- {text}\n")
    assert time.process_time() - started < 3


# --- bombs ---


@pytest.fixture(scope="module")
def exploded() -> dict[str, dict[str, Any]]:
    """What each bomb took, read in a process of its own with a limit on its memory."""
    command = [sys.executable, "-m", "tests.bombs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2_000:]
    return {result["name"]: result for result in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_ticket_or_one_line(exploded: dict[str, dict[str, Any]], name: str) -> None:
    took = exploded[name]
    assert bool(took["line"]) != bool(took["characters"])
    assert "\n" not in took["line"]
    assert len(took["line"]) < 400
    assert took["characters"] <= 200_000
    assert took["seconds"] < 15  # twenty megabytes of it; the margin is for a busy machine
    assert took["mebibytes"] < 600


ARCHIVES = ("zip", "docx", "zip named as mail", "zip named as JSON", "gzip", "tar")


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_refused_by_what_it_is(exploded: dict[str, dict[str, Any]], name: str) -> None:
    assert re.search(r"looks like (?:a ZIP archive|a gzip archive|binary data)", exploded[name]["line"])
    assert exploded[name]["seconds"] < 1  # it was not unpacked


def test_no_entity_and_no_anchor_is_expanded() -> None:
    file, make = BOMBS["laughs"]
    assert read_ticket(make(), name=file).text == make().decode()
    read = read_ticket(BOMBS["laughs in a mail"][1](), name="t.eml").text
    assert "root:" not in read
    assert len(read) < 2_000
    file, make = BOMBS["laughs in YAML"]
    assert read_ticket(make(), name=file).text == make().decode()


def test_the_program_parses_no_xml_no_yaml_no_archive_and_no_pickle() -> None:
    """HTML is parsed by lxml, whose HTML parser knows no entities of a document's own; zlib unpacks what we packed, and
    pickle passes what this program says to its own child process, over a socket pair that nobody else has."""
    refused = {
        "xml",
        "yaml",
        "zipfile",
        "tarfile",
        "gzip",
        "bz2",
        "lzma",
        "marshal",
        "shelve",
        "dill",
    }
    imported: dict[str, list[str]] = {}
    for path in chain(
        (ROOT / "agent").rglob("*.py"), (ROOT / "schemas").rglob("*.py"), (ROOT / "prompts").rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                imported.setdefault(name.partition(".")[0], []).append(path.name)
    assert not refused & set(imported)
    assert imported["zlib"] == ["run_folder.py"]
    assert imported["pickle"] == ["beside.py"]
    assert imported["lxml"] == ["hypertext.py"] * len(imported["lxml"])
    assert "XMLParser" not in (ROOT / "agent/readers/hypertext.py").read_text(encoding="utf-8")


def test_deep_html_keeps_its_words_and_says_so() -> None:
    """The parser drops what is nested more than 255 levels deep, and all behind it, in silence."""
    body = from_html("<p>before</p>" + "<div>" * 300 + "It is down." + "</div>" * 300 + "<p>after</p>")
    assert body.text.split() == ["before", "It", "is", "down.", "after"]
    assert body.notes == ("An HTML body could not be converted (ValueError); its tags were removed.",)


def test_an_address_that_nests_comments_costs_no_ticket() -> None:
    mail = b"From: a@b.c\nTo: support@d.e\nMIME-Version: 1.0\nCc: " + b"(" * 4_000 + b"\n\nIt is down."
    assert read_ticket(mail, name="t.eml").text.endswith("It is down.\n\n")


# --- JSON ---

DEEP = b'{"a":' * 100_000
JSON_BOMBS = {
    "deep": DEEP,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "many keys": b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(50_000)) + b"}",
    "a huge integer": b'{"issue":' + b"9" * 100_000 + b"}",
    "NaN": b'{"annual_value": NaN, "tier": Infinity}',
    "keys of lines": b'{"a\\nb\\u001b[31m":1,"' + b"x" * 100_000 + b'":2}',
    "half surrogates": b'{"\\ud800":"\\udc00"}',
    "a byte order mark alone": b"\xef\xbb\xbf",
    "UTF-16": '{"tier": 7}'.encode("utf-16"),
    "NUL": b"\0" * 1_000,
    "one line": b"a" * 5_000_000,
}


@pytest.mark.parametrize("name", JSON_BOMBS)
@pytest.mark.parametrize("model", [Facts, FactsReport, Context, Brief])
def test_json_that_no_schema_expects_is_one_short_line(name: str, model: Any) -> None:
    with pytest.raises(BadInput) as refused:
        parse(model, JSON_BOMBS[name], "the input", "facts")
    line = str(refused.value)
    assert line.isprintable()
    assert len(line) < 1_200


@pytest.mark.parametrize("name", JSON_BOMBS)
def test_a_policy_file_that_is_none_is_one_short_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(JSON_BOMBS[name])
    with pytest.raises(BadInput) as refused:
        load_settings(path)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1_200


TOML_BOMBS = {
    "a key of dots": (b"a." * 30_000 + b"b = 1", "has a line of more than 10,000 bytes"),
    "tables in a table": (b"[" + b"a." * 4_000 + b"b]\nx = 1", "is nested too deeply"),
    "lists in a list": (b"a = " + b"[" * 900 + b"]" * 900, "is nested too deeply"),
    "brackets": (b"a = " + b"[" * 9_000, "is nested too deeply"),
    "an integer too long to read": (b"[account]\nhigh_value_from = " + b"9" * 5_000, "a number of thousands of digits"),
    "an integer too long to write": (
        b"[account]\nhigh_value_from = 0x" + b"f" * 5_000,
        "account.high_value_from = a number of thousands of digits",
    ),
    "a million bytes": (b"#\n" * 500_000, "is larger than 1,000,000 bytes"),
    "Latin-1": (b"# \xe4", "is not UTF-8"),
}


@pytest.mark.parametrize("name", TOML_BOMBS)
def test_a_toml_file_takes_no_time_and_no_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b'version = "x"\n' + TOML_BOMBS[name][0])
    before = time.process_time()
    with pytest.raises(BadInput) as refused:
        load_settings(path)
    assert time.process_time() - before < 2
    assert TOML_BOMBS[name][1] in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 600


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="this system has no such device")
def test_a_policy_file_without_end_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^policy file '/dev/zero' is larger than 1,000,000 bytes"):
        load_settings(Path("/dev/zero"))


@pytest.mark.parametrize("file", ["a\0b", "x" * 5_000])
def test_a_policy_file_that_no_disk_can_hold(file: str) -> None:
    with pytest.raises(BadInput, match=r"cannot be read: ") as refused:
        load_settings(Path(file))
    assert len(str(refused.value)) < 400


# Times and places that no calendar has


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1899-12-31T23:00:00Z"])
@pytest.mark.parametrize("key", ["due", "started"])
def test_a_context_outside_the_calendar_is_refused_by_its_key(key: str, moment: str) -> None:
    sla = {"due": "2026-11-17T08:00:00Z"} | {key: moment}
    with pytest.raises(BadInput, match=rf"^crm: sla\.{key}: .*expected a time in the years 1900 to 5000, got '"):
        parse(Context, json.dumps({"sla": sla}).encode(), "crm", "context")


def test_a_clock_that_stood_still_for_all_the_calendar_ends_in_it() -> None:
    first, last = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
    sla = Sla(started=first, due=last, pauses=(Pause(start=first),))
    assert sla_due(sla, last) - last == last - first
    assert times.LAST_YEAR == LAST_YEAR


@pytest.mark.parametrize("key", ["timezone", "opens", "closes", "holidays"])
def test_a_calendar_is_refused_in_a_short_line(key: str) -> None:
    with pytest.raises(BadInput, match=rf"^calendar {key} 'x{{60}}': expected") as refused:
        Hours.of(Calendar.model_validate({key: "x" * 100_000}))
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("date", ["Thu, 1 Jan 0101 00:00:00 +1400", "Fri, 31 Dec 9999 23:59:59 -1200"])
def test_a_mail_outside_the_calendar_has_no_time_and_says_so(date: str) -> None:
    ticket = read_ticket(f"From: a@b.example\nDate: {date}\nSubject: It fails\n\nIt fails.\n".encode(), name="t.eml")
    assert ticket.opened is None
    assert f"The mail's date {date!r} could not be read." in ticket.notes


def test_a_line_of_millions_is_not_shown_again_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "It fails." + "x" * 3_000_000
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said.encode() + b"\nshort\n")))
    shown: list[str] = []
    piped = Piped(shown.append)
    assert (piped.turn(), piped.turn()) == (said, "short")
    assert shown == [f"{said[:10_000]} … (3,000,009 characters)", "short"]


def test_an_export_whose_time_no_float_can_hold_has_none() -> None:
    source = {"ticket": {"id": 1, "subject": "x", "description": "It fails.", "created_at": 10**400}}
    assert read_ticket(json.dumps(source), name="t.json").opened is None


def test_a_mail_of_header_fields_without_end_is_refused() -> None:
    few, many = (b"X-A: b\n" * number + b"From: a@b.example\n\nIt fails.\n" for number in (49_999, 50_000))
    assert "It fails." in read_ticket(few, name="t.eml").text
    with pytest.raises(BadInput, match=r"^the mail has more than 50,000 header fields, expected a mail as sent"):
        read_ticket(many, name="t.eml")
    part = b"--b\n" + b"X-A: b\n" * 30_000 + b"\nx\n"
    with pytest.raises(BadInput, match="more than 50,000 header fields"):
        read_ticket(
            b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n" + part * 2 + b"--b--\n", name="t.eml"
        )


def test_json_beyond_any_result_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(BadInput, match=r"^facts: 33,554,433 bytes, at most 33,554,432 are read: is it the right file"):
        parse(Facts, b" " * (32 << 20) + b"{", "facts", "facts")
    with pytest.raises(BadInput, match=r"^facts: 50,001 fields do not fit: is it the right file"):
        parse(Facts, JSON_BOMBS["many keys"], "facts", "facts")


def test_a_policy_beyond_the_calendar_is_refused_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('version = "x"\n[deadline]\nhigh_business_hours = 1e300\n')
    with pytest.raises(BadInput, match=r"deadline\.high_business_hours = '1e\+300'"):
        load_settings(path)
    path.write_text('version = "x"\n[calendar]\ntimezone = "Mars/Base"\n')
    with pytest.raises(BadInput, match=r"policy\.toml': calendar timezone 'Mars/Base'"):
        load_settings(path)


@pytest.mark.parametrize("name", JSON_BOMBS)
@pytest.mark.parametrize("target", ["facts", "context", "answers", "kept", "brief_text", "policy", "ticket"])
def test_the_same_through_every_target(name: str, target: str) -> None:
    finding = held_to(TARGETS[target], b"\x00" + JSON_BOMBS[name])
    assert finding is None, finding.what


def test_a_signal_that_no_rule_knows_is_refused() -> None:
    facts = json.loads(sample().facts.model_dump_json())
    facts["signals"][0]["kind"] = "very_bad\n"
    with pytest.raises(BadInput, match=r"no signal is called 'very_bad\\n'"):
        parse(Facts, json.dumps(facts).encode(), "facts", "facts")


def test_two_claims_of_one_id_are_refused() -> None:
    """A page would have two anchors of one name, and its links would lead to the wrong place."""
    facts = json.loads(sample().facts.model_dump_json())
    facts["measures"].append({**facts["signals"][0], "group": "measure"})
    with pytest.raises(BadInput, match=r"two claims have the id 'signal-1'"):
        parse(Facts, json.dumps(facts).encode(), "facts", "facts")


# --- half letters ---


def test_half_letters_in_a_models_answer_become_whole_ones() -> None:
    r"""JSON may hold `\ud83d` alone, and models that count tokens do send it; no UTF-8 can carry it on."""
    report = json.loads(FactsReport.model_validate(_empty()).model_dump_json()) | {"language": "e\ud83d"}
    block = {"type": "tool_use", "id": "t", "name": "record_facts", "input": report, "ca\ud800ller": None}
    reply = read_answer(
        {"content": [block], "stop_reason": "tool_use"}, ExtractCall(sample().ticket), model="m", max_tokens=1
    )
    assert isinstance(reply.value, FactsReport)
    assert reply.value.language == "e\ufffd"
    json.dumps([dict(found) for found in reply.raw], ensure_ascii=False).encode()


def _empty() -> dict[str, Any]:
    lists = {name: [] for name in FactsReport.model_fields if name not in ("language", "understandable")}
    return {"language": "en", "understandable": True, **lists}


def test_an_answer_nested_beyond_every_schema_is_malformed_and_no_crash() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    block = {"type": "tool_use", "id": "t", "name": "record_facts", "input": {"issues": deep}}
    with pytest.raises(MalformedAnswer):
        read_answer({"content": [block]}, ExtractCall(sample().ticket), model="m", max_tokens=1)


def test_half_letters_in_the_arguments_of_a_tool_become_whole_ones() -> None:
    run_ticket = next(tool for tool in ROAD if tool.name == "run_ticket")
    given = answer(run_ticket, Desk(keeps_ledger=False), {"ticket": "It is down \ud800", "backend": "offline"})
    assert not given.failed
    given.text.encode()


def test_only_half_letters_change() -> None:
    value = {"a": ["é\ud800", 1, None, {"\udfff": "😀"}]}
    assert whole_letters(value) == {"a": ["é\ufffd", 1, None, {"\ufffd": "😀"}]}


# --- what else fuzzing found ---


@pytest.mark.parametrize("message", ["", " ", "\n\n", "\u2028"])
def test_an_empty_message_to_the_customer_can_be_rendered(message: str) -> None:
    result = make_escalation(brief=make_brief(), customer_message=message)
    assert render(result, "markdown")


def test_a_quote_beside_a_secret_does_not_begin_inside_a_number() -> None:
    ticket = read_ticket(
        "Support (Ola):\nWe reproduced it on our test account. Exportin$1,234,567.89 month by month did not help. "
        "Login password is Exportin$1,234,567.89 now and the export fails.\n"
    )
    result = escalate(ticket, backend="offline", now=NOW, settings=settings(), context=Context())
    assert not result.facts.removed
