"""Run many tickets: a folder, JSONL, CSV or mbox in; a result for each, a summary and an overview out.

Everything is kept in a run folder as it comes: run the same command again after a crash, a Ctrl-C or a lost network,
and it goes on. What has a result is not asked again, unless its ticket, the prompts, the policy or the model changed.
The folder then holds results.jsonl, results.csv and overview.html; the summary is printed.
"""

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from agent.commands.inputs import add_circumstances, add_redaction, circumstances_of, level_of, tell_level
from agent.commands.output import add_output, colour, emit, format_of, note, progress, ready, width
from agent.commands.run import add_backend, backend_of, whole
from agent.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_INTERRUPTED, EXIT_MODEL, BadInput

if TYPE_CHECKING:
    from agent.backends.base import Backend
    from agent.backends.claude import ClaudeBackend
    from agent.batch.deferred import Deferred
    from agent.batch.live import Live
    from agent.batch.prices import Prices
    from agent.batch.progress import Progress
    from agent.batch.results import Summary
    from agent.batch.run_folder import Results, RunFolder
    from agent.batch.sources import TicketSource
    from agent.batch.work import Run

FORMATS = ("text", "json")
_NAMES = "results.jsonl, results.csv and overview.html"
CONCURRENCY, MOST_CONCURRENCY = 8, 256
CALLS_FOR_ONE, MOST_PROCESSES = 16, 8
MOST_NAMED = 5  # unreadable tickets named on stderr; all stand in results.csv

