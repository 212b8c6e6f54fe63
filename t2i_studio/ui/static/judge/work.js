// One item: its pictures, what can be said of them, and the keys for it.

import { el, icon } from "./dom.js";
import { faultTags, word } from "./words.js";
import { zoomTogether } from "./zoom.js";

/** Milliseconds after an item appeared in which nothing is taken: the second half of a double tap is no answer. */
const SETTLE = 350;
const SKIPS = ["unsure", "broken", "unsuitable", "other"];
const pictures = new Map();

/** The picture of an address, loading from now on; asked for again, it is the same element. */
export function picture(address) {
  if (!pictures.has(address)) {
    const image = el("img", { src: address, alt: "", draggable: "false" });
    image.decoding = "async";
    pictures.set(address, image);
  }
  return pictures.get(address);
}

/** Let go of all pictures but these. */
export function forgetPictures(but) {
  for (const address of pictures.keys()) if (!but.includes(address)) pictures.delete(address);
}

/** Tries again what a bad line broke off; the studio hands out the same picture under the same address. */
async function loaded(address) {
  const image = picture(address);
  for (let wait = 1; ; wait = Math.min(wait * 2, 8)) {
    try {
      await image.decode();
      return;
    } catch {
      await new Promise((done) => setTimeout(done, wait * 1000));
      if (!image.isConnected) return;
      image.src = "";
      image.src = address;
    }
  }
}

/** Counts the milliseconds in which the page was in sight. */
function stopwatch() {
  const shown = performance.now();
  let active = 0;
  let since = document.hidden ? null : shown;
  const look = () => {
    const at = performance.now();
    if (since !== null) active += at - since;
    since = document.hidden ? null : at;
  };
  document.addEventListener("visibilitychange", look);
  return () => {
    look();
    document.removeEventListener("visibilitychange", look);
    return { active_ms: Math.round(active), wall_ms: Math.round(performance.now() - shown) };
  };
}

/**
 * The node of an item, with `keys(event)` for the keyboard and `close()`.
 * kind: stars, pairs or best-of-four. earlier: what was answered before, after an undo. give(answer): it was judged.
 * undo: what to do to go back, or null. note: a line above, or null.
 */
export function workNode({ item, kind, earlier, give, undo, note }) {
  const panes = item.pictures.map((address, place) =>
    el("div", { class: "pane", role: "img", "aria-label": pictureName(kind, place) }, picture(address)));
  const zoom = zoomTogether(panes, () => {});
  const clock = stopwatch();
  const shownAt = performance.now();
  let ready = false;
  let ended = false;

  function say(answer) {
    if (ended || performance.now() - shownAt < SETTLE || (!ready && answer.verdict !== "skip")) return;
    ended = true;
    give({ assignment: item.id, ...answer, zoomed: zoom.zoomed, ...clock() });
  }

  const skipping = skipDialog((reason, comment) => say({ verdict: "skip", skip_reason: reason, comment }));
  const form = kind === "stars" ? starForm(say, earlier) : choiceForm(kind, item.pictures.length, say, earlier);
  const skip = () => skipping.showModal();
  const node = el("section", { class: `work ${kind}`, "aria-label": word("item_label") },
    note && el("p", { class: "note" }, note),
    el("div", { class: "wish" }, el("h1", { tabindex: "-1" }, el("span", { class: "wish-label" }, word("wish")), " ", el("q", {}, item.text))),
    el("div", { class: "pictures" }, panes.map((pane, place) =>
      el("figure", { class: "shot" }, pane, kind === "best-of-four" && el("figcaption", { "aria-hidden": "true" }, place + 1)))),
    el("div", { class: "foot" },
      form.node,
      el("div", { class: "tools" },
        undo && el("button", { type: "button", class: "tool undo", onclick: undo }, icon("undo"), word("undo"), key("Z")),
        el("button", { type: "button", class: "tool", "aria-pressed": "false", onclick: (event) => { zoom.toggle(); event.currentTarget.setAttribute("aria-pressed", panes[0].classList.contains("near")); } }, icon("zoom"), word("zoom"), key("+")),
        el("button", { type: "button", class: "tool skip", onclick: skip }, icon("skip"), word("skip"), key("S")))),
    skipping);
  node.classList.add("loading");
  Promise.all(item.pictures.map(loaded)).then(() => {
    ready = true;
    node.classList.remove("loading");
  });

  const general = {
    s: skip, z: () => undo?.(), "+": zoom.in, "=": zoom.in, "-": zoom.out, "0": zoom.reset,
    ArrowLeft: (event) => event.shiftKey && zoom.pan(0.1, 0), ArrowRight: (event) => event.shiftKey && zoom.pan(-0.1, 0),
    ArrowUp: (event) => event.shiftKey && zoom.pan(0, 0.1), ArrowDown: (event) => event.shiftKey && zoom.pan(0, -0.1),
  };
  function keys(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || skipping.open) return;
    const at = event.target;
    if (at.matches?.("textarea, input[type=text]")) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = (!event.shiftKey && form.keys[name]) || general[name];
    if (!action || action(event) === false) return;
    event.preventDefault();
  }
  return { node, keys, close: clock };
}

