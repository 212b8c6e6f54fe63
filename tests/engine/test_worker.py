"""Nothing that happens to a job stops the worker."""

import json
import shutil
import sys
import time

import pytest

from t2i_studio.domain import State
from t2i_studio.engine import live
from t2i_studio.engine.engine import Engine
from t2i_studio.errors import StudioError
from t2i_studio.store import images
from t2i_studio.store.jobs import get_job, request_cancel
from t2i_studio.store.variants import get_variants


def test_a_broken_model_fails_its_job_with_a_sentence_and_the_next_job_is_made(
    engine, request_for, tiny_models, tmp_path
):
    broken = shutil.copytree(tiny_models["stable-diffusion"], tmp_path / "broken")
    (broken / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"x")
    bad = engine.submit(request_for(model=str(broken), variants=3))
    good = engine.submit(request_for())
    status = engine.wait(bad.id, 60)
    assert status.state is State.FAILED
    assert StudioError(status.error["key"], **status.error["params"]).sentence("zh")
    assert status.error["key"] == "model.corrupt"
    assert {variant.state for variant in status.variants} == {State.FAILED}
    assert engine.wait(good.id, 60).state is State.DONE


def test_an_unforeseen_error_fails_the_job_only(engine, request_for, tiny_models, tmp_path):
    odd = shutil.copytree(tiny_models["stable-diffusion"], tmp_path / "odd")
    config = odd / "text_encoder" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"max_position_embeddings": 4}))
    job = engine.submit(request_for(model=str(odd)))
    assert engine.wait(job.id, 60).state is State.FAILED
    after = engine.submit(request_for())
    assert engine.wait(after.id, 60).state is State.DONE


def test_another_process_can_cancel_a_running_job(engine, db, request_for):
    job = engine.submit(request_for(steps=200, variants=8))
    while engine.status(job.id).variants[0].step == 0:
        time.sleep(0.005)
    request_cancel(db, job.id)
    assert engine.wait(job.id, 20).state is State.CANCELLED


def test_another_process_can_cancel_a_waiting_job(engine, db, request_for):
    first = engine.submit(request_for(steps=100, variants=2))
    waiting = engine.submit(request_for(steps=100, variants=2))
    assert get_job(db, waiting.id).state is State.WAITING
    request_cancel(db, waiting.id)
    assert engine.wait(waiting.id, 60).state is State.CANCELLED
    assert engine.wait(first.id, 60).state is State.DONE
    assert not any(variant.image for variant in get_variants(db, waiting.variants))


def test_an_unusable_device_fails_jobs_with_a_sentence(db, settings, request_for):
    engine = Engine(db, settings.model_copy(update={"device": "cuda:9"}))
    engine.start()
    job = engine.submit(request_for(variants=2))
    status = engine.wait(job.id, 60)
    assert (status.state, status.error["key"]) == (State.FAILED, "device.unknown")
    engine.close()


def test_jobs_of_a_finished_engine_are_told_from_the_store(engine, db, settings, request_for):
    job = engine.submit(request_for(variants=2))
    engine.wait(job.id, 60)
    status = Engine(db, settings).status(job.id)
    assert status.state is State.DONE
    assert [variant.step for variant in status.variants] == [4, 4]
    assert all(variant.image for variant in status.variants)


def test_a_refused_request_leaves_no_job(engine, db, request_for):
    with pytest.raises(StudioError):
        engine.submit(request_for(width=33, height=33))
    with pytest.raises(StudioError):
        get_job(db, 1)


def test_a_full_disk_fails_the_job_with_a_sentence_and_is_written_down_once_there_is_room(
    engine, db, request_for, monkeypatch
):
    full = StudioError("store.disk_full", path=db.home)

    def refuse(*_):
        raise full

    with monkeypatch.context() as disk:
        disk.setattr(images, "put_image", refuse)
        disk.setattr(live, "finish_job", refuse)
        job = engine.submit(request_for(variants=2))
        status = engine.wait(job.id, 60)
        assert status.state is State.FAILED
        assert StudioError(status.error["key"], **status.error["params"]).sentence("zh") == full.sentence("zh")
    assert engine.wait(engine.submit(request_for()).id, 60).state is State.DONE
    assert get_job(db, job.id).error == {"key": "store.disk_full", "params": {"path": str(db.home)}}
    engine.resume(job.id)
    assert engine.wait(job.id, 60).state is State.DONE


def test_a_broken_installation_fails_jobs_with_a_sentence(db, settings, request_for, monkeypatch):
    monkeypatch.setitem(sys.modules, "t2i_studio.engine.worker", None)
    monkeypatch.delattr("t2i_studio.engine.worker", raising=False)
    engine = Engine(db, settings)
    engine.start()
    job = engine.submit(request_for())
    assert engine.wait(job.id, 60).error["key"] == "engine.failed"
    engine.close()
