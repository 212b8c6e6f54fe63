// The prompt the model will get: composed from the description, or the user's own. With it, what was left out or
// stands for something else, and products to choose from when the model cannot draw the one in the description.
// Value: the user's own prompt, or "" for the composed one.
import { el, fill, toast, typeInto, word } from "./dom.js";

const PAUSE = 300; // ms without a key before the page takes the edit
const FIELD = "#description textarea";

export default function ({ element, props, trigger, watch }) {
  let timer = 0;
  const line = el("div", { class: "prompt-line", "aria-live": "polite" });
  const field = el("textarea", { rows: 3, hidden: true, "aria-label": word("prompt_edit"), oninput: () => (clearTimeout(timer), (timer = setTimeout(() => set(field.value), PAUSE))), onblur: leave });
  const edit = el("button", { type: "button", class: "link", onclick: begin }, word("prompt_change"));
  const stay = (event) => event.preventDefault(); // leaving the field would move the button away from under the pointer
  const compose = el("button", { type: "button", class: "link", onmousedown: stay, onclick: discard }, word("prompt_composed"));
  const rewrite = el("button", { type: "button", class: "link", onclick: ask }, word("prompt_rewrite"));
  const tools = el("div", { class: "prompt-tools" }, edit, rewrite, compose);
  fill(element, line, field, tools);

  function set(text) {
    if (text === (props.value || "")) return;
    props.value = text;
    trigger("change");
  }

  /** The prompt to edit; undefined where there is none, or one for each scene. */
  const composed = () => (props.reading?.length === 1 ? props.reading[0].text : undefined);

  function begin() {
    field.value = props.value || composed();
    field.hidden = false;
    field.focus();
    paint();
  }

  function discard() {
    clearTimeout(timer);
    field.hidden = true;
    set("");
    paint();
  }

  function leave() {
    if (field.hidden) return;
    clearTimeout(timer);
    field.hidden = true;
    const text = field.value.trim();
    set(props.value || text !== composed() ? text : "");
    paint();
  }

  function ask() {
    rewrite.disabled = true; // the writer takes its time, and answers always
    rewrite.textContent = word("prompt_rewriting");
    trigger("rewrite");
  }

  function written() {
    if (!props.written) return;
    rewrite.disabled = false;
    rewrite.textContent = word("prompt_rewrite");
    if (props.written.problem) toast(props.written.problem, { kind: "bad" });
    else set(props.written.text);
    paint();
  }

  /** Put another product into the description, in place of the one the model cannot draw. */
  function choose({ text, start, end }, name) {
    const old = document.querySelector(FIELD).value;
    const letters = [...text];
    const said = letters.slice(start, end).join("");
    const whole = old.indexOf(text);
    const at = whole < 0 ? old.indexOf(said) : whole + letters.slice(0, start).join("").length;
    if (at < 0) return;
    typeInto(FIELD, old.slice(0, at) + name + old.slice(at + said.length));
    toast(word("product_chosen", { old: said, name }), { action: [word("undo"), () => typeInto(FIELD, old)] });
  }

  function described({ text = "", negative = "", edited = false, dropped = [], replaced = [], problem = "", choices = [], product }, number, all) {
    const lead = all.length > 1 ? word("prompt_is_n", { n: number + 1 }) : word("prompt_is");
    return [
      problem && el("p", { class: "problem" }, problem),
      choices.length > 0 && el("p", { class: "choices", role: "group", "aria-label": word("product_choices") }, choices.map((name) => el("button", { type: "button", class: "chip", onclick: () => choose(product, name) }, name))),
      text && el("p", {}, el("span", { class: "quiet" }, lead), edited && [" ", el("span", { class: "tag" }, word("prompt_edited"))], field.hidden && [" ", el("span", { class: "prompt-text" }, text)]),
      negative && el("p", {}, el("span", { class: "quiet" }, word("prompt_without")), " ", negative),
      replaced.length > 0 && el("p", { class: "replaced" }, el("span", {}, word("replaced")), replaced.map(([said, drawn]) => el("span", { class: "swap" }, word("replaced_by", { said, drawn })))),
      dropped.length > 0 && el("p", { class: "dropped" }, el("span", {}, word("dropped")), dropped.map((unknown) => el("s", {}, unknown))),
    ];
  }

  function paint() {
    const prompts = props.reading ?? [];
    fill(line, prompts.map(described));
    edit.hidden = composed() === undefined || !field.hidden;
    rewrite.hidden = !props.writer || edit.hidden;
    compose.hidden = !props.value;
  }

  watch("reading", paint);
  watch("value", paint);
  watch("written", written);
  paint();
}
