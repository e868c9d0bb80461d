"""Recorded answers of a language model to the exact requests of a case, replayed through the real client."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agent.backends.claude import ClaudeBackend
from evals.answers import Answer
from evals.cases import Case
from evals.recordings import cassette, client_backend
from evals.systems import PROMPTED, Pipeline, Prompted

RECORDINGS = Path(__file__).resolve().parent / "recordings"
SHARED = RECORDINGS / "shared"


def path_of(folder: Path, case: str, epoch: int) -> Path:
    """Where one conversation stands."""
    return folder / f"{case}.{epoch}.yaml"


@lru_cache(maxsize=32)
def recorded_cases(system: str, epochs: int) -> frozenset[str]:
    """The cases that were recorded in at least so many epochs."""
    last = f".{epochs}.yaml"
    return frozenset(path.name.removesuffix(last) for path in (RECORDINGS / system).glob(f"*{last}"))


@dataclass(frozen=True)
class Recorded:
    """Replays what `folder` holds for a case. One at a time: vcrpy patches the whole process.

    A request that was not recorded (an edited prompt, schema, rule or ticket) is an answer with an error that says
    what differs, so that a run goes on and its report names every such case.
    """

    name: str
    folder: Path

    async def answer(self, case: Case, epoch: int) -> Answer:
        path = path_of(self.folder, case.id, epoch)
        try:
            with cassette(path, shared=SHARED, whole=False) as tape:
                run = tape.get_metadata("run", {})
                backend = client_backend(str(run.get("model", "")), forced=bool(run.get("forced", True)))
                system = self._system(backend, drafts=bool(run.get("drafts", True)))
                answer = await system.answer(case, epoch)
                unplayed = sum(not tape.play_counts[place] for place in range(len(tape)))
                return answer.model_copy(update={"unplayed": unplayed})
        except AssertionError as error:
            lines = str(error).splitlines()
            reason = f"not recorded: {' '.join(line.strip() for line in lines[:3])}"[:400]
            return Answer(system=self.name, case=case.id, epoch=epoch, error=reason)

    def _system(self, backend: ClaudeBackend, *, drafts: bool) -> Pipeline | Prompted:
        if self.name not in PROMPTED:
            return Pipeline(self.name, backend, drafts=drafts)
        client = backend._async_client
        assert client is not None
        return Prompted(self.name, client, backend.model)
