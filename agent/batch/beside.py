"""A process beside this one that answers questions in turn.

Both go over one socket, pickled, each behind its length. An executor of concurrent.futures would pass them through two
more threads of this process, which take their time from the one that waits for the network.
"""

import asyncio
import pickle
import signal
import socket
from collections import deque
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

HEAD = 4  # bytes of a length


class Gone(Exception):
    """The process ended: what it was asked is not answered any more."""


class Beside(asyncio.Protocol):
    """One process. `make` is called there once, and what it returned is called with each question.

    It ends when this side closes, or dies. `ready`: it can be asked.
    """

    def __init__(self, make: Callable[[], Callable[[Any], Any]]) -> None:
        self.ready = False
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._received = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self._socket, there = socket.socketpair()
        with there:
            process = get_context("spawn").Process(target=_answering, args=(there, make), daemon=True)
            # A person's Ctrl-C is for the process that knows what is in flight; a child takes over what is ignored.
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                process.start()
            finally:
                signal.signal(signal.SIGINT, before)

    async def open(self) -> None:
        """Listen. To be awaited before it is asked."""
        await asyncio.get_running_loop().create_connection(lambda: self, sock=self._socket)

    def ask(self, question: object) -> asyncio.Future[Any]:
        """The answer. Raises `Gone`."""
        if self._transport is None or not self.ready:
            raise Gone
        data = pickle.dumps(question, pickle.HIGHEST_PROTOCOL)
        self._transport.write(len(data).to_bytes(HEAD, "big") + data)
        answer = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        return answer

    def close(self) -> None:
        """Let it end, after what it is doing."""
        self.ready = False
        if self._transport is None:
            self._socket.close()
        else:
            self._transport.abort()

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may still be starting."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers come in the order of the questions; before them an empty one, when it is ready."""
        received = self._received
        received += data
        while len(received) >= HEAD:
            end = HEAD + int.from_bytes(received[:HEAD], "big")
            if len(received) < end:
                return
            body = bytes(received[HEAD:end])
            del received[:end]
            if not body:
                self.ready = True
                continue
            came = pickle.loads(body)
            answer = self._asked.popleft()
            if not answer.done():  # whoever asked may have been cancelled
                answer.set_result(came)

    def connection_lost(self, _: Exception | None) -> None:
        """It ended, in whatever way."""
        self.ready = False
        while self._asked:
            answer = self._asked.popleft()
            if not answer.done():
                answer.set_exception(Gone())


def _answering(there: socket.socket, make: Callable[[], Callable[[Any], Any]]) -> None:
    """In the process beside."""
    answer = make()
    body = b""
    with there, there.makefile("rb") as questions:
        while True:
            try:
                there.sendall(len(body).to_bytes(HEAD, "big") + body)
                head = questions.read(HEAD)
                question = pickle.loads(questions.read(int.from_bytes(head, "big")))
            except (OSError, EOFError, pickle.UnpicklingError):  # the other side closed, or died
                return
            body = pickle.dumps(answer(question), pickle.HIGHEST_PROTOCOL)