EXAMPLES = """examples:
  escalation batch tickets/ --dry-run
  escalation batch tickets/ --run last-quarter
  escalation batch export.csv --column text=Description --column id=Number --concurrency 32
  escalation batch tickets/ --only '*.eml' --skip 'drafts/*'
  escalation batch backlog.mbox --batches --token-budget 50000000"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("source", metavar="SOURCE", help="folder of ticket files, or a JSONL, CSV or mbox file")
    parser.add_argument("--run", metavar="FOLDER", help="the run folder (default: SOURCE's name with .run, here)")
    parser.add_argument(
        "--source-format",
        choices=("folder", "jsonl", "json", "csv", "mbox"),
        help="default: by SOURCE's name and content",
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="which column (CSV) or key (JSONL) holds a field of the ticket; may be given again; see docs/batch.md",
    )
    parser.add_argument(
        "--threads",
        choices=("on", "off"),
        help="mbox: whether the mails of a thread are one ticket, or each mail is one (default: on)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="of a folder: only the files that fit, such as '*.txt'; may be given again; see docs/batch.md",
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="PATTERN",
        help="of a folder: not the files that fit, such as README.md or 'drafts/*'; may be given again",
    )
    add_circumstances(parser)
    add_redaction(parser, restore=False)
    parser.add_argument(
        "--restore",
        metavar="FOLDER",
        help="ask no model: write what the run folder holds once more into FOLDER, with the originals put back",
    )
    add_backend(parser)
    parser.add_argument("--batches", action="store_true", help="by the vendor's Message Batches: half price, later")
    parser.add_argument(
        "--concurrency", type=whole, default=CONCURRENCY, metavar="N", help=f"calls at once (default: {CONCURRENCY})"
    )
    parser.add_argument("--limit", type=whole, metavar="N", help="at most N tickets that have no result yet")
    parser.add_argument("--token-budget", type=whole, metavar="N", help="no further call once this run used N tokens")
    parser.add_argument("--max-repairs", type=whole, metavar="N", help="answers sent back for repair (default: 2)")
    parser.add_argument(
        "--fallback",
        choices=("offline",),
        help="where the model fails for a ticket, the offline rules make its result, and it says so",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="count tickets and tokens, estimate the cost, ask nothing"
    )
    parser.add_argument("--prices", metavar="FILE", help="prices (TOML) instead of those that this program knows")
    add_output(parser, FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """The tickets of a source."""
    ready(arguments.out)
    form = format_of(arguments, FORMATS)
    if not 1 <= arguments.concurrency <= MOST_CONCURRENCY:
        raise BadInput(f"--concurrency {arguments.concurrency}: expected 1 to {MOST_CONCURRENCY} calls at once")
    given, level = circumstances_of(arguments), level_of(arguments)

    from agent.batch.folder import narrowed
    from agent.batch.prices import load_prices
    from agent.batch.restored import keep_way
    from agent.batch.run_folder import RunFolder
    from agent.batch.sources import open_source
    from agent.batch.work import Run
    from agent.drafting import Limits

    if arguments.restore is not None and arguments.dry_run:
        raise BadInput("--restore and --dry-run: expected one of them; --restore asks no model either")
    prices = load_prices(datetime.now(UTC).date(), arguments.prices)
    threads = None if arguments.threads is None else arguments.threads == "on"
    source = open_source(arguments.source, columns=arguments.column, format=arguments.source_format, threads=threads)
    source = narrowed(source, arguments.only, arguments.skip)
    backend = _nobody() if arguments.restore is not None else _backend(arguments)
    place = _place(arguments)
    if arguments.restore is not None:
        _restorable(arguments, place)
    with _folder(place, arguments.dry_run) as path, RunFolder(path) as folder, _named_errors(place):
        made = Run(
            folder=folder,
            backend=backend,
            settings=given.settings,
            context=given.context,
            now=None if arguments.now is None else given.now,
            max_repairs=Limits.max_repairs if arguments.max_repairs is None else arguments.max_repairs,
            redact=level,
            scan=_scan(folder, source, arguments.dry_run or arguments.restore is not None),
        )
        if arguments.restore is not None:
            return _restored(arguments, source, made, prices, form)
        tell_level(level)
        for remark in (source.mapping, *source.notes):
            if remark:
                note(remark)
        if arguments.dry_run:
            return _estimated(arguments, source, made, prices, form)
        _tell_threads(folder, source, made.scan)
        keep_way(made)
        ended = _driven(arguments, source, made, prices)
        left = _unmet(source, folder, made.scan)
        _written(arguments, source, made, prices, form, left)
        _tell_unreadable(made, arguments.source)
        if left:
            note(
                f"{left:,} tickets of the source are in none of these: they were not begun, or what they had does not "
                "fit any more; run again to have them all"
            )
    return ended if arguments.limit is not None or left <= 0 or ended != EXIT_DONE else EXIT_FINDINGS


def _restorable(arguments: argparse.Namespace, place: Path) -> None:
    """Raises BadInput where there is nothing to restore, or no place for it."""
    from agent.batch.restored import ready_place
    from agent.batch.run_folder import FILE

    if not (place / FILE).is_file():
        raise BadInput(
            f"--restore takes the results of a run, and {str(place)!r} is no run folder: run without --restore first, "
            "or name its folder with --run"
        )
    ready_place(Path(arguments.restore), Path(arguments.source))


def _restored(arguments: argparse.Namespace, source: "TicketSource", run: "Run", prices: "Prices", form: str) -> int:
    """The results with their originals, beside those of the run folder. On stdout no more than figures."""
    from agent.batch.restored import Restored
    from agent.batch.results import summary

    with progress("restoring"), Restored(run, source) as made:
        rows = sum(made.count(made.scan).values())
        unmet = _unmet(source, run.folder, made.scan)
        figures = summary(made, made.scan, prices, made.model, source=_name(arguments), unmet=unmet)
        _files(made, made.scan, figures, source, Path(arguments.restore), "--restore", restored=made.restored)
    counts = {"tickets": rows, "restored": made.restored, "unrestored": made.unrestored}
    said = f"{rows:,} results; the originals are back in {made.restored:,} of them"
    emit(json.dumps(counts, indent=2) if form == "json" else said, arguments.out)
    if made.unrestored:
        keep = "1 result keeps its" if made.unrestored == 1 else f"{made.unrestored:,} results keep their"
        note(f"{keep} placeholders: `error` in the files says why")
    warning = "; they hold secrets: delete them when they are not needed" if made.restored else ""
    note(f"{_NAMES} are in {arguments.restore!r}{warning}")
    return EXIT_FINDINGS if made.unrestored else EXIT_DONE


def _tell_unreadable(run: "Run", source: str) -> None:
    """Which items are no tickets, and how to leave them out where they are files."""
    count = run.folder.count(run.scan).get("unreadable", 0)
    if not count:
        return
    first = islice((row.key for row in run.folder.rows(run.scan) if row.state == "unreadable"), MOST_NAMED)
    named = ", ".join(first)
    more = f" and {count - MOST_NAMED:,} more" if count > MOST_NAMED else ""
    way = "; --skip PATTERN leaves out files that are no tickets" if Path(source).is_dir() else ""
    note(f"unreadable: {named}{more}{way}")


def _backend(arguments: argparse.Namespace) -> "Backend":
    """As for one ticket; but calls at once are repeated by the run, which knows of them all, and not by the client."""
    picked = backend_of(arguments, "these tickets")
    if picked.name == "offline":
        if arguments.batches:
            raise BadInput(
                "--batches needs a model: set ANTHROPIC_API_KEY, or leave --batches out for the offline rules"
            )
        return picked
    from agent.backends.claude import MAX_RETRIES, ClaudeBackend

    return ClaudeBackend(model=arguments.model, retries=MAX_RETRIES if arguments.batches else 0)


def _place(arguments: argparse.Namespace) -> Path:
    if arguments.run is not None:
        return Path(arguments.run)
    return Path(f"{Path(arguments.source).resolve().name or 'tickets'}.run")


@contextmanager
def _folder(place: Path, dry: bool) -> Iterator[Path]:
    """The run folder; where nothing is to be kept and there is none, one that goes away."""
    if not dry or place.exists():
        yield place
        return
    with tempfile.TemporaryDirectory() as passing:
        yield Path(passing) / "run"


@contextmanager
def _named_errors(place: Path) -> Iterator[None]:
    """A disk that is full or gone, in one line. What was kept before is kept."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise BadInput(
            f"the run folder {str(place)!r} cannot be written ({error}): make room or mend it, and run again to go on"
        ) from None


