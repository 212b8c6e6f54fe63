"""Faults are foretold where raters have shown what they look like, and nowhere else."""

import numpy as np
import pytest

from t2i_studio.domain import Evidence, Judgement, Opinion
from t2i_studio.learning.evaluation import Asked
from t2i_studio.learning.faults import Faults, learn_faults
from t2i_studio.learning.gate import Measured, decide
from t2i_studio.learning.measuring import Looked, foretold_faults
from t2i_studio.learning.reward import Seen
from tests.learning.looks import evidence, look


def marked(seed: int, pictures: int, slope: float, usual: float = -1.0) -> tuple[dict[int, Seen], Evidence]:
    """Cluttered pictures have faults: log-odds `usual` + `slope` × richness in standard deviations."""
    rng = np.random.default_rng(seed)
    seen = {number: Seen(look=look(rng), product=f"product {number % 12}") for number in range(pictures)}
    said = []
    for number, one in seen.items():
        rich = one.look.measures["richness"] / 0.05
        bad = rng.random() < 1 / (1 + np.exp(-(usual + slope * rich)))
        said.append(
            Opinion(
                description=f"{one.product}, {number // 2}",
                variant=number,
                good=not bad,
                stars=2 if bad else 4,
                faults=("clutter",) if bad else (),
                rater=f"person {number % 3}",
                judgements=(Judgement(rating=number + 1),),
            )
        )
    return seen, evidence([], said)


def found(seen: dict[int, Seen], said: Evidence) -> Faults:
    learnt = learn_faults(said, seen)
    assert learnt is not None
    return learnt


def test_as_many_are_foretold_as_there_are() -> None:
    faults = found(*marked(1, 300, slope=2.0))
    rng = np.random.default_rng(5)
    for rich in (-1.0, 0.0, 1.5):
        pictures = [look(rng, richness=rich) for _ in range(200)]
        truth = 1 / (1 + np.exp(-(-1.0 + 2.0 * rich)))
        assert faults.shares(pictures, [{}] * 200).mean() == pytest.approx(truth, abs=0.13)


def test_nothing_is_foretold_from_few_or_from_what_cannot_be_seen() -> None:
    seen, said = marked(1, 300, slope=2.0)
    few = [one for one in said.opinions if one.faults][:19] + [one for one in said.opinions if not one.faults]
    assert learn_faults(evidence([], few), seen) is None
    assert learn_faults(evidence([]), {}) is None
    blind = [learn_faults(said, seen) for seen, said in (marked(seed, 120, slope=0.0) for seed in range(10))]
    assert sum(each is not None for each in blind) <= 1


def test_an_adapter_that_brings_faults_is_refused() -> None:
    seen, said = marked(2, 300, slope=2.0)
    rng = np.random.default_rng(7)
    rows = [Asked(text=f"a thing {number // 4}", product=("", ""), fresh=True, seeds=(1,)) for number in range(96)]
    old = [look(rng, richness=0.0) for _ in rows]
    cluttered, alike = [look(rng, richness=1.0) for _ in rows], [look(rng, richness=-0.1) for _ in rows]
    worse, same = (
        foretold_faults(Looked(rows, [{}] * len(rows), old, new), found(seen, said)) for new in (cluttered, alike)
    )
    assert worse.value > 10
    assert abs(same.value) < 5
    assert worse.pictures == 96

    verdict = decide(Measured(faults=worse))
    assert verdict.fault_drop == worse.value
    assert [reason["key"] for reason in verdict.reasons if "fault" in reason["key"]] == ["faults", "faults_foretold"]
