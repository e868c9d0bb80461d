"""Which mails of a file are one thread: by Message-ID, References and In-Reply-To, and by nothing else.

The same subject is no thread: "Login" comes from many customers. Of each mail some hundred bytes are kept, whatever its
length: ids as eight bytes of a hash, its place, its time and its digest.
"""

import hashlib
import re
import sys
from array import array
from collections.abc import Iterator
from datetime import UTC
from functools import cached_property
from itertools import pairwise

MOST_MAILS = 500  # of one thread: more are a system's, which answers all its own mails
_MOST_IDS = 100  # of the first and of the last references of a mail
LONGEST_HEAD = 1 << 16  # bytes of a mail's head that are looked at
_DIGEST = 32  # bytes

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?<?([^\s<>]{1,400})", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(rb"^(references|in-reply-to|date):([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_ID = re.compile(rb"<([^\s<>@]{1,300}@[^\s<>]{1,100})>")
# Old programs wrote "Your message of Monday <jo@client.example>": an address, by which all of Jo's mails were one.
_ONLY_IDS = re.compile(rb"\s*(?:<[^\s<>]{1,400}>[\s,]*)+")
_NO_TIME = -(1 << 63)


def head_of(mail: bytes) -> bytes:
    """The mail's own header lines, of very long ones the first."""
    end = _END_OF_HEADERS.search(mail, 0, LONGEST_HEAD)
    return mail[: end.start() if end else LONGEST_HEAD]


def message_id(head: bytes) -> str | None:
    """The Message-ID without its brackets."""
    found = _MESSAGE_ID.search(head)
    return None if found is None else found[1].decode("utf-8", "replace")


class Threads:
    """The mails of a file in the order in which they stand there, put in one by one. `joined`: whether they thread."""

    def __init__(self, joined: bool = True) -> None:
        self._joined = joined
        self._starts = array("Q")
        self._times = array("q")
        self._nodes = array("Q")
        self._digests = bytearray()
        self._parents: dict[int, int] = {}  # a forest over ids: whatever hangs together is one thread

    def put(self, start: int, mail: bytes) -> None:
        """The next mail. `start`: where it begins in the file."""
        self._starts.append(start)
        self._digests += hashlib.sha256(mail).digest()
        if not self._joined:
            return
        head = head_of(mail)
        own = _MESSAGE_ID.search(head)
        fields = {field[1].lower(): field[2] for field in reversed([*_FIELD.finditer(head)])}
        answers = fields.get(b"in-reply-to", b"")
        ids = _ID.findall(fields.get(b"references", b"")) + (
            _ID.findall(answers) if _ONLY_IDS.fullmatch(answers) else []
        )
        others = [_hash(name) for name in (*ids[:_MOST_IDS], *ids[-_MOST_IDS:])]
        node = _hash(own[1]) if own else others[0] if others else 0
        if others and not own:
            self._parents.setdefault(node, node)
        for other in others:
            self._join(node, other)
        self._nodes.append(node)
        self._times.append(_seconds(fields.get(b"date", b"")))

    def __len__(self) -> int:
        """How many threads there are; a mail that belongs to none counts as one."""
        return len(self._bounds) - 1

    @property
    def mails(self) -> int:
        """How many mails there are."""
        return len(self._starts)

    @property
    def in_threads(self) -> tuple[int, int]:
        """How many mails are in threads of more than one, and how many threads that is."""
        long = [end - start for start, end in pairwise(self._bounds) if end - start > 1]
        return sum(long), len(long)

    def __iter__(self) -> "Iterator[array[int]]":
        """Threads in the order of their first mails in the file: the numbers of their mails, from 0, by their time."""
        for start, end in pairwise(self._bounds):
            yield self._order[start:end]

    def start(self, number: int) -> int:
        """Where a mail begins in the file."""
        return self._starts[number]

    def room(self, number: int) -> int:
        """Bytes from there to where the next one begins; of the last one more than any mail has."""
        return self._starts[number + 1] - self._starts[number] if number + 1 < self.mails else sys.maxsize

    def digest(self, number: int) -> bytes:
        """Its SHA-256."""
        return bytes(self._digests[number * _DIGEST : (number + 1) * _DIGEST])

    @cached_property
    def _order(self) -> "array[int]":
        return self._sorted[0]

    @cached_property
    def _bounds(self) -> "array[int]":
        return self._sorted[1]

    @cached_property
    def _sorted(self) -> "tuple[array[int], array[int]]":
        """All mails, thread after thread, and where each thread begins and the last one ends."""
        if not self._joined:
            return array("Q", range(self.mails)), array("Q", range(self.mails + 1))
        known: dict[int, int] = {}
        latest: dict[int, int] = {}
        count = 0
        of, times = array("Q"), array("q")
        for node, time in zip(self._nodes, self._times, strict=True):
            root = self._root(node)
            together = node in self._parents
            thread = known.setdefault(root, count) if together else count
            count += thread == count
            if together:  # one without a time comes behind those that stand before it in the file
                time = latest.get(thread, time) if time == _NO_TIME else time
                latest[thread] = max(time, latest.get(thread, time))
            of.append(thread)
            times.append(time)
        by_time = sorted(range(self.mails), key=times.__getitem__)
        by_time.sort(key=of.__getitem__)
        order, bounds = array("Q", by_time), array("Q", [0])
        bounds.extend(at for at in range(1, self.mails) if of[order[at]] != of[order[at - 1]])
        if self.mails:
            bounds.append(self.mails)
        return order, bounds

    def _root(self, node: int) -> int:
        parents = self._parents
        while (above := parents.get(node, node)) != node:
            parents[node] = node = parents.get(above, above)
        return node

    def _join(self, one: int, other: int) -> None:
        one, other = self._root(one), self._root(other)
        if one != other:
            self._parents.setdefault(one, one)
            self._parents[other] = one


def _hash(name: bytes) -> int:
    """Never 0, which stands for none."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") | 1


def _seconds(date: bytes) -> int:
    from agent.readers.mail import read_date

    moment = read_date(" ".join(date.decode("ascii", "replace").split())[:200], [])
    if moment is None:
        return _NO_TIME
    try:
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (OverflowError, ValueError, OSError):
        return _NO_TIME
