"""A ticket's whole way on the page: from pasting to its end in the ledger, by several people, by a hostile ticket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from agent.backends.offline import OfflineBackend
from agent.pipeline import escalate
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from agent.render import page_values
from evals.browser import screenshots
from evals.browser.chromium import NARROW
from evals.browser.watch import Watch
from evals.cases import CASES, load_case
from schemas.context import Context
from schemas.vocabulary import OWNER_LABEL
from tests.browser import hostile
from tests.browser.test_browser_start import DOWN, EXAMPLES, missing, send
from tests.test_real_tickets import FOLDER

if TYPE_CHECKING:
    from threading import Event

    from playwright.sync_api import Browser, Locator, Page

    from evals.browser.serving import Clock, Served
    from schemas.escalation import Escalation

pytestmark = pytest.mark.loopback

THREAT = (EXAMPLES / "needs-info-threat.txt").read_text(encoding="utf-8")
VALUE = "The annual value is 250,000 EUR, plan Enterprise."
FRIDAY = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
"""Soon after the last message of the portal's ticket."""
REAL = FOLDER / "AC-841.txt"
LONG = load_case(CASES / "129-label-template-chain.toml").source
MOST_TABS = 150
IN_VIEW = """(mark) => {
  const [own, pane] = [mark.getBoundingClientRect(), document.getElementById("ticket").getBoundingClientRect()];
  return own.top >= Math.max(pane.top, 0) && own.bottom <= Math.min(pane.bottom, innerHeight);
}"""
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const words = one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent || one.name;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {words: words.replace(/\\s+/g, " ").trim(), seen: ring && box.bottom > 0 && box.top < innerHeight};
}"""


def alone(text: str, now: datetime) -> Escalation:
    """What the program makes of a ticket without any page."""
    ticket = read_ticket(text)
    return escalate(ticket, context=Context(), backend=OfflineBackend(), settings=load_settings(), now=now)


def settled(page: Page, version: int) -> None:
    """Wait until so many turns are done, and the page shows it."""
    expect(page.locator(f"main.case[data-version='{version}']:not([sse-connect])")).to_be_visible()


def lit(page: Page) -> str:
    """What lights up in the ticket, without white space."""
    return "".join("".join(page.locator(".ticket mark.lit").all_text_contents()).split())


def quotes(result: Escalation, claims: set[str]) -> str:
    """The places of these claims in the ticket, in its order and without white space."""
    spans = [one.evidence for one in result.facts.claims() if one.id in claims and one.evidence]
    at = sorted({place for span in spans for place in range(span.start, span.end)})
    return "".join("".join(result.ticket.text[place] for place in at).split())


def changes(page: Page) -> list[str]:
    """What the card at the top says that changed."""
    return [" ".join(line.split()) for line in page.locator(".changed .changes > li").all_inner_texts()]


def undo(page: Page) -> None:
    page.get_by_role("button", name="Undo", exact=True).click()


def line(page: Page, name: str) -> Locator:
    """A line of the brief's form."""
    return page.locator(f"#brief-form textarea[name='line {name}']")


def step(page: Page, title: str) -> Locator:
    """The opened form of a step."""
    one = page.locator("details.step").filter(has=page.locator("summary", has_text=re.compile(f"^{title}$")))
    one.locator("summary").first.click()
    return one.locator("form")


def stand(page: Page, served: Served, clock: Clock) -> str:
    """The portal's ticket, read and opened in the ledger on its Friday. Gives the path of its escalation."""
    clock.now = FRIDAY
    page.goto(served.origin)
    send(page, DOWN)
    settled(page, 1)
    page.get_by_role("button", name="Open in the ledger").click()
    page.get_by_role("link", name="ESC-1 in the inbox").wait_for()
    return "/escalations/ESC-1"


