"""A Hugging Face dataset as a corpus, read by the real library from a hub on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipeline.corpus import open_corpus
from schemas.errors import RequestError

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "me/formulas"
FILES = {
    "data/train.jsonl": b'{"text": "=A1+1", "id": 1}\n{"text": "=B2*2", "id": 2}\n',
    "data/test.jsonl": b'{"text": "=C3-3", "id": 3}\n',
}


class Hub(BaseHTTPRequestHandler):
    """The few endpoints of the hub that loading one dataset asks for."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _answer(self, *, body: bool) -> None:
        path = urlsplit(self.path).path
        found = self._find(path)
        headers = {"X-Error-Code": "EntryNotFound" if NAME in path else "RepoNotFound"}
        if found is not None:
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(found).hexdigest()}"'}
        self.send_response(404 if found is None else 200)
        for name, value in {**headers, "Content-Length": str(len(found or b""))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body and found:
            self.wfile.write(found)

    def _find(self, path: str) -> bytes | None:
        api, files = f"/api/datasets/{NAME}", f"/datasets/{NAME}/resolve/{COMMIT}/"
        if path in (api, f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            siblings = [{"rfilename": name} for name in FILES]
            return json.dumps({"id": NAME, "sha": COMMIT, "siblings": siblings}).encode()
        if path.startswith(f"{api}/tree/{COMMIT}"):
            below = path.removeprefix(f"{api}/tree/{COMMIT}").strip("/")
            return json.dumps(self._files() if below == "data" else [self._entry("directory", "data", b"")]).encode()
        if path == f"/datasets/{NAME}/resolve/main/README.md":
            return b"---\nlicense: mit\n---\n"
        return FILES.get(path.removeprefix(files)) if path.startswith(files) else None

    def _files(self) -> list[dict[str, Any]]:
        return [self._entry("file", name, data) for name, data in FILES.items()]

    def _entry(self, kind: str, path: str, data: bytes) -> dict[str, Any]:
        return {"type": kind, "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


SCRIPT = """
import json, sys
from pipeline.corpus import open_corpus
from schemas.errors import RequestError
for name, column in json.loads(sys.argv[1]):
    try:
        corpus = open_corpus("excel", name, column)
        print(json.dumps([corpus.name, corpus.identity, list(corpus.rows())]))
    except RequestError as error:
        print(json.dumps(str(error)))
"""


def load(cache: Path, endpoint: str, *asked: tuple[str, str | None]) -> list[Any]:
    """Name, identity and rows of each corpus, or what is said; in a process of its own, as the library reads its
    endpoint when it is imported."""
    online = {key: value for key, value in os.environ.items() if not key.endswith("_OFFLINE")}
    environment = online | {"HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(asked)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_dataset_is_loaded_by_its_name(hub: str, tmp_path: Path) -> None:
    train, test, column, split, config, missing = load(
        tmp_path, hub, (NAME, None), (f"{NAME}@test", None), (NAME, "label"), (f"{NAME}@dev", None),
        (f"{NAME}:other", None), ("me/nothing", None),
    )  # fmt: skip
    assert (train[0], train[2]) == ("me/formulas@train", [["=A1+1", "1"], ["=B2*2", "2"]])
    assert (test[0], test[2]) == ("me/formulas@test", [["=C3-3", "3"]])
    assert len(train[1]) == 64 and train[1] != test[1]
    assert column.startswith("dataset me/formulas@train has no 'label' column; it has text, id")
    prefix = "corpus me/formulas is no file here, and as a Hugging Face dataset it cannot be loaded: "
    assert split == prefix + "ValueError: Unknown split \"dev\". Should be one of ['train', 'test']."
    assert config.startswith(prefix) and "'other' not found" in config
    assert missing.startswith("corpus me/nothing is no file here") and "'me/nothing' doesn't exist" in missing


@pytest.mark.parametrize("name", ["no-such-dataset", "owner/name", "owner/name:config@split"])
def test_without_a_network_a_name_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        open_corpus("excel", name)
    text = str(caught.value)
    assert text.startswith(f"corpus {name.split(':')[0]} is no file here, and as a Hugging Face dataset")
    assert "\n" not in text
