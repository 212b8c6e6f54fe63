"""The text of the model folder's README.md, from what the export measured."""

from collections.abc import Mapping, Sequence

from t2i_studio.pretraining.catalogue import Catalogue, load_catalogue
from t2i_studio.pretraining.export import Sampling

TEXT = """---
license: apache-2.0
language: [zh, en]
pipeline_tag: text-to-image
---
# podium

A small bilingual text-to-image model of product scenes: a product on a backdrop, with a podium, soft shadow, props
and light. Trained from scratch for T2I Studio on processor cores; an ordinary diffusers `StableDiffusionPipeline`
folder. Plain diffusers draws 256 px; the studio makes 512 px of them with the network in `upscaler/`, if there is one.

```python
from diffusers import DiffusionPipeline

pipe = DiffusionPipeline.from_pretrained("assets/models/podium")
picture = pipe("红色手提包，白色圆形展台，粉色背景", num_inference_steps={steps}, guidance_scale={guidance}).images[0]
```

Where the product stands and how large it is, unless the prompt says so, is decided by the seed. The studio lets it also
decide what is around the product: nothing, or a few leaves, blossoms or stars. Plain diffusers does not, and
there a prompt that names no props gets a faint mixture; say "minimal" to have none. What a prompt says of props, their
number and playfulness the studio tells the model more strongly (`framing/`).

**Data.** Scenes composed by `t2i_studio.pretraining` from the 3D renders of Fluent Emoji (Microsoft, MIT, as packaged
in @lobehub/fluent-emoji-3d 1.1.0), captioned in Chinese and English from the scenes' own parameters. {others}

**Recipe.** docs/recipe.md. Steps taken: {lengths}; {hours:.1f} core-hours
in all.

**Scores** ({prompts} held-out prompts in turn Chinese and English, judged by a classifier trained on composed scenes
only; {steps} steps, guidance {guidance}). binding: both colours in their places where a prompt has two; diversity: how
far seeds of one prompt are apart, scenes that agree with it being 1; fid_ratio: Fréchet distance to as many composed
scenes in the classifier's features, that of other such scenes being 1; docs/measures.md tells more. {judges}

{scores}

**Objects it knows** ({count}): {known}.

**Known failures.** It knows these objects and nothing else; words outside its vocabulary change nothing.{unknown}
White and black products come out softer than others, close ones with soft outlines, and the smallest, which are drawn
only where asked for, are hard to recognise. Soft shapes can stand where a detail was not drawn. It cannot write text,
draw people or several products at once.

**Licence.** Weights Apache-2.0.
"""


OTHERS = "second."  # before the name of a score by the second judge
SECOND = """A second judge, of another
architecture and taught with other scenes, only judges here:"""
NO_OTHERS = "No photographs,\nno scraped pictures, no people's data."
SHOP = """Of the
products {count} are a shop's own, cut out of the pictures it gave; the rights in these are the shop's."""


def write(
    catalogue: Catalogue, known: Sequence[str], scores: Mapping[str, float],
    prompts: int, sampling: Sampling, lengths: Mapping[str, int], hours: float, taught: Sequence[str],
) -> str:  # fmt: skip
    """The card. lengths, hours: steps of each stage, and core-hours of all. taught: all objects the training showed."""
    own = set(taught) - set(load_catalogue().objects)
    failed = ", ".join(sorted(set(taught) - set(known)))
    return TEXT.format(
        steps=sampling.steps, guidance=f"{sampling.guidance:g}", prompts=prompts, count=len(known), hours=hours,
        others=SHOP.format(count=len(own)) if own else NO_OTHERS,
        lengths=", ".join(f"{stage.replace('_', ' ')} {steps:,}" for stage, steps in lengths.items()),
        scores=table(scores) if scores else "not measured yet",
        judges=SECOND if any(name.startswith(OTHERS) for name in scores) else "",
        known=", ".join(f"{catalogue.objects[name].en} {catalogue.objects[name].zh}" for name in known),
        unknown=f" It was taught\nbut does not yet draw recognisably: {failed}." if failed else "",
    )  # fmt: skip


def table(scores: Mapping[str, float]) -> str:
    """The scores in Markdown, those by the second judge in a column of their own."""
    others = {name.removeprefix(OTHERS): value for name, value in scores.items() if name.startswith(OTHERS)}
    lines = ["| measure | value |", "|---|---|"]
    lines += [f"| {name} | {value:.3f} |" for name, value in scores.items() if not name.startswith(OTHERS)]
    if others:
        cells = ["second judge", "---", *(f"{value:.3f}" for value in others.values())]
        lines = [f"{line} {cell} |" for line, cell in zip(lines, cells, strict=True)]
    return "\n".join(lines)
