"""What a run costs, from a dated price table (prices.toml) or the user's own. A model without a price has no cost."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from agent.batch.run_folder import Paid
from agent.errors import BadInput
from agent.toml_file import read_toml
from schemas.base import Model
from schemas.escalation import Usage

BUILT_IN = Path(__file__).with_name("prices.toml")
MILLION = 1_000_000
TENTH = Decimal("0.1")
MOST_NAMED = 3  # models without a price in one line
LONGEST_ID = 300  # characters of a model's id, an ARN included
HOW_TO = "give one with --prices FILE"

Money = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
"""USD per million tokens."""

# A model's own name inside an id: of a cloud (`us.anthropic.NAME-20251001-v1:0`, an ARN that ends so), dated or not.
_ID = re.compile(r"(?:.*/)?(?P<cloud>(?:[a-z-]+\.)*anthropic\.)?(?P<name>.+?)(?:[-@]20\d{6})?(?:-v\d+(?::\d+)?)?")


class Rates(Model):
    """USD per million tokens of each kind."""

    input: Money
    output: Money
    cache_read: Money
    cache_write: Money


class Band(Rates):
    """The rates of a request whose prompt is longer than `prompt` tokens, cached ones included."""

    prompt: int = Field(gt=0)


class Price(Rates):
    """One model's price from a day on. `batch`: the factor of what is paid by the vendor's batches."""

    model: str = Field(min_length=1)
    since: date = Field(default=date.min, alias="from")
    batch: Money = Decimal("0.5")
    above: Band | None = None
    source: str = ""
    read: date | None = None


class Table(Model):
    """The file."""

    price: tuple[Price, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """USD. `usd` None: nothing is known. `at_least`: a part of it has no known price. `unknown`: models without one."""

    usd: Decimal | None
    at_least: bool = False
    unknown: tuple[str, ...] = ()

    def __add__(self, other: "Cost") -> "Cost":
        if NOTHING in (self, other):
            return other if self == NOTHING else self
        unknown = tuple(dict.fromkeys(self.unknown + other.unknown))
        known = [cost.usd for cost in (self, other) if cost.usd is not None]
        if not known:
            return Cost(None, unknown=unknown)
        partly = self.at_least or other.at_least or len(known) == 1
        return Cost(sum(known, Decimal(0)), partly, unknown)

    def words(self) -> str:
        """Such as `$1.25`, `at least $1.25`, and which model's price is unknown."""
        missing = "; ".join(no_price(model) for model in self.unknown[:MOST_NAMED])
        if len(self.unknown) > MOST_NAMED:
            missing += f"; and of {len(self.unknown) - MOST_NAMED} other models"
        if self.usd is None:
            return missing
        amount = f"{'at least ' if self.at_least else ''}{dollars(self.usd)}"
        return f"{amount} ({missing})" if missing else amount


NOTHING = Cost(Decimal(0))


def no_price(model: str) -> str:
    """What is said where a cost would stand."""
    return f"price of {model[:80]} unknown: no cost; {HOW_TO}"


def dollars(usd: Decimal) -> str:
    """`$12.34`; a small amount with more places, so that a ticket's cost is not $0.00."""
    return f"${usd:,.2f}" if usd >= TENTH or usd == 0 else f"${usd:.4f}"


class Prices:
    """A price table, looked into on one day."""

    def __init__(self, prices: Iterable[Price], on: date) -> None:
        self.on = on
        self._prices: dict[str, list[Price]] = {}
        for price in prices:
            self._prices.setdefault(price.model, []).append(price)
        for several in self._prices.values():
            several.sort(key=lambda price: price.since)

    def of(self, model: str) -> Price | None:
        """The price that holds for a model's id: exactly that model's, never that of one whose name begins alike."""
        exact = self._prices.get(model)
        match = _ID.fullmatch(model) if exact is None and len(model) <= LONGEST_ID else None
        found = exact or (self._prices.get(match["name"]) if match else None) or ()
        return next((price for price in reversed(found) if price.since <= self.on), None)

    def cost(self, model: str | None, usage: Usage, paid: Paid, *, one_request: bool = False) -> Cost:
        """What `usage` of a model cost. `one_request`: it is that of a single one, so that its band is known.

        Of several requests with a price that depends on their length, the lower price gives the least that it was.
        """
        if model is None or usage.calls == 0:
            return NOTHING
        price = self.of(model)
        if price is None:
            return Cost(None, unknown=(model,))
        prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        rates: Rates = price
        doubtful = False
        if price.above is not None and prompt > price.above.prompt:
            if one_request or usage.calls == 1:
                rates = price.above
            else:
                doubtful = True
        return Cost(amount(rates, usage) * (price.batch if paid == "batch" else 1), doubtful)


def amount(rates: Rates, usage: Usage) -> Decimal:
    """USD, at full price."""
    sums = (
        rates.input * usage.input_tokens
        + rates.output * usage.output_tokens
        + rates.cache_read * usage.cache_read_tokens
        + rates.cache_write * usage.cache_write_tokens
    )
    return sums / MILLION


def load_prices(on: date, file: str | None = None) -> Prices:
    """The table of this program, and the user's own, which replaces what that says of the same models.

    Raises BadInput for a file that cannot be used.
    """
    prices = _table(BUILT_IN, "the built-in price table")
    if file is None:
        return Prices(prices, on)
    named = f"--prices {file[:200]!r}"
    own = _table(file, named)
    if not own:
        raise BadInput(f"{named} has no [[price]]: expected a table for each model; docs/batch.md shows one")
    replaced = {price.model for price in own}
    return Prices((*(price for price in prices if price.model not in replaced), *own), on)


def _table(file: Path | str, named: str) -> tuple[Price, ...]:
    values = read_toml(file, named, "docs/batch.md shows a table", Decimal)
    try:
        return Table.model_validate(values).price
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part)[:60] for part in first["loc"])
        raise BadInput(f"{named}: {place}: {first['msg']}; docs/batch.md shows a table") from None
