"""What a person might have typed to get a scene: bilingual captions from the scene's parameters.

A caption is a shuffled list of clauses; each knows which attributes it states, so that for every caption it
is known what it says and what it leaves open. Words and patterns are data (assets/catalogue).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.pretraining.catalogue import Catalogue, Words
from t2i_studio.pretraining.phrases import Phrases, load_phrases, traditional
from t2i_studio.pretraining.scenes import Scene, shown_color

CaptionLanguage = Literal["zh", "en", "mixed"]
Tongue = Literal["zh", "zh_hant", "en"]

SAY = {"color": 0.92, "natural": 0.35, "backdrop": 0.88, "podium": 0.72, "none": 0.35, "props": 0.85}
SAY_POSITION = {"left": 0.8, "right": 0.8, "centre": 0.25}
SAY_LEVEL, SAY_NEUTRAL = 0.85, 0.04  # a level that differs from the neutral one; the neutral one
SYNONYM, FILLER, TRADITIONAL, SHORT, PLURAL, WHITE = 0.35, 0.18, 0.05, 0.12, 0.06, 0.4
_WRONG_ARTICLE = re.compile(r"\ba (?=[aeiou])(?!one)")
MAX_CLAUSES = 8  # so that the longest caption fits the tokenizer's 48 tokens


@dataclass(frozen=True)
class Clause:
    """A part of a caption and the attributes (keys of attributes.py) it states."""

    text: str
    facts: frozenset[str]


Say = Callable[[Tongue], Clause | None]


def caption(scene: Scene, rng: np.random.Generator, language: CaptionLanguage, catalogue: Catalogue) -> str:
    """A natural description of the scene; another one at each call, the same for the same state of rng."""
    return caption_with_facts(scene, rng, language, catalogue)[0]


def caption_with_facts(
    scene: Scene, rng: np.random.Generator, language: CaptionLanguage, catalogue: Catalogue
) -> tuple[str, set[str]]:
    """A caption and the attributes it states."""
    writer = _Writer(scene, rng, language, catalogue)
    clauses = [writer.subject(writer.tongue())]
    others = [clause for say in writer.optional().values() if (clause := say(writer.tongue()))]
    rng.shuffle(others)  # type: ignore[arg-type]
    keep = int(rng.integers(0, 2)) if rng.random() < SHORT else MAX_CLAUSES - 1
    clauses += others[:keep]
    return writer.joined(clauses), set().union(*(clause.facts for clause in clauses))


def caption_stating(
    facts: set[str], scene: Scene, rng: np.random.Generator, language: CaptionLanguage, catalogue: Catalogue
) -> str:
    """A caption as natural as any that states exactly `facts`, which some caption of the scene must be able to state:
    a translation, where another caption stated them. ValueError when none can.
    """
    writer = _Writer(scene, rng, language, catalogue)
    props = {fact for fact in facts if fact.startswith("prop.")}
    clauses = [writer.until(writer.subject, facts & {"object", "color"})]
    others = [
        writer.until(say, props if name == "props" else {name})
        for name, say in writer.optional().items()
        if name in facts or (name == "props" and props)
    ]
    rng.shuffle(others)  # type: ignore[arg-type]
    return writer.joined(clauses + others)


def canonical(scene: Scene, language: Literal["zh", "en"], catalogue: Catalogue) -> str:
    """The plainest full description: main words only, fixed order, neutral levels unsaid."""
    words, zh = catalogue, language == "zh"
    color = scene.color and _main(words.colors[scene.color], language)
    name = _main(words.objects[scene.object], language)
    thing = name if not color else f"{color}{name}" if zh else f"{color} {name}"
    podium = _main(words.podiums[scene.podium], language)
    if scene.podium != "none":
        podium = f"白色{podium}" if zh else f"on a white {podium}"
    backdrop = _main(words.backdrops[scene.backdrop], language)
    parts = [thing if zh else _article(thing), podium, f"{backdrop}背景" if zh else f"{backdrop} background"]
    props = [_main(words.props[prop], language) for prop in scene.props]
    if props:
        parts.append("和".join(props) if zh else "with " + " and ".join(props))
    if scene.position != "centre":
        parts.append(_main(words.positions[scene.position], language))
    parts += [
        style_phrase(control, scene.style[control], language, catalogue)
        for control in STYLE_CONTROLS
        if scene.style[control] != NEUTRAL
    ]
    return ("，" if zh else ", ").join(parts)


def style_phrase(control: str, level: int, language: Literal["zh", "en"], catalogue: Catalogue) -> str:
    """The words the page's slider puts into a prompt for this level."""
    return _main(catalogue.styles[control, level], language)


def plural(noun: str) -> str:
    """English plural of the head of `noun`: "cup of coffee" → "cups of coffee"."""
    head, of, rest = noun.partition(" of ")
    if is_plural(head):
        return noun
    if head.endswith(("s", "x", "ch", "sh")):
        head += "es"
    elif head.endswith("y") and head[-2] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "s"
    return head + of + rest


def is_plural(noun: str) -> bool:
    """Words such as jeans, headphones and glasses, which take no article."""
    return noun.endswith("s") and not noun.endswith(("ss", "us"))


