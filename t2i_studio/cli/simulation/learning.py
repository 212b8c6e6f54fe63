"""Learning proven on made-up people: ratings by a taste that training cannot see, and whether the model follows it."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from t2i_studio.cli.simulation.made_up import MadeUp, made_up_pairs
from t2i_studio.cli.simulation.tastes import Taste, prefer, taste_judge, utility
from t2i_studio.domain import LearningRun, Length, Noun, Scope, Stage
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.errors import StudioError
from t2i_studio.judge.adherence import hits
from t2i_studio.judge.folder import load_judge
from t2i_studio.learning import asking
from t2i_studio.learning.compared import Outcome, win_rate
from t2i_studio.learning.evaluation import Asked, EvaluationPlan, facts_of, kept_plan, pictures
from t2i_studio.learning.gate import decide
from t2i_studio.learning.runs import folder_of, work
from t2i_studio.settings import Settings
from t2i_studio.store import learning_runs
from t2i_studio.store.database import Database, open_database

ASKED = 3
"""Made-up people who judge each comparison for the gate."""


class Learnt(Noun):
    """win_rate: share of held-out comparisons whose new picture the true taste likes better, with its 95 % interval
    over descriptions. object_drop, color_drop: how many points of 100 fewer pictures show the product, and its colour
    where it was asked for, by the shipped judge. seconds: of all stages, from the first look at the ratings to the
    verdict. scale: strength of the adapter as compared.
    adopted: what the gate decided from noisy answers of made-up people; by_reward: what it decided alone.
    """

    taste: Taste
    pairs: int
    shuffled: bool
    seed: int
    method: str | None
    scale: float
    win_rate: float
    win_rate_low: float
    win_rate_high: float
    object_drop: float
    color_drop: float
    adherence_drop: float | None
    diversity_drop: float | None
    seconds: float
    adopted: bool
    by_reward: bool
    reward_win_rate: float | None
    compared: int


def learn(
    home: Path, cache: Path, settings: Settings, *, taste: Taste, pairs: int, seed: int = 0, raters: int = 0,
    shuffled: bool = False, anyway: bool = False,
    length: Length = Length.USUAL, judges: Path = Path("training-judge"), tell: Callable[[str], None] = print,
) -> Learnt:  # fmt: skip
    """Make ratings up in an empty `home`, learn from them, and look at what came of it with the eyes of the taste.

    shuffled: raters toss a coin. anyway: train although no taste can be told from the ratings.
    cache: where pictures to rate are kept between simulations. judges: work folder of the recipe's second judge.
    Raises StudioError as a run does.
    """
    db = open_database(home)
    try:
        made = made_up_pairs(
            db, cache, settings, taste=taste, pairs=pairs, seed=seed, judge=taste_judge(judges), raters=raters,
            shuffled=shuffled,
            tell=lambda there: tell(f"{there} pictures"),
        )  # fmt: skip
        begun = time.monotonic()
        run = learning_runs.create_run(db, Scope(model=settings.model), length, "made up", anyway=anyway)
        run = work(db, settings, run.id, tell)
        return _looked_at(db, settings, run, made, time.monotonic() - begun, seed, shuffled)
    finally:
        db.close()


def _looked_at(
    db: Database, settings: Settings, run: LearningRun, made: MadeUp, seconds: float, seed: int, shuffled: bool
) -> Learnt:
    if run.error:
        raise StudioError(run.error["key"], **run.error["params"])
    told = {
        "taste": made.taste, "pairs": made.comparisons, "shuffled": shuffled, "seed": seed, "seconds": seconds,
        "method": (run.preflight or {}).get("method"),
    }  # fmt: skip
    if run.stage is Stage.REFUSED:  # the preflight saw that there is nothing to learn: the model stays as it is
        nothing = dict.fromkeys(("object_drop", "color_drop", "adherence_drop", "diversity_drop"), 0.0)
        even = {"win_rate": 0.5, "win_rate_low": 0.0, "win_rate_high": 1.0, "reward_win_rate": None, "compared": 0}
        return Learnt(**told, scale=1.0, **nothing, **even, adopted=False, by_reward=False)
    folder = folder_of(db, run.id) / "evaluation"
    plan = kept_plan(folder)
    assert plan is not None
    assert run.verdict is not None
    rows, before, after = _pairs(folder, plan)
    better = utility(made.taste, after, made.eye) - utility(made.taste, before, made.eye)
    won = zip(rows, (better > 0).astype(float), strict=True)
    truth = win_rate([_outcome(row, number, "taste", share) for number, (row, share) in enumerate(won)])
    people = decide(asking.measured(db, run.id), people=_people(rows, better, made.noise, seed))
    card = find_model(settings, settings.model)
    return Learnt(
        **told, scale=run.verdict.scale,
        win_rate=truth.value, win_rate_low=truth.low, win_rate_high=truth.high,
        object_drop=_drop(card, rows, before, after, "object"), color_drop=_drop(card, rows, before, after, "color"),
        adherence_drop=run.verdict.adherence_drop, diversity_drop=run.verdict.diversity_drop,
        adopted=people.adopt, by_reward=run.verdict.adopt, compared=len(rows),
        reward_win_rate=run.verdict.win_rate if run.verdict.judge == "reward" else None,
    )  # fmt: skip


def _pairs(folder: Path, plan: EvaluationPlan) -> tuple[list[Asked], list[Image.Image], list[Image.Image]]:
    """Old and new pictures of the same description and seed, with what was asked."""
    old, new = pictures(folder, plan, "old"), pictures(folder, plan, "new")
    rows = [asked for asked, made in old for _ in made]
    return rows, [each for _, made in old for each in made], [each for _, made in new for each in made]


def _outcome(row: Asked, number: int, rater: str, result: float) -> Outcome:
    return Outcome(description=row.text, product=row.product, pair=str(number), rater=rater, result=result)


def _people(rows: list[Asked], better: np.ndarray, noise: float, seed: int) -> list[Outcome]:
    """ASKED noisy answers to every comparison; raters whose labels were shuffled judge by the taste here, too."""
    rng = np.random.default_rng([seed, 2])
    spread = noise if np.isfinite(noise) else float(np.std(better))
    answers = prefer(rng, np.repeat(better[:, None], ASKED, 1), np.zeros((len(rows), ASKED)), spread)
    return [
        _outcome(row, number, f"rater {rater}", float(answers[number, rater]))
        for number, row in enumerate(rows)
        for rater in range(ASKED)
    ]


def _drop(
    card: ModelCard, rows: list[Asked], before: list[Image.Image], after: list[Image.Image], attribute: str
) -> float:
    """Points of 100 by which fewer of the new pictures show what was asked of this attribute."""
    facts = [{name: value for name, value in facts_of(row, card).items() if name == attribute} for row in rows]
    shares = [
        np.mean([hit[attribute] for hit in hits(load_judge(), side, facts) if attribute in hit])
        for side in (before, after)
    ]
    return float(100 * (shares[0] - shares[1]))
