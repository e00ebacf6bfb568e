from __future__ import annotations

import io

from rich.console import Console

from pipeline.run.progress import LiveReport, PlainReport, SilentReport, Tally, duration, open_report
from schemas.manifest import Receipt, StoredFile


def receipt(written: int = 10, fixed_rejected: int = 25, identical: int = 5) -> Receipt:
    rejected = {"fixed_rejected": fixed_rejected, "identical": identical}
    ledger = {"sampled": written + fixed_rejected + identical, "written": written, "rejected": rejected, "failed": {}}
    return Receipt(
        shard=0, identity="", pairs=StoredFile(path="", rows=written, bytes=0, sha256=""), rejected=None, ledger=ledger
    )


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def console(terminal: bool = False) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=terminal, width=120), stream


def test_the_tally_tells_speed_what_passed_and_the_reasons_against() -> None:
    clock = Clock()
    tally = Tally(clock)
    clock.now += 2
    tally.add(receipt(), 10, 100)
    assert tally.line() == "40 rows at 20/s, 300 pairs a minute, passed 25.0%, fixed_rejected 62.5%, identical 12.5%"


def test_time_left_is_judged_by_the_pairs_that_came_after_the_first_shard() -> None:
    clock = Clock()
    tally = Tally(clock)
    clock.now += 500  # starting workers is not sampling
    tally.add(receipt(), 10, 100)
    clock.now += 5
    tally.add(receipt(), 20, 100)
    assert tally.line().endswith(", about 40 s left")
    tally.add(receipt(), 100, 100)
    assert "left" not in tally.line()


def test_durations_are_told_to_two_digits_or_so() -> None:
    assert [duration(s) for s in (3, 89, 90, 5_000, 6_000)] == ["3 s", "89 s", "2 min", "83 min", "1.7 h"]


def test_a_log_gets_a_line_now_and_then_and_always_the_last() -> None:
    stream_console, stream = console()
    clock = Clock()
    report = PlainReport(stream_console, every=10, clock=clock)
    for pairs in (10, 20, 30, 40):  # at 0, 4, 8 and 12 seconds
        report.shard_done(receipt(), pairs, 50)
        clock.now += 4
    report.shard_done(receipt(), 57, 50)
    shown = [line.split(":")[0] for line in stream.getvalue().splitlines()]
    assert shown == ["10 of 50 pairs", "40 of 50 pairs", "50 of 50 pairs"]


def test_messages_are_printed_as_they_are() -> None:
    stream_console, stream = console()
    PlainReport(stream_console).message("[bold]nothing to do[/bold]: " + "x" * 200)
    assert stream.getvalue() == "[bold]nothing to do[/bold]: " + "x" * 200 + "\n"


def test_a_terminal_gets_a_bar_that_moves_with_the_pairs() -> None:
    stream_console, stream = console(terminal=True)
    with open_report(console=stream_console) as report:
        assert isinstance(report, LiveReport)
        report.message("resuming")
        report.shard_done(receipt(), 120, 100)
    assert "resuming" in stream.getvalue()
    assert "100 of 100 pairs" in stream.getvalue(), "never more than all"


def test_no_terminal_gets_plain_lines() -> None:
    stream_console, stream = console()
    with open_report(console=stream_console) as report:
        report.shard_done(receipt(), 10, 100)
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().startswith("10 of 100 pairs: 40 rows")


def test_silence_is_silent() -> None:
    stream_console, stream = console()
    with open_report(silent=True, console=stream_console) as report:
        assert isinstance(report, SilentReport)
        report.message("nothing to do")
        report.shard_done(receipt(), 10, 100)
    assert stream.getvalue() == ""
