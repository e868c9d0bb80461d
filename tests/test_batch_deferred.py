"""Calls by the vendor's batches: each ticket one result, no request paid twice, whatever the vendor and the machine do.

Time is a number that a pause moves on, so nothing waits.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from batches import MODEL, Texts, answer, text_of, tickets
from batches_server import Vendor, sha

from agent.backends.base import ModelUnavailable
from agent.backends.claude import ClaudeBackend
from agent.backends.offline import OfflineBackend
from agent.batch.deferred import Deferred, Waits
from agent.batch.items import Item
from agent.batch.run_folder import RunFolder
from agent.batch.submissions import going_on, pending
from agent.batch.work import Run, works
from agent.errors import BadInput
from agent.policy.settings import load_settings

KILLS = Path(__file__).with_name("kills.py")
STRIDE = 17  # points of a process's life between those at which it is killed; with 1 it takes a minute or two
WAITS = Waits(first=5, longest=60, settle=60, patience=600)


class World:
    """A clock, the vendor and the way to it. `cut`: the next reply to a given batch is lost, as is the process."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.now = datetime.now(UTC).timestamp()
        self.vendor = Vendor(clock=lambda: self.now, **options)
        self.path = path
        self.pauses: list[float] = []
        self.lost: list[BaseException] = []
        self.stop_at: float | None = None

    def sleep(self, seconds: float) -> None:
        if self.stop_at is not None and self.now >= self.stop_at:
            raise KeyboardInterrupt
        self.pauses.append(seconds)
        self.now += seconds

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        content = request.read()
        if content:
            assert request.headers["content-type"] == "application/json"
            assert int(request.headers["content-length"]) == len(content)
            assert "transfer-encoding" not in request.headers
        status, headers, body = self.vendor.handle(request.method, str(request.url), content)
        if request.method == "POST" and self.lost:
            raise self.lost.pop(0)
        return httpx2.Response(status, headers=headers, content=body)

    def backend(self, **options: Any) -> ClaudeBackend:
        client = anthropic.Anthropic(
            api_key="key-of-a-test",
            base_url="https://api.example.test",
            max_retries=0,
            http_client=httpx2.Client(transport=httpx2.MockTransport(self.handle)),
        )
        return ClaudeBackend(model=MODEL, client=client, **options)

    def go(self, source: Texts, **options: Any) -> Deferred:
        """A whole run in a process of its own, as it were."""
        with RunFolder(self.path / "run") as folder:
            backend = options.pop("backend", None) or self.backend()
            settings, repairs = load_settings(None), options.pop("repairs", 0)
            run = Run(folder, backend, settings, now=datetime(2026, 3, 3, tzinfo=UTC), max_repairs=repairs)
            given = {"waits": WAITS, "clock": lambda: self.now, "sleep": self.sleep} | options
            deferred = Deferred(run, backend, **given)
            deferred.go(partial(works, source, run))
            return deferred

    def states(self) -> dict[str, str]:
        with RunFolder(self.path / "run") as folder:
            return {row.key: row.state for row in folder.rows(1)}

    def errors(self) -> set[str | None]:
        with RunFolder(self.path / "run") as folder:
            return {row.error for row in folder.rows(1)}

    def pending(self) -> int:
        with RunFolder(self.path / "run") as folder:
            return pending(folder)

    def paid(self) -> set[int]:
        """How often those requests were paid that were paid at all."""
        return set(self.vendor.paid.values())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def sizes(world: World) -> list[int]:
    return [len(batch.requests) for batch in world.vendor.batches.values()]


def about(number: int, request: dict[str, Any]) -> bool:
    return f"Ticket {number}\\n" in json.dumps(request)


def all_done(count: int) -> dict[str, str]:
    return dict.fromkeys(tickets(count).texts, "done")


def test_a_batch_of_extractions_then_of_drafts_then_of_repairs(world: World) -> None:
    deferred = world.go(tickets(4), repairs=2)
    assert sizes(world) == [4, 4, 4]
    assert world.paid() == {1}
    assert world.states() == all_done(4)
    assert (deferred.heard.done, deferred.heard.ended, deferred.heard.requests, deferred.outage) == (4, 3, 0, None)
    with RunFolder(world.path / "run") as folder:
        spent = folder.spent()
        assert spent == {"batch": deferred.heard.usage}
        assert spent["batch"].calls == 12
        for key, text in tickets(4).texts.items():
            result = json.loads(folder.result(key) or b"")
            assert result["ticket"]["text"].strip() == text
            assert result["usage"]["calls"] == 3
        assert going_on(folder) is None


