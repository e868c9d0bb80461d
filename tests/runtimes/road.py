"""Whoever plays the model: an agent that follows SKILL.md, word for word and with the client's own tools.

Nothing about a ticket is written here. The facts come from a reader (the offline rules, or an eval case's own facts),
the commands from the SKILL.md that the client handed over, the brief from facts and decision as the client's shell
printed them. A road is a generator of calls that is sent their results. Each request holds the whole conversation, so
the road is walked again for each of them, and the call behind the last result is the answer.
"""

import json
import re
from collections.abc import Callable, Generator
from typing import Any

from agent.backends.offline import OfflineBackend
from agent.grounding.ground import ground
from agent.readers import read_ticket
from agent.render import render_brief, render_decision
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Facts
from schemas.report import FactsReport
from schemas.ticket import Ticket
from tests.runtimes.desk import Desk, Result, steps
from tests.runtimes.messages_api import Block, Body, Model, OffTheRoad

SKILL = "escalation"
# `ticket.txt` as step 1 of SKILL.md has it, and so with the names in its commands.
COMMAND = re.compile(rf"^ {{4,}}python3 scripts/{SKILL}\.py (\w+) (.*)$", re.MULTILINE)
TICKET_MARK = "--- ticket ---\n"
TICKET_FILE = re.compile(r"ticket's file: (\S+)")
SEVERITIES = ("Critical", "High", "Medium")
ROUNDS = 3  # of validation, as step 7 says

Road = Generator[Block, Result, str]
Reading = tuple[str, FactsReport]
Reader = Callable[[list[str]], Reading | None]


def player(start: Callable[[Desk], Road | None]) -> Model:
    """The model that walks the road which `start` finds; where there is none, it answers with what it was asked."""

    def answer(body: Body) -> list[Block]:
        desk = Desk(body)
        walk = start(desk) if desk.tools else None
        if walk is None:  # a title for the conversation, or a request that is no triage
            return [text("\n\n".join(desk.asked))]
        call = next(walk)
        for done in steps(body):
            if done.tool != call["name"]:
                raise OffTheRoad(f"the conversation calls {done.tool!r} where the road calls {call['name']!r}")
            try:
                call = walk.send(done.result)
            except StopIteration as end:
                return [text(end.value)]
        return [call]

    return answer


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def with_the_skill(read: Reader) -> Model:
    """The model that takes the skill for each ticket that the reader makes out in what the user says."""

    def start(desk: Desk) -> Road | None:
        reading = read(desk.asked)
        return skill_road(desk, reading) if reading else None

    return player(start)


def with_the_tools() -> Model:
    """The model that takes the tools of the MCP server, for the file that the user names."""

    def start(desk: Desk) -> Road | None:
        named = next(filter(None, map(TICKET_FILE.search, desk.asked)), None)
        return tools_road(desk, named[1]) if named else None

    return player(start)


def offline_reader(asked: list[str]) -> Reading | None:
    """The ticket behind its mark, read by the offline rules."""
    pasted = next((passage.partition(TICKET_MARK)[2] for passage in asked if TICKET_MARK in passage), None)
    return (pasted, OfflineBackend().extract(ticket_of(pasted))) if pasted else None


def ticket_of(pasted: str) -> Ticket:
    return read_ticket(pasted.encode(), name="ticket.txt")


def skill_road(desk: Desk, reading: Reading) -> Road:
    """SKILL.md, steps 1 to 8."""
    pasted, report = reading
    loaded = yield desk.load(SKILL)
    base = desk.base_of(SKILL, loaded)
    commands = {verb: f"python3 {base}/scripts/{SKILL}.py {verb} {rest}" for verb, rest in COMMAND.findall(loaded.text)}
    if not commands:
        raise OffTheRoad(f"no command in the skill as the client gave it: {loaded.text[:300]!r}")

    yield desk.write("ticket.txt", pasted)
    yield desk.read(f"{base}/references/reading.md")
    yield desk.write("facts.json", report.model_dump_json(indent=1))
    checked = yield desk.run(commands["check"])
    facts = Facts.model_validate(parsed((yield desk.run("cat grounded.json")), checked))
    decided = yield desk.run(commands["decide"])
    decision = Decision.model_validate(parsed((yield desk.run("cat decision.json")), decided))
    if decision.outcome != "escalate":
        return handed_over(decision, facts)

    yield desk.run(commands["skeleton"])
    yield desk.read(f"{base}/references/writing.md")
    # The first draft states another severity, as models do: validation has to find it.
    brief = misstated(written(ticket_of(pasted), facts, decision))
    for _ in range(ROUNDS):
        yield desk.write("brief.md", brief)
        verdict = parsed((yield desk.run(commands["validate"])))
        if verdict["valid"]:
            return handed_over(decision, facts, brief)
        brief = mended(brief, verdict["findings"])
    raise OffTheRoad(f"the brief is not clean after {ROUNDS} rounds: {verdict['findings']}")


