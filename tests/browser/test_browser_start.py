"""A ticket comes in: pasted with the keyboard alone, dropped as a file, long, hostile, or while nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from agent.render.sanitise import visible
from tests.browser import hostile

if TYPE_CHECKING:
    from threading import Event

    from playwright.sync_api import Browser, Page

    from evals.browser.serving import Served
    from evals.browser.watch import Watch

pytestmark = pytest.mark.loopback

EXAMPLES = Path(__file__).parents[2] / "examples"
DOWN = (EXAMPLES / "critical-portal-down.txt").read_text(encoding="utf-8")
SAID = "\n".join(line for line in DOWN.splitlines() if line[:1] != "[" and ": " not in line[:14])
"""What the messages of that ticket say, without what introduces them."""
AT_CASE = "**/cases/*"
DROP = """([name, text]) => {
  const data = new DataTransfer();
  if (name) data.items.add(new File([text], name, {type: "text/plain"}));
  else data.setData("text", text);
  const drag = {dataTransfer: data, bubbles: true, cancelable: true};
  for (const kind of ["dragover", "drop"]) document.querySelector("h1").dispatchEvent(new DragEvent(kind, drag));
}"""


def send(page: Page, text: str) -> None:
    """Paste a ticket and wait for its case."""
    page.get_by_label("The ticket", exact=True).fill(text)
    page.get_by_role("button", name="Read it").click()
    page.wait_for_url(AT_CASE)


def missing(page: Page, text: str) -> list[str]:
    """The lines of a text that the page does not show in the ticket's place, whatever stands between them."""
    shown = " ".join(page.locator("section.ticket").evaluate("(one) => one.textContent").split())
    return [line for line in map(" ".join, map(str.split, text.splitlines())) if line not in shown]


def test_the_keyboard_alone_pastes_and_sends_a_ticket(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("(text) => navigator.clipboard.writeText(text)", DOWN)
    page.keyboard.press("Control+V")  # the box has the focus
    expect(page.get_by_label("The ticket", exact=True)).to_have_value(DOWN)
    passed = []
    for _ in range(6):
        page.keyboard.press("Tab")
        passed.append(page.evaluate("() => document.activeElement.name || document.activeElement.textContent.trim()"))
        if passed[-1] == "Read it":
            break
    assert passed == ["file", "tier", "Read it"]
    page.keyboard.press("Enter")
    page.wait_for_url(AT_CASE)
    assert missing(page, SAID) == []


def test_control_and_enter_send_from_within_the_box(page: Page) -> None:
    page.keyboard.insert_text(DOWN)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(AT_CASE)


def test_the_first_key_leads_to_the_content(page: Page, served: Served) -> None:
    page.goto(f"{served.origin}/escalations")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.wait_for_url("**/escalations#main")


@pytest.mark.parametrize("path", ["/", "/escalations", "/cases"])
def test_nobody_is_kept_out_on_any_screen(
    page: Page,
    served: Served,
    axe: Callable[[Page], None],
    screens: Callable[[Page], Iterator[str]],
    path: str,
) -> None:
    """`/cases`: that of a ticket which is open here."""
    if path == "/cases":
        send(page, DOWN)
    else:
        page.goto(served.origin + path)
    for _ in screens(page):
        axe(page)


def test_a_file_is_dropped_anywhere_and_read(page: Page) -> None:
    page.evaluate(DROP, ["portal.txt", DOWN])
    page.wait_for_url(AT_CASE)
    assert missing(page, SAID) == []


def test_words_are_dropped_into_the_box(page: Page) -> None:
    page.evaluate(DROP, ["", "Only some words"])
    expect(page.get_by_label("The ticket", exact=True)).to_have_value("Only some words")


def test_a_file_is_chosen_and_read(page: Page) -> None:
    page.get_by_label("A file").set_input_files(EXAMPLES / "critical-portal-down.txt")
    page.wait_for_url(AT_CASE)
    assert missing(page, SAID) == []


def test_nothing_pasted_is_said_where_a_screen_reader_hears_it(page: Page, watch: Watch) -> None:
    watch.expect("status of 422|Error Code 422")
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("alert")).not_to_be_empty()


