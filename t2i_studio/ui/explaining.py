"""What the page of a variant asks for to explain its picture."""

from t2i_studio.ui.desk import Answer, sentence
from t2i_studio.ui.studio import Studio, Visitor


def explain(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """Ask which regions of a picture answered to which word; the engine finds out in the background."""
    studio.engine.explain(id)
    return explanation(studio, visitor, id=id)


def stop_explaining(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """Take the question back."""
    studio.engine.stop_explaining(id)
    return explanation(studio, visitor, id=id)


def explanation(studio: Studio, visitor: Visitor, *, id: int) -> Answer:
    """How far that is. state: null while nobody has asked; done: 0–1; told: the explanation, once there is one."""
    status = studio.engine.explanation(id)
    told = status.told.model_dump(mode="json") if status.told else None
    return {"state": status.state, "done": status.done, "told": told, "problem": sentence(status.error, visitor)}
