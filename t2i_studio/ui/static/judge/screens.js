// What stands before, between and after the items: one short page each.

import { el, icon } from "./dom.js";
import { faultTags, language, word } from "./words.js";

const screen = (name, ...children) => el("section", { class: `screen ${name}` }, children);
const title = (text) => el("h1", { tabindex: "-1" }, text);
const primary = (text, onclick) => el("button", { type: onclick ? "button" : "submit", class: "primary", onclick }, text);

/** Asks for the code. enter(code) */
export function codeScreen(enter, wrong) {
  const field = el("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 100, required: true, "aria-describedby": "wrong" });
  const submit = (event) => (event.preventDefault(), field.value.trim() && enter(field.value.trim()));
  return screen("code", title(word("code_title")),
    el("form", { onsubmit: submit },
      el("label", { for: "code" }, word("code_label")), field,
      el("p", { id: "wrong", class: "problem", role: "alert" }, wrong ?? ""),
      primary(word("go_on"))));
}

/** Consent, what to look for, examples, keys. begin() once agreed. */
export function welcomeScreen({ kind, guideline, examples, break_every, practice }, begin) {
  const text = guideline[language] || word(`guideline_${kind}`);
  return screen("welcome", title(word("welcome")),
    el("p", { class: "lead" }, word(`what_${kind}`)),
    el("h2", {}, word("look_for")),
    el("div", { class: "guideline" }, text.split(/\n{2,}/).map((part) => el("p", {}, part))),
    examples.length > 0 && el("div", { class: "examples" }, examples.map((example) =>
      el("figure", { class: example.good ? "good" : "bad" },
        el("img", { src: example.picture, alt: "", loading: "lazy" }),
        el("figcaption", {}, el("b", {}, icon(example.good ? "check" : "cross"), word(example.good ? "good_example" : "bad_example")), " ", example.why[language])))),
    keyTable(kind),
    el("h2", {}, word("consent_title")),
    el("ul", { class: "consent" }, ["consent_kept", "consent_name", "consent_stop", "consent_pictures"].map((key) => el("li", {}, word(key)))),
    el("p", { class: "quiet" }, practice ? word("practice_first", { n: practice }) + " " : "", word("breaks", { n: break_every })),
    el("div", { class: "begin" }, primary(word("agree"), begin)));
}

function keyTable(kind) {
  const rows = {
    "pairs": [["←  →", "keys_choose"], ["↓", "tie"], ["X", "both_bad"]],
    "best-of-four": [["1 – 4", "keys_best"], ["↓", "tie"], ["X", "all_bad"]],
    "stars": [["1 – 5", "keys_stars"], ["Enter", "next"]],
  }[kind];
  const all = [...rows, ["S", "skip"], ["Z", "undo"], ["+  −", "zoom"]];
  return el("dl", { class: "key-table" }, all.map(([name, key]) => el("div", {}, el("dt", {}, el("kbd", {}, name)), el("dd", {}, word(key)))));
}

/** A state in which there is nothing to judge; action: [label, fn] or null. */
export function noticeScreen(name, heading, sentence, action = null, count = 0) {
  return screen(`notice ${name}`, title(heading), ownCount(count), sentence && el("p", { class: "lead" }, sentence),
    action && el("button", { type: "button", class: "plain", onclick: action[1] }, action[0]));
}

/** After every so many answers. */
export function breakScreen(count, goOn) {
  return screen("notice break", icon("cup"), title(word("break_title")), el("p", { class: "lead" }, word("break_text", { n: count })),
    primary(word("go_on"), goOn));
}

/** The last one. */
export function thanksScreen(count) {
  return screen("notice done", icon("check"), title(word("thanks")),
    ownCount(count), el("p", { class: "lead" }, word("thanks_text")));
}

const ownCount = (count) => count > 0 && el("p", { class: "count" }, el("b", {}, count), " ", word("thanks_count", { n: count }));

/** What most people see in a practice item, after it was answered. */
export function feedbackNote(feedback, kind, goOn) {
  const tag = faultTags().find((each) => each.code === feedback.fault);
  const told = kind === "stars"
    ? word(feedback.expected <= 2 ? "feedback_few_stars" : "feedback_many_stars", { stars: feedback.expected })
    : word(kind === "pairs" ? (feedback.expected ? "feedback_right" : "feedback_left") : "feedback_n", { place: feedback.expected + 1 });
  const because = tag ? word(kind === "stars" ? "because_this" : "because_others", { fault: tag.name, description: tag.description })
    : kind !== "stars" ? word("because_good") : word("full_stop");
  return el("div", { class: `feedback ${feedback.right ? "right" : "other"}`, role: "status" },
    el("p", {}, el("b", {}, icon(feedback.right ? "check" : "undo"), word(feedback.right ? "feedback_same" : "feedback_other")), " ", told, because),
    primary(word("go_on"), goOn));
}
