// Descriptions to begin with; a click writes one into the field.
import { el, typeInto, word } from "./dom.js";

export default function ({ element }) {
  const chips = [1, 2, 3, 4, 5, 6].map((n) => el("button", { type: "button", class: "chip", onclick: () => typeInto("#description textarea", word(`example_${n}`)) }, word(`example_${n}`)));
  element.replaceChildren(el("div", { class: "examples", role: "group", "aria-label": word("examples") }, el("span", { class: "quiet" }, word("examples")), chips));
}
