"""What a person does with a case on the page: each form's effect, conflicts, the brief's editor, turns."""

import asyncio
import html
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from chats import EXPORT, NOW, THREAT, Talk, Talker, do, turn
from starlette.testclient import TestClient
from web_site import Clock, entered, site

from agent.backends.base import Call, ModelUnavailable, Reply
from agent.chat.difference import difference
from agent.chat.engine import Chat
from agent.chat.events import Copy, Decided, Drafted, Refused, Spoken, Told
from agent.chat.kept import Keeper, load, suggested
from agent.errors import BadInput
from agent.errors import Refused as NotNow
from agent.web import cases as cases_module
from agent.web.cases import Case, Given, mark_of
from agent.web.editing import check, editor, id_of, merge
from agent.web.site import Site
from schemas.chat import Edit

VALUE = "The contract of this account is worth 300,000 EUR a year (ARR)."


def opened(client: TestClient, one: Site, text: str = EXPORT) -> Case:
    """A case that is decided."""
    answer = client.post("/cases", data={"text": text}, follow_redirects=False)
    case = one.cases.get(answer.headers["hx-redirect"].rpartition("/")[2])
    assert case is not None
    _settle(client, case)
    return case


def _settle(client: TestClient, case: Case) -> str:
    """Wait until nothing runs; the part as it stands then."""
    client.get(f"/cases/{case.id}/events?seen={case.version - 1}")
    return client.get(f"/cases/{case.id}").text


def said(client: TestClient, case: Case, **form: Any) -> str:
    """One form sent, and the case when its turn is over."""
    answer = client.post(f"/cases/{case.id}/say", data={"seen": case.version, **form})
    assert answer.status_code == 200, answer.text
    return _settle(client, case)


def lines_of(case: Case) -> dict[str, str]:
    """The brief's form as the page shows it."""
    form = case.editor()
    assert form is not None
    return {line.place: line.text for section in form.sections for row in section.rows for line in row}


def edited(was: dict[str, str]) -> dict[str, str]:
    """The fields of a form that showed `was` and was not touched."""
    fields = {f"was {place}": text for place, text in was.items()}
    fields |= {f"line {place}": text for place, text in was.items()}
    return fields


def told(case: Case, kind: type) -> list[Any]:
    return [entry.said for entry in case.entries if isinstance(entry.said, kind)]


def result_of(case: Case) -> Any:
    assert case.chat.session.result is not None
    return case.chat.session.result


# Saying more


def test_what_is_said_is_in_the_ticket_under_its_speakers_name_and_shows_what_changed(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one, "Jo Park") as client:
        case = opened(client, one, THREAT)
        part = said(client, case, do="note", words=VALUE)
        assert result_of(case).decision.outcome == "escalate"
        changed, talk = part.index('class="card changed"'), part.index('id="talk"')
        for half in (part[changed:talk], part[talk:]):
            assert "<del>Ask first: what decides is not known yet</del>" in half
            assert "<ins>Escalate to Leadership</ins>" in half
        part = said(client, case, do="customer", words="So <b>what</b> now?")
        assert "So &lt;b&gt;what&lt;/b&gt; now?" in part
        assert [(one.speaker, one.author) for one in case.chat.session.said] == [
            ("support", "Jo Park"),
            ("customer", ""),
        ]
        given = [entry for entry in case.entries if isinstance(entry.said, Given)]
        assert [(entry.by, entry.said) for entry in given] == [
            ("Jo Park", Given("Known to support", VALUE)),
            ("Jo Park", Given("The customer said", "So <b>what</b> now?")),
        ]


def test_plain_words_take_the_chats_own_way(tmp_path: Path) -> None:
    one = site(tmp_path, Talker(turn(do("support_said", text=VALUE), say="Noted.")))
    with entered(one) as client:
        case = opened(client, one, THREAT)
        said(client, case, do="plain", words=VALUE)
        assert result_of(case).decision.outcome == "escalate"
        assert "In your own words." in client.get(f"/cases/{case.id}").text


