"""The `claude` backend: the Anthropic SDK, any model, any base URL. Requests and answers are built and read elsewhere.

The SDK owns the transport's retries (408, 409, 429, 5xx, connection; it honours retry-after), and
agent/backends/wire.py bounds them. A failed call is one `ModelError` with the next step in its message; docs/faults.md
lists what can fail, and how each ends. KeyboardInterrupt and cancellation pass through untouched.

Through a client that was made here a request goes out as ready JSON, and the answer comes back as plain data. That
spares the copy that `messages.create` makes of tools and system prompt, and the models that it makes of the answer:
more than half of what a call costs on this side. A client that was handed in may be one that rewrites the request for
another cloud, so it gets `messages.create`.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from agent.backends import answers, conversation, failures
from agent.backends.base import Call, ModelUnavailable, Reply
from agent.backends.failures import BASE_URL_VARIABLE, MODEL_VARIABLE, ForcingRefused
from agent.errors import BadInput

if TYPE_CHECKING:
    from anthropic import Anthropic, AsyncAnthropic
    from anthropic.lib.streaming import MessageStream, ParsedMessageStreamEvent
    from httpx2 import Response

DEFAULT_MODEL = "claude-sonnet-5-5"
# Of one answer: a brief takes 2,000 tokens, the facts of a long ticket 6,000, and a model's thinking comes on top.
DEFAULT_MAX_TOKENS = 16_000
DEFAULT_TIMEOUT = 300.0  # seconds until the first byte of an answer, and between two pieces of it
CALL_SECONDS = 600.0  # of one call: all its attempts, with the pauses between them
COUNT_SECONDS = 30.0  # of counting one request's tokens
MAX_RETRIES = 2  # of the transport, by the SDK: at most 3 requests for one call
_MESSAGES = "/v1/messages"
# Models that always think refuse a forced tool with status 400 (the vendor's pages on what is new in each of them, read
# on 2026-11-30). They are asked without; any other model that refuses it, too, from its first refusal on.
_THINKS = re.compile(r"claude-(?:(?:sonnet|opus|haiku)-5-[5-9]|(?:fable|mythos)-5-[1-9])")


class ClaudeBackend:
    """Answers calls with a model.

    `model`: else ESCALATION_MODEL, else `DEFAULT_MODEL`. `max_tokens`: of one answer, else ESCALATION_MAX_TOKENS.
    `timeout`: seconds until an answer begins, and between two pieces of it. `call_seconds`: of one call with all its
    attempts. `forced`: allow no answer but the tool's call; else as the model takes it. `retries`: of the transport,
    for one call. `connections`: kept open for further calls. `base_url` and `api_key`: else what the SDK reads
    (ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY and so on). `client` and `async_client`: the SDK's own, or one of its
    Bedrock, Vertex or Foundry classes, ready-made; then `base_url`, `api_key`, `timeout`, `retries`, `connections`
    and the wire's bounds are theirs.
    """

    name: Literal["claude"] = "claude"

    def __init__(
        self,
        model: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        max_tokens: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        call_seconds: float = CALL_SECONDS,
        client: "Anthropic | None" = None,
        async_client: "AsyncAnthropic | None" = None,
        forced: bool | None = None,
        retries: int = MAX_RETRIES,
        connections: int = 0,
    ) -> None:
        self.model: str = model or os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL
        self.max_tokens = _max_tokens() if max_tokens is None else max_tokens
        if self.max_tokens < 1:
            raise BadInput(f"max_tokens {self.max_tokens!r}: expected a positive number of tokens; leave it out")
        self.forced = _THINKS.search(self.model) is None if forced is None else forced
        self._base_url = base_url
        self._api_key = api_key
        self._timeout, self._call_seconds = timeout, call_seconds
        self._retries, self._connections = retries, connections
        self._client = client
        self._async_client = async_client
        self._made_here, self._async_made_here = client is None, async_client is None
        self._loop: object = None  # the event loop that `_async_client` was made in, if it was made here

    def answer(self, call: Call) -> Reply:
        """One call of the API. Raises `ModelError`; does not repair."""
        try:
            return self._answer(call)
        except ForcingRefused:
            self.forced = False
            return self._answer(call)

    def answer_streamed(self, call: Call, listener: Callable[[str], None]) -> Reply:
        """As `answer`; `listener` is given the tool's input piece by piece. It may be interrupted."""
        try:
            return self._answer_streamed(call, listener)
        except ForcingRefused:
            self.forced = False
            return self._answer_streamed(call, listener)

    async def answer_async(self, call: Call) -> Reply:
        """As `answer`: the same request, the same reading."""
        return self.read(await self.message(self.request(call), len(call.ticket.text)), call)

    async def message(self, request: conversation.Request, size: int) -> object:
        """The answer to a request, as it came. Raises `ModelUnavailable`; does not read it. `size`: of its ticket."""
        if not self.forced:  # which may have been learnt since the request was made
            request = {**request, "tool_choice": conversation.UNFORCED}
        try:
            return await self._message(request, size)
        except ForcingRefused:
            self.forced = False
            return await self.message(request, size)

    def request(self, call: Call) -> conversation.Request:
        """What is sent for a call."""
        return conversation.request(call, self.model, self.max_tokens, forced=self.forced)

    def read(self, message: object, call: Call) -> Reply:
        """What a message says in answer to a call. Raises `ModelError`."""
        return answers.read(message, call, model=self.model, max_tokens=self.max_tokens)

    def count(self, request: conversation.Request) -> int:
        """Tokens of a request as the API counts them, free of charge. Raises `ModelUnavailable`."""
        import anthropic
        import httpx2

        from agent.backends import wire

        client = self._sync()
        counted = {name: request[name] for name in ("model", "system", "tools", "messages")}
        try:
            with wire.within(COUNT_SECONDS):
                tokens = getattr(client.messages.count_tokens(**counted), "input_tokens", None)
            if isinstance(tokens, int):
                return tokens
            why = "what answers does not count tokens"
        except anthropic.APIStatusError as error:
            why = f"it answered {error.status_code}"
        except (anthropic.AnthropicError, httpx2.HTTPError, json.JSONDecodeError, TypeError) as error:
            why = "no key was given" if isinstance(error, TypeError) else type(error).__name__
        raise ModelUnavailable(f"{self._where()} did not count: {why}", reason="count", blame="server")

    def client(self) -> "Anthropic":
        """The SDK's client, for what is no call (agent/batch/vendor_batches.py). Raises `ModelUnavailable`."""
        return self._sync()

    def where(self) -> str:
        """The address that is called, without credentials or query. Raises `ModelUnavailable` if it is none."""
        self._sync()  # which reads the environment
        return self._where()

    def _answer(self, call: Call) -> Reply:
        from agent.backends import wire

        request = self.request(call)
        with self._named(request, len(call.ticket.text)):
            client = self._sync()
            with wire.within(self._call_seconds), failures.judged_as_json(self._where()):
                if self._made_here and not _traced():
                    from httpx2 import Response

                    message = _content(client.post(_MESSAGES, content=conversation.body(request), cast_to=Response))
                else:
                    message = _plain(client.messages.create(**request))
        return self.read(message, call)

    def _answer_streamed(self, call: Call, listener: Callable[[str], None]) -> Reply:
        from agent.backends import wire

        request = self.request(call)
        with self._named(request, len(call.ticket.text)):
            client = self._sync()
            with wire.within(self._call_seconds), client.messages.stream(**request) as stream:
                last = None
                for event in self._events(stream):
                    last = event.type
                    if event.type == "input_json":
                        listener(event.partial_json)
                if last is None:
                    raise failures.unavailable(
                        f"{self._where()} did not answer with a stream of events; check {BASE_URL_VARIABLE}",
                        "not_messages_api",
                        "server",
                    )
                if last != "message_stop":  # a connection that was cut may look like one that ended
                    raise failures.broken(self._where(), "the last event is missing")
                with failures.judged_as_events(self._where()):
                    message = stream.get_final_message()
        return self.read(_plain(message), call)

    def _events(self, stream: "MessageStream[None]") -> "Iterator[ParsedMessageStreamEvent[None]]":
        """The events of a stream, one by one, so that an error of whoever listens to them is not taken for theirs."""
        events = iter(stream)
        while True:
            with failures.judged_as_events(self._where()):
                event = next(events, None)
            if event is None:
                return
            yield event

    async def _message(self, request: conversation.Request, size: int) -> object:
        import asyncio

        from agent.backends import wire

        with self._named(request, size):
            client = self._async()
            with wire.within(self._call_seconds), failures.judged_as_json(self._where()):
                async with asyncio.timeout(self._call_seconds):
                    if self._async_made_here and not _traced():
                        from httpx2 import Response

                        body = conversation.body(request)
                        return _content(await client.post(_MESSAGES, content=body, cast_to=Response))
                    return _plain(await client.messages.create(**request))

    def _named(self, request: conversation.Request, size: int) -> AbstractContextManager[None]:
        forced = request["tool_choice"]["type"] == "tool"
        of = failures.Circumstances(self._where, self.model, size, self._timeout, self._call_seconds, forced)
        return failures.named(of)

    def _sync(self) -> "Anthropic":
        if self._client is None:
            from anthropic import Anthropic

            from agent.backends import wire

            with failures.judged_as_setup(self._address()):
                self._client = Anthropic(
                    base_url=self._base_url,
                    api_key=self._api_key,
                    timeout=wire.pauses(self._timeout),
                    max_retries=self._retries,
                    http_client=wire.client(),
                )
        return self._client

    def _async(self) -> "AsyncAnthropic":
        import asyncio

        loop = asyncio.get_running_loop()
        # Pooled connections belong to the loop that opened them; a second asyncio.run must not meet them.
        if self._async_client is None or (self._loop is not None and self._loop is not loop):
            from anthropic import AsyncAnthropic

            from agent.backends import wire

            with failures.judged_as_setup(self._address()):
                self._loop = loop
                self._async_client = AsyncAnthropic(
                    base_url=self._base_url,
                    api_key=self._api_key,
                    timeout=wire.pauses(self._timeout),
                    max_retries=self._retries,
                    http_client=wire.async_client(self._connections),
                )
        return self._async_client

    def _address(self) -> str | None:
        return self._base_url if self._base_url is not None else os.environ.get(BASE_URL_VARIABLE)

    def _where(self) -> str:
        """The address that is called, without credentials or query."""
        client = self._client or self._async_client
        try:
            url = urlsplit(str(client.base_url) if client else self._base_url or "the API")
            port = f":{url.port}" if url.port else ""
        except ValueError:
            return "the API"
        return f"{url.scheme}://{url.hostname}{port}{url.path.rstrip('/')}" if url.hostname else "the API"


def _plain(message: object) -> object:
    # A server that is no Messages API may make the SDK return a string, or a message of any shape.
    return message.to_dict(warnings=False) if hasattr(message, "to_dict") else message


def _content(response: "Response") -> object:
    """The answer as plain data; text where the server says that it is no JSON."""
    return json.loads(response.content) if "json" in response.headers.get("content-type", "") else response.text


def _traced() -> bool:
    """Whether somebody set OpenTelemetry up: then `messages.create` gives its spans, and costs what it costs."""
    from opentelemetry import trace

    told = "OTEL_PYTHON_TRACER_PROVIDER" in os.environ
    return told or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _max_tokens() -> int:
    value = os.environ.get(answers.MAX_TOKENS_VARIABLE)
    if not value:
        return DEFAULT_MAX_TOKENS
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise BadInput(
            f"{answers.MAX_TOKENS_VARIABLE} {value[:40]!r}: expected a whole number of tokens, such as "
            f"{DEFAULT_MAX_TOKENS}; set it again or unset it"
        )
    return int(value)
