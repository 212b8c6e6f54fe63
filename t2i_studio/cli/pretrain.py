"""`pretrain`: the recipe of the embedded model, one command a stage. Every stage goes on where it was killed."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from t2i_studio.cli.console import Json, answer, language, report, words
from t2i_studio.engine.process import prepare_process
from t2i_studio.errors import StudioError
from t2i_studio.settings import EMBEDDED_JUDGE, EMBEDDED_MODEL

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="Train the embedded model from its catalogue, stage by stage.",
)  # fmt: skip


@app.callback()
def _quiet() -> None:
    # training has the processor for itself: threads that spin a little before they sleep make it half as fast again
    os.environ.setdefault("GOMP_SPINCOUNT", "100000")
    prepare_process()


Work = Annotated[Path, typer.Option("--work", metavar="FOLDER", help="Where stages leave what they made.")]
Tier = Annotated[int, typer.Option("--tier", min=1, help="Objects of the catalogue up to this tier.")]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Steps of training in all, earlier runs included.")]
Scale = Annotated[float, typer.Option("--scale", min=0.0001, max=1.0, help="Share of the full amount of training.")]
Target = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The model folder.")]
WORK = Path("training")


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


@app.command()
def catalogue(work: Work = WORK) -> None:
    """Check the tables of assets/catalogue and fetch the renders they name."""
    from t2i_studio.pretraining.catalogue import catalogue_of, fetch_renders

    tables = catalogue_of(work)
    folder = fetch_renders(work)
    report(
        f"{len(tables.objects)} objects, {len(tables.colors)} colours, {len(tables.props)} props; renders in {folder}"
    )


@app.command()
def build(
    table: Annotated[Path, typer.Option("--from", metavar="CSV", help="The shop's table; see docs/recipe.md.")],
    images: Annotated[Path, typer.Option("--images", metavar="FOLDER", help="The pictures that it names.")],
    work: Work = WORK,
    model: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The model that is to learn them, whose products are kept.")
    ] = EMBEDDED_MODEL,
    json: Json = False,
) -> None:
    """Make the work folder's own catalogue of a shop's products, and tell what was taken and what was not."""
    from t2i_studio.pretraining.shop.dataset import build

    result = build(table, images, work, model, lambda done, total: report(f"{done}/{total} rows"))
    data = result.as_data(language())
    lines = [words(f"{id}: pictures used: {count}", f"{id}：采用图片 {count} 张") for id, count in result.taken.items()]
    for name, kind in (("refused", words("not taken", "未采用")), ("doubtful", words("to be looked at", "请核对"))):
        lines += [f"{table.name}:{each['row']} {each['id']} ({kind}): {each['sentence']}" for each in data[name]]
    if not result.taken:
        answer(data, "\n".join(lines), json)
        raise StudioError("shop.nothing", path=table)
    sheet = work / "catalogue" / "cut-outs.png"
    lines.append(words(f"{len(result.taken)} products; look at {sheet}", f"{len(result.taken)} 个产品；请查看 {sheet}"))
    answer(data, "\n".join(lines), json)


@app.command()
def scenes(work: Work = WORK, tier: Tier = 1, count: Annotated[int, typer.Option(min=1)] = 32_000) -> None:
    """Compose scenes of the objects up to a tier, and fit the latent code on the first of them."""
    from t2i_studio.pretraining import recipe

    _count(recipe.compose_scenes(work, tier, count), count, "scenes")


@app.command()
def tokenizer(work: Work = WORK) -> None:
    """Build the tokenizer from the catalogue's words, for a look at it; later stages build the same one."""
    from t2i_studio.pretraining.catalogue import catalogue_of
    from t2i_studio.pretraining.tokenizer import build_tokenizer

    built = build_tokenizer(catalogue_of(work))
    built.save_pretrained(str(work / "tokenizer"))
    report(f"{len(built)} tokens in {work / 'tokenizer'}")


@app.command("warm-start")
def warm_start(
    work: Work = WORK,
    tier: Tier = 1,
    model: Annotated[Path, typer.Option("--from", metavar="FOLDER", help="The model folder.")] = EMBEDDED_MODEL,
) -> None:
    """Begin training with the weights of a finished model, where the runs that made it are gone."""
    from t2i_studio.pretraining import recipe

    recipe.start_from(work, model, tier)
    report(f"{work}: denoiser and text encoder go on from {model}")


