// The eight style sliders and where the product stands, each with a mark of how well it works with the model.
// Value: {control: 1…5, position}.
import { call, el, fill, icon, word } from "./dom.js";

const POSITIONS = ["auto", "left", "centre", "right"];
const BY_LOT = ["distance", "richness"]; // in the middle each variant has another level (framing.py)

/** The page's sliders for other parts: read() and write(value). */
export const styleSliders = {};

export default function ({ element, props, server, trigger, watch }) {
  const sliders = new Map();
  const marks = new Map();
  const boxes = window.studio.styles.map(({ control, levels }) => {
    const id = `style-${control}`;
    const said = el("output", { for: id });
    const input = el("input", { type: "range", id, min: 1, max: 5, step: 1, "aria-describedby": `effect-${control}` });
    const paint = () => {
      const level = Number(input.value);
      said.textContent = said.title = level !== 3 ? levels[level - 1] : BY_LOT.includes(control) ? word("style_open") : "";
      input.setAttribute("aria-valuetext", said.textContent || word("style_neutral"));
      input.style.setProperty("--at", `${(level - 1) * 25}%`);
      input.classList.toggle("neutral", level === 3);
    };
    input.addEventListener("input", () => (paint(), change()));
    input.addEventListener("dblclick", () => ((input.value = 3), paint(), change()));
    sliders.set(control, { input, paint });
    return el(
      "div",
      { class: "slider" },
      el("div", { class: "slider-head" }, el("span", {}, el("label", { for: id }, word(`style_${control}`)), mark(control)), said),
      input,
      el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, word(`style_${control}_low`)), el("span", {}, word(`style_${control}_high`))),
    );
  });
  const places = POSITIONS.map((place) =>
    el("label", {}, el("input", { type: "radio", name: "position", value: place, onchange: () => change() }), el("span", {}, word(`position_${place}`))),
  );
  const unmeasured = el("p", { class: "quiet effects-note", hidden: true }, word("effect_unmeasured"));
  const reset = el("button", { type: "button", class: "link", onclick: () => (paint({}), change()) }, word("style_reset"));
  fill(element, 
    el("div", { class: "section-head" }, el("h3", {}, word("style")), reset),
    el("div", { class: "sliders" }, boxes),
    el("div", { class: "segment-row" }, el("span", { id: "position-name" }, word("position")), el("div", { class: "segment", role: "radiogroup", "aria-labelledby": "position-name", "aria-describedby": "effect-position" }, places), mark("position")),
    unmeasured,
  );

  function mark(control) {
    marks.set(control, el("span", { id: `effect-${control}`, class: "effect" }));
    return marks.get(control);
  }

  /** How well each control works with the model, the figures on hovering; nothing while that is being looked up. */
  async function tellEffects() {
    const model = props.model;
    for (const node of marks.values()) node.hidden = true;
    unmeasured.hidden = true;
    const answer = await call(server.style_effects, { model }, { quiet: true });
    if (!answer || model !== props.model) return;
    for (const [control, node] of marks) {
      const found = answer.effects[control];
      node.hidden = !found;
      if (!found) unmeasured.hidden = false;
      else describe(node, found.works ? "works" : "weak", { value: found.correlation.toFixed(2), n: found.pictures, date: found.measured });
    }
  }

  /** A tick beside the name where a control works, words on a line of their own where a slider does little. */
  function describe(node, kind, values) {
    const slider = node.closest(".slider");
    (kind === "weak" ? slider : slider?.querySelector(".slider-head > span"))?.append(node);
    node.className = `effect ${kind}`;
    node.title = word(`effect_${kind}_more`, values);
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", node.title);
    fill(node, kind === "works" ? icon("check") : word("effect_weak"));
  }

  function paint(value) {
    for (const [control, { input, paint: paintOne }] of sliders) {
      input.value = value[control] ?? 3;
      paintOne();
    }
    element.querySelector(`input[value="${value.position ?? "auto"}"]`).checked = true;
    reset.hidden = isNeutral(read());
  }

  function read() {
    const value = { position: element.querySelector("input[name=position]:checked")?.value ?? "auto" };
    for (const [control, { input }] of sliders) value[control] = Number(input.value);
    return value;
  }

  const isNeutral = (value) => value.position === "auto" && Object.values(value).every((level) => level === 3 || level === "auto");

  function change() {
    props.value = read();
    reset.hidden = isNeutral(props.value);
    trigger("change");
    window.dispatchEvent(new CustomEvent("studio:form"));
  }

  styleSliders.read = read;
  styleSliders.write = (value) => (paint(value), change());
  watch("value", () => JSON.stringify(props.value) !== JSON.stringify(read()) && paint(props.value ?? {}));
  paint(props.value ?? {});
  watch("model", tellEffects);
  tellEffects();
}
