// Example pictures of the guideline: from the chosen ones, each as good or as bad work, and why.
import { el, fill, icon, thumbUrl, word } from "./dom.js";

const MOST = 8;

/** Make the picker. changed(examples) is called with what the plan takes. */
export function makeExamples(cards, changed) {
  const chosen = new Map(); // variant → {good, zh, en}
  const rows = el("div", { class: "example-rows" });
  const strip = el("div", { class: "example-strip", role: "group", "aria-label": word("fs_examples") });
  const node = el("div", { hidden: cards.length === 0 }, el("h3", {}, word("fs_examples")), el("p", { class: "quiet" }, word("fs_examples_note", { n: MOST })), strip, rows);

  const told = () => changed([...chosen].map(([variant, example]) => ({ variant, ...example })));

  function toggle(card) {
    if (!chosen.delete(card.id) && chosen.size < MOST) chosen.set(card.id, { good: true, zh: "", en: "" });
    paint();
    told();
  }

  function paint() {
    fill(strip, cards.map((card) => el("button", { type: "button", class: "example-pick", "aria-pressed": String(chosen.has(card.id)), "aria-label": word("fs_example_of", { id: card.id }), onclick: () => toggle(card) }, el("img", { src: thumbUrl(card.image), alt: "", loading: "lazy" }))));
    fill(rows, [...chosen].map(([id, example]) => row(cards.find((card) => card.id === id), example)));
  }

  function row(card, example) {
    const way = (good) => el("label", {}, el("input", { type: "radio", name: `example-${card.id}`, checked: example.good === good, onchange: () => ((example.good = good), told()) }), el("span", {}, icon(good ? "check" : "close"), word(good ? "fs_good" : "fs_bad_example")));
    const why = (language) => el("input", { type: "text", maxlength: 300, value: example[language], placeholder: word(`fs_why_${language}`), "aria-label": word(`fs_why_${language}`), oninput: (event) => ((example[language] = event.target.value), told()) });
    return el("div", { class: "example-row" }, el("img", { src: thumbUrl(card.image), alt: card.text }), el("div", {}, el("div", { class: "segment" }, way(true), way(false)), why("zh"), why("en")));
  }

  paint();
  return { node };
}