def test_the_pauses_grow_and_begin_anew_with_each_batch(world: World) -> None:
    world.vendor.lasts = 40
    world.go(tickets(1))
    assert world.pauses == [5, 7.5, 11.25, 16.875] * 2


def test_what_has_a_result_is_not_given_again_and_what_changed_is(world: World) -> None:
    world.go(tickets(3))
    deferred = world.go(Texts({**tickets(3).texts, "t2": text_of(2) + "\nIt is urgent now."}))
    assert sizes(world) == [3, 3, 1, 1]
    assert (deferred.heard.settled, deferred.heard.done) == (2, 1)
    world.go(tickets(2))  # as it was before: all is known
    assert len(sizes(world)) == 4


def test_batches_are_cut_by_number_and_by_size(world: World) -> None:
    world.go(tickets(5), most_requests=2)
    assert sizes(world) == [2, 2, 1] * 2
    world.go(Texts({f"u{n}": text_of(100 + n) for n in range(4)}), most_bytes=120_000)
    assert sizes(world)[6:8] == [2, 2]
    world.go(Texts({f"v{n}": text_of(200 + n) for n in range(2)}), most_bytes=10)
    assert sizes(world)[-4:] == [1] * 4


def test_a_server_that_takes_less_at_once_gets_less(world: World) -> None:
    world.vendor.most_bytes = 160_000
    assert world.go(tickets(5)).outage is None
    assert world.states() == all_done(5)
    assert sizes(world)[:2] == [3, 2]


def test_a_single_request_that_is_too_large_ends_the_run(world: World) -> None:
    world.vendor.most_bytes = 1_000
    outage = world.go(tickets(2)).outage
    assert "refused the batch (413: too large)" in str(outage)
    assert world.pending() == 0


def test_tickets_alike_to_the_letter_are_asked_about_once(world: World) -> None:
    world.go(Texts({"a": text_of(1), "b": text_of(1)}))
    assert world.states() == {"a": "done", "b": "done"}
    assert sizes(world) == [1, 1]


@pytest.mark.parametrize(
    "came",
    ["expired", "canceled", ("overloaded_error", "Overloaded"), ("new_error", "?"), {"content": "none"}],
)
def test_what_passes_is_sent_again(world: World, came: Any) -> None:
    world.vendor.verdict = lambda request, before: came if before < 3 and about(2, request) else answer(request)
    world.go(tickets(3))
    assert world.states() == all_done(3)
    assert sizes(world)[0] == 3
    assert max(world.vendor.processed.values()) == 4


def test_at_most_three_times_in_a_run(world: World) -> None:
    world.vendor.verdict = lambda request, _: "expired" if about(2, request) else answer(request)
    deferred = world.go(tickets(3))
    assert world.states() == {"t1": "done", "t2": "waiting", "t3": "done"}
    assert (deferred.heard.done, deferred.heard.waiting, deferred.outage) == (2, 1, None)
    assert max(world.vendor.processed.values()) == 4
    assert (
        "asked 4 times by batches without an answer, the last time: the request was expired; run again to go on"
        in world.errors()
    )
    world.vendor.verdict = lambda request, _: answer(request)
    world.go(tickets(3))
    assert world.states() == all_done(3)


def test_an_error_of_the_request_ends_its_ticket_and_no_other(world: World) -> None:
    refused = ("invalid_request_error", "prompt is too long")
    world.vendor.verdict = lambda request, _: refused if about(2, request) else answer(request)
    world.go(tickets(3))
    assert world.states() == {"t1": "done", "t2": "failed", "t3": "done"}
    assert world.errors() == {
        None,
        "https://api.example.test refused the request (invalid_request_error: prompt is too long); check --model and "
        "the ticket",
    }
    assert max(world.vendor.processed.values()) == 1


