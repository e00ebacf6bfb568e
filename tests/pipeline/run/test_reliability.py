"""Whatever happens to a run, the same command afterwards publishes the same bytes."""

from __future__ import annotations

import errno
import json
import multiprocessing
import random
import signal
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from pipeline.files import storage as storage_module
from pipeline.files.storage import Storage
from pipeline.inspection.verify import verify
from schemas.config import EXCLUDED, RunConfig
from schemas.errors import ReportedError, RequestError
from tests.pipeline.fakes import (
    ERRORS,
    FakeGenerator,
    RecordingReport,
    WatchedStorage,
    assert_rerun_publishes,
    at,
    in_child,
    kill,
    make_config,
    make_identity,
    published,
    raising,
    run_fake,
)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
    """What an uninterrupted run of three shards publishes, and its accesses to the storage."""
    out = tmp_path_factory.mktemp("calm")
    storage = WatchedStorage(str(out))
    manifest = run_fake(make_config(out), storage)
    assert manifest.shards == 3
    assert {file.split for file in manifest.files} == {"train", "validation", "test"}
    return published(out), storage.accesses


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_a_run_killed_at_any_storage_call_and_rerun_publishes_the_same_bytes(
    moment: str, calm: tuple[dict[str, bytes], list[tuple[str, str]]], tmp_path: Path
) -> None:
    expected, accesses = calm
    for number, (verb, path) in enumerate(accesses, start=1):
        if moment == "during" and verb != "write":
            continue
        out = tmp_path / str(number)

        def doomed(out: Path = out, number: int = number) -> None:
            if moment == "during":  # the temporary file is written but has not got its name
                strike = at(number, lambda: setattr(storage_module.os, "fsync", lambda _: kill()))
                storage = WatchedStorage(str(out), before=strike)
            else:
                storage = WatchedStorage(str(out), **{moment: at(number, kill)})
            run_fake(make_config(out), storage)

        assert in_child(doomed) == signal.SIGKILL
        assert_rerun_publishes(out, expected, (moment, number, verb, path))


