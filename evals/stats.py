"""Figures with their uncertainty: scipy does the statistics, this names them for the report."""

import random
from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean

from schemas.base import Model

CONFIDENCE = 0.95
_RESAMPLES = 2000
_SEED = 20261130  # the same report from the same results


class Share(Model):
    """k of n, with the Wilson interval. `low` and `high` are None where n is 0."""

    k: int
    n: int
    low: float | None
    high: float | None

    @property
    def value(self) -> float | None:
        return self.k / self.n if self.n else None


class Mean(Model):
    """A mean with a percentile bootstrap interval."""

    value: float
    n: int
    low: float
    high: float


class Paired(Model):
    """Two systems on the same tickets: where only one is right, and the exact McNemar test."""

    both: int
    only_a: int
    only_b: int
    neither: int
    p: float


def share(results: Sequence[bool]) -> Share:
    """The share of true ones."""
    return wilson(sum(results), len(results))


@lru_cache(maxsize=4096)
def wilson(k: int, n: int) -> Share:
    """k of n with its Wilson interval."""
    if n == 0:
        return Share(k=0, n=0, low=None, high=None)
    from scipy.stats import binomtest

    interval = binomtest(k, n).proportion_ci(CONFIDENCE, method="wilson")
    return Share(k=k, n=n, low=float(interval.low), high=float(interval.high))


def mean(values: Sequence[float]) -> Mean | None:
    """The mean with its bootstrap interval; None of nothing."""
    if not values:
        return None
    generator = random.Random(_SEED)
    draws = sorted(fmean(generator.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    cut = int(_RESAMPLES * (1 - CONFIDENCE) / 2)
    return Mean(value=fmean(values), n=len(values), low=draws[cut], high=draws[-1 - cut])


def mcnemar(pairs: Sequence[tuple[bool, bool]]) -> Paired:
    """The exact test on the discordant pairs: could a fair coin have done that?"""
    only_a = sum(a and not b for a, b in pairs)
    only_b = sum(b and not a for a, b in pairs)
    both = sum(a and b for a, b in pairs)
    p = 1.0
    if only_a + only_b:
        from scipy.stats import binomtest

        p = float(binomtest(only_a, only_a + only_b).pvalue)
    return Paired(both=both, only_a=only_a, only_b=only_b, neither=len(pairs) - both - only_a - only_b, p=p)


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two labellers: agreement beyond what their habits alone would give. None if undefined."""
    n = len(pairs)
    if not n:
        return None
    agreed = sum(a == b for a, b in pairs) / n
    names = {name for pair in pairs for name in pair}
    chance = sum((sum(a == name for a, _ in pairs) / n) * (sum(b == name for _, b in pairs) / n) for name in names)
    return None if chance == 1 else (agreed - chance) / (1 - chance)
