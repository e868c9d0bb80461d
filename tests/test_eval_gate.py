"""The gate on recorded answers: open on the program as it is, closed when a rule, a prompt or a scorer is broken."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from test_cassettes import SECRETS

import prompts
from agent.backends import conversation
from agent.errors import BadInput
from agent.policy import decide as policy
from evals import gate as gates
from evals import runner
from evals.cases import all_attacks, case_of
from evals.gate import Accepted, accept, gate, load_accepted, measured
from evals.replay import RECORDINGS, recorded_cases
from evals.report import html, markdown
from evals.runner import Run, load_run, run

RECORDED = [path for path in sorted(RECORDINGS.rglob("*.yaml")) if path.parent.name != "shared"]
pytestmark = pytest.mark.filterwarnings("ignore")  # the engine's own libraries warn

FEW = ("080-behind-the-point", "086-one-order-in-thirty", "083-all-the-weddings", "133-down-or-not")


def measure(folder: Path) -> Run:
    run("recorded", folder, systems=("escalation",), cases=",".join(FEW), display="none")
    return load_run(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return measure(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def accepted(whole: Run) -> Accepted:
    return measured(whole)


@pytest.fixture
def fresh_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the prompts that may be edited."""
    folder = tmp_path / "prompts"
    shutil.copytree(prompts.ROOT, folder)
    monkeypatch.setattr(prompts, "ROOT", folder)
    prompts.environment.cache_clear()
    conversation._system.cache_clear()
    yield folder
    monkeypatch.undo()
    prompts.environment.cache_clear()
    conversation._system.cache_clear()


def test_the_gate_is_open_on_what_was_accepted(whole: Run, accepted: Accepted) -> None:
    assert set(FEW) <= recorded_cases("escalation", 1)
    assert {len(whole.of(suite)) for suite in whole.suites} == {len(FEW)}
    assert gate(whole, accepted) == ()
    assert accepted.figures["escalation"]["decision"].n == len(FEW)
    assert accepted.prompt_sha256 == conversation.prompt_sha256()


def never(_: object) -> None:
    """A condition that never holds."""


def test_a_broken_rule_closes_it(accepted: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost data that nobody has to hear of: the decision falls, and the ticket is named."""
    broken = tuple(
        replace(rule, check=replace(rule.check, run=never)) if rule.id == "TEC-1" else rule for rule in policy.RULES
    )
    monkeypatch.setattr(policy, "RULES", broken)
    found = gate(measure(tmp_path), accepted)
    assert any("escalation: under is 1 of 2, accepted 0 of 2" in line for line in found), found
    assert any("now wrong: 080-behind-the-point" in line for line in found), found
    assert not any("scorer broken" in line for line in found)


def test_a_broken_prompt_closes_it(accepted: Accepted, tmp_path: Path, fresh_prompts: Path) -> None:
    """No recorded answer was given to these words, so none may count for them."""
    system = fresh_prompts / "system.md.j2"
    system.write_text(system.read_text(encoding="utf-8").replace("never a guess", "or a guess") + "\nGuess.\n")
    found = gate(measure(tmp_path / "run"), accepted)
    stale = [line for line in found if "changed since the recording" in line]
    assert len(stale) == 1, found
    assert f"{len(FEW)} conversations do not fit" in stale[0]
    assert "body.system" in stale[0]


def test_a_broken_scorer_closes_it(accepted: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scorer that is too kind would open every gate: what answers nothing must not score."""
    real = runner.score
    monkeypatch.setattr(runner, "score", lambda case, answer: real(case, answer).model_copy(update={"decision": True}))
    kind = gate(measure(tmp_path / "kind"), accepted)
    assert any("scorer broken: answering nothing" in line for line in kind), kind
    monkeypatch.setattr(runner, "score", lambda case, answer: real(case, answer).model_copy(update={"outcome": False}))
    harsh = gate(measure(tmp_path / "harsh"), accepted)
    assert any("do not get full marks" in line for line in harsh), harsh


def test_a_broken_run_cannot_be_accepted(
    whole: Run, accepted: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "ACCEPTED", tmp_path / "accepted")
    with pytest.raises(BadInput, match="nothing was accepted for 'recorded' yet"):
        load_accepted("recorded")
    assert accept(whole).read_text(encoding="utf-8")
    assert load_accepted("recorded") == accepted
    with pytest.raises(BadInput, match="2 samples of escalation-1x were not answered"):
        accept(whole.model_copy(update={"interrupted": {"escalation-1x": 2}}))


def test_a_live_model_falls_only_outside_its_interval(accepted: Accepted) -> None:
    share = accepted.figures["escalation"]["decision"]
    worse = share.model_copy(update={"k": share.k - 1})
    live = accepted.model_copy(update={"mode": "claude"})
    fallen = replace_figure(live, worse)
    assert gates.falls(fallen, live) == []
    assert gates.falls(fallen.model_copy(update={"mode": "recorded"}), accepted) != []


def replace_figure(given: Accepted, share: object) -> Accepted:
    figures = {**given.figures, "escalation": {**given.figures["escalation"], "decision": share}}
    return given.model_copy(update={"figures": figures})


def test_the_report_shows_a_ticket_as_text(whole: Run) -> None:
    hostile = "<script>alert(1)</script>\u202e[x](javascript:alert(1)) | a \x1b[31m"
    results = []
    for result in whole.results:
        case = result.case.model_copy(update={"source": f"{hostile}\n{result.case.source}", "why": hostile})
        scored = result.scored.model_copy(update={"decision": False})
        results.append(result.model_copy(update={"case": case, "scored": scored}))
    page = html(whole.model_copy(update={"results": tuple(results)}))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_same_run_gives_the_same_bytes(whole: Run) -> None:
    assert html(whole) == html(whole)
    assert markdown(whole) == markdown(whole)
    assert "4 tickets that every system answered" in markdown(whole)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recording_holds_no_secret_but_its_tickets_own(path: Path) -> None:
    """Tickets carry invented secrets on purpose; the client's key and headers must not be kept."""
    text = re.sub("bearer token", "token", path.read_text(encoding="utf-8"), flags=re.IGNORECASE)  # the kind, not one
    name = path.stem.rsplit(".", 1)[0]
    attacks = {attack.id: attack for attack in all_attacks()}
    ticket = attacks[name].twin(case_of(attacks[name].clean)) if name in attacks else case_of(name)
    own = {match.group().casefold() for match in SECRETS.finditer(ticket.source)}
    assert {match.group().casefold() for match in SECRETS.finditer(text)} - own == set()
