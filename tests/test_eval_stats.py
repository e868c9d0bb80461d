"""Statistics against values from textbooks and tables."""

import pytest

from evals.stats import kappa, mcnemar, mean, share, wilson


def test_wilson() -> None:
    """Newcombe 1998, table I: 81 of 263 and 15 of 148, and the edges."""
    found = wilson(81, 263)
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (0.2553, 0.3662)
    found = wilson(15, 148)
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (0.0624, 0.1605)
    assert wilson(0, 20).low == 0
    assert round(wilson(0, 20).high or 0, 4) == 0.1611
    assert wilson(0, 0).low is None
    assert share([]).value is None
    assert share([True, False, True]).value == pytest.approx(2 / 3)


def test_mcnemar_is_exact_on_the_discordant_pairs() -> None:
    pairs = [(True, False)] * 9 + [(False, True)] + [(True, True)] * 40 + [(False, False)] * 5
    found = mcnemar(pairs)
    assert (found.both, found.only_a, found.only_b, found.neither) == (40, 9, 1, 5)
    assert found.p == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar([(True, True)]).p == 1


def test_kappa() -> None:
    """Cohen 1960: 20 of 25 and 15 of 25 agreed, 0.4."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("y", "y")] * 3) is None
    assert kappa([]) is None
    assert kappa([("a", "a"), ("b", "b")]) == 1


def test_the_bootstrap_gives_the_same_interval_each_time() -> None:
    values = [0.0, 1.0, 2.0, 10.0, 3.0]
    found = mean(values)
    assert found == mean(values)
    assert found is not None
    assert found.value == pytest.approx(3.2)
    assert found.low < found.value < found.high
    assert mean([]) is None
