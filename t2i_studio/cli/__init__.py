"""The command line: `python -m t2i_studio`. One module a group of commands, each command a thin call.

Every fault that a user can mend is one sentence on stderr and exit code 2; Ctrl-C is 130, a closed pipe 141.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from t2i_studio import processes
from t2i_studio.cli import (
    account,
    bench,
    brief,
    console,
    explanation,
    export,
    finetune,
    generate,
    grid,
    jobs,
    library,
    markets,
    models,
    presets,
    pretrain,
    rank,
    rate,
    serve,
    session,
    store,
    style_check,
)
from t2i_studio.cli.usage import explain
from t2i_studio.errors import StudioError

app = typer.Typer(name="t2i_studio", add_completion=False, rich_markup_mode=None, help=__doc__.split(".")[0])
app.command("serve")(serve.serve)
app.command("generate")(generate.generate)
app.command("grid")(grid.grid)
app.command("brief")(brief.brief)
app.command("rate")(rate.rate)
app.command("rank")(rank.rank)
app.command("variants")(library.variants)
app.command("show")(library.show)
app.command("explain")(explanation.explain)
app.command("export")(export.export_answers)
app.command("import-answers")(export.import_answers)
app.command("jobs")(jobs.jobs)
app.command("resume")(jobs.resume)
app.command("models")(models.models)
app.command("presets")(presets.list_presets)
app.command("markets")(markets.list_markets)
app.command("backup")(store.backup)
app.command("check-store")(store.check_store)
app.command("forget-rater")(store.forget_rater)
app.command("add-user")(account.add_user)
app.command("style-check")(style_check.style_check)
app.command("bench")(bench.bench)
app.add_typer(session.app, name="session")
app.add_typer(finetune.app, name="finetune")
app.add_typer(pretrain.app, name="pretrain")


@app.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    """T2I Studio: from a description to rated picture variants, on this machine."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every fault is told, none escapes as a traceback."""
    try:
        code = app(list(arguments), standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except StudioError as error:
        return console.complain(error)
    except typer.TyperException as error:
        return explain(error)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except (BrokenPipeError, SystemExit):  # the parser makes a SystemExit of a closed pipe, of nothing else
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return console.complain(StudioError("system.fault", reason=error.strerror or error))
    finally:
        processes.leave()


def main() -> NoReturn:
    """Entry point of `python -m t2i_studio`."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))