def _scan(folder: "RunFolder", source: "TicketSource", dry: bool) -> int:
    """The number of this run on its folder. Raises BadInput for the folder of another source."""
    before = folder.setting("source")
    if before is not None and before != source.name:
        raise BadInput(f"--run {str(folder.path)!r} is the folder of {before}: name another for {source.name}")
    number = int(folder.setting("scan") or 0) + 1
    if not dry:
        folder.keep_setting("source", source.name)
        folder.keep_setting("scan", str(number))
    return number


def _tell_threads(folder: "RunFolder", source: "TicketSource", scan: int) -> None:
    """An mbox whose mails were other tickets to the runs before. Each has its own digest, so none is mixed up."""
    from agent.batch.mbox import Mbox

    if not isinstance(source, Mbox):
        return
    way = "on" if source.threads else "off"
    before = folder.setting("threads") or "off"  # of a version that did not know threads
    if scan > 1 and before != way and (source.joins or not source.threads):
        what = "each mail was a ticket" if way == "on" else "the mails of a thread were one ticket"
        note(
            f"in earlier runs of this folder {what}: what is another ticket now is asked for anew, and what it was "
            f"before is not among the results; --threads {before} goes on as before"
        )
    folder.keep_setting("threads", way)


def _driven(arguments: argparse.Namespace, source: "TicketSource", run: "Run", prices: "Prices") -> int:
    """All tickets to their results, in the way that was chosen. The exit code."""
    from agent.batch.progress import Progress

    count = source.count()
    total = count if arguments.limit is None else min(count, arguments.limit)
    progress = Progress(total, prices, run.backend.model, sys.stderr, paid="batch" if arguments.batches else "live")
    try:
        if run.backend.name == "offline":
            return _by_rules(arguments, source, run, progress)
        if arguments.batches:
            return _by_batches(arguments, source, run, progress)
        return _at_once(arguments, source, run, progress)
    finally:
        progress.close()


