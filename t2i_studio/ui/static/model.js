// What the chosen model is good at, its licence and its languages.
import { el, fill, word } from "./dom.js";

const language = new Intl.DisplayNames([window.studio.language === "zh" ? "zh-CN" : "en"], { type: "language" });

export default function ({ element, props, watch }) {
  const box = el("div", { class: "model-card", "aria-live": "polite" });
  fill(element, box);

  function paint() {
    const card = props.card;
    if (!card) return box.replaceChildren();
    const facts = [
      [word("licence"), card.licence],
      [word("languages"), card.languages.map((code) => language.of(code)).join(" · ")],
      [word("vram"), card.vram_gb && `${card.vram_gb} GB`],
    ].filter(([, value]) => value);
    const lines = [
      card.good_at[window.studio.language] && el("p", {}, card.good_at[window.studio.language]),
      facts.length && el("dl", {}, facts.map(([label, value]) => [el("dt", {}, label), el("dd", {}, value)])),
      !card.available && el("p", { class: "problem" }, word("model_unavailable")),
      card.available && !card.source.startsWith("/") && el("p", { class: "quiet" }, word("model_download")),
    ];
    fill(box, lines);
  }
  watch("card", paint);
  paint();
  setTimeout(emptyNumbers);
}

/** Gradio makes 0 of a number that has no value as soon as its field is there, that is, when this section is first
 *  opened; fields with a placeholder may be empty, which means the model's own or a new seed. */
function emptyNumbers() {
  for (const field of document.querySelectorAll("#advanced input[type=number][placeholder]:not([placeholder=''])")) {
    if (field.value !== "0") continue;
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
