// Small helpers every part of the pages shares. User text only ever becomes a text node.

export const words = window.studio.words;

/** The sentence of `key` with {name}s filled in; that of `key_one` where there is one and the number, n or of, is 1. */
export function word(key, values = {}) {
  if ((values.n ?? values.of) === 1 && `${key}_one` in words) key += "_one";
  if (!(key in words)) throw new Error(`no word for ${key}`);
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** el("button", {class: "x", onclick: fn}, "text", child…): attributes, listeners (on…) and children; what is not there (null, false) is left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(4).filter(Boolean));
  return node;
}

/** Put children into a node, in place of what was there; what is not there (null, false) is left out. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(4).filter(Boolean));
}

const PATHS = {
  star: '<path d="m12 3.2 2.7 5.5 6.1.9-4.4 4.3 1 6-5.4-2.8-5.4 2.8 1-6L3.2 9.6l6.1-.9z"/>',
  heart: '<path d="M12 20s-7.5-4.6-7.5-10.1A4.2 4.2 0 0 1 12 7.4a4.2 4.2 0 0 1 7.5 2.5C19.5 15.4 12 20 12 20z"/>',
  flag: '<path d="M6 21V4m0 1h11l-2 4 2 4H6"/>',
  subtle: '<circle cx="12" cy="12" r="3"/><path d="M12 4.500v1M12 18.500v1M4.5 12h1M18.5 12h1"/>',
  strong: '<circle cx="12" cy="12" r="3.5"/><path d="M12 2.500v3M12 18.500v3M2.5 12h3M18.5 12h3M5.3 5.300l2.1 2.100M16.6 16.600l2.1 2.100M5.3 18.700l2.1-2.100M16.6 7.400l2.1-2.1"/>',
  start: '<rect x="3.5" y="5" width="12" height="14" rx="2"/><path d="m17 9 4 3-4 3M20.5 12H10"/>',
  open: '<path d="M9 4H5.500A1.5 1.5 0 0 0 4 5.500v13A1.5 1.5 0 0 0 5.5 20h13a1.5 1.5 0 0 0 1.5-1.500V15M13 4h7v7M20 4l-9 9"/>',
  download: '<path d="M12 4v11m0 0 4-4m-4 4-4-4M5 19.500h14"/>',
  trash: '<path d="M5 7h14M10 7V4.500h4V7m-7.5 0 .8 12.500h9.400L17.5 7M10.2 10.500v6M13.8 10.500v6"/>',
  close: '<path d="m6 6 12 12M18 6 6 18"/>',
  check: '<path d="m5 12.5 4.5 4.500L19 7.5"/>',
  sun: '<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.400M5.6 18.4 7 17M17 7l1.4-1.4"/>',
  moon: '<path d="M19.5 14.500A8 8 0 0 1 9.5 4.500a8 8 0 1 0 10 10z"/>',
  picture: '<rect x="3.5" y="4.5" width="17" height="15" rx="2.5"/><circle cx="9" cy="10" r="1.6"/><path d="m4.5 17.5 5-4.5 3.5 3 2.5-2 4 3.5"/>',
  spark: '<path d="M12 3.5 13.8 9l5.7 1.8-5.7 1.900L12 18.500l-1.8-5.8-5.7-1.900L10.2 9zM18.5 16.500l.7 2 2 .7-2 .7-.7 2-.7-2-2-.7 2-.7z"/>',
  again: '<path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.400M19.5 3.500v4h-4"/>',
  copy: '<rect x="8.5" y="8.5" width="11" height="11" rx="2"/><path d="M15.5 8.500V6a1.5 1.5 0 0 0-1.5-1.500H6A1.5 1.5 0 0 0 4.5 6v8A1.5 1.5 0 0 0 6 15.500h2.5"/>',
  compare: '<rect x="3.5" y="5" width="17" height="14" rx="2"/><path d="M12 3v18"/>',
  pause: '<path d="M9 5.500v13M15 5.500v13"/>',
  play: '<path d="m8 5.500 10 6.500-10 6.500z"/>',
  plus: '<path d="M12 5v14M5 12h14"/>',
  chart: '<path d="M4.500 4.500v15h15M8.500 15.500v-3M12.500 15.500v-7M16.500 15.500v-5"/>',
  search: '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>',
  undo: '<path d="M8.5 5 4.5 9l4 4M5 9h9a5.5 5.5 0 0 1 0 11H9"/>',
  eye: '<path d="M2.5 12S6 5.500 12 5.500 21.5 12 21.500 12 18 18.500 12 18.500 2.5 12 2.500 12z"/><circle cx="12" cy="12" r="3"/>',
  brush: '<path d="M19.5 4.5 10 14M9.5 13.500c-2.5 0-3.5 1.5-3.5 3.5 0 1.5-1 2.5-2 2.5 3.5 1 8 .5 8-3.500z"/>',
};

/** A line icon; decorative, so its button carries the name. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.innerHTML = PATHS[name]; // constants of this file
  return svg;
}

/** A button with an icon and, where there is room, its label. */
export function button(name, label, onclick, { className = "", show = true, ...attributes } = {}) {
  const text = el("span", { class: "label" }, label);
  return el(
    "button",
    { type: "button", class: `act ${className}`, title: label, "aria-label": label, onclick, ...attributes },
    icon(name),
    show && text,
  );
}

/** A short message at the foot of the window. kind: "good" or "bad"; action: [label, fn], e.g. undo. */
export function toast(text, { kind = "good", action = null, seconds = kind === "bad" ? 12 : 6 } = {}) {
  let shelf = document.getElementById("toasts");
  if (!shelf) {
    shelf = el("div", { id: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(shelf);
  }
  const note = el("div", { class: `toast ${kind}`, role: kind === "bad" ? "alert" : null }, el("span", {}, text));
  const gone = () => note.remove();
  if (action) note.append(el("button", { type: "button", onclick: () => (gone(), action[1]()) }, action[0]));
  note.append(el("button", { type: "button", class: "close", "aria-label": word("close"), onclick: gone }, icon("close")));
  shelf.append(note);
  setTimeout(gone, seconds * 1000);
  return note;
}

/** Call a server function; a refusal becomes a toast and null. quiet: say nothing (polling). */
export async function call(fn, payload, { quiet = false } = {}) {
  let answer;
  try {
    answer = await fn(payload);
  } catch {
    if (!quiet) toast(word("server_gone"), { kind: "bad" });
    return null;
  }
  if (answer && answer.error) {
    if (!quiet) toast(answer.error, { kind: "bad" });
    return null;
  }
  return answer;
}

/** Post bytes to one of our own routes; a refusal becomes a toast and null. */
export async function post(url, body) {
  try {
    const response = await fetch(url, { method: "POST", body });
    const answer = await response.json();
    if (response.ok) return answer;
    toast(answer.error ?? word("server_gone"), { kind: "bad" });
  } catch {
    toast(word("server_gone"), { kind: "bad" });
  }
  return null;
}

export const nonce = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
export const imageUrl = (sha) => `/images/${sha}.png`;
export const thumbUrl = (sha) => `/thumbs/${sha}.webp`;
export const remember = (name, value) => (document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`);

/** Local date and time, short. */
export function when(iso) {
  const locale = window.studio.language === "zh" ? "zh-CN" : "en";
  return new Date(iso).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}

/** Replace a Gradio text field's content as if it were typed. */
export function typeInto(selector, text) {
  const field = document.querySelector(selector);
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}