def test_the_rules_answer_where_the_model_fails(world: World) -> None:
    world.vendor.verdict = lambda *_: ("invalid_request_error", "no")
    assert world.go(tickets(2), rules=OfflineBackend()).heard.done == 2
    with RunFolder(world.path / "run") as folder:
        assert {row.backend for row in folder.rows(1)} == {"offline"}


def test_a_repair_that_fails_leaves_the_draft(world: World) -> None:
    def verdict(request: dict[str, Any], _: int) -> Any:
        return ("invalid_request_error", "no") if len(request["messages"]) == 5 else answer(request)

    world.vendor.verdict = verdict
    world.go(tickets(1), repairs=2)
    with RunFolder(world.path / "run") as folder:
        result = json.loads(folder.result("t1") or b"")
    assert result["brief_status"] == "incomplete"
    assert any("A repair of the brief failed" in warning for warning in result["warnings"])


def test_a_model_that_refuses_a_forced_tool_is_asked_without_from_then_on(world: World) -> None:
    def verdict(request: dict[str, Any], _: int) -> Any:
        forced = request["tool_choice"]["type"] == "tool"
        return ("invalid_request_error", "tool_choice forces tool use: not supported") if forced else answer(request)

    world.vendor.verdict = verdict
    world.go(tickets(5), most_requests=2)
    assert world.states() == all_done(5)
    assert sum(sizes(world)) == 5 + 10
    world.go(Texts({"new": text_of(9)}))
    assert sum(sizes(world)) == 5 + 10 + 2  # the folder remembers it


def test_a_wrong_key_in_a_batch_stops_the_run_once(world: World) -> None:
    world.vendor.verdict = lambda *_: ("authentication_error", "invalid key")
    outage = world.go(tickets(3)).outage
    assert isinstance(outage, ModelUnavailable)
    assert (outage.reason, outage.blame, outage.exit_code) == ("authentication_error", "setup", 4)
    assert set(world.states().values()) == {"waiting"}
    world.vendor.verdict = lambda request, _: answer(request)
    assert world.go(tickets(3)).outage is None
    assert world.states() == all_done(3)


# The vendor fails


@pytest.mark.parametrize("status", [401, 403, 404, 400])
def test_a_status_that_will_not_pass_ends_the_run(world: World, status: int) -> None:
    world.vendor.troubles = [status]
    outage = world.go(tickets(2)).outage
    assert isinstance(outage, ModelUnavailable)
    assert outage.reason == f"http_{status}"
    assert world.pending() == 0
    assert world.go(tickets(2)).outage is None


@pytest.mark.parametrize(("status", "after"), [(429, ""), (529, "7"), (429, "-7"), (429, "nan"), (429, "soon")])
def test_a_vendor_with_too_much_to_do_is_waited_for(world: World, status: int, after: str) -> None:
    world.vendor.troubles, world.vendor.trouble_headers = [status] * 3, {"retry-after": after}
    assert world.go(tickets(2)).outage is None
    assert (world.pauses[:3] == [7, 7, 7]) == (after == "7")
    assert all(0.3 < pause < 60 for pause in world.pauses)
    assert world.vendor.calls["give"] == 3 + 2
    assert world.vendor.calls["list"] == 0
    assert world.states() == all_done(2)


@pytest.mark.parametrize("status", [-500, -503, -408, -409])
def test_a_batch_whose_reply_was_an_error_is_found_and_not_given_again(world: World, status: int) -> None:
    world.vendor.troubles = [status]
    world.go(tickets(4))
    assert sizes(world) == [4, 4]
    assert world.states() == all_done(4)


def test_a_batch_whose_reply_was_lost_is_found(world: World) -> None:
    world.lost = [httpx2.ReadTimeout("slow"), httpx2.ReadError("reset")]
    world.vendor.listed_after = 20
    world.go(tickets(4))
    assert sizes(world) == [4, 4]
    assert world.paid() == {1}


def test_a_batch_that_never_came_to_be_is_given_again_after_a_while(world: World) -> None:
    world.vendor.troubles = [500]
    world.go(tickets(4))
    assert sizes(world) == [4, 4]
    assert sum(world.pauses[:4]) < 60 <= sum(world.pauses[:6])
    assert world.states() == all_done(4)


