"""The fuzz targets without a fuzzer: the kept corpus again, and inputs that Hypothesis makes of it.

With coverage to guide it: `python3 scripts/dev.py fuzz`, see docs/robustness.md.
"""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import BadInput
from evals.fuzz import run
from evals.fuzz.contract import Broken, held_to, must
from evals.fuzz.maker import HOSTILE, Maker
from evals.fuzz.targets import TARGETS
from schemas.escalation import Escalation
from schemas.report import FactsReport

CORPUS = Path(run.CORPUS)
HEAVY = {"offline": 6, "ledger": 8, "rendering": 8, "brief_text": 15, "brief_json": 15, "context": 15, "tools": 30}
"""Examples of the targets whose inputs take many milliseconds."""
EXAMPLES = 60


@cache
def corpus(name: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted((CORPUS / name).iterdir()))


def test_every_target_has_a_corpus_and_all_of_it_is_small() -> None:
    assert tuple(TARGETS) == run.NAMES
    assert sorted(path.name for path in CORPUS.iterdir()) == sorted(TARGETS)
    assert sum(len(data) for name in TARGETS for data in corpus(name)) < 1_000_000


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_corpus(name: str) -> None:
    for path in sorted((CORPUS / name).iterdir()):
        finding = held_to(TARGETS[name], path.read_bytes())
        assert finding is None, f"{path.name}: {finding.what}"


def edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The input with stretches replaced: by nothing, by other bytes, by a longer stretch."""
    for at, length, put in edits:
        spot = at % (len(data) + 1)
        data = data[:spot] + put + data[spot + length :]
    return data


PUT = st.binary(max_size=12) | st.sampled_from([text.encode("utf-8", "surrogatepass") for text in HOSTILE])
EDITS = st.lists(st.tuples(st.integers(0, 4_096), st.integers(0, 60), PUT), max_size=6)


@pytest.mark.parametrize("name", TARGETS)
def test_what_hypothesis_makes_of_it(name: str) -> None:
    @settings(
        max_examples=HEAVY.get(name, EXAMPLES), deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.sampled_from(corpus(name)), EDITS)
    def holds(data: bytes, edits: list[tuple[int, int, bytes]]) -> None:
        finding = held_to(TARGETS[name], edited(data, edits))
        assert finding is None, finding.what

    holds()


# --- what the harness itself promises ---


def test_a_target_that_breaks_is_a_finding() -> None:
    def broken(data: bytes) -> None:
        must(data != b"x", "x must not be")

    assert held_to(broken, b"y") is None
    finding = held_to(broken, b"x")
    assert finding is not None
    assert finding.key.startswith("Broken tests/test_fuzz.py:broken:")


def test_an_error_of_several_lines_is_a_finding_and_one_line_is_none() -> None:
    def refuses(data: bytes) -> None:
        raise BadInput(data.decode())

    assert held_to(refuses, b"one line") is None
    assert held_to(refuses, b"two\nlines") is not None
    assert held_to(refuses, b"") is not None
    assert held_to(refuses, b"x" * 5_000) is not None


def test_a_hang_is_a_finding_also_inside_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    monkeypatch.setattr("evals.fuzz.contract.BASE_SECONDS", 0.2)
    finding = held_to(lambda _: bool(re.fullmatch(r"(?:a+)+", "a" * 40 + "!")) and None, b"")
    assert finding is not None
    assert finding.key.startswith("TooSlow ")


def test_memory_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = iter((0, 400 << 20))
    monkeypatch.setattr("evals.fuzz.contract.peak", lambda: next(peaks))
    finding = held_to(lambda _: None, b"")
    assert finding is not None
    assert finding.key == "memory"


@pytest.mark.parametrize("model", [FactsReport, Escalation])
def test_the_maker_is_deterministic_and_reaches_models_that_fit(model: type[FactsReport | Escalation]) -> None:
    data = bytes(range(1, 15)) * 40
    assert Maker(data).model(model) == Maker(data).model(model)
    assert Maker(b"").model(FactsReport)["issues"] == []
    with pytest.raises(Broken):
        must(Maker(bytes(200)).model(model) == Maker(data).model(model), "other bytes, another value")
