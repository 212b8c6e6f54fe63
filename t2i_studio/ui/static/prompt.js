// Under the description: what the model will read, and which words it does not know.
import { el, fill, word } from "./dom.js";

export default function ({ element, props, watch }) {
  const line = el("div", { class: "prompt-line", "aria-live": "polite" });
  fill(element, line);

  watch("reading", () => {
    const { text = "", dropped = [], problem = "" } = props.reading ?? {};
    fill(line, [
        problem && el("p", { class: "problem" }, problem),
        text && el("p", {}, el("span", { class: "quiet" }, word("prompt_is")), " ", el("span", { class: "prompt-text" }, text)),
        dropped.length && el("p", { class: "dropped" }, el("span", {}, word("dropped")), dropped.map((unknown) => el("s", {}, unknown))),
      ],
    );
  });
}