def test_the_words_that_the_page_names_are_understood_without_a_model(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        part = client.get(f"/cases/{case.id}").text
        named = re.findall("“([^”<]+)”", part[part.index('id="say-words"') : part.index("a statement about the case")])
        assert len(named) == 7
        for words in named:
            before = len(case.entries)
            said(client, case, do="plain", words=words)
            new = [entry for entry in case.entries[before:] if entry.kind in ("told", "drafted", "decided")]
            assert new, words
            assert told(case, Spoken) == [], words
        assert case.chat.session.corrections[0].why == "signal-1 is wrong because it was a test"


@pytest.mark.parametrize("topic", ["decision", "severity", "target", "deadline", "changes"])
def test_why_is_answered_and_changes_nothing(tmp_path: Path, topic: str) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        before = case.chat.session
        said(client, case, do="why", words=topic)
        assert [answer for answer in told(case, Told) if answer.kind == "answer"]
        assert case.chat.session is before


def test_undo_again_and_tier(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one, THREAT)
        said(client, case, do="note", words=VALUE)
        said(client, case, do="tier", words="manager")
        assert result_of(case).decision.tier == "manager"
        said(client, case, do="undo")
        said(client, case, do="undo")
        assert case.chat.session.said == ()
        assert result_of(case).decision.outcome == "needs_info"
        said(client, case, do="again")
        assert result_of(case).decision.outcome == "needs_info"


def test_a_decision_of_ones_own_stands_beside_the_rules(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one, "Jo Park") as client:
        case = opened(client, one, THREAT)
        form = {"outcome": "escalate", "team": "l2_support", "severity": "high"}
        said(client, case, do="override", words="the account team asks for it", **form)
        override = case.chat.session.context.override
        assert override is not None
        assert (override.by, override.owner, override.severity) == ("Jo Park", "l2_support", "high")
        short = client.post(f"/cases/{case.id}/say", data={"do": "override", "outcome": "handle", "words": "so"})
        assert (short.status_code, "say why" in short.text) == (422, True)


def test_into_the_ledger_and_the_news_of_it(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        part = said(client, case, do="open")
        assert result_of(case).ledger_id == "ESC-1"
        assert one.open_ledger().events("ESC-1")[0].through == "page"
        assert 'href="/escalations/ESC-1"' in part
        assert "Give ESC-1 the news" in part
        # It is done and answered at the top, where the decision is read.
        top = part[: part.index('aria-label="On this page"')]
        assert "ESC-1 in the inbox" in top
        assert re.search(r'<p class="latest note">Opened: ESC-1 is open', top)
        said(client, case, do="why", words="deadline")
        assert 'class="latest' not in client.get(f"/cases/{case.id}").text


def test_an_opening_that_is_refused_is_said_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "ESC-1 for ticket 'HD-20418' is closed: if it goes on, `escalation reopen ESC-1`"

    def refuse(*_: object) -> None:
        raise NotNow(line)

    monkeypatch.setattr("agent.chat.following.record", refuse)
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        said(client, case, do="open")
        page = html.unescape(client.get(f"/cases/{case.id}").text)
    assert f'<p class="latest refused">{line}</p>' in page


def test_what_is_only_kept_as_a_draft_says_so_and_names_no_way_that_the_page_has_not(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one, "Seit heute morgen kann sich niemand von unseren 80 Mitarbeitern anmelden.")
        part = html.unescape(said(client, case, do="open"))
        assert re.search(r'<p class="latest warning">Kept as a draft', part)
        assert "Mend it and open it again</p>" in part
        assert "--despite" not in part
        assert '<a class="badge open" href="#h-findings">Brief incomplete</a>' in part
        page = html.unescape(client.get("/escalations/ESC-1").text)
        assert "not with a team yet" in page
        assert "press “Give ESC-1 the news” there" in page
        assert "sha256:" not in re.sub(r"(?s).*<dl class=\"record\">|</dl>.*", "", page)


def test_the_message_to_the_customer_is_checked_and_kept(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        before = case.chat.session
        words = "We found 9999 of them."
        live = client.post(f"/cases/{case.id}/message/check", data={"do": "message", "words": words})
        assert "Number without a source: “9999 of”; expected a number that stands in the ticket" in html.unescape(
            live.text
        )
        assert case.chat.session is before
        part = said(client, case, do="message", words=words)
        assert case.chat.session.message == words
        assert re.search(r'<textarea id="letter"[^>]*>\n' + re.escape(words) + "</textarea>", part)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"do": "note", "words": "  "}, "nothing was said"),
        ({"do": "sing", "words": "x"}, "expected one of"),
        ({"do": "tier", "words": "L9"}, "expected one of L1, L2, manager"),
        ({"do": "plain", "words": "/nonsense"}, "no command"),
        ({"do": "answer", "asked": "Is it raining?", "words": "yes"}, "not asked any more"),
        ({"do": "wrong", "place": "signal-1", "about": "0" * 16, "words": "no"}, "no fact any more"),
        ({"do": "answer", "place": "1", "seen": "0", "words": "yes"}, "decided anew meanwhile"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, form: dict[str, str], expected: str) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one, THREAT)
        entries, version = case.entries, case.version
        answer = client.post(f"/cases/{case.id}/say", data=form)
        assert answer.status_code == 422
        assert expected in html.unescape(answer.text)
        assert (case.entries, case.version) == (entries, version)


