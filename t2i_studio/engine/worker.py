"""One thread a device: takes variants and questions from the board, makes pictures and explains them. Nothing
stops it but closing.
"""

import importlib.metadata
import logging
import threading
import time
from collections.abc import Callable
from functools import cache

import torch
from PIL import Image

from t2i_studio.domain import Adapter, Derivation, GenerationRequest, Origin, State
from t2i_studio.engine import previews
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.adapters import use_adapters
from t2i_studio.engine.company import room
from t2i_studio.engine.costs import cost_key
from t2i_studio.engine.denoising import Start
from t2i_studio.engine.explaining import explain
from t2i_studio.engine.explanation import explanation_path
from t2i_studio.engine.infotext import write_png
from t2i_studio.engine.lanes import in_lanes, make_pictures
from t2i_studio.engine.live import Board, Question, refuse, settle
from t2i_studio.engine.loading import LoadedModel, be_deterministic, devices, load_model
from t2i_studio.engine.process import give_memory_back
from t2i_studio.engine.prompts import check_length
from t2i_studio.engine.queue import Item
from t2i_studio.engine.registry import find_model
from t2i_studio.engine.samplers import OWN
from t2i_studio.engine.steps import Step, Stopped
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store import images, jobs
from t2i_studio.store.database import Database

log = logging.getLogger(__name__)

CANCEL_POLL = 0.25
"""Seconds between looks at the store for a cancellation by another process."""


def start_workers(board: Board, db: Database, settings: Settings) -> list[threading.Thread]:
    """A worker for each device, started. Without a usable device, one that tells everybody so."""
    be_deterministic()
    try:
        workers: list[threading.Thread] = [Worker(device, board, db, settings) for device in devices(settings)]
    except StudioError as error:
        workers = [threading.Thread(target=refuse, args=(board, db, error), daemon=True)]
    for worker in workers:
        worker.start()
    return workers


class Worker(threading.Thread):
    """Works on one device until the board is closed."""

    def __init__(self, device: torch.device, board: Board, db: Database, settings: Settings) -> None:
        super().__init__(name=f"engine {device}", daemon=True)
        self._device, self._board, self._db, self._settings = device, board, db, settings
        self._cache = db.home / "cache"
        self._model: LoadedModel | None = None
        self._colours: previews.Colours | None = None
        self._fitting = threading.Lock()

    def run(self) -> None:
        self._warm_up()
        while taken := self._board.take():
            if isinstance(taken, Question):
                self._answer(taken)
            else:
                self._answer_for([taken])

    def _warm_up(self) -> None:
        """Load the configured model before anyone asks, where that needs no download."""
        try:
            card = find_model(self._settings, self._settings.model)
            if card.folder:
                self._use_model(card.name)
        except StudioError as error:
            log.warning("%s", error)  # whoever asks for this model is told then

    def _answer_for(self, group: list[Item]) -> None:
        """Make an item, and others like it that join `group`; faults end their jobs, never this thread."""
        error: StudioError | None = None
        try:
            self._make(group)
        except Stopped:
            pass
        except StudioError as known:
            error = known
        except Exception as unknown:
            log.exception("a batch failed")
            error = StudioError("engine.failed", reason=f"{type(unknown).__name__}: {unknown}")
        give_memory_back()
        for item in group:
            if self._board.variant(item).state is State.RUNNING:
                self._board.end(item, State.FAILED if error else State.CANCELLED)
        if not self._board.closed:
            for job in {item.job for item in group}:
                settle(self._board, self._db, job, error)

    def _answer(self, question: Question) -> None:
        """Explain a picture and keep the explanation; faults stay with the question, never end this thread."""
        error: StudioError | None = None
        try:
            self._explain(question)
        except Stopped:
            pass
        except StudioError as known:
            error = known
        except Exception as unknown:
            log.exception("an explanation failed")
            error = StudioError("engine.failed", reason=f"{type(unknown).__name__}: {unknown}")
        give_memory_back()
        self._board.answered(question, error)

    def _explain(self, question: Question) -> None:
        variant = question.variant
        request = variant.request.model_copy(update={"seed": variant.seed, "variants": 1})
        model = self._use_model(request.model)
        if variant.origin and variant.origin.model_hash != model.hash:
            raise StudioError("explain.model_changed", model=model.card.name)
        use_adapters(model, request.adapters)

        def observe(done: float) -> None:
            question.done = done
            if not self._board.wanted(question):
                raise Stopped

        told, _ = explain(model, request, observe, self._start(request))
        told.keep_at(explanation_path(self._db.home, variant))

    def _make(self, group: list[Item]) -> None:
        first = group[0]
        if not self._begin(first):
            return
        request = self._board.jobs[first.job].request
        model = self._use_model(request.model)
        check_request(model, request)
        adapters = use_adapters(model, request.adapters)
        group += self._board.take_like(first, room(model, request) - 1)
        wanted = [first, *(item for item in group[1:] if self._begin(item))]
        watch = _Watch(self._board, self._db, wanted, self._preview_of(request))
        seeds = [self._board.variant(item).seed for item in wanted]
        pictures = make_pictures(model, request, seeds, watch.observe, self._start(request))
        share = watch.elapsed() / len(wanted)
        origins = [_origin(model, request, adapters, seed, made.together, share)
                   for seed, made in zip(seeds, pictures, strict=True)]  # fmt: skip
        asked = [self._board.jobs[item.job].request for item in wanted]
        files = in_lanes(write_png, [made.picture for made in pictures], asked, origins)
        for item, origin, png in zip(wanted, origins, files, strict=True):
            sha = images.put_image(self._db, png)
            jobs.finish_variant(self._db, item.variant, sha, origin)
            self._board.end(item, State.DONE, sha)
        self._board.costs.observe_rest(cost_key(request), watch.rest() / len(wanted))

    def _begin(self, item: Item) -> bool:
        """Mark a variant as started; False when its job is not wanted any more."""
        job = self._board.jobs[item.job]
        if not job.claimed and not job.cancelled:
            job.claimed = jobs.claim(self._db, job.id) is not None
            if not job.claimed:  # another process has cancelled it while it waited
                self._board.cancel(job.id)
        if self._board.stopping([item]):
            return False
        jobs.start_variant(self._db, item.variant)
        return True

    def _use_model(self, name: str) -> LoadedModel:
        """The named model, loaded in place of the one before if need be."""
        if self._model is None or self._model.card.name != name:
            self._model = self._colours = None
            card = find_model(self._settings, name)
            self._model = load_model(card, self._device, self._settings, self._cache)
            self._colours = previews.Colours.of(card.preview) if card.preview else None
        return self._model

    def _start(self, request: GenerationRequest) -> Start | None:
        if request.derivation is Derivation.TEXT or request.init_image is None:
            return None
        picture = self._picture(request.init_image, "RGB")
        return Start(picture, self._picture(request.mask, "L") if request.mask else None)

    def _picture(self, sha: str, mode: str) -> Image.Image:
        with Image.open(images.image_path(self._db, sha)) as kept:
            return kept.convert(mode)  # decoded here: Pillow's lazy decoding is not for several lanes at once

    def _preview_of(self, request: GenerationRequest) -> Callable[[torch.Tensor], bytes]:
        """Latents of one variant (1, …) → a small JPEG."""
        model = self._model
        assert model is not None

        def preview(latents: torch.Tensor) -> bytes:
            with self._fitting:  # lanes ask at the same time
                if self._colours is None:
                    kept = self._cache / "previews" / f"{model.hash}.json"
                    self._colours = previews.Colours.of(previews.fitted(model.pipe.vae, latents, kept))
            return previews.preview(latents, self._colours, request.height or 0, request.width or 0)

        return preview


