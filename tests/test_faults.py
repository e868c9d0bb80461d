"""What becomes of each fault of the model's side: how many requests, how long, and how it ends; see docs/faults.md.

The table below is what the tests hold the program to and what the page is made of, so neither can drift:
`python3 tests/test_faults.py` writes the page's table anew.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anthropic
import certifi
import httpx2
import pytest
from batches import Texts, go, run_of
from chats import EXPORT, NOW, Talk, turn
from fault_server import FAULTS, FaultServer, closing, nobody, self_signed

from agent.backends import claude, wire
from agent.backends.base import DraftCall, ExtractCall, ModelError
from agent.backends.claude import ClaudeBackend
from agent.backends.offline import OfflineBackend
from agent.batch import live
from agent.batch.run_folder import Row
from agent.chat import telling
from agent.chat.events import Refused, Spoken
from agent.cli import main
from agent.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_MODEL
from agent.pipeline import escalate, escalate_async
from schemas.ticket import Ticket

pytestmark = pytest.mark.loopback

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
TICKET = ROOT / "examples" / "engineering-export-fails.txt"
KEY = "key-of-a-test"
SHORT = {"timeout": 0.4, "call_seconds": 0.7}  # as 300 and 600 s: one whole wait and a part of the second
LONG = {"timeout": 20.0, "call_seconds": 40.0}
MOST_SECONDS = 10.0  # of one test on a busy machine: a fault that hangs would take LONG
BACKOFF = 2.0  # seconds: the SDK's own two pauses, 0.5 and 1 s at most
FIRST_PAUSE = 0.5  # seconds, before it hears that there is no time for another request


@dataclass(frozen=True)
class Fault:
    """A fault that each request meets, and what becomes of it.

    `requests`: that the server sees from `run`, before it gives up. `reason`: of the `ModelError`, None where it
    ends in a result. `says`: part of the one line. `pauses`: seconds between requests, at most. `slow`: ended by
    the clock.
    `turn`: requests and reason in a turn of the chat, whose answer is streamed and not repaired, where they differ.
    """

    name: str
    words: str
    requests: int
    reason: str | None
    says: str = ""
    pauses: float = 0.0
    slow: bool = False
    turn: tuple[int, str | None] | None = None

    @property
    def in_a_batch(self) -> tuple[int, str]:
        """Requests for a ticket in `batch` where the server answers nobody, and the ticket's state."""
        if self.reason is None:
            return self.requests, "done"
        if self.reason in OWN:
            return self.requests, "failed"
        if self.reason in SETUP or self.name in TOO_LONG:
            return 1, "waiting"
        return live.TRIES, "waiting"

    @property
    def in_a_turn(self) -> tuple[int, str | None]:
        if self.turn is not None:
            return self.turn
        return (1, None) if self.reason is None else (self.requests, self.reason)


OWN = ("http_400", "http_413", "refusal", "max_tokens", "end_turn", "tool_use", "invalid_input")
TOO_LONG = ("429 retry-after 3600", "429 retry-after date", "429 retry-after inf")  # to wait for
SETUP = ("http_401", "http_403", "http_404", "http_307", "http_302")


def tried_again(name: str, words: str, reason: str, says: str, **fields: Any) -> Fault:
    """The SDK makes two more requests."""
    return Fault(name, words, 3, reason, says, **{"pauses": BACKOFF, **fields})


def final(name: str, words: str, reason: str, says: str, **fields: Any) -> Fault:
    return Fault(name, words, 1, reason, says, **fields)


def hung_up(name: str, words: str) -> Fault:
    """It would go on for ever."""
    return final(name, words, "timeout", "did not finish an answer within 0.7 s", pauses=FIRST_PAUSE, slow=True)


def sent_back(name: str, words: str, reason: str, says: str, **fields: Any) -> Fault:
    """The road asks once more, with what is wrong; a turn of the chat does not."""
    return Fault(name, words, 2, reason, says, **{"turn": (1, reason), **fields})


NO_JSON, NO_API = "did not answer with JSON", "is not one of the Messages API"
NO_STREAM = (1, "not_messages_api")
STREAM = (1, "stream")

