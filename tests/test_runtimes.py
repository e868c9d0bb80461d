"""The job that drives real clients (docs/runtimes.md), without them: the model on loopback, and proofs that fail."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes.__main__ import CHECKS
from tests.runtimes.bench import Bench, Failed, Place
from tests.runtimes.clients import NODE, NPM, PYTHON, ROOT, Clients
from tests.runtimes.messages_api import MessagesApi, OffTheRoad
from tests.runtimes.proof import road_was_walked
from tests.runtimes.road import SKILL, offline_reader, with_the_skill

TOOLS = [
    {"name": "read", "input_schema": {"properties": {"path": {}}, "required": ["path"]}},
    {"name": "write", "input_schema": {"properties": {"path": {}, "content": {}}, "required": ["path", "content"]}},
    {"name": "bash", "input_schema": {"properties": {"command": {}}, "required": ["command"]}},
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place whose source is the checkout, so that nothing is copied."""
    monkeypatch.setattr("tests.runtimes.bench.SHARED", tmp_path)  # the example, whoever runs this
    bench = Bench(tmp_path, Clients.none_yet())
    bench.__dict__["source"] = ROOT
    return bench.place("place")


def use(place: Place, name: str, given: dict[str, str]) -> str:
    """The three tools, as plainly as a client can have them."""
    if name == "read":
        return Path(given["path"]).read_text(encoding="utf-8")
    if name == "write":
        Path(given["path"]).write_text(given["content"], encoding="utf-8")
        return "written"
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        given["command"], shell=True, cwd=place.project, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    return f"{done.stdout}{done.stderr}\nexit {done.returncode}"


def talk(place: Place, api: MessagesApi, skill: Path) -> str:
    """A client's loop: ask, use the tool, ask again. Returns the last words."""
    description = place.bench.description
    listed = f"<name>{SKILL}</name><description>{description}</description><location>{skill}</location>"
    messages: list[dict[str, Any]] = [{"role": "user", "content": place.bench.request}]
    system = f"Working directory: {place.project}\n{listed}"
    while True:
        answer = api.answer({"model": "m", "system": system, "tools": TOOLS, "messages": [*messages]})
        block = answer["content"][0]
        if block["type"] == "text":
            return str(block["text"])
        result = {
            "type": "tool_result",
            "tool_use_id": block["id"],
            "content": use(place, block["name"], block["input"]),
        }
        messages += [{"role": "assistant", "content": [block]}, {"role": "user", "content": [result]}]


def test_the_scripted_model_walks_the_skill_and_the_proof_holds_until_something_is_changed(place: Place) -> None:
    api = place.api(with_the_skill(offline_reader))
    last = talk(place, api, ROOT / "SKILL.md")
    assert "Engineering" in last
    assert road_was_walked(place, api, ROOT).startswith("engineering, high")

    with pytest.raises(Failed, match="was not run from"):
        road_was_walked(place, api, place.folder)
    first = api.requests[0]
    api.requests[0] = first | {"system": first["system"].replace("support ticket", "letter")}
    with pytest.raises(Failed, match="description"):
        road_was_walked(place, api, ROOT)
    api.requests[0] = first
    decision = place.project / "decision.json"
    decision.write_text(decision.read_text(encoding="utf-8").replace('"high"', '"medium"', 1), encoding="utf-8")
    with pytest.raises(Failed, match="`decide`"):
        road_was_walked(place, api, ROOT)


def test_a_skill_without_commands_ends_the_road(place: Place, tmp_path: Path) -> None:
    empty = tmp_path / "SKILL.md"
    empty.write_text("# Nothing here\n", encoding="utf-8")
    with pytest.raises(OffTheRoad, match="no command"):
        talk(place, place.api(with_the_skill(offline_reader)), empty)


def test_the_page_names_each_check_and_the_versions_that_are_installed() -> None:
    page = (ROOT / "docs/runtimes.md").read_text(encoding="utf-8")
    for name in CHECKS:
        assert f"| `{name}` |" in page
    versions = [version for _, version, _ in NPM.values()]
    for version in (NODE, *versions, *(pin.partition("==")[2] for pin in PYTHON)):
        assert version in page


def post(url: str, body: dict[str, Any]) -> str:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
        return str(response.read().decode())


@pytest.mark.loopback
def test_the_api_streams_counts_and_lets_nobody_out(tmp_path: Path) -> None:
    log = tmp_path / "requests.json"
    with MessagesApi(lambda body: [{"type": "text", "text": body["messages"][0]["content"]}], log) as api:
        asked = {"model": "m", "messages": [{"role": "user", "content": "Grüße"}]}
        assert json.loads(post(f"{api.url}/v1/messages", asked))["content"] == [{"type": "text", "text": "Grüße"}]
        stream = post(f"{api.url}/v1/messages?beta=true", asked | {"stream": True})
        events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
        assert [event["type"] for event in events] == [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        assert events[2]["delta"] == {"type": "text_delta", "text": "Grüße"}
        assert json.loads(post(f"{api.url}/v1/messages/count_tokens", asked))["input_tokens"] > 1
        through = urllib.request.build_opener(urllib.request.ProxyHandler({"http": api.url}))
        with pytest.raises(urllib.error.HTTPError, match="403"):
            through.open("http://elsewhere.invalid/path?key=1")
        assert api.outside == ["http://elsewhere.invalid/path"]
    assert json.loads(log.read_text(encoding="utf-8")) == [asked, asked | {"stream": True}]


@pytest.mark.loopback
def test_where_the_model_cannot_go_on_the_client_is_told_and_the_run_fails(tmp_path: Path) -> None:
    def lost(_: dict[str, Any]) -> list[dict[str, Any]]:
        raise OffTheRoad("no such tool")

    api = MessagesApi(lost, tmp_path / "requests.json")
    with pytest.raises(OffTheRoad, match="no such tool"), api, pytest.raises(urllib.error.HTTPError, match="400"):
        post(f"{api.url}/v1/messages", {"messages": []})
