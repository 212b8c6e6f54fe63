// How the description was read: its text again, each part tinted by what it was taken for. A click on a word, or
// selecting several, opens a menu to correct that; corrections change the prompt and leave the text as it is.
// Value: {text, marks: [{field, start, end}], version}; places count characters, not JavaScript's halves of them.
// A reading tells which version it was made of, so that one asked for earlier cannot undo what was corrected since.
import { button, el, fill, word } from "./dom.js";

const FIELD = "#description textarea";
const PAUSE = 150; // ms without a key before the description is read again
const letters = (text) => [...text].length;
const overlap = (one, other) => one.start < other.end && other.start < one.end;
const fieldWord = (field) => word(`field_${field}`);

export default function ({ element, props, trigger, watch }) {
  let now = { text: "", marks: [], version: 0 };
  let before = []; // what undo goes back to
  let timer = 0;
  let target = null; // the part of the text the menu is about
  const strip = el("div", { class: "strip", role: "group", "aria-label": word("reading"), onkeydown: walk, onclick: ({ target: node }) => pieceOf(node) && getSelection().isCollapsed && open(placeOf(pieceOf(node)), true) });
  const legend = el("ul", { class: "legend", "aria-label": word("reading_legend") });
  const undo = button("undo", word("undo"), back, { hidden: true });
  const reset = button("close", word("marks_reset"), () => set([]), { hidden: true });
  const menu = el("div", { class: "mark-menu", role: "group", hidden: true });
  const whole = el("div", { class: "marks", hidden: true, onkeydown: keys },
    el("div", { class: "section-head" }, el("h3", {}, word("reading")), el("span", { class: "mark-tools" }, undo, reset)),
    strip, menu, legend, el("p", { class: "quiet" }, word("reading_hint")));
  fill(element, whole);

  // Reading

  function typed({ target: node, isComposing }) {
    if (isComposing || !node.matches?.(FIELD)) return;
    clearTimeout(timer);
    timer = setTimeout(() => trigger("input"), PAUSE);
  }

  function paint() {
    const { text, marks, version, pieces } = props.brief ?? { ...now, pieces: [] }; // there may be no reading just now
    if (version < now.version) return trigger("input"); // answers crossed: the prompt, too, shows the older one now
    const focused = strip.contains(document.activeElement) ? document.activeElement.dataset.start : target?.start;
    if (text !== now.text) close();
    if (text !== now.text && !marks.length) before = []; // there is nothing left that it could be undone to
    now = { text, marks, version };
    props.value = now;
    whole.hidden = !pieces.length;
    fill(strip, pieces.map(piece));
    const found = [...new Set(pieces.map(({ field }) => field).filter(Boolean))];
    fill(legend, found.map((field) => el("li", {}, el("span", { class: `tint ${field}` }, fieldWord(field)))));
    undo.hidden = !before.length;
    reset.hidden = !marks.length;
    const words = [...strip.querySelectorAll("[role=button]")];
    const current = words.find((node) => node.dataset.start === String(focused)) ?? words[0];
    if (current) current.tabIndex = 0;
    if (focused !== undefined && [document.body, whole].some((node) => node === document.activeElement)) current?.focus();
    if (menu.hidden) target = null;
  }

  function piece({ text, start, end, field, value, word: choosable, marked }) {
    const place = { "data-start": start, "data-end": end };
    if (!choosable) return el("span", place, text);
    const told = field ? `${fieldWord(field)}${marked ? word("reading_marked") : ""}` : word("reading_plain");
    return el("span", { ...place, class: `piece ${field ? `tint ${field}` : ""} ${marked ? "marked" : ""}`, role: "button", tabindex: -1, title: value && value !== text ? `${told} · ${value}` : told, "aria-label": `${text}: ${told}`, "data-field": field }, text);
  }

  // Correcting

  const pieceOf = (node) => node.closest?.("[role=button]");
  const placeOf = ({ dataset }) => ({ start: Number(dataset.start), end: Number(dataset.end), field: dataset.field });

  function open(place, focus) {
    target = place;
    const said = [...now.text].slice(place.start, place.end).join("");
    const corrected = now.marks.some((mark) => overlap(mark, place));
    const option = (field) => el("button", { type: "button", class: `chip ${field ? `tint ${field}` : ""}`, "aria-pressed": String((place.field ?? "") === (field ?? "none")), onclick: () => mark(place, field) }, fieldWord(field ?? "none"));
    fill(menu,
      el("p", {}, word("mark_as", { text: said })),
      props.fields.map(option), option(null),
      corrected && button("undo", word("mark_as_read"), () => mark(place, undefined)),
      button("close", word("close"), close, { show: false }));
    menu.hidden = false;
    menu.scrollIntoView({ block: "nearest" });
    if (focus) (menu.querySelector("[aria-pressed=true]") ?? menu.querySelector("button")).focus({ preventScroll: true });
  }

  function close() {
    target = null;
    menu.hidden = true;
  }

  /** Say that a place is `field`, with null nothing of the kind, with undefined whatever the studio makes of it. */
  function mark({ start, end }, field) {
    const others = now.marks.filter((other) => !overlap(other, { start, end }) && !(field === "product" && other.field === "product"));
    menu.hidden = true;
    set(field === undefined ? others : [...others, { field, start, end }]);
  }

  function set(marks) {
    before.push(now);
    show({ ...now, marks });
  }

  function back() {
    if (before.length) show(before.pop());
  }

  function show({ text, marks }) {
    now = { text, marks, version: now.version + 1 };
    props.value = now; // an older text is fine: the server moves its marks to where they are now
    trigger("input");
  }

  // Selecting and keys

  /** The part of the text that is selected, or null. */
  function selected() {
    const selection = getSelection();
    if (selection.isCollapsed || !strip.contains(selection.getRangeAt(0).commonAncestorContainer)) return null;
    const range = selection.getRangeAt(0);
    const touched = [...strip.children].filter((node) => range.intersectsNode(node));
    const at = (node, container, offset, edge) => (node.firstChild === container ? Number(node.dataset.start) + letters(container.data.slice(0, offset)) : Number(node.dataset[edge]));
    const start = at(touched[0], range.startContainer, range.startOffset, "start");
    const end = at(touched.at(-1), range.endContainer, range.endOffset, "end");
    return [...now.text].slice(start, end).join("").trim() ? { start, end } : null;
  }

  let settled = 0;
  function chosen() {
    clearTimeout(settled);
    settled = setTimeout(() => {
      const place = selected();
      if (place) open(place, false); // the focus stays, for it would take the selection away
    }, 250);
  }

  function walk(event) {
    const here = pieceOf(event.target);
    if (!here) return;
    const words = [...strip.querySelectorAll("[role=button]")];
    const to = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") open(placeOf(here), true);
    else if (to && words[words.indexOf(here) + to]) {
      here.tabIndex = -1;
      words[words.indexOf(here) + to].tabIndex = 0;
      words[words.indexOf(here) + to].focus();
    } else return;
    event.preventDefault();
  }

  function keys(event) {
    if (event.key === "Escape" && !menu.hidden) {
      const start = target?.start;
      close();
      strip.querySelector(`[data-start="${start}"]`)?.focus();
    } else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) back();
    else return;
    event.preventDefault();
  }

  document.addEventListener("input", typed);
  document.addEventListener("compositionend", typed);
  document.addEventListener("selectionchange", chosen);
  watch("brief", paint);
  watch("value", () => {
    if (!props.value || JSON.stringify(props.value) === JSON.stringify(now)) return;
    before = []; // it came with the settings of a batch
    show(props.value);
  });
  if (props.brief) paint();
  else if (document.querySelector(FIELD)?.value) trigger("input"); // typed before this script was there
}
