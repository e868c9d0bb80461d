"""The sentences of the offline brief: `wording.toml`, read once."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def wording() -> dict[str, dict[str, str]]:
    """Tables of sentences by name; those of the customer message as `message.en` and so on."""
    text = files(__package__).joinpath("wording.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    messages = tables.pop("message")
    return {**tables, **{f"message.{language}": table for language, table in messages.items()}}


def say(table: str, name: str, **values: str) -> str:
    """One sentence, filled in. Raises KeyError for a name that the file does not have."""
    return wording()[table][name].format(**values)