@pytest.mark.parametrize("which", ["example", "real"])
def test_a_decision_is_read_and_its_evidence_found_both_ways(page: Page, clock: Clock, which: str) -> None:
    if which == "real" and not REAL.exists():
        pytest.skip("the real tickets are not part of this repository: set ESCALATION_SHARED to their folder")
    text = DOWN if which == "example" else REAL.read_text(encoding="utf-8")
    result = alone(text, clock.now)
    decision = result.decision
    assert decision.outcome == "escalate"
    assert decision.owner
    assert decision.severity
    assert decision.deadline
    send(page, text)
    settled(page, 1)
    assert missing(page, "\n".join(result.ticket.text[m.start : m.end] for m in result.ticket.messages)) == []

    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Escalate to {OWNER_LABEL[decision.owner]}")
    expect(page.locator(".headline .badge").first).to_have_text(decision.severity.capitalize())
    deadline = page.locator(".terms > div").filter(has=page.get_by_text("Deadline", exact=True))
    assert deadline.locator("time").get_attribute("datetime") == decision.deadline.isoformat()
    assert page.locator(".glance .rule .id").first.text_content() == decision.rules[0].id

    mentions = page_values(result)["mentions"]
    named = 0
    for row, claims in mentions.items():
        way = page.locator(".brief > .uses a.all" if row == "b-headline" else f"#{row} a.all")
        expect(way).to_have_count(1 if claims else 0)
        if claims:
            way.click()
            assert lit(page) == quotes(result, set(claims)) != ""
            assert page.locator(".ticket mark.lit").first.evaluate(IN_VIEW)
            expect(way).to_be_in_viewport()  # nobody loses the line
            named += 1
    assert named > 3

    fact, claim = next((n, c) for n, c in enumerate(result.facts.claims(), 1) if c.id in decision.rules[0].claims)
    page.locator(f".ticket a.n[data-n='{fact}']").first.click()
    assert "".join(claim.quote.split()) in lit(page)
    led = page.locator("#led a")
    names = led.all_text_contents()
    assert any(name.startswith(f"{decision.rules[0].id} ") for name in names)
    assert any(name.startswith(f"Fact {fact}: ") for name in names)
    lines = [one for one, claims in mentions.items() if claim.id in claims]
    assert {f"#{one}" for one in lines} <= {one.get_attribute("href") for one in led.all()}
    led.first.click()  # the way back keeps the light on
    back = page.locator(str(led.first.get_attribute("href")))
    expect(back).to_be_in_viewport()
    expect(back).to_have_class(re.compile(r"\blit\b"))
    page.keyboard.press("Escape")
    assert (lit(page), page.locator(".lit").count()) == ("", 0)


def test_an_answer_a_correction_and_an_edit_change_what_they_may_and_are_taken_back(page: Page) -> None:
    """The session of docs/chat.md, on the page."""
    send(page, THREAT)
    settled(page, 1)
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text("Ask first: what decides is not known yet")
    page.get_by_label("The answer, as known to support, to question 1").fill(VALUE)
    page.get_by_role("button", name="Answer question 1").click()
    settled(page, 2)
    expect(title).to_have_text("Escalate to Leadership")
    assert changes(page)[:2] == [
        "Outcome was: Ask first: what decides is not known yet now: Escalate to Leadership",
        "Severity was: None now: High",
    ]
    expect(page.locator(".changed summary")).to_contain_text("Ana Lima")
    assert missing(page, VALUE) == []

    fact = page.locator(".facts > li").filter(has_text="cancel our subscription").first
    fact.get_by_text("Wrong?").click()
    fact.get_by_label("Why it is wrong").fill("He took it back on the phone")
    fact.get_by_role("button", name="Take it back").click()
    settled(page, 3)
    withdrawn = page.locator(".facts > li.no").filter(has_text="cancel our subscription")
    expect(withdrawn).to_contain_text("He took it back on the phone")
    expect(withdrawn).to_contain_text("Ana Lima")
    expect(title).not_to_have_text("Escalate to Leadership")
    undo(page)
    settled(page, 4)
    expect(title).to_have_text("Escalate to Leadership")
    expect(page.get_by_text("He took it back on the phone").and_(page.locator(".why"))).to_have_count(0)

    page.get_by_text("Edit the brief", exact=True).click()
    box = line(page, "ISSUE DESCRIPTION")
    beside = page.locator(f"#held-{box.get_attribute('id')}")
    summary = page.locator("#brief-summary")
    before = box.input_value()
    expect(summary).to_have_text("Valid: nothing blocks.")
    box.press("Control+End")
    page.keyboard.type(" It hits 4711 users.")
    expect(beside).to_contain_text("Blocks Number without a source: “4711 users”")
    expect(summary).to_contain_text("1 finding blocks")
    expect(box).to_have_attribute("aria-invalid", "true")
    for _ in " It hits 4711 users.":
        page.keyboard.press("Backspace")
    expect(beside).to_be_empty()
    expect(summary).to_have_text("Valid: nothing blocks.")
    page.keyboard.type(" The customer waits for a call.")
    page.get_by_role("button", name="Save", exact=True).click()
    settled(page, 5)
    expect(page.locator("#b-description")).to_contain_text("The customer waits for a call.")
    undo(page)
    settled(page, 6)
    expect(page.locator("#b-description")).not_to_contain_text("The customer waits for a call.")
    assert line(page, "ISSUE DESCRIPTION").input_value() == before


