"""The stages that teach how to draw: the denoiser, a student with its guidance folded in, and refining that one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.errors import StudioError
from t2i_studio.pretraining import corpus, denoiser, distilling, export, probe, refining, warm_start
from t2i_studio.pretraining.attributes import attribute_sizes
from t2i_studio.pretraining.catalogue import Catalogue, catalogue_of
from t2i_studio.pretraining.concepts import ConceptTable
from t2i_studio.pretraining.corpus import HELD_OUT
from t2i_studio.pretraining.export import Sampling
from t2i_studio.pretraining.latents import PatchCode
from t2i_studio.pretraining.lessons import LatentScenes, encode_corpus, lessons_of
from t2i_studio.pretraining.scenes import Scene, sample_scene
from t2i_studio.pretraining.trainer import Plan, Run, averaged, train
from t2i_studio.pretraining.writing import writing

CHANNELS = 96  # of a latent cell


def new_denoiser(catalogue: Catalogue) -> denoiser.Denoiser:
    """The denoiser with its concept table, untrained."""
    torch.manual_seed(0)
    table = ConceptTable(attribute_sizes(catalogue), denoiser.WIDTH)
    return denoiser.Denoiser(denoiser.unet(CHANNELS), table)


def train_denoiser(
    work: Path,
    tier: int,
    plan: Plan,
    objects: Sequence[str] | None = None,
    nearest: int = 1,
    favour: Sequence[str] = (),
    keep_words: bool = False,
) -> None:
    """Train the denoiser on the corpus of a tier; goes on from the checkpoint, whatever it was trained on.

    objects, nearest: restrict the lesson to some of the tier's objects, and to scenes from that level of distance.
    favour: what to show more often: objects that were added last, style controls that lag behind. keep_words: leave the
    concept table as it is, so that the text encoder that was taught it goes on to fit.
    """
    catalogue, device = catalogue_of(work), probe.device()
    code = PatchCode.load(work / "code.safetensors")
    objects = catalogue.checked(objects or catalogue.tier(tier))
    data = latent_scenes(work / f"corpus-{tier}", code).only(objects, nearest)
    if favour:
        catalogue.checked([name for name in favour if name not in STYLE_CONTROLS] or catalogue.tier(1))
        data = data.favouring(favour)
    if not data.scenes:
        raise StudioError("recipe.no_such_scenes", path=work / f"corpus-{tier}", objects=", ".join(objects))
    model = new_denoiser(catalogue)
    probe.place(model, device)
    model.table.requires_grad_(not keep_words)
    grid = denoiser.progress_grid(model, code, one_of_each(objects, catalogue), catalogue, device)
    loss = denoiser.denoising_loss(model, lessons_of(data, catalogue, device), code, device)
    with probe.autocast(device):
        train(model, loss, plan, Run(work / "denoiser"), model.quick(), grid)


def trained_denoiser(work: Path) -> denoiser.Denoiser:
    """The denoiser with the averaged weights of its newest checkpoint."""
    return averaged(Run(work / "denoiser"), new_denoiser(catalogue_of(work)))


def train_student(work: Path, tier: int, plan: Plan) -> None:
    """Fold guidance into a student of the denoiser, with which the export then draws. Begins with its weights.

    StudioError when these are a student's still, whose guidance is in them.
    """
    catalogue, device, run = catalogue_of(work), probe.device(), Run(work / "student")
    warm_start.check_not_led(Run(work / "denoiser"))
    code = PatchCode.load(work / "code.safetensors")
    teacher, student = trained_denoiser(work).requires_grad_(False), new_denoiser(catalogue)
    student.table.requires_grad_(False)  # which the text encoder has learnt to write
    if not run.checkpoint.exists():
        student.load_state_dict(teacher.state_dict())
        warm_start.begin_from(run, student, plan, [])
    data = latent_scenes(work / f"corpus-{tier}", code).only(catalogue.tier(tier), nearest=1)
    for network in (student, teacher):
        probe.place(network, device)
    draw = lessons_of(data, catalogue, device)
    loss = distilling.distillation_loss(student, teacher, distilling.scales(catalogue), draw, code, device)
    with probe.autocast(device):
        train(student, loss, plan, run)


def refine_student(work: Path, tier: int, colors: Sequence[str], plan: Plan) -> None:
    """Go on with a student, from scenes; with `colors`, from those of products in these colours alone. Where there is
    no student it begins with the denoiser's weights: a student's, see start_from.

    StudioError when a colour is not in the catalogue, or no scene has it.
    """
    catalogue, device, run = catalogue_of(work), probe.device(), Run(work / "student")
    if strangers := [name for name in colors if name not in catalogue.colors]:
        raise StudioError("recipe.unknown_color", color=", ".join(strangers), colors=", ".join(catalogue.colors))
    code, scenes = PatchCode.load(work / "code.safetensors"), work / f"corpus-{tier}"
    data = latent_scenes(scenes, code).only(catalogue.tier(tier), nearest=1)
    if colors and not any(scene.color in colors for scene in data.scenes):
        raise StudioError("recipe.no_such_colors", path=scenes, colors=", ".join(colors))
    data = data.half_in(colors) if colors else data
    before, model = trained_denoiser(work).requires_grad_(False), new_denoiser(catalogue)
    model.table.requires_grad_(False)  # which the text encoder has learnt to write
    if not run.checkpoint.exists():
        model.load_state_dict(before.state_dict())
        warm_start.begin_from(run, model, plan, [])
    for network in (model, before):
        probe.place(network, device)
    draw = lessons_of(data, catalogue, device)
    loss = refining.refining_loss(model, before, colors, draw, code, catalogue, device)
    with probe.autocast(device):
        train(model, loss, plan, run)


def drawing_network(work: Path) -> tuple[denoiser.Denoiser, Sampling]:
    """The student and how it draws; the denoiser where there is no student."""
    run = Run(work / "student")
    if not run.checkpoint.exists():
        return trained_denoiser(work), export.TEACHER
    return averaged(run, new_denoiser(catalogue_of(work))), export.STUDENT


def latent_scenes(folder: Path, code: PatchCode) -> LatentScenes:
    """The corpus as latents; kept beside it, since a run is resumed often."""
    kept, scenes = folder / "latents.npz", corpus.scenes(folder)
    if kept.exists():
        with np.load(kept) as file:
            latents, masks = torch.from_numpy(file["latents"]), torch.from_numpy(file["masks"])
        if len(latents) == len(scenes):  # else the corpus has grown since
            return LatentScenes(latents, masks, scenes)
    data = encode_corpus(corpus.parts(folder), code, probe.device())
    with writing(folder):
        np.savez(partial := folder / "latents.part.npz", latents=data.latents.numpy(), masks=data.masks.numpy())
        partial.replace(kept)
    return data


def one_of_each(objects: Sequence[str], catalogue: Catalogue) -> list[Scene]:
    """A held-out scene of each object, at the usual distance so that sheets are easy to judge."""
    rng = np.random.default_rng(HELD_OUT)
    scenes = []
    for name in objects:
        while (scene := sample_scene(rng, catalogue, [name])).style["distance"] < 3:
            pass
        scenes.append(scene)
    return scenes