def test_nothing_else_is_given_while_the_vendor_loses_replies(world: World) -> None:
    world.vendor.troubles = [500]
    world.go(tickets(6), most_requests=2)
    assert sizes(world) == [2] * 6
    assert world.paid() == {1}


def test_a_vendor_that_takes_no_batch_for_long_ends_the_run(world: World) -> None:
    world.vendor.troubles = [500] * 99
    outage = world.go(tickets(2)).outage
    assert isinstance(outage, ModelUnavailable)
    assert outage.blame == "server"
    assert 600 < sum(world.pauses) < 1_000
    world.vendor.troubles = []
    world.go(tickets(2))
    assert world.states() == all_done(2)
    assert world.paid() == {1}


NO_BATCHES = {
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "an object": b"{}",
    "a page": b"<html>Sign in</html>",
    "brackets": b"[" * 100_000,
    "an integer too long to read": b'{"id": ' + b"9" * 5_000 + b"}",
    "an id that is none": b'{"id": {"a": 1}}',
    "an id without end": b'{"id": "' + b"x" * 1_000 + b'"}',
    "a list of nothing": b'{"data": [null], "has_more": false}',
    "a list that is none": b'{"data": 5, "has_more": true}',
}


@pytest.mark.parametrize("name", NO_BATCHES)
def test_a_server_that_speaks_of_something_else_ends_the_run(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.vendor.handle
    kind = "text/html" if name == "a page" else "application/json"
    monkeypatch.setattr(world.vendor, "handle", lambda *_: (200, {"content-type": kind}, NO_BATCHES[name]))
    outage = world.go(tickets(2)).outage
    assert isinstance(outage, ModelUnavailable)
    assert (outage.reason, outage.blame) == ("not_batches_api", "server")
    assert str(outage) == (
        "https://api.example.test did not answer as the Message Batches API does; check ANTHROPIC_BASE_URL, or leave "
        "--batches out"
    )
    monkeypatch.setattr(world.vendor, "handle", real)
    world.now += 100
    world.go(tickets(2))
    assert world.states() == all_done(2)
    assert world.paid() == {1}


@pytest.mark.parametrize("name", NO_BATCHES)
def test_a_look_that_shows_something_else_loses_nothing(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = world.vendor.handle, [NO_BATCHES[name]] * 3

    def handle(method: str, address: str, content: bytes) -> Any:
        if method == "GET" and looks:
            return 200, {"content-type": "application/json"}, looks.pop()
        return real(method, address, content)

    monkeypatch.setattr(world.vendor, "handle", handle)
    assert world.go(tickets(2)).outage is None
    assert world.states() == all_done(2)
    assert world.paid() == {1}
    assert sizes(world) == [2, 2]


def test_batches_of_others_are_left_alone(world: World) -> None:
    """As many requests, at the same time, by somebody else: one that has ended, and one that will."""
    other = {"requests": [{"custom_id": f"other-{n}", "params": {"messages": []}} for n in range(3)]}
    world.vendor.verdict = lambda request, _: answer(request) if request["messages"] else "expired"
    world.vendor.handle("POST", "/v1/messages/batches", json.dumps(other).encode())
    world.now += 100
    world.vendor.troubles = [500]
    world.go(tickets(3))
    assert world.states() == all_done(3)
    assert sizes(world) == [3, 3, 3]


def test_results_that_break_off_are_read_again(world: World) -> None:
    world.vendor.reading_troubles = ["cut", "half", "cut"]
    world.go(tickets(6))
    assert sizes(world) == [6, 6]
    assert world.states() == all_done(6)


def test_results_that_lack_some_lead_to_those_being_sent_again(world: World) -> None:
    world.vendor.reading_troubles = ["half"] * 3
    world.go(tickets(6))
    assert sum(sizes(world)) == 6 + 3 + 6
    assert world.states() == all_done(6)


def test_a_batch_that_a_person_canceled_is_given_again(world: World) -> None:
    world.stop_at = world.now
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(3))
    (batch,) = world.vendor.batches
    world.vendor.handle("POST", f"/v1/messages/batches/{batch}/cancel", b"")
    world.stop_at = None
    world.go(tickets(3))
    assert sizes(world) == [3, 3, 3]
    assert world.states() == all_done(3)


@pytest.mark.parametrize("way", ["deleted", "archived"])
def test_a_batch_that_is_gone_is_given_again(world: World, way: str) -> None:
    world.stop_at = world.now
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(3))
    world.stop_at = None
    (batch,) = world.vendor.batches.values()
    batch.archived = True
    if way == "deleted":
        world.vendor.batches.clear()
    world.now += 30 * 86_400
    world.go(tickets(3))
    assert world.states() == all_done(3)
    assert sizes(world)[-2:] == [3, 3]