def test_an_escalation_is_followed_to_its_end(page: Page, served: Served, clock: Clock) -> None:
    inbox = f"{served.origin}/escalations"
    stand(page, served, clock)
    page.get_by_role("link", name="ESC-1 in the inbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Portal down, nobody can log in")
    step(page, "Acknowledge").get_by_role("button", name="It is taken on").click()
    expect(page.locator("p.said")).to_contain_text("Written: ")
    expect(page.locator(".headline")).to_contain_text("Acknowledged")

    clock.forward(hours=5)
    page.goto(inbox)
    row = page.locator("li.row.overdue")
    expect(row.locator(".relative")).to_have_text("1 h overdue")
    row.get_by_role("link", name="ESC-1").click()
    late = page.locator(".clock-row.overdue").first
    expect(late.locator(".relative")).to_have_text("1 h overdue")
    late.get_by_text("Why then").click()
    reckoning = late.locator(".reckoning li")
    expect(reckoning.first).to_have_text("Escalated: Fri 2026-11-20 17:30 UTC")
    expect(reckoning.last).to_have_text("Overdue after 4 hours: Fri 2026-11-20 21:30 UTC")

    form = step(page, "Log what the customer was told")
    form.get_by_label("What was said").fill("The vendor restarts the session service at 23:00.")
    form.get_by_role("button", name="Log it").click()
    expect(page.locator("#story")).to_contain_text("The vendor restarts the session service at 23:00.")
    form = step(page, "Log what the team said")
    form.get_by_label("What was said").fill("A lock in the session store.")
    form.get_by_role("button", name="Log it").click()
    expect(page.locator("#story")).to_contain_text("A lock in the session store.")
    expect(page.locator(".clock-row.overdue")).to_have_count(0)

    form = step(page, "Resolve")
    form.get_by_label("What solved it").fill("Release 8.4.2")
    form.get_by_label("Root cause").fill("A lock in the session store")
    form.get_by_role("button", name="It is solved").click()
    expect(page.locator(".headline")).to_contain_text("Resolved")
    form = step(page, "Close the loop")
    form.get_by_label("The team that had it knows").check()
    form.get_by_label("The ticket says how it ended").check()
    form.get_by_role("button", name="Close it").click()
    expect(form.get_by_role("alert")).to_contain_text("“The customer knows”")
    expect(form.get_by_label("The team that had it knows")).to_be_checked()
    form.get_by_label("The customer knows").check()
    form.get_by_label("What was learned, for the next time").fill("Watch the session store")
    form.get_by_role("button", name="Close it").click()
    expect(page.locator(".headline")).to_contain_text("Closed")
    page.goto(inbox)
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    page.get_by_role("link", name="Show the closed ones too").click()
    expect(page.get_by_role("link", name="ESC-1")).to_be_visible()
    page.get_by_role("link", name="Statistics").click()
    figures = " ".join(page.locator("main").inner_text().split())
    assert "Resolved after, median 5.0 h" in figures
    assert "Breaches 2 customer 1, internal 1" in figures  # the updates that came late


