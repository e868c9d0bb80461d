"""Sixty planted secrets, and none of them leaves: not in a request, nor in what is written, kept, shown or logged."""

import json
import logging
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages import asked_for
from timing import grows_linearly

from agent import cli, escalate, ground
from agent.backends.claude import ClaudeBackend
from agent.backends.offline import OfflineBackend
from agent.errors import BadInput
from agent.grounding.fold import fold_text
from agent.ledger.database import Database
from agent.ledger.memory import Memory
from agent.ledger.recording import record
from agent.ledger.store import Author, Ledger
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from agent.readers.canonical import Body, Entry, extend
from agent.redaction import redact
from agent.redaction.cards import luhn
from agent.redaction.detector import CHOSEN, FILE, LEFT_OUT, cut, shapes
from agent.redaction.find import find_secrets
from agent.redaction.found import Found
from agent.redaction.kinds import LABELS, counted
from agent.redaction.placeholders import placeholder, placeholders
from agent.redaction.shapes import SHAPES, Shape, Shapes
from agent.redaction.vault import Vault
from agent.render import render
from schemas.redaction import Kind, Level, Replaced
from schemas.ticket import Message, Ticket
from tests.chats import Talk
from tests.fakes import brief, report, signal
from tests.ledgers import FRIDAY
from tests.planted import ALNUM, Planted, Values, planted
from tests.web_site import entered, site

PLANTED = planted()
VALUES = Values(1)
PASSWORD, CARD = "Tr0ub4dor&3", VALUES.card("4", 16)
PROSE = f"I log in with jana, my password is {PASSWORD} and my card is {CARD}. Again: {PASSWORD}!"


def hidden(one: Planted, text: str) -> bool:
    """Whether no secret of the ticket stands in a text, as it is or as JSON would write it.

    A short one must stand there on its own: four digits are in many a hash and port.
    """
    return not any(
        form in text and (len(form) > 8 or re.search(rf"(?<![0-9A-Za-z]){re.escape(form)}(?![0-9A-Za-z])", text))
        for secret in one.secrets
        for form in (secret, json.dumps(secret)[1:-1])
    )


# --- the sixty ---


@dataclass
class Server:
    """A Messages API on this machine that reports, as a model would, the line in which a placeholder stands."""

    address: str
    bodies: list[str]


@contextmanager
def served() -> Iterator[Server]:
    bodies: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"])).decode()
            bodies.append(f"{self.path}\n{self.headers}\n{raw}")
            asked = json.loads(raw)
            name = asked_for(asked)
            value: dict[str, Any] = {"verdicts": []}
            if name != "compare_tickets":
                value = told(asked["messages"][0]["content"][0]["text"])
            if name == "submit_brief":
                value = brief(headline=f"Seen: {value['signals'][0]['quote'][:80]}").model_dump(mode="json")
            message = {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": asked["model"],
                "content": [{"type": "tool_use", "id": "toolu_1", "name": name, "input": value}],
                "stop_reason": "tool_use",
                "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }
            data = json.dumps(message).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}", bodies)
    finally:
        server.shutdown()
        server.server_close()


def told(request: str) -> dict[str, Any]:
    """Facts from the ticket in a request: the lines with a placeholder, and all that the word rules see."""
    boundary = request.split("line ", 1)[1].split(" ", 1)[0]
    text = request.split(f"\n{boundary}\n")[1]
    lines = [line for line in text.splitlines() if any(placeholders(line))]
    lines += [text[one.start : one.end] for one in placeholders(text)]
    found = [signal("unauthorized_access", line) for line in lines[:1]]
    found += [signal("secret_in_ticket", line) for line in lines]
    seen = OfflineBackend().extract(Ticket(text=text))
    return seen.model_copy(update={"signals": (*found, *seen.signals)}).model_dump(mode="json")


