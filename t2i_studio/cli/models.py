"""`models`: which models there are."""

from t2i_studio.cli.console import Home, Json, answer, load_settings, words
from t2i_studio.engine.registry import model_cards


def models(home: Home = None, json: Json = False) -> None:
    """The offered models: licence, languages, memory, what each is good at."""
    cards = model_cards(load_settings(home=home))
    data = [card.model_dump(mode="json", exclude={"preview"}) for card in cards]
    lines = []
    for card in cards:
        mark = " " if card.available else "–"
        lines.append(f"{mark} {card.name:<24} {card.licence:<16} {','.join(card.languages):<6} {card.source}")
        if good := words(card.good_at.en, card.good_at.zh):
            lines.append(f"    {good}")
    answer(data, "\n".join(lines), json)
