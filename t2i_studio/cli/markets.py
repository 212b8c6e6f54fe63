"""`markets`: languages, campaigns, and what to prefer and to avoid."""

import datetime as dt

from t2i_studio.brief.markets import Market, hints, markets
from t2i_studio.cli.console import Json, answer, language, words


def list_markets(json: Json = False) -> None:
    """List the markets with their campaigns of the next weeks and all advice."""
    today = dt.date.today()
    data = [_data(market, today) for market in markets()]
    answer(data, "\n\n".join(_lines(market, today) for market in markets()), json)


def _data(market: Market, today: dt.date) -> dict[str, object]:
    """A market with each festival's next first day in place of the rule that finds it."""
    told = market.model_dump(mode="json")
    for row, festival in zip(told["festivals"], market.festivals, strict=True):
        row["begins"] = festival.next(today)
    return told


def _lines(market: Market, today: dt.date) -> str:
    spoken = language()
    lines = [f"{market.id:<6} {market.name.said(spoken)}  ({', '.join(market.languages)})"]
    mark = {"prefer": "+", "avoid": "–"}
    lines += [f"  {mark[advice.kind]} {getattr(advice, spoken)}" for advice in market.advice]
    for hint in hints(market.id, [], today):
        if hint.kind == "festival":
            lines.append(f"  {words('from', '自')} {hint.begins}  {hint.text.said(spoken)}")
    return "\n".join(lines)
