"""Where a client is driven: a clean copy of the project, a home of its own, a model on loopback, one ticket."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from agent.backends.offline import OfflineBackend
from agent.grounding.ground import ground
from agent.policy.decide import decide
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from schemas.context import Context
from tests.runtimes.clients import ROOT, Clients
from tests.runtimes.messages_api import MessagesApi, Model
from tests.runtimes.road import SKILL, TICKET_MARK

SHARED = Path(os.environ.get("ESCALATION_SHARED") or ROOT.parent / "shared")
EXAMPLE = ROOT / "examples" / "engineering-export-fails.txt"
DUMMY_KEY = "no-key"
RUN_SECONDS = 120


class Failed(Exception):
    """A check did not hold. The message says what was found."""


@dataclass
class Bench:
    """What all checks share. `work` is outside the project and outside the temporary folder of sandboxes."""

    work: Path
    clients: Clients

    @cached_property
    def ticket(self) -> Path:
        """The first real ticket that goes up by the offline rules; an example where the real ones are not at hand."""
        real = sorted((SHARED / "data" / "real_tickets").glob("*.txt"))
        return next(path for path in (*real, EXAMPLE) if goes_up(path))

    @property
    def ticket_text(self) -> str:
        return self.ticket.read_text(encoding="utf-8").strip() + "\n"

    @property
    def request(self) -> str:
        """What the user types."""
        question = "Does this ticket have to go up, and to whom? If it does, write the brief."
        return f"{question}\n\n{TICKET_MARK}{self.ticket_text}"

    @cached_property
    def source(self) -> Path:
        """The project as whoever installs it gets it: a repository with the files that are tracked, as they are now."""
        folder = self.work / "source" / SKILL
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():  # else deleted and not yet committed
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        who = ["-c", "user.name=runtimes", "-c", "user.email=runtimes@example.invalid"]
        for command in (
            ["init", "--quiet"],
            ["add", "--all", "--force"],
            [*who, "commit", "--quiet", "--message", "copy"],
        ):
            subprocess.run(["git", *command], cwd=folder, check=True)
        return folder

    @property
    def description(self) -> str:
        """By which a model finds the skill."""
        found = re.search(r"^description: (.*)$", (self.source / "SKILL.md").read_text(encoding="utf-8"), re.MULTILINE)
        assert found is not None
        return found[1]

    def clone(self, folder: Path) -> Path:
        """The project in that folder, as git puts it there."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", str(self.source), str(folder)], check=True)
        return folder

    def place(self, name: str) -> "Place":
        """An empty project and an empty home for one check."""
        place = Place(self, self.work / name)
        for folder in (place.home, place.project, place.temporary):
            folder.mkdir(parents=True)
        return place


@dataclass(frozen=True)
class Place:
    """Where one client runs."""

    bench: Bench
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def api(self, model: Model) -> MessagesApi:
        """The model that the client in this place calls."""
        return MessagesApi(model, self.folder / "requests.json")

    def environment(self, api: MessagesApi | None = None, *, python: Path | None = None) -> dict[str, str]:
        """Nothing of whoever runs this but the PATH. `python` is the environment that the user has activated."""
        first = [str(python.parent)] if python else []
        given = {
            "PATH": os.pathsep.join([*first, self.bench.clients.path()]),
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "ANTHROPIC_API_KEY": DUMMY_KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "1",
        }
        if api is not None:
            proxies = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
            given |= dict.fromkeys(("ANTHROPIC_BASE_URL", *proxies), api.url)
            given |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        return given

    def run(
        self,
        command: Sequence[str | Path],
        environment: dict[str, str],
        *,
        typed: str = "",
        codes: tuple[int, ...] = (0,),
    ) -> str:
        """Its stdout, after `typed` on its stdin. Raises Failed if it ends with another exit code than these."""
        words = [str(word) for word in command]
        name = " ".join([Path(words[0]).name, *words[1:3]])
        try:
            done = subprocess.run(
                words,
                cwd=self.project,
                env=environment,
                input=typed,
                capture_output=True,
                text=True,
                timeout=RUN_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{name}: not done after {RUN_SECONDS} s") from None
        if done.returncode not in codes:
            raise Failed(f"{name}: exit {done.returncode}: {(done.stderr.strip() or done.stdout.strip())[-600:]}")
        return done.stdout

    def escalation(self, *arguments: str, ledger: Path | None = None) -> tuple[int, str]:
        """Exit code and stdout of the checkout's own command line, on the files of the project."""
        given = os.environ | {"ESCALATION_DB": str(ledger or self.folder / "none.db")}
        done = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "escalation.py"), *arguments],
            cwd=self.project,
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


def goes_up(path: Path) -> bool:
    """Whether the offline rules escalate it."""
    ticket = read_ticket(path.read_bytes(), name=path.name)
    facts = ground(ticket, OfflineBackend().extract(ticket))
    return decide(facts, Context(), load_settings(), datetime.now(UTC)).outcome == "escalate"