def test_two_tabs_answer_and_edit_at_once_and_nothing_is_lost(page: Page, watch: Watch, gate: Event) -> None:
    watch.expect("status of (409|422)|Error Code (409|422)")
    send(page, THREAT)
    settled(page, 1)
    other = watch.new_page()
    other.add_init_script("window.setInterval = () => 0")  # it shall not look for news before this test wants it
    other.goto(page.url)
    unsent = "He also wants a credit note"
    page.get_by_label("Say more").fill(unsent)
    gate.clear()
    answer = "The answer, as known to support, to question 1"
    page.get_by_label(answer).fill(VALUE)
    page.get_by_role("button", name="Answer question 1").click()
    other.get_by_label("Say more").fill("The customer is at 14 Harbour Street now.")
    other.get_by_label("what you know (internal note)").check()
    other.get_by_role("button", name="Send").click()
    other.get_by_label(answer).fill("Another value: 9,000 EUR a year.")
    gate.set()
    for tab in (page, other):
        settled(tab, 3)
        assert missing(tab, f"{VALUE}\nThe customer is at 14 Harbour Street now.") == []
    expect(page.get_by_label("Say more")).to_have_value(unsent)
    # The question that the other tab was about to answer is settled, and its words are still there.
    expect(other.locator(".orphans textarea")).to_have_value("Another value: 9,000 EUR a year.")

    for tab in (page, other):
        tab.get_by_text("Edit the brief", exact=True).click()
    line(page, "ISSUE DESCRIPTION").fill("The customer gets invoices at an old address.")
    line(other, "ISSUE DESCRIPTION").fill("Invoices go to the wrong place.")
    line(other, "ESCALATION").fill("Invoices to an old address")
    page.get_by_role("button", name="Save", exact=True).click()
    settled(page, 4)
    other.get_by_role("button", name="Save", exact=True).click()
    told = other.get_by_role("alert")
    expect(told).to_contain_text("ISSUE DESCRIPTION reads otherwise now")
    expect(other.locator(".orphans textarea").first).to_have_value("Invoices go to the wrong place.")
    expect(told).to_contain_text("ISSUE DESCRIPTION reads otherwise now")  # until it is sent again
    expect(line(other, "ESCALATION")).to_have_value("Invoices to an old address")
    other.get_by_role("button", name="Save", exact=True).click()
    settled(other, 5)
    expect(told).to_be_empty()
    expect(other.locator("#b-description")).to_contain_text("The customer gets invoices at an old address.")
    expect(other.locator("#b-headline")).to_have_text("ESCALATION: Invoices to an old address")
    expect(other.locator(".orphans textarea").first).to_have_value("Invoices go to the wrong place.")


def test_two_people_write_under_their_names_and_over_nobody(
    page: Page, browser: Browser, served: Served, clock: Clock
) -> None:
    path = stand(page, served, clock)
    page.goto(served.origin + path)
    with browser.new_context() as elsewhere:
        second = Watch(elsewhere, served.origin)
        other = second.new_page()
        other.goto(served.address)
        named(other, "Max Ode")
        other.goto(served.origin + path)
        form = step(page, "Log what the team said")
        form.get_by_label("What was said").fill("The vendor looks into it.")
        step(other, "Acknowledge").get_by_role("button", name="It is taken on").click()
        expect(other.locator("#story")).to_contain_text("Max Ode")
        form.get_by_role("button", name="Log it").click()
        expect(form.get_by_role("alert")).to_contain_text("Somebody wrote first, so nothing was written.")
        expect(form.get_by_role("alert")).to_contain_text("Max Ode")
        expect(form.get_by_label("What was said")).to_have_value("The vendor looks into it.")
        form.get_by_role("button", name="Log it").click()
        expect(page.locator("#story")).to_contain_text("The vendor looks into it.")
        expect(page.get_by_text("You are Ana Lima")).to_be_visible()
        other.reload()
        expect(other.get_by_text("You are Max Ode")).to_be_visible()
        told = other.locator("#story li").filter(has_text="The vendor looks into it.")
        expect(told).to_contain_text("Ana Lima")
        assert second.found() == []


