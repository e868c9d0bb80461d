"""What a client puts before a model: the tools under its own names, the working folder, the skills it found."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tests.runtimes.messages_api import Block, Body, OffTheRoad

# A tool by what it does, under the names that clients give it.
NAMES = {"skill": ("skill",), "run": ("bash",), "write": ("write",), "read": ("read",)}
WORKING_FOLDER = re.compile(r"working directory: *(\S+)", re.IGNORECASE)
# How a skill's folder reaches the model: with the skill's text, or as the place of its SKILL.md in a list of skills.
BASE_FOLDER = re.compile(r"base directory for this skill: *(?:file://)?(\S+)", re.IGNORECASE)
NAMED = r"^- ((?:[\w-]+:)?{}): "  # with the plugin's name before it
DEFERRED = r"^(mcp__\w+__{})$"
LISTED = r"<name>{}</name>.*?<location>(?:file://)?(\S+?)</location>"


@dataclass(frozen=True, slots=True)
class Result:
    """What came back from a tool."""

    text: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a tool, and its result."""

    tool: str
    input: dict[str, Any]
    result: Result


def words(content: str | list[Block]) -> str:
    """The text of a message's or a result's content."""
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if block.get("type") == "text")


def blocks(content: str | list[Block]) -> list[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def steps(body: Body) -> list[Step]:
    """The calls of the conversation so far, in order.

    What a client says behind a result belongs to it: the Skill tool of Claude Code answers in a word, and the skill's
    text follows.
    """
    calls: dict[str, Block] = {}
    results: dict[str, Result] = {}
    for message in body["messages"]:
        last = None
        for part in blocks(message["content"]):
            if part["type"] == "tool_use":
                calls[part["id"]] = part
            elif part["type"] == "tool_result":
                last = part["tool_use_id"]
                results[last] = Result(words(part.get("content", "")), bool(part.get("is_error")))
            elif part["type"] == "text" and last:
                results[last] = Result(f"{results[last].text}\n{part['text']}", results[last].error)
    return [Step(call["name"], call["input"], results[number]) for number, call in calls.items()]


def told(body: Body) -> str:
    """All the text that the model is sent, but for what tools answered."""
    said = [words(message["content"]) for message in body["messages"]]
    tools = [tool.get("description", "") for tool in body.get("tools") or []]
    return "\n".join([words(body.get("system") or ""), *tools, *said])


class Desk:
    """The tools of one request, to be called by what they do."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.tools: dict[str, Block] = {tool["name"]: tool for tool in body.get("tools") or [] if "name" in tool}
        self.told = told(body)

    @property
    def asked(self) -> list[str]:
        """The passages of what the user says, among them what the client adds."""
        first = next(message for message in self.body["messages"] if message["role"] == "user")
        return [block["text"] for block in blocks(first["content"]) if block["type"] == "text"]

    def run(self, command: str) -> Block:
        """A command in the client's shell."""
        return self._call("run", command=command)

    def write(self, name: str, text: str) -> Block:
        """A file in the working folder, by the client's own tool."""
        found = WORKING_FOLDER.search(self.told)
        if found is None:
            raise OffTheRoad("the client does not say which folder it works in")
        return self._call("write", path=str(PurePosixPath(found[1]) / name), content=text)

    def read(self, path: str) -> Block:
        """A file by its absolute path."""
        return self._call("read", path=path)

    def load(self, skill: str) -> Block:
        """The skill, by the tool that the client has for it or by reading the file that it lists."""
        if self._find("skill"):
            named = re.search(NAMED.format(skill), self.told, re.MULTILINE)
            return self._call("skill", skill=named[1] if named else skill)
        listed = self._listed(skill)
        if listed is None:
            raise OffTheRoad(f"the client offers no skill {skill!r}: its tools are {sorted(self.tools)}")
        return self.read(listed)

    def base_of(self, skill: str, loaded: Result) -> str:
        """The skill's folder, as the client said it."""
        found = BASE_FOLDER.search(loaded.text) or BASE_FOLDER.search(self.told)
        if found:
            return found[1]
        listed = self._listed(skill)
        if listed:
            return str(PurePosixPath(listed).parent)
        raise OffTheRoad(f"the client does not say where the skill is; it answered {loaded.text[:300]!r}")

    def fetch(self, *endings: str) -> Block | None:
        """The call that brings the schemas of tools which the client named only; None where all are there."""
        if "ToolSearch" not in self.tools:
            return None
        names = ",".join(self._full_name(ending) for ending in endings)
        return {"type": "tool_use", "name": "ToolSearch", "input": {"query": f"select:{names}"}}

    def named(self, ending: str, **values: Any) -> Block:
        """A tool by the end of its name, as those of MCP servers have a prefix."""
        return {"type": "tool_use", "name": self._full_name(ending), "input": values}

    def _full_name(self, ending: str) -> str:
        told: list[str] = re.findall(DEFERRED.format(ending), self.told, re.MULTILINE)
        found = next((name for name in (*self.tools, *told) if name.endswith(ending)), None)
        if found is None:
            raise OffTheRoad(f"no tool ends in {ending!r}: {sorted(self.tools)}")
        return found

    def _listed(self, skill: str) -> str | None:
        found = re.search(LISTED.format(skill), self.told, re.DOTALL)
        return found[1] if found else None

    def _find(self, kind: str) -> str | None:
        return next((name for name in self.tools if name.lower() in NAMES[kind]), None)

    def _call(self, kind: str, **values: str) -> Block:
        name = self._find(kind)
        if name is None:
            raise OffTheRoad(f"the client offers no tool to {kind}: {sorted(self.tools)}")
        schema = self.tools[name]["input_schema"]
        given = {self._property(schema, wanted): value for wanted, value in values.items()}
        # What else the client insists on, such as a description of the command, is said in words.
        given |= {other: f"{kind} for the ticket" for other in schema.get("required", ()) if other not in given}
        return {"type": "tool_use", "name": name, "input": given}

    def _property(self, schema: dict[str, Any], wanted: str) -> str:
        """The tool's own name for it: path, filePath or file_path; skill or name."""
        names: list[str] = list(schema["properties"])
        exact = [name for name in names if name.lower() == wanted]
        close = [name for name in names if wanted in name.lower() or (wanted == "skill" and name == "name")]
        if not exact + close:
            raise OffTheRoad(f"none of the properties {names} takes the {wanted}")
        return (exact + close)[0]
