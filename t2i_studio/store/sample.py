"""Made-up variants in bulk: a store of any size to measure and test on."""

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from t2i_studio.domain import GenerationRequest, Origin, Prompt, State
from t2i_studio.store.database import Database
from t2i_studio.store.faults import FAULTS
from t2i_studio.store.models import BriefRow, JobRow, JobWordRow, VariantFaultRow, VariantRow
from t2i_studio.store.words import index_words

COLOURS = ["红色", "蓝色", "白色", "黑色", "粉色", "金色", "red", "blue", "white", "black"]
PRODUCTS = [
    "手提包",
    "运动鞋",
    "香水",
    "耳机",
    "台灯",
    "茶壶",
    "handbag",
    "sneakers",
    "perfume",
    "headphones",
]
PLACES = ["白色圆形展台", "木质桌面", "粉色背景", "on a round white podium", "on a wooden table"]


def request(text: str = "红色手提包，白色圆形展台", **values: object) -> GenerationRequest:
    """A request for two variants, or what `values` say."""
    fields = {"text": text, "prompt": Prompt(text=text), "seed": 7, "variants": 2} | values
    return GenerationRequest(**fields)  # type: ignore[arg-type]


def origin(seed: int = 7) -> Origin:
    """What such a variant could have been made by."""
    return Origin(
        pipeline="StableDiffusionPipeline",
        model="podium",
        model_hash="0" * 64,
        seed=seed,
        sampler="DPMSolverMultistepScheduler",
        steps=8,
        guidance=3.0,
        width=128,
        height=128,
        prompt="红色手提包，白色圆形展台",
        negative="",
        device="cpu",
        dtype="float32",
        seconds=0.8,
        versions={"torch": "2.13.0", "diffusers": "0.42.1"},
    )


def fill(db: Database, count: int) -> None:
    """Add `count` finished variants, four a job, in bulk, without files; the same for the same count."""
    dice = random.Random(count)
    with db.write() as session:
        brief = BriefRow(text="filled", digest="filled")
        session.add(brief)
        session.flush()
        for first in range(1, count + 1, 4000):
            _fill_some(session, brief.id, range(first, min(first + 4000, count + 1)), dice)


def _fill_some(session: Session, brief: int, ids: range, dice: random.Random) -> None:
    made, words, variants, faults = [], [], [], []
    for id in ids:
        job = (id + 3) // 4
        when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=id)
        if id % 4 == 1:
            colour, product, place = dice.choice(COLOURS), dice.choice(PRODUCTS), dice.choice(PLACES)
            text = f"{colour}{product}，{place}" if ord(product[0]) > 127 else f"{colour} {product} {place}"
            model = "podium" if dice.random() < 0.9 else "other"
            asked = request(text, variants=4, seed=job, model=model)
            made.append(
                {"id": job, "brief_id": brief, "user": "local", "state": State.DONE, "owner": "filled:1:0"}
                | {"request": asked.model_dump(mode="json"), "created": when, "touched": when}
            )
            words += [{"word": word, "job_id": job} for word in index_words(text)]
        stars = dice.choice((0, 0, 0, 1, 2, 3, 4, 5))
        variants.append(
            {"id": id, "job_id": job, "index": (id - 1) % 4, "state": State.DONE, "seed": job + (id - 1) % 4}
            | {
                "model": model,
                "derivation": "text",
                "image": f"{id:064x}",
            }
            | {
                "origin": origin(id).model_dump(mode="json"),
                "favourite": dice.random() < 0.05,
                "stars": stars,
            }
            | {"created": when}
        )
        if dice.random() < 0.1:
            faults.append({"code": dice.choice(list(FAULTS)), "variant_id": id})
    for table, rows in (
        (JobRow, made),
        (JobWordRow, words),
        (VariantRow, variants),
        (VariantFaultRow, faults),
    ):
        if rows:
            session.execute(insert(table), rows)
