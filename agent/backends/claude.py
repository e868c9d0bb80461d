"""The `claude` backend: the Anthropic SDK, any model, any base URL. Requests and answers are built and read elsewhere.

The SDK owns the transport's retries (408, 409, 429, 5xx, connection; it honours retry-after). A failed call is one
`ModelError` with the next step in its message. KeyboardInterrupt and cancellation pass through untouched.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from agent.backends import answers, conversation
from agent.backends.base import Blame, Call, ModelUnavailable, Reply
from agent.errors import BadInput

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError, AsyncAnthropic

MODEL_VARIABLE = "ESCALATION_MODEL"
DEFAULT_MODEL = "claude-sonnet-5-5"
# Of one answer: a brief takes 2,000 tokens, the facts of a long ticket 6,000, and a model's thinking comes on top.
DEFAULT_MAX_TOKENS = 16_000
DEFAULT_TIMEOUT = 300.0  # seconds, of one attempt
MAX_RETRIES = 2  # of the transport, by the SDK: at most 3 requests for one call
# Models that always think refuse a forced tool with status 400 (the vendor's pages on what is new in each of them, read
# on 2026-11-30). They are asked without; any other model that refuses it, too, from its first refusal on.
_THINKS = re.compile(r"claude-(?:(?:sonnet|opus|haiku)-5-[5-9]|(?:fable|mythos)-5-[1-9])")


class ForcingRefused(Exception):
    """The model refused the request because a tool was forced: the same again without."""


class ClaudeBackend:
    """Answers calls with a model.

    `model`: else ESCALATION_MODEL, else `DEFAULT_MODEL`. `max_tokens`: of one answer, else ESCALATION_MAX_TOKENS.
    `timeout`: seconds of one attempt. `forced`: allow no answer but the tool's call; else as the model takes it.
    `retries`: of the transport, for one call. `base_url` and `api_key`: else what the SDK reads (ANTHROPIC_BASE_URL,
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
        forced: bool | None = None,
        retries: int = MAX_RETRIES,
    ) -> None:
        self.model: str = model or os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL
        self.max_tokens = _max_tokens() if max_tokens is None else max_tokens
        if self.max_tokens < 1:
            raise BadInput(f"max_tokens {self.max_tokens!r}: expected a positive number of tokens; leave it out")
        self.forced = _THINKS.search(self.model) is None if forced is None else forced
        self._base_url = base_url
        self._api_key = api_key
        self.timeout = timeout
        self._retries = retries
        self._client = client
        self._async_client = async_client
        self._loop: object = None  # the event loop that `_async_client` was made in, if it was made here

    def answer(self, call: Call) -> Reply:
        """One call of the API. Raises `ModelError`; does not repair."""
        try:
            return self._answer(call)
        except ForcingRefused:
            return self._answer(call)

    def answer_streamed(self, call: Call, listener: Callable[[str], None]) -> Reply:
        """As `answer`; `listener` is given the tool's input piece by piece. It may be interrupted."""
        try:
            return self._answer_streamed(call, listener)
        except ForcingRefused:
            return self._answer_streamed(call, listener)

    async def answer_async(self, call: Call) -> Reply:
        """As `answer`: the same request, the same reading."""
        try:
            return await self._answer_async(call)
        except ForcingRefused:
            return await self._answer_async(call)

    def _answer(self, call: Call) -> Reply:
        with self._named_errors(call):
            message = self._sync().messages.create(**self.request(call))
        return self.read(_plain(message), call)

    def _answer_streamed(self, call: Call, listener: Callable[[str], None]) -> Reply:
        with self._named_errors(call), self._sync().messages.stream(**self.request(call)) as stream:
            for event in stream:
                if event.type == "input_json":
                    listener(event.partial_json)
            message = stream.get_final_message()
        return self.read(_plain(message), call)

    async def _answer_async(self, call: Call) -> Reply:
        return self.read(await self.message(call, self.request(call)), call)

    async def message(self, call: Call, request: conversation.Request) -> object:
        """The answer to a request for a call, as it came. Raises `ModelUnavailable`, and `ForcingRefused` once."""
        with self._named_errors(call):
            return _plain(await self._async().messages.create(**request))

    def request(self, call: Call) -> conversation.Request:
        """What is sent for a call."""
        return conversation.request(call, self.model, self.max_tokens, forced=self.forced)

    def read(self, message: object, call: Call) -> Reply:
        """What a message says in answer to a call. Raises `ModelError`."""
        return answers.read(message, call, model=self.model, max_tokens=self.max_tokens)

    def client(self) -> "Anthropic":
        """The SDK's client that calls go through, for what is no call (agent/batch/vendor_batches.py)."""
        return self._sync()

    def where(self) -> str:
        """The address that is called, without credentials or query."""
        self._sync()  # the client knows the address that the environment names
        return self._where()

    def _sync(self) -> "Anthropic":
        if self._client is None:
            from anthropic import Anthropic

            self._client = Anthropic(
                base_url=self._base_url, api_key=self._api_key, timeout=self.timeout, max_retries=self._retries
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
                base_url=self._base_url, api_key=self._api_key, timeout=self.timeout, max_retries=self._retries
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
                f"{self._where()} did not answer within {self.timeout:g} s; try again later", "timeout", "server"
            ) from error
        except anthropic.APIConnectionError as error:
            cause = answers.one_line(str(error.__cause__ or error), 160)
            message = f"cannot reach {self._where()} ({cause}); check the network and ANTHROPIC_BASE_URL"
            raise self._unavailable(message, "connection", "server") from error
        except anthropic.APIStatusError as error:
            if self.forced and error.status_code == 400 and "tool_choice" in str(error.api_message):
                self.forced = False
                raise ForcingRefused from error
            failure = self._unavailable(
                self._status(error, call), f"http_{error.status_code}", blame_of(error.status_code)
            )
            failure.retry_after = retry_after(error.response.headers)
            raise failure from error
        except anthropic.AnthropicError as error:
            # Credentials that cannot be read, or a body that is no JSON: the message is the SDK's, without the body.
            raise self._unavailable(f"{type(error).__name__}: {answers.one_line(str(error), 200)}", "sdk") from error
        except httpx2.HTTPError as error:  # in the middle of a stream, where the SDK passes it on as it is
            cause = answers.one_line(str(error) or type(error).__name__, 160)
            raise self._unavailable(
                f"the stream from {self._where()} ended before the answer was whole ({cause}); try again",
                "stream",
                "server",
            ) from error
        except TypeError as error:
            if "authentication method" not in str(error):
                raise
            raise self._unavailable(
                "no key: expected ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN in the environment; set one", "no_key"
            ) from error
        except json.JSONDecodeError as error:
            raise self._unavailable(
                f"{self._where()} did not answer with JSON; check ANTHROPIC_BASE_URL", "not_messages_api", "server"
            ) from error

    def _unavailable(self, message: str, reason: str, blame: Blame = "setup") -> ModelUnavailable:
        return ModelUnavailable(f"{message}, or use --backend offline", reason=reason, blame=blame)

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
            return f"{where} limits the rate (429: {said}), after {self._retries} retries; wait and try again"
        if status >= 500:
            return f"{where} is not available ({status}: {said}), after {self._retries} retries; try again later"
        return f"{where} refused the request ({status}: {said}); check --model and {answers.MAX_TOKENS_VARIABLE}"


def _plain(message: object) -> object:
    # A server that is no Messages API may make the SDK return a string, or a message of any shape.
    return message.to_dict(warnings=False) if hasattr(message, "to_dict") else message


def blame_of(status: int) -> Blame:
    """What an HTTP status says about other requests."""
    if status in (401, 403, 404):
        return "setup"
    return "server" if status in (408, 409, 429) or status >= 500 else "request"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again, as number or HTTP date (RFC 9110), or in the SDK's header."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "")
        if value.strip().isascii() and value.strip()[:1].isdigit():
            return float(value)
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


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
