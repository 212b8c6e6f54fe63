"""Argilla 2: a data set folder as `rg.Dataset.from_disk` reads it, for each kind of question.

What most raters answered goes along as a suggestion, with the share of them as its score. Answers of single raters do
not: Argilla ties a response to an account on its server, and refuses one of anybody it does not know.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from t2i_studio.feedback.exports.material import Material, Tally
from t2i_studio.feedback.exports.tasks import Task, data_uri, tasks_by_kind, write_list
from t2i_studio.store.faults import FAULTS

AGENT = "T2I Studio"
OVERLAP = 3
"""Answers that Argilla asks for each record."""


def write_argilla(material: Material, folder: Path) -> Tally:
    """For each kind a folder with records.json and Argilla's own settings.json and dataset.json."""
    kinds, left_out = tasks_by_kind(material)
    rows = 0
    for kind, tasks in kinds.items():
        settings = folder / kind / ".argilla"
        settings.mkdir(parents=True)
        text = json.dumps(_settings(len(tasks[0].variants)), ensure_ascii=False, indent=2)
        (settings / "settings.json").write_text(text, encoding="utf-8")
        (settings / "dataset.json").write_text(json.dumps({"name": f"t2i-studio-{kind}"}), encoding="utf-8")
        rows += write_list(folder / kind / "records.json", (_record(material, task) for task in tasks))
    return Tally(rows=rows, left_out=left_out)


def _settings(pictures: int) -> dict[str, object]:
    fields = [_property("prompt", {"type": "text", "use_markdown": False})]
    fields += [_property(f"picture_{n}", {"type": "image"}) for n in range(1, pictures + 1)]
    if pictures == 1:
        stars = {"type": "rating", "options": [{"value": value} for value in range(1, 6)]}
        faults = {"type": "multi_label_selection", "options": _options(FAULTS), "visible_options": None}
        questions = [_property("stars", stars), _property("faults", faults | {"options_order": "natural"}, False)]
    else:
        values = [*map(str, range(1, pictures + 1)), "tie", "bad"]
        choice = {"type": "label_selection", "options": _options(values), "visible_options": None}
        questions = [_property("choice", choice)]
    return {
        "guidelines": None,
        "fields": fields,
        "questions": questions,
        "vectors": [],
        "metadata": [],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": OVERLAP},
    }


def _property(name: str, settings: Mapping[str, object], required: bool = True) -> dict[str, object]:
    return {"name": name, "title": name, "required": required, "type": settings["type"], "settings": settings}


def _options(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"value": value, "text": value} for value in values]


def _record(material: Material, task: Task) -> dict[str, object]:
    pictures = {f"picture_{n}": data_uri(material.picture(variant)) for n, variant in enumerate(task.variants, 1)}
    return {
        "id": str(task.number),
        "fields": {"prompt": task.prompt} | pictures,
        "metadata": {"answers": len(task.votes), "variants": " ".join(map(str, task.variants))},
        "suggestions": _suggestions(task),
        "responses": {},
        "vectors": {},
    }


def _suggestions(task: Task) -> dict[str, dict[str, object]]:
    """A question without a single most frequent answer has no suggestion; a fault is suggested when most named it."""
    single = len(task.variants) == 1
    given = [vote.stars if single else task.choice(vote) for vote in task.votes]
    answers = Counter(answer for answer in given if answer is not None)
    suggestions: dict[str, dict[str, object]] = {}
    ranked = answers.most_common(2)
    if ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
        value, count = ranked[0]
        share = round(count / answers.total(), 3)
        suggestions["stars" if single else "choice"] = {"value": value, "score": share, "agent": AGENT}
    named = Counter(fault for vote in task.votes for fault in vote.faults if single)
    if faults := sorted(fault for fault, count in named.items() if 2 * count > len(task.votes)):
        suggestions["faults"] = {"value": faults, "agent": AGENT}
    return suggestions