@app.command("denoiser")
def train_denoiser(
    work: Work = WORK,
    tier: Tier = 1,
    steps: Steps = None,
    scale: Scale = 1.0,
    objects: Annotated[str, typer.Option(help="Only these objects, with commas; default: all of the tier.")] = "",
    nearest: Annotated[int, typer.Option(min=1, max=5, help="Only scenes from this level of distance.")] = 1,
    favour: Annotated[
        str, typer.Option(help="Objects or style controls to show three times as often, with commas.")
    ] = "",
    decay: Annotated[bool, typer.Option("--decay/--no-decay", help="Let the learning rate fall at the end.")] = True,
    keep_words: Annotated[
        bool, typer.Option("--keep-words", help="Leave the vectors of words as they are: the text encoder still fits.")
    ] = False,
) -> None:
    """Train the denoiser."""
    from t2i_studio.pretraining import drawing, recipe

    plan = recipe.plan("denoiser", scale, steps, decay)
    drawing.train_denoiser(work, tier, plan, _names(objects) or None, nearest, _names(favour), keep_words)


@app.command("student")
def train_student(work: Work = WORK, tier: Tier = 1, steps: Steps = None, scale: Scale = 1.0) -> None:
    """Fold the denoiser's guidance into a student that draws in half the time; the export then takes it."""
    from t2i_studio.pretraining import drawing, recipe

    drawing.train_student(work, tier, recipe.plan("student", scale, steps))


@app.command("refine")
def refine_student(
    work: Work = WORK,
    tier: Tier = 1,
    steps: Steps = None,
    scale: Scale = 1.0,
    colors: Annotated[
        str, typer.Option("--colors", help="Colours of products to be drawn better, with commas (default all).")
    ] = "",
) -> None:
    """Go on with a model that `warm-start` began with, from scenes; the export then takes it."""
    from t2i_studio.pretraining import drawing, recipe

    drawing.refine_student(work, tier, _names(colors), recipe.plan("refining", scale, steps))


@app.command("adapter")
def train_adapter(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the adapter goes.")],
    work: Work = WORK,
    model: Annotated[Path, typer.Option(metavar="FOLDER", help="The model, which stays as it is.")] = EMBEDDED_MODEL,
    tier: Tier = 1,
    steps: Steps = None,
    scale: Scale = 1.0,
) -> None:
    """Teach a finished model the other products of the work folder's catalogue, as an adapter for it."""
    from t2i_studio.pretraining import recipe

    draws = recipe.plan("adapter", scale, steps)
    reads = recipe.plan("adapter_text", draws.steps / recipe.PLANS["adapter"].steps)
    understood = recipe.train_adapter(work, tier, model, out, draws, reads)
    report(f"{out}; understood: {_shares(understood)}")


@app.command("text-encoder")
def train_text_encoder(work: Work = WORK, tier: Tier = 1, steps: Steps = None, scale: Scale = 1.0) -> None:
    """Teach the text encoder the concepts of the denoiser."""
    from t2i_studio.pretraining import recipe

    understood = recipe.train_text_encoder(work, tier, recipe.plan("text_encoder", scale, steps))
    report(f"understood: {_shares(understood)}")


@app.command("autoencoder")
def fit_autoencoder(work: Work = WORK, tier: Tier = 1, scale: Scale = 1.0) -> None:
    """Compute the autoencoder between latents and 256 px pictures."""
    from t2i_studio.pretraining import decoding, recipe

    quality = decoding.fit_autoencoder(work, tier, recipe.scene_count(scale, recipe.PAIRS))
    report(f"{quality:.1f} dB on held-out scenes")


@app.command("upscaler")
def train_upscaler(work: Work = WORK, tier: Tier = 1, steps: Steps = None, scale: Scale = 1.0) -> None:
    """Train the network that makes 512 px of the autoencoder's 256, on what the denoiser draws."""
    from t2i_studio.pretraining import recipe

    quality = recipe.train_upscaler(work, tier, scale, recipe.plan("upscaler", scale, steps))
    told = (f"{name} {each.mean:.1f} dB (all pixels at once {each.pooled:.1f})" for name, each in quality.items())
    report(", ".join(told) + " on held-out scenes")


@app.command("judge")
def train_judge(
    work: Work = WORK,
    tier: Tier = 1,
    steps: Steps = None,
    scale: Scale = 1.0,
    begin: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="A finished judge to begin with, not from nothing.")
    ] = None,
) -> None:
    """Train the classifier that judges pictures, on composed scenes."""
    from t2i_studio.pretraining import judging, recipe

    plan, held_out = recipe.plan("judge", scale, steps), recipe.scene_count(scale, 2_000)
    accuracy = judging.train_judge(work, tier, plan, held_out, begin)
    report(f"right on held-out scenes: {_shares(accuracy)}")