def test_a_rerun_that_is_killed_too_still_publishes_the_same_bytes(
    calm: tuple[dict[str, bytes], list[tuple[str, str]]], tmp_path: Path
) -> None:
    expected, accesses = calm
    source = random.Random(0)
    for number in range(6):
        out = tmp_path / str(number)
        for _ in range(2):
            strike = at(source.randrange(1, len(accesses) + 1), kill)
            in_child(lambda out=out, strike=strike: run_fake(make_config(out), WatchedStorage(str(out), after=strike)))
        assert_rerun_publishes(out, expected, number)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_fails_at_any_storage_call_says_so_in_a_line_and_resumes(
    moment: str, calm: tuple[dict[str, bytes], list[tuple[str, str]]], tmp_path: Path
) -> None:
    """After the call too: the change was made, its acknowledgement lost. The slow suite has every error everywhere."""
    expected, accesses = calm
    for number, access in enumerate(accesses, start=1):
        out = tmp_path / str(number)
        error = ERRORS[number % len(ERRORS)]
        with pytest.raises(ReportedError) as failure:
            run_fake(make_config(out), WatchedStorage(str(out), **{moment: at(number, raising(error))}))
        assert "\n" not in str(failure.value)
        assert_rerun_publishes(out, expected, (moment, error, access))


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(str(tmp_path))
    storage.write("file", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(storage_module.os, "fsync", lambda _: raising(OSError(errno.ENOSPC, "No space left on device"))())
        with pytest.raises(ReportedError, match="no space left on device"):
            storage.write("file", b"new")
    assert storage.read("file") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_finished_run_samples_nothing_and_writes_nothing(tmp_path: Path) -> None:
    first = run_fake(make_config(tmp_path))
    generator, report, storage = FakeGenerator(), RecordingReport(), WatchedStorage(str(tmp_path))
    assert run_fake(make_config(tmp_path), storage, generator, report) == first
    assert generator.calls == 0
    assert storage.changes == []
    assert report.messages[0].startswith("nothing to do")


def test_a_finished_run_whose_work_folder_was_removed_does_nothing(tmp_path: Path) -> None:
    run_fake(make_config(tmp_path))
    before = published(tmp_path)
    for file in sorted((tmp_path / ".work").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    generator = FakeGenerator()
    run_fake(make_config(tmp_path), generator=generator)
    assert generator.calls == 0
    assert published(tmp_path) == before


@pytest.mark.parametrize("damage", ["missing", "shorter"])
def test_a_damaged_publication_is_made_again_from_the_shards(damage: str, tmp_path: Path) -> None:
    run_fake(make_config(tmp_path))
    before = published(tmp_path)
    for name, data in before.items():
        (tmp_path / name).unlink() if damage == "missing" else (tmp_path / name).write_bytes(data[:-1])
        generator = FakeGenerator()
        run_fake(make_config(tmp_path), generator=generator)
        assert (generator.calls, published(tmp_path)) == (0, before), name


@pytest.mark.parametrize("damage", ["missing", "empty", "other bytes", "foreign"])
def test_a_damaged_shard_is_sampled_again(damage: str, tmp_path: Path) -> None:
    run_fake(make_config(tmp_path))
    before = published(tmp_path)
    for kind in ("shards/000001.parquet", "shards/000001.json", "rejects/000001.parquet"):
        (tmp_path / "README.md").unlink()  # so that the version is not complete
        file = tmp_path / ".work" / kind
        data = file.read_bytes()
        flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
        contents = {"empty": b"", "other bytes": flipped, "foreign": b'{"shard": 1}'}
        file.unlink() if damage == "missing" else file.write_bytes(contents[damage])
        generator = FakeGenerator()
        run_fake(make_config(tmp_path), generator=generator)
        assert (generator.calls, published(tmp_path)) == (1, before), kind


def leaves(section: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """The annotations of all settings, by dotted path."""
    found: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        found |= leaves(field.annotation, f"{prefix}{name}.") if nested else {f"{prefix}{name}": field.annotation}
    return found


def with_setting(config: RunConfig, path: str, value: object) -> RunConfig:
    values = config.model_dump()
    *sections, name = path.split(".")
    inner = values
    for section in sections:
        inner = inner[section]
    inner[name] = value
    return RunConfig.model_validate(values)


def mutated(config: RunConfig, path: str) -> RunConfig | None:
    """The configuration with another valid value at the path; None where the setting has but one value."""
    old: Any = config
    for name in path.split("."):
        old = getattr(old, name)
    options = [o for part in (leaves(RunConfig)[path], *get_args(leaves(RunConfig)[path])) for o in get_args(part)]
    others = (*options, 7, 2, 0.5, 0.75, "elsewhere", ("elsewhere",), (0.25, 0.75), (2, 3))
    for value in [not old] if isinstance(old, bool) else others:
        try:
            changed = with_setting(config, path, value)
        except ValidationError:
            continue
        if changed != config:
            return changed
    return None


SETTINGS = sorted(leaves(RunConfig))
LANGUAGE = {"diffusion": "excel", "flame": "excel", "bifi": "python", "gpt4o": "powershell"}


def config_for(generator: str, out: Path | str = "out", **settings: Any) -> RunConfig:
    return make_config(out, generator=generator, language=LANGUAGE[generator], **settings)


def own(generator: str) -> list[str]:
    """The settings that a run with this generator has: all but the sections of the other generators."""
    others = tuple(f"{name}." for name in LANGUAGE if name != generator)
    return [path for path in SETTINGS if not path.startswith(others)]


NO_SECOND_VALUE = {
    "diffusion": ["corpus"], "flame": ["checkpoint", "language"], "bifi": ["checkpoint"], "gpt4o": ["checkpoint"],
}  # fmt: skip


@pytest.mark.parametrize("generator", LANGUAGE)
def test_the_settings_without_a_second_value_are_those_that_the_generator_does_not_take(generator: str) -> None:
    config = config_for(generator)
    assert [path for path in own(generator) if mutated(config, path) is None] == NO_SECOND_VALUE[generator]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "benchmark.json").write_text(json.dumps([{"Buggy": "=A1+", "GroundTruth": "=A1"}]))
    config = make_config(folder / "out", filters__benchmarks=(str(folder / "benchmark.json"),))
    run_fake(config)
    return config


def refuses(config: RunConfig, path: str) -> None:
    """The run in OUT, which has other settings, is not gone on with."""
    changed = mutated(config, path)
    assert changed is not None
    storage, generator = WatchedStorage(config.out), FakeGenerator()
    with pytest.raises(RequestError, match=rf"\b{path} is .*, was .*--out"):
        run_fake(changed, storage, generator)
    assert generator.calls == 0
    assert [path for _, path in storage.changes if path != ".work/lock"] == []


@pytest.mark.parametrize("path", [p for p in own("diffusion") if p not in EXCLUDED])
def test_a_setting_that_can_change_a_row_is_refused_by_name_where_a_version_is_published(
    path: str, finished: RunConfig
) -> None:
    refuses(finished, path)


@pytest.mark.parametrize(
    ("generator", "path"),
    [(g, p) for g in LANGUAGE for p in own(g) if p not in EXCLUDED and p not in NO_SECOND_VALUE[g]],
)
def test_a_setting_that_can_change_a_row_is_refused_by_name_while_a_run_is_under_way(
    generator: str, path: str, tmp_path: Path
) -> None:
    config = config_for(generator, tmp_path)
    Storage(config.out).write(".work/identity.json", make_identity(config).model_dump_json().encode())
    refuses(config, path)


@pytest.mark.parametrize(
    ("generator", "path"),
    [(g, p) for g in LANGUAGE for p in own(g) if p in EXCLUDED - {"filters.benchmarks", *NO_SECOND_VALUE[g]}],
)
def test_a_setting_that_is_not_in_the_identity_is_accepted(generator: str, path: str) -> None:
    config = config_for(generator)
    changed = mutated(config, path)
    assert changed is not None
    assert make_identity(changed) == make_identity(config)


@pytest.mark.parametrize("path", [p for p in own("diffusion") if p in EXCLUDED - {"corpus", "filters.benchmarks"}])
def test_a_setting_that_is_not_in_the_identity_changes_no_row(path: str, finished: RunConfig, tmp_path: Path) -> None:
    changed = mutated(finished, path)
    assert changed is not None
    report = RecordingReport()
    run_fake(changed, Storage(finished.out), report=report)
    assert report.messages[0].startswith("nothing to do")
    run_fake(changed, Storage(str(tmp_path)))
    assert published(tmp_path) == published(Path(finished.out))


def test_benchmarks_count_by_their_content(finished: RunConfig, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.json", tmp_path / "other.json"
    copy.write_bytes(Path(finished.filters.benchmarks[0]).read_bytes())
    other.write_text("[]")
    run_fake(with_setting(finished, "filters.benchmarks", (str(copy),)), Storage(finished.out))
    with pytest.raises(RequestError, match=r"filters\.benchmarks is"):
        run_fake(with_setting(finished, "filters.benchmarks", (str(other),)), Storage(finished.out))


def test_one_flipped_byte_anywhere_is_found_and_named(tmp_path: Path) -> None:
    run_fake(make_config(tmp_path))
    storage, source = Storage(str(tmp_path)), random.Random(0)
    assert verify(storage) == []
    for name, data in published(tmp_path).items():
        for place in {0, len(data) - 1, *(source.randrange(len(data)) for _ in range(30))}:
            flipped = bytearray(data)
            flipped[place] ^= 1 << source.randrange(8)
            (tmp_path / name).write_bytes(flipped)
            problems = verify(storage)
            assert problems and name in problems[0], (name, place, problems)
        (tmp_path / name).write_bytes(data)
    assert verify(storage) == []


def test_of_two_runs_in_one_folder_the_second_is_refused(tmp_path: Path) -> None:
    release = multiprocessing.get_context("fork").Event()
    holding = multiprocessing.get_context("fork").Event()

    def first() -> None:
        holding.set()
        release.wait(30)

    child = multiprocessing.get_context("fork").Process(
        target=lambda: run_fake(make_config(tmp_path), WatchedStorage(str(tmp_path), after=at(6, first)))
    )
    child.start()
    assert holding.wait(30)
    with pytest.raises(RequestError, match="another run is at work"):
        run_fake(make_config(tmp_path))
    release.set()
    child.join(30)
    assert child.exitcode == 0
    assert verify(Storage(str(tmp_path))) == []
