"""The tools for the Anthropic SDK's tool runner: `client.beta.messages.tool_runner(tools=tools(desk), ...)`."""

from anthropic.lib.tools import BetaAsyncBuiltinFunctionTool, BetaBuiltinFunctionTool, ToolError
from anthropic.types.beta import BetaToolParam

from agent.tools.answers import Answer, answer, answer_async
from agent.tools.catalogue import catalogue
from agent.tools.desk import Caller, Desk
from agent.tools.tool import Tool


def instructions(desk: Desk) -> str:
    """What the model must know before it calls any of them; the host puts it into its system prompt."""
    from prompts import load

    return load("tools/instructions.md.j2", keeps_ledger=desk.keeps_ledger).strip()


def tools(desk: Desk, through: str = "agent") -> list[BetaBuiltinFunctionTool]:
    """For `Anthropic`. `through`: the host's name, kept with what it writes into the ledger."""
    return [_Tool(tool, desk, Caller(through)) for tool in catalogue(ledger=desk.keeps_ledger)]


def async_tools(desk: Desk, through: str = "agent") -> list[BetaAsyncBuiltinFunctionTool]:
    """For `AsyncAnthropic`: the same, without blocking the event loop."""
    return [_AsyncTool(tool, desk, Caller(through)) for tool in catalogue(ledger=desk.keeps_ledger)]


class _Tool(BetaBuiltinFunctionTool):
    def __init__(self, tool: Tool, desk: Desk, caller: Caller) -> None:
        self._tool, self._desk, self._caller = tool, desk, caller

    def to_dict(self) -> BetaToolParam:
        return _definition(self._tool)

    def call(self, input: object) -> str:
        return _text(answer(self._tool, self._desk, input, self._caller))


class _AsyncTool(BetaAsyncBuiltinFunctionTool):
    def __init__(self, tool: Tool, desk: Desk, caller: Caller) -> None:
        self._tool, self._desk, self._caller = tool, desk, caller

    def to_dict(self) -> BetaToolParam:
        return _definition(self._tool)

    async def call(self, input: object) -> str:
        return _text(await answer_async(self._tool, self._desk, input, self._caller))


def _definition(tool: Tool) -> BetaToolParam:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": tool.input_schema,
    }


def _text(made: Answer) -> str:
    """The answer, or the error that the runner sends to the model as such."""
    if made.failed:
        raise ToolError(made.text)
    return made.text
