"""How well the statistics find what was planted, over many simulated sessions."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from t2i_studio.domain import Noun, Vote
from t2i_studio.feedback import active
from t2i_studio.feedback.planted import (
    CAREFUL,
    LEFT,
    RANDOM,
    People,
    Simulated,
    Sitting,
    Truth,
    names,
    simulate,
    spread,
)
from t2i_studio.feedback.ranking import Ranking, ranking
from t2i_studio.feedback.raters import rater_measures

EVERY = 50
BATCH = 5
"""Items opened at a time by active choice."""
KNOWN_EVERY = 10


class Study(Noun):
    """What came out, averaged over the sessions.

    ranking_spearman, spearman_above: mean rank correlation with the truth, and share of sessions with at least 0.95.
    coverage, contest_coverage: share of the 95 % intervals that hold the truth, of strengths and of the chances
    between two sources. rmse, width: of strengths, log-odds; width is from low to high. left_flagged: share of
    always-left raters flagged as such; random_flagged, careful_flagged: of the others with any flag.
    """

    sessions: int
    answers: int
    ranking_spearman: float
    spearman_above: float
    coverage: float
    contest_coverage: float
    rmse: float
    width: float
    left_flagged: float
    random_flagged: float
    careful_flagged: float


class ActiveStudy(Noun):
    """Answers that active choice needs to be as certain as even choice at `answers`, as a part of these; None: more
    than all of them.

    misplaced: by the expected number of pairs of sources in the wrong order. wrong: by the true number. width, rmse:
    by the mean interval of a strength and its true error.
    """

    sessions: int
    answers: int
    misplaced: float | None
    wrong: float | None
    width: float | None
    rmse: float | None


def study(sessions: int = 200, *, answers: int = 1000, truth: Truth | None = None, seed: int = 0) -> Study:
    """Sessions of 50 raters who give 40 answers each: the ranking from the first `answers`, the flags from all.

    truth None: 8 sources evenly from −1.2 to 1.2 log-odds (the best beats the worst in 92 % of deciding answers,
    neighbours are at 58 %), 10 % of the raters at random, 5 % always left.
    """
    planted = truth or Truth(strengths=spread())
    fits: list[tuple[float, ...]] = []
    flags: list[tuple[str, bool]] = []
    for number in range(sessions):
        made = simulate(planted, seed=seed + number)
        fits.append(_fitted(ranking(made.votes[:answers]), planted))
        flags += _flagged(made)
    spearman, inside, contests, error, width = np.array(fits).T
    shares = {kind: float(np.mean([hit for who, hit in flags if who == kind])) for kind, _ in flags}
    return Study(
        sessions=sessions,
        answers=answers,
        ranking_spearman=float(spearman.mean()),
        spearman_above=float((spearman >= 0.95).mean()),
        coverage=float(inside.mean()),
        contest_coverage=float(contests.mean()),
        rmse=float(np.sqrt((error**2).mean())),
        width=float(width.mean()),
        left_flagged=shares.get(LEFT, 0.0),
        random_flagged=shares.get(RANDOM, 0.0),
        careful_flagged=shares.get(CAREFUL, 0.0),
    )


def study_active(
    sessions: int = 20, *, answers: int = 1000, limit: int | None = None, truth: Truth | None = None, seed: int = 0
) -> ActiveStudy:
    """Even choice to `answers`, active choice to `limit` (None: as far), on the same raters; see ActiveStudy."""
    planted = truth or Truth(strengths=spread())
    paths: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for number in range(sessions):
        for choosing in paths:
            paths[choosing].append(_path(planted, seed + number, choosing, (limit or answers) if choosing else answers))
    even, chosen = np.mean(paths[False], 0), np.mean(paths[True], 0)
    misplaced, wrong, width, rmse = (_reached(chosen[:, k], even[-1, k], answers) for k in range(4))
    return ActiveStudy(sessions=sessions, answers=answers, misplaced=misplaced, wrong=wrong, width=width, rmse=rmse)


def _fitted(found: Ranking, truth: Truth) -> tuple[float, float, float, float, float]:
    """Rank correlation, shares of intervals that hold the truth (strengths, contests), error, mean width."""
    from scipy.stats import spearmanr

    planted = dict(zip(names(truth), np.array(truth.strengths) - np.mean(truth.strengths), strict=True))
    pairs = [(planted[each.source], each.strength) for each in found.standings]
    chances = [(1 / (1 + np.exp(planted[each.second] - planted[each.first])), each.chance) for each in found.contests]
    return (
        float(spearmanr([true for true, _ in pairs], [each.value for _, each in pairs])[0]),
        float(np.mean([each.low <= true <= each.high for true, each in pairs])),  # type: ignore[operator]
        float(np.mean([each.low <= true <= each.high for true, each in chances])),  # type: ignore[operator]
        float(np.sqrt(np.mean([(each.value - true) ** 2 for true, each in pairs]))),  # type: ignore[operator]
        float(np.mean([each.high - each.low for _, each in pairs])),  # type: ignore[operator]
    )


def _flagged(made: Simulated) -> Iterator[tuple[str, bool]]:
    """What each rater is, and whether they are flagged: who is always left, as that."""
    for rater in rater_measures(made.votes, ranking(made.votes)):
        kind = made.raters[rater.rater]
        yield kind, ("always-left" in rater.flags) if kind == LEFT else bool(rater.flags)


def _path(truth: Truth, seed: int, choosing: bool, answers: int) -> np.ndarray:
    """(marks, 4): misplaced, wrong pairs, width and error of the ranking after every EVERY answers."""
    rng = np.random.default_rng(seed)
    people = People(truth, 50, rng)
    sittings = [Sitting(people, rater) for rater in people.kinds]
    votes: list[Vote] = []
    marks: list[tuple[float, ...]] = []
    for turn, (item, sources) in enumerate(_slots(truth, votes, rng, choosing)):
        sitting = sittings[turn % len(sittings)]
        votes.append(sitting.judge(item, sources))
        if len(votes) % KNOWN_EVERY == KNOWN_EVERY - 1:
            votes.append(sittings[int(rng.integers(len(sittings)))].known(2))
        if len(votes) >= EVERY * (len(marks) + 1):
            marks.append(_certainty(ranking(votes), truth))
        if len(votes) >= answers:
            break
    return np.array(marks)


def _slots(
    truth: Truth, votes: list[Vote], rng: np.random.Generator, choosing: bool
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Items one after the other, each for three answers in turn; chosen from what `votes` hold by then."""
    pairs = list(combinations(range(len(truth.strengths)), 2))
    sources = names(truth)
    candidates = [(sources[a], sources[b]) for a, b in pairs] * BATCH
    item = 0
    while True:
        if choosing:
            batch = [pairs[k % len(pairs)] for k in active.order(votes, candidates, overlap=3, first=BATCH)[:BATCH]]
        else:
            batch = [pairs[k] for k in rng.permutation(len(pairs))]
        for _ in range(3):
            yield from ((item + number, pair) for number, pair in enumerate(batch))
        item += len(batch)


def _certainty(found: Ranking, truth: Truth) -> tuple[float, float, float, float]:
    planted = dict(zip(names(truth), truth.strengths, strict=True))
    true = [planted[each.source] for each in found.standings]
    wrong = sum(better < worse for better, worse in combinations(true, 2))
    _, _, _, error, width = _fitted(found, truth)
    return found.misplaced, wrong, width, error


def _reached(path: np.ndarray, level: float, answers: int) -> float | None:
    """Where the mean path first comes down to `level`, between its marks, as a part of `answers`."""
    below = np.flatnonzero(path <= level)
    if not len(below):
        return None
    mark = int(below[0])
    back = 0.0 if not mark else (level - path[mark]) / (path[mark - 1] - path[mark])
    return float((mark + 1 - back) * EVERY / answers)