def _by_rules(arguments: argparse.Namespace, source: "TicketSource", run: "Run", progress: "Progress") -> int:
    from agent.backends.base import NO_USAGE
    from agent.batch.work import Seen, works

    done = failed = settled = 0
    try:
        for work in works(source, run, arguments.limit):
            if isinstance(work, Seen):
                settled += work.settled
                work.write()
            else:
                ended = work.ended_by_rules(run.backend)
                with run.folder.together():
                    work.enter()
                    work.end(ended)
                done, failed = done + (not isinstance(ended, Exception)), failed + isinstance(ended, Exception)
            progress.update(done, failed, 0, NO_USAGE, settled=settled)
    except KeyboardInterrupt:
        progress.close()
        note("interrupted: what has a result is kept; run the same command again to go on")
        return EXIT_INTERRUPTED
    return _code(run)


def _at_once(arguments: argparse.Namespace, source: "TicketSource", run: "Run", progress: "Progress") -> int:
    from agent.batch.live import Heard, Live
    from agent.batch.submissions import pending
    from agent.batch.work import works

    if waiting := pending(run.folder):
        raise BadInput(
            f"{waiting:,} requests of this run are at the vendor's and will be paid: run with --batches to collect them"
        )

    def tell(heard: Heard) -> None:
        progress.update(heard.done, heard.failed + heard.waiting, heard.open, heard.usage, settled=heard.settled)

    def notice(text: str) -> None:
        progress.close()
        note(text)

    live = Live(
        run,
        _claude(run.backend),
        concurrency=arguments.concurrency,
        tell=tell,
        budget=arguments.token_budget,
        rules=arguments.fallback is not None,
        processes=processes_for(arguments.concurrency),
        notice=notice,
    )
    try:
        asyncio.run(_stoppable(live, live.go(works(source, run, arguments.limit)), progress))
    except asyncio.CancelledError:
        if live.cut_off:
            run.folder.keep_cut_off(live.cut_off)
        note("left at once: what was answered is kept; run the same command again to go on")
        return EXIT_INTERRUPTED
    progress.close()
    if live.unreadable is not None:
        raise live.unreadable
    return EXIT_INTERRUPTED if live.interrupted else _told(live, run)


def processes_for(concurrency: int) -> int:
    """Beside this one. Fewer calls than these leave it time enough."""
    return 0 if concurrency < CALLS_FOR_ONE else max(1, min(MOST_PROCESSES, (os.cpu_count() or 2) - 1))


