"""Who may speak to the page: the printed token or the password, our own Host and Origin, and nothing too large."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from agent import cli
from agent.backends.offline import OfflineBackend
from agent.policy.settings import load_settings
from agent.web import guard
from agent.web.app import application
from agent.web.guard import HEADERS, MOST_BODY, MOST_UNKNOWN, Door
from agent.web.site import Site

PORT = 8770
HERE = f"http://127.0.0.1:{PORT}"
ROOT = Path(__file__).resolve().parents[1]


def client_of(door: Door, base: str = HERE) -> TestClient:
    site = Site(door, OfflineBackend(), load_settings(None), keeps_ledger=False)
    return TestClient(application(site), base_url=base, follow_redirects=False, client=("127.0.0.1", 50000))


@pytest.fixture
def door() -> Door:
    return Door(PORT, "Ana")


@pytest.fixture
def client(door: Door) -> Iterator[TestClient]:
    with client_of(door) as made:
        yield made


@pytest.fixture
def entered(client: TestClient, door: Door) -> TestClient:
    client.get(f"/?token={door.token}")
    return client


def test_the_token_opens_and_leaves_the_address(client: TestClient, door: Door) -> None:
    answer = client.get(f"/?token={door.token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("escalation_8770=")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.casefold()
    assert door.token not in cookie
    assert "Paste a ticket" in client.get("/").text


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/cases/x", "/cases/x/events", "/escalations"])
def test_without_token_or_cookie_nothing_is_shown(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 403
    assert answer.text == "not known here: open the address that `escalation serve` printed, with its token\n"
    assert "set-cookie" not in answer.headers


def test_a_wrong_token_does_not_take_the_cookie_away(entered: TestClient) -> None:
    assert entered.get("/?token=wrong").headers["location"] == "/"
    assert entered.get("/").status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8770", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8770", "", "[::2]:8770"],
)
def test_a_name_that_is_not_ours_is_refused(entered: TestClient, host: str) -> None:
    answer = entered.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "expected the address that `escalation serve` printed" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8770", "localhost:8770", "LOCALHOST:8770", "[::1]:8770"])
def test_loopback_by_any_of_its_names_is_ours(client: TestClient, door: Door, host: str) -> None:
    assert client.get(f"/?token={door.token}", headers={"host": host}).status_code == 303


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:8771",
        "http://localhost:8770",
        "http://127.0.0.1:8770.evil",
        "",
    ],
)
def test_only_our_own_pages_may_write(entered: TestClient, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    answer = entered.post("/cases", data={"text": "The export fails."}, headers=headers)
    assert (answer.status_code, answer.text) == (
        403,
        "this request comes from another page: only the program's own pages may write\n",
    )
    assert "Open here" not in entered.get("/").text
    assert entered.post("/cases", data={"text": "The export fails."}, headers={"origin": HERE}).status_code == 303


def test_every_answer_has_the_strict_headers(client: TestClient, door: Door) -> None:
    answers = [
        client.get("/"),
        client.get("/", headers={"host": "evil.example"}),
        client.get(f"/?token={door.token}"),
        client.get("/"),
        client.get("/static/page.js"),
        client.get("/static/nothing.js"),
        client.get("/cases/none"),
        client.post("/cases", data={"text": ""}, headers={"origin": HERE}),
    ]
    assert [answer.status_code for answer in answers] == [403, 421, 303, 200, 200, 404, 404, 422]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self';")


def test_files_with_their_version_may_be_kept(entered: TestClient) -> None:
    page = entered.get("/").text
    names = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(names) >= 5
    for name in names:
        answer = entered.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_pages_hold_no_inline_script_or_style(entered: TestClient) -> None:
    page = entered.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page)


def test_a_body_that_is_too_large_is_not_read(entered: TestClient) -> None:
    answer = entered.post("/cases", headers={"origin": HERE, "content-length": str(MOST_BODY + 1)}, content=b"")
    assert answer.status_code == 413
    assert "at most 24 MB" in answer.text
    assert entered.post("/cases", headers={"origin": HERE, "content-length": "-1"}, content=b"").status_code == 413


def test_a_body_of_unknown_length_ends_at_the_bound(entered: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_BODY", 3000)
    body = (b"text=" + b"a" * 1000 for _ in range(4))
    headers = {"origin": HERE, "content-type": "application/x-www-form-urlencoded"}
    answer = entered.post("/cases", headers=headers, content=body)
    assert answer.status_code == 413
    assert "too large: at most 2 kB are taken" in answer.text


def test_who_is_not_known_may_send_no_more_than_a_password() -> None:
    door = Door(PORT, "Ana", password="a long password")
    with client_of(door) as client:
        headers = {"origin": HERE, "content-type": "application/x-www-form-urlencoded"}
        for content in (b"&" * (MOST_UNKNOWN + 1), (b"&" * 1000 for _ in range(5))):
            answer = client.post("/enter", headers=headers, content=content)
            assert answer.status_code == 413
            assert "at most 4 kB are taken" in answer.text
        assert client.post("/enter", headers=headers, content=b"password=a+long+password").status_code == 303


@pytest.mark.parametrize("others", ['prefs={"a":[1,2]}; b@d[]=1', "escalation_8770=theirs", "=; ;x", 'a="'])
def test_cookies_of_other_programs_do_not_hide_ours(client: TestClient, door: Door, others: str) -> None:
    ours = client.get(f"/?token={door.token}").headers["set-cookie"].partition(";")[0]
    client.cookies.clear()
    for cookie in (f"{others}; {ours}", f"{ours}; {others}"):
        assert client.get("/", headers={"cookie": cookie}).status_code == 200
    assert client.get("/", headers={"cookie": others}).status_code == 403


def test_by_tls_the_cookie_never_goes_without() -> None:
    there = "https://support.example.com"
    door = Door(PORT, "Ana", password="a long password", hosts=frozenset({"support.example.com"}))
    with client_of(door, there) as client:
        cookie = client.post("/enter", data={"password": "a long password"}, headers={"origin": there}).headers
        assert "; Secure" in cookie["set-cookie"]
    with client_of(Door(PORT, "Ana", password="a long password")) as client:
        cookie = client.post("/enter", data={"password": "a long password"}, headers={"origin": HERE}).headers
        assert "Secure" not in cookie["set-cookie"]


def test_a_fault_is_one_line_with_the_strict_headers(monkeypatch: pytest.MonkeyPatch, door: Door) -> None:
    site = Site(door, OfflineBackend(), load_settings(None), keeps_ledger=False)
    client = TestClient(application(site), HERE, raise_server_exceptions=False)
    client.get(f"/?token={door.token}")
    monkeypatch.setattr(Site, "kept_chats", lambda _: 1 // 0)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "this program failed (ZeroDivisionError at test_web_guard.py:" in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("seen", ["9" * 5000, "\u00b2", "-1", "x"])
def test_a_number_that_is_none_is_no_fault(entered: TestClient, seen: str) -> None:
    address = entered.post("/cases", data={"text": "The export fails."}, headers={"origin": HERE}).headers["location"]
    form = {"do": "answer", "words": "yes", "place": seen, "seen": "1"}
    answer = entered.post(f"{address}/say", data=form, headers={"origin": HERE})
    assert answer.status_code == 422
    assert "expected a number from 1 to" in answer.text
    if seen != "9" * 5000:
        assert entered.get(f"{address}/events", params={"seen": seen}).status_code == 200
    else:
        entered.post(f"{address}/away", headers={"origin": HERE})
        assert entered.get(f"{address}/events", params={"seen": seen}).status_code == 404


def test_a_file_in_the_place_of_words_is_none(entered: TestClient) -> None:
    answer = entered.post("/cases", files={"text": ("a.txt", b"The export fails.")}, headers={"origin": HERE})
    assert answer.status_code == 422
    assert "UploadFile" not in answer.text


def test_the_first_view_is_small(entered: TestClient) -> None:
    page = entered.get("/")
    sizes = [len(page.content)]
    for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        with entered.stream("GET", name, headers={"accept-encoding": "gzip"}) as answer:
            sizes.append(sum(len(piece) for piece in answer.iter_raw()))
    assert sum(sizes) < 60_000


def test_the_password_stands_for_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(guard.time, "monotonic", lambda: now[0])
    door = Door(PORT, "Ana", password="a long password", hosts=frozenset({"support.example.com"}), any_address=True)
    there = "http://support.example.com"
    with client_of(door, there) as client:
        assert client.get("/").headers["location"] == "/enter"
        assert client.get(f"/?token={door.token}").headers["location"] == "/enter"
        assert 'type="password"' in client.get("/enter").text
        assert client.post("/enter", data={"password": "a long password"}).status_code == 403  # no Origin
        for word, wait, code in [("wrong", 0, 403), ("a long password", 0.5, 403), ("a long password", 1.1, 303)]:
            now[0] += wait
            assert client.post("/enter", data={"password": word}, headers={"origin": there}).status_code == code
        assert "Paste a ticket" in client.get("/").text
        assert client.get("/", headers={"host": "192.0.2.7:8770"}).status_code == 200
        assert client.get("/", headers={"host": "evil.example"}).status_code == 421


def test_guesses_are_slowed_by_address() -> None:
    door = Door(PORT, "Ana", password="a long password")
    assert door.enter("wrong", "192.0.2.1") is None
    assert door.enter("a long password", "192.0.2.1") is None
    assert door.enter("a long password", "192.0.2.2") is not None
    assert door.enter("a long password", "192.0.2.2") is not None, "only wrong ones make others wait"
    assert door.enter("wrong", "2001:db8::1") is None
    assert door.enter("a long password", "2001:db8::2") is None, "a network of 64 bits is one guesser"
    assert door.enter("a long password", "2001:db8:0:1::2") is not None
    assert door.enter("a long password", "::ffff:192.0.2.1") is None, "the same address, heard by way of IPv6"
    assert door.enter("a long password", "::ffff:192.0.2.3") is not None


def test_who_keeps_guessing_does_not_lengthen_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(guard.time, "monotonic", lambda: now[0])
    door = Door(PORT, "Ana", password="a long password")
    for now[0] in (0.0, 0.3, 0.6, 0.9):
        assert door.enter("wrong", "192.0.2.1") is None
    now[0] = 1.0
    assert door.enter("a long password", "192.0.2.1") is not None


def test_a_password_that_is_no_utf8_is_compared_all_the_same() -> None:
    assert Door(PORT, "Ana", password="long enough \udcff").enter("long enough", "192.0.2.1") is None


def test_a_browser_has_its_own_name(client: TestClient, door: Door) -> None:
    client.get(f"/?token={door.token}")
    post = {"origin": HERE}
    assert client.post("/name", data={"by": "Ben Ode", "back": "/"}, headers=post).status_code == 303
    assert "You are Ben Ode" in client.get("/").text
    refused = client.post("/name", data={"by": "policy", "back": "/"}, headers=post)
    assert refused.status_code == 422
    assert 'name="back" value="/"' in refused.text, "an address that only takes forms is no way back"
    assert client.post("/name", data={"by": "B", "back": "//evil.example"}, headers=post).headers["location"] == "/"
    client.cookies.clear()
    client.get(f"/?token={door.token}")
    assert "You are Ana" in client.get("/").text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--host", "0.0.0.0"], "lets others in: set ESCALATION_SERVE_PASSWORD"),
        (["--host", "192.0.2.1"], "lets others in"),
        (["--name", "https://support.example.com"], "expected a host name alone, such as support.example.com"),
        (["--name", "support.example.com:8443"], "expected a host name alone"),
        (["--port", "70000"], "--port 70000: expected 0 to 65535"),
        (["--password-file", "none.txt"], "password file 'none.txt' cannot be read"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", *arguments]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1


def test_a_short_password_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ESCALATION_SERVE_PASSWORD", "short")
    assert cli.main(["serve"]) == 2
    assert capsys.readouterr().err == "escalation: the password has 5 characters: expected at least 12\n"


@pytest.mark.loopback
def test_the_server_itself_starts_serves_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "escalation.py"), "serve", "--port", "0", "--backend", "offline"]
    command += ["--ledger", str(tmp_path / "l.db"), "--by", "Ana"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
        assert address is not None, line
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address[0], timeout=10) as answer:
            assert b"You are Ana" in answer.read()
        again = subprocess.run(
            [*command, "--port", address[0].split(":")[2].split("/")[0]],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert again.returncode == 2
        assert "Address already in use; name another, or 0 for a free one" in again.stderr
        begun = time.monotonic()
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0
        assert time.monotonic() - begun < 5
    assert not (tmp_path / "l.db").exists()
