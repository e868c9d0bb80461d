"""Recorded conversations: what was sent and answered, replayed through the SDK's own client (vcrpy).

A cassette is YAML with the bodies as data, one ticket each. Nothing but a few headers is kept, either way. Parts that
many recordings share (tools, system prompt) can stand in files of their own beside them, named by their hash, so that
a change of the prompt is one difference to read and not a hundred.
"""

import copy
import difflib
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import anthropic
import vcr
import yaml
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request

from agent.backends.claude import ClaudeBackend

KEPT_REQUEST_HEADERS = frozenset({"content-type", "anthropic-version", "anthropic-beta"})
KEPT_RESPONSE_HEADERS = frozenset({"content-type", "retry-after"})
ANYWHERE = "https://endpoint.invalid"  # the address of whatever answered the recording is nobody's business
_SAME = "same as file"
_FROZEN = ("system", "tools")  # parts of a request that many recordings share
MAX_MARKS = 4  # cache marks that the API takes in one request
_OWN_FILE_FROM = 4000  # characters from which a shared part gets a file of its own, where there is a place for it
_SHARED_FROM = 300  # characters from which a repeated part of a conversation is written once, and referred to
_DIFF_LINES = 30


@contextmanager
def cassette(
    path: Path, mode: Literal["none", "once"] = "none", shared: Path | None = None, *, whole: bool = True
) -> Iterator[Cassette]:
    """Replays `path`, or records it in mode `once`. A miss is an AssertionError that says what differs.

    `shared`: the folder of the parts that many recordings have in common. `whole`: after a replay every interaction
    has been played. vcrpy patches the whole process, so one at a time.
    """
    recorder = vcr.VCR(
        record_mode=mode,
        match_on=("method", "path", "same_body"),
        before_record_request=_bare_request,
        before_record_response=_bare_response,
        decode_compressed_response=True,
        serializer="readable",
    )
    recorder.register_serializer("readable", Readable(shared))
    recorder.register_matcher("same_body", same_body)
    with recorder.use_cassette(str(path)) as tape:
        try:
            yield tape
        except Exception as error:
            miss = missed(error)
            if miss is None:
                raise
            raise AssertionError(f"{path.name} does not hold this request: {difference(tape, miss)}") from None
        if mode == "none" and whole:
            unplayed = [index for index in range(len(tape)) if not tape.play_counts[index]]
            assert not unplayed, f"{path.name}: interactions {unplayed} of {len(tape)} were not played"


def client_backend(model: str, *, forced: bool = True) -> ClaudeBackend:
    """The real backend for a replay: no retries, or a miss would be tried again. `forced`: as it was recorded."""
    common: dict[str, Any] = {"api_key": "key-of-a-test", "base_url": ANYWHERE, "max_retries": 0}
    return ClaudeBackend(
        model=model,
        client=anthropic.Anthropic(**common),
        async_client=anthropic.AsyncAnthropic(**common),
        forced=forced,
    )


def bodies(tape: Cassette) -> list[dict[str, Any]]:
    """The requests as data, in the order in which they were made."""
    return [json.loads(request.body) for request in tape.requests]


def check_prefixes(tape: Cassette) -> None:
    """Each request keeps the cached prefix of the one before, and the answers' usage says that it was read."""
    usages = [json.loads(response["body"]["string"]).get("usage", {}) for response in tape.responses]
    sent = [cached_prefixes(body) for body in bodies(tape)]
    for number, marks in enumerate(sent, 1):
        assert len(marks) <= MAX_MARKS, f"request {number} carries {len(marks)} cache marks"
    for number, (before, after) in enumerate(pairwise(sent), 2):
        assert after[: len(before)] == before, f"request {number} changes the cached prefix of request {number - 1}"
    for number, (before, after) in enumerate(pairwise(usages), 2):
        cached = sum(before.get(name) or 0 for name in ("cache_read_input_tokens", "cache_creation_input_tokens"))
        read = after.get("cache_read_input_tokens") or 0
        assert read >= cached, f"request {number} read {read} tokens from the cache, {cached} were in it"


def cached_prefixes(sent: dict[str, Any]) -> list[str]:
    """The request up to each cache mark, in the API's order: tools, system, messages."""
    blocks: list[Any] = [*sent.get("tools", ()), *sent["system"]]
    blocks += [[turn["role"], block] for turn in sent["messages"] for block in turn["content"]]
    rendered = [json.dumps(block, ensure_ascii=False) for block in blocks]
    return ["".join(rendered[: index + 1]) for index, text in enumerate(rendered) if '"cache_control"' in text]


