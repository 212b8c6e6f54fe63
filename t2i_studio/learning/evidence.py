"""What ratings say: preferences between two pictures, and opinions about one.

The rules are those of the exports (feedback/exports): practice, known answers and repeats teach nothing, nor do
excluded raters; the chosen one of several was preferred to each other; stars give a preference from a gap of two on,
within one rater and description; a fault speaks against a picture whatever its stars are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t2i_studio.domain import Derivation, Evidence, Judgement, Opinion, Preference, Purpose, Scope, Variant, Vote
from t2i_studio.errors import StudioError
from t2i_studio.feedback.exports.pairs import star_gaps
from t2i_studio.feedback.exports.verdicts import opinion
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path
from t2i_studio.store.raters import withdrawn_raters
from t2i_studio.store.studio_votes import studio_votes
from t2i_studio.store.variants import get_variants
from t2i_studio.store.votes import judged_sessions, votes

WEIGHTS = {2: 0.5, 3: 0.75, 4: 1.0}
"""Of a preference by how many stars lie between: a small gap may be a mood, and was not seen side by side."""


@dataclass(frozen=True)
class Rated:
    """The judgements of a scope. votes: all of them, checks and excluded raters too. judged: those whose pictures can
    be learnt from, the newest of a rater for the same pictures. left_out: the others, counted by reason.
    """

    scope: Scope
    votes: tuple[Vote, ...]
    judged: tuple[Vote, ...]
    left_out: dict[str, int]

    @property
    def evidence(self) -> Evidence:
        """What the judged ones say."""
        compared = [each for vote in self.judged for each in _compared(vote)]
        known = {(each.rater, frozenset((each.better, each.worse))) for each in compared}
        starred = [
            each
            for each in _starred([vote for vote in self.judged if len(vote.variants) == 1])
            if (each.rater, frozenset((each.better, each.worse))) not in known
        ]
        preferences = (*compared, *starred)
        opinions = tuple(each for vote in self.judged for each in _opinions(vote))
        rows: tuple[Preference | Opinion, ...] = (*preferences, *opinions)
        telling = {judgement for each in rows for judgement in each.judgements}
        left_out = Counter(self.left_out)
        for vote in self.judged:
            if _row(vote) not in telling:
                left_out["middle" if len(vote.variants) == 1 else "tie"] += 1
        return Evidence(scope=self.scope, preferences=preferences, opinions=opinions, left_out=dict(+left_out))


def gather(db: Database, scope: Scope, weights: str | None = None) -> Evidence:
    """What the ratings of a scope say. weights: see `rated`. Raises StudioError session.unknown."""
    return rated(db, scope, weights).evidence


def rated(db: Database, scope: Scope, weights: str | None = None) -> Rated:
    """The judgements of a scope's session, or of all sessions and the studio itself.

    weights: sha256 of the model's weights as they are now (engine.weights.weight_hash): pictures of others are those of
    another model, whatever it is called. None: not known (a model that is not on this machine); then those are used
    that the newest judged picture of the model was made by. A scope's team restricts nothing: ratings know no teams.
    Raises StudioError session.unknown.
    """
    found = list(votes(db, scope.session)) if scope.session is not None else _everything(db)
    pictures = {each.id: each for each in get_variants(db, sorted({id for vote in found for id in vote.variants}))}
    if weights is None:
        weights = _newest_weights(scope.model, pictures)
    withdrawn = withdrawn_raters(db)
    left_out: Counter[str] = Counter()
    newest: dict[tuple[str, frozenset[int]], Vote] = {}
    for vote in sorted(found, key=lambda vote: vote.created):
        shown = [pictures[id] for id in vote.variants]
        if reason := _of_no_use(vote, withdrawn) or _unusable(db, shown, weights):
            left_out[reason] += 1
            continue
        told = vote.model_copy(update={"prompt": shown[0].request.text})
        key = (vote.rater, frozenset(vote.variants))
        left_out["revised"] += key in newest
        newest[key] = told
    return Rated(scope, tuple(found), tuple(newest.values()), dict(+left_out))


def _everything(db: Database) -> list[Vote]:
    return [*(vote for session in judged_sessions(db) for vote in votes(db, session)), *studio_votes(db)]


def _newest_weights(model: str, pictures: Mapping[int, Variant]) -> str | None:
    for id in sorted(pictures, reverse=True):
        if (origin := pictures[id].origin) and pictures[id].request.model == model:
            return origin.model_hash
    return None


def _of_no_use(vote: Vote, withdrawn: frozenset[str]) -> str | None:
    if vote.excluded:
        return "excluded"
    if vote.purpose is not Purpose.JUDGED:
        return "check"
    return "withdrawn" if vote.rater in withdrawn else None


def _unusable(db: Database, shown: Sequence[Variant], weights: str | None) -> str | None:
    """Why these pictures together cannot be learnt from; None when they can."""
    if any(each.origin is None or each.origin.model_hash != weights for each in shown):
        return "other_model"
    if any(each.deleted or not _there(db, each) for each in shown):
        return "deleted"
    if any(each.request.derivation is not Derivation.TEXT for each in shown):
        return "from_picture"
    return "mixed" if len({each.request.text for each in shown}) > 1 else None


def _there(db: Database, variant: Variant) -> bool:
    try:
        return bool(variant.image and image_path(db, variant.image))
    except StudioError:  # its file is lost, which is for check-store to tell
        return False


def _row(vote: Vote) -> Judgement:
    if vote.judgement is None:
        raise ValueError("a vote that no store holds cannot be learnt from")
    return vote.judgement


def _compared(vote: Vote) -> Iterator[Preference]:
    if vote.chosen is not None:
        better = vote.variants[vote.chosen]
        for worse in vote.variants:
            if worse != better:
                yield Preference(
                    description=vote.prompt, better=better, worse=worse, rater=vote.rater, judgements=(_row(vote),)
                )


def _starred(stars: Iterable[Vote]) -> Iterator[Preference]:
    for one, other, gap in star_gaps(stars):
        better, worse = (one, other) if gap > 0 else (other, one)
        yield Preference(
            description=one.prompt,
            better=better.variants[0],
            worse=worse.variants[0],
            rater=one.rater,
            weight=WEIGHTS[abs(gap)],
            judgements=(_row(better), _row(worse)),
        )


def _opinions(vote: Vote) -> Iterator[Opinion]:
    single: dict[str, Any] = {"stars": vote.stars, "faults": vote.faults} if len(vote.variants) == 1 else {}
    for place, variant in enumerate(vote.variants):
        if said := opinion(vote, place):
            yield Opinion(
                description=vote.prompt,
                variant=variant,
                good=said > 0,
                rater=vote.rater,
                judgements=(_row(vote),),
                **single,
            )