@pytest.mark.loopback
def test_sixty_planted_secrets_leave_nowhere_and_offsets_are_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert (len(PLANTED), len({one.kind for one in PLANTED})) == (60, 13)
    ledger = Ledger(Database(f"sqlite:///{tmp_path / 'ledger.db'}"), outbox=True)
    memory, places = Memory(ledger, load_settings()), 0
    with served() as server, caplog.at_level(logging.INFO):
        backend = ClaudeBackend(model="m", base_url=server.address, api_key="none", timeout=10)
        for number, one in enumerate(PLANTED):
            original = read_ticket(one.raw, name=one.name)
            original = original.model_copy(update={"id": f"HD-{number}"})
            assert not hidden(one, original.text)
            before = len(server.bodies)
            result = escalate(original, backend=backend, now=FRIDAY, max_repairs=0)
            record(memory, result, Author("Ana Lima"), now=FRIDAY, despite="a test")
            assert len(server.bodies) >= before + 2
            written = [
                *server.bodies[before:],
                *(render(result, form) for form in ("json", "text", "markdown", "html")),
            ]
            assert all(hidden(one, text) for text in written), one.kind
            assert result.ticket.redacted
            assert sum(replaced.count for replaced in result.ticket.redacted) >= 1

            vault = redact(original).vault
            restored = vault.restored(result)
            assert restored.ticket.text == original.text
            for claim in restored.facts.claims():
                if claim.evidence is not None:
                    said = original.text[claim.evidence.start : claim.evidence.end]
                    assert fold_text(said) == fold_text(claim.quote), one.kind
                    sentence = original.text[claim.evidence.sentence_start : claim.evidence.sentence_end]
                    assert sentence == claim.evidence.sentence
                    places += 1
            assert [claim.quote for claim in result.facts.removed if claim.status == "ungrounded"] == []
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode(errors="replace")
    shown = "".join(capsys.readouterr()) + caplog.text
    for one in PLANTED:
        assert hidden(one, kept), one.kind
        assert hidden(one, shown), one.kind
    assert places >= 2 * len(PLANTED)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_command_line_leaves_none_behind_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = f"sqlite:///{tmp_path / 'ledger.db'}"
    mask = os.umask(0)
    try:
        for one in PLANTED[::7]:
            (tmp_path / "in").mkdir(exist_ok=True)
            file, out = tmp_path / "in" / one.name, tmp_path / "out.json"
            file.write_bytes(one.raw)
            arguments = [
                "run",
                file,
                "--backend",
                "offline",
                "--ledger",
                database,
                "--record",
                "--by",
                "Ana",
                "--out",
                out,
            ]
            assert cli.main([str(argument) for argument in arguments]) in (0, 3)
            said = "".join(capsys.readouterr())
            assert "escalation: replaced before reading: 1 " in said
            assert hidden(one, said + out.read_text()), one.kind
            kept = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*")).decode(errors="replace")
            assert hidden(one, kept), one.kind
    finally:
        os.umask(mask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path.is_file()}
    assert set(modes.values()) == {0o600}, modes


# --- placeholders ---


@pytest.mark.parametrize(
    ("kind", "number", "original", "expected"),
    [
        ("access_key", 1, "A" * 20, "[access-key-1······]"),
        ("access_key", 12, "A" * 15, "[access-key-12]"),
        ("password", 1, "A" * 8, "[pw-1··]"),
        ("password", 1, "A" * 5, "[s1·]"),
        ("pin", 1, "1234", "[s1]"),
        ("pin", 10, "1234", "⟦a·⟧"),
        ("security_code", 3, "123", "⟦3⟧"),
        ("security_code", 400, "123", "⟦·⟧"),
        ("private_key", 1, "-----BEGIN A-----\nabcd\nef", "[private-key-1···\n····\n·]"),
        ("person", 2, "Jo Li", "[p2·]"),
        ("person", 12, "Anna", "⦅c·⦆"),
    ],
)
def test_the_form_fits_the_length(kind: Kind, number: int, original: str, expected: str) -> None:
    assert placeholder(kind, number, original) == expected


@given(
    st.sampled_from(sorted(LABELS)),
    st.integers(1, 999),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=3, max_size=60),
)
def test_a_placeholder_is_as_long_as_its_original_and_is_seen_again(kind: Kind, number: int, original: str) -> None:
    original = original.replace("\n", " ")
    made = placeholder(kind, number, original)
    assert len(made) == len(original)
    (seen,) = placeholders(made)
    assert (seen.start, seen.end) == (0, len(made))
    assert seen.number in (number, 0)


