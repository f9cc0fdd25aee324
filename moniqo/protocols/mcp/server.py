"""The protocol's questions, answered: which tools, resources and prompts there are, and what each says.

Only what a token may call is listed for it. The package of the protocol takes a second to import and 57 MB to keep, so
this module is imported by whoever serves the first request.
"""

import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final, NamedTuple

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from kit.bodies import Scope
from moniqo.protocols.calls import CALLS, Protocol
from moniqo.protocols.inside import Answer, Asker, Inside
from moniqo.protocols.mcp import calling, confirming
from moniqo.protocols.mcp.operations import Operation, operations


class Prompt(NamedTuple):
    """Something to ask a model, with the arguments that stand in its text."""

    title: str
    text: str
    arguments: tuple[str, ...] = ()


NAME: Final = "moniqo"
INSTRUCTIONS: Final = (
    "Watch and steer trading agents. Amounts are exact decimal texts; what is unknown is null, never zero. Every order "
    "passes the owner's limits, which no tool changes: a refusal names the limit and its numbers. An order that was "
    "placed is not filled until get_order says so. propose_* asks the owner, who answers when they want to."
)
# Characters of an argument of a prompt, which stands in its text.
ARGUMENT: Final = 200
# Address, what it is, and the tool whose answer it holds.
RESOURCES: Final = (
    ("moniqo://portfolio", "What the fund is worth and earned", "get_portfolio"),
    ("moniqo://fills", "Executions, newest first; list_fills takes the cursor of those before them", "list_fills"),
)
TEMPLATES: Final = (
    ("moniqo://wallets/{wallet_id}/limits", "What limits allow a wallet", "get_limits", "wallet_id"),
    ("moniqo://wallets/{wallet_id}/fills", "Executions of a wallet and below it", "list_fills", "wallet_id"),
    (
        "moniqo://positions/{position_id}",
        "One position: why it was entered and left, and what it made",
        "get_position",
        "position_id",
    ),
    ("moniqo://agents/{agent_id}/diary", "Why an agent did what it did", "why", "agent_id"),
    ("moniqo://backtests/{backtest_id}", "What a backtest found", "get_backtest", "backtest_id"),
)
PROMPTS: Final = {
    "review_my_day": Prompt(
        "Go through today with me",
        "Look at get_portfolio, list_trades, list_orders and list_alerts. Tell me what changed today and why, which "
        "agents made and lost money, what was refused and by which limit, and what I should look at. Quote figures as "
        "they are, and say where one is unknown.",
    ),
    "explain_this_loss": Prompt(
        "Say why a position lost money",
        "Look at the resource moniqo://positions/{position_id} (or at list_trades), at why of its agent and at "
        "get_candles of its market around it. Say why it was entered, what happened, why it was left, and whether the "
        "stop did what it was set to do.",
        ("position_id",),
    ),
}

logger = logging.getLogger(__name__)

Context = Any
OuterOf = Callable[[Context], Scope]


class _Tools:
    """Calls of tools; each is written down."""

    def __init__(self, inside: Inside, outer_of: OuterOf, known: Mapping[str, Operation]) -> None:
        self._inside, self._outer_of, self._known = inside, outer_of, known

    async def asker(self, context: Context, *, anew: bool = False) -> Asker:
        """Whose token it is. Raises MCPError where it counts no more."""
        asker = await self._inside.asker(self._outer_of(context), anew=anew)
        if isinstance(asker, Answer):
            raise MCPError(types.INVALID_REQUEST, calling.refusal_of(asker))
        return asker

    async def called(self, context: Context, tool: str, arguments: dict[str, Any]) -> calling.Result:
        asker, began = await self.asker(context), monotonic()
        result = calling.NO_SUCH_TOOL
        if tool in self._known:
            try:
                result = await calling.call(self._inside, self._known[tool], arguments, self._outer_of(context))
            except Exception:  # whatever it is, the protocol's package would tell its words
                logger.exception("A call of %s broke", tool)
                result = calling.BROKE
        CALLS.note(asker.token_id, Protocol.MCP, tool, arguments, status=result.status, began=began)
        return result

    async def answered(
        self, context: Context, asked: types.CallToolRequestParams
    ) -> calling.Result | types.InputRequiredResult:
        """The call's result, or what the client is to ask first. Raises MCPError where there is no such tool."""
        operation, arguments = self._known.get(asked.name), asked.arguments or {}
        if operation is not None:
            asker = await self.asker(context)
            first = confirming.question(context, operation.tool, asked, asker.token_id)
            # Whether it may call this, and asks its owner instead, is what the owner has said by now.
            if first is not None and operation.is_allowed(await self.asker(context, anew=True)):
                return first
            if confirming.is_declined(operation.tool, asked):
                result = calling.Result(None, confirming.DECLINED, 403)
                CALLS.note(asker.token_id, Protocol.MCP, asked.name, arguments, status=result.status, began=monotonic())
                return result
        result = await self.called(context, asked.name, arguments)
        if result is calling.NO_SUCH_TOOL:
            raise MCPError(types.INVALID_PARAMS, result.refusal)
        return result