@app.command("second-judge")
def train_second(work: Work = WORK, tier: Tier = 1, steps: Steps = None, scale: Scale = 1.0) -> None:
    """Train a second judge of another architecture on scenes of its own; where there is one, `evaluate` asks it too."""
    from t2i_studio.pretraining import judging, recipe

    plan, scenes = recipe.plan("judge-2", scale, steps), recipe.scene_count(scale, judging.OWN_SCENES)
    accuracy = judging.train_second(work, tier, plan, scenes, recipe.scene_count(scale, 2_000))
    report(f"right on held-out scenes: {_shares(accuracy)}")


@app.command("export-judge")
def export_judge(
    work: Work = WORK,
    tier: Tier = 1,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The judge's folder.")] = EMBEDDED_JUDGE,
    held_out: Annotated[int, typer.Option(min=1, help="Fresh scenes of which its card tells the accuracy.")] = 2_000,
) -> None:
    """Write the folder of the judge that the studio uses, with 8-bit weights."""
    from t2i_studio.pretraining import judging

    card = judging.export_judge(work, tier, out, held_out)
    report(f"{out}: {len(card.taught)} objects; right on held-out scenes: {_shares(card.held_out)}")


@app.command()
def evaluate(
    work: Work = WORK,
    model: Annotated[Path, typer.Option(help="The model folder.")] = EMBEDDED_MODEL,
    prompts: Annotated[
        int,
        typer.Option("--prompts", min=2, help="Held-out prompts; seven pictures for every four of them come on top."),
    ] = 512,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the first 64 pictures and their prompts there.")
    ] = None,
    objects: Annotated[str, typer.Option(help="About these objects, with commas; default: all the model knows.")] = "",
    adapter: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Draw with this adapter.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Draw in so many steps; default: the model's own.")] = None,
    json: Json = False,
) -> None:
    """Generate held-out prompts with the model folder and print what the judge makes of the pictures, as flat keys."""
    from t2i_studio.pretraining import recipe

    result = recipe.evaluate_folder(work, model, prompts, _pictures, sheet, _names(objects), adapter, steps)
    answer(result.scores, "\n".join(f"{name:20} {value:.3f}" for name, value in result.scores.items()), json)


@app.command("text-scores")
def text_scores(
    model: Annotated[Path, typer.Option(metavar="FOLDER", help="The model folder.")] = EMBEDDED_MODEL,
    prompts: Annotated[
        int, typer.Option("--prompts", min=2, help="Held-out scenes, described in both languages.")
    ] = 256,
    lessons: Annotated[
        int, typer.Option("--lessons", min=2, help="Scenes, each described twice, that the baselines are fitted on.")
    ] = 20_000,
    json: Json = False,
) -> None:
    """Print how well the model's text encoder reads, and how well two baselines do that ignore the order of words."""
    from t2i_studio.pretraining.text_scores import score_folder

    scores = score_folder(model, prompts, lessons)
    answer(scores, "\n".join(f"{name:40} {value:6.3f}" for name, value in scores.items()), json)


@app.command()
def export(
    work: Work = WORK,
    out: Target = EMBEDDED_MODEL,
    tier: Tier = 1,
    objects: Annotated[str, typer.Option(help="Only these objects, with commas; default: all of the tier.")] = "",
    prompts: Annotated[int, typer.Option(min=0, help="Prompts of the evaluation; 0: none, all objects known.")] = 0,
) -> None:
    """Write the model folder: only objects that the judge recognises are in its vocabulary."""
    from t2i_studio.pretraining import recipe
    from t2i_studio.pretraining.catalogue import catalogue_of

    names = _names(objects) or catalogue_of(work).tier(tier)
    known = recipe.export_model(work, out, tier, names, prompts, _pictures)
    report(f"{out}: {len(known)} objects")


@app.command()
def run(work: Work = WORK, out: Target = EMBEDDED_MODEL, tier: Tier = 1, scale: Scale = 1.0) -> None:
    """The whole recipe in order."""
    from t2i_studio.pretraining import recipe

    recipe.run(work, out, tier, scale, report)


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in shares.items())


def _pictures(done: int, total: int) -> None:
    report(f"{done}/{total} pictures")


def _count(numbers: Iterator[int], total: int, noun: str) -> None:
    for number in numbers:
        report(f"{number}/{total} {noun}")


if __name__ == "__main__":
    import sys

    from t2i_studio.cli import console

    try:
        app()
    except StudioError as error:
        sys.exit(console.complain(error))
