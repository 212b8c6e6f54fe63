"""`backup`, `check-store`, `forget-rater`: looking after what was made."""

from pathlib import Path
from typing import Annotated

import typer

from t2i_studio.cli.console import Home, Json, answer, studio, words
from t2i_studio.store import maintenance, raters


def backup(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A new folder, or a new .zip file.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Copy database and pictures, also while the studio runs."""
    with studio(home) as (_, db):
        made = maintenance.backup(db, Path(target).expanduser())
    answer({"backup": str(made)}, words(f"Backed up to {made}.", f"已备份到 {made}。"), json)


def check_store(home: Home = None, json: Json = False) -> None:
    """Hold rows against files. Exit code 1 when something is lost or damaged."""
    with studio(home) as (_, db):
        problems = maintenance.check_store(db)
    lines = [str(problem) for problem in problems] or [words("The store is sound.", "存储完好。")]
    data = [problem.model_dump(mode="json") | {"harmless": problem.harmless} for problem in problems]
    answer({"problems": data}, "\n".join(lines), json)
    if not all(problem.harmless for problem in problems):
        raise typer.Exit(1)


def forget_rater(
    rater: Annotated[str, typer.Argument(metavar="RATER", help="Name or id.")],
    delete: Annotated[
        bool,
        typer.Option("--delete-ratings", help="Delete the ratings too, instead of making them nameless."),
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Delete a rater's personal data."""
    with studio(home) as (_, db):
        gone = raters.forget_rater(db, rater, "delete" if delete else "keep")
    fate = "deleted" if delete else "kept without a name"
    line = words(
        f"Forgot {gone.names} name(s); {gone.ratings} rating(s) {fate}.",
        f"已删除 {gone.names} 个姓名；{gone.ratings} 条评分已{'删除' if delete else '匿名保留'}。",
    )
    if gone.adapters:
        line += words(
            f" {gone.adapters} adapter(s) had learnt from them: train again without them, see finetune list.",
            f" 有 {gone.adapters} 个适配器曾从这些评分学习：请在不含它们的情况下重新训练，见 finetune list。",
        )
    answer(gone.model_dump(mode="json"), line, json)