def test_numbers_count_by_first_appearance_and_one_value_has_one_number() -> None:
    made = redact(Ticket(text=PROSE, subject=f"{PASSWORD}?", reporter="jana")).ticket
    assert made.text == (
        "I log in with jana, my password is [pw-1·····] and my card is [card-number-2·]. Again: [pw-1·····]!"
    ).replace("[pw-1·····]", placeholder("password", 1, PASSWORD)).replace(
        "[card-number-2·]", placeholder("card_number", 2, CARD)
    )
    assert made.subject == f"{placeholder('password', 1, PASSWORD)}?"
    assert made.redacted == (Replaced(kind="password", count=1), Replaced(kind="card_number", count=1))


def test_what_only_the_subject_gives_away_is_replaced_in_the_text() -> None:
    made = redact(Ticket(text=f"It says {PASSWORD} is wrong.", subject=f"Password: {PASSWORD}")).ticket
    assert PASSWORD not in made.model_dump_json()


def test_a_short_code_is_replaced_where_it_is_called_one_and_a_plain_word_too() -> None:
    made = redact(Ticket(text="My PIN is 4821. Order 4821 is late.\nPassword: tulip\nThe tulip team says hi."))
    assert made.ticket.text == "My PIN is [s1]. Order 4821 is late.\nPassword: [s2·]\nThe tulip team says hi."


def test_a_placeholder_in_the_ticket_is_never_taken_for_one_of_ours() -> None:
    raw = Ticket(text=f"Write [password-1] or [s7]. My password is {PASSWORD}.")
    made = redact(raw)
    assert placeholder("password", 8, PASSWORD) in made.ticket.text
    assert made.vault.restored(made.ticket).text == raw.text


def test_many_secrets_are_found_again_as_few_are() -> None:
    values = Values(3)
    secrets = [values.password(10) for _ in range(200)]
    text = "".join(f"password: {secret}\n" for secret in secrets) + " ".join(reversed(secrets))
    made = redact(Ticket(text=text))
    assert [secret for secret in secrets if secret in made.ticket.text] == []
    assert made.ticket.redacted == (Replaced(kind="password", count=200),)
    assert made.vault.restored(made.ticket).text == text


def test_nothing_to_replace_is_the_same_object() -> None:
    ticket = Ticket(text="The export fails.", id="HD-1", messages=(Message(start=0, end=17, speaker="customer"),))
    assert redact(ticket).ticket is ticket
    assert redact(Ticket(text=PROSE), "none").ticket.text == PROSE


PIECES = st.sampled_from(
    [
        f"password: {PASSWORD}\n",
        f"{PASSWORD} ",
        f"Passwort {PASSWORD}. ",
        "PIN: 4821 ",
        "4821 ",
        f"{CARD} ",
        "password ",
        "is ",
        ": ",
        "token=",
        VALUES.of("abcdef0123456789", 32) + " ",
        "Bearer ",
        VALUES.jwt() + "\n",
        "[password-1··] ",
        "[s1] ",
        "⟦1⟧",
        "·",
        "]",
        "CVV 123 ",
        '"',
        "'",
        "Zürich ",
        "\u0130 ",  # its small form is two code points
        "-----BEGIN PRIVATE KEY-----\n",
        "-----END PRIVATE KEY-----\n",
        "MIIEvQIBADANBgkq\n",
        "postgres://app:",
        "@db/x ",
        "Cookie: sid=",
        "the export fails. ",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_same_length_back_again_and_twice_is_once(text: str) -> None:
    raw = Ticket(text=text, subject=text[:40])
    made = redact(raw)
    assert len(made.ticket.text) == len(text)
    assert made.ticket.text.count("\n") == text.count("\n")
    assert made.vault.restored(made.ticket).text == text
    assert redact(made.ticket).ticket == made.ticket
    assert find_secrets(made.ticket.text) == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join), st.lists(PIECES, min_size=1, max_size=8).map("".join))
