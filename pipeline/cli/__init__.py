"""The command line: `python -m pipeline COMMAND`, also installed as `repairgen`.

Heavy libraries are imported inside the commands that need them, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from pipeline.cli import ablate, corpora, dataset, evaluate, models, repair, runs, snippets
from pipeline.cli.output import complain
from schemas.errors import ReportedError

_INTERRUPTED = 130  # what typer makes of a KeyboardInterrupt

app = typer.Typer(
    name="repairgen",
    help="Synthetic training data for code repair, from the reverse process of a code diffusion model.",
    epilog="Exit code: 0 done, 1 the run failed, 2 the request was wrong.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    runs.run,
    models.train,
    corpora.corpus,
    snippets.check,
    repair.repair,
    dataset.show,
    dataset.verify,
    runs.status,
    runs.replay,
    ablate.ablate,
):
    app.command()(command)
app.add_typer(evaluate.app, name="evaluate")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 the run failed, 2 the request was wrong. The one place that maps errors."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = app(args=given or ["--help"], prog_name="repairgen", standalone_mode=False)
    except ReportedError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except TyperException as error:
        complain(f"{error.format_message().rstrip('.')}; see repairgen {_command(given)}--help")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    if status == _INTERRUPTED:
        complain("interrupted; the same command resumes")
        sys.exit(1)
    sys.exit(status)


def _command(arguments: Sequence[str]) -> str:
    """The command that was asked for, if there is such a one."""
    names = {command.callback.__name__ for command in app.registered_commands if command.callback}
    return f"{arguments[0]} " if arguments and arguments[0] in names else ""
