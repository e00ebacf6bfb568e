"""The account of a run in its folder: an answer that was paid for is there after anything."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.base import Usage
from generators.gpt4o.answers import Answer, Submission
from pipeline.files import storage as storage_module
from pipeline.files.storage import Storage
from pipeline.run.answer_store import ANSWERS, BATCHES, PAYMENTS, AnswerStore
from schemas.errors import RunError
from schemas.ids import digest
from tests.pipeline.fakes import in_child, kill

KEY = digest("a request")


@pytest.fixture(params=["local", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    yield Storage(str(tmp_path) if request.param == "local" else f"memory://{uuid.uuid4().hex}")


def answer(text: str | None = "text", tokens: int = 7, *, batched: bool = False) -> Answer:
    return Answer(text=text, finish_reason="stop", model="m", usage=Usage(tokens, 3, batched=batched))


def submission(tag: str = "t", batch: str | None = None) -> Submission:
    return Submission(tag=tag, requests=3, dollars=0.5, input_tokens=9, batch=batch)


def test_answers_are_there_for_the_next_attempt_with_what_they_took(storage: Storage) -> None:
    store = AnswerStore(storage)
    assert KEY not in store and store.get(KEY) is None and list(store.paid()) == []
    store.put(KEY, answer())
    store.put(digest("another"), answer(batched=True, tokens=5))
    assert store.get(KEY) == answer()
    again = AnswerStore(storage)
    assert KEY in again and again.get(KEY) == answer()
    assert sorted(again.paid(), key=str) == sorted([Usage(7, 3), Usage(5, 3, batched=True)], key=str)


@given(st.text(st.characters(categories=["Cs", "L", "P", "Z", "Cc"]), max_size=20) | st.none())
def test_any_text_comes_back(text: str | None) -> None:
    storage = Storage(f"memory://{uuid.uuid4().hex}")
    AnswerStore(storage).put(KEY, answer(text))
    assert AnswerStore(storage).get(KEY) == answer(text)


def test_an_answer_that_came_twice_is_one_answer_and_two_payments(storage: Storage) -> None:
    store = AnswerStore(storage)
    store.put(KEY, answer("first", 7))
    store.put(KEY, answer("first", 7))
    assert list(AnswerStore(storage).paid()) == [Usage(7, 3)]  # the same one, put again after a kill
    store.put(KEY, answer("second", 8))
    assert store.get(KEY) == answer("first", 7)
    assert len(list(AnswerStore(storage).paid())) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"text": 1}', b'{"usage": {"input_tokens": 1}}'])
def test_a_damaged_answer_is_named_and_not_bought_again_in_silence(content: bytes, storage: Storage) -> None:
    AnswerStore(storage).put(KEY, answer())
    (path,) = storage.list(ANSWERS)
    storage.write(path, content)
    with pytest.raises(RunError, match=f"{KEY}.*is damaged; delete it to pay for it again"):
        AnswerStore(storage).get(KEY)


def test_files_of_others_are_no_answers(storage: Storage) -> None:
    for name in ("notes.txt", f"{KEY}.json", f"{KEY}.1.2.post.json", f"{KEY[:-1]}.1.2.live.json"):
        storage.write(f"{ANSWERS}/{name}", b"{}")
    store = AnswerStore(storage)
    assert KEY not in store and list(store.paid()) == []


def test_risks_of_all_attempts_add_up_and_an_attempt_has_one(storage: Storage) -> None:
    first = AnswerStore(storage)
    first.risk(0.5)
    first.risk(0.25)
    second = AnswerStore(storage)
    assert second.risked() == 0.25
    second.risk(1.0)
    assert AnswerStore(storage).risked() == 1.25
    storage.write(f"{PAYMENTS}/x.json", b"?")
    with pytest.raises(RunError, match="is damaged"):
        second.risked()


def test_batches_are_known_until_they_are_settled(storage: Storage) -> None:
    store = AnswerStore(storage)
    store.submit(submission())
    assert AnswerStore(storage).submissions() == [submission()]
    store.submit(submission(batch="batch_1"))
    store.submit(submission("u"))
    assert AnswerStore(storage).submissions() == [submission(batch="batch_1"), submission("u")]
    store.settle(submission())
    assert AnswerStore(storage).submissions() == [submission("u")]
    storage.write(f"{BATCHES}/u.json", b"{}")
    with pytest.raises(RunError, match="is damaged"):
        store.submissions()


def test_answers_may_be_put_from_several_threads(tmp_path: Path) -> None:
    store = AnswerStore(Storage(str(tmp_path)))
    keys = [digest(n) for n in range(200)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, answer(key)), keys))
    again = AnswerStore(Storage(str(tmp_path)))
    assert all(again.get(key) == answer(key) for key in keys)


def test_a_kill_while_an_answer_is_written_leaves_it_whole_or_not_at_all(tmp_path: Path) -> None:
    def doomed() -> None:
        storage_module.os.fsync = lambda _: kill()  # type: ignore[assignment]
        AnswerStore(Storage(str(tmp_path))).put(KEY, answer())

    assert in_child(doomed) == signal.SIGKILL
    storage = Storage(str(tmp_path))
    assert KEY not in AnswerStore(storage)
    storage.clean()
    assert [p for p in (tmp_path / ANSWERS).iterdir()] == []