def harmless(page: Page) -> None:
    """Nothing of the ticket became more than text."""
    names = page.locator("main *").evaluate_all("(all) => [...new Set(all.map((one) => one.localName))]")
    assert names
    assert not {"script", "iframe", "img", "meta", "base", "link", "animate"} & set(names)
    assert page.evaluate(hostile.SUSPECT) == []


def named(page: Page, name: str) -> None:
    """Write under this name from now on."""
    page.locator(".who summary").click()
    page.get_by_label("Your name beside what you write").fill(name)
    page.get_by_role("button", name="Change").click()
    expect(page.locator(".who summary")).to_have_text(f"You are {name}")


def read_and_followed(page: Page, text: str) -> None:
    """Paste it without typing, and follow its evidence both ways."""
    page.evaluate("(text) => { document.getElementById('text').value = text }", text)
    page.get_by_role("button", name="Read it").click()
    page.wait_for_url("**/cases/*")
    settled(page, 1)
    harmless(page)
    for way in page.locator(".brief a.all").all()[:3]:
        way.click()
        assert lit(page) != ""
    page.locator(".ticket mark.lit").first.click(position={"x": 3, "y": 3})
    expect(page.locator("#led a").first).to_be_visible()
    harmless(page)


def test_a_hostile_ticket_is_text_on_every_page_of_its_way(page: Page, served: Served) -> None:
    """`page` fails for whatever runs, opens, or is asked for elsewhere."""
    words = "\n".join(hostile.LINES)
    named(page, hostile.LINES[2])
    read_and_followed(page, hostile.TICKET)
    for version, whose in enumerate(("what the customer said, word for word", "a request, a question, news"), 2):
        page.get_by_label("Say more").fill(words)
        page.get_by_label(whose).check()
        page.get_by_role("button", name="Send").click()
        settled(page, version)
        harmless(page)
    page.locator(".facts details.wrong summary").first.click()
    page.get_by_label("Why it is wrong").first.fill(hostile.LINES[2])
    page.get_by_role("button", name="Take it back").first.click()
    settled(page, 4)
    harmless(page)
    undo(page)
    settled(page, 5)
    page.get_by_text("Edit the brief", exact=True).click()
    line(page, "ESCALATION").fill(f"{hostile.LINES[0]} {hostile.LINES[2]}")
    line(page, "ISSUE DESCRIPTION").fill(words)
    expect(page.locator("#brief-summary")).to_contain_text("finding")
    harmless(page)
    page.get_by_role("button", name="Save", exact=True).click()
    settled(page, 6)
    expect(page.locator("#b-headline")).to_contain_text(hostile.LINES[0])
    harmless(page)

    page.get_by_role("button", name="Open in the ledger").click()
    page.get_by_role("link", name="ESC-1 in the inbox").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(hostile.LINES[0])
    form = step(page, "Log what the customer was told")
    form.get_by_label("What was said").fill(words)
    form.get_by_label("What was promised in it").fill(hostile.LINES[0])
    form.get_by_role("button", name="Log it").click()
    expect(page.locator("#story")).to_contain_text(hostile.LINES[2])
    page.locator("main details").evaluate_all("(all) => all.forEach((one) => { one.open = true })")
    harmless(page)
    searched = f"/escalations?holder={quote(hostile.LINES[2])}"
    for path in ("/escalations", searched, "/statistics", "/", "/escalations/ESC-1/report"):
        page.goto(served.origin + path)
        harmless(page)


