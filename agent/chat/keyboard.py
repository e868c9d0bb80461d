"""The prompts of a real terminal: the ticket first, then one turn after another.

At both, a paste is one thing with its line ends, and Alt-Enter begins a new line. A long paste, or one with characters
that cannot be seen, stands in the line as one piece, `[pasted 1,234 lines: Dear …]`; what is sent is the paste itself.
"""

import time
from collections.abc import Callable
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import DummyHistory, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style

from agent.chat.completion import Files
from agent.chat.ear import HOW_TO_LEAVE
from agent.chat.opening import file_named, means_a_file
from agent.chat.pasting import as_text, terminal_input
from agent.render.sanitise import one_line, visible

KEYS = (
    "Paste the ticket and press Enter. Typed: end with an empty line. A file's name opens it. "
    "Alt-Enter: new line. Ctrl-D: leave."
)
AFTER = "ask, answer, add, correct; /help lists commands"
MOST_LINES, MOST_CHARACTERS = 8, 1_000  # of a paste that is shown as it is
GLIMPSE = 36  # characters of one that is not
HASTE = 0.08  # seconds between two keys that nobody types: an empty line of a slow paste, not one that sends
_FIRST_PIECE = 0xF0000  # private use: a character for each piece, which no font and no keyboard has

_STYLE = Style.from_dict({"placeholder": "dim", "piece": "reverse", "prompt": "bold"})


class Pieces:
    """Pastes that stand in a line as one character each."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def hold(self, text: str) -> str:
        """The character that stands for this text from now on."""
        mark = chr(_FIRST_PIECE + len(self._held))
        self._held[mark] = text
        return mark

    def whole(self, line: str) -> str:
        """What was written, with every piece put in."""
        return "".join(self._held.get(char, char) for char in line)

    def label(self, mark: str) -> str | None:
        """How a piece is shown; None for any other character."""
        text = self._held.get(mark)
        if text is None:
            return None
        lines = text.count("\n") + (not text.endswith("\n"))
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        begins = one_line(text[:500])  # so that the person sees what it was
        return f"[pasted {size}: {begins[:GLIMPSE].rstrip()}{'…' if len(begins) > GLIMPSE else ''}]"


class ShowPieces(Processor):
    """Shows a piece by its label, and the cursor behind it."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def apply_transformation(self, ti: TransformationInput) -> Transformation:
        """The line as it is shown."""
        shown: StyleAndTextTuples = []
        starts = [0]  # of each character of the source, on the screen
        for fragment in explode_text_fragments(ti.fragments):
            label = self._pieces.label(fragment[1])
            shown.append(("class:piece", label) if label else fragment)
            starts.append(starts[-1] + len(label or fragment[1]))

        def forth(position: int) -> int:
            return starts[position] if position < len(starts) else starts[-1] + position - len(starts) + 1

        def back(position: int) -> int:
            return max(index for index, start in enumerate(starts) if start <= position)

        return Transformation(shown, forth, back)


class Keyboard:
    """Asks at a terminal. `stream` is where its keys come from; what it shows goes to standard output."""

    at_terminal = True
    edits = True

    def __init__(self, stream: TextIO, commands: Completer, say: Callable[[str], None]) -> None:
        self.descriptor: int | None = stream.fileno()
        self._say = say
        self._input = terminal_input(stream)
        self._pieces = Pieces()
        self._pasted = ""  # the buffer's text right after a paste: unchanged, Enter sends it
        self._sure = True  # that paste is whole: the terminal said where it ends
        self._before = 0.0  # when the key before this one came
        self._hasty = False
        self._invited = False
        output = _output()
        self._tickets = self._session(Files(), self._ticket_keys(), output, prompt="Ticket: ", keep=False)
        self._turns = self._session(commands, self._turn_keys(), output, prompt="> ", keep=True)

    def ticket(self) -> str:
        """The first prompt: many lines."""
        if not self._invited:
            self._say(KEYS)
            self._invited = True
        return self._ask(self._tickets)

    def turn(self) -> str:
        """A later prompt: one line, unless the person wants more."""
        return self._ask(self._turns)

    def _ask(self, session: "PromptSession[str]") -> str:
        self._pasted = ""
        return self._pieces.whole(session.prompt())

    def _session(
        self, completer: Completer, keys: KeyBindings, output: Output, *, prompt: str, keep: bool
    ) -> "PromptSession[str]":
        session: PromptSession[str] = PromptSession(
            [("class:prompt", prompt)],
            multiline=True,
            prompt_continuation=" " * len(prompt),
            completer=completer,
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            key_bindings=keys,
            history=InMemoryHistory() if keep else DummyHistory(),
            input_processors=[ShowPieces(self._pieces)],
            placeholder=(lambda: [("class:placeholder", "" if get_app().is_done else AFTER)]) if keep else None,
            style=_STYLE,
            include_default_pygments_style=False,
            enable_suspend=True,
            reserve_space_for_menu=6,
            input=self._input,
            output=output,
        )
        session.app.key_processor.before_key_press += lambda _: self._watch()
        return session

    def _watch(self) -> None:
        now = time.monotonic()
        self._hasty = now - self._before < HASTE
        self._before = now

    def _shared_keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add(Keys.BracketedPaste)
        def _(event: KeyPressEvent) -> None:
            self._paste(event.current_buffer, as_text(event.data))

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.newline(copy_margin=False)

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
                self._pasted = ""
            else:
                run_in_terminal(lambda: self._say(HOW_TO_LEAVE))

        return keys

    def _paste(self, buffer: Buffer, text: str) -> None:
        if not text:
            return
        plain = text.count("\n") < MOST_LINES and len(text) <= MOST_CHARACTERS and visible(text) == text
        buffer.insert_text(text if plain else self._pieces.hold(text))
        self._pasted, self._sure = buffer.text, getattr(self._input, "marked", True)

    def _turn_keys(self) -> KeyBindings:
        keys = self._shared_keys()

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text.strip():
                event.current_buffer.validate_and_handle()
            else:
                event.current_buffer.reset()

        return keys

    def _ticket_keys(self) -> KeyBindings:
        keys = self._shared_keys()

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if not buffer.text.strip():
                buffer.reset()
            elif self._sends(buffer):
                buffer.validate_and_handle()
            else:
                buffer.newline(copy_margin=False)

        @keys.add("c-d", filter=Condition(lambda: bool(get_app().current_buffer.text.strip())))
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.validate_and_handle()

        return keys

    def _sends(self, buffer: Buffer) -> bool:
        """Whether Enter ends the ticket here: after a paste, a command or a file's name, and on an empty line."""
        text = buffer.text
        if text == self._pasted and (self._sure or not self._hasty):
            return True
        if "\n" not in text:
            return text.startswith("/") or means_a_file(text) or file_named(text) is not None
        return buffer.document.is_cursor_at_the_end and not buffer.document.current_line.strip() and not self._hasty


def _output() -> Output:
    output = create_output()
    if isinstance(output, Vt100_Output):
        # It would ask the terminal where its cursor is. Nothing here needs that, some terminals do not answer, and
        # through a slow line the answer arrives late, as keys.
        output.enable_cpr = False
    return output
