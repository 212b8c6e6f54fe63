"""The simulation from end to end, in sessions one after the other, and the figures it gives."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random

import numpy as np

from t2i_studio.cli.bench.figures import temporary_home
from t2i_studio.cli.simulation.check import Dealt, Held, chance_of_order, chance_of_sides, dealt, held_against_store
from t2i_studio.cli.simulation.sitting import Record, Sitting
from t2i_studio.cli.simulation.stage import Server, served, set_up
from t2i_studio.domain import Noun, SessionKind, SessionPlan
from t2i_studio.feedback.planted import People, Truth, names, spread
from t2i_studio.feedback.study import Study, study
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.session_progress import progress
from t2i_studio.ui.judging.seals import home_seals

LEAVE = 0.2
"""Share of raters who leave midway, with what they hold in hand."""
LEASE = 30
"""Seconds; the shortest there is, since the simulation waits for what leavers held."""
WORK = 0.7
"""Share of the raters' answers that the items need; the rest are checks and what leavers leave."""
LATE = 3
"""Raters that come later, for what is left, as a multiple of those expected."""
BETWEEN_KILLS = (0.5, 3.0)
RESTART = 2.5
"""Seconds."""


class Simulated(Noun):
    """Of all sessions: answers kept, those lost, doubled or refused; whether the overlap was exact on every item; the
    seconds from an answer to what is next (95 of 100 below); p of χ² tests of sides and order; times the server was
    killed. Of the study (statistics alone, no HTTP): as there.
    """

    sessions: int
    raters: int
    answers: int
    confirmed: int
    lost: int
    doubled: int
    refused: int
    overlap_exact: bool
    kills: int
    next_p95: float
    sides_p: float | None
    order_p: float | None
    studied: int
    ranking_spearman: float
    coverage: float
    left_flagged: float
    careful_flagged: float


def simulate(
    *, raters: int, answers: int, overlap: int, sessions: int, kills: int, studied: int, seed: int,
    tell: Callable[[str], None],
) -> Simulated:  # fmt: skip
    """`sessions` of `raters` × `answers` over HTTP, `kills` spread over them, then `studied` sessions of statistics."""
    truth, held, drawn = Truth(strengths=spread()), [], None
    seconds: list[float] = []
    refused = confirmed = killings = 0
    for number in range(sessions):
        with temporary_home() as home:
            db = open_database(home)
            some = kills * (number + 1) // sessions - kills * number // sessions
            record, was, how, killed = _session(db, truth, raters, answers, overlap, some, seed + number)
            db.close()
        held.append(was)
        killings += killed
        drawn = how.plus(drawn) if drawn else how
        seconds += record.seconds
        refused += len(record.refused)
        confirmed += len(record.confirmed)
        tell(f"session {number + 1}/{sessions}: {was.answers} answers, {was.lost} lost, {was.doubled} doubled")
    assert drawn is not None
    tell(f"statistics of {studied} sessions with a planted truth")
    found = study(studied, truth=truth, seed=seed)
    return Simulated(
        sessions=sessions,
        raters=raters,
        answers=sum(each.answers for each in held),
        confirmed=confirmed,
        lost=sum(each.lost for each in held),
        doubled=sum(each.doubled for each in held),
        refused=refused,
        overlap_exact=all(each.overlap_exact for each in held),
        kills=killings,
        next_p95=float(np.quantile(seconds, 0.95)),
        sides_p=chance_of_sides(drawn),
        order_p=chance_of_order(drawn),
        studied=studied,
        **_figures(found),
    )


def _figures(found: Study) -> dict[str, float]:
    wanted = ("ranking_spearman", "coverage", "left_flagged", "careful_flagged")
    return {name: getattr(found, name) for name in wanted}


def _session(
    db: Database, truth: Truth, raters: int, answers: int, overlap: int, kills: int, seed: int
) -> tuple[Record, Held, Dealt, int]:
    """One session until every item has its judgements, whoever has to come for that."""
    plan = SessionPlan(name="simulation", kind=SessionKind.PAIRS, overlap=overlap, lease=LEASE, seed=seed)
    stage = set_up(db, names(truth), max(1, int(raters * answers * WORK / overlap)), plan)
    people, dice, record = People(truth, raters * (1 + LATE), np.random.default_rng(seed)), Random(seed), Record()
    crowd = list(people.kinds)
    lengths = [dice.randint(1, answers - 1) if dice.random() < LEAVE else answers for _ in crowd[:raters]]
    with served(db.home) as server:
        seals = home_seals(db.home)
        pause = kills * (sum(BETWEEN_KILLS) / 2 + RESTART) / answers  # so that all kills fall while they judge

        def sit(name: str, length: int) -> str:
            return Sitting(stage, server, seals, people, name, record, length, pause).run()

        with _killing(server, kills, dice), ThreadPoolExecutor(raters) as room:
            list(room.map(sit, crowd, lengths))
        for name in crowd[raters:]:  # they come until nothing is left to do
            if _is_through(db, stage.session):
                break
            sit(name, answers)
        killed = server.killed
    return record, held_against_store(db, stage.session, overlap, record.confirmed), dealt(db, stage.session), killed


def _is_through(db: Database, session: int) -> bool:
    """Has every item its judgements? That a rater is done only means that there is nothing more for that one."""
    now = progress(db, session)
    return now.done == now.items


@contextmanager
def _killing(server: Server, kills: int, dice: Random) -> Iterator[None]:
    """Kill the server so many times, or fewer where the block ends before."""
    over = threading.Event()

    def work() -> None:
        while server.killed < kills and not over.wait(dice.uniform(*BETWEEN_KILLS)):
            server.kill()

    killer = threading.Thread(target=work)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
