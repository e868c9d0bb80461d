"""The offline backend: what it reads out of a ticket besides signals, what it writes, and what it must never do."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.backends.base import DraftCall, ExtractCall, Reply
from agent.backends.offline import OfflineBackend, draft, extract
from agent.backends.offline.extraction import title
from agent.backends.offline.lexicon import LANGUAGES, expand, rules
from agent.backends.offline.secrets import find_secrets
from agent.backends.offline.signals import TAKES_BACK
from agent.grounding.fold import fold
from agent.grounding.ground import ground
from agent.pipeline import escalate
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from agent.validate import validate_brief
from schemas.context import Account, Context
from schemas.report import FactsReport
from schemas.ticket import Message, Span, Speaker, Ticket
from schemas.vocabulary import SIGNALS

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


def ticket(*said: tuple[Speaker, str], subject: str = "Export", head: str = "") -> Ticket:
    """A ticket in the canonical text form: head, then one message for each speaker, an hour apart."""
    text = f"Ticket: T-1\nSubject: {subject}\n{head}"
    messages = []
    for number, (speaker, words) in enumerate(said):
        text += "\n"
        start = len(text)
        text += f"[2026-03-02T{9 + number:02}:00:00] {speaker.capitalize()}:\n{words}\n"
        time = datetime(2026, 3, 2, 9 + number, tzinfo=UTC)
        messages.append(Message(start=start, end=len(text), speaker=speaker, time=time))
    return Ticket(text=text, id="T-1", subject=subject, messages=tuple(messages))


def report(*said: tuple[Speaker, str], subject: str = "Export", head: str = "") -> FactsReport:
    return extract(ticket(*said, subject=subject, head=head))


def states(found: FactsReport, signal: str) -> list[str]:
    return [s.state for s in found.signals if s.signal == signal]


def measures(found: FactsReport, kind: str) -> list[str]:
    return [m.value for m in found.measures if m.kind == kind]


def quotes(found: FactsReport) -> list[str]:
    groups = (
        found.issues,
        found.signals,
        found.workarounds,
        found.scopes,
        found.measures,
        found.accounts,
        found.people,
        found.attempts,
        found.reproduction,
        found.references,
    )
    return [entry.quote for group in groups for entry in group]


# --- the files of the lexicon -------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_of_the_lexicon_is_a_signal(language: str) -> None:
    names = {rule.name for rule in rules(language)}
    assert names - set(SIGNALS) <= {"bug_hinted", "ended_by_customer", *TAKES_BACK}
    assert {"service_down", "data_loss", "data_exposure", "churn_threat", "legal_risk", "bug_suspected"} <= names


def test_no_phrase_matches_the_empty_string() -> None:
    assert [rule.name for lang in LANGUAGES for rule in rules(lang) if rule.phrases.search("") is not None] == []


def test_shorthand_of_the_lexicon() -> None:
    assert expand("a {x}", {"x": "(b|c)"}) == r"a[\s,]{1,9}(?:b|c)"
    assert expand("[- ]?a", {}) == r"[-\s]?a"
    assert expand("a ?b", {}) == r"a[\s,]{0,9}b"
    assert expand(r"(a )*b (\d+ )+(\S+ )?[.!]*", {}) == (
        r"(?:a[\s,]{1,9}){0,4}b[\s,]{1,9}(?:\d{1,15}[\s,]{1,9}){1,4}(?:[^\s,]{1,60}[\s,]{1,9})?[.!]{0,60}"
    )


# --- attribution ----------------------------------------------------------------


def test_each_message_asserts_for_its_own_speaker() -> None:
    found = report(("customer", "The whole platform is down."), ("support", "The database node is overloaded."))
    assert {(s.signal, s.asserted_by) for s in found.signals} == {
        ("service_down", "customer"),
        ("infrastructure_issue", "support"),
    }


def test_what_support_relays_is_the_customers() -> None:
    found = report(("support", "The customer reports that all invoices are gone."))
    assert [(s.signal, s.asserted_by) for s in found.signals] == [("data_loss", "customer")]


def test_the_customer_cannot_confirm_a_bug_and_support_can() -> None:
    assert states(report(("customer", "I was able to reproduce it on my laptop.")), "bug_confirmed") == []
    assert states(report(("support", "I was able to reproduce it on my laptop.")), "bug_confirmed") == ["stated"]


def test_machine_text_gives_errors_and_no_signals() -> None:
    log = "[ERROR] : data loss: all records are gone, service down\njava.io.IOException: disk quota exceeded"
    found = report(("customer", f"The export gives this:\n\n{log}"))
    assert not {"data_loss", "service_down"} & {s.signal for s in found.signals}
    assert "java.io.IOException: disk quota exceeded" in measures(found, "error_message")
    assert {m.asserted_by for m in found.measures if m.kind == "error_message"} == {"quoted"}


def test_words_nobody_would_have_seen_are_not_read() -> None:
    text = "[x] Customer:\nHow do I add a user?\nThe platform is down.\n"
    start = text.index("The platform")
    hidden = Span(start=start, end=start + len("The platform is down."), kind="hidden")
    message = Message(start=0, end=len(text), speaker="customer")
    found = extract(Ticket(text=text, messages=(message,), spans=(hidden,)))
    assert {s.signal for s in found.signals} == {"guidance_needed"}


def test_what_is_expected_is_not_what_happens() -> None:
    found = report(("customer", "Expected result:\nThe app should crash gracefully and lose no data.\n"))
    assert found.signals == ()


# --- denial, hypothesis, withdrawal ------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "There was no data loss.",
        "No errors, data loss or breach.",
        "We do not think that any data was lost.",
        "Data loss has not occurred.",
        "We have ruled out data loss.",
        "It happened without data loss.",
    ],
)
def test_denied_data_loss(words: str) -> None:
    assert not {"data_loss", "data_integrity_risk"} & {s.signal for s in report(("support", words)).signals}


@pytest.mark.parametrize(
    "words",
    [
        "We cannot rule out data loss.",
        "Not only is it slow, our data is gone.",
        "I am not happy: all records are lost.",
    ],
)
def test_what_looks_like_a_denial_and_is_none(words: str) -> None:
    assert {"data_loss", "data_integrity_risk"} & {s.signal for s in report(("customer", words)).signals}


def test_a_possible_loss_is_a_risk_and_not_a_loss() -> None:
    found = {s.signal for s in report(("customer", "We might lose data if this goes on.")).signals}
    assert "data_integrity_risk" in found
    assert "data_loss" not in found


def test_a_false_alarm_takes_back_what_stood_before() -> None:
    found = report(
        ("customer", "Someone logged in to our account from an unknown device."),
        ("support", "We looked at it: false alarm, it was their own test."),
    )
    assert states(found, "unauthorized_access") == ["stated", "withdrawn"]


def test_a_later_denial_by_support_withdraws() -> None:
    found = report(("customer", "All our records are gone."), ("support", "We checked it. There was no data loss."))
    assert states(found, "data_loss") == ["stated", "withdrawn"]


def test_an_answer_that_did_not_help_is_no_answer() -> None:
    advice: tuple[Speaker, str] = ("support", "You need to enable the export permission for her role.")
    asked: tuple[Speaker, str] = ("customer", "The export page is empty.")
    assert "stated" in states(report(asked, advice), "configuration_issue")
    assert states(report(asked, advice, ("customer", "That did not help.")), "configuration_issue") == []


def test_an_end_that_did_not_last() -> None:
    done: tuple[Speaker, str] = ("customer", "The problem went away.")
    assert states(report(done), "resolved_itself") == ["stated"]
    again: tuple[Speaker, str] = ("customer", "Sorry, it still fails today.")
    assert states(report(done, ("support", "Good."), again), "resolved_itself") == []


# --- weighing -----------------------------------------------------------------------


def test_no_suspected_bug_beside_a_stronger_fault() -> None:
    found = {s.signal for s in report(("customer", "There is an error. We cannot export any report.")).signals}
    assert "major_function_broken" in found
    assert "bug_suspected" not in found


def test_intermittent_is_a_suspected_bug_only() -> None:
    found = {s.signal for s in report(("customer", "The export sometimes fails.")).signals}
    assert found == {"bug_suspected"}


def test_how_do_i_fix_a_fault_is_no_request_for_guidance() -> None:
    found = {s.signal for s in report(("customer", "The app crashes at start. How do I get it to run?")).signals}
    assert "guidance_needed" not in found


def test_login_failure_of_everybody_in_two_sentences_is_an_outage() -> None:
    found = report(("customer", "I cannot log in."), ("support", "Only you?"), ("customer", "No, all of us."))
    assert "service_down" in {s.signal for s in found.signals}
    assert "whole_account" in {s.value for s in found.scopes}


def test_expected_against_actual_is_misbehaviour_whatever_the_words() -> None:
    words = "h3. Actual Result\nSeven account names in the bar\n\nh3. Expected Result\nOne account name\n"
    assert states(report(("customer", words), subject="Names"), "bug_suspected") == ["stated"]


def test_staging_does_not_count_where_production_is_hit_too() -> None:
    both = "The build fails on our staging system. Since noon production is hit as well."
    assert states(report(("customer", "The build fails on our staging system.")), "non_production") == ["stated"]
    assert states(report(("customer", both)), "non_production") == []


def test_a_deletion_of_ones_own_is_not_data_loss() -> None:
    found = {
        s.signal
        for s in report(
            ("customer", "I accidentally deleted the board of our team."),
            ("support", "We can restore it from last night's backup."),
        ).signals
    }
    assert "documented_solution" in found
    assert "data_loss" not in found


# --- secrets --------------------------------------------------------------------------

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (f"Our key {KEY} stopped working.", KEY),
        ("The password is Tr0ub4dor&3 and it fails.", "Tr0ub4dor&3"),
        ("api_key: 9f8e7d6c5b4a39281706", "9f8e7d6c5b4a39281706"),
        ("My card 4111 1111 1111 1111 was refused.", "4111 1111 1111 1111"),
        ("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh", "eyJhbGciOiJIUzI1NiJ9"),
    ],
)
def test_a_secret_is_seen_and_never_repeated(words: str, secret: str) -> None:
    made = ticket(("customer", f"{words}\nThe export fails every time."))
    found = extract(made)
    assert states(found, "secret_in_ticket") == ["stated"]
    assert not [quote for quote in quotes(found) if secret in quote]
    result = escalate(made, backend=OfflineBackend(), now=NOW)
    assert result.brief is not None
    assert secret not in result.brief.model_dump_json()


@pytest.mark.parametrize(
    "words",
    [
        "I forgot my password, please reset it.",
        "The password field is empty.",
        "Order 4111 1111 1111 1112 is late.",
        "password: ********",
        "Please send me an API key.",
    ],
)
def test_what_only_speaks_of_secrets(words: str) -> None:
    assert find_secrets(words, fold(words)) == ()


# --- particulars ------------------------------------------------------------------------


def test_counts_dates_codes_and_money_as_written() -> None:
    found = report(
        (
            "customer",
            "Since Monday 45 of our users cannot send invoices. They get HTTP 503. "
            "We need this fixed by Friday. A deal worth $80,000 is at risk.",
        )
    )
    assert measures(found, "users_affected") == ["45"]
    assert measures(found, "started") == ["Monday"]
    assert measures(found, "error_code") == ["503"]
    assert measures(found, "deadline_wanted") == ["Friday"]
    assert measures(found, "revenue_at_risk") == ["$80,000"]


def test_other_customers_are_counted_apart() -> None:
    found = report(("support", "Three other customers reported the same fault and are affected."))
    assert measures(found, "other_customers_affected") == ["Three"]
    assert measures(found, "customers_affected") == []


def test_a_price_is_no_revenue_at_risk() -> None:
    assert measures(report(("customer", "The invoice of $80,000 is wrong.")), "revenue_at_risk") == []


def test_the_head_of_the_ticket() -> None:
    head = (
        "Account: Globex GmbH\nPlan: Enterprise\nARR: 240,000 EUR\nProduct: Billing\nAssigned to: L2 queue\n"
        "Environment: Windows 11\nChrome 131\n"
    )
    found = report(("customer", "The export fails."), head=head)
    assert [(a.account, a.fact, a.value, a.asserted_by) for a in found.accounts] == [
        ("Globex GmbH", "reporter", "", "system"),
        ("Globex GmbH", "plan", "Enterprise", "system"),
        ("Globex GmbH", "annual_value", "240,000 EUR", "system"),
    ]
    assert measures(found, "product_area") == ["Billing"]
    assert measures(found, "current_tier") == ["L2"]
    assert measures(found, "environment") == ["Windows 11\nChrome 131"]


def test_the_last_thing_support_said() -> None:
    found = report(
        ("support", "We are looking into it."),
        ("customer", "Thanks."),
        ("support", "Hello,\nwe found the slow query and test an index now."),
    )
    assert measures(found, "last_customer_update") == ["we found the slow query and test an index now"]


def test_people_from_signatures_and_titles() -> None:
    found = report(("customer", "The export fails.\n\nBest regards,\nMaria Lopez\nHead of Finance\n"))
    assert [(p.name, p.role, p.side) for p in found.people] == [("Maria Lopez", "Head of Finance", "customer")]


def test_references() -> None:
    found = report(
        ("customer", "See https://example.org/a/b and trace.log, it is like ticket #4411."),
        ("support", "It is tracked as the bug CORE-88."),
    )
    assert {(r.kind, r.value) for r in found.references} == {
        ("ticket", "T-1"),
        ("link", "https://example.org/a/b"),
        ("log", "trace.log"),
        ("ticket", "#4411"),
        ("bug_record", "CORE-88"),
    }


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("It fails, see !image.png! and the rest.", ["image.png"]),
        ("It fails.\n\n!Screen Shot 2017-10-04 at 3.02 PM.PNG|thumbnail!\n", ["Screen Shot 2017-10-04 at 3.02 PM.PNG"]),
        ("It fails !a.jpg|width=300,height=200! as in [^sent mail.eml].", ["a.jpg", "sent mail.eml"]),
        ("It fails!! See a.png! IMG_0001.JPG too.", ["a.png", "IMG_0001.JPG"]),
        ("Wow! It fails!", []),
    ],
)
def test_files_that_the_text_names_but_nobody_sent(words: str, named: list[str]) -> None:
    found = report(("customer", words)).references
    assert [r.value for r in found if r.kind == "attachment"] == named


def test_an_image_of_another_place_is_a_link() -> None:
    found = report(("customer", "It fails.\n!https://example.org/a.png!\nSee https://example.org/b!")).references
    assert {(r.kind, r.value) for r in found if r.value != "T-1"} == {
        ("link", "https://example.org/a.png"),
        ("link", "https://example.org/b"),
    }


def test_attempts_with_their_results() -> None:
    found = report(("customer", "We restarted the server, but it still fails. I cleared the cache. No change."))
    assert [(a.action, a.result) for a in found.attempts] == [
        ("We restarted the server", "but it still fails."),
        ("I cleared the cache.", "No change."),
    ]


def test_what_support_asks_for_is_no_attempt() -> None:
    assert report(("support", "Please try another browser. Could you clear the cache?")).attempts == ()


def test_reproduction_of_a_template() -> None:
    words = (
        "Steps to reproduce:\n1. Open Reports > Export\n2. Choose CSV and click Start\n3. It shows an error\n\n"
        "Expected: a file\nActual: error 500\n\nIt happens every time.\n"
    )
    found = report(("customer", words))
    assert [(r.part, r.text) for r in found.reproduction] == [
        ("step", "Open Reports > Export"),
        ("step", "Choose CSV and click Start"),
        ("step", "It shows an error"),
        ("expected", "a file"),
        ("actual", "error 500"),
        ("frequency", "It happens every time."),
    ]


def test_a_complaint_under_the_heading_is_no_step() -> None:
    found = report(("customer", "h3. Steps to Reproduce\nI cannot run the project at all.\n"))
    assert [r.part for r in found.reproduction] == ["actual"]


@pytest.mark.parametrize(
    ("speaker", "words", "value"),
    [
        ("support", "There is no workaround.", "none"),
        ("customer", "We tried the workaround, but it did not help.", "tried_failed"),
        ("support", "The workaround works, the customer confirmed it.", "verified"),
        ("support", "As a workaround you can export as CSV.", "documented_untried"),
        ("customer", "As a workaround we type it in by hand.", "partial"),
        ("customer", "The workaround works for us.", "partial"),
    ],
)
def test_workaround(speaker: Speaker, words: str, value: str) -> None:
    assert [w.value for w in report((speaker, words)).workarounds] == [value]


def test_a_workaround_of_support_that_the_customer_finds_working_is_verified() -> None:
    found = report(("support", "A possible workaround is the CSV export."), ("customer", "The workaround works."))
    assert [w.value for w in found.workarounds] == ["documented_untried", "verified"]


# --- the whole report ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["doesn't work!!!", "", "Help, urgent!!", "It is broken. Please fix ASAP\n\nRegards,\nJo Lee"]
)
def test_a_ticket_that_says_nothing(words: str) -> None:
    found = report(("customer", words), subject="URGENT")
    assert not found.understandable
    assert found.issues == ()


def test_a_short_ticket_that_says_something() -> None:
    assert report(("customer", "Printer jams on tray 2"), subject="Help").understandable


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("We cannot log in since the update of last night, please help.", "en"),
        ("Seit dem Update können wir uns nicht mehr anmelden, bitte um Hilfe.", "de"),
        ("Desde la actualización no podemos entrar en el sistema.", "es"),
        ("Depuis la mise à jour nous ne pouvons plus nous connecter.", "fr"),
        ("Desde a atualização não conseguimos entrar no sistema.", "pt"),
        ("更新後、ログインできません。", "ja"),
    ],
)
def test_language(words: str, language: str) -> None:
    assert report(("customer", words), subject="-").language == language


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Re: [URGENT] Export fails.", "Export fails"),
        ("EXPORT FAILS SINCE MONDAY!!!", "Export fails since monday"),
        ('Implement "deleteButtonTitle"', 'Implement "deleteButtonTitle"'),
        (" ".join(["word"] * 20), " ".join(["word"] * 12) + " …"),
    ],
)
def test_title(words: str, expected: str) -> None:
    assert title(words) == expected


PIECES = st.sampled_from(
    [
        "All our records are gone. ",
        "no ",
        "We cannot log in",
        "\n",
        "\n\n",
        "> quoted: platform is down\n",
        "{code}",
        "```",
        "h3. Steps to Reproduce\n1. Open it\n",
        "Expected: x\n",
        f"key: {KEY} ",
        "4111 1111 1111 1111 ",
        "Best regards,\nMaria Lopez\n",
        "[ERROR] : failed to build\n",
        "„nicht” «rien» ",
        "a\u200bb ",
        "İ",
        "ﬁ",
        "データが消えました。",
        "12 users since 3 March, ",
        "!!!",
        "(((",
        "we tried it, but ",
        "https://a.example/b ",
        "😀 ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25), st.lists(PIECES, max_size=12))
def test_every_quote_stands_in_the_ticket_and_no_secret_in_a_quote(first: list[str], second: list[str]) -> None:
    made = ticket(("customer", "".join(first)), ("support", "".join(second)))
    found = extract(made)
    assert all(quote in made.text and quote.strip() for quote in quotes(found))
    assert not [quote for quote in quotes(found) if KEY in quote or "4111 1111 1111 1111" in quote]
    assert extract(made) == found
    assert [claim.quote for claim in ground(made, found).removed if claim.status == "ungrounded"] == []


@pytest.mark.parametrize("padding", range(40, 64))
def test_a_label_is_not_cut_behind_a_zero_width_sign(padding: int) -> None:
    made = ticket(("support", f"{'x ' * 20}a\u200bb {'y' * padding} key: {KEY} "))
    found = extract(made)
    assert [entry.signal for entry in found.signals] == ["secret_in_ticket"]
    assert ground(made, found).removed == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=20))
def test_a_run_on_anything_ends_in_a_brief_that_nothing_blocks(pieces: list[str]) -> None:
    result = escalate(ticket(("customer", "".join(pieces))), backend=OfflineBackend(), now=NOW)
    assert [finding for finding in result.findings if finding.blocking] == []
    assert (result.brief is not None) == (result.decision.outcome == "escalate")


@pytest.mark.parametrize(
    "text",
    [
        "!" * 50_000,
        " " * 50_000 + "x",
        "a" * 50_000,
        "- " * 25_000,
        "{code}" * 8_000,
        "\n" * 50_000,
        "password: " * 5_000,
    ],
)
def test_hostile_text_has_an_answer(text: str) -> None:
    made = Ticket(text=text)
    assert all(quote in text for quote in quotes(extract(made)))


# --- the brief -----------------------------------------------------------------------------------

TARGETS: tuple[tuple[str, Ticket, Context], ...] = (
    ("l2_support", ticket(("customer", "The app crashes when I rotate the phone.")), Context(tier="L1")),
    (
        "engineering",
        ticket(("customer", "The whole platform is down since 8 am, nobody in our company can log in.")),
        Context(tier="L1"),
    ),
    (
        "engineering",
        ticket(
            (
                "customer",
                "Steps to reproduce:\n1. Open Reports\n2. Click Export\n\nExpected: a file\nActual: error 500",
            ),
            ("support", "I was able to reproduce it on a clean account."),
        ),
        Context(tier="L2"),
    ),
    ("security", ticket(("customer", "I can see invoices of another company in my list.")), Context(tier="L1")),
    (
        "leadership",
        ticket(("customer", "We will cancel our contract and move to a competitor.")),
        Context(tier="L2", account=Account(name="Globex", annual_value=Decimal(240000), currency="EUR")),
    ),
    (
        "product",
        ticket(
            ("customer", "There is no way to lock a row. Without it our go-live on 12 May is impossible."),
            subject="Row lock",
        ),
        Context(tier="L2"),
    ),
)


@pytest.mark.parametrize(("owner", "made", "context"), TARGETS)
def test_a_brief_for_each_target_passes_validation(owner: str, made: Ticket, context: Context) -> None:
    result = escalate(made, context=context, backend=OfflineBackend(), now=NOW)
    assert result.decision.owner == owner
    assert result.brief is not None
    assert [finding for finding in result.findings if finding.blocking] == []
    assert result.backend == "offline"
    assert result.usage.calls == 0
    assert result.usage.repairs == 0


def test_the_brief_quotes_and_does_not_invent() -> None:
    made = TARGETS[0][1]
    result = escalate(made, context=Context(tier="L1"), backend=OfflineBackend(), now=NOW)
    brief = result.brief
    assert brief is not None
    assert brief.headline == "Export: The app crashes when I rotate the phone"
    assert brief.workflow_impact == "Bug suspected: see the headline"
    assert brief.description.startswith("The ticket says no more about it than the headline.")
    assert brief.revenue_at_risk == "Unknown"
    assert brief.last_update == "Unknown"
    assert brief.tried == ()
    assert brief.reproduction.steps == ()
    assert brief.reproduction.expected == "Not said; what is reported is a failure"
    assert brief.reproduction.actual == "As the headline says"
    assert brief.reproduction.gaps[0].startswith("Ask the customer: which exact steps")
    assert "A start date was not found in the ticket." in brief.description
    assert brief.asks[0].text.startswith("Investigate the cause of “The app crashes when I rotate the phone”")
    assert brief.deadline == "2026-03-11 17:00 UTC"


def test_leadership_as_co_target_gets_impact_only() -> None:
    made = ticket(("customer", "I can see invoices of another company. Our lawyers will be in touch."))
    result = escalate(made, context=Context(tier="L1"), backend=OfflineBackend(), now=NOW)
    assert result.decision.owner == "security"
    assert result.decision.leadership
    assert result.brief is not None
    assert result.brief.leadership_asks == (
        "Decide how the legal or public side of this matter is handled, and who speaks for us.",
    )


@pytest.mark.parametrize(
    ("words", "greeting"),
    [
        ("Seit dem Update können wir keine Rechnungen exportieren, der Export schlägt immer fehl.", "Guten Tag,"),
        ("No podemos exportar ninguna factura desde la actualización.", "Buenos días:"),
        ("Nous ne pouvons plus exporter nos factures depuis la mise à jour.", "Bonjour,"),
        ("Não conseguimos exportar nenhuma fatura desde a atualização.", "Olá,"),
        ("更新後、請求書のエクスポートができません。エラーが表示されます。", "お世話になっております。"),
        ("We cannot export any invoice since the update.", "Hello,"),
    ],
)
def test_the_message_is_in_the_customers_language(words: str, greeting: str) -> None:
    result = escalate(ticket(("customer", words), subject="-"), backend=OfflineBackend(), now=NOW)
    assert result.customer_message is not None
    assert result.customer_message.splitlines()[0] == greeting
    assert [finding for finding in result.findings if finding.blocking] == []


# --- the Protocol -----------------------------------------------------------------------------------


def test_the_backend_answers_the_calls_of_the_road() -> None:
    backend = OfflineBackend()
    made, context = TARGETS[0][1], Context(tier="L1")
    extracted = backend.answer(ExtractCall(made))
    assert extracted == Reply(extract(made))
    result = escalate(made, context=context, backend=backend, now=NOW)
    call = DraftCall(made, context, result.facts, result.decision, extracted)
    assert backend.answer(call).value == result.brief
    assert asyncio.run(backend.answer_async(call)) == backend.answer(call)
    assert draft(made, context, result.facts, result.decision, NOW) == result.brief
    assert (backend.name, backend.model) == ("offline", None)
    assert result.brief is not None
    assert validate_brief(result.brief, result.decision, result.facts, made, context, NOW) == result.findings


def test_a_plain_text_ticket_end_to_end() -> None:
    text = "Subject: Login\n\nHi,\n\nnobody in our company can log in since 8 am.\n\nBest regards,\nMaria Lopez\n"
    result = escalate(read_ticket(text), backend=OfflineBackend(), now=NOW)
    assert (result.decision.outcome, result.decision.owner, result.decision.severity) == (
        "escalate",
        "engineering",
        "critical",
    )


# --- too little to tell --------------------------------------------------------


def decided(made: Ticket) -> str:
    return escalate(
        made, context=Context(), backend=OfflineBackend(), settings=load_settings(), now=NOW
    ).decision.outcome


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("TypeError: argument of type 'NoneType' is not iterable", [("customer", "")]),
        ("Export fails", []),
        ("animate callback not working", [("customer", "Moving from TC to AC project.")]),
        ("PDF export broken", [("customer", "See subject.")]),
        ("Export defekt", [("customer", "Siehe Betreff.")]),
        ("Error al exportar", [("customer", "Ver asunto.")]),
        ("Erreur à l'export", [("customer", "Voir objet.")]),
        ("Erro na exportação", [("customer", "Ver assunto.")]),
        ("エクスポートのエラー", [("customer", "件名の通り。")]),
        ("Profile disappears", [("customer", ""), ("support", "Personally I'm not seeing this issue.")]),
        ("Bug report", [("customer", "A clear and concise description of what the bug is.")]),
    ],
)
def test_a_bare_title_is_asked_about(subject: str, said: list[tuple[Speaker, str]]) -> None:
    made = ticket(*said, subject=subject)
    assert not extract(made).understandable
    assert decided(made) == "needs_info"


@pytest.mark.parametrize(
    ("subject", "said", "outcome"),
    [
        ("Nobody can log in since 8:00", [("customer", "")], "escalate"),
        ("All our records are gone", [("customer", "See subject.")], "escalate"),
        ("I can see invoices of another company", [], "escalate"),
        ("How do I add a second approver?", [("customer", "")], "handle"),
        ("Export", [("customer", "It crashes with error EXP-12 when I click Save.")], "escalate"),
        ("Export", [("customer", ""), ("support", "I was able to reproduce it on a fresh account.")], "escalate"),
    ],
)
def test_a_title_that_states_a_harm_or_a_wish_is_enough(
    subject: str, said: list[tuple[Speaker, str]], outcome: str
) -> None:
    made = ticket(*said, subject=subject)
    assert extract(made).understandable
    assert decided(made) == outcome


# --- staff whom the source does not name ---------------------------------------


@pytest.mark.parametrize(
    ("words", "voice"),
    [
        ("You can track this PR:\nhttps://github.com/example/app/pull/9421", "support"),
        ("Tracked as ENG-4411. Please keep the ticket updated.", "support"),
        ("Could you please provide a reproducible test case? Tracked as ENG-4411.", "support"),
        ("+1 on this. Tracked as ENG-4411.", "quoted"),
        ("Same here. Tracked as ENG-4411.", "quoted"),
    ],
)
def test_staff_show_by_what_they_say(words: str, voice: str) -> None:
    found = report(("customer", "The list fills the screen since the update."), ("other", words))
    assert {s.asserted_by for s in found.signals if s.signal == "bug_tracked"} == {voice}


# --- counts --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "users"),
    [
        ('Nobody can log in, all of our 340 users get "LOGIN_503 no session" on the login page.', ["340"]),
        ("The export is broken. 46 users in our accounting team need these files for the tax office.", ["46"]),
        ("12 colleagues get a blank page after they sign in.", ["12"]),
        ("The export is broken. We have 340 users.", []),
        ("We would like 20 users more in our plan.", []),
    ],
)
def test_people_who_are_hit_are_counted(words: str, users: list[str]) -> None:
    assert measures(report(("customer", words)), "users_affected") == users


def test_a_count_behind_a_scope_does_not_narrow_it() -> None:
    found = report(("customer", "Nobody in our company can log in. All of our 340 users cannot open the login page."))
    assert [s.value for s in found.scopes] == ["whole_account"]
