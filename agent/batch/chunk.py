"""Requests that are gathered for one batch of the vendor's, as the bytes that will be sent."""

from collections.abc import Iterator

from agent.batch.submissions import Asked, Submission
from agent.batch.work import Work

_BEGINNING, _NAMED, _END = b'{"requests":[', b'{"custom_id":"%s","params":', b"]}"


class Chunk:
    """What one submission will hold. `most_bytes`: of the requests without their names."""

    def __init__(self, submission: Submission, most_requests: int, most_bytes: int) -> None:
        self.submission = submission
        self.works: list[Work] = []
        self.asked: list[Asked] = []
        self.tokens = 0
        self.size = 0
        self._lines: list[bytes] = []
        self._names: set[str] = set()
        self._most = most_requests, most_bytes

    def __contains__(self, request: str) -> bool:
        return request in self._names

    def takes(self, line: bytes) -> bool:
        """Whether there is room for it. One alone always fits."""
        requests, size = self._most
        return not self.asked or (len(self.asked) < requests and self.size + len(line) <= size)

    def put(self, work: Work, asked: Asked, line: bytes) -> None:
        """One more. `line`: its JSON."""
        self.works.append(work)
        self.asked.append(asked)
        self._lines.append(line)
        self._names.add(asked.sha256)
        self.tokens += asked.tokens
        self.size += len(line)

    def parts(self) -> Iterator[tuple[Work, Asked, bytes]]:
        """What was put in."""
        return zip(self.works, self.asked, self._lines, strict=True)

    def body(self) -> Iterator[bytes]:
        """The JSON of the whole, piece by piece: each request with its custom_id."""
        before = _BEGINNING
        for asked, line in zip(self.asked, self._lines, strict=True):
            yield before + _NAMED % self.submission.custom_id(asked.sha256).encode() + line + b"}"
            before = b","
        yield _END

    def length(self) -> int:
        """Bytes of the whole."""
        return sum(len(piece) for piece in self.body())