def test_two_hostile_megabytes_are_read_opened_and_followed(page: Page) -> None:
    """What each page does with them is no other than with a few; that it comes at all is tested here."""
    page.set_default_timeout(120_000)
    read_and_followed(page, "\n".join([hostile.TICKET] * (2_000_000 // len(hostile.TICKET))))
    page.get_by_role("button", name="Open in the ledger").click()
    page.get_by_role("link", name="ESC-1 in the inbox").click()
    page.wait_for_url("**/ESC-1")
    harmless(page)


class Keys:
    """A person without a mouse."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def focus(self) -> str:
        """What has the focus, which must be somewhere, and seen."""
        found = self._page.evaluate(FOCUS)
        assert found is not None, "the focus is lost"
        assert found["seen"], f"nobody sees that the focus is on {found['words'][:60]!r}"
        return str(found["words"])

    def to(self, words: str, tab: str = "Tab") -> None:
        """Tab on until this has the focus."""
        passed: list[str] = []
        while len(passed) < MOST_TABS:
            self._page.keyboard.press(tab)
            passed.append(self.focus())
            if passed[-1].startswith(words):
                return
        pytest.fail(f"{words!r} is not reached, but {passed}")

    def press(self, keys: str = "Enter") -> None:
        self._page.keyboard.press(keys)


def test_the_keyboard_alone_leads_from_a_ticket_to_its_acknowledgement(page: Page) -> None:
    keys = Keys(page)
    page.keyboard.insert_text(THREAT)
    keys.to("Read it")
    keys.press()
    page.wait_for_url("**/cases/*")
    settled(page, 1)
    keys.to("The answer, as known to support, to question 1")
    page.keyboard.insert_text(VALUE)
    keys.to("Answer question 1")
    keys.press()
    settled(page, 2)
    keys.focus()
    keys.to("Show in the ticket what", "Shift+Tab")
    keys.press()
    assert lit(page) != ""
    keys.focus()
    keys.to("Edit the brief")
    keys.press()
    keys.to("Escalation")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(" again")
    keys.press("Control+Enter")
    settled(page, 3)
    keys.focus()
    keys.to("Open in the ledger", "Shift+Tab")  # it stands with the decision
    keys.press()
    settled(page, 4)
    keys.focus()
    keys.to("ESC-1 in the inbox")
    keys.press()
    page.wait_for_url("**/ESC-1")
    keys.to("Acknowledge")
    keys.press()
    keys.to("It is taken on")
    keys.press()
    expect(page.locator("p.said")).to_be_focused()
    expect(page.locator("p.said")).to_be_in_viewport()
    expect(page.locator(".headline")).to_contain_text("Acknowledged")


def looked_at(page: Page, axe: Callable[[Page], None], screens: Callable[[Page], Iterator[str]]) -> None:
    """On each screen no wider than it, and without barriers, light and dark."""
    for screen in screens(page):
        if screen != "narrow":
            axe(page)


def test_a_case_keeps_nobody_out(
    page: Page, axe: Callable[[Page], None], screens: Callable[[Page], Iterator[str]]
) -> None:
    """A ticket to ask about first, with talk, changes, a withdrawn fact, and a finding in the open editor."""
    send(page, THREAT)
    settled(page, 1)
    looked_at(page, axe, screens)
    page.get_by_label("The answer, as known to support, to question 1").fill(VALUE)
    page.get_by_role("button", name="Answer question 1").click()
    settled(page, 2)
    page.get_by_role("button", name="Why this decision?").click()
    settled(page, 3)
    page.locator(".facts details.wrong summary").last.click()
    page.get_by_label("Why it is wrong").last.fill("Not so")
    page.get_by_role("button", name="Take it back").last.click()
    settled(page, 4)
    page.locator(".brief a.all").first.click()
    page.get_by_text("Edit the brief", exact=True).click()
    line(page, "ISSUE DESCRIPTION").fill("It hits 4711 users.")
    expect(page.locator("#brief-form .finding.blocks").first).to_be_visible()
    page.get_by_text("Message to the customer", exact=True).last.click()
    page.get_by_text("Your own decision, or who holds it").click()
    looked_at(page, axe, screens)


def test_what_nothing_uses_is_folded_and_unfolds_where_one_asks_for_it(
    page: Page, axe: Callable[[Page], None], screens: Callable[[Page], Iterator[str]]
) -> None:
    """A mail of sixteen pages with everybody who is on it."""
    send(page, LONG)
    settled(page, 1)
    looked_at(page, axe, screens)
    page.set_viewport_size(NARROW)
    summary = page.locator("details.rest").last.locator("> summary")
    person = page.locator(".facts > li").filter(has_text="person: Marek Dudek")
    expect(summary).to_have_text("5 more that no rule and no line of the brief uses: person (5)")
    expect(person).not_to_be_visible()
    summary.press("Enter")
    expect(person).to_be_visible()
    summary.press("Enter")
    expect(person).not_to_be_visible()

    # From the ticket to the fact, and a correction that is being written when the page is put in anew.
    number = str(person.get_attribute("data-f"))
    page.locator(f".ticket a.n[data-n='{number}']").click()
    page.locator(f"#led a[href='#f-{number}']").click()
    expect(person).to_be_in_viewport()
    person.get_by_text("Wrong?").click()
    person.get_by_label("Why it is wrong").fill("He left")
    page.evaluate("() => document.querySelectorAll('details.rest').forEach((one) => (one.open = false))")
    page.get_by_role("button", name="Why this decision?").click()
    settled(page, 2)
    expect(person.get_by_label("Why it is wrong")).to_have_value("He left")
    expect(person.get_by_label("Why it is wrong")).to_be_visible()
    person.get_by_label("Why it is wrong").fill("")
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = false))")

    page.emulate_media(media="print")
    expect(person).to_be_visible()
    assert [one.inner_text() for one in page.locator("summary").all() if one.is_visible()] == []


def test_the_ledgers_pages_keep_nobody_out(
    page: Page, watch: Watch, served: Served, axe: Callable[[Page], None], screens: Callable[[Page], Iterator[str]]
) -> None:
    screenshots.seed(served)
    served.clock.forward(hours=3)
    for path in ("/escalations", "/statistics", "/escalations/ESC-1"):
        page.goto(served.origin + path)
        if path.endswith("ESC-1"):
            page.locator(".clock-row summary").first.click()
            step(page, "Log what the customer was told")
        looked_at(page, axe, screens)
    watch.expect("status of 404")
    page.goto(f"{served.origin}/cases/nowhere")
    expect(page.get_by_role("heading", name="Not done")).to_be_visible()
    looked_at(page, axe, screens)


def test_the_door_with_a_password_keeps_nobody_else_out(
    watch: Watch, served: Served, axe: Callable[[Page], None], screens: Callable[[Page], Iterator[str]]
) -> None:
    served.site.door.password = "a password of some length"
    tab = watch.new_page()
    tab.goto(served.origin)
    looked_at(tab, axe, screens)
    watch.expect("status of 403")
    tab.get_by_label("Password").fill("another one")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("alert")).to_contain_text("not the password")
    looked_at(tab, axe, screens)


def test_print_leaves_out_what_is_for_the_screen(page: Page, served: Served, clock: Clock) -> None:
    path = stand(page, served, clock)
    page.get_by_text("Edit the brief", exact=True).click()
    page.emulate_media(media="print")
    for there in ("h1", "section.ticket", "article.brief"):
        expect(page.locator(there).first).to_be_visible()
    controls = "form, button, textarea, input:not([type=hidden]), select, nav, .button"
    assert [one.inner_text() for one in page.locator(f"{controls}, summary").all() if one.is_visible()] == []
    page.goto(served.origin + path)
    expect(page.locator("#story")).to_be_visible()
    assert [one.inner_text() for one in page.locator(controls).all() if one.is_visible()] == []
