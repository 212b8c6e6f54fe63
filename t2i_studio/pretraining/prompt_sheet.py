"""A sheet of pictures, each above the prompt it was drawn for."""

import re
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageText

COLUMNS = 8
SIDE, TEXT, GAP, SIZE = 192, 84, 10, 11  # of a picture, of the room for its prompt, between cells, of letters; pixels
_BREAKABLE = re.compile("([，。；、])")  # lines end at spaces, of which Chinese has none


def prompt_sheet(pictures: np.ndarray, prompts: Sequence[str]) -> Image.Image:
    """pictures: (N, H, W, 3) uint8. COLUMNS in a row; what of a prompt has no room below its picture is left out."""
    path = files("justmytype_intl_cjk") / "fonts" / "ofl" / "notosanssc" / "NotoSansSC[wght].ttf"
    font = ImageFont.truetype(str(path), SIZE)
    font.set_variation_by_name("Medium")
    rows = -(-len(prompts) // COLUMNS)
    across, down = SIDE + GAP, SIDE + TEXT + GAP
    sheet = Image.new("RGB", (COLUMNS * across + GAP, rows * down + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (picture, prompt) in enumerate(zip(pictures, prompts, strict=True)):
        left, top = GAP + number % COLUMNS * across, GAP + number // COLUMNS * down
        sheet.paste(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (left, top))
        text = ImageText.Text(_BREAKABLE.sub(r"\1 ", prompt), font)
        text.wrap(SIDE, TEXT)
        pen.text((left, top + SIDE + 2), text, "black")
    return sheet
