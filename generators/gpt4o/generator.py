"""Pairs from a language model that breaks correct snippets (paper, A.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from generators.base import Candidate, Snippet, draw
from generators.gpt4o.answers import Answer, Answers
from generators.gpt4o.prompts import Task, draw_task, prompt_hash, write_prompt
from generators.gpt4o.reply import broken_code
from generators.gpt4o.requests import Request, build_request
from generators.gpt4o.transport import Transport
from schemas.config import Gpt4oOptions
from schemas.errors import RequestError
from schemas.reasons import Reason

_Row = tuple[int, int, Snippet, Task, Request]  # index, seed, what it starts from, what is asked, and how


class Gpt4oGenerator:
    """Turns answers into candidates, and has asked what is not answered yet.

    Args:
        language: of the snippets.
        snippets: correct ones, at least one.
        options: of the run.
        answers: those that are there.
        transport: gets the others, into ``answers``; without one, rows can only be replayed.
    """

    name = "gpt4o"

    def __init__(
        self, language: str, snippets: Sequence[Snippet], options: Gpt4oOptions, answers: Answers,
        transport: Transport | None = None,
    ) -> None:  # fmt: skip
        self._language = language
        self._snippets = snippets
        self._options = options
        self._answers = answers
        self._transport = transport
        self._failed: dict[str, str] = {}
        self._recipe = (
            f"model={options.model} prompt={options.prompt}/{prompt_hash(language, options)[:16]} "
            f"temperature={options.temperature:g} max_completion_tokens={options.max_completion_tokens}"
        )

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        """The candidates of a shard, in row order."""
        yield from self.candidates(shard_seed, range(rows))

    def candidates(self, shard_seed: int, rows: Iterable[int]) -> Iterator[Candidate]:
        """The candidates of any rows of a shard; what was answered before is not asked again.

        Raises:
            RequestError: a row has no answer, and there is no transport to get one.
        """
        drawn = [self._draw(shard_seed, row) for row in rows]
        self.ask([request for *_, request in drawn])
        for row in drawn:
            yield self._candidate(*row)

    def requests(self, shard_seed: int, rows: Iterable[int]) -> list[Request]:
        """What is asked for rows of a shard."""
        return [self._draw(shard_seed, row)[-1] for row in rows]

    def unanswered(self, requests: Iterable[Request]) -> list[Request]:
        """Those that have neither an answer nor failed for good."""
        return [r for r in requests if r.key not in self._answers and r.key not in self._failed]

    def ask(self, requests: Iterable[Request]) -> int:
        """Have requests answered, those that are not yet.

        Returns:
            how many failed for good.

        Raises:
            RequestError, RunError: as for `Transport.ask`.
        """
        missing = self.unanswered(requests)
        if not missing:
            return 0
        if self._transport is None:
            raise RequestError(
                f"{len(missing):,} of the rows have no answer in OUT's .work folder: only answers that were kept there "
                "can be replayed, as the model would not give the same ones again"
            )
        failed = self._transport.ask(missing)
        self._failed |= failed
        return len(failed)

    def _draw(self, shard_seed: int, row: int) -> _Row:
        seed, snippet, rng = draw(self._snippets, shard_seed, row)
        task = draw_task(self._language, self._options, rng)
        messages = write_prompt(self._language, self._options, task, snippet.code)
        return row, seed, snippet, task, build_request(messages, seed, self._options)

    def _candidate(self, row: int, seed: int, snippet: Snippet, task: Task, request: Request) -> Candidate:
        answer = self._answers.get(request.key)
        outcome = Reason.REQUEST_FAILED if answer is None else broken_code(answer, snippet.code)
        failure = outcome if isinstance(outcome, Reason) else None
        return Candidate(
            row=row, seed=seed, broken="" if isinstance(outcome, Reason) else outcome, fixed=snippet.code,
            recipe=self._row_recipe(task, answer), source_id=snippet.source_id, failure=failure,
            usage=None if answer is None else answer.usage,
        )  # fmt: skip

    def _row_recipe(self, task: Task, answer: Answer | None) -> str:
        asked = "" if task.kind is None else f" kind={task.kind.replace(' ', '_')} mistakes={task.mistakes}"
        if answer is None:
            return self._recipe + asked
        by = [("served", answer.model), ("fingerprint", answer.system_fingerprint)]
        return self._recipe + asked + "".join(f" {name}={value}" for name, value in by if value)
