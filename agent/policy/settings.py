"""The policy file: thresholds of policy.md with their defaults, checked on load."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from agent.errors import BadInput
from agent.toml_file import read_toml
from schemas.base import Model
from schemas.context import Calendar

DEFAULT_FILE = Path(__file__).with_name("policy.toml")

# Upper bounds keep every due time inside the calendar and inside the days that a clock looks ahead (clock.py).
MOST_MINUTES = 100_000.0  # ten weeks
MOST_HOURS = 1_000.0  # of support, or on the clock
MOST_DAYS = 250  # business days
SomeHours = Annotated[float, Field(gt=0, le=MOST_HOURS)]
SomeDays = Annotated[int, Field(ge=1, le=MOST_DAYS)]
Bounds = tuple[SomeHours, SomeHours]


class AccountSettings(Model):
    """Which accounts are high-value (policy section 4, notes)."""

    high_value_from: float = Field(gt=0, allow_inf_nan=False)
    high_value_plans: tuple[str, ...]
    low_value_plans: tuple[str, ...]


class PatternSettings(Model):
    """When equal reports are a pattern (PAT-1)."""

    accounts: int = Field(ge=2, le=1_000_000)
    window_days: int = Field(ge=1, le=3_650)


class SlaSettings(Model):
    """When an SLA is at risk (policy section 6)."""

    at_risk_share: float = Field(gt=0, lt=1)
    at_risk_minutes: float = Field(ge=0, le=MOST_MINUTES)


class DeadlineSettings(Model):
    """Deadlines by severity (policy section 6)."""

    critical_minutes: float = Field(gt=0, le=MOST_MINUTES)
    high_business_hours: SomeHours
    medium_business_days: SomeDays


class CadenceBounds(Model):
    """Due and overdue, in the unit of the severity: hours, support hours, business days."""

    internal: Bounds
    customer: Bounds

    @model_validator(mode="after")
    def _due_before_overdue(self) -> "CadenceBounds":
        for name, (due, overdue) in (("internal", self.internal), ("customer", self.customer)):
            if due > overdue:
                raise ValueError(f"{name} = [{due:g}, {overdue:g}]: due must not come after overdue")
        return self


class CadenceSettings(Model):
    """The seed's follow-up table."""

    critical: CadenceBounds
    high: CadenceBounds
    medium: CadenceBounds


class RoutingSettings(Model):
    """Ways past the next hop (policy section 4, notes)."""

    skip_l2_hop: bool


class LadderSettings(Model):
    """What to do while nobody acknowledges (policy section 7): step after step, then no more."""

    steps: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(min_length=1, max_length=9)


class SilenceSettings(Model):
    """A customer whose turn it is and who does not answer."""

    business_days: SomeDays
    reminders: int = Field(ge=1, le=100)


class ClosingSettings(Model):
    """How long a resolved escalation may wait for its closing."""

    business_days: SomeDays


class Settings(Model):
    """Everything in the policy file."""

    version: str = Field(min_length=1)
    account: AccountSettings
    pattern: PatternSettings
    sla: SlaSettings
    deadline: DeadlineSettings
    cadence: CadenceSettings
    calendar: Calendar
    routing: RoutingSettings
    ladder: LadderSettings
    silence: SilenceSettings
    closing: ClosingSettings


def load_settings(path: Path | None = None) -> Settings:
    """The policy file at `path`, or the defaults. A file may leave out tables and keys: they keep their defaults.

    Raises BadInput with one line for a file that cannot be read, an unknown key or a value out of range.
    """
    if path is None:
        return _defaults()
    own = _read(path)
    if "version" not in own:
        raise BadInput(f"policy file {str(path)!r} has no version: add one, it is stored with every decision")
    return _settings(_merge(_read(DEFAULT_FILE), own), path)


@cache
def _defaults() -> Settings:
    return _settings(_read(DEFAULT_FILE), None)


def _settings(merged: dict[str, object], path: Path | None) -> Settings:
    try:
        settings = Settings.model_validate(merged)
        _check_calendar(settings.calendar)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(name if name.isprintable() else repr(name) for name in (str(p)[:60] for p in first["loc"]))
        raise BadInput(
            f"policy file {str(path)!r}: {where or 'file'} = {_shown(first['input'])}: {first['msg']}; "
            "compare with `escalation policy --show`"
        ) from None
    except BadInput as error:
        raise BadInput(f"policy file {str(path)!r}: {error}") from None
    return settings


def _shown(value: object) -> str:
    try:
        return repr(str(value)[:80])
    except ValueError:  # Python writes no whole number of more than 4,300 digits, and reads some
        return "a number of thousands of digits"


def _read(path: Path) -> dict[str, object]:
    return read_toml(path, f"policy file {str(path)[:200]!r}", "compare with `escalation policy --show`")


def _merge(base: dict[str, object], own: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in own.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _check_calendar(calendar: Calendar) -> None:
    from agent.policy.clock import Hours  # here, since the clock needs zone data that a plain load does not

    Hours.of(calendar)
