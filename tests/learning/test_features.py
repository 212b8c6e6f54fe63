"""Looks of pictures: of any model's, kept once, made again where they are damaged."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from t2i_studio.errors import StudioError
from t2i_studio.learning import features
from t2i_studio.learning.features import kept_looks, look_at, looks
from t2i_studio.learning.traits import DETAILS, TRAITS, adherence, frame
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import image_path, put_image


@pytest.fixture
def home(tmp_path: Path) -> tuple[Database, Settings]:
    return open_database(tmp_path), Settings(home=tmp_path)


def picture(seed: int, size: tuple[int, int] = (96, 64)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (5, 7, 3), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def stored(db: Database, seed: int) -> str:
    picture(seed).save(out := io.BytesIO(), "PNG")
    return put_image(db, out.getvalue())


def kept(db: Database) -> list[Path]:
    return sorted((db.home / "cache" / "features").rglob("*.json"))


def test_a_look_is_computed_once_and_read_the_next_time(home: tuple[Database, Settings]) -> None:
    db, settings = home
    images = [stored(db, seed) for seed in range(3)]
    assert kept_looks(db, settings, images) == {}
    first = looks(db, settings, images)
    assert set(first) == set(images)
    files = kept(db)
    assert {file.stem for file in files} == set(images)
    before = [file.stat().st_mtime_ns for file in files]
    assert looks(db, settings, images) == first == kept_looks(db, settings, images)
    assert [file.stat().st_mtime_ns for file in files] == before


def test_a_damaged_file_is_made_again(home: tuple[Database, Settings]) -> None:
    db, settings = home
    image = stored(db, 1)
    was = looks(db, settings, [image])
    for damage in (b"", b"{", b'{"measures": {}}'):
        kept(db)[0].write_bytes(damage)
        assert looks(db, settings, [image]) == was
        assert kept_looks(db, settings, [image]) == was


def test_pictures_that_are_gone_or_broken_are_left_out(home: tuple[Database, Settings]) -> None:
    db, settings = home
    good, broken = stored(db, 1), stored(db, 2)
    image_path(db, broken).write_bytes(b"no picture")
    assert set(looks(db, settings, [good, broken, "0" * 64, "../x"])) == {good}


def test_several_threads_make_the_same_looks(home: tuple[Database, Settings]) -> None:
    db, settings = home
    images = [stored(db, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as room:
        found = list(room.map(lambda _: looks(db, settings, images), range(4)))
    assert all(each == found[0] for each in found)
    assert not list((db.home / "cache" / "features").rglob("*-*"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK"])
def test_pictures_of_any_size_and_mode_have_a_look(mode: str) -> None:
    sizes = [(512, 768), (17, 33)]
    seen = look_at([picture(1, size).convert(mode) for size in sizes], Settings())
    for one in seen:
        assert all(np.isfinite(list(one.measures.values())))
        assert len(one.deep) == len(seen[0].deep)
        assert sum(one.seen["podium"].values()) == pytest.approx(1, abs=0.01)


def test_columns_are_finite_and_comparable_for_pictures_of_any_kind() -> None:
    seen = look_at([picture(seed, (64 + 32 * seed, 64)) for seed in range(6)], Settings())
    framed = frame(seen, [{}] * 6, ["a", "a", "a", "b", "b", "b"])
    table = framed.table(seen, [{}] * 6)
    assert table.shape == (6, len(framed.columns.names))
    assert np.isfinite(table).all()
    assert framed.columns.names[0] == TRAITS[0].name
    assert len(framed.columns.names) >= len(TRAITS) + len(DETAILS)
    alone = framed.table(seen[2:3], [{}])
    np.testing.assert_allclose(alone, table[2:3], atol=1e-12)


def test_adherence_is_the_mean_likelihood_of_what_was_asked_for() -> None:
    (seen,) = look_at([picture(1)], Settings())
    wanted = max(seen.seen["podium"], key=lambda id: seen.seen["podium"][id])
    assert adherence(seen, {"podium": wanted}) == seen.seen["podium"][wanted]
    assert adherence(seen, {"podium": wanted, "position": "nowhere"}) == seen.seen["podium"][wanted] / 2
    assert adherence(seen, {}) == adherence(seen, {"of_no_judge": "x"}) == 1


def test_a_model_that_has_no_picture_features_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError) as refusal:
        look_at([picture(1)], Settings(picture_features=str(tmp_path), offline=True))
    assert refusal.value.key == "features.unreadable"


def test_a_clip_model_of_the_user_adds_its_features(tmp_path: Path) -> None:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(text_config=small, vision_config=small | {"image_size": 32, "patch_size": 16}, projection_dim=8)
    CLIPModel(config).save_pretrained(tmp_path)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32).save_pretrained(tmp_path)
    seen = look_at([picture(1), picture(2)], Settings(picture_features=str(tmp_path), offline=True))
    assert all(np.linalg.norm(one.foreign) == pytest.approx(1, abs=1e-3) for one in seen)
    assert features.look_at([picture(1)], Settings())[0].foreign == ()
    assert frame(seen, [{}] * 2, ["a", "a"]).axes.shape[0] == len(seen[0].deep) + 8
