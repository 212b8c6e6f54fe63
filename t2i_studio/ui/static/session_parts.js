// What the pages of feedback sessions share: names of kinds and states, times, links, questions that are asked once.
import { button, el, icon, toast, word } from "./dom.js";

/** Load one of our style sheets, once. */
export function style(name) {
  const href = `/studio/${window.studio.version}/${name}`;
  if (document.head.querySelector(`link[href="${href}"]`)) return;
  document.head.append(el("link", { rel: "stylesheet", href }));
}

export const kindName = (kind) => word(`fs_kind_${kind.replaceAll("-", "_")}`);
export const stateName = (state) => word(`fs_state_${state}`);
export const pill = (state) => el("span", { class: `pill ${state}` }, stateName(state));

/** The address that raters open. */
export const raterAddress = (token) => `${location.origin}/judge/${token}`;

/** How long ago, in words; the exact time stands in its title. */
export function ago(iso) {
  if (!iso) return el("span", {}, "–");
  const seconds = Math.max(0, (Date.now() - new Date(iso)) / 1000);
  const [amount, unit] = seconds < 60 ? [seconds, "second"] : seconds < 3600 ? [seconds / 60, "minute"] : seconds < 86400 ? [seconds / 3600, "hour"] : [seconds / 86400, "day"];
  const locale = window.studio.language === "zh" ? "zh-CN" : "en";
  const text = unit === "second" ? word("fs_just_now") : new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-Math.round(amount), unit);
  return el("time", { datetime: iso, title: new Date(iso).toLocaleString(locale) }, text);
}

export const number = (value) => value.toLocaleString(window.studio.language === "zh" ? "zh-CN" : "en");

/** Put a text on the clipboard; where the browser forbids it, it is left selected to be copied by hand. */
export async function copyText(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    toast(word("fs_link_copied"));
  } catch {
    field?.focus();
    field?.select();
    toast(document.execCommand?.("copy") ? word("fs_link_copied") : word("fs_link_select"));
  }
}

/** A link to hand out: the address, copy, open; told that it is shown only in this browser. */
export function shownLink(token, label = "") {
  const address = raterAddress(token);
  const field = el("input", { type: "text", readonly: true, value: address, "aria-label": label ? word("fs_link_of", { label }) : word("fs_link"), onfocus: (event) => event.target.select() });
  const alone = /^(localhost|127\.|\[?::1)/.test(location.hostname);
  return el("div", { class: "shown-link" },
    label && el("b", {}, label),
    el("div", { class: "link-row" }, field,
      button("copy", word("fs_copy_link"), () => copyText(address, field), { className: "primary copy-link" }),
      el("a", { class: "act", href: address, target: "_blank", rel: "noopener" }, icon("open"), el("span", { class: "label" }, word("fs_open_link")))),
    alone && el("p", { class: "quiet" }, word("fs_link_local")));
}

const kept = (session) => `session-links-${session}`;

/** Tokens that were made in this browser tab; the studio keeps only their hashes. */
export function knownLinks(session) {
  return JSON.parse(sessionStorage.getItem(kept(session)) ?? "[]");
}

export function rememberLink(session, token, link = null, label = "") {
  sessionStorage.setItem(kept(session), JSON.stringify([...knownLinks(session), { token, link, label }]));
}

/** Ask once before something that cannot be undone, or for some words. yes(values) answers true to close. */
export function ask({ title, text, fields = [], yes, label, danger = false }) {
  const inputs = fields.map(({ name, text: said, ...attributes }) => {
    const input = el(attributes.rows ? "textarea" : "input", { id: `ask-${name}`, name, ...attributes });
    return el("label", { class: "ask-field" }, el("span", {}, said), input);
  });
  const go = el("button", { type: "submit", class: `act ${danger ? "danger" : "primary"}` }, label);
  const form = el("form", { method: "dialog" }, el("h2", { id: "ask-title" }, title), text && el("p", {}, text), inputs,
    el("div", { class: "ask-actions" }, el("button", { type: "button", class: "act", onclick: () => dialog.close() }, word("fs_back_out")), go));
  const dialog = el("dialog", { class: "ask", "aria-labelledby": "ask-title", onclose: () => dialog.remove() }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    const done = await yes(Object.fromEntries(new FormData(form)));
    go.disabled = false;
    if (done) dialog.close();
  });
  document.querySelector("#main").append(dialog);
  dialog.showModal();
  (form.querySelector("input, textarea") ?? go).focus();
}

/** A note that something is on its way; the words stay out of sight for a moment, so that quick things do not flicker. */
export const waitingNote = (text = word("fs_loading")) => el("div", { class: "waiting-note", role: "status" }, el("progress", { "aria-label": text }), el("span", {}, text));
