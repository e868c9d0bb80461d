"""The fold and its way back (policy 2.1): exact offsets, token boundaries, nothing else forgiven."""

import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.grounding.fold import Folded, _apart, fold, fold_text, joined, needles, stands_in


def spots(text: str, quote: str) -> list[tuple[int, int]]:
    """Places of the first form of the quote that stands in the text."""
    folded = fold(text)
    for needle in needles(quote):
        found = list(folded.occurrences(needle))
        if found:
            return found
    return []


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("The “Export” button", '"export" button', (4, 19)),
        ("It doesn’t work", "doesn't work", (3, 15)),
        ("10–12 users — all", "10-12 users - all", (0, 17)),
        ("DATA Loss", "data loss", (0, 9)),
        ("all our data\n  is gone", "data is gone", (8, 22)),
        ("all\tour\u00a0data", "all our data", (0, 12)),
        ("da\u200bta lo\u00adss!", "data loss", (0, 11)),
        ("cafe\u0301 au lait", "café au", (0, 8)),
        ("The Straße is closed", "strasse is", (4, 13)),
        ("a ﬁle is lost", "file is", (2, 8)),
        ("ｅｒｒｏｒ ５０３１ again", "error 5031", (0, 10)),
        ("wait… what", "wait... what", (0, 10)),
        ("we use v4.2.1 here", "v4.2.1", (7, 13)),
        ("we use v4.2.1.", "v4.2.1", (7, 13)),
        ("Opened 2014-06-30T02:47:35", "2014-06-30", (7, 17)),
        ("_data loss_ again", "data loss", (1, 10)),
        ("**data loss**", "data loss", (2, 11)),
        ("データ損失はありません", "データ損失", (0, 5)),
        ("影響は12名です", "12", (3, 5)),
        ("12% of users", "12%", (0, 3)),
        ("no (really) way", "(really)", (3, 11)),
        ("it fails", " “it fails.” ", (0, 8)),
        ("it said: failed.", "'failed.'", (9, 16)),
    ],
)
def test_quote_is_found(text: str, quote: str, expected: tuple[int, int]) -> None:
    assert spots(text, quote) == [expected]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("we use v4.2.1 here", "2.1"),
        ("we use v4.2.1 here", "4.2"),
        ("we use 4.2.1 here", "4.2"),
        ("120 users", "12"),
        ("12 users", "120 users"),
        ("12,000 users", "12"),
        ("12,000 users", "000 users"),
        ("12.5 hours", "12"),
        ("12\u00a0000 users", "12"),
        ("12\u202f000 users", "000 users"),
        ("1'000 users", "1"),
        ("customers in the EU", "customers in the US"),
        ("customers in the EU", "E"),
        ("error 5031", "error 5013"),
        ("error E5031", "5031"),
        ("we can't log in", "we can"),
        ("my_data_loss_flag", "data"),
        ("Datenverlust", "Daten"),
        ("a ﬁx", "a f"),
        ("1½ days", "1"),
        ("data loss", "data  was loss"),
        ("data", ""),
        ("data", " “” "),
        ("-5 degrees", "--5"),
    ],
)
def test_quote_is_not_found(text: str, quote: str) -> None:
    assert spots(text, quote) == []


def test_every_occurrence_is_found() -> None:
    assert spots("down, Down and DOWN; downtime", "down") == [(0, 4), (6, 10), (15, 19)]


def test_a_stop_that_the_reporter_added_is_forgiven_but_not_inside() -> None:
    assert spots("it fails, we wait", "it fails.") == [(0, 8)]
    assert spots("it fails, we wait", "it fails. we wait") == []


def test_stands_in() -> None:
    assert stands_in("ERR-5031", "saw err-5031 twice")
    assert not stands_in("5031", "saw err5031 twice")
    assert not stands_in("", "anything")


def test_thin_spaces_group_thousands_but_plain_ones_do_not() -> None:
    assert spots("at 12 500 requests failed", "500 requests") == [(6, 18)]
    assert spots("at 12\u2009500 requests failed", "500 requests") == []


def test_map_by_hand() -> None:
    folded = fold("A\u200b  ﬁx…B")
    assert folded.text == "a fix...b"
    assert [folded.start_of(i) for i in range(9)] == [0, 1, 4, None, 5, 6, None, None, 7]
    assert [folded.end_of(i) for i in range(1, 10)] == [1, 4, None, 5, 6, None, None, 7, 8]
    assert [folded.position_of(i) for i in range(8)] == [0, 1, 1, 1, 2, 4, 5, 8]
    assert (folded.nearest_start(3), folded.nearest_end(3), folded.nearest_end(0)) == (4, 5, 0)