def test_without_a_script_the_words_stand_in_the_box_of_the_page_that_refuses(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        answer = client.post(
            f"/cases/{case.id}/say", data={"do": "plain", "words": "/nonsense & more"}, headers={"HX-Request": ""}
        )
        assert answer.status_code == 422
        assert "/nonsense &amp; more</textarea>" in answer.text


def test_a_secret_in_what_was_said_is_not_shown(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        part = said(client, case, do="note", words="Their key is AKIAIOSFODNN7EXAMPLE, they say.")
        assert "they say." in part
        assert "AKIAIOSFODNN7EXAMPLE" not in part


def test_no_file_is_written_for_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        said(client, case, do="plain", words="/save brief.md")
        assert [refused.line for refused in told(case, Refused)] == [
            "no file is written from here: download it, or copy it"
        ]
        assert not (tmp_path / "brief.md").exists()
        said(client, case, do="plain", words="/copy questions")
        assert [copied.what for copied in told(case, Copy)] == ["questions"]


# Questions and facts


def test_an_answer_follows_its_question(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one, THREAT)
        [question] = result_of(case).decision.questions
        said(
            client, case, do="answer", place="1", asked=question.text, words="annual value 300,000 EUR, plan Enterprise"
        )
        [note] = case.chat.session.said
        assert (note.asked, note.speaker) == (question.text, "support")
        assert result_of(case).decision.outcome == "escalate"


def test_two_answers_at_the_same_time_are_both_in_the_ticket(tmp_path: Path) -> None:
    """The second was sent before the first had settled what it answers."""
    gate, talker = threading.Event(), Gated()
    one = site(tmp_path, talker)
    with entered(one, "Ana Lima") as ana, _second(ana, one, "Jo Park") as jo:
        case = opened(ana, one, THREAT)
        [question] = result_of(case).decision.questions
        talker.gate = gate
        form = {"do": "answer", "place": "1", "asked": question.text, "seen": case.version}
        first = ana.post(f"/cases/{case.id}/say", data=form | {"words": "annual value 300,000 EUR, plan Enterprise"})
        second = jo.post(f"/cases/{case.id}/say", data=form | {"words": "300,000 EUR a year, says the account team"})
        assert (first.status_code, second.status_code, case.running) == (200, 200, 2)
        gate.set()
        _settle(ana, case)
        assert [(note.author, note.asked, note.text) for note in case.chat.session.said] == [
            ("Ana Lima", question.text, "annual value 300,000 EUR, plan Enterprise"),
            ("Jo Park", "", "300,000 EUR a year, says the account team"),
        ]
        assert case.chat.ticket is not None
        assert result_of(case).ticket.text == case.chat.ticket.text


def test_a_fact_is_taken_back_under_the_visitors_name_and_comes_back(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one, "Jo Park") as client:
        case = opened(client, one)
        claim = next(c for c in result_of(case).facts.claims() if c.status == "counts" and c.group == "signal")
        form = {"do": "wrong", "place": "signal-99", "about": mark_of(claim)}
        said(client, case, **form, words="it was a test")
        [correction] = case.chat.session.corrections
        assert (correction.by, correction.why, correction.quote) == ("Jo Park", "it was a test", claim.quote)
        [now] = [c for c in result_of(case).facts.claims() if mark_of(c) == mark_of(claim)]
        assert now.status == "withdrawn"
        assert "Jo Park" in (now.reason or "")
        assert "it was a test" in (now.reason or "")
        said(client, case, do="undo")
        assert case.chat.session.corrections == ()


def test_the_difference_holds_before_and_after_apart() -> None:
    talk = Talk(THREAT)
    before = talk.chat.session.result
    talk.say(f"/note {VALUE}")
    after = talk.chat.session.result
    assert before is not None
    assert after is not None
    changes = {change.label: change for change in difference(before, after)}
    assert (changes["Severity"].was, changes["Severity"].now) == ("None", "High")
    assert changes["Rule"].was == ""
    assert changes["Rule"].now.startswith("BUS-1 ")
    assert talk.of(Decided)[0].changes == tuple(change.line for change in difference(before, after))


# The brief's editor


def test_the_form_shows_each_line_of_the_brief_once_and_an_empty_one_behind_each_list(tmp_path: Path) -> None:
    from agent.chat.edits import places

    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        shown = lines_of(case)
        brief = result_of(case).brief
        empty = [place for place, text in shown.items() if not text and place not in places(brief)]
        assert set(places(brief)) <= set(shown)
        assert empty == [
            "REPRODUCTION STEPS: 4",
            "REPRODUCTION STEPS: Missing 1",
            "WHAT'S BEEN TRIED: 3",
            "WHAT'S BEEN TRIED: 3 result",
            "WHAT'S NEEDED: 2",
            "SUPPORTING CONTEXT: 3",
            "QUESTIONS: 1",
        ]
        part = client.get(f"/cases/{case.id}").text
        for place in shown:
            assert part.count(f'id="{id_of(place)}"') == 1


def test_the_live_check_names_the_line_and_leaves_the_session(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        fields, before = edited(lines_of(case)), case.chat.session
        clean = client.post(f"/cases/{case.id}/brief/check", data=fields)
        assert "Valid: nothing blocks." in clean.text
        assert "data-held" not in clean.text
        fields |= {"line WHAT'S NEEDED: 1": "", "line WHAT'S NEEDED: 2": "Fix all 9999 of them by Friday"}
        answer = client.post(f"/cases/{case.id}/brief/check", data=fields)
        assert re.findall(r'data-held="([^"]+)"', answer.text) == ["line-what-s-needed-2"], "by the form's number"
        assert "1 finding blocks." in answer.text
        assert case.chat.session is before


def test_all_lines_are_saved_as_one_step_and_undone_as_one(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        was, before = lines_of(case), result_of(case).brief
        changes = {
            "line ESCALATION": "Export stops",
            "line REPRODUCTION STEPS: 1": "",
            "line REPRODUCTION STEPS: 4": "Wait for the bar",
            "line WHAT'S BEEN TRIED: 3": "Restarted the browser",
            "line WHAT'S BEEN TRIED: 3 result": "no difference",
            "line CUSTOMER MESSAGE": "Hello,\r\n\r\nwe have it.",
        }
        answer = client.post(f"/cases/{case.id}/brief", data=edited(was) | changes)
        assert answer.status_code == 200
        _settle(client, case)
        brief = result_of(case).brief
        assert brief.headline == "Export stops"
        assert brief.reproduction.steps == (*before.reproduction.steps[1:], "Wait for the bar")
        assert [(t.action, t.result) for t in brief.tried[2:]] == [("Restarted the browser", "no difference")]
        assert brief.tried[:2] == before.tried
        assert brief.customer_message == "Hello,\n\nwe have it."
        assert len(told(case, Drafted)) == 2
        said(client, case, do="undo")
        assert result_of(case).brief == before


def test_two_persons_may_change_different_lines(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        was = lines_of(case)
        first = client.post(f"/cases/{case.id}/brief", data=edited(was) | {"line ESCALATION": "Export stops"})
        second = client.post(
            f"/cases/{case.id}/brief", data=edited(was) | {"line SUPPORTING CONTEXT: 1": "Ticket HD-20418, open"}
        )
        assert (first.status_code, second.status_code) == (200, 200)
        _settle(client, case)
        brief = result_of(case).brief
        assert (brief.headline, brief.supporting_context[0]) == ("Export stops", "Ticket HD-20418, open")


def test_the_same_line_is_not_overwritten_and_what_is_gone_is_named(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        was = lines_of(case)
        client.post(
            f"/cases/{case.id}/brief",
            data=edited(was) | {"line ESCALATION": "Theirs", "line SUPPORTING CONTEXT: 2": ""},
        )
        _settle(client, case)
        before = case.chat.session
        mine = edited(was) | {"line ESCALATION": "Mine", "line SUPPORTING CONTEXT: 2": "Log of Monday"}
        answer = client.post(f"/cases/{case.id}/brief", data=mine)
        assert answer.status_code == 409
        assert "SUPPORTING CONTEXT: 2 is no longer in the brief; ESCALATION reads otherwise now" in answer.text
        assert case.chat.session is before
        live = client.post(f"/cases/{case.id}/brief/check", data=mine)
        assert "it reads now: Theirs" in live.text
        assert "this line is no longer in the brief" in live.text


def test_a_line_that_moved_up_is_changed_where_it_is_now() -> None:
    talk = Talk()
    result = talk.chat.session.result
    assert result is not None
    form = editor(result)
    assert form is not None
    was = {line.place: line.text for section in form.sections for row in section.rows for line in row}
    talk.say("/edit REPRODUCTION STEPS: 1 =")
    moved = talk.chat.session.result
    assert moved is not None
    assert moved.brief is not None
    merged = merge(
        moved.brief, moved.decision, was, was | {"REPRODUCTION STEPS: 2": "Open Reports and export 7777 rows"}
    )
    assert merged.edits == (Edit(place="REPRODUCTION STEPS: 1", text="Open Reports and export 7777 rows"),)
    assert merged.conflict == ""
    assert list(check(moved, merged).at) == ["line-reproduction-steps-2"]


def test_nothing_is_saved_while_a_turn_runs_or_without_a_change(tmp_path: Path) -> None:
    talker = Gated()
    one = site(tmp_path, talker)
    with entered(one) as client:
        case = opened(client, one)
        fields = edited(lines_of(case))
        assert "no line was changed" in client.post(f"/cases/{case.id}/brief", data=fields).text
        talker.gate = threading.Event()
        client.post(f"/cases/{case.id}/say", data={"do": "again"})
        answer = client.post(f"/cases/{case.id}/brief", data=fields | {"line ESCALATION": "Mine"})
        talker.gate.set()
        assert (answer.status_code, "a turn runs" in answer.text) == (422, True)
        _settle(client, case)


def test_what_cannot_be_applied_is_refused_while_the_words_are_in_their_boxes(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        version = case.version
        for place, expected in (
            ("WHAT'S BEEN TRIED: 3 result", "write what was tried first"),
            ("NOTHING: 7", "no line 'NOTHING: 1' in this brief"),
            ("N" * 500, f"{'N' * 60} is no longer in the brief"),
        ):
            answer = client.post(f"/cases/{case.id}/brief", data=edited(lines_of(case)) | {f"line {place}": "x"})
            assert answer.status_code in (409, 422)
            assert expected in html.unescape(answer.text)
        assert case.version == version


def test_no_brief_is_said_in_one_line(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one, THREAT)
        for path in ("brief", "brief/check"):
            answer = client.post(f"/cases/{case.id}/{path}", data={"line ESCALATION": "x", "was ESCALATION": ""})
            assert (answer.status_code, "there is no brief to change" in answer.text) == (422, True)


# Turns


class Gated(Talker):
    """A model whose reading waits for a gate."""

    gate: threading.Event | None = None

    def answer(self, call: Call) -> Reply:
        if self.gate is not None:
            assert self.gate.wait(20)
        return super().answer(call)


def _second(client: TestClient, one: Site, by: str) -> Any:
    """Another browser at the same server, in the same event loop."""
    other = TestClient(client.app, base_url=str(client.base_url), headers={"Origin": str(client.base_url).rstrip("/")})
    other.portal = client.portal
    other.get(f"/?token={one.door.token}")
    other.post("/name", data={"by": by})
    other.headers["HX-Request"] = "true"

    class Held:
        def __enter__(self) -> TestClient:
            return other

        def __exit__(self, *_: object) -> None:
            other.close()

    return Held()


def run(scenario: Callable[[], Any]) -> None:
    anyio.run(scenario)


def test_a_turn_that_is_stopped_loses_nothing_and_the_one_behind_it_runs(tmp_path: Path) -> None:
    async def scenario() -> None:
        talker = Gated()
        one = site(tmp_path, talker)
        case = one.begin("Ana Lima")
        await case.read(THREAT, None)
        await case.begin_turn(lambda chat: chat.again(), "Ana Lima")
        talker.gate = threading.Event()
        first = case.begin_turn(lambda chat: chat.hear("/note The licence server was restarted."), "Ana Lima")
        behind = case.begin_turn(lambda chat: chat.hear(f"/note {VALUE}"), "Jo Park")
        await asyncio.sleep(0.05)
        case.stop()
        talker.gate.set()
        await first
        assert [note.text for note in case.chat.session.said][:1] == ["The licence server was restarted."]
        assert [one.text.partition(":")[0] for one in told(case, Told) if one.kind == "warning"] == ["stopped"]
        await behind
        assert [(note.author, note.text) for note in case.chat.session.said] == [
            ("Ana Lima", "The licence server was restarted."),
            ("Jo Park", VALUE),
        ]
        assert not case.chat.session.pending
        assert case.chat.session.result is not None
        assert case.chat.session.result.decision.outcome == "escalate"
        assert (case.running, case.steps, case.version) == (0, [], 3)

    run(scenario)


def test_what_fails_in_a_turn_is_said_and_the_case_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        talker = Talker()
        case = site(tmp_path, talker).begin("Ana Lima")
        await case.read(THREAT, None)
        talker.failing = ModelUnavailable("no answer from the model", reason="http_529")
        await case.begin_turn(lambda chat: chat.again(), "Ana Lima")
        assert "no answer from the model" in told(case, Refused)[-1].line
        talker.failing = ZeroDivisionError()
        await case.begin_turn(lambda chat: chat.again(), "Ana Lima")
        assert told(case, Refused)[-1].line.startswith("this program failed (")
        talker.failing = None
        await case.begin_turn(lambda chat: chat.hear(f"/note {VALUE}"), "Ana Lima")
        assert case.headline() == "escalate, Leadership, High"
        assert (case.running, case.version) == (0, 3)

    run(scenario)


def test_put_away_during_a_turn_ends_it_and_begins_none_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))

    async def scenario() -> None:
        talker = Gated()
        one = site(tmp_path, talker, keeps_chats=True)
        case = one.begin("Ana Lima")
        await case.read(EXPORT, None)
        one.cases.add(case)
        talker.gate = threading.Event()
        first = case.begin_turn(lambda chat: chat.again(), "Ana Lima")
        done: list[Chat] = []
        behind = case.begin_turn(done.append, "Ana Lima")
        await asyncio.sleep(0.05)
        one.cases.put_away(case.id)
        assert one.cases.get(case.id) is None
        talker.gate.set()
        await asyncio.gather(first, behind)
        assert done == []
        assert case.running == 0
        assert load("HD-20418").pending, "what it left is kept, and its file given back"
        Keeper("HD-20418", resumed=True).close()

    run(scenario)


def test_the_program_ends_without_a_model_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))
    talker = Gated()

    async def scenario() -> None:
        one = site(tmp_path, talker, keeps_chats=True)
        case = one.begin("Ana Lima")
        await case.read(THREAT, "T-1.txt")
        one.cases.add(case)
        await case.begin_turn(lambda chat: chat.again(), "Ana Lima")
        talker.gate = threading.Event()
        case.begin_turn(lambda chat: chat.hear(f"/note {VALUE}"), "Ana Lima")
        await asyncio.sleep(0.05)
        with anyio.fail_after(5):
            await one.cases.end(0.01)
        kept = load(case.kept_as)
        assert [said.text for said in kept.said] == [VALUE], "what was said is kept, though nobody decided it"
        assert kept.pending

    run(scenario)
    left = [thread for thread in threading.enumerate() if thread.name.startswith("turn of ")]
    assert [thread.daemon for thread in left] == [True]
    assert talker.gate is not None
    talker.gate.set()
    left[0].join(5)


def test_entries_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases_module, "MOST_ENTRIES", 5)

    async def scenario() -> None:
        case = site(tmp_path).begin("Ana Lima")
        await case.read(THREAT, None)
        for number in range(4):
            await case.begin_turn(lambda chat: chat.hear("/help"), "Ana Lima", Given("", f"help {number}"))
        assert [entry.number for entry in case.entries] == [4, 5, 6, 7, 8]

    run(scenario)


def test_what_a_case_shows_is_bounded_in_characters_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases_module, "LONGEST_SAID", 250)

    async def scenario() -> None:
        case = site(tmp_path).begin("Ana Lima")
        for number in range(5):
            case.note(Told(f"{number}" * 90))
        assert [entry.number for entry in case.entries] == [4, 5]
        case.note(Told("x" * 9000))
        assert [entry.number for entry in case.entries] == [6], "the newest is shown, however long it is"

    run(scenario)


@pytest.mark.parametrize("address", ["say", "message/check", "brief", "brief/check"])
def test_words_without_measure_are_refused_before_anything_reads_them(tmp_path: Path, address: str) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        was = case.entries
        form = {"do": "customer", "words": "a" * 250_000, "line IMPACT: Workflow": "b" * 250_000}
        answer = client.post(f"/cases/{case.id}/{address}", data=form)
        assert answer.status_code == 422
        assert "characters: write down what matters, link the rest" in answer.text
        assert case.entries == was


def test_what_turns_out_to_be_a_secret_is_taken_out_of_what_was_shown_before(tmp_path: Path) -> None:
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        assert "Zx81-kettle-9" in said(client, case, do="note", words="Zx81-kettle-9 is what they typed.")
        part = said(client, case, do="note", words="Their password: Zx81-kettle-9")
        assert "Zx81-kettle-9" not in part
        assert "Zx81-kettle-9" not in case.chat.session.model_dump_json()


def test_a_secret_in_the_files_name_is_shown_nowhere(tmp_path: Path) -> None:
    one = site(tmp_path)
    key = "sk-ant-" + "api03-" + "Ab1" * 30
    with entered(one) as client:
        ticket = (f"{key}.txt", b"The export fails since Monday.")
        answer = client.post("/cases", files={"file": ticket}, follow_redirects=False)
        assert "The export fails since Monday." in client.get(answer.headers["hx-redirect"]).text
        assert key not in client.get(answer.headers["hx-redirect"]).text
        assert key not in client.get("/").text


def test_the_list_tells_no_more_of_securitys_than_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))
    one = site(tmp_path, keeps_chats=True)
    with entered(one) as client:
        case = opened(client, one)
        assert case.listed() == case.title()
        said(client, case, do="override", outcome="escalate", team="security", words="data of others was seen")
        assert case.title() != "HD-20418"
        assert case.listed() == "HD-20418"
        assert case.title() not in client.get("/").text
        one.cases.put_away(case.id)
        start = client.get("/").text
        assert "escalate, Security" in start
        assert case.title() not in start, "nor in the list of those that are kept on disk"
        session = case.chat.session
        assert session.original is not None
        nameless = session.original.model_copy(update={"id": None})
        assert suggested(session.model_copy(update={"original": nameless}), "breach.eml") == "chat"


