"""Makes a picture again to see which regions answer to which word of its prompt (`attention`)."""

import gc
from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor

from t2i_studio.brief.vocabulary import Token
from t2i_studio.domain import GenerationRequest
from t2i_studio.engine.attention import Answers, listening
from t2i_studio.engine.denoising import Start, denoise, drawn_size
from t2i_studio.engine.explanation import SILENT, Explanation, WordMap, words_of
from t2i_studio.engine.lanes import is_shortage
from t2i_studio.engine.loading import LoadedModel
from t2i_studio.engine.steps import Step
from t2i_studio.errors import StudioError

AT_ONCE = 4
"""Words looked at in the same forward passes; one where memory is short."""


def explain(
    model: LoadedModel, request: GenerationRequest, observe: Callable[[float], None], start: Start | None = None
) -> tuple[Explanation, Image.Image]:
    """The explanation of the picture that `request` (complete, one variant) makes, and that picture once more. Batches
    round otherwise than a picture alone: on the embedded model single pixels differ by up to 5 of 255 levels.

    observe: called after each step with the share done, 0–1; what it raises ends the call. Takes about as long as
    one more picture than there are words. Raises StudioError explain.no_words, explain.unsupported, memory.short.
    """
    prompt = request.prompt.text
    words = words_of(prompt, model.card, request.adapters)
    if not words:
        raise StudioError("explain.no_words", prompt=prompt[:80])
    torch.set_num_threads(model.lanes * model.threads)
    for at_once in (AT_ONCE, 1):
        try:
            maps, picture = _maps(model, request, words, at_once, observe, start)
            return _told(prompt, words, maps), picture
        except (RuntimeError, torch.OutOfMemoryError) as error:
            if not is_shortage(error):
                raise
        gc.collect()
    raise StudioError("memory.short", model=model.card.name)


def _maps(
    model: LoadedModel,
    request: GenerationRequest,
    words: list[Token],
    at_once: int,
    observe: Callable[[float], None],
    start: Start | None,
) -> tuple[Tensor, Image.Image]:
    """A map for each word (words, rows, columns), and the picture."""
    groups = [words[first : first + at_once] for first in range(0, len(words), at_once)]
    network = getattr(model.pipe, "unet", None) or model.pipe.transformer
    maps = []
    for number, group in enumerate(groups):
        answers = Answers(1 + len(group), _cells(model, request))

        def follow(step: Step, done: int = number) -> Tensor:
            observe((done + step.number / step.total) / len(groups))
            return step.latents[:1].expand_as(step.latents).clone()  # all look at the picture itself

        prompts = [request.prompt.text, *(without(request.prompt.text, word) for word in group)]
        with listening(network, answers):
            picture, *_ = denoise(model, request, [request.seed] * len(prompts), follow, start, prompts)
        if not answers:
            raise StudioError("explain.unsupported", model=model.card.name, pipeline=type(model.pipe).__name__)
        maps.append(answers.maps())
    return torch.cat(maps), picture


def without(prompt: str, word: Token) -> str:
    """The prompt with a word left out."""
    return prompt[: word.start] + prompt[word.end :]


def _cells(model: LoadedModel, request: GenerationRequest) -> tuple[int, int]:
    drawn, step = drawn_size(request, model), model.card.size_step // model.card.upscale
    return (drawn.height or step) // step, (drawn.width or step) // step


def _told(prompt: str, words: list[Token], maps: Tensor) -> Explanation:
    total, most = float(maps.sum()) or 1.0, float(maps.max()) or 1.0
    shares = (maps.sum((1, 2)) / total).tolist()
    levels = (maps / most * 255).round().int().flatten(1).tolist()
    told = [
        WordMap(
            text=word.text,
            start=word.start,
            end=word.end,
            share=round(share, 4),
            silent=share < SILENT / len(words),
            levels=tuple(level),
        )
        for word, share, level in zip(words, shares, levels, strict=True)
    ]
    return Explanation(prompt=prompt, rows=maps.shape[1], columns=maps.shape[2], words=tuple(told))