/** Shows which key does the same, where there are keys. */
const key = (name) => el("kbd", { "aria-hidden": "true" }, name);

function pictureName(kind, place) {
  if (kind === "stars") return word("picture");
  if (kind === "pairs") return word(place ? "picture_right" : "picture_left");
  return word("picture_n", { n: place + 1 });
}

function choiceForm(kind, count, say, earlier) {
  const chosen = (place) => () => say({ verdict: "chosen", place });
  const tie = () => say({ verdict: "tie" });
  const bad = () => say({ verdict: "bad" });
  const was = (verdict, place) => earlier && earlier.verdict === verdict && (place === undefined || earlier.place === place);
  const button = (className, label, name, onclick, now) =>
    el("button", { type: "button", class: `choice ${className}`, onclick, "aria-current": now ? "true" : null }, label, name && key(name));
  const places = Array.from({ length: count }, (_, place) => place);
  const best = kind === "pairs"
    ? places.map((place) => button(place ? "best right" : "best left", [
        el("span", { class: "wide" }, word(place ? "right_better" : "left_better")),
        el("span", { class: "narrow" }, word(place ? "lower_better" : "upper_better"))], place ? "→" : "←", chosen(place), was("chosen", place)))
    : places.map((place) => button("best", [el("span", { class: "visually-hidden" }, word("picture_n", { n: place + 1 })), el("span", { "aria-hidden": "true" }, place + 1)], null, chosen(place), was("chosen", place)));
  const node = el("div", { class: "choices", role: "group", "aria-label": word(kind === "pairs" ? "which_better" : "which_best") },
    best, button("tie", word("tie"), "↓", tie, was("tie")),
    button("bad", word(kind === "pairs" ? "both_bad" : "all_bad"), "X", bad, was("bad")));
  const keys = kind === "pairs" ? { ArrowLeft: chosen(0), ArrowRight: chosen(1) } : Object.fromEntries(places.map((place) => [`${place + 1}`, chosen(place)]));
  return { node, keys: { ...keys, ArrowDown: tie, x: bad } };
}

function starForm(say, earlier) {
  const faults = new Set(earlier?.faults ?? []);
  let stars = earlier?.stars ?? 0;
  const comment = el("textarea", { id: "comment", rows: 2, maxlength: 1000, placeholder: word("comment_hint") });
  comment.value = earlier?.comment ?? "";
  const send = el("button", { type: "button", class: "primary", onclick: () => done() }, word("next"), key("↵"));
  const buttons = [1, 2, 3, 4, 5].map((n) =>
    el("button", { type: "button", class: "star", role: "radio", "aria-label": word("stars_n", { n }), title: word(`stars_${n}`), onclick: () => set(n) }, icon("star")));
  const meaning = el("p", { class: "meaning", "aria-live": "polite" });

  function set(n) {
    stars = n;
    buttons.forEach((button, place) => {
      button.classList.toggle("on", place < n);
      button.setAttribute("aria-checked", place + 1 === n);
    });
    meaning.textContent = word(n ? `stars_${n}` : "stars_none");
    send.disabled = !n;
  }
  function done() {
    if (!stars) return false;
    say({ verdict: "stars", stars, faults: [...faults], comment: comment.value.trim() });
  }
  const chips = faultTags().map((tag) =>
    el("button", {
      type: "button", class: "chip", title: tag.description, "aria-pressed": faults.has(tag.code), onclick: (event) => {
        if (!faults.delete(tag.code)) faults.add(tag.code);
        event.currentTarget.setAttribute("aria-pressed", faults.has(tag.code));
      },
    }, tag.name));
  const node = el("div", { class: "rating" },
    el("div", { class: "stars-row" }, el("div", { class: "star-row", role: "radiogroup", "aria-label": word("how_good") }, buttons), meaning),
    el("fieldset", { class: "faults" }, el("legend", {}, word("faults")), chips),
    el("label", { class: "comment" }, el("span", { class: "visually-hidden" }, word("comment")), comment),
    send);
  set(stars);
  const enter = (event) => (event.target.matches?.("button") && event.target !== send ? false : done());
  return { node, keys: { ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`${n}`, () => set(n)])), Enter: enter } };
}

function skipDialog(skip) {
  const comment = el("input", { type: "text", maxlength: 500, placeholder: word("comment_hint"), "aria-label": word("comment") });
  const dialog = el("dialog", { class: "skipping", "aria-labelledby": "skip-title" },
    el("h2", { id: "skip-title" }, word("skip_why")),
    el("div", { class: "reasons" }, SKIPS.map((reason) =>
      el("button", { type: "button", class: "choice", onclick: () => { dialog.close(); skip(reason, comment.value.trim()); } }, word(`skip_${reason}`)))),
    comment,
    el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, word("back")));
  return dialog;
}
