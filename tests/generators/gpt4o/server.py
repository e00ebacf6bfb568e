"""A server on loopback that speaks the protocol, chat and batches, with faults by a seeded plan. Standard library only.

    python tests/generators/gpt4o/server.py --port 8000 --fault 429=0.1 --reply refusal=0.05 --batch expired

It breaks the snippet at the end of the prompt by a rule: a bracket goes. Asked for a repair, it gives one of those
that it was told, the first of them with the best log-probabilities, else the snippet itself. It keeps a bill of every
answer that it gave, also of those whose way to the client it cut off itself; those are not `delivered`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "gpt-4o-2024-08-06"
SNAPSHOT = "gpt-4o-2024-08-06-snapshot"
VALID = {"excel": "=1+1", "powershell": "1", "python": "pass"}
_FENCED = re.compile(r"^(`{3,})(\w*)\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Bill:
    """One answer that was made, and must be paid."""

    key: str
    input_tokens: int
    output_tokens: int
    batched: bool
    delivered: bool


@dataclass
class Plan:
    """What goes wrong."""

    seed: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)  # share of tries: see `Handler._fault`
    replies: Mapping[str, float] = field(default_factory=dict)  # share of requests: see `reply_to`
    batches: Sequence[str] = ()  # words for the first, second, ... batch: see `Batch.run`; the others are in order
    key: str | None = None  # the only one that is accepted
    models: tuple[str, ...] = (MODEL,)
    fixes: Mapping[str, Sequence[str]] = field(default_factory=dict)  # repairs of a snippet, drawn by the seed
    logprobs: bool = True  # whether they are given where they are asked for
    delay: float = 0.5  # seconds, of a slow answer
    page: int = 2  # batches in a page of their list


def body_key(body: Mapping[str, Any]) -> str:
    """What tells requests apart here."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def pick(shares: Mapping[str, float], *seed: object) -> str | None:
    """One of the names by its share, or none."""
    place = random.Random("/".join(map(str, seed))).random()
    for name, share in shares.items():
        place -= share
        if place < 0:
            return name
    return None


def break_code(code: str, seed: int) -> str:
    """Without one of its brackets; with one more where it has none."""
    places = [i for i, character in enumerate(code) if character in "()[]{}"]
    if not places:
        return f"{code} ("
    place = random.Random(seed).choice(places)
    return code[:place] + code[place + 1 :]