TABLE = (
    final("400", "400", "http_400", "refused the request (400: what the server says)"),
    final("401", "401, the key is refused", "http_401", "refused the key (401)"),
    final("403", "403", "http_403", "may not use"),
    final("404", "404", "http_404", "does not know"),
    final("413", "413, too large", "http_413", "characters are too many"),
    tried_again("408", "408", "http_408", "did not take the request (408: what the server says), after 2 retries"),
    tried_again("409", "409", "http_409", "did not take the request (409: what the server says), after 2 retries"),
    tried_again("429", "429 without retry-after", "http_429", "limits the rate (429: what the server says), after 2"),
    tried_again("429 retry-after 1", "429, retry-after up to 60 s", "http_429", "after 2 retries", pauses=120.0),
    final("429 retry-after 3600", "429, retry-after above 60 s", "http_429", "asks to wait 3600 s: try again then"),
    final("429 retry-after date", "429, retry-after as a date, above 60 s", "http_429", "asks to wait 7"),
    final("429 retry-after inf", "429, retry-after without end", "http_429", "try again tomorrow or later"),
    tried_again("429 retry-after nonsense", "429, retry-after that is no time", "http_429", "after 2 retries"),
    tried_again("429 retry-after no year", "429, retry-after as an impossible date", "http_429", "after 2 retries"),
    tried_again("500", "500", "http_500", "is not available (500: what the server says), after 2 retries"),
    tried_again("529", "529, overloaded", "http_529", "is not available (529: what the server says), after 2 retries"),
    tried_again("HTML error", "502 with a page that would steer a terminal", "http_502", "(502: no reason given)"),
    final("redirect", "307 to another host", "http_307", "sends on to localhost:"),
    final("redirect as GET", "302 to another host", "http_302", "where the ticket was not sent"),
    final("redirect nowhere", "307 to an address that is none", "http_307", "sends on to another address (307)"),
    Fault("slow first byte", "no first byte within 300 s", 2, "timeout", "within 0.7 s", BACKOFF, slow=True),
    Fault(
        "slow in the middle", "300 s of silence in the answer", 2, "timeout", "within 0.7 s", BACKOFF, True, turn=STREAM
    ),
    hung_up("drip", "a byte now and then"),
    hung_up("drip of headers", "a head that comes a byte now and then"),
    hung_up("to be continued", "answers that are to be continued, without end"),
    final("pings", "a stream of pings without end", "timeout", "did not finish an answer within 0.7 s", slow=True),
    tried_again("reset", "connection reset", "connection", "broke off ("),
    tried_again("hung up", "connection closed without an answer", "connection", "broke off (Server disconnected"),
    tried_again("cut in the middle", "cut in the middle", "connection", "broke off (peer closed", turn=STREAM),
    final("cut without a length", "cut, looks like the end", "not_messages_api", NO_JSON, turn=STREAM),
    final("cut before the end", "cut behind the content, before the end", "not_messages_api", NO_JSON, turn=STREAM),
    final("endless", "a body without end", "size", "sent more than"),
    tried_again("gzip garbage", "gzip that cannot be unpacked", "connection", "cannot be unpacked", turn=STREAM),
    final("gzip bomb", "gzip that unpacks a thousandfold", "size", "sent more than"),
    Fault("gzip", "gzip although not asked", 2, None),
    final("HTML", "200 with a page", "not_messages_api", NO_API, turn=NO_STREAM),
    final("wrong JSON", "wrong JSON", "not_messages_api", NO_JSON, turn=NO_STREAM),
    final("not UTF-8", "JSON that is not UTF-8", "not_messages_api", NO_JSON, turn=STREAM),
    final("deep JSON", "JSON of 200,000 brackets", "not_messages_api", NO_JSON, turn=NO_STREAM),
    final("huge number", "JSON with a number of 5,000 digits", "not_messages_api", NO_JSON, turn=NO_STREAM),
    final("JSON of another API", "JSON of another API", "not_messages_api", NO_API, turn=NO_STREAM),
    final("event stream unasked", "a stream though none was asked", "not_messages_api", NO_API, turn=(1, None)),
    Fault("plain body for a stream", "no stream though one was asked", 2, None, turn=NO_STREAM),
    final("error in the stream", "200, then an error as an event", "not_messages_api", NO_API, turn=STREAM),
    final("events out of order", "events out of order", "not_messages_api", NO_API, turn=STREAM),
    final("events without fields", "events without their fields", "not_messages_api", NO_API, turn=STREAM),
    Fault("no stop_reason", "neither stop_reason nor usage", 2, None, turn=NO_STREAM),
    sent_back("empty content", "empty content", "end_turn", "answered with no content"),
    sent_back("tool_choice ignored", "text; tool_choice was ignored", "end_turn", "answered with no tool call"),
    sent_back("JSON in a text", "the right JSON, in a text", "end_turn", "answered with no tool call"),
    sent_back("wrong tool", "another tool", "tool_use", "where record_facts was expected"),
    sent_back("wrong input", "an input that does not fit the schema", "invalid_input", "filled record_facts wrongly"),
    sent_back(
        "input that is no JSON", "an input that is no JSON", "invalid_input", "filled record_facts wrongly", turn=STREAM
    ),
    sent_back("right tool twice", "the right tool twice, first wrong", "invalid_input", "filled record_facts wrongly"),
    Fault("right tool among others", "the right tool among others", 2, None),
    final("refusal", "refusal", "refusal", "declined while reading the ticket"),
    final("max_tokens", "max_tokens", "max_tokens", "did not finish reading the ticket"),
)
NAMES = [fault.name for fault in TABLE]
each_fault = pytest.mark.parametrize("fault", TABLE, ids=NAMES)


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What a model without a fault answers: what the offline rules do, seen from outside."""
    made: dict[str, Any] = {"take_turn": turn(say="The export stops at about 60 %.").model_dump(mode="json")}

    class Kept(OfflineBackend):
        def answer(self, call: Any) -> Any:
            reply = super().answer(call)
            made["submit_brief" if isinstance(call, DraftCall) else "record_facts"] = reply.value.model_dump(
                mode="json"
            )
            return reply

    assert escalate(EXPORT, backend=Kept(), now=NOW).brief_status == "valid"
    return made


@pytest.fixture(scope="module")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One certificate of the usual hundred and more: reading these takes longer than a fault."""
    end = "-----END CERTIFICATE-----\n"
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end, encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def small(one_authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies without end take a moment only, and so does making a client."""
    monkeypatch.setenv("SSL_CERT_FILE", str(one_authority))
    monkeypatch.setattr(wire, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(wire, "MOST_COMPRESSED", 30_000)


@contextmanager
def bounded(fault: Fault, pauses: list[float]) -> Iterator[None]:
    """Inside, the fault takes no longer than the table says, with all waits shortened alike."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < MOST_SECONDS
    assert sum(pauses) <= fault.pauses


def run(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Fault, *more: str
) -> tuple[int, str, list[str]]:
    """`escalation run`: exit code, stdout, and the lines on stderr."""
    settings = SHORT if fault.slow else LONG
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    monkeypatch.setattr(claude, "ClaudeBackend", partial(ClaudeBackend, **settings))
    code = main(["run", str(TICKET), "--now", NOW.isoformat(), "--format", "json", *more])
    said = capsys.readouterr()
    return code, said.out, said.err.splitlines()


def test_every_fault_of_the_server_is_in_the_table() -> None:
    assert len(set(NAMES)) == len(NAMES)
    # A sync client cannot bound what comes before a response; see the page.
    assert set(NAMES) == set(FAULTS) - {"ok", "429 retry-after 30"}


@each_fault
def test_run(
    fault: Fault,
    answers: dict[str, Any],
    no_waiting: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with FaultServer(answers, fault.name) as server, bounded(fault, no_waiting):
        code, out, err = run(server.url, monkeypatch, capsys, fault)
    assert len(server.requests) == fault.requests
    if fault.reason is None:
        assert (code, err, json.loads(out)["backend"]) == (EXIT_DONE, [], "claude")
        return
    assert (code, out) == (EXIT_MODEL, "")
    (line,) = err
    assert line.startswith("escalation: ")
    assert line.endswith(", or use --backend offline")
    assert fault.says in line
    assert line.isprintable()
    assert KEY not in line


class Caught(ClaudeBackend):
    """Keeps why its last call failed."""

    reason: str | None = None

    def answer_streamed(self, call: Any, listener: Callable[[str], None]) -> Any:
        try:
            return super().answer_streamed(call, listener)
        except ModelError as error:
            self.reason = error.reason
            raise

    async def answer_async(self, call: Any) -> Any:
        try:
            return await super().answer_async(call)
        except ModelError as error:
            self.reason = error.reason
            raise


def backend(url: str, fault: Fault | None = None) -> Caught:
    return Caught("claude-test", url, KEY, **(SHORT if fault is not None and fault.slow else LONG))


@each_fault
def test_async_and_the_fallback(fault: Fault, answers: dict[str, Any], no_waiting: list[float]) -> None:
    with FaultServer(answers, fault.name) as server, bounded(fault, no_waiting):
        model = backend(server.url, fault)
        result = asyncio.run(escalate_async(EXPORT, backend=model, now=NOW, fallback="offline"))
    assert (len(server.requests), model.reason) == (fault.requests, fault.reason)
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    if fault.reason is None:
        assert (result.backend, result.usage.calls) == ("claude", 2)
    else:
        assert (result.backend, result.model, result.provenance.backend) == ("offline", None, "offline")
        assert result.warnings[0].startswith("The model could not be used, the offline backend ran in its place: ")
        assert fault.says in result.warnings[0]


@each_fault
def test_a_turn_of_the_chat(fault: Fault, answers: dict[str, Any], no_waiting: list[float]) -> None:
    talk = Talk(EXPORT)
    before = talk.chat.session
    requests, reason = fault.in_a_turn
    with FaultServer(answers, fault.name) as server, bounded(fault, no_waiting):
        watched = backend(server.url, fault)
        talk.chat._backend = telling.Telling(watched, talk.told.append)
        talk.say("How far does the export come?")
    assert len(server.requests) == requests
    assert watched.reason == reason
    assert all(request.body["stream"] for request in server.requests)
    assert (talk.chat.session.result, talk.chat.session.original) == (before.result, before.original)
    if reason is None:
        assert [event.text for event in talk.of(Spoken)] == ["The export stops at about 60 %."]
    else:
        (told,) = talk.of(Refused)
        assert told.line.isprintable()


# A fault that passes, one that comes late, and several at once


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    ("plan", "requests", "code"),
    [
        (("529", "ok"), 3, EXIT_DONE),
        (("429 retry-after 1", "reset", "ok"), 4, EXIT_DONE),
        (("cut in the middle", "500", "ok", "hung up", "500", "ok"), 6, EXIT_DONE),
        (("tool_choice ignored", "ok"), 3, EXIT_DONE),
        (("ok", "tool_choice ignored", "ok"), 3, EXIT_DONE),
        (("ok", "max_tokens", "ok"), 3, EXIT_DONE),
        (("ok", "wrong input", "max_tokens", "ok"), 3, EXIT_MODEL),  # a repair that grows will not get shorter
        (("ok", "429"), 4, EXIT_MODEL),
        (("ok", "401"), 2, EXIT_MODEL),
        (("ok", "refusal"), 2, EXIT_MODEL),
        (("ok", "tool_choice ignored"), 3, EXIT_MODEL),  # the same again: not asked a third time
        (("ok", "wrong tool"), 3, EXIT_MODEL),
        (("ok", "empty content"), 3, EXIT_MODEL),
        (("ok", "max_tokens"), 3, EXIT_MODEL),
        (("ok", "wrong tool", "empty content", "wrong input", "ok"), 4, EXIT_MODEL),  # two repairs, no third
        # Retries and repairs do not multiply: each of two calls has its own two retries, whatever its answer is.
        (("500", "500", "wrong tool", "500", "500", "wrong tool", "ok"), 6, EXIT_MODEL),
        (
            ("500", "500", "ok", "500", "500", "wrong tool", "500", "500", "empty content", "500", "500", "ok"),
            12,
            EXIT_DONE,
        ),
    ],
    ids=lambda value: " + ".join(value) if isinstance(value, tuple) else None,
)
def test_requests_are_counted(
    plan: tuple[str, ...],
    requests: int,
    code: int,
    answers: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with FaultServer(answers, *plan) as server:
        ended, out, err = run(server.url, monkeypatch, capsys, TABLE[0])
    assert (len(server.requests), ended) == (requests, code)
    if code == EXIT_MODEL and plan[0] == "ok":
        assert err[0].startswith("escalation: decided before the model failed: escalate, owner engineering")
        assert len(err) == 2
    assert bool(out) == (code == EXIT_DONE)


def test_no_repair_is_asked_for_where_none_is_allowed(
    answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for plan, requests in ((("tool_choice ignored",), 1), (("ok", "tool_choice ignored"), 2)):
        with FaultServer(answers, *plan) as server:
            assert run(server.url, monkeypatch, capsys, TABLE[0], "--max-repairs", "0")[0] == EXIT_MODEL
        assert len(server.requests) == requests


# Before there is a request


def test_nobody_listens(
    no_waiting: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with nobody() as url:
        code, _, err = run(url, monkeypatch, capsys, TABLE[0])
    assert (code, len(no_waiting)) == (EXIT_MODEL, 2)
    assert err == [
        f"escalation: cannot reach {url} ([Errno 111] Connection refused), after 2 retries; "
        "check the network and ANTHROPIC_BASE_URL, or use --backend offline"
    ]


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["closed", "speaks HTTP"])
def test_tls_is_refused(
    data: bytes, no_waiting: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(data) as (url, calls):
        code, _, err = run(url, monkeypatch, capsys, TABLE[0])
    assert (code, len(calls), len(no_waiting), len(err)) == (EXIT_MODEL, 3, 2, 1)
    assert f"cannot reach {url} (" in err[0]


def test_a_certificate_that_nobody_vouches_for(
    answers: dict[str, Any],
    tmp_path: Path,
    no_waiting: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        context = self_signed(tmp_path)
    except FileNotFoundError:
        pytest.skip("no openssl")
    with FaultServer(answers, "ok", context=context) as server:
        code, _, err = run(server.url, monkeypatch, capsys, TABLE[0])
    assert (code, server.requests, len(no_waiting), len(err)) == (EXIT_MODEL, [], 2, 1)
    assert "CERTIFICATE_VERIFY_FAILED" in err[0]


@pytest.mark.parametrize(
    "url", ["gateway", "http://127.0.0.1:99999", "http://127.0.0.1:port", "ftp://127.0.0.1", "http://[bad", "http://"]
)
def test_an_address_that_is_none(
    url: str, no_waiting: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(url, monkeypatch, capsys, TABLE[0])
    assert (code, len(no_waiting)) == (EXIT_MODEL, 0)
    assert err == [
        f"escalation: ANTHROPIC_BASE_URL {url!r}: expected an address such as https://gateway.example; "
        "set it again or unset it, or use --backend offline"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "foo://u:word@host"),
        ("HTTP_PROXY", "http://u:word@h:port"),
        ("ALL_PROXY", "socks5://u:word@127.0.0.1:9"),
    ],
)
def test_a_proxy_that_is_none(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where the package is not installed
    monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match="check HTTPS_PROXY") as caught:
        ClaudeBackend("claude-test", "http://127.0.0.1:9", KEY).answer(ExtractCall(Ticket(text="It is down.")))
    assert (caught.value.reason, "word" in str(caught.value)) == ("address", False)


def test_a_password_in_an_address_that_is_none_is_not_shown() -> None:
    with pytest.raises(ModelError) as caught:
        ClaudeBackend("claude-test", "http://user:word@host:port", KEY).answer(ExtractCall(Ticket(text="It is down.")))
    assert "'host:port'" in str(caught.value)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-secret\r\nx: y", "sk-\x00secret"])
def test_a_key_that_no_header_may_hold_is_not_shown(key: str, no_waiting: list[float]) -> None:
    with FaultServer({}, "ok") as server, pytest.raises(ModelError) as caught:
        ClaudeBackend("claude-test", server.url, key).answer(ExtractCall(Ticket(text="It is down.")))
    assert (server.requests, caught.value.reason, len(no_waiting)) == ([], "no_key", 2)
    assert "secret" not in str(caught.value)


# What the program asks of the wire


def test_what_the_sdk_would_wait_is_read_as_the_sdk_reads_it() -> None:
    client = anthropic.Anthropic(api_key=KEY)
    for given in (
        {"retry-after": "7"},
        {"retry-after": "0.5"},
        {"retry-after": "-3"},
        {"retry-after": "soon"},
        {"retry-after": ""},
        {},
        {"retry-after-ms": "1500", "retry-after": "9"},
        {"retry-after-ms": "x", "retry-after": "9"},
        {"retry-after": "Fri, 31 Dec 2100 23:59:59 GMT"},
        {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"},
        {"retry-after": "inf"},
    ):
        headers = httpx2.Headers(given)
        assert wire.wait_asked(headers) == pytest.approx(client._parse_retry_after_header(headers), abs=5), given


def test_one_answer_more_than_a_model_can_write_fits() -> None:
    text = json.dumps("\u6771" * 128_000)  # each token one character, each character six bytes
    assert len(text) * 8 < 32 * 2**20


@pytest.mark.parametrize("header", ["retry-after", "retry-after-ms"])
def test_a_wait_that_is_no_number_is_none(header: str) -> None:
    assert wire.wait_asked(httpx2.Headers({header: "nan"})) is None


def test_a_redirect_takes_neither_key_nor_ticket_along(answers: dict[str, Any]) -> None:
    with FaultServer(answers, "redirect", "ok") as server, pytest.raises(ModelError, match="was not sent"):
        escalate(EXPORT, backend=backend(server.url), now=NOW)
    (request,) = server.requests
    assert request.headers["host"].startswith("127.0.0.1")


# As a process


@contextmanager
def process(url: str, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """`escalation run`, which does not outlive the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "http", "HTTP"))}
    with subprocess.Popen(
        [sys.executable, "-m", "agent", "run", str(TICKET), "--now", NOW.isoformat(), "--format", "json", *more],
        cwd=ROOT,
        env=kept | {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A run in the background of a shell hands on that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_a_process_with_its_own_pauses(answers: dict[str, Any]) -> None:
    with FaultServer(answers, "429") as server, process(server.url) as ended:
        out, err = ended.communicate(timeout=60)
    assert (ended.returncode, out, len(err.splitlines())) == (EXIT_MODEL, "", 1)
    first, second, third = (request.at for request in server.requests)
    assert 0.3 < second - first < 5
    assert 0.6 < third - second < 5


@pytest.mark.parametrize("fault", ["slow in the middle", "429 retry-after 30"])
def test_ctrl_c_ends_a_call_at_once(fault: str, answers: dict[str, Any]) -> None:
    with FaultServer(answers, fault) as server, process(server.url, "--fallback", "offline") as running:
        assert server.reached.wait(60)
        time.sleep(0.3)  # so that the pause or the silence has begun
        pressed = time.monotonic()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        took = time.monotonic() - pressed
    assert (running.returncode, out, err) == (EXIT_INTERRUPTED, "", "escalation: interrupted\n")
    assert took < 5
    assert len(server.requests) == 1


# The page

BEGIN, END = "<!-- made by tests/test_faults.py -->", "<!-- end -->"


def batch(fault: Fault, answers: dict[str, Any], path: Path, rules: bool = False) -> tuple[Row, int, ModelError | None]:
    """A run of one ticket, so that nobody else is answered, its waits shortened: its row, all requests, the outage."""
    with FaultServer(answers, fault.name) as server:
        model = ClaudeBackend("claude-test", server.url, KEY, retries=0, **(SHORT if fault.slow else LONG))
        run = run_of(path / "run", model, now=NOW)
        with run.folder:
            ended = go(run, Texts({"export": EXPORT}), rules=rules, concurrency=1)
            (row,) = run.folder.rows(run.scan)
    return row, len(server.requests), ended.outage


@each_fault
def test_batch(fault: Fault, answers: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault.slow:
        monkeypatch.setattr(live, "TRIES", 2)
    requests, state = fault.in_a_batch
    row, made, outage = batch(fault, answers, tmp_path)
    assert (made, row.state) == (requests, state)
    assert (outage is not None) == (state == "waiting")
    if state == "done":
        assert row.backend == "claude"
    else:
        assert row.error is not None
        assert row.error.isprintable()
        assert KEY not in row.error


@pytest.mark.parametrize("name", ["400", "401", "500", "wrong tool", "refusal"])
def test_the_fallback_of_a_batch(name: str, answers: dict[str, Any], tmp_path: Path) -> None:
    fault = TABLE[NAMES.index(name)]
    row, made, _ = batch(fault, answers, tmp_path, rules=True)
    assert (made, row.state, row.backend) == (fault.in_a_batch[0], "done", "offline")


def rows() -> str:
    """The table of docs/faults.md."""
    head = ("each request meets", "requests of `run`", "pauses at most", "ends in", "requests of a turn", "ends in")
    head += ("requests for a ticket in `batch`", "which then")
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for fault in TABLE:
        requests, reason = fault.in_a_turn
        tries, state = fault.in_a_batch
        pauses = f"{fault.pauses:g} s" if fault.pauses else "none"
        lines.append(
            f"| {fault.words} | {fault.requests} | {pauses} | {fault.reason or 'the result'} | {requests} "
            f"| {reason or 'the result'} | {tries} | {'has its result' if state == 'done' else state} |"
        )
    return "\n".join(lines)


def test_the_page_shows_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == rows(), "write it anew: python3 tests/test_faults.py"


def test_the_page_names_the_bounds() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for bound in (
        f"{claude.CALL_SECONDS:g} seconds for one call",
        f"{claude.DEFAULT_TIMEOUT:g} seconds of silence",
        f"{wire.CONNECT_SECONDS:g} seconds to be connected",
        f"{wire.LONGEST_WAIT:g} seconds",
        f"{claude.MAX_RETRIES + 1} requests for one call",
    ):
        assert bound in text, bound


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{rows()}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
