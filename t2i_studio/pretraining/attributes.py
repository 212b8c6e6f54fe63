"""A scene as class numbers, one for each attribute: the targets of every classifier of the recipe."""

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import Scene, shown_color


def attribute_sizes(catalogue: Catalogue) -> dict[str, int]:
    """Number of classes of each attribute. color: 0 is "none in particular"; prop.ID: 0 absent, 1 there."""
    return {
        "object": len(catalogue.objects),
        "color": 1 + len(catalogue.colors),
        "backdrop": len(catalogue.backdrops),
        "podium": len(catalogue.podiums),
        "position": len(catalogue.positions),
        **{f"prop.{prop}": 2 for prop in catalogue.props},
        **dict.fromkeys(STYLE_CONTROLS, 5),
    }


def attributes(scene: Scene, catalogue: Catalogue) -> dict[str, int]:
    """Class of each attribute, from 0; the keys are those of attribute_sizes, in the same order."""
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
