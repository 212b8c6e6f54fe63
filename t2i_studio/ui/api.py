"""The studio's actions as named endpoints: for gradio_client, plain HTTP and, as tools, for MCP clients.

The pages never call these. Pictures are told as an address of our own image route, with their content hash;
pictures to start from are given as a variant's number, the hash of a stored picture or a data: URL.
"""

import base64
import binascii
import functools
import inspect
import json
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import anyio
import gradio as gr
from anyio import to_thread

from t2i_studio.brief import values
from t2i_studio.brief.grids import Axis, plan
from t2i_studio.brief.markets import find_market
from t2i_studio.brief.presets import find_preset
from t2i_studio.domain import (
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    MAX_VARIANTS,
    Mark,
    State,
    StyleSettings,
)
from t2i_studio.engine.engine import VariantStatus
from t2i_studio.engine.registry import find_model, model_cards
from t2i_studio.errors import StudioError
from t2i_studio.store import ratings
from t2i_studio.store import variants as library
from t2i_studio.store.images import FORMATS, accept_picture, image_path, put_image
from t2i_studio.store.raters import rater_named
from t2i_studio.ui.learnt import Taste, with_taste
from t2i_studio.ui.payloads import address, flag, text, texts, told_variant
from t2i_studio.ui.sheets import surprising
from t2i_studio.ui.studio import Studio, visitor_of
from t2i_studio.ui.understanding import first_text

Data = dict[str, Any]
LOOK_EVERY = 0.2
MAX_ID = 2**63 - 1
MCP = "/gradio_api/mcp"


def register(studio: Studio) -> None:
    """Add the endpoints to the Gradio app that is being built."""
    api = Endpoints(studio)
    for action in (
        api.generate,
        api.job,
        api.cancel,
        api.resume,
        api.rate,
        api.variants,
        api.variant,
        api.models,
    ):
        # Outside Gradio's queue, which drops a call whose tab closes; the engine has a queue of its own.
        gr.api(_in_sentences(action), api_name=action.__name__, queue=False)


def _in_sentences(action: Callable[..., Any]) -> Callable[..., Any]:
    """`action` with refusals as gr.Error in the caller's language; a synchronous one runs in a thread."""

    @functools.wraps(action)
    async def answer(request: gr.Request, *arguments: Any) -> Any:
        try:
            if inspect.iscoroutinefunction(action):
                told = await action(request, *arguments)
            else:
                told = await to_thread.run_sync(action, request, *arguments)
            # A tool's answer is a text, which Gradio would write in Python's notation.
            return json.dumps(told, ensure_ascii=False) if MCP in request.url.path else told
        except StudioError as error:
            raise gr.Error(error.sentence(visitor_of(request).language), print_exception=False) from error

    return answer


