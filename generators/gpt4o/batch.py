"""Requests as batches: half the price, within a day; no kill and no lost acknowledgement pays for one twice.

A batch is known to the account, by a tag of its own, before the server hears of it, and the tag is in its metadata.
Whatever happens between, it is found again by that tag, and its answers are taken from it before any is asked anew.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, TypeVar

import openai

from generators.base import Usage
from generators.gpt4o.answers import Account, Submission
from generators.gpt4o.cost import Budget, price
from generators.gpt4o.requests import Request
from generators.gpt4o.results import Results, read_results
from generators.gpt4o.service import ERRORS, HOPELESS, Backoff, RequestOutcome, Service
from schemas.config import Gpt4oOptions
from schemas.errors import RequestError, RunError
from schemas.ids import canonical_json

logger = logging.getLogger(__name__)
T = TypeVar("T")

ENDPOINT: Final = "/v1/chat/completions"
TAG = "repairgen"  # the name of the tag in a batch's metadata
MAX_BYTES = 190_000_000  # of a file; the service takes 200 MB
SMALLEST = 50  # requests; a budget that holds no more of those that wait is used up: each batch may take a day
_FINAL = {"completed", "failed", "expired", "cancelled"}
_QUEUE_FULL = "token_limit_exceeded"
_MOST_REFUSALS = 30  # enough to get from the largest batch to one request, and to wait for others to finish
_LOOKS = 3  # for a batch whose creation was not acknowledged
_BARREN = 3  # rounds without any answer end the run
_WRITERS = 16  # answers that are written at once
_MISSING = RequestOutcome(what="the batch ended without an answer", again=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What became of a batch."""

    status: str
    code: str = ""  # why the server refused the whole batch
    message: str = ""
    answered: int = 0
    troubles: dict[str, RequestOutcome] = field(default_factory=dict)  # of single requests, by key