def build(inside: Inside, outer_of: OuterOf) -> Server[Any]:
    """The server; `outer_of` says of a question who asks it."""
    known = operations()
    tools = _Tools(inside, outer_of, known)

    async def allowed(context: Context) -> list[Operation]:
        asker = await tools.asker(context)
        return [operation for operation in known.values() if operation.is_allowed(asker)]

    async def list_tools(context: Context, _: Any) -> types.ListToolsResult:
        offered = [operation for operation in await allowed(context) if operation.tool.is_listed]
        return types.ListToolsResult(tools=[_tool(operation) for operation in offered])

    async def call_tool(
        context: Context, asked: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        result = await tools.answered(context, asked)
        if isinstance(result, types.InputRequiredResult):
            return result
        return types.CallToolResult(
            content=[types.TextContent(text=result.text)],
            structured_content=result.found,
            is_error=result.found is None,
        )

    async def list_resources(context: Context, _: Any) -> types.ListResourcesResult:
        names = {operation.tool.name for operation in await allowed(context)}
        found = [
            types.Resource(uri=uri, name=uri.removeprefix("moniqo://"), description=said, mime_type="application/json")
            for uri, said, tool in RESOURCES
            if tool in names
        ]
        return types.ListResourcesResult(resources=found)

    async def list_templates(context: Context, _: Any) -> types.ListResourceTemplatesResult:
        names = {operation.tool.name for operation in await allowed(context)}
        found = [
            types.ResourceTemplate(uri_template=uri, name=tool, description=said, mime_type="application/json")
            for uri, said, tool, _ in TEMPLATES
            if tool in names
        ]
        return types.ListResourceTemplatesResult(resource_templates=found)

    async def read_resource(context: Context, asked: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(asked.uri)
        tool, arguments = _resource(uri)
        result = await tools.called(context, tool, arguments)
        if result.found is None:
            raise MCPError(types.INVALID_PARAMS, result.refusal)
        text = types.TextResourceContents(uri=uri, mime_type="application/json", text=result.text)
        return types.ReadResourceResult(contents=[text])

    return Server(
        NAME,
        version="1.0.0",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
        get_tool_input_schema=lambda name: known[name].input if name in known else None,
    )


def _tool(operation: Operation) -> types.Tool:
    tool = operation.tool
    reads = tool.method == "GET"
    keyed = "idempotency_key" in operation.arguments
    hints = types.ToolAnnotations(  # what a client takes for granted is left out
        read_only_hint=reads or None,
        destructive_hint=None if reads or tool.is_destructive else False,
        idempotent_hint=None if reads else keyed or tool.method == "PATCH",
    )
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=operation.input,
        output_schema=dict(operation.output),
        annotations=hints,
    )


def _resource(uri: str) -> tuple[str, dict[str, Any]]:
    """The tool whose answer a resource holds, and its arguments. Raises MCPError where there is none."""
    for address, _, tool in RESOURCES:
        if uri == address:
            return tool, {}
    for address, _, tool, name in TEMPLATES:
        before, _, after = address.partition(f"{{{name}}}")
        middle = uri.removeprefix(before).removesuffix(after)
        if uri == before + middle + after and middle and "/" not in middle:
            return tool, {name: middle}
    raise MCPError(types.INVALID_PARAMS, "There is no such resource: ask for the list of them.")


async def _list_prompts(_: Context, __: Any) -> types.ListPromptsResult:
    found = []
    for name, prompt in PROMPTS.items():
        arguments = [types.PromptArgument(name=argument, required=True) for argument in prompt.arguments]
        found.append(types.Prompt(name=name, description=prompt.title, arguments=arguments))
    return types.ListPromptsResult(prompts=found)


async def _get_prompt(_: Context, asked: types.GetPromptRequestParams) -> types.GetPromptResult:
    prompt = PROMPTS.get(asked.name)
    if prompt is None:
        raise MCPError(types.INVALID_PARAMS, "There is no such prompt: ask for the list of them.")
    given, text = asked.arguments or {}, prompt.text
    for name in prompt.arguments:
        if not given.get(name):
            raise MCPError(types.INVALID_PARAMS, f"Give {name}.")
        if len(given[name]) > ARGUMENT:
            raise MCPError(types.INVALID_PARAMS, f"Give {name} with at most {ARGUMENT} characters.")
        text = text.replace(f"{{{name}}}", str(given[name]))
    message = types.PromptMessage(role="user", content=types.TextContent(text=text))
    return types.GetPromptResult(description=prompt.title, messages=[message])