class Readable:
    """A serializer for vcrpy: bodies as YAML data, text as blocks, and what a later request repeats only once."""

    def __init__(self, shared: Path | None = None) -> None:
        self._shared = shared

    def serialize(self, tape: dict[str, Any]) -> str:
        tape = copy.deepcopy(tape)
        once: dict[str, Any] = {}
        for interaction in tape["interactions"]:
            for side, body in (
                ("request", interaction["request"]["body"]),
                ("response", interaction["response"]["body"]["string"]),
            ):
                parsed = _parsed(body)
                if self._shared and "json" in parsed:
                    parsed = {"json": {k: self._put(v) if k in _FROZEN else v for k, v in parsed["json"].items()}}
                interaction[side]["body"] = _share(parsed, once)
        return _dumped(tape)

    def deserialize(self, text: str) -> dict[str, Any]:
        tape: dict[str, Any] = yaml.load(text, _Loader)
        for interaction in tape["interactions"]:
            interaction["request"]["body"] = _compact(self._whole(interaction["request"]["body"]))
            interaction["response"]["body"] = {"string": _compact(self._whole(interaction["response"]["body"]))}
        return tape

    def _put(self, value: Any) -> Any:
        """The value, or the name of the file that holds it now."""
        text = json.dumps(value, ensure_ascii=False)
        if self._shared is None or len(text) < _OWN_FILE_FROM:
            return value
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = self._shared / f"{name}.yaml"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}.new")
            draft.write_text(_dumped(value), encoding="utf-8")
            draft.replace(path)
        return {_SAME: name}

    def _whole(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self._shared or "json" not in body:
            return body
        return {"json": {key: self._got(value) for key, value in body["json"].items()}}

    def _got(self, value: Any) -> Any:
        if not (isinstance(value, dict) and set(value) == {_SAME}) or self._shared is None:
            return value
        return _loaded(self._shared / f"{value[_SAME]}.yaml")


class _Dumper(yaml.CSafeDumper):
    pass


_Loader = yaml.CSafeLoader


def _dumped(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


@lru_cache(maxsize=32)
def _loaded(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _parsed(body: Any) -> Any:
    """JSON as data, anything else as it is, in a wrapper that tells them apart."""
    try:
        return {"json": json.loads(body)}
    except (TypeError, ValueError):
        return {"text": body}


def _compact(body: dict[str, Any]) -> str | None:
    if "json" in body:
        return json.dumps(body["json"], ensure_ascii=False, separators=(",", ":"))
    text: str | None = body["text"]
    return text


def _share(value: Any, shared: dict[str, Any]) -> Any:
    """The same value, with equal large parts as one object, which YAML writes once."""
    if not isinstance(value, dict | list):
        return value
    key = json.dumps(value, ensure_ascii=False)
    if len(key) < _SHARED_FROM:
        return value
    if key not in shared:
        shared[key] = (
            {name: _share(inner, shared) for name, inner in value.items()}
            if isinstance(value, dict)
            else [_share(inner, shared) for inner in value]
        )
    return shared[key]


def _bare_request(request: Request) -> Request:
    bare = copy.copy(request)
    bare.uri = f"{ANYWHERE}{request.path}"
    bare.headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT_REQUEST_HEADERS}
    return bare


def _bare_response(response: dict[str, Any]) -> dict[str, Any]:
    headers = {name: value for name, value in response["headers"].items() if name.lower() in KEPT_RESPONSE_HEADERS}
    return {**response, "headers": headers}


def same_body(new: Request, recorded: Request) -> None:
    """A matcher for vcrpy. Raises AssertionError with the paths that differ and, in long text, the lines."""
    found = list(_differences(json.loads(recorded.body or b"null"), json.loads(new.body or b"null"), "body"))
    assert not found, "\n".join(found[:_DIFF_LINES])


def _differences(recorded: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(new, dict):
        for key in [*recorded, *(key for key in new if key not in recorded)]:
            if key not in new or key not in recorded:
                yield f"{path}.{key}: {'missing now' if key in recorded else 'not in the recording'}"
            else:
                yield from _differences(recorded[key], new[key], f"{path}.{key}")
    elif isinstance(recorded, list) and isinstance(new, list):
        if len(recorded) != len(new):
            yield f"{path}: {len(new)} entries, {len(recorded)} recorded"
        for index, (one, other) in enumerate(zip(recorded, new, strict=False)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif isinstance(recorded, str) and isinstance(new, str) and recorded != new:
        lines = difflib.unified_diff(recorded.splitlines(), new.splitlines(), "recorded", "now", n=0, lineterm="")
        yield f"{path}:"
        yield from (line[:200] for line in list(lines)[2:])
    elif recorded != new:
        yield f"{path}: {str(new)[:80]!r}, recorded {str(recorded)[:80]!r}"


def missed(error: BaseException | None) -> CannotOverwriteExistingCassetteException | None:
    """vcrpy's own error, which the SDK and the backend have wrapped."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, CannotOverwriteExistingCassetteException):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def difference(tape: Cassette, miss: CannotOverwriteExistingCassetteException) -> str:
    """What separates the request from the recorded one that it comes closest to."""
    wanted = miss.failed_request
    position = min(tape.play_count, len(tape) - 1)
    if position < 0:
        return "it holds none"
    if tape.play_count >= len(tape):
        return f"all its {len(tape)} interactions were played, this is one more"
    try:
        same_body(wanted, tape.requests[position])
    except AssertionError as error:
        return f"interaction {position} differs in\n{error}"
    return f"interaction {position} is the same, but was played already"
