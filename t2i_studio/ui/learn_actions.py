"""What the Learn page can ask for: to look at the ratings, to learn, and to put what was learnt in use or not."""

import threading
from collections import OrderedDict
from typing import Annotated, Any

from pydantic import Field

from t2i_studio.domain import LearningRun, Length, Scope, Stage, check_text
from t2i_studio.engine.registry import model_cards
from t2i_studio.errors import StudioError
from t2i_studio.learning import adoption, curve, discarding
from t2i_studio.learning.preflight import Preflight, examine
from t2i_studio.learning.taste_words import reason, sureness
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.ui import learn_process
from t2i_studio.ui.desk import Answer
from t2i_studio.ui.learn_asking import ask_people, link_for_raters, up_to_date
from t2i_studio.ui.learn_telling import (
    is_busy,
    known_weights,
    lengths,
    session_names,
    told_adapter,
    told_preflight,
    told_run,
    told_whole_run,
)
from t2i_studio.ui.ranking import ranker
from t2i_studio.ui.studio import Studio, Visitor

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
Nonce = Annotated[str, Field(min_length=8, max_length=100)]
RUNS, ADAPTERS = 50, 100
"""Shown, the newest."""
SETTLED = (Stage.DECIDED, Stage.ASKING)
"""Stages in which there is a choice about what was made."""
REMEMBERED = 200
_begun: OrderedDict[tuple[str, str], int] = OrderedDict()
_turn = threading.Lock()


def learning_page(studio: Studio, visitor: Visitor) -> Answer:
    """What there is to choose, every run and adapter. busy: the run that is at work."""
    names = session_names(studio)
    runs = learning_runs.list_runs(studio.db, limit=RUNS)
    adapters = learnt_adapters.list_adapters(studio.db, limit=ADAPTERS)
    weights = known_weights(studio)
    return {
        "sessions": [{"id": id, "name": name} for id, name in names.items()],
        "models": [card.name for card in model_cards(studio.settings) if card.available],
        "model": studio.settings.model,
        "teams": sorted({run.scope.team for run in runs if run.scope.team}),
        "busy": next((run.id for run in runs if is_busy(studio, run)), None),
        "runs": [told_run(studio, visitor, run, names) for run in runs],
        "adapters": [
            told_adapter(studio, visitor, adapter, weights)
            for adapter in adapters
            if adapter.adopted or learning_runs.get_run(studio.db, adapter.run).stage in SETTLED
        ],
    }


def learning_preflight(
    studio: Studio,
    visitor: Visitor,
    *,
    session: Number | None = None,
    length: Length = Length.USUAL,
    team: str = "",
    model: str = "",
) -> Answer:
    """What the ratings are and what they are enough for; nothing is kept of it."""
    found = _look(studio, _scope(studio, session, team, model), length)
    return told_preflight(studio, visitor, found) | {"lengths": lengths(studio, found)}


def learning_taste(
    studio: Studio, visitor: Visitor, *, session: Number | None = None, team: str = "", model: str = ""
) -> Answer:
    """What a model's ratings prefer, in words, or why that cannot be told; `told`: whether it can. Looks at pictures
    that were not looked at yet, which takes some seconds.
    """
    scope = _scope(studio, session, team, model)
    try:
        taste = ranker(studio).tastes.taste(scope.model, scope.team, scope.session)
    except StudioError as error:
        return {"told": False, "sentences": [error.sentence(visitor.language)]}
    said = [reason(taste.leanings, visitor.language), sureness(taste.reward, visitor.language)]
    return {"told": True, "sentences": said}


def _scope(studio: Studio, session: int | None, team: str, model: str) -> Scope:
    return Scope(model=model or studio.settings.model, session=session, team=check_text(team, empty_ok=True))


def _look(studio: Studio, scope: Scope, length: Length) -> Preflight:
    pace = curve.measured(studio.db, scope.model)
    return examine(studio.db, studio.settings, scope, length, pace).preflight


