"""What the engine tells, on a terminal or in a pipe: words with a little weight and colour.

Text of the ticket and of the model is set as plain characters: nothing in it is markup, and no control character or
hidden direction mark reaches the terminal (agent/render/sanitise.py). Colours bring their own background, or none, so
that they can be read on a light terminal and on a dark one.
"""

import os
import re
from collections.abc import Iterable, Sequence
from datetime import tzinfo

from rich.console import Console
from rich.text import Text

from agent.chat.events import Decided, Drafted, Event, ForCustomer, Refused, Spoken, Streamed, Told, Working
from agent.chat.progress import Progress
from agent.chat.revision import SECTION, Change, revision
from agent.commands.output import width
from agent.render import words
from agent.render.findings import named, weight
from agent.render.layout import columns, wrap
from agent.render.report import Glance, Reason, glance, others
from agent.render.sanitise import one_line, visible
from schemas.chat import Session
from schemas.escalation import Escalation, Finding

QUOTES_SHOWN = 2
CHANGES_SHOWN = 12
TITLE, FAINT, WARNING = "bold", "dim", "red"
_BADGE = {
    "Critical": "bold white on red",
    "High": "bold black on yellow",
    "Medium": "bold white on blue",
    "Handle": "bold black on green",
    "Ask": "bold black on cyan",
}
# What a later line of a paragraph is to stand under: an item's mark, or a label with its value in a column.
_LEAD = re.compile(r" *(?:(?:[-*•!|>]|\d{1,2}[.)]) +|\S(?:[^:]{0,44}?\S)? {2,}(?=\S))?")
_LABELLED = re.compile(r"[A-Z]\w+: ")


class ReaderLeft(Exception):
    """Nobody reads the output any more (`| head`)."""


