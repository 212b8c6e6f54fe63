"""What the answers of a session say, in words and charts; the live page and the report share it."""

from collections.abc import Callable, Sequence
from html import escape
from math import exp

from t2i_studio.domain import SessionKind, SessionPlan
from t2i_studio.feedback.estimates import Estimate
from t2i_studio.feedback.faults import FaultRate
from t2i_studio.feedback.report import SessionReport
from t2i_studio.ui.session_charts import Line, Parts, Scale, intervals, shares
from t2i_studio.ui.session_showing import FIRST, Showing, cells, folded, percent, quiet, section, table, told

PERCENT = Scale(0, 1, [(0, "0 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1, "100 %")], 0.5)


def figures(found: SessionReport, plan: SessionPlan, showing: Showing) -> str:
    """All that the answers say of the pictures and of themselves; raters by themselves apart."""
    if not found.judged:
        return f'<p class="quiet">{escape(showing.say("fs_no_figures"))}</p>'
    parts = [_verdict(found, plan, showing)]
    if plan.kind is SessionKind.STARS:
        parts += [_stars(found, showing), _faults(found, showing), _styles(found, showing)]
    else:
        parts += [_ranking(found, showing), _records(found, showing), _couples(found, showing)]
    return "".join([*parts, _trust(found, plan, showing)])


def _verdict(found: SessionReport, plan: SessionPlan, showing: Showing) -> str:
    """The result in one sentence, which claims no more than the intervals allow."""
    if plan.kind is SessionKind.STARS:
        return _verdict_of_stars(found, showing)
    standings = found.ranking.standings
    if len(standings) < 2:
        return quiet(showing.say("fs_verdict_none"))
    best = showing.source(standings[0].source)
    if standings[0].worst == 1:
        second = standings[1].source
        chance = next(
            each.chance if each.first == standings[0].source else _turned(each.chance)
            for each in found.ranking.contests
            if {each.first, each.second} == {standings[0].source, second}
        )
        text = showing.say("fs_verdict_best", best=best, second=showing.source(second), chance=told(chance))
    else:
        text = showing.say("fs_verdict_open", best=best, n=standings[0].worst, needed=f"{found.needed:,}")
    return f'<p class="verdict">{escape(text)}</p>'


def _verdict_of_stars(found: SessionReport, showing: Showing) -> str:
    best, others = found.stars[0], found.stars[1:]
    low = best.stars.low
    rivals = [each for each in others if low is None or each.stars.high is None or each.stars.high >= low]
    key = "fs_verdict_stars_open" if rivals else "fs_verdict_stars"
    text = showing.say(key, best=showing.source(best.source), stars=told(best.stars, stars=True), n=len(rivals))
    return f'<p class="verdict">{escape(text)}</p>'


def _turned(chance: Estimate) -> Estimate:
    """The same of the other side."""
    low = None if chance.high is None else 1 - chance.high
    high = None if chance.low is None else 1 - chance.low
    return chance.model_copy(update={"value": 1 - (chance.value or 0), "low": low, "high": high})


def _chance(odds: float | None) -> float | None:
    return None if odds is None else 1 / (1 + exp(-odds))


def _ranking(found: SessionReport, showing: Showing) -> str:
    lines = []
    for each in found.ranking.standings:
        chance = each.strength.model_copy(
            update={name: _chance(getattr(each.strength, name)) for name in ("value", "low", "high")}
        )
        rank = f"{each.best}" if each.best == each.worst else f"{each.best}–{each.worst}"
        lines.append(
            Line(showing.source(each.source), chance.value, chance.low, chance.high, told(chance),
                 showing.pictures.get(each.source), rank)
        )  # fmt: skip
    note = showing.say("fs_ranking_note" if found.ranking.clustered else "fs_ranking_note_few")
    return section(showing.say("fs_ranking"), _charts(lines, PERCENT, showing.say("fs_ranking"), showing), quiet(note))


def _charts(lines: Sequence[Line], scale: Scale, name: str, showing: Showing) -> str:
    first = intervals(lines[:FIRST], scale, name) if lines else ""
    if len(lines) <= FIRST:
        return first
    more = escape(showing.say("fs_more_rows", n=len(lines) - FIRST))
    return f"{first}<details><summary>{more}</summary>{intervals(lines[FIRST:], scale, name)}</details>"


def _records(found: SessionReport, showing: Showing) -> str:
    """Wins, ties, both bad and losses of each source, in the order of the ranking."""
    order = {each.source: each.rank for each in found.ranking.standings}
    rows = [
        Parts(
            showing.source(each.first),
            [("win", each.wins), ("tie", each.ties), ("bad", each.bad), ("loss", each.losses)],
            told(each.decided),
            showing.pictures.get(each.first),
        )
        for each in sorted(found.records, key=lambda each: order.get(each.first, 10**6))[:FIRST]
    ]
    legend = [(kind, showing.say(f"fs_{kind}")) for kind in ("win", "tie", "bad", "loss")]
    counts = showing.say("fs_apart", ties=percent(found.ties / found.judged), bad=percent(found.bad / found.judged))
    name, note = showing.say("fs_records"), quiet(showing.say("fs_records_note"))
    return section(name, shares(rows, legend, name), note, quiet(counts))


def _couples(found: SessionReport, showing: Showing) -> str:
    rates = sorted(found.win_rates, key=lambda each: -(each.wins + each.losses))
    rows = [
        cells(
            showing.say("fs_against", first=showing.source(each.first), second=showing.source(each.second or "")),
            told(each.decided),
            each.wins,
            each.losses,
            each.ties,
            each.bad,
            told(each.halved),
        )
        for each in rates
    ]
    head = [showing.say(f"fs_{key}") for key in ("couple", "win_rate", "win", "loss", "tie", "bad", "halved")]
    name = escape(showing.say("fs_couples", n=len(rows)))
    return f'<details class="couples"><summary>{name}</summary>{folded(rows, table(head), showing)}</details>'


def _stars(found: SessionReport, showing: Showing) -> str:
    scale = Scale(1, 5, [(1, "1 ★"), (2, "2"), (3, "3"), (4, "4"), (5, "5 ★")])
    lines = [
        Line(showing.source(each.source), each.stars.value, each.stars.low, each.stars.high,
             told(each.stars, stars=True), showing.pictures.get(each.source), str(place))
        for place, each in enumerate(found.stars, 1)
    ]  # fmt: skip
    return section(showing.say("fs_stars"), _charts(lines, scale, showing.say("fs_stars"), showing))


def _faults(found: SessionReport, showing: Showing) -> str:
    by_source = _fault_table(found.faults_by_source, showing, showing.say("fs_source"), name=showing.source)
    by_prompt = _fault_table(found.faults_by_prompt, showing, showing.say("fs_prompt"))
    note = quiet(showing.say("fs_no_faults")) if not (by_source or by_prompt) else ""
    return section(showing.say("fs_faults"), by_source, by_prompt, note)


def _fault_table(rates: Sequence[FaultRate], showing: Showing, head: str, name: Callable[[str], str] = str) -> str:
    rows = [
        cells(
            name(each.group),
            told(each.any),
            ", ".join(
                f"{showing.fault(code)} {percent(share.value)}"
                for code, share in sorted(each.faults.items(), key=lambda pair: -(pair[1].value or 0))
            ),
        )
        for each in rates
        if each.faults
    ]
    return folded(rows, table([head, showing.say("fs_any_fault"), showing.say("fs_which")]), showing) if rows else ""


def _styles(found: SessionReport, showing: Showing) -> str:
    rows = []
    for each in found.style_effects:
        if each.without == "constant":
            continue
        slope = showing.say(f"fs_{each.without}".replace("-", "_")) if each.without else _signed(each.slope)
        rows.append(cells(showing.say(f"style_{each.control}"), slope, sum(each.levels.values())))
    head = [showing.say("fs_control"), showing.say("fs_slope"), showing.say("fs_answers")]
    return section(showing.say("fs_styles"), folded(rows, table(head), showing) if rows else "")


def _signed(slope: Estimate) -> str:
    if slope.value is None or slope.low is None or slope.high is None:
        return "–"
    return f"{slope.value:+.2f} ★ ({slope.low:+.2f} … {slope.high:+.2f})".replace("-", "−")


def _trust(found: SessionReport, plan: SessionPlan, showing: Showing) -> str:
    """Agreement, sides, checks: how far the figures can be trusted."""
    alpha = found.agreement
    rows = []
    if alpha.alpha is not None:
        interval = (
            f" ({_minus(alpha.low)} … {_minus(alpha.high)})" if alpha.low is not None and alpha.high is not None else ""
        )
        level = "good" if alpha.alpha >= 0.667 else "fair" if alpha.alpha >= 0.4 else "low"
        rows.append(
            (showing.say("fs_agreement"), f"α {_minus(alpha.alpha)}{interval}", showing.say(f"fs_agreement_{level}"))
        )
    else:
        why = "equal" if alpha.without == "all-equal" else "overlap"
        rows.append((showing.say("fs_agreement"), "–", showing.say(f"fs_agreement_{why}")))
    pulls = found.ranking.pull_of_place
    if plan.kind is SessionKind.PAIRS and pulls:
        chance = pulls[0].model_copy(
            update={name: _chance(getattr(pulls[0], name)) for name in ("value", "low", "high")}
        )
        leans = chance.low is not None and chance.high is not None and not chance.low <= 0.5 <= chance.high
        rows.append((showing.say("fs_side"), told(chance), showing.say("fs_side_leans" if leans else "fs_side_even")))
    counted = [each for each in found.raters if not each.excluded]
    rows.append((showing.say("fs_known_right"), *_checked([each.known for each in counted], showing)))
    rows.append((showing.say("fs_repeats_same"), *_checked([each.consistent for each in counted], showing)))
    effect = showing.say("fs_effect_note", needed=f"{found.needed:,}")
    rows.append((showing.say("fs_effect"), f"{found.design_effect:.1f}", effect))
    if found.excluded_answers:
        rows.append((showing.say("fs_left_out"), str(found.excluded_answers), showing.say("fs_left_out_note")))
    items = "".join(
        f'<div><dt>{escape(name)}</dt><dd><b>{escape(figure)}</b> <span class="quiet">{escape(note)}</span></dd></div>'
        for name, figure, note in rows
    )
    return section(showing.say("fs_trust"), f'<dl class="facts-list">{items}</dl>')


def _minus(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _checked(each: Sequence[Estimate], showing: Showing) -> tuple[str, str]:
    """All raters' checks together."""
    answers = sum(one.answers for one in each)
    right = sum((one.value or 0) * one.answers for one in each)
    if not answers:
        return "–", showing.say("fs_none_yet")
    return percent(right / answers), showing.say("fs_of_n", right=f"{right:.0f}", n=answers)
