// Small helpers of the rater's page. Text only ever becomes a text node.

/** el("button", {class: "x", onclick: fn}, "text", child…): attributes, listeners (on…) and children; null and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const PATHS = {
  undo: "M8.5 5 4.5 9l4 4M5 9h9a5.5 5.5 0 0 1 0 11H9",
  zoom: "M17.5 11a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM16 16l4.5 4.5M11 8.5v5M8.5 11h5",
  check: "m5 12.5 4.5 4.5L19 7.5",
  cross: "m6 6 12 12M18 6 6 18",
  star: "m12 3.2 2.7 5.5 6.1.9-4.4 4.3 1 6-5.4-2.8-5.4 2.8 1-6L3.2 9.6l6.1-.9z",
  skip: "m5 6 7 6-7 6zM14 6l6 6-6 6",
  cup: "M5 9h11v5a5 5 0 0 1-5 5h-1a5 5 0 0 1-5-5zM16 10h1.5a2.5 2.5 0 0 1 0 5H16M8 5.500V3.500M12.500 5.500V3.500",
  line: "M4 9a12 12 0 0 1 16 0M7 12.500a7.500 7.500 0 0 1 10 0M10 16a3.500 3.500 0 0 1 4 0M12 19.500v.1M4 4l16 16",
};

/** A line icon; decorative, so that its button carries the name. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Say something to who listens to the page rather than sees it. */
export function announce(text) {
  const place = document.getElementById("spoken");
  place.textContent = "";
  setTimeout(() => (place.textContent = text), 50);
}

/** A short message at the top of the window, gone after some seconds. */
export function toast(text) {
  const note = el("div", { class: "toast", role: "alert" }, text);
  document.getElementById("toasts").replaceChildren(note);
  setTimeout(() => note.remove(), 8000);
}