def begin_learning(
    studio: Studio,
    visitor: Visitor,
    *,
    nonce: Nonce,
    session: Number | None = None,
    length: Length = Length.USUAL,
    team: str = "",
    model: str = "",
    anyway: bool = False,
) -> Answer:
    """Begin a run, in the background. What the preflight refuses is not begun. nonce: the page's mark of this press;
    sent again after a lost reply, it brings the same answer. anyway: though no taste can be told from the ratings.
    """
    key = (str(studio.db.engine.url), nonce)
    with _turn:
        if key not in _begun:
            _begun[key] = _begin(studio, visitor, _scope(studio, session, team, model), length, anyway)
            while len(_begun) > REMEMBERED:
                _begun.popitem(last=False)
        return {"run": _begun[key]}


def _begin(studio: Studio, visitor: Visitor, scope: Scope, length: Length, anyway: bool) -> int:
    _check_idle(studio)
    found = _look(studio, scope, length)
    if found.refusals:
        raise found.refusals[0].error
    run = learning_runs.create_run(studio.db, scope, length, visitor.user, anyway=anyway)
    learn_process.start(studio, run.id)
    return run.id


def _check_idle(studio: Studio) -> None:
    for run in learning_runs.list_runs(studio.db, limit=RUNS):
        if is_busy(studio, run):
            raise StudioError("learning.busy", run=run.id)


def learning_run(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    """A run as it is now."""
    run = up_to_date(studio, learning_runs.get_run(studio.db, id))
    return {"run": told_whole_run(studio, visitor, run)}


def cancel_learning(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    with _turn:
        if learning_runs.request_cancel(studio.db, id).stage is Stage.CANCELLED:
            learn_process.finish(studio, id)  # one that was only about to begin would take it up again
    return {"id": id}


def resume_learning(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    """Take a run on from where it stopped."""
    with _turn:
        run = learning_runs.get_run(studio.db, id)
        if not is_busy(studio, run):
            _check_idle(studio)
        if run.stage in (Stage.CANCELLED, Stage.FAILED):
            learn_process.finish(studio, id)
            learning_runs.resume_run(studio.db, id)
        elif is_busy(studio, run) or run.stage in (Stage.DECIDED, Stage.REFUSED, Stage.ASKING):
            raise StudioError("learning.not_resumable", id=id, stage=run.stage)
        learn_process.start(studio, id)
    return {"id": id}


def learn_again(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    """A new run of the same choices, with the ratings as they are now: without those that were withdrawn."""
    old: LearningRun = learning_runs.get_run(studio.db, id)
    with _turn:
        return {"run": _begin(studio, visitor, old.scope, old.length, old.anyway)}


def adopt_adapter(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    adapter = adoption.adopt(studio.db, studio.settings, id, visitor.user)
    return {"adapter": told_adapter(studio, visitor, adapter, known_weights(studio))}


def roll_back_adapter(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    """Put in use what was before this adapter: it must be the one in use."""
    adapter = learnt_adapters.get_adapter(studio.db, id)
    if not adapter.adopted:
        raise StudioError("learning.nothing_adopted", model=adapter.model, team=adapter.team or "–")
    before = learnt_adapters.roll_back(studio.db, adapter.model, adapter.team, visitor.user)
    return {"version": before.version if before else None}


def discard_adapter(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    discarding.discard(studio.db, id)
    return {"id": id}


def take_back_adapter(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    discarding.take_back(studio.db, id)
    return {"id": id}


LEARN_ACTIONS: tuple[Any, ...] = (
    learning_page,
    learning_preflight,
    learning_taste,
    begin_learning,
    learning_run,
    cancel_learning,
    resume_learning,
    learn_again,
    ask_people,
    link_for_raters,
    adopt_adapter,
    roll_back_adapter,
    discard_adapter,
    take_back_adapter,
)
