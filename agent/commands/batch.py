"""Run many tickets: a folder, JSONL, CSV or mbox in; a result for each, a summary and an overview out.

Everything is kept in a run folder as it comes: run the same command again after a crash, a Ctrl-C or a lost network,
and it goes on. What has a result is not asked again, unless its ticket, the prompts, the policy or the model changed.
The folder then holds results.jsonl, results.csv and overview.html; the summary is printed.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.inputs import add_circumstances, circumstances_of
from agent.commands.output import add_output, format_of, ready
from agent.commands.run import add_backend, whole
from agent.errors import BadInput

if TYPE_CHECKING:
    from agent.batch.items import Source
    from agent.batch.prices import Prices
    from agent.batch.work import Run

FORMATS = ("text", "json")
CONCURRENCY, MOST_CONCURRENCY = 8, 256

EXAMPLES = """examples:
  escalation batch tickets/ --dry-run
  escalation batch tickets/ --run last-quarter
  escalation batch export.csv --column text=Description --column id="Ticket ID" --concurrency 32
  escalation batch backlog.mbox --batches --token-budget 50000000"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this verb's arguments."""
    parser.add_argument("source", metavar="SOURCE", help="folder of ticket files, or a JSONL, CSV or mbox file")
    parser.add_argument("--run", metavar="FOLDER", help="the run folder (default: SOURCE's name with .run, here)")
    parser.add_argument(
        "--source-format", choices=("folder", "jsonl", "csv", "mbox"), help="default: by SOURCE's name and content"
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="which column (CSV) or key (JSONL) holds a field of the ticket; may be given again; see docs/batch.md",
    )
    add_circumstances(parser)
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
    given = circumstances_of(arguments)

    from agent.batch.prices import load_prices
    from agent.batch.run_folder import RunFolder
    from agent.batch.sources import open_source
    from agent.batch.work import Run
    from agent.drafting import Limits

    prices = load_prices(Path(arguments.prices) if arguments.prices else None)
    source = open_source(arguments.source, columns=arguments.column, format=arguments.source_format)
    backend = _backend(arguments)
    with RunFolder(_folder(arguments)) as folder, _kept_on_errors():
        made = Run(
            folder=folder,
            backend=backend,
            settings=given.settings,
            context=given.context,
            now=None if arguments.now is None else given.now,
            max_repairs=Limits.max_repairs if arguments.max_repairs is None else arguments.max_repairs,
            scan=_scan(folder, source),
        )
        code = _work(arguments, source, made, prices)
        _write(made, prices, form, arguments.out)
        return code


def _work(arguments: argparse.Namespace, source: "Source", run: "Run", prices: "Prices") -> int:
    raise NotImplementedError


def _folder(arguments: argparse.Namespace) -> Path:
    if arguments.run is not None:
        return Path(arguments.run)
    name = Path(arguments.source).resolve().name
    return Path(f"{name}.run")
