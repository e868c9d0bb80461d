"""Measure the program: run the suites, report, compare, hold a run against the last accepted one.

    dev.py eval                          the suites with the offline rules, then the report; no key, no network
    dev.py eval run --backend recorded   the recorded answers of a model, replayed: no key, no network
    dev.py eval run --backend claude     a model: any key (ANTHROPIC_API_KEY), any address (ANTHROPIC_BASE_URL)
    dev.py eval report RUN               score the logs of a run anew, and write its report
    dev.py eval compare RUN RUN          what changed, ticket by ticket
    dev.py eval gate RUN                 exit 3 when a figure fell below the accepted one, or a scorer is broken
    dev.py eval accept RUN               make a run the accepted one
    dev.py eval usefulness RUN           blind comparison of its briefs by a model
    dev.py eval record SYSTEM            record a model's answers for the replay
    dev.py eval patterns                 does the ledger find what belongs together: planted groups, recorded verdicts
    dev.py eval turns                    does the chat do what a person means: utterances, a model's recorded answers

A run is a folder of logs below evals/runs/; `inspect view --log-dir RUN` opens it. Exit codes: 0 done, 2 bad input,
3 the gate found something or samples were not answered, 130 interrupted (run again with --resume RUN).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if str(ROOT := Path(__file__).resolve().parents[1]) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started by its path, from any folder

from agent.errors import BadInput, EscalationError

if TYPE_CHECKING:
    from evals.stats import Share

EXIT_GATE, EXIT_INTERRUPTED = 3, 130
BACKENDS = ("offline", "recorded", "claude")
VERBS = ("run", "report", "compare", "gate", "accept", "usefulness", "record", "patterns", "turns")


def main(arguments: Sequence[str]) -> int:
    """Dispatch; every mistake is one line."""
    given = list(arguments)
    if not given or given[0].startswith("--"):
        given = given if given and given[0] in ("--help",) else ["run", *given]
    try:
        options = _parser().parse_args(given)
        return int(options.call(options) or 0)
    except EscalationError as error:
        print(f"eval: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # `| head`: the reader has seen enough
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("eval: interrupted; run again with --resume and the run's folder", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py eval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    run = verbs.add_parser("run", help="run the suites and write the report")
    run.set_defaults(call=_run)
    run.add_argument("--backend", choices=BACKENDS, default="offline")
    run.add_argument("--systems", default="", help="comma-separated: escalation, prompt_only, policy_prompt")
    run.add_argument("--cases", default="", help="comma-separated ids (or their numbers), else all")
    run.add_argument("--epochs", type=_positive, default=1, help="runs of each ticket (claude)")
    run.add_argument("--model", default="", help="else ESCALATION_MODEL, else the program's default")
    run.add_argument("--concurrency", type=_positive, default=8, help="tickets at once (claude, offline)")
    run.add_argument("--token-budget", type=_positive, help="tokens of the whole run; what is left can be resumed")
    run.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run")
    run.add_argument("--gate", action="store_true", help="exit 3 when a figure fell below the accepted one")
    run.add_argument("--quiet", action="store_true", help="no progress display")
    _out(run)
    for name, call, text in (
        ("report", _report, "score a run anew and write its report"),
        ("gate", _gate, "hold a run against the accepted figures"),
        ("accept", _accept, "make this run the accepted one"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.set_defaults(call=call)
        verb.add_argument("run", type=Path)
        if name == "report":
            _out(verb)
    compare = verbs.add_parser("compare", help="two runs, ticket by ticket")
    compare.set_defaults(call=_compare)
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    useful = verbs.add_parser("usefulness", help="blind comparison of briefs; calls a model")
    useful.set_defaults(call=_usefulness)
    useful.add_argument("run", type=Path)
    useful.add_argument("--grader", default="", help="the model that reads; else ESCALATION_MODEL or the default")
    useful.add_argument("--limit", type=_positive, help="at most so many pairs")
    useful.add_argument("--concurrency", type=_positive, default=8)
    record = verbs.add_parser("record", help="record a model's answers; calls a model")
    record.set_defaults(call=_record)
    record.add_argument("system", choices=("escalation", "prompt_only", "policy_prompt", "injection"))
    record.add_argument("--cases", default="", help="comma-separated ids (or their numbers), else all")
    record.add_argument("--epochs", type=_positive, default=1)
    record.add_argument("--model", default="")
    record.add_argument("--workers", type=_positive, default=4, help="conversations at once, a process each")
    patterns = verbs.add_parser("patterns", help="the look-up of patterns on planted groups")
    patterns.set_defaults(call=_patterns)
    patterns.add_argument("--mode", choices=("recorded", "nobody"), default="recorded", help="nobody: without a model")
    turns = verbs.add_parser("turns", help="what follows from plain words in the chat")
    turns.set_defaults(call=_turns)
    turns.add_argument("--backend", choices=("recorded", "offline"), default="recorded", help="offline: the word rules")
    turns.add_argument(
        "--set", choices=("utterances", "unseen"), default="utterances", help="see evals/turns/README.md"
    )
    turns.add_argument("--list", action="store_true", help="also each utterance that did not come out as labelled")
    turns.add_argument("--states", action="store_true", help="only read the tickets of the states anew")
    turns.add_argument("--requests", type=Path, metavar="DIR", help="only write what a model is asked: DIR/ID.json")
    turns.add_argument("--answers", type=Path, metavar="DIR", help="first take in a model's answers: DIR/ID.json")
    turns.add_argument("--asked", type=Path, metavar="DIR", help="with --answers: the requests that were answered")
    return parser


def _turns(options: argparse.Namespace) -> int:
    from evals import turns
    from evals.turn_figures import WORDS, figures, pages, score

    if options.states:
        print(f"eval: {turns.keep_states()} states read anew", file=sys.stderr)
        return 0
    if options.requests:
        count = turns.write_requests(options.requests, options.set)
        print(f"eval: {count} requests in {options.requests}", file=sys.stderr)
        return 0
    if options.asked and not options.answers:
        raise BadInput(f"--asked {str(options.asked)!r}: expected --answers beside it")
    if options.answers:
        taken, missing = turns.store_answers(options.answers, options.asked)
        print(f"eval: {taken} answers taken in, {len(missing)} utterances of both sets without one", file=sys.stderr)
    scored = [score(played) for played in turns.play_all(options.backend, part=options.set)]
    found = figures(scored)
    for name, words in WORDS.items():
        _line(getattr(found, name), words)
    print("\n".join(pages(scored, failures=options.list)))
    if found.answered.k < found.answered.n:
        print("eval: utterances without an answer count as not right; see evals/turns/README.md", file=sys.stderr)
        return EXIT_GATE
    return 0


def _patterns(options: argparse.Namespace) -> int:
    from evals.sameness import WORDS, report

    figures, _ = report(options.mode)
    for name, words in WORDS.items():
        _line(getattr(figures, name), words)
    return 0


def _line(found: "Share", words: str) -> None:
    interval = f"{found.low:.0%} to {found.high:.0%}" if found.n else "none"
    print(f"{found.k:>4} of {found.n:<4} {interval:<14} {words}")


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="folder of report.html and report.md; else the run's own")


def _positive(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number above 0")
    return value


def _run(options: argparse.Namespace) -> int:
    from evals.runner import load_run, run
    from evals.tasks import MODELS_SYSTEMS

    systems = _systems(options.systems) or MODELS_SYSTEMS
    if options.resume and not options.resume.is_dir():
        raise BadInput(
            f"{str(options.resume)!r}: expected the folder of a run to go on with; leave --resume out for a new one"
        )
    folder = run(
        options.backend,
        options.resume,
        systems=systems,
        cases=_ids(options.cases),
        epochs=options.epochs,
        model=options.model,
        concurrency=options.concurrency,
        token_budget=options.token_budget,
        display="none" if options.quiet else "rich" if sys.stderr.isatty() else "plain",
    )
    made = load_run(folder)
    _write(made, options.out or folder)
    for suite, missing in made.interrupted.items():
        print(f"eval: {missing} samples of {suite} not answered; go on with --resume {folder}", file=sys.stderr)
    if made.cancelled:
        return EXIT_INTERRUPTED
    held = _held(made) if options.gate else 0
    return held or (EXIT_GATE if made.interrupted else 0)


def _report(options: argparse.Namespace) -> int:
    from evals.runner import load_run

    _write(load_run(options.run), options.out or options.run)
    return 0


def _write(made: "object", folder: Path) -> None:
    from evals.report import html, markdown
    from evals.runner import Run

    assert isinstance(made, Run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise BadInput(f"--out {str(folder)!r}: expected a folder, found a file; name another") from None
    (folder / "report.html").write_text(html(made), encoding="utf-8")
    summary = markdown(made)
    (folder / "report.md").write_text(summary, encoding="utf-8")
    print(summary)
    print(f"eval: {folder / 'report.html'}", file=sys.stderr)


def _gate(options: argparse.Namespace) -> int:
    from evals.runner import load_run

    return _held(load_run(options.run))


def _held(made: "object") -> int:
    from evals.gate import gate, load_accepted
    from evals.runner import Run

    assert isinstance(made, Run)
    found = gate(made, load_accepted(made.mode))
    for line in found:
        print(f"gate: {line}", file=sys.stderr)
    print(f"gate: {'closed' if found else 'open'}", file=sys.stderr)
    return EXIT_GATE if found else 0


def _accept(options: argparse.Namespace) -> int:
    from evals.gate import accept
    from evals.runner import load_run

    print(accept(load_run(options.run)))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from evals.compare import compare
    from evals.runner import load_run

    print(compare(load_run(options.before), load_run(options.after)))
    return 0


def _usefulness(options: argparse.Namespace) -> int:
    import asyncio

    from anthropic import AnthropicError, AsyncAnthropic

    from evals.report import counted, percent, suites_of
    from evals.runner import load_run
    from evals.usefulness import VERDICTS, judge, pairs, tally

    by_system = suites_of(load_run(options.run)).by_system
    chosen = pairs(by_system.get("escalation", ()), by_system.get("prompt_only", ()))[: options.limit]
    if not chosen:
        raise BadInput("no ticket of this run has a brief of both escalation and prompt_only; run both systems")
    client = AsyncAnthropic(timeout=3600.0)
    try:
        judged = asyncio.run(judge(chosen, client, _model(options.grader), options.concurrency, VERDICTS))
    except (AnthropicError, TypeError) as error:
        raise BadInput(
            f"the grader could not be asked ({type(error).__name__}); check the key and its address"
        ) from None
    for row in tally(judged):
        print(f"{row.aspect:<12} won {counted(row.wins)} {percent(row.wins)}, tied {row.ties.k}, lost {row.losses.k}")
    return 0 if len(judged) == len(chosen) else EXIT_GATE


def _record(options: argparse.Namespace) -> int:
    from evals.cases import all_attacks, all_cases, case_of
    from evals.record import Job, record_all

    names = [name for name in _ids(options.cases, attacks=options.system == "injection").split(",") if name]
    epochs, model = range(1, options.epochs + 1), _model(options.model)
    if options.system == "injection":
        attacks = [attack for attack in all_attacks() if not names or attack.id in names]
        jobs = [
            # A brief costs a second call: only where there are words in it to look for.
            Job("escalation", "injection", attack.twin(case_of(attack.clean)), epoch, model, bool(attack.must_not_say))
            for epoch in epochs
            for attack in attacks
        ]
    else:
        chosen = [case for case in all_cases() if not names or case.id in names]
        jobs = [Job(options.system, options.system, case, epoch, model) for epoch in epochs for case in chosen]
    return EXIT_GATE if record_all(jobs, options.workers) else 0


def _model(given: str) -> str:
    import os

    from agent.backends.claude import DEFAULT_MODEL
    from agent.backends.failures import MODEL_VARIABLE

    return given or os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL


def _systems(given: str) -> tuple[str, ...]:
    from evals.tasks import MODELS_SYSTEMS

    names = tuple(name for name in given.split(",") if name)
    for name in names:
        if name not in MODELS_SYSTEMS:
            raise BadInput(f"system {name!r}: expected one of {', '.join(MODELS_SYSTEMS)}")
    return names


def _ids(given: str, *, attacks: bool = False) -> str:
    """Whole ids for ids or their leading numbers."""
    from evals.cases import all_attacks, all_cases

    if given.strip() and not any(part.strip() for part in given.split(",")):
        raise BadInput(f"cases {given!r}: expected names or numbers of files in evals/; leave --cases out for all")
    known = [entry.id for entry in (all_attacks() if attacks else all_cases())]
    found = []
    for name in (part.strip() for part in given.split(",") if part.strip()):
        hits = [identifier for identifier in known if identifier == name or identifier.split("-")[0] == name]
        if not hits:
            raise BadInput(f"case {name!r}: expected the name or the number of a file in evals/")
        found += hits
    return ",".join(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
