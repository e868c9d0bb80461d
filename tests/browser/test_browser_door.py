"""Who gets in, as a browser sees it: the token, the cookie, other names for us, other pages in the same browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx2
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from evals.browser.serving import Served
    from evals.browser.watch import Watch

pytestmark = pytest.mark.loopback

UNKNOWN = "not known here: open the address that `escalation serve` printed, with its token"


@contextmanager
def another_server(body: str) -> Iterator[str]:
    """Somebody else's page on this machine, at `/`. Gives its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/"
            self.send_response(200 if found else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if found:
                self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """No word on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_token_opens_and_leaves_the_address(page: Page, served: Served) -> None:
    assert page.url == f"{served.origin}/"
    assert served.site.door.token not in page.content()
    assert page.evaluate("() => performance.getEntries().some(({ name }) => name.includes('token'))") is False
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (served.site.door.cookie, True, "Lax")
    assert page.evaluate("() => document.cookie") == ""
    page.goto(f"{served.origin}/")
    expect(page.get_by_role("heading", name="Paste a ticket")).to_be_visible()


def test_without_the_cookie_nothing_is_shown(watch: Watch, served: Served) -> None:
    watch.expect("status of 403")
    tab = watch.new_page()
    for path in ("/", "/escalations", "/cases/x", "/?token=wrong", "/nowhere"):
        answer = tab.goto(served.origin + path)
        assert answer is not None
        assert (answer.status, tab.locator("body").inner_text().strip()) == (403, UNKNOWN)


def test_another_name_for_this_machine_is_refused(page: Page, served: Served) -> None:
    """As after DNS rebinding: the browser comes to our port, and believes that it is with somebody else."""
    (cookie,) = page.context.cookies()
    with httpx2.Client(cookies={cookie["name"]: cookie["value"]}, trust_env=False) as client:
        assert client.get(served.origin).status_code == 200
        for host in ("evil.example", f"evil.example:{served.site.door.port}", "127.0.0.1", "127.0.0.1:1"):
            answer = client.get(served.origin, headers={"Host": host})
            assert (answer.status_code, answer.text) == (
                421,
                f"Host {host!r}: expected the address that `escalation serve` printed\n",
            )


def test_a_page_of_another_origin_neither_writes_nor_reads_nor_frames(page: Page, watch: Watch, served: Served) -> None:
    """On the same machine: for the browser that is the same site, so our cookie comes along with each request."""
    body = f"""<!DOCTYPE html><title>elsewhere</title>
    <form method="post" action="{served.origin}/cases" enctype="multipart/form-data" target="into">
    <textarea name="text">From elsewhere</textarea></form><iframe name="into"></iframe>
    <iframe name="framed" src="{served.origin}/"></iframe>
    <script>
      const kinds = [{{mode: "no-cors"}}, {{mode: "cors"}}];
      const ours = {{credentials: "include"}}, body = new URLSearchParams({{text: "From elsewhere"}});
      window.tried = Promise.allSettled([
        ...kinds.map((kind) => fetch("{served.origin}/cases", {{...kind, ...ours, method: "POST", body}})),
        fetch("{served.origin}/", ours).then((answer) => answer.text()),
      ]).then((all) => all.map(({{ status, value }}) => status === "fulfilled" ? value.type ?? value : "refused"));
      document.forms[0].submit();
    </script>"""
    watch.expect("status of 403|CORS policy|ERR_FAILED|ERR_BLOCKED_BY_RESPONSE|Framing 'http|frame-ancestors|X-Frame")
    posts: list[tuple[str, int]] = []
    with another_server(body) as elsewhere:
        watch.allow(elsewhere)
        tab = watch.new_page()
        tab.on("response", lambda got: posts.append((got.request.method, got.status)) if "/cases" in got.url else None)
        tab.goto(elsewhere)
        tried = tab.evaluate("() => window.tried")
        tab.wait_for_load_state("networkidle")
        framed = tab.frame("framed")
        assert framed is not None
        assert framed.url == "chrome-error://chromewebdata/"
        assert (tried[1], tried[2]) == ("refused", "refused")
        assert posts
        assert set(posts) == {("POST", 403)}
        tab.close()
    assert served.site.cases.newest() == []
    page.reload()
    expect(page.get_by_text("Open here")).to_have_count(0)


def test_a_form_that_another_site_sends_arrives_without_the_cookie(watch: Watch, page: Page, served: Served) -> None:
    """`localhost` is another site than 127.0.0.1, and the cookie is Lax."""
    body = f"""<!DOCTYPE html><title>elsewhere</title><form method="post" action="{served.origin}/cases">
    <input name="text" value="From elsewhere"><button>Win</button></form><a href="{served.origin}/">a link</a>"""
    watch.expect("status of 403")
    with another_server(body) as elsewhere:
        site = elsewhere.replace("127.0.0.1", "localhost")
        watch.allow(site)
        tab = watch.new_page()
        tab.goto(site)
        with tab.expect_response("**/cases") as answer:
            tab.get_by_role("button").click()
        assert answer.value.status == 403
        assert "cookie" not in answer.value.request.all_headers()
        assert tab.locator("body").inner_text().strip() == (
            "this request comes from another page: only the program's own pages may write"
        )
        tab.goto(site)
        tab.get_by_role("link").click()  # a link may lead here
        expect(tab.get_by_role("heading", name="Paste a ticket")).to_be_visible()
    assert served.site.cases.newest() == []
    assert page.url == f"{served.origin}/"