class _Writer:
    """The clauses one scene can be described with, in words drawn by lot."""

    def __init__(self, scene: Scene, rng: np.random.Generator, language: CaptionLanguage, catalogue: Catalogue) -> None:
        self.scene, self.rng, self.language, self.catalogue = scene, rng, language, catalogue
        self.chinese: Tongue = "zh_hant" if self._chance(TRADITIONAL) else "zh"

    def tongue(self) -> Tongue:
        """What the next words are written in."""
        english = self.language == "en" or (self.language == "mixed" and self._chance(0.5))
        return "en" if english else self.chinese

    def optional(self) -> dict[str, Say]:
        """The clauses beside the subject by what they are about; each may decide to say nothing."""
        clauses: dict[str, Say] = {control: partial(self.style, control) for control in STYLE_CONTROLS}
        return {
            "backdrop": self.backdrop, "podium": self.podium, "props": self.props, "position": self.position, **clauses
        }  # fmt: skip

    def until(self, say: Say, facts: set[str]) -> Clause:
        """What it says once it decides to state exactly `facts`; what is least often said is in 4 captions of 100."""
        for _ in range(1_000):
            clause = say(self.tongue())
            if clause and clause.facts == facts:
                return clause
        raise ValueError(f"no caption of this scene states exactly {sorted(facts)}")

    def joined(self, clauses: list[Clause]) -> str:
        """The clauses as one text, now and then with the subject last or with words that state nothing."""
        rng = self.rng
        if len(clauses) > 1 and self._chance(0.15):
            clauses = [*clauses[1:], clauses[0]]
        if self._chance(FILLER) and len(clauses) < MAX_CLAUSES:
            words = _pick(rng, self._phrases(last := self.tongue()).filler)
            at = int(rng.integers(len(clauses) + 1))
            clauses = [*clauses[:at], Clause(_script(words, last), frozenset()), *clauses[at:]]
        joint = _pick(rng, self._phrases(self.tongue()).joints)
        return joint.join(clause.text for clause in clauses)

    def subject(self, tongue: Tongue) -> Clause:
        """The product, with its colour where there is one to say."""
        facts, phrases = {"object"}, self._phrases(tongue)
        thing = self._word(self.catalogue.objects[self.scene.object], tongue)
        many = tongue == "en" and self._chance(PLURAL)
        if many:
            thing = plural(thing)
        color = shown_color(self.scene, self.catalogue)
        if color and self._chance(SAY["color" if self.scene.color else "natural"]):
            facts.add("color")
            word = self._word(self.catalogue.colors[color], tongue)
            pattern = _pick(self.rng, phrases.colored)
            thing = pattern.format(color=word, object=_script(thing, tongue))
        if tongue == "en" and not many and self._chance(0.8):
            thing = _article(thing)
        return self._clause(phrases.subject, tongue, facts, subject=thing)

    def backdrop(self, tongue: Tongue) -> Clause | None:
        """The colour of the backdrop."""
        if not self._chance(SAY["backdrop"]):
            return None
        word = self._word(self.catalogue.backdrops[self.scene.backdrop], tongue)
        return self._clause(self._phrases(tongue).backdrop, tongue, {"backdrop"}, color=word)

    def podium(self, tongue: Tongue) -> Clause | None:
        """The podium; all of them are white, which may be said."""
        bare = self.scene.podium == "none"
        if not self._chance(SAY["none" if bare else "podium"]):
            return None
        phrases = self._phrases(tongue)
        word = self._word(self.catalogue.podiums[self.scene.podium], tongue)
        if not bare and self._chance(WHITE):
            if tongue != "en":
                word = phrases.white + word
            else:  # "white round podium" or "round white podium"
                word = f"white {word}" if self._chance(0.5) else word.replace(" ", " white ", 1)
        return self._clause(phrases.bare if bare else phrases.podium, tongue, {"podium"}, podium=word)

    def props(self, tongue: Tongue) -> Clause | None:
        """The props, all of them in one clause."""
        if not self.scene.props or not self._chance(SAY["props"]):
            return None
        words = [self._word(self.catalogue.props[prop], tongue) for prop in self.scene.props]
        self.rng.shuffle(words)
        phrases = self._phrases(tongue)
        facts = {f"prop.{prop}" for prop in self.scene.props}
        return self._clause(phrases.props, tongue, facts, props=phrases.and_.join(words))

    def position(self, tongue: Tongue) -> Clause | None:
        """Where the product stands."""
        if not self._chance(SAY_POSITION[self.scene.position]):
            return None
        word = self._word(self.catalogue.positions[self.scene.position], tongue)
        return self._clause(self._phrases(tongue).position, tongue, {"position"}, position=word)

    def style(self, control: str, tongue: Tongue) -> Clause | None:
        """The level of one style control."""
        level = self.scene.style[control]
        if not self._chance(SAY_NEUTRAL if level == NEUTRAL else SAY_LEVEL):
            return None
        word = self._word(self.catalogue.styles[control, level], tongue)
        return self._clause(self._phrases(tongue).style, tongue, {control}, style=word)

    def _clause(self, patterns: tuple[str, ...], tongue: Tongue, facts: set[str], **words: str) -> Clause:
        text = _pick(self.rng, patterns).format(**words)
        if tongue == "en":
            text = _WRONG_ARTICLE.sub("an ", text)
        return Clause(_script(text, tongue), frozenset(facts))

    def _phrases(self, tongue: Tongue) -> Phrases:
        return load_phrases()["en" if tongue == "en" else "zh"]

    def _chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def _word(self, words: Words, tongue: Tongue) -> str:
        synonyms = words.synonyms_en if tongue == "en" else words.synonyms_zh
        if synonyms and self._chance(SYNONYM):
            return _pick(self.rng, synonyms)
        return {"en": words.en, "zh": words.zh, "zh_hant": words.zh_hant}[tongue]


def _main(words: Words, language: Literal["zh", "en"]) -> str:
    return words.zh if language == "zh" else words.en


def _script(text: str, tongue: Tongue) -> str:
    return traditional(text) if tongue == "zh_hant" else text


def _article(noun: str) -> str:
    if is_plural(noun.partition(" in ")[0]):
        return noun
    return _WRONG_ARTICLE.sub("an ", f"a {noun}")


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