def test_a_ticket_that_grows_keeps_its_numbers(first: str, more: str) -> None:
    text = f"{first}\n\n"
    made = redact(Ticket(text=text))
    grown = redact(extend(made.ticket, [Entry("support", "Ola", None, Body(more.strip() or "-"))]), vault=made.vault)
    # What is new may also have stood there before, where nothing gave it away; what was there keeps its number.
    there = {(one.start, one.end, one.number) for one in placeholders(made.ticket.text)}
    assert there <= {(one.start, one.end, one.number) for one in placeholders(grown.ticket.text)}
    assert grown.vault.restore(grown.ticket.text).startswith(text)


def test_what_came_later_is_numbered_after_what_stood_there_without_the_vault_too() -> None:
    made = redact(Ticket(text=f"password: {PASSWORD}\n\n")).ticket
    grown = redact(extend(made, [Entry("customer", None, None, Body(f"My card: {CARD}"))])).ticket
    assert placeholder("card_number", 2, CARD) in grown.text
    assert grown.redacted == (Replaced(kind="password", count=1), Replaced(kind="card_number", count=1))


# --- what a model writes ---


def test_a_quote_with_another_number_of_padding_signs_stands_in_the_ticket() -> None:
    made = redact(Ticket(text=PROSE)).ticket
    for quote in (
        "my password is [pw-1]",
        "my password is [pw-1··········] and my card is [card-number-2]",
        "my password is [pw-1…] and",
        made.text,
    ):
        facts = ground(made, report(signal("secret_in_ticket", quote)))
        assert facts.removed == (), quote
        (claim,) = facts.signals
        assert claim.evidence is not None
        assert made.text[claim.evidence.start : claim.evidence.end].startswith(("my password is [pw-1···", "I log in"))
    assert fold_text("a [5…] b") == "a [5...] b", "only placeholders are forgiven that"
    wrong = ground(made, report(signal("secret_in_ticket", "my password is [pw-3]")))
    assert [claim.status for claim in wrong.removed] == ["ungrounded"]


def test_a_placeholder_in_a_brief_is_traced_and_its_number_is_nobodys() -> None:
    from agent.validate import validate_brief
    from schemas.context import Context

    made = redact(Ticket(text=f"{PROSE}\nThe export fails. [token-37···]")).ticket
    facts = ground(made, report(signal("unauthorized_access", "The export fails.")))
    from agent.policy.decide import decide

    decision = decide(facts, Context(), load_settings(), FRIDAY)

    def said(text: str) -> set[str]:
        findings = validate_brief(brief(description=text), decision, facts, made, Context(), FRIDAY)
        return {finding.code for finding in findings if finding.code.startswith("untraceable")}

    assert said("The customer wrote the password [pw-38] and the card [card-number-39···].") == set()
    assert said("The customer wrote the card [card-number-5].") == {"untraceable_id"}
    assert said("They opened 37 cases.") == {"untraceable_number"}


def test_a_host_that_saw_the_ticket_may_quote_the_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, facts = tmp_path / "t.txt", tmp_path / "f.json"
    file.write_text(PROSE, encoding="utf-8")
    quote = f"my password is {PASSWORD}"
    facts.write_text(report(signal("secret_in_ticket", quote)).model_dump_json(), encoding="utf-8")
    assert cli.main(["check", str(file), str(facts)]) == 0
    out, err = capsys.readouterr()
    assert PASSWORD not in out + err
    assert json.loads(out)["signals"][0]["quote"] == f"my password is {placeholder('password', 1, PASSWORD)}"
    assert cli.main(["check", str(file), str(facts), "--restore"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["signals"][0]["quote"] == quote
    assert "--restore" not in err


# --- the command line ---


def test_restore_puts_back_in_the_result_and_nowhere_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, database = tmp_path / "t.txt", f"sqlite:///{tmp_path / 'ledger.db'}"
    file.write_text(f"{PROSE}\nSomebody else logged in to our account. Please help, this is an intrusion.\n", "utf-8")
    shared = ["run", str(file), "--backend", "offline", "--format", "json", "--ledger", database, "--record"]
    assert cli.main([*shared, "--by", "Ana", "--restore"]) in (0, 3)
    out, err = capsys.readouterr()
    assert PASSWORD in json.loads(out)["ticket"]["text"]
    assert "[pw-1" not in out
    assert PASSWORD not in err
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))