class Endpoints:
    """The actions; their docstrings are what API pages and MCP clients show."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def generate(
        self,
        request: gr.Request,
        description: str,
        variants: int = 4,
        seed: int | None = None,
        size: str = "",
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str = "",
        style: list[str] = [],  # noqa: B006  (Gradio shows defaults, and nothing changes them)
        negative: str = "",
        model: str = "",
        adapters: list[str] = [],  # noqa: B006
        start: str = "",
        mask: str = "",
        strength: float | None = None,
        axes: list[str] = [],  # noqa: B006
        surprise: bool = False,
        wait: bool = True,
        preset: str = "",
        marks: list[str] = [],  # noqa: B006
        market: str = "",
        learnt: bool = True,
        team: str = "",
    ) -> dict:
        """Make pictures from a description in Chinese, English or both.

        Args:
            description: What the picture shows, for example 红色手提包，白色圆形展台. Alternatives in braces, such as
                {red|blue} or {1-3}, make a batch each.
            variants: How many pictures (of each batch, where there are several), 1 to 64.
            seed: Seed of the first picture; each further one has the next. Left out: random.
            size: Width x height in pixels, for example 256x256. Empty: the model's own.
            steps: Denoising steps, 1 to 200. Left out: the model's own.
            guidance: Guidance scale, 0 to 50. Left out: the model's own.
            sampler: Name of a sampler of the model. Empty: the model's own.
            style: Style controls as control=level words, for example ["brightness=4", "position=left"].
                The controls are brightness, warmth, saturation, richness, distance, softness, contrast and
                playfulness, with levels 1 to 5.
            negative: What is not to be seen, for models that take it.
            model: Name, folder or hub id of the model. Empty: the configured one.
            adapters: LoRA folders with scales, for example ["adapters/brand:0.8"].
            start: Picture to start from: a variant's number, the sha256 of a stored picture or a data: URL.
            mask: Mask as start is given, white where the picture is to change.
            strength: How far to go from the starting picture, 0.01 to 1.
            axes: Up to three things to vary, for example ["warmth=1..5", "steps=6,10"]; each combination is a batch.
            surprise: Each picture in a style of its own, repeatable from the seed.
            wait: True answers when all pictures are made; False at once, and `job` tells how far it is.
            preset: Look to begin with, by its id, for example studio_white: its phrases join the prompt, and its
                levels are those of the controls that style leaves out.
            marks: Corrections of how the description is read, as FIELD=WORDS with words that stand in it, for example
                ["backdrop=红色", "none=红色"]; none: nothing of the kind. The fields are product, colors, backdrop,
                materials, pattern, setting, props, season, campaign, audience, selling_points, price, sizes, exclude.
            market: Where the creative is to run, by its id, for example jp; kept, and changes nothing of the picture.
            learnt: Whether what was learnt from ratings and put in use joins, where adapters names none.
            team: Whose: a team without its own uses everybody's.

        Returns:
            batch (its number), state, and the variants with seed, state, sha256 and url of the picture. Where more than
            one batch was asked for: grid (its number), sheet (url of all as one picture) and the batches.
        """
        said, corrected = text("description", description), texts("marks", marks)
        look = find_preset(preset) if text("preset", preset) else None
        card = find_model(self._studio.settings, text("model", model) or self._studio.settings.model)
        asked = {
            "text": said,
            "model": card,
            "variants": values.whole("variants", variants, 1, MAX_VARIANTS),
            "seed": None if seed is None else values.whole("seed", seed, 0, MAX_SEED),
            "size": values.size(size) if text("size", size) else None,
            "steps": None if steps is None else values.whole("steps", steps, 1, MAX_STEPS),
            "guidance": None if guidance is None else values.real("guidance", guidance, 0, MAX_GUIDANCE),
            "sampler": text("sampler", sampler) or None,
            "style": StyleSettings.parse(texts("style", style), look.style if look else None),
            "preset": look.id if look else None,
            "market": find_market(market).id if text("market", market) else None,
            "marks": Mark.parse(corrected, first_text(said)) if corrected else (),
            "negative": text("negative", negative),
            "adapters": [values.adapter(word) for word in texts("adapters", adapters)],
            "strength": None if strength is None else values.real("strength", strength, 0.01, 1),
            "user": visitor_of(request).user,
        }
        varied = [Axis.parse(words) for words in texts("axes", axes)]
        if flag("surprise", surprise):
            asked, styles = surprising(asked)
            varied += styles
        pictures = text("start", start), text("mask", mask)
        taste = Taste(on=flag("learnt", learnt), team=text("team", team))
        see_through = flag("wait", wait)
        grid, batches = await to_thread.run_sync(self._submit, asked, varied, taste, *pictures)
        for batch in batches:
            while see_through and await to_thread.run_sync(self._is_open, batch):
                await anyio.sleep(LOOK_EVERY)
        if grid is None:
            return await to_thread.run_sync(self._told, request, batches[0])
        told = [await to_thread.run_sync(self._told, request, batch) for batch in batches]
        return {"grid": grid, "sheet": f"{address(request)}/sheets/{grid}.png", "batches": told}

    def _submit(
        self, asked: Data, axes: list[Axis], taste: Taste, start: str, mask: str
    ) -> tuple[int | None, list[int]]:
        """The number of the grid, if there is one, and of its batches."""
        if start.isascii() and start.isdigit() and len(start) < 19:
            asked["parent"] = library.get_variant(self._studio.db, int(start))
        elif start:
            asked["init_image"] = self._picture(start, "RGB")
        if mask:
            asked["mask"] = self._picture(mask, "L")
        planned = plan(asked, partial(find_model, self._studio.settings), axes)
        requests = with_taste(self._studio, planned.requests, taste)
        if planned.grid is None:
            return None, [self._studio.engine.submit(requests[0]).id]
        grid = self._studio.engine.submit_grid(planned.grid.model_dump(mode="json")["axes"], requests)
        return grid.id, [job.id for job in grid.jobs]

    def _picture(self, value: str, mode: Literal["RGB", "L"]) -> str:
        """Hash of a picture given as a hash or a data: URL."""
        if not value.startswith("data:"):
            return image_path(self._studio.db, value).stem
        try:
            data = base64.b64decode(value.partition(",")[2], validate=True)
        except binascii.Error as error:
            raise StudioError("picture.unreadable", formats=", ".join(FORMATS)) from error
        return put_image(self._studio.db, accept_picture(data, mode=mode))

    def _is_open(self, batch: int) -> bool:
        return self._studio.engine.status(batch).state in (State.WAITING, State.RUNNING)

    def _told(self, request: gr.Request, batch: int) -> Data:
        """A batch as generate, job, cancel and resume answer it; raises what ended a failed one."""
        status = self._studio.engine.status(batch)
        if status.error:
            raise StudioError(status.error["key"], **status.error["params"])
        made = library.get_variants(self._studio.db, [variant.id for variant in status.variants])
        return {
            "batch": batch,
            "state": status.state.value,
            "ahead": status.ahead,
            "seconds_left": status.seconds_left,
            "variants": [
                told_variant(request, variant) | {"step": live.step, "steps": live.steps, "preview": _preview(live)}
                for variant, live in zip(made, status.variants, strict=True)
            ],
        }

    def job(self, request: gr.Request, batch: int) -> dict:
        """How far a batch is.

        Args:
            batch: Number of the batch, as generate answers.

        Returns:
            state, batches ahead of it in the queue, seconds left, and its variants.
        """
        return self._told(request, values.whole("batch", batch, 1, MAX_ID))

    def cancel(self, request: gr.Request, batch: int) -> dict:
        """Stop a batch at its next step; finished pictures are kept.

        Args:
            batch: Number of the batch.
        """
        number = values.whole("batch", batch, 1, MAX_ID)
        self._studio.engine.cancel(number)
        return self._told(request, number)

    def resume(self, request: gr.Request, batch: int) -> dict:
        """Make the unfinished pictures of a cancelled or interrupted batch; answers at once.

        Args:
            batch: Number of the batch.
        """
        number = values.whole("batch", batch, 1, MAX_ID)
        self._studio.engine.resume(number)
        return self._told(request, number)

    def rate(
        self,
        request: gr.Request,
        variant: int,
        stars: int | None = None,
        faults: list[str] = [],  # noqa: B006
        note: str = "",
        rater: str = "api",
        nonce: str = "",
    ) -> dict:
        """Rate a picture. A new rating replaces the shown one; all are kept.

        Args:
            variant: Number of the variant.
            stars: 1 (bad) to 5 (good).
            faults: Fault tags, for example ["garbled_text", "wrong_colour"].
            note: A remark.
            rater: Name of who rates.
            nonce: A mark of your own; sent again, the rating is not counted twice.

        Returns:
            The rating as it was stored.
        """
        number = values.whole("variant", variant, 1, MAX_ID)
        given = None if stars is None else values.whole("stars", stars, 1, 5)
        tags, remark = texts("faults", faults), text("note", note)
        if given is None and not tags and not remark.strip():
            raise StudioError("rating.empty")
        who = rater_named(self._studio.db, text("rater", rater))
        stored = ratings.rate(
            self._studio.db,
            number,
            who,
            stars=given,
            faults=tags,
            note=remark,
            nonce=text("nonce", nonce) or None,
        )
        return stored.model_dump(mode="json")

    def variants(
        self,
        request: gr.Request,
        words: str = "",
        stars: int | None = None,
        favourite: bool = False,
        unrated: bool = False,
        fault: str = "",
        model: str = "",
        sort: str = "newest",
        limit: int = 20,
        after: str = "",
    ) -> dict:
        """List or search the finished pictures.

        Args:
            words: Words of the description.
            stars: At least so many stars, 1 to 5.
            favourite: Only favourites.
            unrated: Only pictures without stars.
            fault: Only pictures with this fault tag.
            model: Only pictures of this model.
            sort: newest, oldest or stars.
            limit: How many, 1 to 500.
            after: `next` of the page before.

        Returns:
            variants, next (null on the last page) and total.
        """
        query = library.VariantQuery(
            words=text("words", words),
            stars_min=None if stars is None else values.whole("stars", stars, 1, 5),
            favourite=flag("favourite", favourite) or None,
            unrated=flag("unrated", unrated) or None,
            fault=text("fault", fault) or None,
            model=text("model", model) or None,
            sort=text("sort", sort),
        )
        count = values.whole("limit", limit, 1, library.MAX_PAGE)
        page = library.search(self._studio.db, query, text("after", after) or None, count)
        found = [told_variant(request, variant) for variant in page.items]
        return {"variants": found, "next": page.next, "total": page.total}

    def variant(self, request: gr.Request, variant: int) -> dict:
        """All that made a picture, its ratings and its relations.

        Args:
            variant: Number of the variant.
        """
        number = values.whole("variant", variant, 1, MAX_ID)
        found = library.get_variant(self._studio.db, number)
        family = library.family(self._studio.db, number)
        return told_variant(request, found) | {
            "preset": found.request.preset,
            "market": found.request.market,
            "corrections": found.request.corrections,
            "request": found.request.model_dump(mode="json"),
            "origin": found.origin.model_dump(mode="json") if found.origin else None,
            "ratings": [rating.model_dump(mode="json") for rating in ratings.ratings_of(self._studio.db, number)],
            "ancestors": [ancestor.id for ancestor in family.ancestors],
            "children": [child.id for child in family.children],
        }

    def models(self, request: gr.Request) -> list:
        """The offered models with licence, languages, sizes and what each is good at."""
        return [card.model_dump(mode="json", exclude={"preview"}) for card in model_cards(self._studio.settings)]


def _preview(live: VariantStatus) -> str | None:
    """Path of the newest step's picture on this server, while there is one."""
    return f"/previews/{live.id}?v={live.preview}" if live.preview and live.image is None else None