class BatchTransport:
    """Submits, polls, collects; requests that a batch left unanswered go into the next one."""

    def __init__(
        self, options: Gpt4oOptions, account: Account, budget: Budget, service: Service, backoff: Backoff,
        message: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._options = options
        self._account = account
        self._budget = budget
        self._service = service
        self._backoff = backoff
        self._message = message
        self._client = openai.OpenAI(**service.client_settings)
        self._most = options.batch_requests  # in one batch; less for a while where the server's queue was too short
        self._refusals = 0  # in a row
        self.retries = 0

    def close(self) -> None:
        """See `Transport.close`; what is under way goes on, and is picked up by the next attempt."""
        self._client.close()

    def resume(self) -> None:
        """Wait for the batches that an earlier attempt left behind, and take their answers."""
        for submission in self._account.submissions():
            found: Submission | None = submission
            if submission.batch is None:
                self._message("looking for a batch that an earlier attempt may have submitted")
                found = self._find(submission, looks=_LOOKS)
            if found is None:  # it was never created
                self._account.settle(submission)
            else:
                self._message(f"picking up batch {found.batch} with {found.requests:,} requests")
                self._budget.stake(found.dollars)
                self._collect(found)

    def ask(self, requests: Sequence[Request]) -> dict[str, str]:
        """See `Transport.ask`."""
        waiting = list({r.key: r for r in requests if r.key not in self._account}.values())
        tries: Counter[str] = Counter()
        failed: dict[str, str] = {}
        barren = 0
        while waiting:
            narrow = self._most < self._options.batch_requests  # then one after the other, to know what has room
            parts = list(islice(self._parts(waiting), 1 if narrow else None))
            asked = sum(map(len, parts))
            if asked < min(len(waiting), SMALLEST, self._most):  # the budget is what holds the others back
                raise self._budget.exhausted(sum(map(self._price, waiting[:SMALLEST])), len(waiting[:SMALLEST]))
            running = [(self._submit(part), part) for part in parts]
            outcomes = [(self._collect(submission), part) for submission, part in running]
            waiting = waiting[asked:]
            for outcome, part in outcomes:
                waiting += self._unanswered(outcome, part, tries, failed)
            useless = not any(o.answered or o.code == _QUEUE_FULL for o, _ in outcomes) and asked >= HOPELESS
            barren = barren + 1 if useless else 0
            if barren == _BARREN or (useless and not waiting):
                why = next(iter(failed.values()), _MISSING.what)
                raise RunError(f"a batch of {asked:,} requests brought no answer: {why}; the same command tries again")
        return failed

    def _unanswered(
        self, outcome: _Outcome, part: Sequence[Request], tries: Counter[str], failed: dict[str, str]
    ) -> list[Request]:
        """Of a batch's requests those that go into the next one; those that failed for good join ``failed``."""
        self._stop_where_hopeless(outcome, part)
        again = []
        for request in part:
            if request.key in self._account:
                continue
            trouble = outcome.troubles.get(request.key, _MISSING)
            tries[request.key] += outcome.code != _QUEUE_FULL
            if trouble.again and tries[request.key] <= self._options.retries:
                again.append(request)
            else:
                failed[request.key] = trouble.what
                logger.warning("request %s failed for good: %s", request.key[:12], trouble.what)
        self.retries += len(again)
        return again

    def _stop_where_hopeless(self, outcome: _Outcome, part: Sequence[Request]) -> None:
        for trouble in outcome.troubles.values():
            if trouble.fatal is not None:
                raise trouble.fatal
        if outcome.status == "cancelled":
            raise RunError("a batch was cancelled; its answers are kept, the same command submits the rest again")
        if outcome.code == _QUEUE_FULL:
            self._refusals += 1
            if self._refusals > _MOST_REFUSALS:
                raise RunError(f"the server's queue stays full ({outcome.message}); later the same command goes on")
            self._message(f"the server has no room for a batch of {len(part):,} requests; trying a smaller one")
            self._most = max(1, len(part) // 2)
            time.sleep(self._options.poll_seconds)
        elif outcome.status == "failed":
            trouble = self._service.classify(400, outcome.code, outcome.message)
            raise trouble.fatal or RequestError(f"the server refuses the batch: {trouble.what}")
        else:
            self._refusals = 0
            self._most = min(2 * self._most, self._options.batch_requests)

    def _parts(self, requests: Sequence[Request]) -> Iterator[list[Request]]:
        """The requests cut into files, from the first on, as far as the budget reaches; their price is staked."""
        part: list[Request] = []
        size = 0
        for request in requests:
            length = len(_line(request))
            if part and (len(part) == self._most or size + length > MAX_BYTES):
                yield part
                part, size = [], 0
            if not self._budget.fits(self._price(request)):
                break
            self._budget.stake(self._price(request))
            part.append(request)
            size += length
        if part:
            yield part

    def _price(self, request: Request) -> float:
        return price(request.ceiling, self._options)

    def _submit(self, part: Sequence[Request]) -> Submission:
        submission = Submission(
            tag=uuid.uuid4().hex, requests=len(part), dollars=sum(map(self._price, part)),
            input_tokens=max(request.ceiling.input_tokens for request in part),
        )  # fmt: skip
        lines = (f"{submission.tag}.jsonl", b"".join(map(_line, part)))
        file = self._call("upload requests", lambda: self._client.files.create(file=lines, purpose="batch"))
        self._account.submit(submission)  # from here on there may be such a batch
        created = self._create(submission, file.id)
        self._account.submit(created)
        self._message(f"submitted batch {created.batch} with {len(part):,} requests; {self._budget}")
        return created

    def _create(self, submission: Submission, file: str) -> Submission:
        """Create the batch; after an error, look whether there is one before trying again."""
        for tries in range(self._options.retries + 1):
            try:
                batch = self._client.batches.create(
                    input_file_id=file, endpoint=ENDPOINT, completion_window="24h", metadata={TAG: submission.tag}
                )
                return replace(submission, batch=batch.id)
            except ERRORS as error:
                trouble = self._service.diagnose(error)
            if not trouble.again:
                self._account.settle(submission)  # refused: there is none
                raise trouble.fatal or RequestError(f"the server refuses the batch: {trouble.what}")
            logger.info("creating a batch: %s", trouble.what)
            time.sleep(self._backoff.delay(tries) if trouble.wait is None else trouble.wait)
            found = self._find(submission, looks=_LOOKS if trouble.may_be_paid else 1)
            if found is not None:
                return found
        raise RunError(f"cannot create a batch: {trouble.what}; the same command goes on")

    def _find(self, submission: Submission, *, looks: int) -> Submission | None:
        """The batch with the submission's tag, which may have been created a moment ago; None where there is none."""
        for look in range(looks):
            if look:
                time.sleep(self._options.poll_seconds)
            for batch in self._call("list batches", lambda: list(self._client.batches.list(limit=100))):
                if (batch.metadata or {}).get(TAG) == submission.tag:
                    return replace(submission, batch=batch.id)
        return None

    def _collect(self, submission: Submission) -> _Outcome:
        """Wait for a batch, and keep what it brought; only then is it forgotten."""
        batch = self._wait(submission)
        counted = batch.request_counts.completed if batch.request_counts else 0
        ceiling = Usage(submission.input_tokens, self._options.max_completion_tokens, batched=True)
        results = self._download(batch.output_file_id, ceiling, expected=counted)
        errors = self._download(batch.error_file_id, ceiling, expected=0)
        answers = errors.answers | results.answers
        with ThreadPoolExecutor(_WRITERS) as writers:
            list(writers.map(self._account.put, answers, answers.values()))
        spent = sum(price(answer.usage, self._options) for answer in answers.values())
        unreadable = max(0, counted - len(results.answers))  # the server says that it has answered these too
        lost = min(submission.dollars, unreadable * submission.dollars / submission.requests)
        self._budget.settle(submission.dollars, spent=spent, lost=lost)
        self._budget.record_losses()
        self._account.settle(submission)
        self._message(f"batch {submission.batch} {batch.status} with {len(answers):,} answers; {self._budget}")
        refusal = batch.errors.data[0] if batch.status == "failed" and batch.errors and batch.errors.data else None
        return _Outcome(
            status=batch.status, answered=len(answers), troubles=errors.troubles | results.troubles,
            code=refusal.code or "" if refusal else "", message=refusal.message or "" if refusal else "",
        )  # fmt: skip

    def _wait(self, submission: Submission) -> Any:
        """Look at a batch until it has come to an end."""
        name = str(submission.batch)
        said = None
        while True:
            batch = self._call(f"look at batch {name}", lambda: self._client.batches.retrieve(name))
            if batch.status in _FINAL:
                return batch
            state = (batch.status, batch.request_counts.completed if batch.request_counts else 0)
            if state != said:
                said = state
                self._message(f"batch {name} {state[0]}: {state[1]:,} of {submission.requests:,} requests answered")
            time.sleep(self._options.poll_seconds)

    def _download(self, file: str | None, ceiling: Usage, *, expected: int) -> Results:
        """The results in a file; one that came damaged or short is paid for, and is fetched again."""
        if file is None:
            return Results()
        for tries in range(self._options.retries + 1):
            data = self._call("download answers", lambda: self._client.files.content(file).content)
            results = read_results(data, self._service, ceiling)
            if not results.damaged and len(results.answers) >= expected:
                return results
            time.sleep(self._backoff.delay(tries))
        logger.warning(
            "file %s: %d lines cannot be read, %d answers of %d", file, results.damaged, len(results.answers), expected
        )
        return results

    def _call(self, what: str, action: Callable[[], T]) -> T:
        """Do something that may be done twice, until it succeeds."""
        for tries in range(self._options.retries + 1):
            try:
                result = action()
                self._service.reached = True
                return result
            except openai.NotFoundError as error:
                why = f"cannot {what}: {self._service.line(error.message)}"
                raise RunError(f"{why}; use the key that submitted it, and a server with a Batch API") from None
            except ERRORS as error:
                trouble = self._service.diagnose(error)
            if trouble.fatal is not None:
                raise trouble.fatal
            if not trouble.again:
                break
            logger.info("cannot %s: %s", what, trouble.what)
            time.sleep(self._backoff.delay(tries) if trouble.wait is None else trouble.wait)
        raise RunError(f"cannot {what}: {trouble.what}; the same command goes on")


def _line(request: Request) -> bytes:
    entry = {"custom_id": request.key, "method": "POST", "url": ENDPOINT, "body": request.body}
    return canonical_json(entry).encode() + b"\n"
