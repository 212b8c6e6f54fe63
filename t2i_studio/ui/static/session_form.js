// A new feedback session: what is shown, what raters do, the guideline, the numbers, who may enter; beside them what
// it will take and how it will look.
import { call, el, fill, icon, nonce, thumbUrl, toast, word } from "./dom.js";
import { makeExamples } from "./session_examples.js";
import { kindName, number, rememberLink, waitingNote } from "./session_parts.js";
import { makeSources } from "./session_sources.js";

const KINDS = ["pairs", "stars", "best-of-four"];
const ENTRIES = ["link", "named", "code"];
const PAUSE = 350;
const PREVIEW_PAUSE = 900;

/** Show the form in `element`. ids: the chosen pictures; none: descriptions to generate. */
export async function makeForm(element, server, ids) {
  fill(element, waitingNote());
  const offer = await call(server.plan_session, { ids });
  if (!offer) return fill(element, el("div", { class: "welcome" }, el("p", {}, el("a", { class: "act", href: "/gallery" }, word("fs_from_gallery")))));
  const form = offer.form;
  const touched = { zh: false, en: false };
  const estimate = el("div", { class: "estimate", "aria-live": "polite" });
  const frame = el("iframe", { title: word("fs_preview"), class: "preview-frame", loading: "lazy" });
  const go = el("button", { type: "submit", id: "make-session", class: "act primary big" }, word(ids.length ? "fs_make" : "fs_generate_make"));
  let timer = 0;
  let previewTimer = 0;
  let previewing = 0;
  let previewed = null;
  let asked = 0;

  const guidelines = Object.fromEntries(["zh", "en"].map((language) => [language, el("textarea", { id: `guideline-${language}`, rows: 7, maxlength: 10000, "aria-label": word(`fs_guideline_${language}`), oninput: (event) => { touched[language] = true; set(language, event.target.value); } })]));
  const examples = makeExamples(offer.cards, (chosen) => set("examples", chosen));
  const sources = ids.length ? null : makeSources(offer, (changes) => set(changes));

  function set(name, value) {
    Object.assign(form, typeof name === "string" ? { [name]: value } : name);
    changed();
  }

  function changed() {
    clearTimeout(timer);
    clearTimeout(previewTimer);
    timer = setTimeout(measure, PAUSE);
    previewTimer = setTimeout(preview, PREVIEW_PAUSE);
  }

  function standard() {
    for (const language of ["zh", "en"]) {
      if (touched[language]) continue;
      form[language] = guidelines[language].value = offer.guidelines[form.kind][language];
    }
  }

  async function measure() {
    const mine = ++asked;
    estimate.setAttribute("aria-busy", "true");
    const answer = await call(server.estimate_session, { form }, { quiet: true });
    if (mine !== asked) return;
    estimate.removeAttribute("aria-busy");
    if (answer) paintEstimate(answer);
  }

  function paintEstimate(told) {
    go.disabled = Boolean(told.not_yet);
    if (told.not_yet) return fill(estimate, el("p", { class: "not-yet" }, told.not_yet));
    const minutes = Math.max(1, Math.round(told.minutes_each));
    const big = (value, words) => el("div", {}, el("b", {}, value), el("span", {}, words));
    fill(estimate,
      el("div", { class: "big-figures" },
        big(number(told.items), word("fs_items", { n: told.items })),
        big(number(told.answers), word("fs_answers_needed", { n: told.answers })),
        big(number(told.raters), word("fs_raters_needed", { n: told.raters })),
        big(number(minutes), word("fs_minutes_each", { n: minutes }))),
      told.pictures > 0 && el("p", {}, word("fs_will_generate", { n: told.pictures })),
      told.items < told.possible && el("p", { class: "quiet" }, word("fs_of_possible", { items: number(told.items), possible: number(told.possible) })),
      el("p", { class: "quiet" }, word("fs_assumed", { s: told.seconds, each: told.each })),
      powerLine(told));
  }

  function powerLine(told) {
    const needed = word("fs_power_needed", { n: number(told.needed) });
    if (form.kind === "stars") return el("p", { class: "power" }, needed);
    const has = told.each_pair === null ? "" : told.detectable === null ? word("fs_power_few", { n: Math.round(told.each_pair) }) : word("fs_power_has", { n: number(Math.round(told.each_pair)), share: Math.ceil(100 * told.detectable) });
    return el("p", { class: "power" }, needed, " ", el("b", {}, has));
  }

  async function preview() {
    const mine = ++previewing;
    const answer = await call(server.preview_session, { form }, { quiet: true });
    if (mine !== previewing) return;
    frame.hidden = !answer;
    const now = answer && JSON.stringify(answer.preview);
    if (!answer || now === previewed) return;
    previewed = now;
    window.sessionPreview = answer.preview;
    if (frame.src) frame.contentWindow.location.replace("/sessions/preview"); // once only: a second load would undo what was clicked
    else frame.src = "/sessions/preview";
  }

  const section = (title, ...children) => el("fieldset", { class: "form-section" }, el("legend", {}, title), children);
  const radio = (name, value, label, note, now, onchange) => el("label", { class: "way" },
    el("input", { type: "radio", name, value, checked: now, onchange }), el("span", {}, el("b", {}, label), note && el("small", {}, note)));
  const numeric = (name, label, low, high, { scale = 1, step = 1, optional = false } = {}) => el("label", { class: "number-field" }, el("span", {}, label),
    el("input", { type: "number", name, min: low, max: high, step, inputmode: "numeric", value: form[name] === null ? "" : Math.round(form[name] * scale), placeholder: optional ? word("fs_all") : "", oninput: (event) => {
      const value = event.target.value === "" ? null : Number(event.target.value);
      if (value === null && !optional) return;
      set(name, value === null ? null : value / scale);
    } }));

  const code = el("input", { type: "text", id: "code", autocomplete: "off", maxlength: 64, "aria-label": word("fs_code"), placeholder: word("fs_code_hint"), hidden: true, oninput: (event) => set("code", event.target.value) });
  const entry = (value) => {
    form.entry = value;
    code.hidden = value !== "code";
    if (value === "code") code.focus();
    changed();
  };

  const axes = ids.length > 0 && offer.axes.length > 1 && section(word("fs_compared"), el("div", { class: "ways" },
    offer.axes.map((axis) => radio("axis", axis, word(`fs_axis_${axis}`), word(`fs_axis_${axis}_note`), axis === form.axis, () => set("axis", axis)))));

  const body = el("form", { class: "session-form", onsubmit: make },
    el("div", { class: "form-main" },
      el("p", { class: "crumbs" }, el("a", { href: "/sessions" }, word("nav_sessions"))),
      el("h1", {}, word("fs_new")),
      ids.length ? section(word("fs_chosen", { n: offer.cards.length }), el("div", { class: "chosen-strip" }, offer.cards.map((card) => el("img", { src: thumbUrl(card.image), alt: card.text, title: card.text, loading: "lazy" })))) : sources.node,
      section(word("fs_what_raters_do"), el("div", { class: "ways" }, KINDS.map((kind) => radio("kind", kind, kindName(kind), word(`fs_kind_${kind.replaceAll("-", "_")}_note`), kind === form.kind, () => { form.kind = kind; standard(); changed(); })))),
      axes,
      section(word("fs_entry"), el("div", { class: "ways" }, ENTRIES.map((value) => radio("entry", value, word(`fs_entry_${value}`), word(`fs_entry_${value}_note`), value === form.entry, () => entry(value)))), code),
      el("details", { class: "form-more" }, el("summary", {}, word("fs_guideline"), " ", el("span", { class: "quiet" }, word("fs_guideline_note"))),
        el("div", { class: "guidelines" }, ["zh", "en"].map((language) => el("label", {}, el("span", {}, word(`fs_guideline_${language}`)), guidelines[language]))),
        examples.node),
      el("details", { class: "form-more" }, el("summary", {}, word("fs_numbers"), " ", el("span", { class: "quiet" }, word("fs_numbers_note"))),
        el("label", { class: "text-field" }, el("span", {}, word("fs_name")), el("input", { type: "text", name: "name", maxlength: 200, value: form.name, placeholder: word("fs_name_hint"), oninput: (event) => set("name", event.target.value) })),
        el("div", { class: "number-row" },
          numeric("overlap", word("fs_overlap"), 1, 100),
          numeric("budget", word("fs_budget"), 1, 100000, { optional: true }),
          numeric("known_share", word("fs_known_share"), 0, 50, { scale: 100 }),
          numeric("repeat_share", word("fs_repeat_share"), 0, 50, { scale: 100 })),
        el("div", { class: "ways" }, ["even", "active"].map((choice) => radio("choice", choice, word(`fs_choice_${choice}`), word(`fs_choice_${choice}_note`), choice === form.choice, () => set("choice", choice)))))),
    el("aside", { class: "form-side" },
      el("h2", {}, word("fs_estimate")), estimate, go,
      el("details", { class: "preview", open: matchMedia("(min-width: 1001px)").matches, ontoggle: (event) => event.target.open && preview() },
        el("summary", {}, word("fs_preview"), " ", el("span", { class: "quiet" }, word("fs_preview_note"))), frame)));

  const mark = nonce();

  async function make(event) {
    event.preventDefault();
    go.disabled = true;
    go.setAttribute("aria-busy", "true");
    const answer = await call(server.make_session, { form, nonce: mark });
    go.disabled = false;
    go.removeAttribute("aria-busy");
    if (!answer) return;
    if (answer.draft) {
      toast(word("fs_draft_begun"));
      location.href = "/sessions";
      return;
    }
    if (answer.token) rememberLink(answer.session, answer.token);
    location.href = `/session?id=${answer.session}`;
  }

  standard();
  fill(element, body);
  estimate.append(waitingNote());
  measure();
  if (body.querySelector(".preview").open) preview();
}