def test_slow_turns_do_not_hold_up_the_other_pages(tmp_path: Path) -> None:
    async def scenario() -> None:
        talker = Gated()
        talker.gate = threading.Event()
        one = site(tmp_path, talker)
        tasks = []
        for _ in range(cases_module.MOST_TURNS + 1):
            case = one.begin("Ana Lima")
            await case.read(THREAT, None)
            tasks.append(case.begin_turn(lambda chat: chat.again(), "Ana Lima"))
        await asyncio.sleep(0.05)
        assert one.cases.turns.locked()
        assert sum(thread.name.startswith("turn of ") for thread in threading.enumerate()) == cases_module.MOST_TURNS
        assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
        talker.gate.set()
        await asyncio.gather(*tasks)

    run(scenario)


def test_a_stream_ends_where_the_case_is_put_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        one = site(tmp_path)
        case = one.begin("Ana Lima")
        one.cases.add(case)
        changes = case.changes(10**8)
        await anext(changes)
        one.cases.put_away(case.id)
        with anyio.fail_after(5):
            assert [change async for change in changes] == []

    run(scenario)


# Kept on disk


def test_a_case_is_kept_after_each_turn_and_can_be_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))
    one = site(tmp_path, keeps_chats=True, clock=Clock(NOW))
    with entered(one) as client:
        case = opened(client, one, THREAT)
        assert case.kept_as == "HD-20455"
        assert load("HD-20455") == case.chat.session
        part = said(client, case, do="note", words=VALUE)
        assert load("HD-20455") == case.chat.session
        assert "Kept on disk as chat HD-20455." in part
        twin = opened(client, one, THREAT)
        assert twin.kept_as == "HD-20455-2"
        with pytest.raises(BadInput, match="open in another window"):
            Keeper("HD-20455", resumed=True)
        assert one.kept_chats() == []
        client.post(f"/cases/{case.id}/away")
        assert 'name="name" value="HD-20455"' in client.get("/").text
        answer = client.post("/kept", data={"name": "HD-20455"}, follow_redirects=False)
        again = one.cases.get(answer.headers["location"].rpartition("/")[2])
        assert again is not None
        assert again.chat.session == case.chat.session
        assert (
            client.post("/kept", data={"name": "HD-20455"}, follow_redirects=False)
            .headers["location"]
            .endswith(again.id)
        )
        for name, expected in (("../x", "expected a name"), ("nothing", "no chat")):
            refused = client.post("/kept", data={"name": name})
            assert (refused.status_code, expected in refused.text) == (422, True)
        for open_ in one.cases.newest():
            one.cases.put_away(open_.id)
        Keeper("HD-20455", resumed=True).close()
    assert sorted(path.name for path in (tmp_path / "chats").iterdir()) == [
        ".HD-20455-2.lock",
        ".HD-20455.lock",
        "HD-20455-2.json",
        "HD-20455.json",
    ]


