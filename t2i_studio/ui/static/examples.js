// Descriptions to begin with; a click writes one into the field.
import { el, typeInto, word } from "./dom.js";

export default function ({ element }) {
  const chips = [1, 2, 3, 4, 5, 6].map((n) => {
    const text = word(`example_${n}`);
    const product = text.split(/[,，]| on /)[0];
    return el("button", { type: "button", class: "chip", title: text, onclick: () => typeInto("#description textarea", text) }, product);
  });
  element.replaceChildren(el("div", { class: "examples", role: "group", "aria-label": word("examples") }, el("span", { class: "quiet" }, word("examples")), chips));
}