async def _stoppable(live: "Live", going: Coroutine[Any, Any, None], progress: "Progress") -> None:
    """The first Ctrl-C lets the calls in flight come home, a second one leaves at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if live.interrupted and task is not None:
            live.cut_off = max(live.cut_off, live.pace.open)  # a third Ctrl-C may find them gone
            task.cancel()
            return
        live.interrupted = True
        live.stop()
        progress.close()
        note(f"stopping: {live.pace.open} calls in flight are waited for; Ctrl-C again leaves at once")

    def caught(_: int, __: FrameType | None) -> None:
        loop.call_soon_threadsafe(interrupt)

    before = signal.signal(signal.SIGINT, caught)
    try:
        await going
    finally:
        signal.signal(signal.SIGINT, before)


def _by_batches(arguments: argparse.Namespace, source: "TicketSource", run: "Run", progress: "Progress") -> int:
    from agent.batch.deferred import Deferred, Heard
    from agent.batch.submissions import going_on
    from agent.batch.work import works

    def tell(heard: Heard) -> None:
        progress.update(heard.done, heard.failed + heard.waiting, heard.requests, heard.usage, settled=heard.settled)

    deferred = Deferred(
        run,
        _claude(run.backend),
        tell=tell,
        limit=arguments.limit,
        budget=arguments.token_budget,
        rules=_rules(arguments),
    )
    try:
        deferred.go(partial(works, source, run))
    except KeyboardInterrupt:
        progress.close()
        note(going_on(run.folder) or "interrupted: run the same command again to go on")
        return EXIT_INTERRUPTED
    progress.close()
    if deferred.unreadable is not None:
        raise deferred.unreadable
    return _told(deferred, run)


def _told(way: "Live | Deferred", run: "Run") -> int:
    """Why it ended before every ticket had its result, if it did. The exit code."""
    if way.over_budget:
        note("the token budget is used up: run again with a larger one to go on")
        return EXIT_FINDINGS
    if way.outage is not None:
        note(f"{way.outage}; run the same command again to go on")
        return EXIT_MODEL
    return _code(run)


def _code(run: "Run") -> int:
    found = run.folder.count(run.scan)
    return EXIT_DONE if set(found) <= {"done"} else EXIT_FINDINGS


def _rules(arguments: argparse.Namespace) -> "Backend | None":
    return None if arguments.fallback is None else _nobody()


def _nobody() -> "Backend":
    """The rules, where no model is to be asked."""
    from agent.backends.offline import OfflineBackend

    return OfflineBackend()


def _claude(backend: "Backend") -> "ClaudeBackend":
    from agent.backends.claude import ClaudeBackend

    assert isinstance(backend, ClaudeBackend)  # `_backend` made it
    return backend


def _estimated(arguments: argparse.Namespace, source: "TicketSource", run: "Run", prices: "Prices", form: str) -> int:
    """What it would cost. Nothing is asked and nothing is kept."""
    if run.backend.name == "offline":
        count = source.count()
        said = f"{count:,} ticket{'' if count == 1 else 's'}; no model takes part, so nothing is paid"
        emit(json.dumps({"tickets": count, "model": None}, indent=2) if form == "json" else said, arguments.out)
        if arguments.backend != "offline":
            note("--backend claude --model NAME estimates what a model would cost; it needs no key for that")
        return EXIT_DONE
    from agent.batch.estimate import as_json, as_text, escalating, estimate, first_requests

    backend, out = _claude(run.backend), arguments.out
    total = source.count() if arguments.limit is None else min(source.count(), arguments.limit)
    with progress("counting"):
        figures = estimate(
            first_requests(source, run, arguments.limit),
            total,
            backend.model,
            prices,
            count=backend.count,
            escalated=escalating(run.folder, run.scan - 1),
            thinks=not backend.forced,
        )
    emit(as_json(figures) if form == "json" else as_text(figures, width=width(), colour=colour() and out is None), out)
    return EXIT_DONE


def _unmet(source: "TicketSource", folder: "RunFolder", scan: int) -> int:
    """Tickets of the source that the run has no row for."""
    return max(0, source.count() - sum(folder.count(scan).values()))


def _name(arguments: argparse.Namespace) -> str:
    """The source's name without its folder: the files are handed round."""
    from agent.batch.keys import printable

    return printable(Path(arguments.source).resolve().name)


def _written(
    arguments: argparse.Namespace, source: "TicketSource", run: "Run", prices: "Prices", form: str, unmet: int
) -> None:
    """The results into the run folder, the summary to the person."""
    from agent.batch.results import as_json, as_text, summary

    path, out = run.folder.path, arguments.out
    figures = summary(run.folder, run.scan, prices, run.backend.model, source=_name(arguments), unmet=unmet)
    _files(run.folder, run.scan, figures, source, path, "--run")
    emit(as_json(figures) if form == "json" else as_text(figures, width=width(), colour=colour() and out is None), out)
    note(f"{_NAMES} are in {str(path)!r}")
    if figures.redacted and run.redact != "none":
        note("--restore FOLDER, outside of it, writes them with the originals of what was replaced")


def _files(
    results: "Results",
    scan: int,
    figures: "Summary",
    source: "TicketSource",
    place: Path,
    flag: str,
    *,
    restored: int | None = None,
) -> None:
    """The three files into a folder that `flag` named. `restored`: so many hold originals; None: this was not asked."""
    from agent.batch.overview import write_overview
    from agent.batch.results import write_csv, write_jsonl
    from agent.batch.table import Table

    # The spreadsheet that wrote semicolons, since it has commas in its numbers, reads no commas between cells.
    semicolons = isinstance(source, Table) and source.delimiter == ";"
    write_jsonl(results, scan, place / "results.jsonl", flag)
    write_csv(results, scan, place / "results.csv", flag, delimiter=";" if semicolons else ",")
    write_overview(results, scan, figures, place / "overview.html", datetime.now(UTC), flag, restored=restored)
