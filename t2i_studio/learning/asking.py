"""People decide: a blind session of old against new, and its answers as the verdict."""

import json
from collections.abc import Sequence
from datetime import datetime

from t2i_studio.brief.requests import make_request
from t2i_studio.domain import (
    Adapter,
    GenerationRequest,
    LearningRun,
    LearntAdapter,
    SessionKind,
    SessionPlan,
    Vote,
)
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning import gate
from t2i_studio.learning.compared import outcomes_of
from t2i_studio.learning.runs import folder_of
from t2i_studio.settings import Settings
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.database import Database
from t2i_studio.store.session_drafts import SessionDraft, enqueue_draft
from t2i_studio.store.variants import get_variants
from t2i_studio.store.votes import votes

ITEMS = 48
"""Descriptions that people see old and new of; with OVERLAP answers each, some ten minutes for three people."""
OVERLAP = 3
EVALUATION = "evaluation.json"


def ask(db: Database, settings: Settings, run_id: int, user: str, texts: Sequence[str]) -> SessionDraft:
    """A draft of a blind session of pairs, old and new of each description from the same seed, and its waiting batches.

    texts: descriptions that no rating of the run was about. Raises StudioError learning.unknown, learning.no_adapter.
    """
    run = learning_runs.get_run(db, run_id)
    new = _adapter(db, run)
    card = find_model(settings, run.scope.model)
    requests: list[GenerationRequest] = []
    for number, text in enumerate(texts[:ITEMS]):
        for adapters in (_before(db, run), (Adapter(path=new.path),)):
            request = make_request(text, card, adapters=adapters, seed=10_000 + number, variants=1, user=user)
            requests.append(accept(request, card))
    day = f"{datetime.now():%Y-%m-%d}"
    plan = SessionPlan(
        name=f"{run.scope.model} {new.version} · {day}", kind=SessionKind.PAIRS, overlap=OVERLAP, user=user
    )
    return enqueue_draft(db, plan, "adapter", requests)


def settle(db: Database, run_id: int) -> LearningRun:
    """The run with the verdict of its session's answers so far; without a session, or without an answer, as it is.

    Raises StudioError learning.unknown, learning.no_adapter.
    """
    run = learning_runs.get_run(db, run_id)
    if run.session is None:
        return run
    adapter, answers = _adapter(db, run), votes(db, run.session)
    new = _source(db, answers, adapter)
    outcomes = outcomes_of(answers, new, {}) if new else []
    if not outcomes:
        return run
    learning_runs.claim_run(db, run_id)
    return learning_runs.keep_verdict(db, run_id, gate.decide(measured(db, run_id), people=outcomes))


def measured(db: Database, run_id: int) -> gate.Measured:
    """What the evaluation measured besides taste."""
    file = folder_of(db, run_id) / EVALUATION
    return gate.Measured.model_validate(json.loads(file.read_text())) if file.exists() else gate.Measured()


def _adapter(db: Database, run: LearningRun) -> LearntAdapter:
    made = learnt_adapters.adapter_of(db, run.id)
    if made is None:
        raise StudioError("learning.no_adapter", run=run.id, stage=run.stage)
    return made


def _before(db: Database, run: LearningRun) -> tuple[Adapter, ...]:
    """What the new adapter is compared with: the one in use, or the model itself."""
    used = learnt_adapters.adopted_adapter(db, run.scope.model, run.scope.team)
    return (Adapter(path=used.path),) if used and used.run != run.id else ()


def _source(db: Database, answers: Sequence[Vote], adapter: LearntAdapter) -> str | None:
    """What the session calls the new one."""
    for vote in answers:
        for source, variant in zip(vote.sources, get_variants(db, vote.variants), strict=True):
            if any(used.path == adapter.path for used in variant.request.adapters):
                return source
    return None
