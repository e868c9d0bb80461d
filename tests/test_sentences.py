"""The sentence around a span, in text as people paste it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.grounding import sentences as module
from agent.grounding.sentences import MAX_SENTENCE, sentence_around, sentences


def around(text: str, quote: str) -> str:
    start = text.index(quote)
    first, last = sentence_around(text, start, start + len(quote))
    return text[first:last]


@pytest.mark.parametrize(
    ("text", "quote", "sentence"),
    [
        ("It works. The export fails. Help!", "export", "The export fails."),
        ("It works. The export fails. Help!", "export fails.", "The export fails."),
        ("Is it down? Yes! It is.", "down", "Is it down?"),
        ("We use v4.2.1. It fails.", "v4.2.1", "We use v4.2.1."),
        ("It cost 1.5 M. Sad.", "cost", "It cost 1.5 M. Sad."),  # a capital and a stop may be an initial
        ("See https://a.example/x.html?y=1 now. Bye.", "now", "See https://a.example/x.html?y=1 now."),
        ("Some exports, e.g. CSV, fail. Others work.", "CSV", "Some exports, e.g. CSV, fail."),
        ("Dr. Lee of Acme Inc. called us. Fine.", "called", "Dr. Lee of Acme Inc. called us."),
        ("Ticket no. 5 is open. Ok.", "open", "Ticket no. 5 is open."),
        ("Das geht z.B. im Export nicht. Danke.", "Export", "Das geht z.B. im Export nicht."),
        ("it crashed. we lost data.", "we lost", "we lost data."),
        ("Wait... then it failed. Ok.", "failed", "Wait... then it failed."),
        ('He said "it is down." Then left.', "down", 'He said "it is down."'),
        ("障害です。データ損失はありません。以上。", "データ", "データ損失はありません。"),
        ("We have seen no\ndata loss since Monday.", "data loss", "We have seen no\ndata loss since Monday."),
        (
            "This is a long line that the mail program wrapped at some point\nExport included. Bye.",
            "Export",
            "This is a long line that the mail program wrapped at some point\nExport included.",
        ),
        ("Hello,\n\nthe export fails\n\nRegards", "export", "the export fails"),
        ("# Problem\nThe export fails\n", "export", "The export fails"),
        ("Steps:\n- open the editor\n- press Save\n", "press", "press Save"),
        ("Steps:\n1. Open the editor\n2. Press Save\n", "Press", "Press Save"),
        ("> no\n> data loss here\n", "data loss", "no\n> data loss here"),
        ("[INFO] ok\n[ERROR] disk full\n[INFO] ok", "disk", "[ERROR] disk full"),
        ("2026-03-01 10:00 up\n2026-03-01 10:05 disk full\n", "disk", "2026-03-01 10:05 disk full"),
        ("Priority: high\nSubject: it fails\nOpened: today", "fails", "Subject: it fails"),
        ("Plan A. Smith wrote it. Ok.", "wrote", "Plan A. Smith wrote it."),
        ("Two sentences. Are quoted. At once.", "sentences. Are", "Two sentences. Are quoted."),
        ("It fails.\r\nNow.\r\n", "Now", "Now."),
    ],
)
def test_sentence(text: str, quote: str, sentence: str) -> None:
    assert around(text, quote) == sentence


def test_bounded() -> None:
    text = "word " * 1000
    first, last = sentence_around(text, 2500, 2504)
    assert last - first <= MAX_SENTENCE
    assert text[first:last].startswith("word")
    assert text[first:last].endswith("word")
    assert first <= 2500
    assert last >= 2504


def test_a_longer_span_stays_whole() -> None:
    text = "word " * 1000
    assert sentence_around(text, 500, 1504) == (500, 1504)


def test_kept_within_its_bounds() -> None:
    text = "system note and then the export fails and on"
    start = text.index("export")
    assert sentence_around(text, start, start + 6, text.index("the export"), text.index(" and on")) == (21, 37)


def test_all_sentences() -> None:
    text = "One is here. Two!\n\n- three\n"
    assert [text[a:b] for a, b in sentences(text, 0, len(text))] == ["One is here.", "Two!", "- three"]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab A.!?。\n\r\t->1:,…#[]", max_size=80), st.data())
def test_it_holds_the_span_and_stays_in_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = sentence_around(text, start, end)
    assert 0 <= first <= start <= end <= last <= len(text)
    assert last - first <= max(MAX_SENTENCE, end - start)


PIECES = st.sampled_from(
    ("word", "e.g", "A", "12", "é", "日本", "...", "!", '?"', ". ", ".", "。", "\n", "\r\n", "\n> ", " ")
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=400).map("".join), st.data())
def test_looking_back_piece_by_piece_finds_the_same_beginning(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    low = data.draw(st.integers(0, start))
    found = sentence_around(text, start, start, low)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PACE", len(text) + 1)
        assert sentence_around(text, start, start, low) == found


@pytest.mark.parametrize("text", ["." * 10**6, "\n" * 10**6, "> " * 10**6, "a" * 10**6, "1. " * 10**5])
def test_large_texts(text: str) -> None:
    middle = len(text) // 2
    first, last = sentence_around(text, middle, middle + 1)
    assert first <= middle < last