@pytest.mark.parametrize(
    ("text", "cut", "whole"),
    [
        ("all our data is lost", (0, 20), "all our data is lost"),
        ("all our data is lost", (1, 18), "our data is"),
        ("  all our data  ", (0, 16), "all our data"),
        ("9" * 400, (90, 300), ""),
        ("9" * 400, (0, 399), ""),
        ("a " + "9" * 400, (0, 300), "a"),
        ("we use v4.2.1 here", (3, 11), "use"),
        ("12\u00a0000 users cannot", (3, 18), "users"),
        ("we can't log in", (0, 6), "we"),
        ("da\u200bta lost", (3, 10), "lost"),
        ("\u2069\u200b" * 9, (3, 9), ""),
        ("e" + "\u0301" * 40 + " lost", (0, 30), ""),
        ("a ﬁx is here", (0, 6), "a ﬁx"),
        ("データ損失はありません", (3, 6), "損失は"),
        ("ｶﾞガス", (1, 3), "ガ"),
        ("[mail-1·····] said", (0, 10), "[mail-1"),
        ("", (0, 0), ""),
    ],
)
def test_a_cut_keeps_whole_tokens(text: str, cut: tuple[int, int], whole: str) -> None:
    start, end = fold(text).whole(*cut)
    assert text[start:end] == whole


ALPHABET = "abC1 2.,'\n\t-_’“”…ﬁßéİ\u0301\u200b\u00ad\u00a0\u3000ガｶﾞ値２Σς½¨ǰ"
TEXTS = st.one_of(st.text(alphabet=ALPHABET, max_size=60), st.text(max_size=60))


def assert_map_holds(folded: Folded) -> None:
    last = 0
    for position in range(len(folded.text)):
        start, end = folded.nearest_start(position), folded.nearest_end(position + 1)
        assert last <= start < end <= len(folded.source)
        last = start
        exact = folded.start_of(position)
        assert exact in (None, start)
        if exact is not None:
            assert folded.position_of(exact) == position
    for offset in range(len(folded.source)):
        assert 0 <= folded.position_of(offset) <= len(folded.text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_map_is_monotone_and_goes_both_ways(text: str) -> None:
    assert_map_holds(fold(text))


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.data())
def test_what_a_cut_keeps_is_found_where_it_stands(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    low = data.draw(st.integers(0, len(text)))
    start, end = folded.whole(low, data.draw(st.integers(low, len(text))))
    assert low <= start <= end
    assert start == end or (start, end) in list(folded.occurrences(fold_text(text[start:end])))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_no_blank_but_single_spaces_and_no_capital_is_left(text: str) -> None:
    folded = fold(text).text
    assert "  " not in folded
    assert folded == folded.casefold() or not unicodedata.is_normalized("NFKC", folded.casefold())
    assert fold_text(text.upper().lower()) == fold_text(text.lower().upper().lower())


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="an't12 .,_-;(\"é\u202f東", min_size=2, max_size=8), st.data())
def test_a_cut_that_is_plainly_apart_splits_nothing(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    if len(folded.text) > 1:
        cut = data.draw(st.integers(1, len(folded.text) - 1))
        if _apart(folded.text, cut):
            assert not joined(folded.text, cut)
            assert not folded._groups(cut - 1)
            assert not folded._groups(cut)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.data())
def test_what_is_found_folds_to_the_quote(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    quote = text[start:end]
    for first, last in spots(text, quote):
        assert fold_text(text[first:last]) in needles(quote)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["Data", "loss,", "v4.2.1", "“ok”", "12", "ＥＵ", "l’été", "値段", "x\u200by", "\n", "…", "(a)"]
        )
    ),
    st.data(),
)
def test_whole_tokens_always_ground(tokens: list[str], data: st.DataObject) -> None:
    assume(tokens)
    text = " ".join(tokens)
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first, len(tokens) - 1))
    start = len(" ".join(tokens[:first])) + (first > 0)
    quote = " ".join(tokens[first : last + 1])
    assume(needles(quote))
    assert any(start <= s and e <= start + len(quote) for s, e in spots(text, quote))


@pytest.mark.parametrize("text", ["a" * 10**6, " " * 10**6, "\u0301" * 10**5, "\u200b " * 10**5, "データ" * 10**5])
def test_large_texts_fold(text: str) -> None:
    assert len(fold(text).text) <= len(text)


@given(st.text(st.sampled_from("[]⟦⟧⦅⦆ps1-key·…• \nÄa\u0301"), max_size=40))
def test_padding_of_placeholders_leaves_every_offset_in_place(text: str) -> None:
    folded = fold(text)
    places = [place for place in map(folded.start_of, range(len(folded.text))) if place is not None]
    assert places == sorted(places)
    assert all(0 <= place < len(text) for place in places)
    for start, end in folded.occurrences(folded.text):
        assert fold(text[start:end]).text == folded.text


def test_padding_of_a_placeholder_does_not_count() -> None:
    assert fold_text("a [key-1···] ⟦2··⟧ ⦅·⦆") == fold_text("a [key-1] ⟦2⟧ ⦅⦆")
    assert fold_text("[private-key-1···\n····\n·]") == "[private-key-1]"
    assert fold_text("[1·] a·b [x·]") == "[1·] a·b [x·]"
