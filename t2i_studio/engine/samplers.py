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
FLOW = frozenset({"flow_prediction"})


@dataclass(frozen=True)
class Sampler:
    """cls: a diffusers scheduler class. reads: prediction types it understands. flow: whether it can follow
    a straight path; only_flow: whether it can follow nothing else.
    """

    cls: str
    reads: frozenset[str]
    flow: bool = False
    only_flow: bool = False
    options: dict[str, Any] = field(default_factory=dict)


SAMPLERS = {
    "DPM++ 2M": Sampler("DPMSolverMultistepScheduler", ANY, flow=True),
    "DPM++ 2M Karras": Sampler("DPMSolverMultistepScheduler", ANY, options={"use_karras_sigmas": True}),
    "UniPC": Sampler("UniPCMultistepScheduler", ANY, flow=True),
    "Euler": Sampler("EulerDiscreteScheduler", DIFFUSION),
    "Euler a": Sampler("EulerAncestralDiscreteScheduler", DIFFUSION),
    "Heun": Sampler("HeunDiscreteScheduler", DIFFUSION),
    "DDIM": Sampler("DDIMScheduler", ANY - FLOW),
    "Flow Euler": Sampler("FlowMatchEulerDiscreteScheduler", FLOW, flow=True, only_flow=True),
}


def prediction(config: dict[str, Any]) -> tuple[str, bool]:
    """What the network of a model predicts, and whether along a straight path, from its scheduler's
    configuration.
    """
    flow_class = str(config.get("_class_name", "")).startswith("FlowMatch")
    kind = config.get("prediction_type", "flow_prediction" if flow_class else "epsilon")
    return kind, flow_class or bool(config.get("use_flow_sigmas")) or kind == "flow_prediction"


def fitting(config: dict[str, Any]) -> list[str]:
    """Names of the samplers that fit a model with this scheduler configuration; its own comes first."""
    kind, flow = prediction(config)
    return [OWN] + [
        name
        for name, sampler in SAMPLERS.items()
        if kind in sampler.reads and (sampler.flow if flow else not sampler.only_flow)
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
    kind, flow = prediction(config)
    options: dict[str, Any] = {"prediction_type": kind} | sampler.options
    if flow and not sampler.only_flow:
        options |= {
            "use_flow_sigmas": True,
            "flow_shift": config.get("flow_shift") or config.get("shift") or 1.0,
        }
    return getattr(diffusers, sampler.cls).from_config(own.config, **options)
