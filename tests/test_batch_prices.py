"""Prices by hand: which one holds, what a usage costs, and what is said where none is known."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from agent.batch.prices import BUILT_IN, NOTHING, Cost, Table, load_prices
from agent.errors import BadInput
from schemas.escalation import Usage

NOW = date(2026, 11, 30)
MILLION_EACH = Usage(
    calls=20,
    input_tokens=1_000_000,
    output_tokens=1_000_000,
    cache_read_tokens=1_000_000,
    cache_write_tokens=1_000_000,
)
OWN = '[[price]]\nmodel = "own"\ninput = 1\noutput = 2\ncache_read = 0.5\ncache_write = 1\nbatch = 0.25\n'


@pytest.mark.parametrize(
    ("model", "live"),
    [
        ("claude-fable-5-2", "58.20"),  # 8 + 40 + 0.20 + 10
        ("claude-fable-5-1", "72.75"),  # 10 + 50 + 0.25 + 12.50
        ("claude-opus-5-5", "29.20"),  # 4 + 20 + 0.20 + 5
        ("claude-opus-5", "36.75"),  # 5 + 25 + 0.50 + 6.25
        ("claude-sonnet-5-5", "14.60"),  # 2 + 10 + 0.10 + 2.50
        ("claude-sonnet-5", "14.70"),  # 2 + 10 + 0.20 + 2.50
        ("claude-haiku-4-5", "7.35"),  # 1 + 5 + 0.10 + 1.25
    ],
)
def test_a_million_of_each(model: str, live: str) -> None:
    prices = load_prices(NOW)
    assert prices.cost(model, MILLION_EACH, "live") == Cost(Decimal(live))
    assert prices.cost(model, MILLION_EACH, "batch") == Cost(Decimal(live) / 2)


def test_the_price_of_the_day() -> None:
    assert load_prices(date(2026, 10, 6)).cost("claude-sonnet-5-5", MILLION_EACH, "live").usd == Decimal("14.70")
    assert load_prices(date(2026, 10, 7)).cost("claude-sonnet-5-5", MILLION_EACH, "live").usd == Decimal("14.60")
    assert load_prices(date(2026, 9, 27)).of("claude-sonnet-5-5") is None


def test_a_long_prompt_costs_more_in_every_kind() -> None:
    prices = load_prices(NOW)

    def cost(prompt: int, calls: int = 1) -> Cost:
        usage = Usage(calls=calls, cache_read_tokens=prompt, output_tokens=1_000_000)
        return prices.cost("claude-haiku-5-5", usage, "live")

    assert cost(100_000) == Cost(Decimal("0.501"))  # 0.1 x 0.01 + 0.50
    assert cost(100_001).usd == Decimal("2.50500005")  # 0.100001 x 0.05 + 2.50
    # Of several calls nobody can tell which were long.
    assert cost(100_001, calls=2) == Cost(Decimal("0.50100001"), at_least=True)
    assert cost(100_000, calls=2).at_least is False


@pytest.mark.parametrize(
    ("model", "is_priced_as"),
    [
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("anthropic.claude-haiku-5-5", "claude-haiku-5-5"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-5-5", "claude-opus-5-5"),
        ("claude-opus-5", "claude-opus-5"),
        ("claude-opus-5-20260724", "claude-opus-5"),
        ("claude-opus-5-6", None),
        ("claude-opus-5-55", None),
        ("claude-opus", None),
        ("claude-sonnet-5-5-fast", None),
        ("", None),
    ],
)
def test_a_models_id_gives_its_own_price_or_none(model: str, is_priced_as: str | None) -> None:
    price = load_prices(NOW).of(model)
    assert (price.model if price else None) == is_priced_as


def test_an_unknown_price_is_no_cost_and_says_so() -> None:
    prices = load_prices(NOW)
    unknown = prices.cost("llama-9", MILLION_EACH, "live")
    assert unknown.usd is None
    assert unknown.words() == "price of llama-9 unknown: no cost; give one with --prices FILE"
    assert (NOTHING + unknown + NOTHING).words() == unknown.words()
    many = unknown
    for number in range(5):
        many += prices.cost(f"m{number}", MILLION_EACH, "live")
    assert many.words().count("unknown") == 3
    assert many.words().endswith("; and of 3 other models")
    both = unknown + prices.cost("claude-opus-5", MILLION_EACH, "live") + NOTHING
    assert both.words() == "at least $36.75 (price of llama-9 unknown: no cost; give one with --prices FILE)"
    assert prices.cost(None, MILLION_EACH, "live") == NOTHING
    assert prices.cost("llama-9", Usage(), "live") == NOTHING
    assert (NOTHING + NOTHING).words() == "$0.00"


def test_each_price_is_dated_and_sourced() -> None:
    import tomllib

    entries = tomllib.loads(BUILT_IN.read_text("utf-8"))["price"]
    assert len(entries) == len({(entry["model"], entry["from"]) for entry in entries}) > 5
    for entry in entries:
        assert entry["from"] <= entry["read"] <= NOW
        assert len(entry["source"]) > 10
        assert entry["cache_read"] < entry["input"] < entry["cache_write"] < entry["output"]


def test_the_users_table_replaces_and_adds(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(OWN + OWN.replace('"own"', '"claude-sonnet-5-5"') + "from = 2026-01-01\n", "utf-8")
    prices = load_prices(NOW, str(file))
    assert prices.cost("own", MILLION_EACH, "live").usd == Decimal("4.5")
    assert prices.cost("own", MILLION_EACH, "batch").usd == Decimal("1.125")
    assert prices.cost("claude-sonnet-5-5", MILLION_EACH, "live").usd == Decimal("4.5")
    assert prices.cost("claude-opus-5", MILLION_EACH, "live").usd == Decimal("36.75")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("price = [", "is not TOML"),
        ("", r"has no \[\[price\]\]"),
        (OWN.replace("input = 1", "input = -1"), r"price.0.input: .*greater than or equal to 0"),
        (OWN.replace("input = 1", "input = nan"), "price.0.input: .*finite"),
        (OWN.replace("input = 1\n", ""), "price.0.input: Field required"),
        (OWN + "per = 1\n", "price.0.per: Extra inputs"),
        (OWN + "above = { prompt = 1 }\n", "price.0.above.input: Field required"),
        ("\udcff", "is not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_ends_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput, match=says) as raised:
        load_prices(NOW, str(file))
    assert str(raised.value).startswith("--prices '")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(BadInput, match=r"^--prices 'none.toml' cannot be read: No such file or directory$"):
        load_prices(NOW, "none.toml")


def test_the_built_in_table_has_the_form_of_the_users() -> None:
    assert Table.model_json_schema(by_alias=True)["$defs"]["Price"]["required"] == [
        "input",
        "output",
        "cache_read",
        "cache_write",
        "model",
    ]
