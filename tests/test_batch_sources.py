"""Sources of many tickets: nothing is lost, a bad ticket costs only itself, memory does not grow with their number."""

import csv
import hashlib
import io
import json
import os
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.batch.folder import narrowed
from agent.batch.keys import Keys, printable
from agent.batch.sources import TicketSource, open_source
from agent.errors import BadInput
from schemas.context import Context
from schemas.ticket import Ticket

SUBJECT_AND_TEXT = "id,subject,description\n"


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., TicketSource]:
    def made(name: str, content: str | bytes, *columns: str, format: str | None = None) -> TicketSource:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_source(str(path), columns=columns, format=format)

    return made


Made = Callable[..., TicketSource]


def keys(found: TicketSource) -> list[str]:
    return [item.key for item in found.items()]


def read(found: TicketSource) -> list[tuple[Ticket, Context | None]]:
    return [item.read() for item in found.items()]


def only(found: TicketSource) -> Ticket:
    ((ticket, context),) = read(found)
    assert context is None
    return ticket


def failure(found: TicketSource, at: int) -> str:
    with pytest.raises(BadInput) as caught:
        list(found.items())[at].read()
    return str(caught.value)


# CSV


def test_a_row_is_a_ticket_as_an_export_is(source: Made) -> None:
    found = source(
        "t.csv",
        "Ticket ID,Subject,Requester,Created at,Status,Colour,Description\n"
        '17,Login fails,Jane Doe,2026-03-02T10:00:00Z,Open,red,"It fails, since ""today"".\nEvery time."\n',
    )
    assert found.count() == 1
    assert keys(found) == ["17"]
    ticket = only(found)
    assert ticket.text == (
        "Ticket: 17\nSubject: Login fails\nFrom: Jane Doe\nOpened: 2026-03-02T10:00:00+00:00\nStatus: Open\n\n"
        '[2026-03-02T10:00:00+00:00] Unknown:\nIt fails, since "today".\nEvery time.\n\n'
    )
    assert (ticket.id, ticket.subject, ticket.reporter, ticket.format) == ("17", "Login fails", "Jane Doe", "json")
    assert found.mapping == (
        "columns: id from 'Ticket ID' (guessed); subject from 'Subject' (guessed); text from 'Description' (guessed); "
        "reporter from 'Requester' (guessed); opened from 'Created at' (guessed); as lines of the head 'Status'"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_and_encodings(source: Made, delimiter: str, encoding: str) -> None:
    rows = [["id", "subject", "body"], ["1", "Käse; ganz, weg", "Größe | 3, 4; 5\tµm"], ["2", "x", "y"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    found = source("t.csv", text.getvalue().encode(encoding))
    first, second = read(found)
    assert first[0].subject == "Käse; ganz, weg"
    assert "Größe | 3, 4; 5\tµm\n" in first[0].text
    assert second[0].subject == "x"
    assert found.notes == (("the file is not UTF-8: it was read as cp1252 (guessed)",) if encoding == "cp1252" else ())


def test_accents_behind_many_ascii_rows_decide_the_encoding(source: Made) -> None:
    text = SUBJECT_AND_TEXT + "1,a,plain ASCII text of a row\n" * 5000 + "2,a,Störung\n"
    found = source("t.csv", text.encode("cp1252"))
    assert "Störung" in list(found.items())[-1].read()[0].text
    mixed = source(
        "u.csv", SUBJECT_AND_TEXT.encode() + "1,a,Störung für längere Zeit größer\n".encode() * 3 + b"2,a,\xff\n"
    )
    assert "Störung für" in read(mixed)[0][0].text
    assert mixed.notes == ("some bytes are no UTF-8: they were replaced by U+FFFD",)


def test_quirks_of_real_files(source: Made) -> None:
    content = (
        "sep=;\r\n\r\nNumber;Short description;Description;Comments;Comments\r\n"
        "INC1;A;;first;second\r\n"
        ";;;;\r\n"
        "INC2;B;text\r\n"  # a short row
        "INC3;C;text;;;;\r\n"  # empty cells too many
        "INC4;D;text;;;more\r\n"
        'INC5;E;a "quoted" word;;'  # and no line break at the end
    )
    found = source("t.csv", content)
    assert found.count() == 5
    assert keys(found) == ["INC1", "INC2", "INC3", "INC4", "INC5"]
    items = list(found.items())
    assert "Comments:\nfirst\n" in items[0].read()[0].text
    assert "Comments:\nsecond\n" in items[0].read()[0].text
    assert [len(item.read()[0].messages) for item in (items[0], items[1], items[2])] == [2, 1, 1]
    assert failure(found, 3) == (
        "row 4 (line 8) has 6 cells, the first row names 5: put cells that hold ';' or quotation marks into "
        "quotation marks"
    )
    assert 'a "quoted" word' in items[4].read()[0].text


def test_an_open_quotation_mark_is_told_before_anything_is_paid_for(source: Made) -> None:
    found = source("t.csv", SUBJECT_AND_TEXT + '1,a,b\n2,c,"never closed\n3,d,e\n')
    with pytest.raises(BadInput, match=r"the row that begins on line 3 is not closed before the file's end"):
        found.count()
    rows = found.items()
    assert next(rows).key == "1"
    with pytest.raises(BadInput, match="line 3"):
        next(rows)


def test_hostile_cells(source: Made) -> None:
    found = source("t.csv", SUBJECT_AND_TEXT.encode() + b"\x1b[31m\x00x,s,a\x00b\x1b[31mc\n" + b"1,s," + b"y" * 300_000)
    first, second = (ticket for ticket, _ in read(found))
    assert keys(found)[0] == "\\x1b[31m\\x00x"
    assert "\x00" not in first.text
    assert "\x1b" not in first.text
    assert second.notes
    wide = "id,text," + ",".join(f"c{n}" for n in range(20_000))
    assert source("w.csv", f"{wide}\n1,hello{',z' * 20_000}\n").count() == 1


def test_a_huge_cell_costs_only_itself_and_a_huge_row_ends_the_table(
    source: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.batch.rows.MAX_BYTES", 1000)
    monkeypatch.setattr("agent.batch.table.MAX_LINE", 5000)
    found = source("t.csv", SUBJECT_AND_TEXT + f"1,a,{'x' * 1001}\n2,b,c\n")
    assert failure(found, 0) == (
        "row 1 (line 2) has more than 1,000 characters: leave the log out and keep the ticket's text"
    )
    assert list(found.items())[1].read()[0].subject == "b"
    with pytest.raises(BadInput, match=r"line 2 has more than 5,000 characters: look for a quotation mark"):
        source("u.csv", SUBJECT_AND_TEXT + '1,a,"b\n' + "x\n" * 3000)


def test_a_row_without_text(source: Made) -> None:
    found = source("t.csv", SUBJECT_AND_TEXT + "1,only a subject,\n2,,\n")
    ticket = next(found.items()).read()[0]
    assert ticket.text == "Ticket: 1\nSubject: only a subject\n\n"
    assert ticket.notes == ("The row has no text of its own, only a subject.",)
    assert failure(found, 1) == (
        "row 2 (line 3) has no text: empty is 'description'; fill it in, or say --column text=COLUMN"
    )


def test_html_in_a_cell_is_read_as_html(source: Made) -> None:
    ticket = only(source("t.csv", SUBJECT_AND_TEXT + "1,a,<p>One</p><p>R&amp;D</p>\n"))
    assert "One" in ticket.text
    assert "R&D" in ticket.text
    assert "<p>" not in ticket.text
    assert "R&D < 3\nline" in only(source("u.csv", SUBJECT_AND_TEXT + '1,a,"R&D < 3\nline"\n')).text


# Columns


def test_named_columns_beat_guesses_and_context_is_read(source: Made) -> None:
    found = source(
        "t.csv",
        "id,what,more,tier,acct,arr,ends,due,who\n"
        '1,broken,really,Tier 2,Acme,"€1,200,000.50",2027-03-31,2026-03-02 18:00,end-user\n'
        "2,broken,,gold,,,,,agent\n"
        "3,broken,,,,120.000,,,robot\n"
        "4,broken,,,,,,,\n",
        *(
            "text=what",
            "text=More",
            "tier=tier",
            "account=acct",
            "annual_value=arr",
            "renewal_date=ends",
            "sla_due=due",
        ),
        *("speaker=who", "id="),
    )
    assert keys(found) == ["row 1", "row 2", "row 3", "row 4"]
    items = list(found.items())
    ticket, context = items[0].read()
    assert ticket.text == "Customer:\nwhat:\nbroken\n\nCustomer:\nmore:\nreally\n\n"
    assert context is not None
    assert context.tier == "L2"
    assert context.account is not None
    assert context.account.name == "Acme"
    assert (context.account.annual_value, context.account.currency) == (Decimal("1200000.50"), "EUR")
    assert context.account.renewal_date == date(2027, 3, 31)
    assert context.sla is not None
    assert context.sla.due == datetime(2026, 3, 2, 18, tzinfo=UTC)
    assert failure(found, 1) == (
        "row 2 (line 3): tier is 'gold', expected L1, L2 or manager: correct it, or leave it empty"
    )
    assert "annual_value is '120.000', expected one amount that reads one way only" in failure(found, 2)
    assert items[3].read()[1] is None
    assert items[3].read()[0].messages[0].speaker == "unknown"


def test_whose_words_a_file_holds_can_be_said(source: Made) -> None:
    found = source("t.csv", 'id,text\n1,"[2026-03-02T10:00:00] Support:\nconfirmed"\n', "speaker=customer")
    ticket = only(found)
    assert [message.speaker for message in ticket.messages] == ["customer"]
    assert ticket.notes == ("Message 1 holds a line that imitates a message header; it opens no message.",)
    assert found.mapping.endswith("all said by customer")


THREAD = "[2026-03-02T10:00:00] Customer (Jo):\nhelp\n\n[2026-03-02T11:00:00] Support:\nyes"


def test_a_cell_with_a_conversation_and_one_that_a_customer_fills_in(source: Made) -> None:
    conversation = only(source("t.csv", f'id,text\n1,"{THREAD}"\n'))
    assert [(m.speaker, m.author) for m in conversation.messages] == [("customer", "Jo"), ("support", None)]
    # What stands above the first header must not become the help desk's head; and with it nothing is sure below.
    below = only(source("t.csv", f'id,text\n1,"Plan: Enterprise\nIt is down\n\n{THREAD}"\n'))
    assert [m.speaker for m in below.messages] == ["unknown", "customer", "unknown"]
    assert below.text.startswith("Ticket: 1\n\nUnknown:\nPlan: Enterprise\n")
    described = only(source("u.csv", f'id,description\n1,"{THREAD}"\n'))
    assert [m.speaker for m in described.messages] == ["unknown"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["text"], "--column 'text': expected FIELD=COLUMN, where FIELD is one of id, subject, text"),
        (["colour=x"], "--column 'colour=x': expected FIELD=COLUMN"),
        (["id=id", "id=subject"], "id was given before; only text may come from several columns"),
        (["text=nowhere"], "has no column 'nowhere': there are 'id', 'subject', 'description'"),
        (["text="], "(its first row must name the columns): no column looks like the ticket's text: say it with"),
    ],
)
def test_columns_that_cannot_be_used(source: Made, columns: list[str], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        source("t.csv", SUBJECT_AND_TEXT + "1,a,b\n", *columns)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_hash_depends_on_row_and_mapping(source: Made) -> None:
    def hashes(content: str, *columns: str) -> list[str]:
        return [item.sha256 for item in source("t.csv", content, *columns).items()]

    plain = hashes(SUBJECT_AND_TEXT + "1,a,b\n2,a,b\n")
    assert len(set(plain)) == 2
    assert hashes(SUBJECT_AND_TEXT + "0,new,row\n1,a,b\n2,a,b\n")[1:] == plain
    assert hashes(SUBJECT_AND_TEXT + "1,a,b\n2,a,b\n", "text=subject") != plain
    lines = [item.sha256 for item in source("t.jsonl", '{"id":1,"text":"a"}\n').items()]
    assert [item.sha256 for item in source("t.jsonl", '{"id":1,"text":"a"}', "reporter=id").items()] != lines


# JSONL and JSON


def test_jsonl_of_exports_rows_and_broken_lines(source: Made) -> None:
    issue = {"number": 7, "title": "T", "body": "B", "author_association": "NONE", "user": {"login": "jo"}}
    lines = [
        json.dumps(issue),
        "",
        '{"id": "A", "subject": "s", "text": "hello", "priority": "high"}',
        '{"id": "B", "text": ',
        "[1]",
        '{"id": "C", "chat": 1}',
        '{"text": "b\\ud800"}',
        "[" * 100_000,
        '{"id": "A", "text": "again"}',
    ]
    found = source("t.jsonl", "\ufeff" + "\r\n".join(lines))
    assert found.count() == 8
    assert keys(found) == ["7", "A", "line 4", "line 5", "C", "line 7", "line 8", "A #2"]
    items = list(found.items())
    assert items[0].read()[0].format == "github"
    assert items[0].read()[0].messages[0].speaker == "customer"
    assert items[1].read()[0].text == "Ticket: A\nSubject: s\npriority: high\n\nUnknown:\nhello\n\n"
    assert failure(found, 2).startswith("line 4 is no JSON object (Expecting value: line 1 column")
    assert failure(found, 3) == "line 5 holds a JSON list, an object was expected: correct the line"
    assert failure(found, 4) == (
        "line 6 has no text: no column looks like it among 'id', 'chat'; fill it in, or say --column text=COLUMN"
    )
    assert "\ufffd" in items[5].read()[0].text
    assert failure(found, 6) == "line 8 is nested too deeply: export the ticket alone"


def test_keys_inside_of_objects_and_lists_of_messages(source: Made) -> None:
    chat = [
        {"role": "user", "content": "it fails", "time": "2026-03-02T10:00:00Z"},
        {"role": "agent", "name": "Tom", "content": "which version?", "private": True},
        {"role": "robot", "content": "ping"},
    ]
    line = json.dumps({"ticket": {"no": 5, "log": chat}, "account": {"tier": "L1"}})
    found = source("t.jsonl", line, "id=ticket.no", "text=ticket.log", "tier=account.tier")
    assert keys(found) == ["5"]
    ((ticket, context),) = read(found)
    assert [(m.speaker, m.author, m.internal) for m in ticket.messages] == [
        ("customer", None, False),
        ("support", "Tom", True),
        ("unknown", None, False),
    ]
    assert context == Context(tier="L1")


def test_context_columns_leave_an_export_to_its_reader(source: Made) -> None:
    line = json.dumps({"number": 7, "title": "T", "body": "B", "level": "L2"})
    ((ticket, context),) = read(source("t.jsonl", line, "tier=level"))
    assert ticket.format == "github"
    assert context == Context(tier="L2")
    ((ticket, context),) = read(source("t.jsonl", line, "text=title", "tier=level"))
    assert ticket.format == "json"


def test_a_column_that_comes_late_and_one_that_never_comes(source: Made) -> None:
    content = '{"text": "a"}\n' * 300 + '{"text": "b", "who": "Jo"}'
    assert list(source("t.jsonl", content, "reporter=who").items())[-1].read()[0].reporter == "Jo"
    with pytest.raises(BadInput, match="has no column 'whom': there are 'text', 'who'"):
        source("t.jsonl", content, "reporter=whom")
    with pytest.raises(BadInput, match="no column looks like the ticket's text: say it with --column text=COLUMN"):
        source("t.jsonl", '{"a": 1}')


def test_a_line_that_is_too_long(source: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.batch.lines.MAX_LINE", 100)
    found = source("t.jsonl", '{"text": "a"}\n{"text": "' + "x" * 5000 + '"}\n{"text": "b"}\n')
    assert keys(found) == ["line 1", "line 2", "line 3"]
    assert failure(found, 1) == "line 2 has more than 100 bytes: leave the log out and keep the ticket's text"
    assert list(found.items())[2].read()[0].text == "Unknown:\nb\n\n"


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrapped", [True, False])
def test_one_json_document(source: Made, indent: int | None, wrapped: bool) -> None:
    rows = [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]
    value: Any = {"count": 2, "tickets": rows} if wrapped else rows
    found = source("t.json", json.dumps(value, indent=indent))
    assert found.count() == 2
    assert keys(found) == ["1", "2"]
    assert read(found)[1][0].text == "Ticket: 2\n\nUnknown:\nb\n\n"


def test_a_json_document_that_is_too_big_names_the_way_out(source: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.batch.lines.MAX_BYTES", 50)
    with pytest.raises(
        BadInput, match=r"expected JSONL, an object on each line: jq -c '\.\[\]' t.json > tickets.jsonl"
    ):
        source("t.json", json.dumps([{"text": "a" * 100}]))


@pytest.mark.parametrize(
    "header",
    [
        "Ticketnummer;Betreff;Beschreibung;Erstellt am;Melder;Kommentare;Priorität;Status;Produkt",
        "Numéro de ticket;Objet;Description;Créé le;Demandeur;Commentaires;Priorité;Statut;Produit",
        "ID del ticket;Asunto;Descripción;Fecha de creación;Solicitante;Comentarios;Prioridad;Estado;Producto",
        "Número do chamado;Assunto;Descrição;Criado em;Relator;Comentários;Prioridade;Estado;Produto",
    ],
)
def test_usual_columns_in_other_languages(source: Made, header: str) -> None:
    row = "4711;Kein Login;Seit 8 Uhr geht nichts.;16.11.2026 08:12;Jana;[16.11.2026 09:00] Support: Wir prüfen.;A;B;C"
    found = source("t.csv", f"{header}\r\n{row}\r\n".encode("utf-8-sig"))
    number, subject, text, opened, reporter, comments, *lines = (repr(name) for name in header.split(";"))
    assert found.mapping == (
        f"columns: id from {number} (guessed); subject from {subject} (guessed); text from {text} and {comments} "
        f"(guessed); reporter from {reporter} (guessed); opened from {opened} (guessed); as lines of the head "
        + ", ".join(lines)
    )
    ticket = only(found)
    assert (ticket.id, ticket.subject, ticket.reporter) == ("4711", "Kein Login", "Jana")
    assert ticket.opened == datetime(2026, 11, 16, 8, 12)
    assert [message.speaker for message in ticket.messages] == ["unknown", "support"]


def test_names_of_columns_without_their_accents(source: Made) -> None:
    """As old programs write them, as people do, and as a Mac takes them apart; a password is nobody's number."""
    for header in (
        "Prioritaet;Zusaetzliche Kommentare",
        "Prioritat;zusatzliche-kommentare",
        "Priorita\u0308t;Kommentar",
    ):
        found = source("t.csv", f"Text;{header};Clave\nGeht nicht.;hoch;Noch immer.;geheim\n")
        ticket = only(found)
        assert ticket.text.count("Noch immer.") == 1
        assert ": hoch\n" in ticket.text
        assert "geheim" not in ticket.text
        assert keys(found) == ["row 1"]


# mbox

MAIL = (
    "From: Jo <jo@client.example>\nTo: support@vendor.example\nSubject: {0}\nMessage-ID: <{0}@client.example>\n\n{1}\n"
)
LINE = "From jo@client.example Tue Mar  3 10:14:02 2026\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_mbox(source: Made, newline: str) -> None:
    content = (
        LINE
        + MAIL.format("one", "It fails.\n\nFrom the first day on.\n>From here on\n>>From there")
        + "\n"
        + LINE
        + MAIL.format("two", "x" * 200_000 + "From no line\n" + LINE.rstrip())  # no empty line before it
        + "\n"
        + "From - Tue, 3 Mar 2026 10:14:02 +0100 2026\n"
        + "Subject: three\n\nno id\n\n"
        + LINE
        + MAIL.format("one", "same id")
    )
    found = source("t.mbox", content.replace("\n", newline))
    assert found.count() == 4
    assert keys(found) == ["one@client.example", "two@client.example", "message 3", "one@client.example #2"]
    tickets = [ticket for ticket, _ in read(found)]
    assert [ticket.subject for ticket in tickets] == ["one", "two", "three", "one"]
    assert tickets[0].messages[0].speaker == "customer"
    assert "It fails.\n\nFrom the first day on.\nFrom here on\n>From there\n" in tickets[0].text
    assert (
        next(found.items()).sha256
        == hashlib.sha256(
            MAIL.format("one", "It fails.\n\nFrom the first day on.\nFrom here on\n>From there")
            .replace("\n", newline)
            .encode()
        ).hexdigest()
    )


def test_a_mail_that_is_too_big_costs_only_itself(source: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.batch.mbox.MAX_BYTES", 1000)
    monkeypatch.setattr(sys.modules["agent.readers.decode"], "MAX_BYTES", 1000)
    found = source("t", LINE + MAIL.format("one", "x\n" * 5000) + "\n" + LINE + MAIL.format("two", "y"))
    assert keys(found) == ["one@client.example", "two@client.example"]
    assert failure(found, 0).startswith("message 1: the ticket has 1,001 bytes, expected at most 1,000")
    assert list(found.items())[1].read()[0].subject == "two"


# Folder


def test_folder(tmp_path: Path) -> None:
    root = tmp_path / "tickets"
    (root / "a").mkdir(parents=True)
    (root / ".git").mkdir()
    for name, text in {
        "a/2.txt": "two",
        "a.txt": "dot before slash",
        "b.eml": MAIL.format("mail", "hello"),
        ".hidden": "no",
        ".git/config": "no",
        "empty.txt": "",
        "b.context.json": '{"tier": "L2"}',
        "a.context.json": '{"tier": "L9"}',
        "left.context.json": "{}",
    }.items():
        (root / name).write_text(text)
    (tmp_path / "secret.txt").write_text("outside")
    (root / "inside.txt").symlink_to("a.txt")
    (root / "out.txt").symlink_to("../secret.txt")
    (root / "loop").symlink_to(".", target_is_directory=True)
    os.mkfifo(root / "pipe")
    found = open_source(str(root))
    assert found.count() == 5
    assert keys(found) == ["a.txt", "a/2.txt", "b.eml", "empty.txt", "inside.txt"]
    assert found.notes == (
        "passed over: 1 .context.json files beside no ticket",
        "passed over: 2 hidden",
        "passed over: 2 links that lead out of the folder, to a folder or nowhere",
        "passed over: 1 that are no files (pipes, sockets, devices)",
    )
    items = list(found.items())
    assert items[1].sha256 == hashlib.sha256(b"two").hexdigest()
    assert items[1].read()[0].text == "two"
    ticket, context = items[2].read()
    assert (ticket.format, context) == ("eml", Context(tier="L2"))
    assert failure(found, 0).startswith("context 'a.context.json': tier: no such name 'L9', expected")
    assert failure(found, 3) == "the ticket 'empty.txt' is empty, expected its text: pass a file or pipe it to stdin"
    before = items[2].sha256
    (root / "b.context.json").write_text('{"tier": "L1"}')
    assert list(found.items())[2].sha256 != before
    (root / "a" / "2.txt").write_text("changed")
    with pytest.raises(BadInput, match=r"a/2\.txt changed while the run was on: run again"):
        items[1].read()


@pytest.mark.parametrize(
    ("chosen", "skipped", "left", "told"),
    [
        ((), ("README.md",), ["a.txt", "b.eml", "deep/d.txt", "deep/er/c.txt"], "2 left out"),
        (("*.txt",), (), ["a.txt", "deep/d.txt", "deep/er/c.txt"], "3 left out"),
        (("*.txt", "*.eml"), ("deep/er/*",), ["a.txt", "b.eml", "deep/d.txt"], "3 left out"),
        ((), ("./deep/", "*.md"), ["a.txt", "b.eml"], "4 left out"),
        (("deep/*.txt",), (), ["deep/d.txt", "deep/er/c.txt"], "4 left out"),
    ],
)
def test_files_of_a_folder_that_are_no_tickets(
    tmp_path: Path, chosen: tuple[str, ...], skipped: tuple[str, ...], left: list[str], told: str
) -> None:
    for name in ("a.txt", "b.eml", "README.md", "deep/d.txt", "deep/er/c.txt", "deep/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("It is broken.")
    (tmp_path / "deep/d.context.json").write_text('{"tier": "L2"}')
    found = narrowed(open_source(str(tmp_path)), chosen, skipped)
    assert keys(found) == left
    assert found.count() == len(left)
    assert found.notes == (f"passed over: {told} by --only or --skip",)


def test_a_pattern_that_fits_nothing_is_told_and_one_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("It is broken.")
    (tmp_path / "a.context.json").write_text('{"tier": "L2"}')
    found = narrowed(open_source(str(tmp_path)), (), ("REDME.md", "a.context.json"))
    assert found.notes == ("no file fits 'REDME.md'", "no file fits 'a.context.json'")
    [(_, context)] = read(found)
    assert context is not None  # it goes with its ticket
    with pytest.raises(BadInput, match=r"holds no tickets \(passed over: 1 left out by --only or --skip\)"):
        narrowed(open_source(str(tmp_path)), ("*.txt",), ("a*",))
    with pytest.raises(BadInput, match=r"no tickets \(passed over: 1 left out .*; no file fits '\*\.eml'\)"):
        narrowed(open_source(str(tmp_path)), ("*.eml",), ())
    table = tmp_path / "t.csv"
    table.write_text("id,description\n1,It is broken.\n")
    with pytest.raises(BadInput, match="--only and --skip name the files of a folder"):
        narrowed(open_source(str(table)), ("*.txt",), ())


def test_names_of_files_that_no_terminal_should_meet(tmp_path: Path) -> None:
    names = [b"a\nb.txt", b"\xff.txt", "ütf.txt".encode(), b"\x1b[31m.txt", "\u202etxt.exe".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(b"text")
    found = open_source(str(tmp_path))
    assert sorted(keys(found)) == sorted(["a\\x0ab.txt", "\\xff.txt", "ütf.txt", "\\x1b[31m.txt", "\\u202etxt.exe"])
    assert [ticket.text for ticket, _ in read(found)] == ["text"] * 5


# What is no source


@pytest.mark.parametrize(
    ("name", "content", "format", "message"),
    [
        ("x.csv", "", None, "is empty: name a folder, or a file of JSONL, CSV or mbox with tickets in it"),
        ("x.csv", SUBJECT_AND_TEXT, None, "holds no tickets: below the names of its columns there is no row"),
        ("x.csv", b"a\0b\0c\0\n\0", None, "looks like UTF-16 without a mark, or binary data"),
        ("x.xlsx", b"PK\x03\x04rest", None, "looks like a ZIP archive or an Office document, expected JSONL"),
        ("x.jsonl", "hello", None, "line 1 is no JSON object (Expecting value"),
        ("x.jsonl", '{"a":1}'.encode("utf-16"), None, "is UTF-16, expected JSONL in UTF-8: convert it"),
        ("x.mbox", "hello", None, "is no mbox: it begins with 'hello', expected a line such as 'From sender@host"),
        ("x.txt", "Hello, it fails, help", None, "is no folder, JSONL, CSV or mbox by its name and beginning"),
        ("x.csv", "a", "folder", "--source-format folder: "),
        (
            "x.csv",
            "a",
            "xml",
            "--source-format 'xml' is no source's kind, expected one of folder, jsonl, ",
        ),
        ("x.json", "[1,", None, "is no valid JSON (Expecting value"),
        ("x.json", "[]", None, "holds no tickets: expected a JSON object on each line"),
    ],
)
def test_what_is_no_source(source: Made, name: str, content: str | bytes, format: str | None, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        source(name, content, format=format)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_that_are_no_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for path, message in {
        "-": "a source cannot be '-', as it is read more than once: write it to a file and name that",
        "": "name a folder, or a file",
        str(tmp_path / "none"): "No such file or directory",
        "a\0b": "cannot be read: ",
        str(tmp_path / "pipe"): "is no regular file, and a source is read more than once",
        str(tmp_path / "empty"): "holds no tickets: name a folder with ticket files",
    }.items():
        with pytest.raises(BadInput, match=message):
            open_source(path)
    with pytest.raises(BadInput, match=r"--column is for CSV and JSON, but .* is a folder"):
        open_source(str(tmp_path), columns=("id=x",))


def test_format_overrules_the_name(source: Made) -> None:
    assert source("x.txt", "id\tbody\n1\thello\n").count() == 1
    assert source("x.log", "text\nhello\n", format="csv").count() == 1
    assert keys(source("x.csv", '{"id": 4, "text": "a"}', format="jsonl")) == ["4"]


def test_a_source_that_is_gone_is_one_line(source: Made, tmp_path: Path) -> None:
    found = source("t.csv", SUBJECT_AND_TEXT + "1,a,b\n")
    (tmp_path / "t.csv").unlink()
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        found.count()


# Properties

CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), dialect=st.sampled_from([",", ";", "\t"]))
def test_as_many_items_as_rows_and_each_name_once(source: Made, rows: list[tuple[str, str]], dialect: str) -> None:
    rows = [(key, text + "x") for key, text in rows]
    table = io.StringIO()
    csv.writer(table, delimiter=dialect, quoting=csv.QUOTE_ALL).writerows([("id", "text"), *rows])
    lines = "\n".join(json.dumps({"id": key, "text": text}) for key, text in rows)
    for name, content in (("t.csv", table.getvalue()), ("t.jsonl", lines)):
        found = source(name, content)
        names = keys(found)
        assert found.count() == len(names) == len(set(names)) == len(rows)
        assert all(name == printable(name) and name for name in names)
        assert all("x" in ticket.text for ticket, _ in read(found))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "a #2", "a #2 #2", "b", "x" * 300, "x" * 301]), max_size=30))
def test_keys_are_unique_and_stay(names: list[str]) -> None:
    given_keys = Keys()
    found = [given_keys.unique(name) for name in names]
    again = Keys()
    assert len(set(found)) == len(found)
    assert [again.unique(name) for name in names] == found
    assert max(map(len, found), default=0) <= 210


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.mbox"])
def test_memory_does_not_grow_with_the_number(tmp_path: Path, name: str) -> None:
    number = 5_000
    one = {
        "t.csv": "{0},subject {0},some text that is here to be read\n",
        "t.jsonl": '{{"id": {0}, "subject": "subject {0}", "text": "some text that is here to be read"}}\n',
        "t.mbox": LINE + MAIL.format("{0}", "some text\n"),
    }[name]
    with (tmp_path / name).open("w") as file:
        file.write(SUBJECT_AND_TEXT if name == "t.csv" else "")
        file.writelines(one.format(n) for n in range(number))
    found = open_source(str(tmp_path / name))
    tracemalloc.start()
    assert sum(1 for _ in found.items()) == number
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_what_steers_a_terminal_is_written_as_an_escape_and_nothing_else() -> None:
    steering = {
        char for char in map(chr, range(sys.maxunicode + 1)) if category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    changed = {char for char in map(chr, range(sys.maxunicode + 1)) if printable(char) != char}
    assert steering <= changed
    # Beyond those: places that Unicode keeps for further format characters.
    assert {category(char) for char in changed - steering} <= {"Cn"}
    assert printable("a\x1b\xad\u202e\U000e0041\ud800\udcffb") == r"a\x1b\xad\u202e\U000e0041\ud800\xffb"
    assert printable("報告\u3000書\u00a0\u05ca\U0001fae8") == "報告\u3000書\u00a0\u05ca\U0001fae8"
