// What was found in the ratings before anything is learnt, in plain words.
import { el, word, words } from "./dom.js";
import { duration, methodName } from "./learn_parts.js";
import { number } from "./session_parts.js";

const PRODUCTS = 12;
const GONE = ["deleted", "other_model", "from_picture", "withdrawn", "excluded", "mixed", "check", "revised"];

/** The figures that matter first. */
export function summary(found) {
  const figure = (value, said) => el("div", {}, el("b", {}, value), el("span", {}, said));
  return el("div", { class: "big-figures" },
    figure(number(found.found.usable), word("ln_usable")),
    figure(number(found.found.preferences), word("ln_pairs")),
    figure(number(found.found.pictures), word("ln_pictures")),
    figure(number(found.raters), word("ln_raters")));
}

/** Why it is done so, or why not and what to do; and what to know all the same. */
export function sentences(found) {
  const refused = found.refusals.length > 0;
  return el("div", { class: "learn-sentences" },
    refused ? found.refusals.map((said) => el("p", { class: "learn-refusal", role: "alert" }, said)) : el("p", { class: "learn-reason" }, said(found.reason)),
    found.warnings.map((said) => el("p", { class: "quiet" }, said)));
}

const said = (text) => text;

/** Everything found, as a list of names and values. */
export function facts(found) {
  const rows = [
    [word("ln_fact_kinds"), kinds(found)],
    [word("ln_fact_nothing"), nothing(found)],
    [word("ln_fact_raters"), raters(found)],
    [word("ln_fact_agreement"), [agreement(found.choices, "ln_on_choices"), agreement(found.stars, "ln_on_stars")].filter(Boolean).join(word("ln_semicolon")) || word("ln_agreement_none")],
    [word("ln_fact_products"), products(found)],
    [word("ln_fact_missing"), missing(found)],
    [word("ln_fact_split"), found.trained + found.checked > 0 && word(found.checked ? `ln_split_by_${found.apart_by}` : "ln_split_none", { trained: number(found.trained), checked: number(found.checked) })],
    [word("ln_fact_method"), found.method === "rerank" ? word("ln_method_rerank") : methodName(found.method)],
    [word("ln_fact_cost"), cost(found)],
  ].filter(([, value]) => value);
  return el("dl", { class: "learn-facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function kinds({ found }) {
  const { preferences, derived, good, bad, pictures, descriptions } = found;
  return [word("ln_kinds_pairs", { pairs: number(preferences), derived: number(derived) }), word("ln_kinds_singles", { good: number(good), bad: number(bad) }), word("ln_kinds_about", { pictures: number(pictures), descriptions: number(descriptions) })].join(word("ln_semicolon"));
}

function nothing({ left_out: { tie = 0, middle = 0 } }) {
  return tie + middle > 0 ? word("ln_ties", { tie: number(tie), middle: number(middle) }) : word("ln_ties_none");
}

/** How many, and how many of them seem careless; nobody is named. */
function raters({ raters: people, flags }) {
  const careless = Object.entries(flags).map(([flag, n]) => {
    const key = `fs_flag_${flag.replaceAll("-", "_")}`;
    return `${n} × ${key in words ? word(key) : flag}`;
  });
  return careless.length ? word("ln_raters_flagged", { n: number(people), flags: careless.join(word("ln_comma")) }) : word("ln_raters_n", { n: number(people) });
}

function agreement(found, key) {
  if (!found.items || found.alpha === null) return null;
  const two = (value) => value.toFixed(2).replace("-", "−");
  const interval = found.low === null ? "" : ` (${two(found.low)} … ${two(found.high)})`;
  const level = found.alpha >= 0.667 ? "good" : found.alpha >= 0.4 ? "fair" : "low";
  const same = found.same === null ? "" : word("ln_same", { n: Math.round(100 * found.same) });
  return word(key, { alpha: `${two(found.alpha)}${interval}`, items: number(found.items), level: word(`ln_agree_${level}`), same });
}

function products({ products: all }) {
  if (!all.length) return null;
  const more = all.length - PRODUCTS;
  return el("span", { class: "learn-products" }, all.slice(0, PRODUCTS).map(([name, count]) => el("span", { class: "tag" }, `${name} ${number(count)}`)), more > 0 && el("span", { class: "quiet" }, word("ln_more_products", { n: more })));
}

function missing({ left_out: left }) {
  const told = GONE.filter((why) => left[why]).map((why) => word(`ln_left_${why}`, { n: number(left[why]) }));
  return told.length ? told.join(word("ln_semicolon")) : word("ln_left_nothing");
}

function cost(found) {
  if (found.method === "rerank") return null;
  const time = found.seconds === null ? word("ln_cost_unknown", { steps: found.steps }) : word("ln_cost_time", { steps: found.steps, time: duration(found.seconds) });
  return found.gigabytes === null ? time : `${time}${word("ln_semicolon")}${word("ln_cost_memory", { gb: found.gigabytes.toFixed(1) })}`;
}