@pytest.mark.parametrize("through", ["flag", "environment"])
def test_none_is_said_and_sends_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    file = tmp_path / "t.txt"
    file.write_text(PROSE, encoding="utf-8")
    flag = ["--redact", "none"] if through == "flag" else []
    if not flag:
        monkeypatch.setenv("ESCALATION_REDACT", "none")
    assert cli.main(["run", str(file), "--backend", "offline", "--format", "json", *flag]) in (0, 3)
    out, err = capsys.readouterr()
    assert json.loads(out)["ticket"]["text"] == PROSE
    assert err.count("--redact none: secrets that stand in the ticket are sent and kept as they are\n") == 1


def test_an_unknown_level_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALATION_REDACT", "some")
    (tmp_path / "t.txt").write_text("x")
    assert cli.main(["run", str(tmp_path / "t.txt"), "--backend", "offline"]) == 2
    assert capsys.readouterr().err == "escalation: ESCALATION_REDACT 'some': expected one of secrets, pii, none\n"


def test_the_result_says_what_was_replaced() -> None:
    result = escalate(Ticket(text=PROSE), backend=OfflineBackend(), now=FRIDAY)
    assert "Replaced before the ticket was read: 1 password, 1 card number." in result.warnings
    for form in ("text", "markdown", "html"):
        assert "Replaced before the ticket was read: 1 password, 1 card number." in " ".join(
            render(result, form).split()
        )
    assert json.loads(render(result, "json"))["ticket"]["redacted"] == [
        {"kind": "password", "count": 1},
        {"kind": "card_number", "count": 1},
    ]


def test_counts_in_words() -> None:
    assert (counted("access_key", 2), counted("pin", 1), counted("email", 2)) == (
        "2 access keys",
        "1 PIN",
        "2 e-mail addresses",
    )


def test_the_context_is_behind_the_door_too() -> None:
    from schemas.context import Account, Context

    result = escalate(
        Ticket(text=PROSE), backend=OfflineBackend(), now=FRIDAY, context=Context(account=Account(name=f"x {PASSWORD}"))
    )
    assert PASSWORD not in result.model_dump_json()


def test_the_context_of_the_command_line_knows_the_tickets_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.txt").write_text(PROSE, encoding="utf-8")
    (tmp_path / "c.json").write_text(json.dumps({"account": {"name": f"Nordwind {PASSWORD}"}}), encoding="utf-8")
    arguments = ["run", str(tmp_path / "t.txt"), "--context", str(tmp_path / "c.json"), "--backend", "offline"]
    assert cli.main([*arguments, "--format", "json"]) in (0, 3)
    assert PASSWORD not in "".join(capsys.readouterr())


def test_the_vault_does_not_show_what_it_holds() -> None:
    vault = redact(Ticket(text=PROSE)).vault
    assert repr(vault) == "Vault('secrets', 2 values hidden)"
    assert PASSWORD not in str(redact(Ticket(text=PROSE)))


# --- hosts and chats ---


def test_a_hosts_model_sees_placeholders_and_may_quote_the_secret() -> None:
    from agent.tools.answers import answer
    from agent.tools.catalogue import catalogue
    from agent.tools.desk import Desk

    tools, desk = {tool.name: tool for tool in catalogue()}, Desk(keeps_ledger=False, clock=lambda: FRIDAY)
    text = f"{PROSE}\nSomebody else logged in to our account."

    def called(name: str, **arguments: Any) -> dict[str, Any]:
        made = answer(tools[name], desk, arguments)
        assert made.value is not None, made.text
        assert PASSWORD not in made.text
        assert CARD not in made.text
        return made.value

    seen = called("read_ticket", ticket=text)
    assert seen["ticket"]["notes"] == ["Replaced before reading: 1 password, 1 card number"]
    quotes = (f"my password is {PASSWORD}", "Somebody else logged in to our account.")
    signals = report(signal("secret_in_ticket", quotes[0]), signal("unauthorized_access", quotes[1]))
    checked = called("check_facts", case=seen["case"], report=signals.model_dump(mode="json"))
    assert checked["removed"] == []
    assert called("decide", case=seen["case"])["decision"]["outcome"] == "escalate"
    brief_text = f"ESCALATION: They wrote {PASSWORD}\nSeverity: Critical\n\nISSUE DESCRIPTION\nPassword {PASSWORD}.\n"
    found = called("validate_brief", case=seen["case"], brief=brief_text)["findings"]
    assert not [finding for finding in found if finding["code"].startswith("untraceable")]


