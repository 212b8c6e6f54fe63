"""A scene as class numbers, one for each attribute: the targets of every classifier of the recipe."""

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import Scene, shown_color


def attribute_classes(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The ids of the classes of each attribute, in the order of their numbers.

    color "": none in particular. prop.ID: there or absent. A style control: its levels.
    """
    return {
        "object": tuple(catalogue.objects),
        "color": ("", *catalogue.colors),
        "backdrop": tuple(catalogue.backdrops),
        "podium": tuple(catalogue.podiums),
        "position": tuple(catalogue.positions),
        **{f"prop.{prop}": ("absent", "there") for prop in catalogue.props},
        **dict.fromkeys(STYLE_CONTROLS, ("1", "2", "3", "4", "5")),
    }


def attribute_sizes(catalogue: Catalogue) -> dict[str, int]:
    """Number of classes of each attribute."""
    return {name: len(ids) for name, ids in attribute_classes(catalogue).items()}


def attributes(scene: Scene, catalogue: Catalogue) -> dict[str, int]:
    """Class of each attribute, from 0, in the order of attribute_classes."""
    color = shown_color(scene, catalogue)
    return {
        "object": list(catalogue.objects).index(scene.object),
        "color": 1 + list(catalogue.colors).index(color) if color else 0,
        "backdrop": list(catalogue.backdrops).index(scene.backdrop),
        "podium": list(catalogue.podiums).index(scene.podium),
        "position": list(catalogue.positions).index(scene.position),
        **{f"prop.{prop}": int(prop in scene.props) for prop in catalogue.props},
        **{control: scene.style[control] - 1 for control in STYLE_CONTROLS},
    }
