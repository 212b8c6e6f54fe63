"""`finetune`: from ratings to a better model; `t2i_studio.ui` has the same for the browser."""

from pathlib import Path
from typing import Annotated, Any

import typer

from t2i_studio.brief.values import shown, whole
from t2i_studio.cli.console import Home, Json, answer, identifier, language, load_settings, report, studio, words
from t2i_studio.cli.files import make_folder, write
from t2i_studio.domain import LearningRun, LearntAdapter, Length, Method, Scope, Stage
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store import learning_runs, learnt_adapters
from t2i_studio.store.database import Database

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="Learn from ratings: train an adapter, compare it with the model, put it in use or not.",
)  # fmt: skip
Model = Annotated[str | None, typer.Option(metavar="M", help="Whose pictures the ratings are about [the setting's].")]
Session = Annotated[str | None, typer.Option(metavar="N", help="Only the ratings of this feedback session [all].")]
Team = Annotated[str, typer.Option(metavar="T", help="Whose adapter it becomes [everybody's].")]
Long = Annotated[str, typer.Option("--length", metavar="L", help="quick, usual or long.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Although no taste can be told from the ratings.")]
Number = Annotated[str, typer.Argument(metavar="RUN", help="Number of the learning run.")]


@app.command("preflight")
def preflight(
    model: Model = None, session: Session = None, team: Team = "", length: Long = "usual", home: Home = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Look at the ratings: how many, whether they agree, how they would be learnt from, how long that takes."""
    from t2i_studio.learning import curve
    from t2i_studio.learning.preflight import examine
    from t2i_studio.learning.product_names import told

    with studio(home) as (settings, db):
        scope = _scope(model or settings.model, session, team)
        found = examine(db, settings, scope, _length(length), curve.measured(db, scope.model)).preflight
        source = find_model(settings, scope.model).source
        sentences = (found.reason, *found.refusals, *found.warnings)
        lines = list(dict.fromkeys(told(each, source, language()) for each in sentences))
        if found.method is not Method.RERANK:
            lines += _taste(db, settings, found.scope)
        answer(found.model_dump(mode="json") | {"sentences": lines}, "\n".join(lines), json)


def _taste(db: Database, settings: Settings, scope: Scope) -> list[str]:
    """What the ratings prefer, in words, or why that cannot be told."""
    from t2i_studio.learning.ranking import Tastes
    from t2i_studio.learning.taste_words import reason, sureness

    try:
        taste = Tastes(db, settings).taste(scope.model, scope.team, scope.session)
    except StudioError as error:
        return [error.sentence(language())]
    return [reason(taste.leanings, language()), sureness(taste.reward, language())]


@app.command("run")
def run(
    model: Model = None, session: Session = None, team: Team = "", length: Long = "usual", anyway: Anyway = False,
    home: Home = None, json: Json = False,
) -> None:  # fmt: skip
    """Learn from the ratings: look at them, train, compare with the model as it is, and give a verdict.

    `torchrun --nproc-per-node 2 -m t2i_studio finetune run` trains in two processes.
    """
    from t2i_studio.learning.runs import work, work_along
    from t2i_studio.processes import is_main

    with studio(home) as (settings, db):
        if not is_main():
            return work_along(db, settings)
        scope = _scope(model or settings.model, session, team)
        begun = learning_runs.create_run(db, scope, _length(length), "local", anyway=anyway)
        _told(db, work(db, settings, begun.id, report), json)


@app.command("resume")
def resume(number: Number, home: Home = None, json: Json = False) -> None:
    """Take a new, interrupted, cancelled or failed run on from where it stopped."""
    from t2i_studio.learning.runs import work, work_along
    from t2i_studio.processes import is_main

    with studio(home) as (settings, db):
        if not is_main():
            return work_along(db, settings)
        run = learning_runs.get_run(db, identifier("learning run", number))
        if run.stage in (Stage.CANCELLED, Stage.FAILED):
            learning_runs.resume_run(db, run.id)
        _told(db, work(db, settings, run.id, report), json)


@app.command("cancel")
def cancel(number: Number, home: Home = None, json: Json = False) -> None:
    """Stop a run; it can be resumed."""
    with studio(home) as (_, db):
        _told(db, learning_runs.request_cancel(db, identifier("learning run", number)), json)


@app.command("evaluate")
def evaluate(number: Number, home: Home = None, json: Json = False) -> None:
    """Compare old and new again, with pictures that are there taken as they are, and give the verdict anew."""
    from t2i_studio.learning.runs import evaluate_again

    with studio(home) as (settings, db):
        _told(db, evaluate_again(db, settings, identifier("learning run", number), report), json)


@app.command("gate")
def gate(number: Number, home: Home = None, json: Json = False) -> None:
    """The verdict of a run in words; where people were asked, of their answers so far."""
    from t2i_studio.learning.asking import settle

    with studio(home) as (_, db):
        _told(db, settle(db, identifier("learning run", number)), json)


@app.command("ask")
def ask(number: Number, home: Home = None, json: Json = False) -> None:
    """Make a blind feedback session that decides a run: old and new side by side, nobody knows which is which."""
    from t2i_studio.cli.session import see_draft_through
    from t2i_studio.learning import asking

    with studio(home) as (settings, db):
        run = learning_runs.get_run(db, identifier("learning run", number))
        see_draft_through(db, settings, asking.ask(db, settings, run.id, "local"))
        _told(db, asking.settle(db, run.id), json)


@app.command("adopt")
def adopt(number: Number, home: Home = None, json: Json = False) -> None:
    """Put the adapter of a run in use for its model and team; only one with a good verdict."""
    from t2i_studio.learning import adoption

    with studio(home) as (settings, db):
        made = _adapter_of(db, identifier("learning run", number))
        _adapter_told(adoption.adopt(db, settings, made.id, "local"), json)


@app.command("rollback")
def rollback(model: Model = None, team: Team = "", home: Home = None, json: Json = False) -> None:
    """Put the adapter in use that was before the present one, or none."""
    with studio(home) as (settings, db):
        before = learnt_adapters.roll_back(db, model or settings.model, team, "local")
        if before is None:
            answer({"adapter": None}, words("No adapter is in use now.", "现在没有启用任何适配器。"), json)
        else:
            _adapter_told(before, json)


@app.command("export")
def export(
    number: Number,
    out: Annotated[Path, typer.Option(metavar="FILE", help="A .safetensors file that AUTOMATIC1111, ComfyUI … read.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Write a run's adapter under the names of layers that other tools read."""
    from t2i_studio.learning.lora import WEIGHTS, for_others

    with studio(home) as (_, db):
        made = _adapter_of(db, identifier("learning run", number))
        write(out, for_others(Path(made.path) / WEIGHTS))
        answer({"file": str(out)}, str(out), json)


@app.command("list")
def list_runs(model: Model = None, home: Home = None, json: Json = False) -> None:
    """Runs and their verdicts, newest first, and which adapters are in use."""
    with studio(home) as (_, db):
        runs = learning_runs.list_runs(db, model)
        adapters = {made.run: made for made in learnt_adapters.list_adapters(db, model, limit=1000)}
        rows = [_row(run, adapters.get(run.id)) for run in runs]
        answer({"runs": rows}, "\n".join(_line(row) for row in rows) or words("No runs yet.", "还没有学习任务。"), json)


@app.command("simulate")
def simulate(
    taste: Annotated[str, typer.Option(metavar="T", help="warm_rich, minimal_small or saturated_podium.")],
    pairs: Annotated[str, typer.Option(metavar="N", help="Comparisons by made-up raters.")] = "300",
    shuffled: Annotated[bool, typer.Option("--shuffled", help="Raters toss a coin.")] = False,
    anyway: Anyway = False,
    seed: Annotated[str, typer.Option(metavar="N", help="Other products, pictures and raters.")] = "0",
    raters: Annotated[str, typer.Option(metavar="N", help="Other raters of the same pictures.")] = "0",
    length: Long = "usual",
    cache: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the rated pictures are kept for the next simulation.")
    ] = Path("training/simulated"),
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the simulated studio there, to look at.")
    ] = None,
    json: Json = False,
) -> None:
    """Learn from made-up raters with a taste that training cannot see, and print how well the model follows it."""
    import tempfile

    from t2i_studio.cli.simulation.learning import learn
    from t2i_studio.cli.simulation.tastes import TASTES

    if taste not in TASTES:
        raise StudioError("choice.unknown", name="--taste", value=shown(taste), choices=", ".join(TASTES))
    count, number = whole("pairs", pairs, 1, 5000), whole("seed", seed, 0, 2**31)
    with tempfile.TemporaryDirectory() as passing:
        home = make_folder(str(keep)) if keep else Path(passing)
        settings = load_settings(home=home)
        found = learn(
            home, cache, settings, taste=taste, pairs=count, seed=number,
            raters=whole("raters", raters, 0, 2**31), shuffled=shuffled,  # type: ignore[arg-type]
            anyway=anyway,
            length=_length(length), tell=report,
        )  # fmt: skip
    data = found.model_dump(mode="json")
    answer(data, "\n".join(f"{name:16} {value}" for name, value in data.items()), json)