def test_what_is_said_in_a_chat_passes_the_door() -> None:
    talk = Talk("Subject: Export\n\nThe export crashes. I typed Tr0ub4dor&3 and nothing happens.\n")
    assert PASSWORD in talk.chat.session.model_dump_json(), "nothing gives it away yet"
    talk.say(f"/customer My password: {PASSWORD}, try it.")
    assert PASSWORD not in talk.chat.session.model_dump_json()
    ticket = talk.chat.ticket
    assert ticket is not None
    assert ticket.text.count(placeholder("password", 1, PASSWORD)) == 2
    talk.say("/undo")
    assert PASSWORD not in talk.chat.session.model_dump_json()
    talk.say(f"/customer And my card is {CARD}.")
    assert placeholder("card_number", 2, CARD) in (talk.chat.ticket or ticket).text


def test_a_chat_tells_what_was_replaced() -> None:
    talk = Talk(PROSE)
    assert "replaced before reading: 1 password, 1 card number" in str(talk.told)


# --- the ledger ---


def test_free_text_is_concealed_at_the_ledgers_door(tmp_path: Path) -> None:
    from schemas.ledger import Updated
    from tests.ledgers import Life

    life = Life(f"sqlite:///{tmp_path / 'ledger.db'}")
    life.then(Updated(audience="internal", text=f"They sent the password: {PASSWORD}"), 1, why=f"pw: {PASSWORD}")
    (event,) = life.written.events
    assert isinstance(event.data, Updated)
    assert (event.data.text, event.why) == (
        f"They sent the password: {placeholder('password', 1, PASSWORD)}",
        f"pw: {placeholder('password', 1, PASSWORD)}",
    )


# --- the detector ---


def test_the_rules_are_those_of_the_detector_that_is_installed() -> None:
    pytest.importorskip("detect_secrets")
    assert FILE.read_text(encoding="utf-8") == cut()


def test_every_plugin_of_the_detector_was_judged() -> None:
    plugins = pytest.importorskip("detect_secrets.plugins")
    import ast

    folder, named = Path(plugins.__path__[0]), set()
    for path in folder.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and "secret_type" in ast.unparse(node) and path.stem != "base":
                named.add(f"{path.stem}.{node.name}")
    assert named == {choice.plugin for choice in CHOSEN} | set(LEFT_OUT)


@pytest.mark.parametrize("shape", [*SHAPES, *shapes()], ids=lambda shape: "-".join(shape.hints)[:40])
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_looking_where_a_shape_can_begin_finds_what_trying_everywhere_finds(shape: Shape, data: st.DataObject) -> None:
    text = " " + data.draw(st.from_regex(shape.pattern, alphabet=st.characters(max_codepoint=127))) + " "
    low = text.lower()
    everywhere = [Found(*m.span(shape.group), shape.kind) for m in shape.pattern.finditer(text)]
    hinted = any(hint in low for hint in shape.hints)
    assert list(Shapes((shape,)).find(text, low, exact=True)) == (everywhere if hinted else [])


def test_check_digit() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


