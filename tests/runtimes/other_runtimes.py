"""Runtimes of other makers, same folder: opencode has a tool that loads a skill, pi lists the file to be read."""

import json

from tests.runtimes.bench import DUMMY_KEY, Bench
from tests.runtimes.messages_api import MessagesApi
from tests.runtimes.proof import road_was_walked
from tests.runtimes.road import SKILL, offline_reader, with_the_skill

MODEL = "scripted"


def opencode(bench: Bench) -> str:
    """.opencode/skills in a project."""
    place = bench.place("opencode")
    installed = bench.clone(place.project / ".opencode" / "skills" / SKILL)
    program = bench.clients.program("opencode")
    with place.api(with_the_skill(offline_reader)) as api:
        loopback = {
            "npm": "@ai-sdk/anthropic",  # built in
            "options": {"baseURL": f"{api.url}/v1", "apiKey": DUMMY_KEY},
            "models": {MODEL: {}},
        }
        settings = {"provider": {"loopback": loopback}, "share": "disabled", "autoupdate": False}
        (place.project / "opencode.json").write_text(json.dumps(settings), encoding="utf-8")
        environment = place.environment(api, python=bench.clients.python())
        environment["PATH"] += f":{bench.clients.ripgrep()}"
        place.run([program, "run", "--model", f"loopback/{MODEL}"], environment, typed=bench.request)
    return road_was_walked(place, api, installed) + wanted(api)


def pi(bench: Bench) -> str:
    """.pi/skills in a project."""
    place = bench.place("pi")
    installed = bench.clone(place.project / ".pi" / "skills" / SKILL)
    program = bench.clients.program("pi")
    with place.api(with_the_skill(offline_reader)) as api:
        loopback = {"api": "anthropic-messages", "baseUrl": api.url, "apiKey": DUMMY_KEY, "models": [{"id": MODEL}]}
        settings = place.home / ".pi" / "agent" / "models.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"providers": {"loopback": loopback}}), encoding="utf-8")
        environment = place.environment(api, python=bench.clients.python())
        place.run([program, "--print", "--offline", "--model", f"loopback/{MODEL}", bench.request], environment)
    return road_was_walked(place, api, installed) + wanted(api)


def wanted(api: MessagesApi) -> str:
    """What a client tried to reach, and did without."""
    hosts = sorted({host.removeprefix("https://").removeprefix("http://").partition(":")[0] for host in api.outside})
    return f"; asked in vain for {', '.join(hosts)}" if hosts else ""
