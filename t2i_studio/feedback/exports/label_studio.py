"""Label Studio: a labelling set-up and tasks with the answers so far as annotations, for each kind of question.

The Pairwise tag knows left and right only, and some exports drop it; so the choice is a Choices tag, with ties and
"all bad".
Format of tasks: https://labelstud.io/guide/task_format
"""

from pathlib import Path
from xml.sax.saxutils import quoteattr

from t2i_studio.domain import Vote
from t2i_studio.feedback.exports.material import SECOND, Material, Tally
from t2i_studio.feedback.exports.tasks import Task, data_uri, tasks_by_kind, write_list
from t2i_studio.feedback.imports import mark_of
from t2i_studio.store.faults import FAULTS

TASKS = "tasks.json"
SET_UP = "labelling.xml"
MAX_FILE = 200 * 2**20
"""Bytes; Label Studio takes uploads below 250 MiB (its setting DATA_UPLOAD_MAX_MEMORY_SIZE)."""
FIRST = "picture_1"
"""Name of the first picture, to which the answers are tied."""


def write_label_studio(material: Material, folder: Path) -> Tally:
    """For each kind a folder with labelling.xml (paste it into the project's set-up) and tasks.json (import it)."""
    kinds, left_out = tasks_by_kind(material)
    rows = 0
    for kind, tasks in kinds.items():
        (folder / kind).mkdir()
        (folder / kind / SET_UP).write_text(labelling(len(tasks[0].variants)), encoding="utf-8")
        rows += write_list(folder / kind / TASKS, (_task(material, task) for task in tasks), MAX_FILE)
    return Tally(rows=rows, left_out=left_out)


def labelling(pictures: int) -> str:
    """The set-up of a project that shows so many pictures: stars and faults of one, a choice among several."""
    shown = "".join(
        f'\n    <View><Header value="{n}"/><Image name="picture_{n}" value="$picture_{n}"/></View>'
        for n in range(1, pictures + 1)
    )
    asked = _stars_and_faults() if pictures == 1 else _choice(pictures)
    return (
        f'<View>\n  <Header value="$prompt"/>\n  <View style="display: flex">{shown}\n  </View>\n{asked}'
        f'  <TextArea name="comment" toName="{FIRST}"/>\n</View>\n'
    )


def _stars_and_faults() -> str:
    faults = "".join(f"\n    <Choice value={quoteattr(code)}/>" for code in FAULTS)
    return (
        f'  <Rating name="stars" toName="{FIRST}" maxRating="5"/>\n'
        f'  <Choices name="faults" toName="{FIRST}" choice="multiple">{faults}\n  </Choices>\n'
    )


def _choice(pictures: int) -> str:
    values = [*map(str, range(1, pictures + 1)), "tie", "bad"]
    choices = "".join(f'\n    <Choice value="{value}"/>' for value in values)
    return f'  <Choices name="choice" toName="{FIRST}" choice="single-radio" required="true">{choices}\n  </Choices>\n'


def _task(material: Material, task: Task) -> dict[str, object]:
    """variants: by which the import finds the pictures again."""
    pictures = {f"picture_{n}": data_uri(material.picture(variant)) for n, variant in enumerate(task.variants, 1)}
    data = {"prompt": task.prompt, "variants": list(task.variants)} | pictures
    return {"data": data, "annotations": [_annotation(task, vote) for vote in task.votes]}


def _annotation(task: Task, vote: Vote) -> dict[str, object]:
    """completed_by is left to Label Studio, which knows none of our raters; the new rater id marks the answer as the
    studio's own, so that the import does not take it for a second one, as long as it says what it said.
    """
    results: list[tuple[str, str, dict[str, object]]] = []
    if len(vote.variants) > 1:
        results.append(("choice", "choices", {"choices": [task.choice(vote)]}))
    if vote.stars is not None:
        results.append(("stars", "rating", {"rating": vote.stars}))
    if vote.faults and len(vote.variants) == 1:
        results.append(("faults", "choices", {"choices": list(vote.faults)}))
    if vote.comment:
        results.append(("comment", "textarea", {"text": [vote.comment]}))
    values: list[dict[str, object]] = [
        {"id": f"{vote.assignment}-{name}", "from_name": name, "to_name": FIRST, "type": type, "value": value}
        for name, type, value in results
    ]
    meta = {"rater": vote.rater, "said": mark_of(values, len(vote.variants))}
    seconds = {} if vote.active_ms is None else {"lead_time": vote.active_ms / SECOND}
    return {
        "result": [value | {"meta": meta} for value in values],
        "was_cancelled": False,
        "ground_truth": False,
        **seconds,
    }