def test_a_404_of_somebody_on_the_way_makes_nothing_be_given_again(world: World) -> None:
    world.vendor.look_troubles = [404, 404]
    world.go(tickets(3))
    assert sizes(world) == [3, 3]
    assert world.states() == all_done(3)


def test_a_source_that_cannot_be_read_on(world: World) -> None:
    class Broken(Texts):
        def items(self) -> Iterator[Item]:
            yield from super().items()
            raise BadInput("row 3: expected a row")

    deferred = world.go(Broken(tickets(2).texts))
    assert str(deferred.unreadable) == "row 3: expected a row"
    assert world.states() == all_done(2)


def test_a_key_of_another_organization_gives_nothing_again(world: World) -> None:
    world.stop_at = world.now
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(3))
    world.stop_at, world.vendor.organization = None, "org-2"
    kept, world.vendor.batches = world.vendor.batches, {}
    outage = world.go(tickets(3)).outage
    assert "belongs to another organization" in str(outage)
    assert world.pending() == 3
    world.vendor.organization, world.vendor.batches = "org-1", kept
    world.go(tickets(3))
    assert world.paid() == {1}


# The process ends, and others begin


def test_leaving_and_coming_back(world: World) -> None:
    world.stop_at = world.now
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(3), most_requests=2)
    assert world.pending() == 3
    with RunFolder(world.path / "run") as folder:
        assert going_on(folder) == (
            "2 batches with 3 requests go on at the vendor's and will be paid: run the same command again within 29 "
            "days to collect the answers"
        )
    world.stop_at = None
    assert world.go(tickets(3)).heard.done == 3
    assert world.paid() == {1}
    assert world.vendor.calls["list"] == 0


@pytest.mark.parametrize("listed_after", [0, 30])
def test_a_process_that_ended_before_it_heard_the_reply(world: World, listed_after: float) -> None:
    world.lost = [KeyboardInterrupt()]
    world.vendor.listed_after = listed_after
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(3))
    assert (sizes(world), world.pending()) == ([3], 3)
    world.go(tickets(5))  # more tickets than before: the others need not wait
    assert (sizes(world)[:2], sum(sizes(world))) == ([3, 2], 10)
    assert world.paid() == {1}
    assert world.states() == all_done(5)


@pytest.mark.parametrize("away", [0, 3_600])
def test_several_lost_at_once_are_told_apart(world: World, away: float) -> None:
    for number in (2, 4, 6):
        world.lost = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            world.go(tickets(number))
    assert (sizes(world), world.pending()) == ([2, 2, 2], 6)
    world.now += away
    world.go(tickets(6))
    assert world.paid() == {1}
    assert world.states() == all_done(6)


def test_only_collecting(world: World) -> None:
    world.stop_at = world.now
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(3))
    world.stop_at = None
    with RunFolder(world.path / "run") as folder:
        backend = world.backend()
        run = Run(folder=folder, backend=backend, settings=load_settings(None))
        deferred = Deferred(run, backend, waits=WAITS, clock=lambda: world.now, sleep=world.sleep)
        deferred.collect()
        assert (pending(folder), folder.spent()["batch"].calls) == (0, 3)
    assert sizes(world) == [3]


def test_a_ticket_that_changed_while_it_was_asked_about(world: World) -> None:
    world.stop_at = world.now
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(2))
    world.stop_at = None
    world.go(Texts({"t1": text_of(1), "t2": text_of(22)}))
    assert world.states() == {"t1": "done", "t2": "done"}
    assert sizes(world)[:2] == [2, 1]
    assert world.paid() == {1}


