"""The `claude` backend: the Anthropic SDK, any model, any base URL. Requests and answers are built and read elsewhere.

The SDK owns the transport's retries (408, 409, 429, 5xx, connection; it honours retry-after). A failed call is one
`ModelError` with the next step in its message. KeyboardInterrupt and cancellation pass through untouched.

Through a client that was made here a request goes out as ready JSON, and the answer comes back as plain data. That
spares the copy that `messages.create` makes of tools and system prompt, and the models that it makes of the answer:
more than half of what a call costs on this side. A client that was handed in may be one that rewrites the request for
another cloud, so it gets `messages.create`.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from agent.backends import answers, conversation
from agent.backends.base import Call, ModelUnavailable, Reply
from agent.errors import BadInput

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError, AsyncAnthropic
    from httpx2 import Response

MODEL_VARIABLE = "ESCALATION_MODEL"
DEFAULT_MODEL = "claude-sonnet-5-5"
# Of one answer: a brief takes 2,000 tokens, the facts of a long ticket 6,000, and a model's thinking comes on top.
DEFAULT_MAX_TOKENS = 16_000
DEFAULT_TIMEOUT = 300.0  # seconds, of one attempt
_MESSAGES = "/v1/messages"
MAX_RETRIES = 2  # of the transport, by the SDK: at most 3 requests for one call


class ClaudeBackend:
    """Answers calls with a model.

    `model`: else ESCALATION_MODEL, else `DEFAULT_MODEL`. `max_tokens`: of one answer, else ESCALATION_MAX_TOKENS.
    `timeout`: seconds of one attempt. `base_url` and `api_key`: else what the SDK reads (ANTHROPIC_BASE_URL,
    ANTHROPIC_API_KEY and so on). `client` and `async_client`: the SDK's own, or one of its Bedrock, Vertex or Foundry
    classes, ready-made; then `base_url`, `api_key` and `timeout` are theirs.
    """

    name: Literal["claude"] = "claude"

    def __init__(
        self,
        model: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        max_tokens: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        client: "Anthropic | None" = None,
        async_client: "AsyncAnthropic | None" = None,
    ) -> None:
        self.model: str = model or os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL
        self.max_tokens = _max_tokens() if max_tokens is None else max_tokens
        if self.max_tokens < 1:
            raise BadInput(f"max_tokens {self.max_tokens!r}: expected a positive number of tokens; leave it out")
        self._base_url = base_url
        self._api_key = api_key
        self._timeout = timeout
        self._client = client
        self._async_client = async_client
        self._made_here, self._async_made_here = client is None, async_client is None
        self._loop: object = None  # the event loop that `_async_client` was made in, if it was made here

    def answer(self, call: Call) -> Reply:
        """One call of the API. Raises `ModelError`; does not repair."""
        client = self._sync()
        with self._named_errors(call):
            if self._made_here and not _traced():
                from httpx2 import Response

                return self._read(_content(client.post(_MESSAGES, content=self._body(call), cast_to=Response)), call)
            message = client.messages.create(**conversation.request(call, self.model, self.max_tokens))
        return self._read(message, call)

    def answer_streamed(self, call: Call, listener: Callable[[str], None]) -> Reply:
        """As `answer`; `listener` is given the tool's input piece by piece. It may be interrupted."""
        sent = conversation.request(call, self.model, self.max_tokens)
        with self._named_errors(call), self._sync().messages.stream(**sent) as stream:
            for event in stream:
                if event.type == "input_json":
                    listener(event.partial_json)
            message = stream.get_final_message()
        return self._read(message, call)

    async def answer_async(self, call: Call) -> Reply:
        """As `answer`: the same request, the same reading."""
        client = self._async()
        with self._named_errors(call):
            if self._async_made_here and not _traced():
                from httpx2 import Response

                answer = await client.post(_MESSAGES, content=self._body(call), cast_to=Response)
                return self._read(_content(answer), call)
            message = await client.messages.create(**conversation.request(call, self.model, self.max_tokens))
        return self._read(message, call)

    def _body(self, call: Call) -> bytes:
        return conversation.body(call, self.model, self.max_tokens)

    def _read(self, message: object, call: Call) -> Reply:
        # A server that is no Messages API may make the SDK return a string, or a message of any shape.
        plain = message.to_dict(warnings=False) if hasattr(message, "to_dict") else message
        return answers.read(plain, call, model=self.model, max_tokens=self.max_tokens)

    def _sync(self) -> "Anthropic":
        if self._client is None:
            from anthropic import Anthropic

            self._client = Anthropic(
                base_url=self._base_url, api_key=self._api_key, timeout=self._timeout, max_retries=MAX_RETRIES
            )
        return self._client

    def _async(self) -> "AsyncAnthropic":
        import asyncio

        loop = asyncio.get_running_loop()
        # Pooled connections belong to the loop that opened them; a second asyncio.run must not meet them.
        if self._async_client is None or (self._loop is not None and self._loop is not loop):
            from anthropic import AsyncAnthropic

            self._loop = loop
            self._async_client = AsyncAnthropic(
                base_url=self._base_url, api_key=self._api_key, timeout=self._timeout, max_retries=MAX_RETRIES
            )
        return self._async_client

    def _where(self) -> str:
        """The address that is called, without credentials or query."""
        client = self._client or self._async_client
        url = urlsplit(str(client.base_url) if client else self._base_url or "the API")
        if not url.hostname:
            return "the API"
        port = f":{url.port}" if url.port else ""
        return f"{url.scheme}://{url.hostname}{port}{url.path.rstrip('/')}"

    @contextmanager
    def _named_errors(self, call: Call) -> Iterator[None]:
        """Every failure of the SDK as one `ModelUnavailable` whose message says what to do next."""
        import anthropic
        import httpx2

        try:
            yield
        except anthropic.APITimeoutError as error:
            raise self._unavailable(
                f"{self._where()} did not answer within {self._timeout:g} s; try again later", "timeout"
            ) from error
        except anthropic.APIConnectionError as error:
            cause = answers.one_line(str(error.__cause__ or error), 160)
            raise self._unavailable(
                f"cannot reach {self._where()} ({cause}); check the network and ANTHROPIC_BASE_URL", "connection"
            ) from error
        except anthropic.APIStatusError as error:
            raise self._unavailable(self._status(error, call), f"http_{error.status_code}") from error
        except anthropic.AnthropicError as error:
            # Credentials that cannot be read, or a body that is no JSON: the message is the SDK's, without the body.
            raise self._unavailable(f"{type(error).__name__}: {answers.one_line(str(error), 200)}", "sdk") from error
        except httpx2.HTTPError as error:  # in the middle of a stream, where the SDK passes it on as it is
            cause = answers.one_line(str(error) or type(error).__name__, 160)
            raise self._unavailable(
                f"the stream from {self._where()} ended before the answer was whole ({cause}); try again", "stream"
            ) from error
        except TypeError as error:
            if "authentication method" not in str(error):
                raise
            raise self._unavailable(
                "no key: expected ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN in the environment; set one", "no_key"
            ) from error
        except json.JSONDecodeError as error:
            raise self._unavailable(
                f"{self._where()} did not answer with JSON; check ANTHROPIC_BASE_URL", "not_messages_api"
            ) from error

    def _unavailable(self, message: str, reason: str) -> ModelUnavailable:
        return ModelUnavailable(f"{message}, or use --backend offline", reason=reason)

    def _status(self, error: "APIStatusError", call: Call) -> str:
        status, where = error.status_code, self._where()
        # What a server says about a refused key may repeat the key, so it is shown for other errors only.
        said = answers.one_line(str(error.api_message or error.type or "no reason given"), 200)
        size = f"{len(call.ticket.text):,} characters"
        if status == 401:
            return (
                f"{where} refused the key (401): it is read from ANTHROPIC_API_KEY, then ANTHROPIC_AUTH_TOKEN; "
                "set a valid one"
            )
        if status == 403:
            return f"the key may not use {self.model!r} at {where} (403); choose another --model or another key"
        if status == 404:
            return (
                f"{where} does not know {self.model!r} (404); check --model or {MODEL_VARIABLE}, and ANTHROPIC_BASE_URL"
            )
        if status == 413 or (status == 400 and "too long" in said.lower()):
            return f"the ticket's {size} are too many for {self.model!r} ({status}: {said}); shorten it"
        if status == 429:
            return f"{where} limits the rate (429: {said}), after {MAX_RETRIES} retries; wait and try again"
        if status >= 500:
            return f"{where} is not available ({status}: {said}), after {MAX_RETRIES} retries; try again later"
        return f"{where} refused the request ({status}: {said}); check --model and {answers.MAX_TOKENS_VARIABLE}"


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
    if not (value.isascii() and value.isdigit()):
        raise BadInput(
            f"{answers.MAX_TOKENS_VARIABLE} {value[:40]!r}: expected a whole number of tokens, such as "
            f"{DEFAULT_MAX_TOKENS}; set it again or unset it"
        )
    return int(value)
