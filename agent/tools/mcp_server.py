"""The tools as an MCP server: tools, prompts, resources and completion, on the SDK's low-level server.

The low-level one, since the catalogue brings its own schemas and its own words for mistakes; `MCPServer` would make
schemas from signatures and put pydantic's report, with what was sent in it, before the model.
"""

from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from agent.tools.answers import answer_async
from agent.tools.catalogue import catalogue
from agent.tools.desk import Caller, Desk, Tell
from agent.tools.reading import Readings
from agent.tools.starters import STARTERS, starter
from agent.tools.tool import Tool
from agent.version import program_version

NAME = "escalation"
TITLE = "Escalation of support tickets"
LONGEST_CLIENT = 80
MOST_COMPLETIONS = 100

Context = ServerRequestContext[Any, Any]


def server(desk: Desk) -> Server[Any]:
    """A server for one desk; any number of clients may share it."""
    from prompts import load

    offered = {tool.name: tool for tool in catalogue(ledger=desk.keeps_ledger)}
    definitions = [_definition(tool) for tool in offered.values()]
    readings = Readings(desk)

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=definitions)

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = offered.get(params.name)
        if tool is None:
            raise _invalid(f"no tool {params.name[:60]!r}: use one of {', '.join(offered)}")
        made = await answer_async(tool, desk, params.arguments, Caller(_client(context), _tell(context)))
        content: list[types.ContentBlock] = [types.TextContent(text=made.text)]
        return types.CallToolResult(content=content, structured_content=made.value, is_error=made.failed)

    async def list_prompts(_: Context, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=one.name,
                    title=one.title,
                    description=one.description,
                    arguments=[types.PromptArgument(name=name, description=text) for name, text in one.takes.items()],
                )
                for one in STARTERS
                if desk.keeps_ledger or not one.of_ledger
            ]
        )

    async def get_prompt(_: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        try:
            text = starter(params.name, params.arguments or {}, ledger=desk.keeps_ledger)
        except ValueError as error:
            raise _invalid(str(error)) from None
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(messages=[message])

    async def list_resources(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=one.uri, name=one.name, title=one.title, description=one.description, mime_type=one.mime_type
                )
                for one in readings.listed()
            ]
        )

    async def list_templates(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=one.uri,
                    name=one.name,
                    title=one.title,
                    description=one.description,
                    mime_type=one.mime_type,
                )
                for one in readings.templates()
            ]
        )

    async def read_resource(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        mime_type, text = await _in_thread(readings.read, str(params.uri))
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=params.uri, mime_type=mime_type, text=text)]
        )

    async def complete(_: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        found: list[str] = []
        if isinstance(params.ref, types.ResourceTemplateReference):
            found = await _in_thread(readings.complete, params.ref.uri, params.argument.name, params.argument.value)
        shown = found[:MOST_COMPLETIONS]
        return types.CompleteResult(
            completion=types.Completion(values=shown, total=len(found), has_more=len(found) > len(shown))
        )

    return Server(
        NAME,
        version=program_version(),
        title=TITLE,
        instructions=load("tools/instructions.md.j2", keeps_ledger=desk.keeps_ledger).strip(),
        get_tool_input_schema=lambda name: offered[name].input_schema if name in offered else None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_completion=complete,
    )


def _definition(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.hints.read_only,
            destructive_hint=tool.hints.destructive,
            idempotent_hint=tool.hints.idempotent,
            open_world_hint=tool.hints.open_world,
        ),
    )


def _client(context: Context) -> str:
    """The host's program as it names itself, for `through`; never empty, since an agent writes for a person here."""
    known = context.session.client_params
    name = "" if known is None else known.client_info.name
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())[:LONGEST_CLIENT]
    return f"{name or 'a client'} via mcp"


def _tell(context: Context) -> Tell:
    told = 0

    async def tell(text: str) -> None:
        nonlocal told
        told += 1
        await context.session.report_progress(told, None, text)

    return tell


async def _in_thread(function: Callable[..., Any], *arguments: object) -> Any:
    """A blocking look-up, whose mistakes are the client's: a wrong name, or no ledger yet."""
    from anyio import to_thread

    from agent.errors import EscalationError

    try:
        return await to_thread.run_sync(function, *arguments)
    except EscalationError as error:
        raise _invalid(str(error)) from None


def _invalid(message: str) -> MCPError:
    return MCPError(code=types.INVALID_PARAMS, message=message)