def test_a_hostile_ticket_shows_as_text_and_runs_nothing(
    page: Page, served: Served, screens: Callable[[Page], Iterator[str]]
) -> None:
    """`page` fails for whatever runs, opens, or is asked for elsewhere."""
    send(page, hostile.TICKET)
    assert missing(page, visible("\n".join(hostile.LINES))) == []
    names = page.locator("main *").evaluate_all("(all) => [...new Set(all.map((one) => one.localName))]")
    assert not {"script", "iframe", "svg", "img", "meta", "base", "link", "animate"} & set(names)
    assert page.evaluate(hostile.SUSPECT) == []
    list(screens(page))
    page.goto(served.origin)  # the list of what is open shows its subject
    expect(page.get_by_role("link", name="Portal down <script>")).to_be_visible()
    page.get_by_role("link", name="Portal down <script>").click()
    page.wait_for_url(AT_CASE)
    page.mouse.click(400, 400)


def test_what_is_refused_stays_in_its_box_as_text(page: Page, watch: Watch) -> None:
    watch.expect("status of 422|Error Code 422")
    page.get_by_label("The ticket", exact=True).fill(hostile.TICKET)
    page.evaluate("() => { document.querySelector('select').options[1].value = '<script>' }")
    page.locator("select").select_option(index=1)
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("alert")).to_contain_text("expected one of L1, L2, manager")
    kept = page.get_by_label("The ticket", exact=True).input_value()
    assert kept.replace("\ufffd", "\0").strip() == hostile.TICKET.strip()


def test_a_word_of_a_hundred_thousand_letters_wraps(page: Page, screens: Callable[[Page], Iterator[str]]) -> None:
    send(page, f"The portal is down.\n{'a' * 100_000}\n")
    assert list(screens(page)) != []


def test_a_server_that_went_away_is_said_and_the_words_stay(page: Page, watch: Watch, served: Served) -> None:
    watch.expect("ERR_CONNECTION_REFUSED|htmx:(sendError|afterRequest)")
    send(page, DOWN)
    box = page.get_by_label("Say more")
    box.fill("The customer called again: 250 users now.")
    served.stop()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("the program does not answer")
    expect(box).to_have_value("The customer called again: 250 users now.")
    served.start()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_turn_that_takes_a_while_shows_its_steps_and_then_its_result(page: Page, gate: Event) -> None:
    """The steps come by server-sent events into their own place; the result takes the place of all."""
    gate.clear()
    send(page, DOWN)
    expect(page.locator("[sse-connect]")).to_contain_text("Reading the ticket")
    gate.set()
    expect(page.locator("[sse-connect]")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text("scalate")


def test_a_server_that_went_away_does_not_take_the_pasted_ticket_along(
    page: Page, watch: Watch, served: Served
) -> None:
    watch.expect("ERR_CONNECTION_REFUSED|htmx:(sendError|afterRequest)")
    page.get_by_label("The ticket", exact=True).fill(DOWN)
    served.stop()
    page.get_by_role("button", name="Read it").click()
    page.wait_for_timeout(300)
    expect(page.get_by_label("The ticket", exact=True)).to_have_value(DOWN, timeout=1_000)


def test_print_shows_the_ticket_and_no_controls(page: Page) -> None:
    send(page, DOWN)
    page.emulate_media(media="print")
    expect(page.locator("section.ticket")).to_be_visible()
    for one in ("header.bar", "footer.foot", "main form"):
        expect(page.locator(one).first).to_be_hidden()


def test_the_page_works_without_scripts(browser: Browser, served: Served) -> None:
    with browser.new_context(java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(served.address)
        send(page, DOWN)
        expect(page.locator("section.ticket")).to_contain_text("The portal is down.")
        page.get_by_label("Say more").fill("The customer called again: 250 users now.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("section.ticket")).to_contain_text("250 users now")