@pytest.mark.parametrize(
    "words",
    [
        "I forgot my password, please reset it.",
        "The password field is empty.",
        "My password is incorrect.",
        "Password: reset link does not work",
        "password: ********",
        "Passwort: siehe Mail",
        "password = getPassword()",
        "password: ${DB_PASSWORD}",
        "api_key=<your key>",
        "Please send me an API key.",
        "max_tokens: 4096",
        "token expired at 2026-11-16T08:12:00Z",
        "Version: 8.4.1, token: v8.4.1",
        "Order 4111 1111 1111 1112 is late.",
        "Order 1234567812345670 is late.",
        "ticket id 4111111111111111-7",
        "The secret is the name of the file.",
        "Session 12 failed, session id unknown",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "request_id=5f0c7a52-6a3e-4c1e-9a53-3c8d6f1f0a11",
        "Error 0x80070005 at 10.0.0.1:8080",
        "security code fix in 8.4.1",
        "https://app.vendor.example/reports/2026-11-16/export?format=xml&page=2",
        "https://app.vendor.example/verify/email",
        "kubectl create secret generic my-secret-2",
        "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkq\n-----END CERTIFICATE-----",
        "PIN code please",
    ],
)
def test_what_only_looks_like_a_secret(words: str) -> None:
    assert find_secrets(words) == ()


KEY_LINES = "\n".join(VALUES.of(ALNUM, 64) for _ in range(3))


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("Key:\n", f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINES}", "\n\nError: refused\nNordwind\n"),
        ("Key:\n", f"-----BEGIN PRIVATE KEY-----\n{KEY_LINES}\nabcdefgh==", "\nRegards"),
        (
            "",
            f"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{KEY_LINES}",
            "\n-----BEGIN CERTIFICATE-----\nx",
        ),
        (
            "",
            f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPrivate-Lines: 1\n{KEY_LINES}\n"
            "Private-MAC: 0011",
            "\nThanks",
        ),
        ("It begins with -----BEGIN PRIVATE KEY----- and then\n", "", "nothing. -----END CERTIFICATE-----"),
    ],
)
def test_a_private_key_is_taken_whole_and_nothing_behind_it(before: str, key: str, after: str) -> None:
    concealed = Vault().conceal(before + key + after)
    assert concealed == before + (placeholder("private_key", 1, key) if key else "") + after


