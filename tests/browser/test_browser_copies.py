"""Text that is taken along: onto the clipboard, or shown selected where the browser forbids that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_browser_journey import settled, stand
from tests.browser.test_browser_start import DOWN, send

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from evals.browser.serving import Clock, Served

pytestmark = pytest.mark.loopback

FORBIDDEN = "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })"
"""As over plain http on another host."""


def on_the_clipboard(page: Page) -> str:
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def selected(page: Page, what: str) -> str:
    """What the dialog holds, all of it selected; closes it."""
    box = page.get_by_role("textbox", name=f"The browser does not let this page copy {what}.")
    chosen = str(box.evaluate("(one) => one.value.slice(one.selectionStart, one.selectionEnd)"))
    assert chosen == box.input_value()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    return chosen


def message(page: Page) -> Locator:
    """The button beside the message to the customer, whose words were changed in its box."""
    page.locator("#to-customer > summary").click()
    page.locator("#letter").fill("Hello Ada,\n\nwe are on it.")
    return page.locator("#to-customer").get_by_role("button", name="Copy", exact=True)


def words(page: Page) -> tuple[Locator, str]:
    """The button beside the first ready words of an escalation, and the words."""
    ready = page.locator("details").filter(has=page.get_by_text("Words to send", exact=True)).first
    ready.locator("summary").click()
    return ready.get_by_role("button", name="Copy"), str(ready.locator("pre").text_content())


def test_what_is_copied_is_on_the_clipboard(page: Page, served: Served, clock: Clock) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    send(page, DOWN)
    settled(page, 1)
    page.get_by_role("link", name="Copy the decision: Markdown").click()
    told = page.locator(".copied")
    expect(told).to_have_text("Copied the decision (markdown)")
    assert "**" in on_the_clipboard(page)
    message(page).click()
    expect(told).to_have_text("Copied the message")
    assert on_the_clipboard(page) == "Hello Ada,\n\nwe are on it."
    page.get_by_role("button", name="Keep these words").click()
    settled(page, 2)
    page.goto(served.origin + stand(page, served, clock))
    button, ready = words(page)
    button.click()
    expect(told).to_have_text("Copied the words to send")
    assert on_the_clipboard(page) == ready != ""


def test_where_the_browser_forbids_the_clipboard_the_text_is_shown_selected(
    page: Page, served: Served, clock: Clock
) -> None:
    page.add_init_script(FORBIDDEN)
    page.goto(served.origin + stand(page, served, clock))
    button, ready = words(page)
    button.click()
    assert selected(page, "the words to send") == ready != ""
    page.goto(served.origin)
    send(page, DOWN)
    settled(page, 1)
    page.get_by_role("link", name="Copy the decision: Plain text").click()
    assert "Critical" in selected(page, "the decision")
    message(page).click()
    assert selected(page, "the message") == "Hello Ada,\n\nwe are on it."
    page.get_by_role("button", name="Keep these words").click()
    settled(page, 2)