def test_an_address_that_changed_is_named(world: World) -> None:
    world.stop_at = world.now
    with pytest.raises(KeyboardInterrupt):
        world.go(tickets(2))
    elsewhere = ClaudeBackend(model=MODEL, base_url="https://elsewhere.example.test", api_key="key-of-a-test")
    outage = world.go(tickets(2), backend=elsewhere).outage
    assert str(outage) == (
        "2 requests of this run were given to https://api.example.test: expected the same address, found "
        "https://elsewhere.example.test; set ANTHROPIC_BASE_URL back, or begin a new folder"
    )


# Limits


def test_a_limit_is_one_of_tickets(world: World) -> None:
    world.go(tickets(6), limit=4)
    assert world.states() == all_done(4)
    assert sizes(world) == [4, 4]
    world.go(tickets(6), limit=2)
    assert world.states() == all_done(6)


def test_a_budget_counts_what_is_under_way(world: World) -> None:
    deferred = world.go(tickets(6), budget=50_000)  # of which a request takes about 14,500
    assert deferred.over_budget
    assert sizes(world) == [3, 3]
    assert deferred.outage is None
    assert world.states() == all_done(3)
    deferred = world.go(tickets(6))
    assert not deferred.over_budget
    assert world.states() == all_done(6)
    assert world.paid() == {1}


def test_what_a_person_is_told(world: World) -> None:
    told: list[tuple[int, int, int]] = []
    world.go(tickets(4), most_requests=3, tell=lambda heard: told.append((heard.batches, heard.requests, heard.done)))
    assert (2, 4, 0) in told
    assert told[-1] == (0, 0, 4)


def test_the_tally_of_the_server_is_by_request(world: World) -> None:
    world.go(tickets(1))
    (batch, *_) = world.vendor.batches.values()
    assert world.vendor.paid[sha(batch.requests[0]["params"])] == 1


# Killed


class Killed(BaseException):
    """The end of a process, at a point of its own."""


class Fragile:
    """A run's writing connection, which counts what is asked of it as points at which a process may end."""

    def __init__(self, base: Any, point: Callable[[], None]) -> None:
        self._base, self._point = base, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._base, name)

    def execute(self, *statement: Any) -> Any:
        self._point()
        done = self._base.execute(*statement)
        self._point()
        return done


def killed_at(world: World, monkeypatch: pytest.MonkeyPatch, last: int) -> bool:
    """A run that ends at a point, counted from its beginning; False if it has no such point."""
    reached = 0

    def point() -> None:
        nonlocal reached
        reached += 1
        if reached == last:
            raise Killed

    def handle(request: httpx2.Request) -> httpx2.Response:
        point()
        response = world.handle(request)
        point()
        return response

    class Fragilely(RunFolder):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self._writer: Any = Fragile(self._writer, point)

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[__name__], "RunFolder", Fragilely)
        client = anthropic.Anthropic(
            api_key="key-of-a-test",
            base_url="https://api.example.test",
            max_retries=0,
            http_client=httpx2.Client(transport=httpx2.MockTransport(handle)),
        )
        try:
            world.go(tickets(2), backend=ClaudeBackend(model=MODEL, client=client))
        except Killed:
            return True
    return False


def test_a_process_that_is_killed_at_any_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after each statement of the database and each call of the vendor, one after the other."""
    last, alive = 1, False
    while not alive:
        world = World(tmp_path / str(last))
        alive = not killed_at(world, monkeypatch, last)
        world.go(tickets(2))
        assert world.states() == all_done(2), last
        assert (world.paid(), len(world.vendor.paid)) == ({1}, 4), last
        last += STRIDE
    assert last > 200


def test_a_process_that_is_killed_indeed() -> None:
    line = [sys.executable, KILLS, "--kills", "5", "--tickets", "6", "--chunk", "2", "--longest", "0.3"]
    figures = json.loads(subprocess.run(line, capture_output=True, check=True).stdout)
    assert (figures["kills"], figures["tickets"], figures["results"]) == (5, {"done": 6}, 6)
    assert (figures["answers kept"], figures["answers paid"], figures["requests paid twice"]) == (18, 18, 0)