def _scope(model: str, session: str | None, team: str) -> Scope:
    number = None if session is None else identifier("session", session)
    return Scope(model=model, session=number, team=team)


def _length(value: str) -> Length:
    if value not in [*Length]:
        raise StudioError("choice.unknown", name="--length", value=shown(value), choices=", ".join(Length))
    return Length(value)


def _adapter_of(db: Database, run_id: int) -> LearntAdapter:
    run = learning_runs.get_run(db, run_id)
    made = learnt_adapters.adapter_of(db, run_id)
    if made is None:
        raise StudioError("learning.no_adapter", run=run_id, stage=run.stage)
    return made


def _told(db: Database, run: LearningRun, as_json: bool) -> None:
    """A run as it stands. What failed or refused it is raised, so that the exit code says so."""
    if run.stage is Stage.FAILED and run.error:
        raise StudioError(run.error["key"], **run.error["params"])
    if run.stage is Stage.REFUSED and run.preflight:
        raise StudioError(run.preflight["refusals"][0]["key"], **run.preflight["refusals"][0]["params"])
    row = _row(run, learnt_adapters.adapter_of(db, run.id))
    answer(row, "\n".join([_line(row), *row["sentences"]]), as_json)


def _row(run: LearningRun, adapter: LearntAdapter | None) -> dict[str, Any]:
    """Flat keys for scripts; sentences: why it was refused, or the verdict's reasons."""
    from t2i_studio.learning.verdict_words import sentence

    refused = (run.preflight or {}).get("refusals", []) if run.stage is Stage.REFUSED else []
    sentences = [StudioError(each["key"], **each["params"]).sentence(language()) for each in refused]
    verdict = run.verdict.model_dump(mode="json", exclude={"reasons"}) if run.verdict else {}
    if run.verdict:
        sentences += [sentence(reason, language()) for reason in run.verdict.reasons]
    return {
        "run": run.id, "model": run.scope.model, "team": run.scope.team, "session": run.scope.session,
        "stage": "interrupted" if run.interrupted else run.stage.value, "method": (run.preflight or {}).get("method"),
        **verdict,
        "version": adapter and adapter.version, "adopted": bool(adapter and adapter.adopted),
        "forgotten": bool(adapter and adapter.forgotten), "asked": run.session, "sentences": sentences,
        "created": run.created,
    }  # fmt: skip


def _line(row: dict[str, Any]) -> str:
    parts = [f"{row['run']:>4}  {row['model']}", row["team"] or "–", row["stage"], row["method"] or "–"]
    if row.get("win_rate") is not None:
        low, high = row["win_rate_low"], row["win_rate_high"]
        parts.append(f"{row['win_rate']:.0%} ({low:.0%}–{high:.0%}, {row['judge']})")
        parts.append(words("better", "更好") if row["adopt"] else words("not better", "没有更好"))
    if row["adopted"]:
        parts.append(words(f"in use as version {row['version']}", f"已启用，版本 {row['version']}"))
    return "  ".join(parts)


def _adapter_told(adapter: LearntAdapter, as_json: bool) -> None:
    said = words(
        f"In use for {adapter.model}: version {adapter.version} of run {adapter.run}.",
        f"{adapter.model} 已启用：版本 {adapter.version}（学习任务 {adapter.run}）。",
    )
    answer(adapter.model_dump(mode="json"), said, as_json)
