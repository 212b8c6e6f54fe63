// Descriptions to generate, and what is compared on them with the same seeds.
import { el, fill, word } from "./dom.js";

const WAYS = ["picture", "model", "preset", "adapter"];

/** Make the fields. changed({prompts, axis, sources, each}) with what the form takes. */
export function makeSources(offer, changed) {
  const state = { prompts: "", axis: "picture", sources: [], each: 2 };
  const picker = el("div", { class: "source-picker" });
  const each = el("input", { type: "number", min: 1, max: 16, value: 2, inputmode: "numeric", oninput: (event) => event.target.value && tell({ each: Number(event.target.value) }) });
  const tell = (changes) => changed(Object.assign(state, changes));

  function choose(axis) {
    each.value = axis === "picture" ? 2 : 1;
    tell({ axis, sources: axis === "preset" ? ["–"] : axis === "model" ? [offer.model] : [], each: Number(each.value) });
    fill(picker, axis === "adapter" ? adapters() : axis === "picture" ? null : boxes(axis));
  }

  function boxes(axis) {
    const all = axis === "model" ? offer.models.map((name) => [name, name]) : [["–", word("fs_without_preset")], ...offer.presets.map(({ id, name }) => [id, name])];
    return el("div", { class: "source-boxes", role: "group", "aria-label": word("fs_pick_two") }, all.map(([value, label]) => el("label", {}, el("input", { type: "checkbox", value, checked: state.sources.includes(value), onchange: (event) => {
      const others = state.sources.filter((source) => source !== value);
      tell({ sources: event.target.checked ? [...others, value] : others });
    } }), el("span", {}, label))));
  }

  const adapters = () => el("label", { class: "text-field" }, el("span", {}, word("fs_adapters")), el("textarea", { rows: 3, placeholder: word("fs_adapters_hint"), oninput: (event) => tell({ sources: event.target.value.split("\n").map((line) => line.trim()).filter(Boolean) }) }), el("small", { class: "quiet" }, word("fs_adapters_note")));

  const node = el("fieldset", { class: "form-section" }, el("legend", {}, word("fs_descriptions")),
    el("textarea", { id: "prompts", rows: 5, maxlength: 20000, "aria-label": word("fs_descriptions"), placeholder: word("fs_descriptions_hint"), oninput: (event) => tell({ prompts: event.target.value }) }),
    el("p", { class: "quiet" }, word("fs_or_choose"), " ", el("a", { href: "/gallery" }, word("fs_from_gallery"))),
    el("div", { class: "ways", role: "radiogroup", "aria-label": word("fs_compared") }, WAYS.map((axis) => el("label", { class: "way" }, el("input", { type: "radio", name: "axis", value: axis, checked: axis === "picture", onchange: () => choose(axis) }), el("span", {}, el("b", {}, word(axis === "picture" ? "fs_axis_several" : `fs_axis_${axis}`)), el("small", {}, word(axis === "picture" ? "fs_axis_several_note" : "fs_same_seeds")))))),
    picker,
    el("label", { class: "number-field" }, el("span", {}, word("fs_each")), each));
  return { node };
}
