"""Records conversations: the systems under test, the real client, and whatever ANTHROPIC_BASE_URL names as the model.

Each conversation in a process of its own, because vcrpy patches the whole process. What is recorded already is not
asked for again, so an interrupted recording goes on where it was.
"""

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from agent.backends.claude import ClaudeBackend
from evals.answers import Answer
from evals.cases import Case
from evals.recordings import cassette, check_prefixes
from evals.replay import RECORDINGS, SHARED, path_of
from evals.systems import PROMPTED, Pipeline, Prompted, System

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

PATIENCE = 7200.0  # seconds: whoever plays the model may be slow


@dataclass(frozen=True)
class Job:
    """One conversation to record. `folder` is below the recordings; `drafts` False stops at the decision."""

    system: str
    folder: str
    case: Case
    epoch: int
    model: str
    drafts: bool = True

    @property
    def path(self) -> Path:
        return path_of(RECORDINGS / self.folder, self.case.id, self.epoch)


def record_all(jobs: Sequence[Job], workers: int) -> int:
    """Records what is missing. Returns how many failed; each failure is a line on stderr."""
    missing = [job for job in jobs if not job.path.exists()]
    failed = 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(record, job): job for job in missing}
        try:
            for number, future in enumerate(as_completed(running), 1):
                job = running[future]
                error = future.exception()
                said = f"failed: {error}" if error else future.result()
                failed += said.startswith("failed")
                print(f"[{number}/{len(missing)}] {job.folder}/{job.path.stem}: {said}", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed


def record(job: Job) -> str:
    """One conversation; what came of it, in words. An outage of the model is a failure and leaves no file."""
    draft = job.path.with_suffix(".new")
    job.path.parent.mkdir(parents=True, exist_ok=True)
    draft.unlink(missing_ok=True)
    try:
        with cassette(draft, "once", shared=SHARED) as tape:
            run = {
                "system": job.system,
                "case": job.case.id,
                "epoch": job.epoch,
                "model": job.model,
                "drafts": job.drafts,
                "forced": ClaudeBackend(model=job.model).forced,
            }
            tape.get_metadata("run", run)
            answer = asyncio.run(_answer(job))
            if answer.error:
                return f"failed: {answer.error}"
            if job.system not in PROMPTED:
                check_prefixes(tape)
        draft.replace(job.path)
    finally:
        draft.unlink(missing_ok=True)
    return _in_words(answer)


async def _answer(job: Job) -> Answer:
    from anthropic import AsyncAnthropic

    async with AsyncAnthropic(max_retries=0, timeout=PATIENCE) as client:
        return await _system(job, client).answer(job.case, job.epoch)


def _system(job: Job, client: "AsyncAnthropic") -> System:
    if job.system in PROMPTED:
        return Prompted(job.system, client, job.model)
    return Pipeline(job.system, ClaudeBackend(model=job.model, async_client=client), drafts=job.drafts)


def _in_words(answer: Answer) -> str:
    brief = f", brief {answer.brief.status} after {answer.brief.repairs} repairs" if answer.brief else ""
    return f"{answer.outcome} {answer.owner or ''} {answer.severity or ''}{brief}"