def test_without_keep_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))
    one = site(tmp_path)
    with entered(one) as client:
        case = opened(client, one)
        assert "Kept in memory only, until the program ends." in client.get(f"/cases/{case.id}").text
        assert "Kept in memory until the program ends" in client.get("/").text
        answer = client.post("/kept", data={"name": "HD-20418"})
        assert (answer.status_code, "serve --keep" in answer.text) == (422, True)
    assert not (tmp_path / "chats").exists()


def test_a_disk_that_cannot_be_written_is_said_and_the_turn_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chats").write_text("a file")
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))
    one = site(tmp_path, keeps_chats=True)
    with entered(one) as client:
        case = opened(client, one)
        assert case.headline() == "escalate, Engineering, High"
        assert "chats cannot be kept in" in told(case, Told)[-1].text


def test_a_case_that_does_not_fit_gives_its_file_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))
    one = site(tmp_path, keeps_chats=True)
    with entered(one) as client:
        case = opened(client, one, THREAT)
        client.post(f"/cases/{case.id}/away")
        monkeypatch.setattr(cases_module, "MOST_CASES", 0)
        assert client.post("/kept", data={"name": "HD-20455"}).status_code == 422
        Keeper("HD-20455", resumed=True).close()


def test_two_who_go_on_with_the_same_chat_have_the_same_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))

    async def scenario() -> None:
        one = site(tmp_path, keeps_chats=True)
        case = one.begin("Ana Lima")
        await case.read(EXPORT, None)
        one.cases.add(case)
        await case.begin_turn(lambda chat: chat.again(), "Ana Lima")
        one.cases.put_away(case.id)
        first, second = await asyncio.gather(one.resume("Ana Lima", "HD-20418"), one.resume("Jo Park", "HD-20418"))
        assert first is second
        assert len(one.cases.newest()) == 1
        one.cases.put_away(first.id)

    run(scenario)


