// What came of a run: one sentence, then why; and pictures of the old and the new model side by side.
import { el, word } from "./dom.js";
import { percent, signed } from "./learn_parts.js";

const FIRST = 8;

/** The sentence that sums it up, and the reasons in words. */
export function verdict({ verdict: said, reasons }) {
  const kind = said.adopt ? "good" : "not";
  return el("section", { class: `learn-verdict ${kind}`, "aria-label": word("ln_stage_decided") },
    el("h2", {}, word(said.adopt ? "ln_better" : said.judge === "none" ? "ln_undecided" : "ln_not_better")),
    el("p", { class: "verdict" }, sentence(said)),
    reasons.length > 0 && el("ul", {}, reasons.map((reason) => el("li", {}, reason))));
}

function sentence(said) {
  const parts = [];
  if (said.judge !== "none") {
    parts.push(word(`ln_verdict_${said.judge}`, { win: percent(said.win_rate), low: Math.round(100 * said.win_rate_low), high: percent(said.win_rate_high), n: said.compared }));
  }
  for (const [name, drop] of [["adherence", said.adherence_drop], ["diversity", said.diversity_drop], ["faults", said.fault_drop]]) {
    if (drop !== null && drop !== undefined) parts.push(word(`ln_change_${name}`, { points: signed(name === "faults" ? drop : -drop) }));
  }
  return parts.join(word("ln_semicolon")) + word("ln_full_stop");
}

/** Pairs [{text, before, after}]: the first ones, the others behind a fold. */
export function gallery(pairs) {
  const grid = (some) => el("div", { class: "learn-pairs" }, some.map(pair));
  if (pairs.length <= FIRST) return grid(pairs);
  return [grid(pairs.slice(0, FIRST)), el("details", { class: "form-more" }, el("summary", {}, word("ln_more_pictures", { n: pairs.length - FIRST })), grid(pairs.slice(FIRST)))];
}

function pair({ text, before, after }) {
  const side = (address, key) => el("figure", {}, address ? el("img", { src: address, alt: text ? `${text} · ${word(key)}` : word(key), loading: "lazy" }) : el("div", { class: "learn-later" }, word("ln_later")), el("figcaption", {}, word(key)));
  return el("div", { class: "learn-pair" }, el("div", {}, side(before, "ln_before"), side(after, "ln_after")), text && el("p", { class: "quiet" }, text));
}
