"""A studio to learn in: pictures with a planted taste and people who compared them, and runs that are through."""

import csv
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from t2i_studio.domain import Judgement, LearntAdapter, Length, Part, Scope, Stage, State, Verdict
from t2i_studio.engine.registry import find_model
from t2i_studio.learning.adoption import weights_now
from t2i_studio.learning.runs import folder_of
from t2i_studio.settings import ASSETS, Settings
from t2i_studio.store import jobs, learning_runs
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import Database
from t2i_studio.store.images import put_image
from t2i_studio.store.learnt_adapters import WEIGHTS, add_adapter
from t2i_studio.store.raters import rater_named
from t2i_studio.store.sample import origin, request

MODEL = "podium"
SIDE = 256
GOOD = Verdict(
    adopt=True, judge="people", compared=144, win_rate=0.78, win_rate_low=0.7, win_rate_high=0.85, adherence_drop=0.4,
    diversity_drop=-1.0,
)  # fmt: skip
BAD = Verdict(
    adopt=False, judge="reward", compared=192, win_rate=0.55, win_rate_low=0.46, win_rate_high=0.63, adherence_drop=0.1,
    diversity_drop=0.3, reasons=({"key": "unsure_reward", "win": 55, "low": 46}, {"key": "by_reward"}),
)  # fmt: skip


def weights(db: Database) -> str:
    """Of the model as it is."""
    return weights_now(db, find_model(Settings(home=db.home), MODEL)) or ""


def picture(shade: tuple[int, int, int], number: int) -> bytes:
    """A square on a backdrop, a little different for every number."""
    image = Image.new("RGB", (SIDE, SIDE), shade)
    image.paste((shade[2], number * 37 % 256, shade[0]), (70, 70, 120 + number % 60, 190))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def descriptions(count: int) -> list[str]:
    """Of different products."""
    with (ASSETS / "learning" / "descriptions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    every = max(1, len(rows) // count)
    return [row["text"] for row in rows[::every]][:count]


def compared_pairs(
    db: Database, count: int, raters: int = 2, preferred: Callable[[int], int] = lambda number: 0
) -> list[Judgement]:
    """So many descriptions with a warm and a cold picture; all of these people prefer the warm one, or of description
    `number` the picture `preferred(number)`.
    """
    made, now = [], weights(db)
    people = [rater_named(db, f"person {number}") for number in range(raters)]
    for number, text in enumerate(descriptions(count)):
        job = jobs.enqueue(db, request(text, variants=2, seed=number))
        jobs.claim(db, job.id)
        for id, shade in zip(job.variants, ((225, 170, 110), (110, 150, 215)), strict=True):
            how = origin(id).model_copy(update={"model_hash": now, "width": SIDE, "height": SIDE})
            jobs.finish_variant(db, id, put_image(db, picture(shade, id)), how)
        jobs.finish_job(db, job.id, State.DONE)
        warm, cold = job.variants
        for rater in people:
            shown = [warm, cold] if (number + len(made)) % 2 else [cold, warm]
            made.append(Judgement(comparison=compare(db, shown, rater, winner=job.variants[preferred(number)]).id))
    return made


def decided(
    db: Database,
    verdict: Verdict = GOOD,
    judgements: list[Judgement] | None = None,
    team: str = "",
    content: bytes | None = None,
    model_hash: str | None = None,
    model: str = MODEL,
) -> LearntAdapter:
    """A run that is through, with its adapter, its curve and its pictures."""
    run = learning_runs.create_run(db, Scope(model=model, team=team), Length.USUAL, "local")
    learning_runs.claim_run(db, run.id)
    learning_runs.keep_examples(db, run.id, [(each, Part.TRAIN) for each in judgements or ()])
    folder = folder_of(db, run.id)
    file = folder / "adapter" / WEIGHTS
    file.parent.mkdir(parents=True)
    file.write_bytes(content or f"weights {run.id}".encode())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    learning_runs.set_stage(db, run.id, Stage.TRAINING)
    leave_pictures(folder)
    model_hash = model_hash or weights(db)
    made = add_adapter(db, run.id, model, model_hash, team, file.parent, digest)
    learning_runs.set_stage(db, run.id, Stage.EVALUATING)
    learning_runs.keep_verdict(db, run.id, verdict)
    return made


def leave_pictures(folder: Path) -> None:
    """A curve, samples and an evaluation of three descriptions with two seeds each."""
    lines = [f"{step},{0.69 - step / 1000 + step % 7 / 100:.4f},{step / 4:.3f},1.5" for step in range(0, 301, 3)]
    (folder / "curve.csv").write_text("\n".join(lines) + "\n")
    for name in ("samples", "evaluation/old", "evaluation/new"):
        (folder / name).mkdir(parents=True)
    for number in range(4):
        (folder / "samples" / f"before-{number}.png").write_bytes(picture((110, 150, 215), number))
        (folder / "samples" / f"after-{number}.png").write_bytes(picture((225, 170, 110), number))
    asked = [f'{{"text": "{text}", "seeds": [1, 2]}}' for text in descriptions(3)]
    (folder / "evaluation" / "plan.json").write_text(f'{{"asked": [{", ".join(asked)}]}}', encoding="utf-8")
    for number in range(6):
        (folder / "evaluation" / "old" / f"{number:03}.png").write_bytes(picture((110, 150, 215), number))
        (folder / "evaluation" / "new" / f"{number:03}.png").write_bytes(picture((225, 170, 110), number))
