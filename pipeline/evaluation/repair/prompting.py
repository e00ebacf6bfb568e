"""Systems that ask a language model: the RING and GPT-4o rows of the paper's Tables 2 and 3.

Requests go through the client of the GPT-4o generator. An answer is kept in OUT/.work before it is used, so that an
evaluation that was killed pays for none twice; budget and limits hold for all prompting systems of one OUT together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from generators.gpt4o.access import KEY, check_address, find_key
from generators.gpt4o.answers import Answer
from generators.gpt4o.repair_bank import Repair
from generators.gpt4o.repair_prompts import SHOTS, TEMPERATURE, PromptKind, RepairPrompt
from generators.gpt4o.requests import Request, build_request
from generators.gpt4o.transport import open_transport
from pipeline.benchmarks.benchmark import Benchmark, Problem
from pipeline.evaluation.repair.systems import Proposal
from pipeline.files.storage import Storage
from pipeline.run.answer_store import AnswerStore
from schemas.config import Gpt4oOptions, LanguageName
from schemas.errors import RequestError
from schemas.ids import derive_seed
from schemas.reasons import Reason
from validators import get_language

LABELS: dict[PromptKind, str] = {"ring": "RING", "gpt4o": "GPT-4o prompt"}

_ROUNDS = 4  # of as many live requests as go at once; so many are asked for together


def available(options: Gpt4oOptions) -> str | None:
    """Why no prompting system can run; None where nothing is in the way."""
    try:
        find_key(options)
    except RequestError:
        return f"no key in {KEY}"
    return None


def bank_from(benchmark: Benchmark) -> tuple[Repair, ...]:
    """A user's example bank: the problems with a ground truth whose broken side the parser refuses.

    Raises:
        RequestError: there is none.
    """
    check = get_language(benchmark.language).check
    given = [(p.broken, p.fixed) for p in benchmark.problems if p.fixed is not None]
    bank = tuple(Repair(broken, fixed) for broken, fixed in given if not check(broken).accepted)
    if not bank:
        raise RequestError(
            f"{benchmark.name} holds no example: give pairs whose broken side is no valid {benchmark.language}"
        )
    return bank


class PromptingSystem:
    """A `pipeline.evaluation.repair.systems.System`: samples of a few-shot prompt.

    RING is told what the parser says and is shown repairs of similar errors; its proposals are ranked, best first. The
    prompt of the GPT-4o row is the same without that, its proposals in the order of sampling. Snippets that are equal
    get the same proposals; so do those of any two benchmarks with the same storage, model and seed, which pay once.

    Args:
        kind: which of the two.
        language: of the problems.
        options: which server and model, at what price, limits and budget; ``temperature`` is `TEMPERATURE` here.
        storage: of OUT.
        samples: for each problem, each a request of its own.
        bank: repairs to show; those of this project if not given.
        message: is told what was asked and spent, a line at a time.
        base_delay: seconds, of the backoff between tries.

    Raises:
        RequestError: the address of the server will not do.
    """

    def __init__(
        self, kind: PromptKind, language: LanguageName, options: Gpt4oOptions, storage: Storage, *, samples: int = 5,
        seed: int = 0, bank: Sequence[Repair] | None = None, message: Callable[[str], None] = lambda line: None,
        base_delay: float = 1.0,
    ) -> None:  # fmt: skip
        check_address(options)
        self.failed = 0
        self.independent = False  # answers are kept one by one, in a store of their own
        self.name = f"{LABELS[kind]} ({options.model})"
        self._kind = kind
        self._language = language
        self._options = options
        self._storage = storage
        self._samples = samples
        self._seed = seed
        self._prompt = RepairPrompt(kind, language, bank)
        self._message = message
        self._base_delay = base_delay

    @property
    def identity(self) -> dict[str, Any]:
        """What the proposals depend on, but for the server's own chance."""
        options = self._options
        identity = {
            "kind": self._kind, "base_url": options.base_url, "model": options.model, "temperature": TEMPERATURE,
            "max_completion_tokens": options.max_completion_tokens, "samples": self._samples, "seed": self._seed,
            "shots": SHOTS, "prompt": self._prompt.hash,
        }  # fmt: skip
        if self._kind == "ring":
            identity["parsers"] = dict(get_language(self._language).parsers)
        return identity

    def propose(self, problems: Sequence[Problem]) -> Iterator[list[Proposal]]:
        """Of each problem as many proposals as samples; without text where the model declined, or failed for good.

        Raises:
            RequestError: no key, no such model, no such server, or another command is at work in OUT.
            RunError: the budget is used up, or nearly every request fails; the same command goes on.
        """
        step, self.failed = self._at_once(), 0
        with self._storage.owned():
            answers = AnswerStore(self._storage)
            opened = open_transport(self._options, answers, self._message, base_delay=self._base_delay)
            with opened as (transport, budget):
                for first in range(0, len(problems), step):
                    window = problems[first : first + step]
                    requests = [self._requests(problem) for problem in window]
                    failed = transport.ask([request for row in requests for request in row])
                    self.failed += len(failed)
                    done = f"{first + len(window):,} of {len(problems):,} problems"
                    self._message(f"{self.name}: {done}, {len(failed):,} requests failed; {budget}")
                    for problem, row in zip(window, requests, strict=True):
                        texts = self._texts(problem, [answers.get(request.key) for request in row])
                        yield [Proposal(text=text, sample=number) for number, text in enumerate(texts)]

    def _at_once(self) -> int:
        """Problems whose answers are asked for together."""
        live = self._options.transport == "live"
        requests = _ROUNDS * self._options.concurrency if live else self._options.batch_requests
        return max(1, requests // self._samples)

    def _requests(self, problem: Problem) -> list[Request]:
        messages = self._prompt.messages(problem.broken)
        sampling: dict[str, Any] = {"temperature": TEMPERATURE}
        if self._kind == "ring":
            sampling["logprobs"] = True
        return [
            build_request(
                messages, derive_seed("sample", self._seed, sample), self._options, snippets=len(messages) - 1,
                **sampling,
            )
            for sample in range(self._samples)
        ]  # fmt: skip

    def _texts(self, problem: Problem, answers: Sequence[Answer | None]) -> list[str | None]:
        samples: list[tuple[str | None, float | None]] = []
        for answer in answers:
            text = None if answer is None else self._prompt.read(answer, problem.broken)
            score = None if answer is None else answer.mean_logprob
            samples.append((None if isinstance(text, Reason) else text, score))
        return rank(samples) if self._kind == "ring" else [text for text, _ in samples]


def rank(samples: Sequence[tuple[str | None, float | None]]) -> list[str | None]:
    """Texts by their mean token log-probability, the best first; those that could not be read at the end.

    Where the server gave no log-probability for one of them, by how often a text came. Equals stay in their order.
    """
    read = [(text, score) for text, score in samples if text is not None]
    counts = Counter(text for text, _ in read)
    scores = [score for _, score in read if score is not None]
    weights = scores if len(scores) == len(read) else [float(counts[text]) for text, _ in read]
    order = sorted(range(len(read)), key=lambda i: -weights[i])
    return [read[i][0] for i in order] + [None] * (len(samples) - len(read))