# Secrets


@pytest.mark.parametrize("level", ["secrets", "none"])
def test_a_secret_is_nowhere_by_whichever_way_it_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "chats"))
    one = site(tmp_path, keeps_chats=True, level=level)
    numbers = iter(range(100))

    def key() -> str:
        return "sk-ant-" + "api03-" + f"{next(numbers):03}Q7z" * 16

    with entered(one) as client:
        case = opened(client, one, f"{EXPORT}\nThey sent {key()} with it.")
        said(client, case, do="customer", words=f"And {key()}, too.")
        said(client, case, do="note", words=f"We saw {key()}.")
        for question in result_of(case).decision.questions[:1]:
            said(client, case, do="answer", asked=question.text, words=f"Yes, with {key()}.")
        fact = next(one for one in result_of(case).facts.signals if one.status == "counts")
        said(client, case, do="wrong", place=fact.id, about=case.mark(fact), words=f"a test with {key()}")
        said(client, case, do="override", outcome="escalate", team="engineering", words=f"seen with {key()}")
        was = lines_of(case)
        place = next(place for place in was if place.startswith("IMPACT"))
        form = edited(was) | {f"line {place}": f"Nobody can export with {key()}"}
        assert client.post(f"/cases/{case.id}/brief", data=form).status_code == 200
        _settle(client, case)
        said(client, case, do="message", words=f"Please change {key()}.")
        part = said(client, case, do="open", words="")
        number = result_of(case).ledger_id
        assert number is not None
        words = {"text": f"they use {key()}", "team": "support", "version": "1", "key": "k"}
        assert client.post(f"/escalations/{number}/steps/heard", data=words).status_code == 200
        assert next(numbers) >= 8
        ledger = client.get(f"/escalations/{number}").text + client.get(f"/escalations/{number}/result.json").text
        kept = "".join(path.read_text() for path in (tmp_path / "chats").glob("*.json"))
        copies = [client.get(f"/cases/{case.id}/copy/{what}.txt").text for what in ("brief", "decision", "message")]
        one.cases.put_away(case.id)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*")).decode("latin-1")
    assert "sk-ant-" not in ledger + stored, "the ledger's door takes no secret whatever was asked for"
    assert ("sk-ant-" in part + kept + "".join(copies)) == (level == "none")
