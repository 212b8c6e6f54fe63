"""`session`: feedback sessions from the command line; `t2i_studio.ui` has the same for the browser."""

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from t2i_studio.brief.values import real, shown, whole
from t2i_studio.cli import batch, files
from t2i_studio.cli.console import Home, Json, answer, identifier, language, report, studio, words
from t2i_studio.cli.export import FORMATS, export_answers
from t2i_studio.domain import MAX_ITEMS, MAX_OVERLAP, MAX_SEED, MAX_TEXT, Entry, SessionKind, SessionState
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="Feedback sessions: blind judgements by many raters.",
)  # fmt: skip
AXES = ("picture", "model", "adapter", "preset")
STATES = {"open": SessionState.OPEN, "pause": SessionState.PAUSED, "close": SessionState.CLOSED}
MAX_PROMPTS = 20_000
MAX_BYTES = 4 * MAX_PROMPTS
Number = Annotated[str, typer.Argument(metavar="SESSION", help="Its number.")]


@app.command("create")
def create(
    variants: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Pictures to judge; 5-9 means all from 5 to 9.")
    ] = None,
    prompts: Annotated[
        str | None, typer.Option(metavar="FILE", help="Instead: descriptions, one a line, to generate pictures of.")
    ] = None,
    kind: Annotated[str, typer.Option(metavar="K", help="pairs, stars or best-of-four.")] = "pairs",
    compare: Annotated[str, typer.Option(metavar="WHAT", help=f"{', '.join(AXES)}.")] = "picture",
    source: Annotated[
        list[str] | None, typer.Option(metavar="S", help="A model, adapter or preset that makes PROMPTS; repeat.")
    ] = None,
    each: Annotated[str, typer.Option(metavar="N", help="Pictures of each description and source.")] = "2",
    name: Annotated[str | None, typer.Option(metavar="N", help="What you call it [the first description].")] = None,
    guideline_zh: Annotated[str | None, typer.Option(metavar="FILE", help="[the studio's own].")] = None,
    guideline_en: Annotated[str | None, typer.Option(metavar="FILE", help="[the studio's own].")] = None,
    overlap: Annotated[str, typer.Option(metavar="N", help="Judgements of each item.")] = "3",
    budget: Annotated[str | None, typer.Option(metavar="N", help="Items that are judged at most [all].")] = None,
    choice: Annotated[str, typer.Option(metavar="C", help="even, or active: what tells most first.")] = "even",
    known: Annotated[str, typer.Option(metavar="X", help="Share of items with a known answer.")] = "0.1",
    repeats: Annotated[str, typer.Option(metavar="X", help="Share of swapped repeats.")] = "0.05",
    entry: Annotated[str, typer.Option(metavar="E", help="link, named or code.")] = "link",
    code: Annotated[str | None, typer.Option(metavar="C", help="What raters must know, with --entry code.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a session of pictures, or of descriptions that are generated first, and its link."""
    from t2i_studio.engine.engine import Engine
    from t2i_studio.ui.session_form import Form, chosen, form_items, prompts_of, session_name, to_plan
    from t2i_studio.ui.studio import Studio

    if (variants is None) == (prompts is None):
        raise StudioError("session.what")
    form = Form(
        ids=_numbers(variants) if variants is not None else [],
        prompts=_text(prompts, MAX_PROMPTS),
        sources=source or [],
        each=whole("each", each, 1, 16),
        kind=SessionKind(_one_of("kind", kind, [*SessionKind])),
        axis=_one_of("compare", compare, AXES),  # type: ignore[arg-type]
        name=name or "",
        zh=_text(guideline_zh),
        en=_text(guideline_en),
        overlap=whole("overlap", overlap, 1, MAX_OVERLAP),
        budget=None if budget is None else whole("budget", budget, 1, MAX_ITEMS),
        choice=_one_of("choice", choice, ("even", "active")),  # type: ignore[arg-type]
        known_share=real("known", known, 0, 0.5),
        repeat_share=real("repeats", repeats, 0, 0.5),
        entry=Entry(_one_of("entry", entry, [*Entry])),
        code=code,
    )
    with studio(home) as (settings, db):
        here = Studio(settings, db, Engine(db, settings))
        texts = [picture.request.text for picture in chosen(here, form.ids)] if form.ids else prompts_of(form)
        plan = to_plan(form, "local", secrets.randbelow(MAX_SEED + 1), session_name(texts, language()))
        items = form_items(here, form, plan)
        number = _of_pictures(db, plan, items) if form.ids else _of_prompts(here, form, plan)
        token = _new_link(db, number) if plan.entry is not Entry.NAMED else None
        _told_link(settings, number, token, json)


def _of_pictures(db: Database, plan: Any, items: Any) -> int:
    from t2i_studio.store.sessions import create_session

    return create_session(db, plan, items).id


def _of_prompts(here: Any, form: Any, plan: Any) -> int:
    """Generate, then make the session; what was interrupted goes on when the studio is opened."""
    from t2i_studio.store.session_drafts import enqueue_draft
    from t2i_studio.ui.session_form import to_requests

    requests = to_requests(here, form, "local")
    return see_draft_through(here.db, here.settings, enqueue_draft(here.db, plan, form.axis, requests))


def see_draft_through(db: Database, settings: Settings, draft: Any) -> int:
    """Make the pictures of a draft, then its session, and return the session's number. StudioError session.not_made."""
    from t2i_studio.feedback.drafts import settle
    from t2i_studio.store.jobs import get_job

    def begin(engine: Any) -> Any:
        engine.take(draft.jobs)
        return [get_job(db, job) for job in draft.jobs]

    _, stopped = batch.see_through(db, settings, begin)
    if stopped:
        raise typer.Exit(130)
    made = settle(db, draft.id)
    if made.session is None:
        raise StudioError("session.not_made", id=draft.id)
    return made.session


@app.command("list")
def list_all(home: Home = None, json: Json = False) -> None:
    """Every session, the newest first."""
    from t2i_studio.store.session_progress import progress
    from t2i_studio.store.sessions import list_sessions

    with studio(home) as (_, db):
        found = [(one, progress(db, one.id)) for one in list_sessions(db)]
    data = [_about(one) | {"progress": now.model_dump(mode="json")} for one, now in found]
    lines = [
        f"{one.id}  {one.plan.kind}  {one.state}  {now.answers}/{now.wanted}  {one.plan.name}" for one, now in found
    ]
    answer(
        data,
        "\n".join(lines)
        or words("No session yet; `session create` makes one.", "还没有评分场次；用 session create 新建。"),
        json,
    )


@app.command("link")
def link(
    session: Number,
    label: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose link it is, in a session of named links.")
    ] = None,
    revoke: Annotated[
        str | None, typer.Option(metavar="LINK", help="Number of a link that is to lead nowhere.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Only tell which links there are.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """A new link for raters; only now can it be read, the store keeps no more than its hash."""
    from t2i_studio.store.entrance import links_of, revoke_link

    number = identifier("session", session)
    with studio(home) as (settings, db):
        if revoke is not None:
            revoke_link(db, identifier("link", revoke))
        if revoke is not None or list_:
            found = links_of(db, number)
            lines = [f"{one.id}  {one.label or '–'}  {'revoked' if one.revoked else 'open'}" for one in found]
            return answer([one.model_dump(mode="json") for one in found], "\n".join(lines), json)
        _told_link(settings, number, _new_link(db, number, label), json)


@app.command("report")
def report_(session: Number, home: Home = None, json: Json = False) -> None:
    """What the answers say: ranking, win rates, agreement, raters, faults; raters are numbers, as on the page."""
    from t2i_studio.feedback.report import report as make_report
    from t2i_studio.store.session_progress import progress
    from t2i_studio.store.sessions import get_session
    from t2i_studio.store.votes import votes
    from t2i_studio.ui.i18n import words as page_words
    from t2i_studio.ui.session_files import report_json

    number = identifier("session", session)
    with studio(home) as (_, db):
        of = get_session(db, number)
        found = make_report(votes(db, number), of.plan)
        asks = found.excluded_answers and of.state is not SessionState.CLOSED and progress(db, number).complete
        told = report_json(db, number, found)["report"]
    standings = [
        f"{place}.  {one.source}  {one.strength.value:+.2f}"
        + ("" if one.strength.low is None else f"  ({one.strength.low:+.2f} … {one.strength.high:+.2f})")
        for place, one in enumerate(found.ranking.standings, 1)
    ]
    stars = [f"{one.source}  {one.stars.value:.2f} ★" for one in found.stars]
    count = words(
        f"{found.judged} judgements by {len(found.raters)} raters",
        f"{len(found.raters)} 位评分者，{found.judged} 次评判",
    )
    rest = [page_words(language())["fs_left_out_ask"]] if asks else []
    answer(told, "\n".join([count, *standings, *stars, *rest]), json)


@app.command("export")
def export(
    session: Number,
    format: Annotated[str, typer.Option(metavar="F", help=FORMATS)],
    out: Annotated[str, typer.Option(metavar="FOLDER", help="A folder that does not exist yet.")],
    ties: Annotated[str, typer.Option(metavar="T", help="keep or drop.")] = "drop",
    comments: Annotated[bool, typer.Option("--comments", help="With what raters wrote.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write its answers as a data set; the same as `export --session`."""
    export_answers(format, out, session, ties, comments, home, json)


@app.command("close")
def close(session: Number, home: Home = None, json: Json = False) -> None:
    """Take no more answers; a closed session is never opened again."""
    _set_state(session, SessionState.CLOSED, home, json)


@app.command("pause")
def pause(session: Number, home: Home = None, json: Json = False) -> None:
    """Take no answers until it is opened again."""
    _set_state(session, SessionState.PAUSED, home, json)


@app.command("open")
def open_(session: Number, home: Home = None, json: Json = False) -> None:
    """Let a paused session go on."""
    _set_state(session, SessionState.OPEN, home, json)


@app.command("simulate")
def simulate(
    raters: Annotated[str, typer.Option(metavar="N", help="At once.")] = "50",
    answers: Annotated[str, typer.Option(metavar="N", help="Of each rater.")] = "40",
    overlap: Annotated[str, typer.Option(metavar="N")] = "3",
    sessions: Annotated[str, typer.Option(metavar="N", help="One after the other.")] = "1",
    kills: Annotated[str, typer.Option(metavar="N", help="How often the server is killed meanwhile.")] = "0",
    studied: Annotated[str, typer.Option(metavar="N", help="Sessions for the statistics alone.")] = "200",
    seed: Annotated[str, typer.Option(metavar="S")] = "0",
    json: Json = False,
) -> None:
    """Made-up raters judge over HTTP, some of them badly: is anything lost, and are the figures right?"""
    from t2i_studio.cli.simulation.run import simulate as run

    found = run(
        raters=whole("raters", raters, 1, 500),
        answers=whole("answers", answers, 2, 1000),
        overlap=whole("overlap", overlap, 1, MAX_OVERLAP),
        sessions=whole("sessions", sessions, 1, 1000),
        kills=whole("kills", kills, 0, 1000),
        studied=whole("studied", studied, 1, 10_000),
        seed=whole("seed", seed, 0, MAX_SEED),
        tell=report,
    )
    answer(found.model_dump(), "\n".join(f"{name}: {value}" for name, value in found.model_dump().items()), json)


def _set_state(session: str, state: SessionState, home: Path | None, json: bool) -> None:
    from t2i_studio.store.sessions import set_state
    from t2i_studio.ui.judging.copies import Copies

    with studio(home) as (_, db):
        now = set_state(db, identifier("session", session), state)
        if state is SessionState.CLOSED:
            Copies(db).drop_closed()
    answer(_about(now), words(f"Session {now.id} is {now.state}.", f"场次 {now.id}：{now.state}"), json)


def _about(one: Any) -> dict[str, Any]:
    return {"session": one.id, "state": one.state} | one.plan.model_dump(mode="json", exclude={"code", "guideline"})


def _new_link(db: Database, number: int, label: str | None = None) -> str:
    from t2i_studio.store.entrance import make_link

    return make_link(db, number, label)


def _told_link(settings: Settings, number: int, token: str | None, json: bool) -> None:
    """The link at the address at which `serve` answers by default."""
    url = f"http://{settings.host}:{settings.port}/judge/{token}" if token else None
    said = url or words(
        f"Session {number}; give each rater a link of their own: session link {number} --label NAME",
        f"场次 {number}；请为每位评分者生成链接：session link {number} --label 姓名",
    )
    answer({"session": number, "token": token, "url": url}, said, json)


def _one_of(name: str, value: str, choices: Any) -> str:
    if value not in [str(choice) for choice in choices]:
        raise StudioError("choice.unknown", name=f"--{name}", value=shown(value), choices=", ".join(map(str, choices)))
    return value


def _numbers(text: str) -> list[int]:
    """1,2,5-9. Raises StudioError id.invalid, number.range."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        start = identifier("variant", first)
        end = identifier("variant", last) if dash else start
        whole("variants", str(end - start + 1), 1, 500)
        numbers += range(start, end + 1)
    return numbers


def _text(path: str | None, limit: int = MAX_TEXT) -> str:
    """A text file of at most `limit` characters. Raises StudioError file.missing, .unreadable, text.too_long."""
    if path is None:
        return ""
    data = files.read(path)
    if len(data) > MAX_BYTES:
        raise StudioError("text.too_long", length=len(data), limit=MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError("file.unreadable", path=shown(path)) from error
    if len(text) > limit:
        raise StudioError("text.too_long", length=len(text), limit=limit)
    return text
