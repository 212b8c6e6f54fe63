// Looks to begin with, by picture and name, and the user's own. Choosing one sets the sliders; choosing it again
// puts them back. Value: id of the preset whose phrases go with the picture, or "".
import { call, el, fill, icon, toast, word } from "./dom.js";
import { styleSliders as sliders } from "./styles.js";

const picture = (id) => `/studio/${window.studio.version}/presets/${id}.webp`;

export default function ({ element, props, server, trigger, watch }) {
  let own = [];
  let chosen = "";
  let before = {}; // the sliders before a preset was chosen
  const shelf = el("div", { class: "presets", role: "radiogroup", "aria-labelledby": "presets-name" });
  const more = el("button", { type: "button", class: "link", "aria-expanded": "false", onclick: () => open(!shelf.classList.contains("open")) });
  const name = el("input", { type: "text", maxlength: 60, "aria-label": word("preset_name"), placeholder: word("preset_name") });
  const form = el("form", { class: "preset-form", hidden: true, onsubmit: save }, name,
    el("button", { type: "submit", class: "act primary" }, word("preset_keep")),
    el("button", { type: "button", class: "act", onclick: () => ask(false) }, word("close")));
  const keep = el("button", { type: "button", class: "link", onclick: () => ask(true) }, word("preset_save"));
  fill(element,
    el("div", { class: "section-head" }, el("h3", { id: "presets-name" }, word("presets")), more),
    shelf,
    el("div", { class: "preset-save" }, keep, form),
  );

  const all = () => [
    { key: "", name: word("preset_none"), style: {}, base: "" },
    ...own.map(({ id, name, style, based_on }) => ({ key: `own-${id}`, id, name, style, base: based_on ?? "" })),
    ...window.studio.presets.map(({ id, name, style }) => ({ key: id, name, style, base: id })),
  ];
  const find = (key) => all().find((preset) => preset.key === key);

  function card(preset) {
    const input = el("input", { type: "radio", name: "preset", value: preset.key, checked: preset.key === chosen, onclick: () => choose(preset.key === chosen ? "" : preset.key) });
    const face = preset.base ? el("img", { src: picture(preset.base), alt: "", loading: "lazy", width: 76, height: 76 }) : el("span", { class: "blank" }, icon(preset.key ? "spark" : "close"));
    const remove = preset.id && el("button", { type: "button", class: "remove", "aria-label": word("preset_delete", preset), title: word("preset_delete", preset), onclick: () => discard(preset) }, icon("close"));
    return el("div", { class: "preset" }, el("label", { title: preset.name }, input, face, el("span", { class: "name" }, preset.name)), remove);
  }

  function paint() {
    fill(shelf, all().map(card));
  }

  function open(wide) {
    shelf.classList.toggle("open", wide);
    more.setAttribute("aria-expanded", String(wide));
    more.textContent = wide ? word("presets_fewer") : word("presets_all", { n: window.studio.presets.length + own.length });
  }

  function choose(key) {
    const now = sliders.read();
    const old = find(chosen);
    if (!chosen) before = now;
    if (key) sliders.write({ ...now, ...find(key).style });
    else if (old && agrees(now, old.style)) sliders.write(before); // sliders moved by hand since then stay
    mark(key);
    props.value = find(key).base;
    trigger("change");
  }

  function mark(key) {
    chosen = key;
    const input = shelf.querySelector(`input[value="${key}"]`);
    input.checked = true;
    if (document.activeElement?.name === "preset") input.focus();
    input.closest(".preset").scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  const agrees = (now, style) => Object.entries(style).every(([control, level]) => now[control] === level);

  function ask(wanted) {
    form.hidden = !wanted;
    keep.hidden = wanted;
    (wanted ? name : keep).focus();
  }

  async function save(event) {
    event.preventDefault();
    const style = sliders.read();
    const answer = await call(server.save_preset, { name: name.value, style, based_on: props.value || null });
    if (!answer) return name.focus();
    own.unshift(answer.preset);
    chosen = `own-${answer.preset.id}`;
    name.value = "";
    refresh();
    ask(false);
    toast(word("preset_saved", answer.preset));
  }

  async function discard(preset) {
    if (!(await call(server.delete_preset, { id: preset.id }))) return;
    own = own.filter(({ id }) => id !== preset.id);
    if (chosen === preset.key) choose("");
    refresh();
    toast(word("preset_deleted", preset), { action: [word("undo"), () => restore(preset)] });
  }

  async function restore({ id }) {
    const answer = await call(server.restore_preset, { id });
    if (!answer) return;
    own = [answer.preset, ...own].sort((a, b) => b.id - a.id);
    refresh();
  }

  function refresh() {
    paint();
    open(shelf.classList.contains("open"));
    mark(chosen);
  }

  watch("value", () => {
    const wanted = props.value ?? ""; // Gradio makes "" of null
    if (find(chosen)?.base !== wanted) mark(find(wanted) ? wanted : "");
  });
  window.addEventListener("studio:preset", ({ detail }) => detail !== chosen && choose(detail));
  refresh();
  call(server.own_presets, {}, { quiet: true }).then((answer) => {
    own = answer?.presets ?? [];
    if (own.length) refresh();
  });
}
