// What to vary, up to three things at once. Value: [[name, values]…]; a row without values does not count.
import { el, fill, word } from "./dom.js";

const PLACES = ["grid_across", "grid_down", "grid_sheets"];

export default function ({ element, props, watch }) {
  const rows = PLACES.map((place, number) => {
    const name = el("select", { "aria-label": word(place), onchange: change }, window.studio.axes.map((axis) => el("option", { value: axis.name }, axis.label)));
    const said = el("input", { type: "text", "aria-label": `${word(place)}: ${word("grid_values")}`, oninput: change });
    name.value = ["warmth", "steps", "seed"][number];
    return { name, said, node: el("div", { class: "axis" }, el("span", {}, word(place)), name, said) };
  });
  const hint = el("p", { class: "quiet" });
  fill(element, rows.map((row) => row.node), hint);

  function read() {
    return rows.map(({ name, said }) => [name.value, said.value]).filter(([, said]) => said.trim());
  }

  function paint() {
    for (const { name, said } of rows) said.placeholder = window.studio.axes.find((axis) => axis.name === name.value).example;
    fill(hint, word("grid_hint"));
  }

  function change() {
    props.value = read();
    paint();
  }

  /** Show what came from elsewhere; this part may be made only after it came, when its section opens. */
  function arrive() {
    if (JSON.stringify(props.value ?? []) === JSON.stringify(read())) return;
    rows.forEach(({ name, said }, number) => {
      const [axis, words] = (props.value ?? [])[number] ?? [name.value, ""];
      name.value = axis;
      said.value = words;
    });
    paint();
  }
  watch("value", arrive);
  paint();
  arrive();
}
