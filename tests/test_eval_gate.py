"""The gate on recorded answers: open on the program as it is, closed when a rule, a prompt or a scorer is broken."""

import re
import shutil
from collections.abc import Callable, Iterator
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
from evals.score import Scored

RECORDED = [path for path in sorted(RECORDINGS.rglob("*.yaml")) if path.parent.name != "shared"]
pytestmark = pytest.mark.filterwarnings("ignore")  # the engine's own libraries warn

FEW = ("080-behind-the-point", "086-one-order-in-thirty", "083-all-the-weddings", "133-down-or-not")
# 080 and 086 have a recorded repair, 083 is kept, 133 is asked about.


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
    forget()
    yield folder
    monkeypatch.undo()
    forget()


def forget() -> None:
    """What was read of prompts and rules, so that it is read again."""
    prompts.environment.cache_clear()
    for kept in (conversation._system, conversation._frozen, conversation._frozen_json, conversation.prompt_sha256):
        kept.cache_clear()
    policy._looked_at.cache_clear()


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
    forget()
    found = gate(measure(tmp_path), accepted)
    forget()
    assert any("escalation: under is 1 of 2, accepted 0 of 2" in line for line in found), found
    assert any("1 decisions that were right are wrong now: 080-behind-the-point" in line for line in found), found
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


def rescored(run: Run, change: Callable[[Scored], dict[str, object]]) -> Run:
    """The run, its scores changed as a broken scorer would."""
    results = tuple(r.model_copy(update={"scored": r.scored.model_copy(update=change(r.scored))}) for r in run.results)
    return run.model_copy(update={"results": results})


KIND: dict[str, Callable[[Scored], dict[str, object]]] = {
    **{name: lambda _, name=name: {name: True} for name in ("outcome", "decision", "routed", "deciding_rule")},  # type: ignore[misc]
    **{name: lambda _, name=name: {name: True} for name in ("owner", "leadership", "severity", "next_hop")},  # type: ignore[misc]
    "near_miss": lambda s: {"near_miss": None if s.near_miss is None else True},
    "under": lambda s: {"under": None if s.under is None else False},
    "over": lambda s: {"over": None if s.over is None else False},
    "quotes": lambda s: {"quotes_found": s.claims},
    "must_carry": lambda s: {"must_carry": tuple(True for _ in s.must_carry)},
    "must_not_say": lambda s: {"must_not_say": tuple(True for _ in s.must_not_say)},
    "untraceable": lambda s: {"untraceable": None if s.untraceable is None else 0},
    "invented": lambda s: {"signals": tuple(x.model_copy(update={"seen": x.seen and x.labelled}) for x in s.signals)},
}
HARSH: dict[str, Callable[[Scored], dict[str, object]]] = {
    "outcome": lambda _: {"outcome": False},
    "recall": lambda s: {"signals": tuple(x.model_copy(update={"seen": False}) for x in s.signals)},
    "asserters": lambda s: {"asserters": tuple(False for _ in s.asserters)},
    "quotes": lambda _: {"quotes_found": 0},
    "must_carry": lambda s: {"must_carry": tuple(False for _ in s.must_carry)},
}


@pytest.mark.parametrize("field", KIND)
def test_a_scorer_that_is_too_kind_is_found(field: str, whole: Run, accepted: Accepted) -> None:
    found = gate(rescored(whole, KIND[field]), accepted)
    assert any(line.startswith("scorer broken: what is wrong on purpose") for line in found), found


@pytest.mark.parametrize("field", HARSH)
def test_a_scorer_that_is_too_harsh_is_found(field: str, whole: Run, accepted: Accepted) -> None:
    found = gate(rescored(whole, HARSH[field]), accepted)
    assert any(line.startswith("scorer broken: the labels") for line in found), found


def test_a_validation_that_finds_nothing_closes_it(
    accepted: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorded repairs are not asked for any more."""
    monkeypatch.setattr("agent.validate.validate_brief", lambda *_, **__: ())
    found = gate(measure(tmp_path), accepted)
    assert any("recorded conversations go on where the program now stops" in line for line in found), found


def test_tickets_that_are_gone_or_changed_close_it(whole: Run, accepted: Accepted) -> None:
    fewer = whole.model_copy(update={"results": tuple(r for r in whole.results if r.case.id != FEW[0])})
    found = gate(fewer, accepted)
    assert any(f"escalation-1x: 1 accepted tickets are not in this run: {FEW[0]}" in line for line in found), found
    changed = []
    for result in whole.results:
        labels = result.case.labels.model_copy(update={"severity": None})
        changed.append(result.model_copy(update={"case": result.case.model_copy(update={"labels": labels})}))
    found = gate(whole.model_copy(update={"results": tuple(changed)}), accepted)
    assert any("escalation-1x: ticket or labels changed since" in line for line in found), found


def test_a_swap_of_right_tickets_is_a_loss(whole: Run, accepted: Accepted) -> None:
    before = accepted.model_copy(update={"right": {**accepted.right, "escalation": (*FEW, "one-more")}})
    assert any("1 decisions that were right are wrong now: one-more" in line for line in gate(whole, before))


def test_a_broken_run_cannot_be_accepted(
    whole: Run, accepted: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "ACCEPTED", tmp_path / "accepted")
    with pytest.raises(BadInput, match="tickets are not in it, such as 001"):
        accept(whole)
    monkeypatch.setattr(gates, "_not_whole", lambda _: [])
    with pytest.raises(BadInput, match="nothing was accepted for 'recorded' yet"):
        load_accepted("recorded")
    assert accept(whole).read_text(encoding="utf-8")
    assert load_accepted("recorded") == accepted
    with pytest.raises(BadInput, match="2 samples of escalation-1x were not answered"):
        accept(whole.model_copy(update={"interrupted": {"escalation-1x": 2}}))


def test_a_live_model_falls_only_beyond_chance(accepted: Accepted) -> None:
    """One ticket lost of ten is chance; seven lost and none won are not."""
    tickets = [f"t{number}" for number in range(10)]
    base = accepted.model_copy(
        update={
            "mode": "claude",
            "figures": {"escalation": {}},
            "tickets": {"escalation-1x": dict.fromkeys(tickets, "same")},
            "right": {"escalation": tuple(tickets)},
        }
    )
    one = base.model_copy(update={"right": {"escalation": tuple(tickets[1:])}})
    assert gates.falls(one, base) == []
    seven = base.model_copy(update={"right": {"escalation": tuple(tickets[7:])}})
    assert any("7 decisions lost, 0 won" in line for line in gates.falls(seven, base))


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
    text = re.sub(r"bearer \[[a-z-]+-\d+·*\]", "", text, flags=re.IGNORECASE)  # what stands for one
    name = path.stem.rsplit(".", 1)[0]
    attacks = {attack.id: attack for attack in all_attacks()}
    ticket = attacks[name].twin(case_of(attacks[name].clean)) if name in attacks else case_of(name)
    own = {match.group().casefold() for match in SECRETS.finditer(ticket.source)}
    assert {match.group().casefold() for match in SECRETS.finditer(text)} - own == set()
