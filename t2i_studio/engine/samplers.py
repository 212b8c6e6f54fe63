"""Samplers by the names designers know, made from the model's own scheduler configuration.

A sampler fits a model when it can read what the network predicts (noise, velocity, clean picture) along the
model's own noise path (variance preserving or straight flow).
"""

from dataclasses import dataclass, field
from typing import Any

from t2i_studio.errors import StudioError

OWN = "default"
"""The model's own sampler, as its folder configures it."""

DIFFUSION = frozenset({"epsilon", "v_prediction"})
ANY = frozenset({"epsilon", "v_prediction", "sample", "flow_prediction"})


@dataclass(frozen=True)
class Sampler:
    """cls: a diffusers scheduler class. reads: prediction types it understands. flow: it can follow a
    straight path.
    """

    cls: str
    reads: frozenset[str]
    flow: bool = False
    options: dict[str, Any] = field(default_factory=dict)


SAMPLERS = {
    "DPM++ 2M": Sampler("DPMSolverMultistepScheduler", ANY, flow=True),
    "DPM++ 2M Karras": Sampler("DPMSolverMultistepScheduler", ANY, options={"use_karras_sigmas": True}),
    "UniPC": Sampler("UniPCMultistepScheduler", ANY, flow=True),
    "Euler": Sampler("EulerDiscreteScheduler", DIFFUSION),
    "Euler a": Sampler("EulerAncestralDiscreteScheduler", DIFFUSION),
    "Heun": Sampler("HeunDiscreteScheduler", DIFFUSION),
    "DDIM": Sampler("DDIMScheduler", DIFFUSION | {"sample"}),
}


@dataclass(frozen=True)
class NoisePath:
    """How a model is to be sampled. reads: its prediction type. flow: along a straight path. dictated: its
    pipeline hands its own noise levels to its own kind of sampler, and no other takes them.
    """

    reads: str
    flow: bool
    dictated: bool


def path_of(config: dict[str, Any]) -> NoisePath:
    """From a model's scheduler configuration."""
    dictated = str(config.get("_class_name", "")).startswith("FlowMatch")
    reads = config.get("prediction_type", "flow_prediction" if dictated else "epsilon")
    flow = dictated or bool(config.get("use_flow_sigmas")) or reads == "flow_prediction"
    return NoisePath(reads, flow, dictated)


def fitting(config: dict[str, Any]) -> list[str]:
    """Names of the samplers that fit a model with this scheduler configuration; its own comes first."""
    path = path_of(config)
    if path.dictated:
        return [OWN]
    return [OWN] + [
        name for name, sampler in SAMPLERS.items() if path.reads in sampler.reads and (sampler.flow or not path.flow)
    ]


def check_sampler(name: str, config: dict[str, Any]) -> str:
    """The sampler's name as the table writes it. StudioError sampler.unknown names those that fit."""
    for known in fitting(config):
        if known.casefold() == name.casefold():
            return known
    raise StudioError("sampler.unknown", sampler=name, samplers=", ".join(fitting(config)))


def make_scheduler(name: str, own: Any) -> Any:
    """A fresh scheduler: the model's `own` configuration, run by the sampler called `name`."""
    import diffusers

    if name == OWN:
        return own.from_config(own.config)
    config = dict(own.config)
    config["_class_name"] = type(own).__name__
    check_sampler(name, config)
    sampler = SAMPLERS[name]
    path = path_of(config)
    options: dict[str, Any] = {"prediction_type": path.reads} | sampler.options
    if path.flow:
        options |= {
            "use_flow_sigmas": True,
            "flow_shift": config.get("flow_shift") or config.get("shift") or 1.0,
        }
    return getattr(diffusers, sampler.cls).from_config(own.config, **options)
