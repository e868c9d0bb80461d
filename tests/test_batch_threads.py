"""The mails of a thread in an mbox are one ticket: by their ids and nothing else, in order of time, each once."""

import hashlib
import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.batch.mbox import Mbox
from agent.batch.sources import open_source
from agent.batch.threads import Threads
from agent.cli import main
from agent.errors import BadInput
from schemas.ticket import Ticket

CUSTOMER, DESK = "Jo Park <jo@client.example>", "Support <support@vendor.example>"


def mail(name: str, text: str, *answers: str, hour: int | None = 10, sender: str = CUSTOMER, more: str = "") -> str:
    """A mail as an mbox holds it. `answers`: ids that it refers to, the one it answers last."""
    receiver = CUSTOMER if sender == DESK else DESK
    lines = [
        "From someone@somewhere Tue Mar  3 10:14:02 2026",
        f"From: {sender}",
        f"To: {receiver}",
        "Subject: Login",
    ]
    lines += [f"Date: Tue, 3 Mar 2026 {hour:02}:00:00 +0100"] if hour is not None else []
    lines += [f"Message-ID: <{name}@x>"] if name else []
    lines += ["References: " + "\n ".join(f"<{answer}@x>" for answer in answers)] if answers else []
    lines += [f"In-Reply-To: <{answers[-1]}@x>"] if answers else []
    return "\n".join([*lines, *([more] if more else []), "", text, "", ""])


@pytest.fixture
def mbox(tmp_path: Path) -> Callable[..., Mbox]:
    def made(*mails: str, threads: bool | None = None) -> Mbox:
        (tmp_path / "t.mbox").write_text("".join(mails), encoding="utf-8", newline="")
        found = open_source(str(tmp_path / "t.mbox"), threads=threads)
        assert isinstance(found, Mbox)
        return found

    return made


Made = Callable[..., Mbox]


def tickets(found: Mbox) -> dict[str, Ticket]:
    """By their keys."""
    made = {item.key: item.read()[0] for item in found.items()}
    assert len(made) == found.count()
    return made


FIRST = mail("one", "Nobody can log in since 08:00.", hour=8)
ANSWER = mail("two", "Which browser?\n\n> Nobody can log in since 08:00.", "one", hour=9, sender=DESK)
LAST = mail(
    "three",
    "Firefox.\n\nAm 03.03.2026 um 09:00 schrieb Support:\n> Which browser?\n> > Nobody can log in since 08:00.",
    "one",
    "two",
    hour=11,
)
OTHER = mail("four", "Another matter.", hour=10)


def test_a_thread_is_one_ticket_in_order_of_time_and_its_quotes_are_quotes(mbox: Made) -> None:
    found = mbox(LAST, OTHER, FIRST, ANSWER)
    assert found.notes == ("3 of 4 mails are 1 thread, each one ticket (--threads off: each mail is a ticket)",)
    made = tickets(found)
    assert list(made) == ["one@x", "four@x"], "the thread comes where its first mail stands in the file"
    ticket = made["one@x"]
    assert (ticket.format, ticket.subject, ticket.reporter) == ("eml", "Login", CUSTOMER)
    assert [(message.speaker, message.author, message.time and message.time.hour) for message in ticket.messages] == [
        ("customer", "Jo Park", 8),
        ("unknown", "Support", 9),
        ("customer", "Jo Park", 11),
    ]
    quoted = [ticket.text[span.start : span.end] for span in ticket.spans if span.kind == "quoted"]
    assert quoted == [
        "> Nobody can log in since 08:00.",
        "Am 03.03.2026 um 09:00 schrieb Support:\n> Which browser?\n> > Nobody can log in since 08:00.",
    ]
    assert ticket.text.count("Nobody can log in") == 3


def test_what_an_answer_quotes_is_no_claim_of_its_own(mbox: Made) -> None:
    from agent.pipeline import escalate

    ticket = tickets(mbox(FIRST, ANSWER, LAST))["one@x"]
    facts = escalate(ticket, backend="offline").facts
    found = [(claim.status, claim.evidence.message) for claim in facts.signals if claim.evidence is not None]
    assert found == [("counts", 0), ("reported", 1), ("reported", 2)]


def test_separate_mails_are_as_they_were(mbox: Made) -> None:
    """The same subject, and even the same id, is no thread. Digest and key are those of a folder begun before."""
    found = mbox(FIRST, mail("one", "The same id."), mail("", "No id."))
    assert found.notes == ()
    assert [item.key for item in found.items()] == ["one@x", "one@x #2", "message 3"]
    raw = FIRST.partition("\n")[2].removesuffix("\n").encode()
    assert next(found.items()).sha256 == hashlib.sha256(raw).hexdigest()
    first = next(found.items()).sha256
    assert next(mbox(FIRST, ANSWER, threads=False).items()).sha256 == first
    assert [item.key for item in mbox(FIRST, ANSWER, threads=False).items()] == ["one@x", "two@x"]


def test_ids_alone_make_a_thread(mbox: Made) -> None:
    def count(*mails: str) -> int:
        return mbox(*mails).count()

    assert count(mail("a", "1", "gone"), mail("b", "2", "gone")) == 1, "their first mail is not in the file"
    assert count(FIRST, mail("", "no id of its own", "one")) == 1
    assert count(mail("a", "1"), mail("b", "Re: 1")) == 2
    old = "In-Reply-To: Your message of Monday <jo@client.example>"
    assert count(mail("a", "1", more=old), mail("b", "2", more=old)) == 2
    assert count(mail("a", "1", more="In-Reply-To: <>"), mail("b", "2", more="In-Reply-To: <>")) == 2
    assert count(mail("a", "1"), mail("b", "2", more="in-reply-to:\n\t<a@x>")) == 1