class Screen(Console):
    """A console that ends the chat, and nothing else, when its reader goes away."""

    def on_broken_pipe(self) -> None:
        """What the next print would say is lost; the interpreter must not complain about it at its end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise ReaderLeft


class Painter:
    """Prints events. `progress` shows that a model works, where there is a terminal to show it on."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console, self._progress = console, progress
        self._coloured = console.color_system is not None and not console.no_color
        self._warned: set[str] = set()
        self._hints: list[str] = []
        self._brief = ""  # as it was last told
        self._findings_known: tuple[Finding, ...] = ()
        self._speaking = False
        self._standing = ""  # the decision in a line, which closes the brief: by then its head has scrolled away
        self._line = "─" if _can_show(console.encoding, "─") else "-"

    def tell(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Working):
            if event.with_model:
                self._progress.begin(event.step)
            return
        if isinstance(event, Streamed):
            self._progress.hear(event.words)
            return
        with self._progress.aside():
            self._show(event)
            self._speaking = isinstance(event, Spoken)

    def rest(self) -> None:
        """The turn is over."""
        self._progress.end()
        self._speaking = False

    def note(self, line: str) -> None:
        """A line of the surface's own."""
        self.tell(Told(line))

    def standing(self, session: Session) -> None:
        """Where a chat that is taken up again stands."""
        result = session.result
        if result is None:
            self.note("the ticket was read but not decided: /again does it")
            return
        with self._progress.aside():
            seen = glance(result.decision, result.facts, words.zone_of(result.context))
            self._head(result, seen)
            self._questions(seen)
            self._warned.update(result.warnings)
            said = [exchange for exchange in session.conversation if exchange.who == "person"][-1:]
            for exchange in said:
                self._put(f"You said last: {words.clip(one_line(exchange.text))}", style=FAINT)
            if session.pending:
                self._put("! Something was added that is not decided yet: /again does it", hang=2, style=WARNING)

    def _show(self, event: Event) -> None:
        if isinstance(event, Decided):
            self._decided(event)
        elif isinstance(event, Drafted):
            self._drafted(event)
        elif isinstance(event, ForCustomer):
            self._rule("To the customer")
            self._page(event.text, prefix="  | ")
            self._findings(event.findings)
        elif isinstance(event, Spoken):
            prefix = "Model: "
            self._put(event.text, "       " if self._speaking else prefix, len(prefix))
        elif isinstance(event, Told):
            if event.kind == "answer":
                self._page(event.text)
            else:
                mark, style = ("! ", WARNING) if event.kind == "warning" else ("", FAINT)
                for line in event.text.splitlines():
                    self._put(line, mark, 2, style)
                    mark = " " * len(mark)
        elif isinstance(event, Refused):
            self._put(event.line, "! ", 2, WARNING)

    def _drafted(self, event: Drafted) -> None:
        """The whole brief where it is new or was asked for, else what is other in it."""
        brief = "Brief" if event.valid else "Brief, incomplete: see the findings below"
        known, self._brief = self._brief, event.text
        changes = revision(known, event.text) if known and known != event.text else None
        if changes is None:
            self._rule(brief)
            self._page(event.text, sections=True)
            self._findings(event.findings)
        elif changes:
            self._rule(f"{brief.partition(',')[0]} as before, except for this; /brief shows all")
            section = ""
            for change in changes:
                if change.section != section:
                    self._print(Text(change.section, TITLE))
                section = change.section
                self._changed(change)
            self._findings([finding for finding in event.findings if finding not in self._findings_known])
        if changes is None or changes:
            self._rule(self._standing + ("" if event.valid else "; the brief is incomplete"))
        self._findings_known = event.findings

    def _changed(self, change: Change) -> None:
        for line in change.was:
            self._put(line, "  was: " if change.now else "  gone: ", 7, FAINT)
        for line in change.now:
            self._put(line, "  now: " if change.was else "  new: ", 7)

    # The decision

    def _decided(self, event: Decided) -> None:
        result = event.result
        seen = glance(result.decision, result.facts, words.zone_of(result.context))
        if result.brief is None or event.first:
            self._brief = ""
        if event.changes:
            self._title("What changed")
            self._items(event.changes[:CHANGES_SHOWN])
            if len(event.changes) > CHANGES_SHOWN:
                self._put(f"and {len(event.changes) - CHANGES_SHOWN} more: /facts", "  - ", 4, FAINT)
        self._head(result, seen)
        if event.first:
            self._reasons(result, seen)
            self._questions(seen)
        self._warnings(result, seen, first=event.first)

    def _head(self, result: Escalation, seen: Glance) -> None:
        decision = result.decision
        open_ = f"; {len(seen.questions)} to ask" if seen.questions else ""
        self._standing = f"{f'{seen.severity}: ' if seen.severity else ''}{seen.outcome}{open_}"
        badge = f" {seen.severity} " if self._coloured else f"{seen.severity}:"
        lead = f"{badge} " if seen.severity else ""
        text = Text(wrap(seen.outcome, lead, len(lead), width=width()), TITLE)
        kind = seen.severity or {"handle": "Handle", "needs_info": "Ask"}.get(decision.outcome, "")
        text.stylize(_BADGE.get(kind, ""), 0, len(badge) if seen.severity else len(seen.outcome.partition(":")[0]))
        self._console.print()
        self._print(text)
        shown = ("Acknowledge by", "Deadline", "Notify now", *(("SLA",) if decision.sla.state != "unknown" else ()))
        for label, value in seen.clock:
            if label in shown:
                self._put(value, f"  {label:<15} ", 18)

    def _reasons(self, result: Escalation, seen: Glance) -> None:
        if seen.person:
            self._title("A person decided")
            self._put(seen.person, "  ", 2)
        self._title("Why")
        for reason in seen.why:
            self._reason(reason)
        if not seen.why:
            self._put(seen.no_reason, "  ", 2)
        if seen.also:
            self._put("; ".join(f"{reason.id} {reason.clause}" for reason in seen.also), "  Also: ", 4)
        if seen.leadership:
            self._put("; ".join(seen.leadership), "  Leadership takes part: ", 4)
        if seen.need_to_know:
            self._put("Only Security gets the details. Everybody else gets the impact and the decision.", "  ", 2)
        if seen.issues:
            self._title("Several issues: split the ticket")
            self._items(seen.issues)
        same = others(result, _zone(result))
        if same:
            self._title("Others with the same")
            self._items(f"{verdict}: {ticket} ({why})" for verdict, ticket, why in same)

    def _reason(self, reason: Reason) -> None:
        self._put(f"{reason.clause} ({', '.join(reason.tags)})", f"  {reason.id}  ", 4, bold=len(reason.id) + 2)
        for quote in reason.quotes[:QUOTES_SHOWN]:
            self._put(f'"{quote.text}"' + (f" — {quote.who}" if quote.who else ""), "    ", 6)
        more = len(reason.quotes) - QUOTES_SHOWN
        if more > 0:
            self._put(f"and {more} more: /why {reason.id}", "    ", 6, FAINT)
        if reason.because:
            self._put(reason.because, "    ", 4)

    def _questions(self, seen: Glance) -> None:
        if not seen.questions:
            return
        self._title("Ask")
        for number, question in enumerate(seen.questions, 1):
            self._put(f"{words.ASKED[question.ask]}: {question.text}", f"  {number}. ", 5)
            if question.why:
                self._put(question.why, "     Why: ", 5, FAINT)

    def _warnings(self, result: Escalation, seen: Glance, *, first: bool) -> None:
        """What was not said yet in this sitting."""
        new = [warning for warning in result.warnings if warning not in self._warned]
        self._warned.update(new)
        if new:
            self._title("Warnings")
            for warning in new:
                self._put(warning, "! ", 2, WARNING)
        doubts = len(seen.doubts)
        hints = [f"{doubts} claim{'s do' if doubts > 1 else ' does'} not count: /facts"] if doubts else []
        hints += ["what would change this: /changes"] if seen.would_change else []
        if first or (hints and hints != self._hints):
            self._console.print()
            also = ["the message to the customer: /message"] if first else []
            self._put("; ".join(hints + also), style=FAINT)
        self._hints = hints

    # Parts

    def _findings(self, findings: Sequence[Finding]) -> None:
        if not findings:
            return
        self._title("Held against it")
        for finding in findings:
            found = f": “{words.clip(finding.found)}”" if finding.found else ""
            means = f" ({weight(finding)})" if weight(finding) else ""
            self._put(f"{named(finding.code)}, {finding.place}{found}{means}", "  - ", 4)
            self._put(finding.expected, "    Expected: ", 6)

    def _items(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._put(line, "  - ", 4)

    def _title(self, text: str) -> None:
        self._console.print()
        self._print(Text(text, TITLE))

    def _rule(self, title: str) -> None:
        line = f"{self._line * 2} {title} " if title else ""
        self._console.print()
        if columns(line) < width():
            self._print(Text(line + self._line * (width() - columns(line)), FAINT))
        else:
            self._put(title, f"{self._line * 2} ", 3, FAINT)

    def _page(self, text: str, *, prefix: str = "", sections: bool = False) -> None:
        """Text of which each line is a paragraph, wrapped under what it begins with."""
        for line in visible(text).splitlines():
            bare = line.rstrip()
            lead = _LEAD.match(bare)
            start = lead.group() if lead else ""
            hang = columns(start) or (2 if sections and _LABELLED.match(bare) else 0)
            style = TITLE if sections and SECTION.fullmatch(bare) else ""
            if columns(prefix + bare) <= width():  # as it stands, with the spaces of a table or a log
                self._print(Text(prefix + bare, style))
                continue
            if 2 * columns(start) > width():  # a label as long as half the line stands above what it labels
                self._put(start, prefix, columns(prefix), style, under=prefix)
                start, hang = bare[: len(bare) - len(bare.lstrip())] + "    ", 4
                bare = start + bare[len(lead.group() if lead else "") :]
            self._put(bare[len(start) :], prefix + start, columns(prefix) + hang, style, under=prefix)

    def _put(
        self, text: str, prefix: str = "", hang: int = 0, style: str = "", *, bold: int = 0, under: str = ""
    ) -> None:
        """One paragraph behind `prefix`, its later lines indented by `hang`, or behind `under` again."""
        first, *rest = wrap(text, prefix, hang, width=width()).split("\n")
        painted = Text("\n".join([first, *(under + line[len(under) :] for line in rest)]), style)
        if bold:
            painted.stylize(TITLE, 0, bold)
        self._print(painted)

    def _print(self, text: Text) -> None:
        # Wrapped already; a word longer than the line is the terminal's to break, so that a link stays whole.
        self._console.print(text, soft_wrap=True, highlight=False)


def _zone(result: Escalation) -> tzinfo | None:
    return words.zone_of(result.context)


def _can_show(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
