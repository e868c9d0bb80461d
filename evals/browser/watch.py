"""What a page must never do, seen from the browser: errors, scripts that are not ours, words to somebody else."""

import re
from contextlib import suppress

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Page, Request, WebError

MARK = "__ran"
"""A script that got in sets this on `window`; see tests/browser/hostile.py."""
TRAP = f"Object.defineProperty(window, '{MARK}', {{ set() {{ console.error('a script of the ticket ran') }} }})"
LONGEST = 300


class Watch:
    """Everything in a context that speaks against the page, in the order in which it happened.

    `origins`: to whom it may speak.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context, self.origins, self.faults = context, [origin], list[str]()
        self._expected: list[re.Pattern[str]] = []
        self._pages_expected = 0
        context.add_init_script(TRAP)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("dialog", self._dialog)
        context.on("request", self._request)
        context.on("page", self._page)

    def expect(self, pattern: str) -> None:
        """What the test brings about by itself, such as `status of 422`, is no fault."""
        self._expected.append(re.compile(pattern))

    def allow(self, origin: str) -> None:
        """Another page that the test opens by itself may be asked for, too."""
        self.origins.append(origin)

    def new_page(self) -> Page:
        """Another tab of the same browser."""
        self._pages_expected += 1
        return self.context.new_page()

    def found(self) -> list[str]:
        """The faults that no test expected."""
        for page in self.context.pages:
            with suppress(Error):  # on its way elsewhere
                page.evaluate("() => 0")  # what happened before this has been told when it is answered
        return [fault for fault in self.faults if not any(pattern.search(fault) for pattern in self._expected)]

    def _console(self, message: ConsoleMessage) -> None:
        # What the Content-Security-Policy stopped is told here, too: by then there was something to stop.
        where = message.location.get("url", "")
        # Where a page names no icon, the browser asks for this one by itself.
        if message.type in ("error", "warning") and not where.endswith("/favicon.ico"):
            self._note(f"console: {message.text} ({where})")

    def _error(self, error: WebError) -> None:
        self._note(f"uncaught: {error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not any(request.url.startswith(f"{origin}/") for origin in self.origins):
            self._note(f"request to another origin: {request.method} {request.url}")

    def _page(self, page: Page) -> None:
        page.on("download", lambda download: self._note(f"download: {download.url}"))
        page.on("crash", lambda _: self._note("the page crashed"))
        self._pages_expected -= 1
        if self._pages_expected < 0:
            self._note(f"popup: {page.url}")

    def _note(self, fault: str) -> None:
        self.faults.append(fault if len(fault) <= LONGEST else f"{fault[:LONGEST]}…")