def test_an_empty_mail_has_no_id_of_the_next_one(mbox: Made) -> None:
    found = mbox("From x@y Tue Mar  3 10:14:02 2026\n\n", FIRST)
    assert [item.key for item in found.items()] == ["message 1", "one@x"]


def test_a_mail_without_a_time_stands_behind_those_before_it(mbox: Made) -> None:
    undated = mail("u", "Undated.", "one", hour=None)
    found = mbox(FIRST, undated, mail("late", "Late.", "one", hour=12), ANSWER)
    text = tickets(found)["one@x"].text
    order = [text.index(words) for words in ("Nobody can", "Undated.", "Which browser?", "Late.")]
    assert order == sorted(order)


def test_copies_and_broken_mails_are_left_out_and_named(mbox: Made) -> None:
    broken = "From x@y Tue Mar  3 10:14:02 2026\nMessage-ID: <bad@x>\nFrom: a@b\nIn-Reply-To: <one@x>\n\n\n"
    found = mbox(FIRST, ANSWER, FIRST, broken)
    ticket = tickets(found)["one@x"]
    assert len(ticket.messages) == 2
    assert "1 of the thread's mails are copies of others and were left out." in ticket.notes
    assert any(note.startswith("Mail 4 of the thread was left out: the mail has no text") for note in ticket.notes)


def test_names_of_files_stand_beside_their_mail(mbox: Made) -> None:
    kind = 'Content-Type: text/plain\nContent-Disposition: attachment; filename="log.txt"'
    ticket = tickets(mbox(FIRST, mail("two", "x", "one", more=kind)))["one@x"]
    assert ticket.attachments == ("log.txt",)
    assert "[attached: log.txt]" in ticket.text.split("Customer (Jo Park):")[2]


def test_a_thread_without_end_is_one_broken_ticket(mbox: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.batch.mbox.MOST_MAILS", 2)
    found = mbox(FIRST, ANSWER, LAST, OTHER)
    thread, other = found.items()
    with pytest.raises(BadInput, match=r"message 1 begins a thread of 3 mails, .*--threads off makes a ticket of each"):
        thread.read()
    assert other.read()[0].messages


def test_a_thread_that_is_too_long_to_read(mbox: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.readers.mail.MAX_BYTES", 40)
    with pytest.raises(BadInput, match=r"message 1: the thread has more than 40 characters"):
        tickets(mbox(FIRST, ANSWER))


def test_a_file_that_changes_under_the_run(mbox: Made, tmp_path: Path) -> None:
    found = mbox(FIRST, ANSWER, OTHER)
    items = list(found.items())
    (tmp_path / "t.mbox").write_text("X" + FIRST + ANSWER + OTHER)
    with pytest.raises(BadInput, match="message 1: the mbox changed while the run was on: run again"):
        items[0].read()
    mbox(FIRST, ANSWER, OTHER, LAST)
    assert found.count() == 2
    assert next(found.items()).sha256 != items[0].sha256, "an answer more is another ticket"
    assert next(found.items()).key == items[0].key


def test_a_folder_begun_with_other_tickets_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.mbox").write_text(FIRST + ANSWER + OTHER)
    command = ["batch", "t.mbox", "--backend", "offline", "--format", "json"]

    def said(*flags: str) -> tuple[int, str]:
        main([*command, *flags])
        captured = capsys.readouterr()
        return json.loads(captured.out)["tickets"], captured.err

    assert said("--threads", "off")[0] == 3
    tickets, told = said()
    assert tickets == 2
    assert "in earlier runs of this folder each mail was a ticket" in told
    assert "--threads off goes on as before" in told
    assert "in earlier runs" not in said()[1]
    tickets, told = said("--threads", "off")
    assert tickets == 3
    assert "the mails of a thread were one ticket" in told
    assert main(["batch", ".", "--threads", "off"]) == 2
    assert "--threads is for an mbox, but '.' is a folder" in capsys.readouterr().err


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 14), max_size=3)), max_size=12), st.randoms())
def test_each_mail_is_in_one_thread_whatever_the_ids_say(
    mails: list[tuple[int, list[int]]], shuffler: random.Random
) -> None:
    """And two mails are together just where a chain of ids leads from one to the other."""
    made = Threads()
    for place, (own, others) in enumerate(mails):
        made.put(place, mail(str(own), "x", *map(str, others)).partition("\n")[2].encode())
    groups = [list(thread) for thread in made]
    assert sorted(number for group in groups for number in group) == list(range(len(mails)))
    assert [min(group) for group in groups] == sorted(min(group) for group in groups)
    sets = [{own, *others} for own, others in mails]
    for group in groups:
        if len(group) > 1:
            reached = {group[0]}
            while more := {
                other for other in group if other not in reached and any(sets[other] & sets[one] for one in reached)
            }:
                reached |= more
            assert reached == set(group)
    shuffler.shuffle(groups)
    for one, other in itertools.pairwise(groups):
        ids = set().union(*(sets[number] for number in one)) & set().union(*(sets[number] for number in other))
        lone = all(not set(mails[number][1]) - {mails[number][0]} for number in (*one, *other))
        assert not ids or lone
