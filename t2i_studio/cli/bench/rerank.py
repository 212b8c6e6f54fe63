"""How often the picture that 40 ratings put first of four is the better one, by tastes that the reward cannot see.

It makes 440 pictures first, which takes some minutes. The second judge is that of `training-judge` or `training`,
where the recipe has left one there; without it the raters see with the studio's own judge, which flatters the reward.
"""

from t2i_studio.cli.bench.figures import Figure, temporary_home
from t2i_studio.cli.console import load_settings, report
from t2i_studio.cli.simulation import reranking
from t2i_studio.cli.simulation.tastes import taste_judge
from t2i_studio.judge.network import Judge
from t2i_studio.judge.seeing import Sees
from t2i_studio.settings import ROOT
from t2i_studio.store.database import open_database

WORK = (ROOT / "training-judge", ROOT / "training")


def measure() -> list[Figure]:
    """Win rates of the first against a random other one of its batch, and against a random one of the whole batch."""
    with temporary_home() as home:
        settings = load_settings(home=home)
        db = open_database(home)
        try:
            batches = reranking.make_batches(
                db, settings, reranking.BATCHES, lambda done: report(f"  {done}/{reranking.BATCHES} batches")
            )
            eyes = judge()
            found = reranking.measure(db, settings, batches, eyes)
        finally:
            db.close()
    return [figure for one in found for figure in _figures(one, own=isinstance(eyes, Judge))]


def judge() -> Sees:
    """With whose eyes the made-up raters see."""
    seeing = (taste_judge(folder) for folder in WORK if folder.is_dir())
    return next((one for one in seeing if not isinstance(one, Judge)), taste_judge(ROOT))


def _figures(one: reranking.Reranked, own: bool) -> list[Figure]:
    """own: raters see with the judge that the reward sees with."""
    name = f"{one.taste}{', seen by the same judge' if own else ''}: first of four after {one.ratings} ratings"
    return [
        Figure(f"{name}, against a random other", 100 * one.win_rate, "%", 65, at_least=True),
        Figure(f"{name}, lower bound", 100 * one.win_rate_low, "%", 50, at_least=True),
        Figure(f"{name}, against a random one of all four", 100 * one.of_all, "%"),
        Figure(f"{one.taste}: the reward calls itself usable", 100 * one.usable, "%"),
    ]
