"""The report of a session as a page to read, to print and to keep as a file."""

from collections.abc import Sequence
from html import escape

from t2i_studio.domain import FeedbackSession, SessionState
from t2i_studio.feedback.raters import RaterMeasures
from t2i_studio.feedback.report import SessionReport
from t2i_studio.store.session_progress import Progress
from t2i_studio.store.session_raters import SessionRater
from t2i_studio.ui.i18n import LOCALES
from t2i_studio.ui.parts import STATIC
from t2i_studio.ui.session_figures import figures
from t2i_studio.ui.session_files import rater_numbers
from t2i_studio.ui.session_showing import Showing, cells, folded, percent, quiet, section, table, told


def rater_rows(raters: Sequence[RaterMeasures], showing: Showing, seats: Sequence[SessionRater]) -> str:
    """A table of those who answered, by number, with why somebody was taken out."""
    numbers = rater_numbers(seats)
    reasons = {seat.rater: seat.reason or "" for seat in seats if seat.excluded}
    rows = [
        cells(
            showing.say("fs_rater_n", n=numbers[each.rater]),
            each.answers,
            "–" if each.seconds is None else f"{each.seconds:.1f} s",
            told(each.left),
            told(each.known),
            told(each.consistent),
            ", ".join(showing.say(f"fs_flag_{flag}".replace("-", "_")) for flag in each.flags),
            showing.say("fs_excluded_because", reason=reasons.get(each.rater, "")) if each.excluded else "",
        )
        for each in sorted(raters, key=lambda each: numbers[each.rater])
    ]
    keys = ("rater", "answers", "pace", "left_share", "known_right", "repeats_same", "hints", "state")
    return folded(rows, table([showing.say(f"fs_{key}") for key in keys]), showing) if rows else ""


def report_page(
    session: FeedbackSession,
    now: Progress,
    found: SessionReport,
    showing: Showing,
    seats: Sequence[SessionRater],
    *,
    whole: bool,
) -> str:
    """The page. seats: of its raters. whole: as a file of its own, without ways back to the studio."""
    plan, say = session.plan, showing.say
    day = session.created.strftime("%Y-%m-%d")
    shares = {"known": percent(plan.known_share), "repeats": percent(plan.repeat_share)}
    told_plan = say("fs_plan_told", items=f"{now.items:,}", overlap=plan.overlap, **shares)
    facts = [
        (say("fs_kind"), say(f"fs_kind_{plan.kind}".replace("-", "_"))),
        (say("fs_state"), say(f"fs_state_{session.state}")),
        (say("fs_answers"), f"{now.answers:,} / {now.wanted:,}"),
        (say("fs_raters"), f"{now.raters}"),
        (say("fs_begun"), day),
        (say("fs_plan"), told_plan),
    ]
    about = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>" for key, value in facts)
    base = f"/sessions/{session.id}"
    links = "" if whole else (
        f'<nav class="tools"><a href="/session?id={session.id}">{escape(say("fs_back"))}</a>'
        f'<a href="{base}/report.html">{escape(say("fs_as_page"))}</a>'
        f'<a href="{base}/report.json">JSON</a><a href="{base}/answers.csv">{escape(say("fs_raw_csv"))}</a></nav>'
    )  # fmt: skip
    asks = now.complete and found.excluded_answers and session.state is not SessionState.CLOSED
    people = rater_rows(found.raters, showing, seats)
    return _PAGE.format(
        locale=LOCALES[showing.language],
        title=escape(say("fs_report_of", name=plan.name)),
        style=(STATIC / "figures.css").read_text(encoding="utf-8"),
        links=links,
        name=escape(plan.name),
        kicker=escape(say("fs_report")),
        about=about,
        figures=figures(found, plan, showing) + (quiet(say("fs_left_out_ask")) if asks else ""),
        raters=section(say("fs_raters"), people, quiet(say("fs_raters_note"))) if people else "",
        method=quiet(say("fs_method")),
    )


_PAGE = """<!doctype html>
<html lang="{locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><style>{style}</style></head>
<body class="report-page">{links}<main class="figures">
<p class="kicker">{kicker}</p><h1>{name}</h1><dl class="facts-grid">{about}</dl>
{figures}{raters}<section class="method">{method}</section></main></body></html>
"""
