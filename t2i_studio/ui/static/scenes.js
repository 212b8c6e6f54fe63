// The scenes of a description that tells of several pictures. Value: "together", one picture of them all, or "apart",
// a batch for each.
import { el, fill, word } from "./dom.js";

const WAYS = ["together", "apart"];

export default function ({ element, props, trigger, watch }) {
  const list = el("ol", { class: "scene-list" });
  const ways = WAYS.map((way) => el("label", {}, el("input", { type: "radio", name: "scenes", value: way, onchange: () => choose(way) }), el("span", {}, word(`scenes_${way}`))));
  const whole = el("div", { class: "scenes", hidden: true },
    el("div", { class: "segment-row" }, el("span", { id: "scenes-name" }), el("div", { class: "segment", role: "radiogroup", "aria-labelledby": "scenes-name" }, ways)),
    list);
  fill(element, whole);

  function choose(way) {
    props.value = way;
    trigger("change");
  }

  function paint() {
    const scenes = props.scenes ?? [];
    whole.hidden = scenes.length < 2;
    fill(list, scenes.map((scene) => el("li", {}, scene)));
    whole.querySelector("#scenes-name").textContent = word("scenes_n", { n: scenes.length });
    whole.querySelector(`input[value="${props.value || WAYS[0]}"]`).checked = true;
  }

  watch("scenes", paint);
  watch("value", paint);
  paint();
}
