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
    Stage,
    Vote,
)
from t2i_studio.engine.acceptance import accept
from t2i_studio.engine.kept import keep
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.learning.compared import outcomes_of
from t2i_studio.learning.evidence import gather
from t2i_studio.learning.gate import Measured, at_strength, decide
from t2i_studio.learning.held_out import held_out, names_of
from t2i_studio.learning.runs import folder_of
from t2i_studio.learning.split import descriptions
from t2i_studio.settings import Settings
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.database import Database
from t2i_studio.store.session_drafts import SessionDraft, enqueue_draft, get_draft
from t2i_studio.store.variants import get_variants
from t2i_studio.store.votes import votes

ITEMS = 48
"""Descriptions that people see old and new of; with OVERLAP answers each, some ten minutes for three people."""
OVERLAP = 3
EVALUATION, DRAFT = "evaluation.json", "asking.json"
FIRST_SEED = 600_000_000
"""Other seeds than those of the evaluation."""


def ask(db: Database, settings: Settings, run_id: int, user: str) -> SessionDraft:
    """A draft of a blind session of pairs, old and new of each description from the same seed, and its waiting batches.

    The descriptions are of products that no rating was about. Asked again, the same draft, unless it was discarded.
    Raises StudioError learning.unknown, learning.no_adapter.
    """
    run = learning_runs.get_run(db, run_id)
    new = _adapter(db, run)
    if (draft := draft_of(db, run_id)) and draft.state != "discarded":
        return draft
    card = find_model(settings, run.scope.model)
    told = set(descriptions(gather(db, run.scope, new.model_hash)).values())
    requests: list[GenerationRequest] = []
    for number, text in enumerate(held_out(card, told).texts[:ITEMS]):
        for adapters in (before(db, run), (Adapter(path=new.path, scale=scale_of(run)),)):
            request = make_request(text, card, adapters=adapters, seed=FIRST_SEED + number, variants=1, user=user)
            requests.append(accept(request, card))
    name = f"{run.scope.model} · {new.version} · {datetime.now():%Y-%m-%d}"
    plan = SessionPlan(name=name, kind=SessionKind.PAIRS, overlap=OVERLAP, user=user)
    draft = enqueue_draft(db, plan, "adapter", requests)
    keep(folder_of(db, run_id) / DRAFT, json.dumps(draft.id))
    return draft


def draft_of(db: Database, run_id: int) -> SessionDraft | None:
    """The draft of a run's blind session, if people were asked."""
    file = folder_of(db, run_id) / DRAFT
    return get_draft(db, json.loads(file.read_text())) if file.exists() else None


def settle(db: Database, run_id: int) -> LearningRun:
    """Go on where people were asked: once the session is made, the run waits for it; with answers, it has their verdict
    so far. Without a session, or while another process works on the run, it stays as it is.

    Raises StudioError learning.unknown, learning.no_adapter.
    """
    run = learning_runs.get_run(db, run_id)
    session = run.session or _made(db, run_id)
    if session is None or run.stage not in (Stage.DECIDED, Stage.ASKING):
        return run
    if run.session is None:
        learning_runs.attach_session(db, run_id, session)
        learning_runs.claim_run(db, run_id)
        run = learning_runs.set_stage(db, run_id, Stage.ASKING)
    answers = votes(db, session)
    new = _source(db, answers, _adapter(db, run))
    products = {vote.prompt: names_of(vote.prompt) for vote in answers}
    outcomes = outcomes_of(answers, new, products) if new else []
    if not outcomes:
        return run
    verdict = decide(measured(db, run_id), people=outcomes)
    learning_runs.claim_run(db, run_id)
    return learning_runs.keep_verdict(db, run_id, at_strength(verdict, scale_of(run)))


def _made(db: Database, run_id: int) -> int | None:
    draft = draft_of(db, run_id)
    return draft.session if draft else None


def scale_of(run: LearningRun) -> float:
    """At which a run's adapter was compared; whole before that."""
    return run.verdict.scale if run.verdict else 1.0


def measured(db: Database, run_id: int) -> Measured:
    """What the evaluation measured besides taste."""
    file = folder_of(db, run_id) / EVALUATION
    return Measured.model_validate_json(file.read_text()) if file.exists() else Measured()


def _adapter(db: Database, run: LearningRun) -> LearntAdapter:
    made = learnt_adapters.adapter_of(db, run.id)
    if made is None:
        raise StudioError("learning.no_adapter", run=run.id, stage=run.stage)
    return made


def before(db: Database, run: LearningRun) -> tuple[Adapter, ...]:
    """What the new adapter is compared with: the one in use, or the model itself."""
    used = learnt_adapters.adopted_adapter(db, run.scope.model, run.scope.team)
    if used is None or used.run == run.id:
        return ()
    return (Adapter(path=used.path, scale=scale_of(learning_runs.get_run(db, used.run))),)


def _source(db: Database, answers: Sequence[Vote], adapter: LearntAdapter) -> str | None:
    """What the session calls the new one."""
    for vote in answers:
        for source, variant in zip(vote.sources, get_variants(db, vote.variants), strict=True):
            if any(used.path == adapter.path for used in variant.request.adapters):
                return source
    return None