class _Watch:
    """Looks on while a group is made: times the steps, shows the pictures so far, ends it when nobody wants
    it. Lanes call it at the same time.
    """

    def __init__(self, board: Board, db: Database, group: list[Item], preview: Callable[[torch.Tensor], bytes]) -> None:
        self._board, self._db, self._group, self._preview = board, db, group, preview
        self._key = cost_key(board.jobs[group[0].job].request)
        self._begun = self._looked = time.perf_counter()
        self._stepped: dict[int, float] = {}
        self._stepping: dict[int, float] = {}

    def elapsed(self) -> float:
        """Seconds since the group was begun."""
        return time.perf_counter() - self._begun

    def rest(self) -> float:
        """Seconds not spent in steps, as far as those were timed."""
        return self.elapsed() - max(self._stepping.values(), default=0.0)

    def observe(self, places: list[int], step: Step) -> None:
        lane, now = places[0], time.perf_counter()
        if lane in self._stepped:  # before the first step lie encoding and warming up
            seconds = now - self._stepped[lane]
            self._stepping[lane] = self._stepping.get(lane, 0.0) + seconds
            self._board.costs.observe_step(self._key, seconds / len(self._group))
        items = [self._group[place] for place in places]
        self._board.step(items, step.number, [self._preview(clean[None]) for clean in step.clean])
        if now - self._looked > CANCEL_POLL:
            self._looked = now
            self._look_for_cancellation()
        if self._board.stopping(self._group):
            raise Stopped
        self._stepped[lane] = time.perf_counter()

    def _look_for_cancellation(self) -> None:
        """Another process can only tell through the store."""
        for job in {item.job for item in self._group}:
            if jobs.cancel_requested(self._db, job):
                self._board.cancel(job)


def check_request(model: LoadedModel, request: GenerationRequest) -> None:
    """What could not be checked before the model's files were here. Raises StudioError as `accept` does."""
    accept(request, model.card)
    if model.tokenizer:
        check_length(request.prompt.text, model.card.name, *model.tokenizer)
        check_length(request.prompt.negative, model.card.name, *model.tokenizer)


def _origin(
    model: LoadedModel,
    request: GenerationRequest,
    adapters: tuple[Adapter, ...],
    seed: int,
    together: int,
    seconds: float,
) -> Origin:
    own = request.sampler == OWN
    return Origin(
        pipeline=type(model.pipe).__name__,
        model=model.card.name,
        model_hash=model.hash,
        adapters=adapters,
        seed=seed,
        sampler=type(model.own_scheduler).__name__ if own else request.sampler or "",
        steps=request.steps or 0,
        guidance=request.guidance or 0.0,
        width=request.width or 0,
        height=request.height or 0,
        prompt=request.prompt.text,
        negative=request.prompt.negative,
        strength=request.strength,
        device=_device_name(model.device),
        dtype=model.precision,
        computed_together=together,
        seconds=round(seconds, 3),
        versions=_versions(),
    )


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@cache
def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("torch", "diffusers", "transformers", "peft")}
