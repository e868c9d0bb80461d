"""What must be true after a client's run.

Nothing here takes the scripted model's word for it: it looks at the files in the working folder, at what the client's
own tools answered, and asks the checkout's command line again.
"""

import json
from pathlib import Path
from typing import Any

from tests.runtimes.bench import Failed, Place
from tests.runtimes.desk import Step, steps, told
from tests.runtimes.messages_api import MessagesApi
from tests.runtimes.road import SKILL, parsed


def holds(condition: bool, otherwise: str) -> None:
    """Raises Failed with that if it does not."""
    if not condition:
        raise Failed(otherwise)


def discovered(place: Place, api: MessagesApi) -> None:
    """The client told the model of the skill, in the skill's own words."""
    first = next((body for body in api.requests if body.get("tools")), None)
    if first is None:
        raise Failed("the client sent no request with tools")
    holds(place.bench.description in told(first), "the skill's description is not in what the client sent to the model")


def road_was_walked(place: Place, api: MessagesApi, installed: Path) -> str:
    """The whole skill, from discovery to the clean brief, run from the copy in `installed`. Returns what to report."""
    discovered(place, api)
    asked = {tool["name"] for body in api.requests for tool in body.get("tools") or ()}
    holds("record_facts" not in asked, "a command of the skill called a model")
    walked = max((steps(body) for body in api.requests if body.get("tools")), key=len)
    ran = {verb: commands(walked, installed, verb) for verb in ("check", "decide", "skeleton", "validate")}
    for verb, times in ran.items():
        holds(bool(times), f"{verb} was not run from {installed}")
    for name in ("reading", "writing"):
        text = (installed / "references" / f"{name}.md").read_text(encoding="utf-8")
        longest = max(text.splitlines(), key=len)
        read = [step for step in walked if any(f"references/{name}.md" in str(value) for value in step.input.values())]
        holds(any(longest in step.result.text for step in read), f"references/{name}.md could not be read")
    decision = files_are_right(place)
    holds(f"Severity: {decision['severity'].capitalize()}" in ran["skeleton"][0].result.text, "no outline came back")
    verdicts = [parsed(step.result) for step in ran["validate"]]
    holds(len(verdicts) == 2, f"validated {len(verdicts)} times, expected 2")
    holds(not verdicts[0]["valid"], "the misstated severity was not found")
    places = [finding["place"] for finding in verdicts[0]["findings"] if finding["blocking"]]
    holds(places == ["Severity"], f"the misstated severity, and nothing else, is to be found; found {places}")
    holds(verdicts[1]["valid"], f"the brief is not valid: {verdicts[1]['findings']}")
    return f"{decision['owner']}, {decision['severity']}; brief valid at the second try; {len(api.requests)} requests"


def tools_were_used(place: Place, api: MessagesApi) -> str:
    """The road by the MCP server's tools, on `ticket.txt`. Returns what to report."""
    walked = max((steps(body) for body in api.requests if body.get("tools")), key=len, default=[])
    answers: dict[str, list[Any]] = {}
    for step in walked:
        if "__" not in step.tool:
            continue  # the client's own, by which it brings ours
        holds(not step.result.error, f"{step.tool} failed: {step.result.text[:300]}")
        answers.setdefault(step.tool.rpartition("__")[2], []).append(parsed(step.result))
    holds(
        {"read_ticket", "guide", "check_facts", "decide", "skeleton", "validate_brief"} <= set(answers),
        f"{list(answers)}",
    )
    decision = answers["decide"][0]["decision"]
    report = next(step.input["report"] for step in walked if step.tool.endswith("check_facts"))
    (place.project / "facts.json").write_text(json.dumps(report), encoding="utf-8")
    arguments = ("facts.json", "--ticket", "ticket.txt", "--format", "json", "--now", decision["decided_at"])
    same_as_printed(place, decision, "decide", *arguments)
    holds(f"Severity: {decision['severity'].capitalize()}" in answers["skeleton"][0]["outline"], "no outline came back")
    verdicts = answers["validate_brief"]
    holds([verdict["valid"] for verdict in verdicts] == [False, True], f"the verdicts are {verdicts}")
    return f"{decision['owner']}, {decision['severity']}; brief valid at the second try; {len(walked)} calls"


def commands(walked: list[Step], installed: Path, verb: str) -> list[Step]:
    """The runs of a verb with the launcher of this copy."""
    start = f"{installed}/scripts/{SKILL}.py {verb} "
    return [step for step in walked if start in str(step.input.get("command", ""))]


def files_are_right(place: Place) -> dict[str, str]:
    """The working folder holds what the checkout's command line makes of the same ticket. Returns the decision."""
    folder = place.project
    for name in ("ticket.txt", "facts.json", "grounded.json", "decision.json", "brief.md"):
        holds((folder / name).is_file(), f"{name} was not written")
    pasted = (folder / "ticket.txt").read_text(encoding="utf-8")
    holds(pasted.strip() == place.bench.ticket_text.strip(), "ticket.txt is not the ticket")
    same(place, "grounded.json", "check", "ticket.txt", "facts.json")
    decision: dict[str, str] = json.loads((folder / "decision.json").read_text(encoding="utf-8"))
    same(place, "decision.json", "decide", "grounded.json", "--format", "json", "--now", decision["decided_at"])
    code, verdict = place.escalation(
        *("validate", "brief.md", "--ticket", "ticket.txt", "--facts", "grounded.json", "--decision", "decision.json")
    )
    holds(code == 0 and json.loads(verdict)["valid"], f"the brief does not validate: exit {code}, {verdict[:600]}")
    return decision


def same(place: Place, name: str, *arguments: str) -> None:
    """The file holds what the command prints."""
    same_as_printed(place, json.loads((place.project / name).read_text(encoding="utf-8")), *arguments)


def same_as_printed(place: Place, value: object, *arguments: str) -> None:
    """The value is what the checkout's command line prints."""
    code, printed = place.escalation(*arguments)
    holds(code in (0, 3), f"{arguments[0]}: exit {code}")
    holds(value == json.loads(printed), f"not what `{arguments[0]}` makes of the same input")