def reply_to(body: Mapping[str, Any], kind: str | None, plan: Plan) -> dict[str, Any]:
    """A chat completion; ``kind`` says what is odd about it."""
    prompt = [message["content"] for message in body["messages"]]
    fence, language, code = _FENCED.findall(prompt[-1])[-1]
    broken = break_code(code, body["seed"])
    if kind == "unchanged":
        broken = code
    elif kind == "valid":
        broken = VALID[language]
    steps = "1. Explanation\nIt computes.\n\n2. Likely slips\n- a bracket\n\n3. Broken code\n"
    text = f"{steps}{fence}{language}\n{broken}\n{fence}"
    score = -1.0
    if "### Fixed" in prompt[-1]:
        fixes = plan.fixes.get(code) or [code]
        number = random.Random(body["seed"]).randrange(len(fixes))
        text, score = f"{fence}{language}\n{fixes[number]}\n{fence}", -(number + 1) / 8
    if kind == "formless":
        text = f"Here you are: {broken}"
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    reason = "stop"
    if kind == "refusal":
        message |= {"content": None, "refusal": "I cannot help with that."}
    elif kind == "content_filter":
        message["content"], reason = "", "content_filter"
    tokens = len(text) // 4
    if kind == "length" or tokens > body["max_completion_tokens"]:
        message["content"], reason = text[: len(text) // 2], "length"
        tokens = min(tokens, body["max_completion_tokens"])
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    if body.get("logprobs") and plan.logprobs:
        content = [{"token": "t", "logprob": 2 * score, "bytes": None}, {"token": "u", "logprob": 0.0, "bytes": None}]
        choice["logprobs"] = {"content": content, "refusal": None}
    completion = {
        "id": f"chatcmpl-{body_key(body)[:12]}", "object": "chat.completion", "created": 0, "model": SNAPSHOT,
        "system_fingerprint": "fp_test", "choices": [choice],
        "usage": {"prompt_tokens": sum(map(len, prompt)) // 4, "completion_tokens": tokens},
    }  # fmt: skip
    if kind == "no_usage":
        del completion["usage"]
    return completion


class Batch:
    """A batch; every look at it takes it a step on, and the third ends it."""

    def __init__(self, name: str, given: Mapping[str, Any], words: str, server: FakeServer) -> None:
        self.words = set(words.split())
        self._server = server
        self.looks = 0
        self.value: dict[str, Any] = {
            "id": name, "object": "batch", "endpoint": given["endpoint"], "errors": None, "created_at": 0,
            "input_file_id": given["input_file_id"], "completion_window": given["completion_window"],
            "status": "validating", "output_file_id": None, "error_file_id": None, "metadata": given.get("metadata"),
        }  # fmt: skip
        lines = server.files[given["input_file_id"]].decode().splitlines()
        self.requests = [json.loads(line) for line in lines]
        self._count(0, 0)

    def look(self) -> dict[str, Any]:
        self.looks += 1
        if self.value["status"] in ("validating", "in_progress", "finalizing"):
            self.value["status"] = ("validating", "in_progress", "finalizing")[min(self.looks, 2)]
            if self.looks == 3:
                self.run()
        return self.value

    def run(self) -> None:
        """half: half of the answers are missing without a word; partly: a third fail; expired, cancelled, failed and
        queue_full as the service says it; duplicates: every line twice; unreadable: a line in three is cut;
        undercounted: more are counted than came; poison: a line with a foreign id.
        """
        words, server = self.words, self._server
        if "failed" in words or "queue_full" in words:
            code = "token_limit_exceeded" if "queue_full" in words else "invalid_request"
            self.value |= {"status": "failed", "errors": {"object": "list", "data": [{"code": code, "message": "no"}]}}
            return
        requests = list(self.requests)
        random.Random(self.value["id"]).shuffle(requests)
        half = len(requests) // 2
        done, undone = requests, []
        if words & {"half", "expired", "cancelled"}:
            done, undone = requests[:half], requests[half:]
        elif "partly" in words:
            done, undone = requests[len(requests) // 3 :], requests[: len(requests) // 3]
        elif "nothing" in words:
            done, undone = [], requests
        outputs = [self._line(request, self._answer(request)) for request in done]
        errors = []
        for number, request in enumerate(undone):
            if words & {"expired", "cancelled"}:
                code = "batch_expired" if "expired" in words else "batch_cancelled"
                error = {"code": code, "message": ""}
                errors.append({"custom_id": request["custom_id"], "response": None, "error": error})
            elif "partly" in words or "bad_requests" in words:
                status = 400 if "bad_requests" in words else (429, 500, 0)[number % 3]
                body = {"error": {"code": None, "message": "sorry"}}
                errors.append(self._line(request, body, status))
        if "duplicates" in words:
            outputs += outputs
        if "poison" in words:
            outputs.append({"custom_id": "../../escaped", "response": {"status_code": 200, "body": {}}, "error": None})
        data = "".join(json.dumps(line) + "\n" for line in outputs)
        if "unreadable" in words:
            lines = data.splitlines(keepends=True)
            data = "".join(line if i % 3 else line[: len(line) // 2] + "\n" for i, line in enumerate(lines))
        if outputs:
            self.value["output_file_id"] = server.keep_file(data.encode())
        if errors:
            self.value["error_file_id"] = server.keep_file("".join(json.dumps(e) + "\n" for e in errors).encode())
        status = next((word for word in ("expired", "cancelled") if word in words), "completed")
        self.value["status"] = status
        self._count(len(done), len(undone))

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._server.answer(request["body"], batched=True, delivered=True)

    def _line(self, request: Mapping[str, Any], body: Mapping[str, Any], status: int = 200) -> dict[str, Any]:
        response = {"status_code": status, "request_id": "r", "body": body}
        return {"id": "batch_req", "custom_id": request["custom_id"], "response": response, "error": None}

    def _count(self, completed: int, failed: int) -> None:
        counts = {"total": len(self.requests), "completed": completed, "failed": failed}
        self.value["request_counts"] = counts


class FakeServer:
    """The state behind the protocol."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.lock = threading.RLock()
        self.bills: list[Bill] = []
        self.tries: Counter[str] = Counter()  # chat requests, by key
        self.seen: list[Mapping[str, Any]] = []  # the bodies that were answered
        self.calls: Counter[str] = Counter()  # by method and kind of path
        self.injected: Counter[str] = Counter()  # faults
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Batch] = {}
        self.url = ""

    def answer(self, body: Mapping[str, Any], *, batched: bool, delivered: bool) -> dict[str, Any]:
        """A completion, on the bill."""
        key = body_key(body)
        completion = reply_to(body, pick(self.plan.replies, self.plan.seed, key), self.plan)
        usage = completion.get("usage") or {"prompt_tokens": 0, "completion_tokens": 0}
        with self.lock:
            self.bills.append(Bill(key, usage["prompt_tokens"], usage["completion_tokens"], batched, delivered))
            self.seen.append(body)
        return completion

    def keep_file(self, data: bytes) -> str:
        with self.lock:
            name = f"file-{len(self.files)}"
            self.files[name] = data
            return name

    def create_batch(self, given: Mapping[str, Any]) -> Batch:
        with self.lock:
            number = len(self.batches)
            words = self.plan.batches[number] if number < len(self.plan.batches) else ""
            batch = Batch(f"batch_{number}", given, words, self)
            self.batches[batch.value["id"]] = batch
            return batch

    def dollars(self, input_price: float = 2.5, output_price: float = 10.0, batch_discount: float = 0.5) -> float:
        """Everything on the bill, at these prices for a million tokens."""
        return sum(
            (b.input_tokens * input_price + b.output_tokens * output_price)
            / 1e6
            * (1 - batch_discount if b.batched else 1)
            for b in self.bills
        )

    @property
    def delivered(self) -> Counter[str]:
        """How often each request was answered so that the client could read it."""
        return Counter(bill.key for bill in self.bills if bill.delivered)


class Handler(BaseHTTPRequestHandler):
    """The protocol."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True
    state: FakeServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _serve(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        state, plan = self.state, self.state.plan
        path, _, query = self.path.partition("?")
        parts = path.removeprefix("/v1/").split("/")
        with state.lock:
            state.calls[f"{self.command} {parts[0]}"] += 1
        if plan.key is not None and self.headers.get("Authorization") != f"Bearer {plan.key}":
            given = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            return self._error(401, f"Incorrect API key provided: {given}", "invalid_api_key")
        match self.command, parts:
            case "POST", ["chat", "completions"]:
                return self._chat(json.loads(data))
            case "GET", ["models", name] if name in plan.models:
                return self._json({"id": name, "object": "model"})
            case "POST", ["files"]:
                if fault := self._call_fault():
                    return self._error(int(fault), "try again")
                return self._json({"id": state.keep_file(self._uploaded(data)), "object": "file", "purpose": "batch"})
            case "GET", ["files", name, "content"] if name in state.files:
                return self._send(200, state.files[name], cut=self._call_fault() is not None)
            case "POST", ["batches"]:
                return self._create_batch(json.loads(data))
            case "GET", ["batches"]:
                return self._list_batches(query)
            case "GET", ["batches", name] if name in state.batches:
                if fault := self._call_fault():
                    return self._error(int(fault), "try again")
                with state.lock:
                    return self._json(state.batches[name].look())
            case "POST", ["batches", name, "cancel"] if name in state.batches:
                state.batches[name].words.add("cancelled")
                return self._json(state.batches[name].value)
        return self._error(404, f"there is no {path}", "not_found")

    def _chat(self, body: Mapping[str, Any]) -> None:
        """429, 429_after, 429_date, 408, 409, 500, 503: that status; slow: answers too late; truncated, malformed,
        empty, lost: the answer is made, and lost on its way; too_long, filtered, quota: the status that says so.
        """
        state, plan = self.state, self.state.plan
        if body["model"] not in plan.models:
            return self._error(404, f"The model {body['model']} does not exist", "model_not_found")
        key = body_key(body)
        with state.lock:
            state.tries[key] += 1
            fault = pick(plan.faults, plan.seed, key, state.tries[key])
            if fault:
                state.injected[fault] += 1
        match fault:
            case None:
                return self._json(state.answer(body, batched=False, delivered=True))
            case "429_after":
                return self._error(429, "slow down", "rate_limit_exceeded", {"Retry-After": "0.01"})
            case "429_date":
                return self._error(429, "slow down", "rate_limit_exceeded", {"Retry-After": formatdate(usegmt=True)})
            case "429_day":
                return self._error(429, "slow down", "rate_limit_exceeded", {"Retry-After": "86400"})
            case "quota":
                return self._error(429, "You exceeded your current quota", "insufficient_quota")
            case "too_long":
                return self._error(400, "too many tokens", "context_length_exceeded")
            case "filtered":
                return self._error(400, "flagged", "content_filter")
        if fault.isdigit():
            return self._error(int(fault), "try again")
        answer = json.dumps(state.answer(body, batched=False, delivered=False)).encode()
        match fault:
            case "slow":
                time.sleep(plan.delay)
                self._send(200, answer)
            case "truncated":
                self._send(200, answer, cut=True)
            case "malformed":
                self._send(200, answer[:-20])
            case "empty":
                self._json({"id": "x", "choices": []})
            case "lost":
                self.close_connection = True
            case _:
                raise ValueError(f"no such fault: {fault}")

    def _create_batch(self, given: Mapping[str, Any]) -> None:
        """lost_ack: it is created, and the client hears nothing; create_500: or hears of an error."""
        batch = self.state.create_batch(given)
        if "lost_ack" in batch.words:
            self.close_connection = True
        elif "create_500" in batch.words:
            self._error(500, "try again")
        else:
            self._json(batch.value)

    def _list_batches(self, query: str) -> None:
        options = dict(part.split("=") for part in query.split("&") if part)
        names = list(reversed(self.state.batches))
        after = names.index(options["after"]) + 1 if "after" in options else 0
        page = names[after : after + self.state.plan.page]
        data = [self.state.batches[name].value for name in page]
        self._json({"object": "list", "data": data, "has_more": after + len(page) < len(names)})

    def _call_fault(self) -> str | None:
        """The share `api` of the calls around batches fails."""
        with self.state.lock:
            number = sum(self.state.calls.values())
            share = self.state.plan.faults.get("api", 0.0)
            if pick({"500": share}, self.state.plan.seed, "api", number):
                self.state.injected["api"] += 1
                return "500"
        return None

    def _uploaded(self, data: bytes) -> bytes:
        """The file in a multipart form."""
        boundary = self.headers.get_param("boundary")
        for part in data.split(f"--{boundary}".encode()):
            head, _, content = part.partition(b"\r\n\r\n")
            if b'name="file"' in head:
                return content.removesuffix(b"\r\n")
        raise ValueError("no file in the form")

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode())

    def _error(
        self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        value = {"error": {"message": message, "type": "error", "param": None, "code": code}}
        self._send(status, json.dumps(value).encode(), headers=headers)

    def _send(self, status: int, data: bytes, *, cut: bool = False, headers: Mapping[str, str] | None = None) -> None:
        """Cut: less comes than was announced."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data) + (50 if cut else 0)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
        if cut:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error here."""


@contextmanager
def serving(plan: Plan | None = None, port: int = 0) -> Iterator[FakeServer]:
    """The server, for the length of the block."""
    state = FakeServer(plan)
    handler = type("BoundHandler", (Handler,), {"state": state})
    with _Server(("127.0.0.1", port), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def _shares(values: Sequence[str]) -> dict[str, float]:
    return {name: float(share) for name, _, share in (value.partition("=") for value in values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SHARE", help="of tries")
    parser.add_argument("--reply", action="append", default=[], metavar="KIND=SHARE", help="of requests")
    parser.add_argument("--batch", action="append", default=[], metavar="WORDS", help="of the first, second, ... batch")
    parser.add_argument("--model", action="append", default=[], help="that is known, besides the default one")
    given = parser.parse_args()
    plan = Plan(
        seed=given.seed, faults=_shares(given.fault), replies=_shares(given.reply), batches=given.batch,
        models=(MODEL, *given.model),
    )  # fmt: skip
    with serving(plan, given.port) as state:
        print(state.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(json.dumps({"answers": len(state.bills), "dollars": round(state.dollars(), 4), **state.injected}))


if __name__ == "__main__":
    main()
