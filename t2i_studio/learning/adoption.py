"""From a verdict to the model in use: which adapters may be adopted, and which one requests get."""

from t2i_studio.domain import Adapter, LearningRun, LearntAdapter, Stage
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.engine.weights import weight_hash
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.database import Database


def adopt(db: Database, settings: Settings, adapter_id: int, user: str) -> LearntAdapter:
    """Put an adapter in use for its model and team, from the next request on.

    Raises StudioError learning.not_decided, learning.not_better (its verdict is no), learning.forgotten (ratings behind
    it were withdrawn), learning.other_weights (the model has changed), and those of `learnt_adapters.adopt`.
    """
    adapter = learnt_adapters.get_adapter(db, adapter_id)
    check_verdict(learning_runs.get_run(db, adapter.run))
    if adapter.forgotten:
        raise StudioError("learning.forgotten", run=adapter.run)
    if weights_now(db, find_model(settings, adapter.model)) != adapter.model_hash:
        raise StudioError("learning.other_weights", model=adapter.model)
    return learnt_adapters.adopt(db, adapter_id, user)


def check_verdict(run: LearningRun) -> None:
    """Raises StudioError learning.not_decided, learning.not_better."""
    if run.stage is not Stage.DECIDED or run.verdict is None:
        raise StudioError("learning.not_decided", run=run.id, stage=run.stage)
    if not run.verdict.adopt:
        raise StudioError("learning.not_better", run=run.id)


def adapters_in_use(db: Database, card: ModelCard, team: str = "") -> tuple[Adapter, ...]:
    """What a request of this model and team gets when it asks for nothing else: the adopted adapter, or none.

    One that was trained for other weights of the model is left out: it would spoil pictures.
    """
    adopted = learnt_adapters.adopted_adapter(db, card.name, team)
    if adopted is None or weights_now(db, card) != adopted.model_hash:
        return ()
    verdict = learning_runs.get_run(db, adopted.run).verdict
    return (Adapter(path=adopted.path, scale=verdict.scale if verdict else 1.0),)


def weights_now(db: Database, card: ModelCard) -> str | None:
    """sha256 of the model's weights as they are, None for a model that is not on this machine."""
    return weight_hash(card.folder, db.home / "cache" / "weights.json") if card.folder else None
