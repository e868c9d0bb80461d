"""The results of a batch into the run folder: an answer, or what follows where there is none."""

import json

from agent.backends import answers
from agent.backends.base import ModelUnavailable, total
from agent.backends.claude import ClaudeBackend
from agent.batch.run_folder import RunFolder
from agent.batch.submissions import Submission, Submissions
from agent.batch.vendor_batches import Result, VendorBatches
from schemas.escalation import Usage

STORED_TOGETHER = 200  # answers
SETUP = ("authentication_error", "billing_error", "permission_error", "not_found_error")
OWN = ("invalid_request_error", "request_too_large")
UNFORCED = "unforced_model"


class BatchAnswers:
    """What this run read. `usage`: of its answers; `setup`: what is wrong with key or model, as a batch said."""

    def __init__(self, folder: RunFolder, backend: ClaudeBackend, vendor: VendorBatches) -> None:
        self.usage = Usage()
        self.setup: ModelUnavailable | None = None
        self._folder = folder
        self._backend = backend
        self._vendor = vendor
        self._submissions = Submissions(folder)
        self._unforced = folder.setting(UNFORCED) == backend.model  # the model is known to refuse a forced tool
        if self._unforced:
            backend.forced = False

    def read(self, submission: Submission) -> int:
        """Store each result of a batch that is not stored yet. How many results it has."""
        out = self._submissions.out(submission)
        read, together = 0, list[tuple[str, Result]]()
        for result in self._vendor.results(submission.batch or ""):
            read += 1
            request = out.pop(result.custom_id, None)
            if request is not None:
                together.append((request, result))
            if len(together) >= STORED_TOGETHER:
                self._store(together)
                together.clear()
        self._store(together)
        return read

    def _store(self, results: list[tuple[str, Result]]) -> None:
        """All of them, or none. An answer that is here counts in what was heard only then."""
        usages = []
        with self._folder.together():
            for request, result in results:
                if result.message is None:
                    self._unanswered(result)
                    continue
                usages.append(answers.usage_of(result.message))
                body = json.dumps(result.message, ensure_ascii=False).encode("utf-8", "surrogatepass")
                self._folder.keep_answer(request, body, "batch", usages[-1])
                self._submissions.mark(result.custom_id, "answered")
        self.usage = total(self.usage, *usages)

    def _unanswered(self, result: Result) -> None:
        """Whether a request without an answer is sent again, otherwise, or never."""
        name, words = result.error
        if name in OWN and "tool_choice" in words and (self._backend.forced or self._unforced):
            self._unforced, self._backend.forced = True, False  # what was given before still comes back like this
            self._folder.keep_setting(UNFORCED, self._backend.model)
            self._submissions.mark(result.custom_id, "past", name, words)
        elif name in OWN:
            said = f"{self._vendor.place} refused the request ({name}: {words}); check --model and the ticket"
            self._submissions.mark(result.custom_id, "refused", name, said)
        else:
            why = f"{name}: {words}" if name else f"the request was {result.kind}"
            self._submissions.mark(result.custom_id, "again", name or result.kind, why)
            if name in SETUP:
                said = f"{self._vendor.place} answered no request of a batch ({why}); check the key and --model"
                self.setup = ModelUnavailable(said, reason=name)