@pytest.mark.parametrize(
    "unit",
    [
        "-----BEGIN PRIVATE KEY-----\n",
        "password: ",
        "://a:",
        "eyJ",
        "sk-",
        "Cookie: ",
        "curl -u ",
        "1111 ",
        "log in ",
        "?key=",
        "a" * 50,
        "1" * 50,
        "[pw-1··",
        "/reset/",
        "Basic ",
        "%70",
        "&#1;\n",
        "a:5432:b:c:",
        "password,a\n",
        "\\u0041",
        "log in a / ",
        "backup codes 1a2b ",
        "MIIEvQIBADANBgkqh",
        "insert into a (password",
        "password it is ",
    ],
)
def test_the_time_is_linear(unit: str) -> None:
    def finding(length: int) -> Callable[[], object]:
        text = (unit * (length // len(unit) + 1))[:length]
        return lambda: find_secrets(text)

    assert grows_linearly(finding, 12_500, spare=0.05)


# --- the modes that need more ---


def test_words_of_ours_are_never_taken_for_text() -> None:
    vault = Vault("pii", personal=lambda text: [Found(0, len(text), "person")] if text == "customer" else [])
    message = Message(start=0, end=1, speaker="customer", author="customer")
    assert vault.concealed(message) == Message(start=0, end=1, speaker="customer", author="[per-1·]")


def test_without_presidio_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.redaction.personal.find_spec", lambda _: None)
    with pytest.raises(BadInput, match=r"^--redact pii needs the package presidio-analyzer: install this program with"):
        redact(Ticket(text="x"), "pii")


@pytest.mark.parametrize("verb", ["serve", "batch", "mcp"])
def test_what_runs_on_says_so_before_it_begins(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("agent.redaction.personal.find_spec", lambda _: None)
    needed = ["examples", "--run", str(tmp_path / "run")] if verb == "batch" else []
    assert cli.main([verb, *needed, "--redact", "pii"]) == 2
    assert "escalation: --redact pii needs the package presidio-analyzer" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("secrets", None),
        ("pii", "Personal data is replaced before anything is read"),
        ("none", "Secrets in tickets are not replaced here"),
    ],
)
def test_the_page_says_what_it_replaces(tmp_path: Path, level: Level, said: str | None) -> None:
    with entered(site(tmp_path, level=level)) as client:
        foot = client.get("/").text.partition('<footer class="foot">')[2]
    assert re.findall(r"(?:Personal data|Secrets)[^:.,]*\b(?:here|read)\b", foot) == ([said] if said else [])


PERSONAL = """From: Jana Novak <jana@nordwind.example>
To: Support Team <support@vendor.example>
Subject: Export fails

Dear Ola,

the export fails for 40 users. Call me: +49 30 1234567. Order 4711-20418, id 20261116081201, at 2026-11-16 08:12:01.
IBAN DE89 3704 0044 0532 0130 00, server 84.23.11.9, SSN 536-90-4399. My password is Tr0ub4dor&3. Novak GmbH.

Regards,
Jana Novak
"""


def test_personal_data_by_option() -> None:
    """Run with the extra `pii`; it is not part of `dev`, since it brings spaCy."""
    pytest.importorskip("presidio_analyzer")
    raw = read_ticket(PERSONAL)
    made = redact(raw, "pii")
    assert {one.kind: one.count for one in made.ticket.redacted} == {
        "person": 3,
        "email": 2,
        "phone": 1,
        "iban": 1,
        "ip_address": 1,
        "id_number": 1,
        "password": 1,
    }
    assert len(made.ticket.text) == len(raw.text)
    for gone in ("Jana", "Novak", "Ola", "jana@", "1234567", "DE89", "84.23", "536-90", "Tr0ub4dor"):
        assert gone not in made.ticket.model_dump_json(), gone
    for stays in ("40 users", "Order 4711-20418", "id 20261116081201", "2026-11-16 08:12:01", "Support Team"):
        assert stays in made.ticket.text, stays
    assert made.vault.restored(made.ticket).text == raw.text
    assert redact(made.ticket, "pii").ticket == made.ticket
    assert find_secrets(redact(raw).ticket.text) == ()
    assert redact(raw).ticket.redacted == (Replaced(kind="password", count=1),)


def test_people_are_those_whom_the_ticket_names() -> None:
    from agent.redaction.personal import people

    assert people(read_ticket(PERSONAL)) == ("Jana Novak", "Novak", "Jana", "Ola")
    assert people(Ticket(text="Hi all,\nthe export fails.\n\nThanks\nSupport Team")) == ()
    assert people(Ticket(text="Sehr geehrter Herr Müller,\n\nMit freundlichen Grüßen\nÖzlem Şahin")) == (
        "Özlem Şahin",
        "Müller",
        "Özlem",
        "Şahin",
    )


def test_verbs_without_a_ticket_do_not_load_the_rules() -> None:
    import subprocess
    import sys

    code = "import sys, agent.commands.decide, agent.commands.due, agent.policy.decide; " + (
        "print([name for name in sys.modules if name in ('agent.redaction.find', 'agent.redaction.vault')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_vault_of_level_none_changes_nothing() -> None:
    assert Vault("none").conceal(PROSE) == PROSE


# --- logs ---


def test_a_failure_inside_a_tool_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    from agent.tools.answers import told as tool_told
    from agent.tools.catalogue import catalogue

    tool = next(tool for tool in catalogue() if tool.name == "check_facts")
    try:
        raise KeyError(PROSE)
    except KeyError as error:
        with caplog.at_level(logging.INFO):
            line = tool_told(tool, error)
    assert "my password" not in caplog.text + line
    assert "check_facts failed: KeyError at test_redaction.py:" in caplog.text


def test_what_a_server_logs_holds_no_text_of_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    from agent.tools.logs import _Line

    logger = logging.getLogger("somebody.else")
    handler = _Line(logging.WARNING)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.info("a detail")
        try:
            raise ValueError(PROSE)
        except ValueError:
            logger.exception("session crashed")
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    said = capsys.readouterr().err
    assert said.startswith("escalation: error of somebody.else: session crashed: ValueError at test_redaction.py:")
    assert said.count("\n") == 1
    assert "password" not in said


def test_an_error_of_a_model_does_not_repeat_its_input() -> None:
    from pydantic import ValidationError

    with pytest.raises(ValidationError) as caught:
        Ticket.model_validate({"text": "x", "messages": PROSE})
    assert "password" not in str(caught.value)