def tools_road(desk: Desk, name: str) -> Road:
    """The tools in the order in which their answers name them."""
    fetching = desk.fetch("read_ticket", "guide", "check_facts", "decide", "skeleton", "validate_brief")
    if fetching:
        yield fetching
    page = parsed((yield desk.named("read_ticket", path=name)))
    case, ticket = page["case"], ticket_of(page["text"])
    report = OfflineBackend().extract(ticket)
    yield desk.named("guide", topic="reading")
    yield desk.named("check_facts", case=case, report=report.model_dump(mode="json"))
    decision = Decision.model_validate(parsed((yield desk.named("decide", case=case)))["decision"])
    facts = ground(ticket, report)
    if decision.outcome != "escalate":
        return handed_over(decision, facts)
    yield desk.named("skeleton", case=case)
    yield desk.named("guide", topic="writing")
    brief = misstated(written(ticket, facts, decision))
    for _ in range(ROUNDS):
        verdict = parsed((yield desk.named("validate_brief", case=case, brief=brief)))
        if verdict["valid"]:
            return handed_over(decision, facts, brief)
        brief = mended(brief, verdict["findings"])
    raise OffTheRoad(f"the brief is not clean after {ROUNDS} rounds: {verdict['findings']}")


def handed_over(decision: Decision, facts: Facts, brief: str = "") -> str:
    """Step 8: the decision and why, the warnings, the brief."""
    warnings = [f"Ignored, as the ticket gives no orders: “{order.text}”" for order in facts.instructions]
    return "\n\n".join(filter(None, [render_decision(decision, facts, "markdown"), *warnings, brief]))


def written(ticket: Ticket, facts: Facts, decision: Decision) -> str:
    """The brief from the template."""
    now = decision.decided_at
    brief = OfflineBackend().draft(ticket, Context(), facts, decision, now)
    return render_brief(brief, decision, ticket, Context(), now, "text")


def misstated(brief: str) -> str:
    """The same with another severity."""

    def other(found: re.Match[str]) -> str:
        return "Severity: " + next(severity for severity in SEVERITIES if severity != found[1])

    return re.sub(r"^Severity: (\w+)", other, brief, count=1, flags=re.MULTILINE)


def mended(brief: str, findings: list[dict[str, Any]]) -> str:
    """The brief with what validation found put right, as far as its findings say how."""
    for finding in findings:
        found = re.escape(finding["found"])
        if finding["code"] == "severity_differs":
            brief = re.sub(r"^Severity: \w+", f"Severity: {finding['expected']}", brief, count=1, flags=re.MULTILINE)
        elif finding["code"] == "untraceable_quote":
            # A sentence that is nothing but a quote which may not be quoted goes; own words lose their quotation marks.
            brief = re.sub(rf"[^.:“”\n]*: “{found}”\.", "", brief)
            brief = re.sub(rf"“({found})”", r"\1", brief)
    return brief


def parsed(result: Result, before: Result | None = None) -> Any:
    """The JSON object in a result; a client may write an exit code beside it. `before` explains its absence."""
    start = result.text.find("{")
    try:
        return json.JSONDecoder().raw_decode(result.text[max(start, 0) :])[0]
    except ValueError:
        explained = f", after {before.text[:400]!r}" if before else ""
        raise OffTheRoad(f"no JSON came back but {result.text[:400]!r}{explained}") from None
