"""`export` and `import-answers`: answers as files for trainers, labelling tools and spreadsheets, and back."""

from pathlib import Path
from typing import Annotated

import typer

from t2i_studio.brief.values import shown
from t2i_studio.cli.console import Home, Json, answer, identifier, report, studio, words
from t2i_studio.cli.files import read
from t2i_studio.errors import StudioError

FORMATS = "pick-a-pic, diffusion-kto, imagefolder, kohya, captioned, simpletuner, label-studio, argilla, csv or xlsx."
LEFT_OUT = {
    "excluded": ("answers of excluded raters", "被排除评分者的回答"),
    "practice": ("practice answers", "练习题回答"),
    "known": ("answers to known items", "已知答案题的回答"),
    "repeat": ("repeats", "重复题的回答"),
    "no_picture": ("answers about deleted pictures", "图片已删除的回答"),
    "both_bad": ('answers "all bad"', "「都不合格」的回答"),
    "no_pair": ("star ratings without a pair", "无法成对的星级评分"),
    "pictures_undecided": ("pictures nobody spoke for or against", "没有褒贬的图片"),
    "pictures_not_liked": ("pictures not liked more than disliked", "好评不多于差评的图片"),
    "pairs_undecided": ("pairs whose answers balance", "意见持平的图片对"),
    "pairs_of_unequal_sizes": ("pairs of unequal sizes", "尺寸不同的图片对"),
    "cancelled": ("cancelled annotations", "已取消的标注"),
    "no_answer": ("annotations without an answer", "没有回答的标注"),
}
"""What the reasons are called for people, English and Chinese."""


def export_answers(
    format: Annotated[str, typer.Option(metavar="F", help=FORMATS)],
    out: Annotated[str, typer.Option(metavar="FOLDER", help="A folder that does not exist yet.")],
    session: Annotated[
        str | None, typer.Option(metavar="S", help="Number of the session; without, what was judged outside sessions.")
    ] = None,
    ties: Annotated[str, typer.Option(metavar="T", help="keep or drop.")] = "drop",
    comments: Annotated[bool, typer.Option("--comments", help="With what raters wrote.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write the answers of a session as a data set, without anything that leads to a person."""
    from t2i_studio.feedback.exports import export
    from t2i_studio.feedback.exports.material import Choices
    from t2i_studio.store.studio_votes import studio_votes
    from t2i_studio.store.votes import votes

    if ties not in ("keep", "drop"):
        raise StudioError("choice.unknown", name="--ties", value=shown(ties), choices="keep, drop")
    number = None if session is None else identifier("session", session)
    choices = Choices(keep_ties=ties == "keep", comments=comments)
    with studio(home) as (_, db):
        found = studio_votes(db) if number is None else votes(db, number)
        made = export(db, found, format, _folder(out), choices)
    if comments:
        report(
            words("Comments are in the export; raters may name people in them.", "导出含评语，其中可能提及个人信息。")
        )
    line = words(f"{made.rows} rows in {made.folder}", f"{made.rows} 条数据已写入 {made.folder}")
    dropped = [words(f"{made.ties_dropped} ties", f"{made.ties_dropped} 条平局")] if made.ties_dropped else []
    answer(made.model_dump(mode="json"), line + _but(dropped + _reasons(made.left_out)), json)


def import_answers(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON export of a Label Studio project.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Take in what people answered in Label Studio about pictures exported from here."""
    from t2i_studio.feedback.imports import keep_imported, read_label_studio

    found = read_label_studio(read(file), shown(file))
    with studio(home) as (_, db):
        keep_imported(db, found.votes)
    line = words(f"{len(found.votes)} answers taken in", f"已导入 {len(found.votes)} 条回答")
    own = [words(f"{found.own} that came from here", f"{found.own} 条原本来自本工作室")] if found.own else []
    data = {"answers": len(found.votes), "own": found.own, "skipped": found.skipped}
    answer(data, line + _but(own + _reasons(found.skipped)), json)


def _folder(out: str) -> Path:
    try:
        return Path(out).expanduser().resolve()
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: a null byte; RuntimeError: unknown ~user
        raise StudioError("file.unwritable", path=shown(out)) from error


def _reasons(counts: dict[str, int]) -> list[str]:
    return [f"{count} {words(*LEFT_OUT[reason])}" for reason, count in counts.items()]


def _but(parts: list[str]) -> str:
    return words("; left out: ", "；未计入：") + words(", ", "、").join(parts) if parts else ""
