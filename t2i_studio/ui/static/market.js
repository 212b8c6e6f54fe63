// Where the creative is to run, and what is worth knowing there. Value: a market's id, or "".
import { el, fill, remember, word } from "./dom.js";

const MARKS = { avoid: "!", prefer: "+", festival: "◷" };

export default function ({ element, props, trigger, watch }) {
  const select = el("select", { id: "market-choice", onchange: () => choose(select.value) },
    el("option", { value: "" }, word("market_none")),
    window.studio.markets.map(({ id, name }) => el("option", { value: id }, name)));
  const list = el("ul", { class: "hints", "aria-live": "polite" });
  fill(element, el("div", { class: "market-row" }, el("label", { for: "market-choice" }, word("market")), select), list);

  function choose(id) {
    props.value = id;
    remember("market", id);
    trigger("change");
  }

  function when({ text, days }) {
    if (days === null) return text;
    return word(days > 0 ? "hint_in_days" : "hint_now", { text, n: days });
  }

  function hint(told) {
    const look = window.studio.presets.find(({ id }) => id === told.preset);
    return el("li", { class: told.kind },
      el("span", { class: "mark", "aria-hidden": "true" }, MARKS[told.kind]),
      el("span", {}, el("span", { class: "visually-hidden" }, word(`hint_${told.kind}`)), when(told),
        look && [" ", el("button", { type: "button", class: "link", onclick: () => window.dispatchEvent(new CustomEvent("studio:preset", { detail: look.id })) }, word("hint_use", look))]));
  }

  watch("hints", () => fill(list, (props.hints ?? []).map(hint)));
  const show = () => (select.value = props.value ?? "");
  watch("value", show);
  const known = (document.cookie.match(/(?:^|; )market=(\w*)/) || [])[1] ?? "";
  if (!props.value && window.studio.markets.some(({ id }) => id === known)) choose(known);
  show(); // the market of a batch, where its settings came before this script
}
