"""Asking why a picture looks as it does: in line with the work on new pictures, kept, and refused with a sentence."""

import threading
import time

import pytest

from t2i_studio.domain import Adapter, State
from t2i_studio.engine import worker
from t2i_studio.engine.costs import Costs
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.explanation import Explanation, explanation_path, words_of
from t2i_studio.engine.live import Board, new_live_job
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.store.variants import get_variant

PATIENCE = 60


def made(engine, db, request):
    job = engine.submit(request)
    assert engine.wait(job.id, PATIENCE).state is State.DONE
    return get_variant(db, job.variants[0])


def answered(engine, variant):
    deadline = time.monotonic() + PATIENCE
    while (status := engine.explanation(variant.id)).state not in (State.DONE, State.FAILED, None):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return status


def test_an_explanation_is_made_once_and_kept(engine, db, settings, request_for, monkeypatch):
    variant = made(engine, db, request_for(text="red handbag"))
    assert engine.explanation(variant.id).state is None
    engine.explain(variant.id)
    told = answered(engine, variant).told
    assert [word.text for word in told.words] == ["red", "handbag"]
    monkeypatch.setattr(worker, "explain", None)
    another = Engine(db, settings)
    another.explain(variant.id)
    assert another.explanation(variant.id).told == told


def test_a_word_that_only_an_adapter_knows_is_looked_at(settings, tmp_path):
    (tmp_path / "vocabulary.json").write_text('{"lumo": {"kind": "object", "en": ["lumo kettle"]}}', encoding="utf-8")
    card, prompt = find_model(settings, "podium"), "red lumo kettle"

    def kinds(*adapters):
        return {token.text: token.kind for token in words_of(prompt, card, adapters)}

    assert kinds(Adapter(path=str(tmp_path)))["lumo kettle"] == "known"
    assert "known" not in {kind for text, kind in kinds().items() if "lumo" in text}


def test_a_damaged_file_is_no_explanation(engine, db, request_for):
    variant = made(engine, db, request_for(text="red"))
    path = explanation_path(db.home, variant)
    path.parent.mkdir(parents=True)
    path.write_text('{"prompt": "red"')
    assert Explanation.kept_at(path) is None
    engine.explain(variant.id)
    assert answered(engine, variant).state is State.DONE


def test_a_question_without_an_answer_says_why_and_can_be_asked_again(engine, db, request_for):
    variant = made(engine, db, request_for(text="on a"))
    for _ in range(2):
        engine.explain(variant.id)
        assert answered(engine, variant).error["key"] == "explain.no_words"


def test_a_question_can_be_taken_back_and_asked_again(engine, db, request_for, monkeypatch):
    variant = made(engine, db, request_for(text="red handbag"))
    really, begun, go_on = worker.explain, threading.Event(), threading.Event()

    def slow(model, request, observe, start):
        begun.set()
        assert go_on.wait(PATIENCE)
        return really(model, request, observe, start)

    monkeypatch.setattr(worker, "explain", slow)
    engine.explain(variant.id)
    assert begun.wait(PATIENCE)
    engine.stop_explaining(variant.id)
    assert engine.explanation(variant.id).state is None
    engine.explain(variant.id)
    go_on.set()
    assert answered(engine, variant).state is State.DONE


def test_other_weights_than_the_pictures_are_refused(engine, db, request_for, monkeypatch):
    variant = made(engine, db, request_for(text="red"))
    origin = variant.origin.model_copy(update={"model_hash": "0" * 64})
    monkeypatch.setattr(
        "t2i_studio.engine.engine.get_variant", lambda *_: variant.model_copy(update={"origin": origin})
    )
    engine.explain(variant.id)
    assert answered(engine, variant).error["key"] == "explain.model_changed"


def test_an_unfinished_variant_cannot_be_explained(db, settings, request_for):
    idle = Engine(db, settings)
    job = idle.submit(request_for())
    with pytest.raises(StudioError) as refused:
        idle.explain(job.variants[0])
    assert refused.value.key == "explain.unfinished"


def test_questions_and_variants_take_turns(engine, db, request_for, tmp_path):
    variant = made(engine, db, request_for(text="red"))
    board = Board(Costs(tmp_path / "costs.json"))
    board.add(new_live_job(1, variant.request, [(1, 0), (2, 1)]))
    for number in (7, 8):
        board.ask(variant.model_copy(update={"id": number}))
    kinds = [type(board.take()).__name__ for _ in range(4)]
    assert kinds == ["Question", "Item", "Question", "Item"]
