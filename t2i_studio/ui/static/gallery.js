// Every variant over all time. The filters live in the address; pages come as one scrolls.
import { button, call, el, fill, icon, toast, word } from "./dom.js";
import { makeCard } from "./card.js";
import { keyboard } from "./cards.js";

const FILTERS = { words: "", rating: "", favourite: false, fault: "", model: "", days: "", sort: "newest", deleted: false };
const PAUSE = 250;
const ASK_AGAIN = 1000; // ms
const MOST_JUDGED = 500;

export default function ({ element, props, server }) {
  const filters = { ...FILTERS };
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name in FILTERS) filters[name] = typeof FILTERS[name] === "boolean" ? value === "1" : value;
  }
  const cards = new Map();
  const chosen = new Set();
  const list = el("div", { class: "cards small", role: "region", "aria-label": word("pictures") });
  const keys = keyboard(list, (node) => cards.get(Number(node.dataset.id)));
  const count = el("span", { class: "count", "aria-live": "polite" });
  const more = el("button", { type: "button", class: "more act", onclick: () => load() }, word("more"));
  const empty = el("div", { class: "empty", hidden: true });
  const tray = el("div", { class: "tray", hidden: true, role: "region", "aria-label": word("selection") });
  const taste = el("p", { class: "taste-note", "aria-live": "polite", hidden: true });
  fill(element, bar(), taste, list, empty, more, tray);

  let next = null;
  let again = 0;
  let asked = 0;
  let busy = false;

  function bar() {
    const search = el("input", { type: "search", id: "search", placeholder: word("search_hint"), "aria-label": word("search"), value: filters.words });
    let timer = 0;
    search.addEventListener("input", () => (clearTimeout(timer), (timer = setTimeout(() => set("words", search.value), PAUSE))));
    const choice = (name, options) =>
      el("select", { id: `filter-${name}`, "aria-label": word(`filter_${name}`), onchange: (event) => set(name, event.target.value) },
        options.map(([value, label]) => el("option", { value, selected: filters[name] === value }, label)));
    const toggle = (name, sign) => el("button", { type: "button", class: "act toggle", id: `filter-${name}`, "aria-pressed": String(filters[name]), onclick: (event) => {
      set(name, !filters[name]);
      event.currentTarget.setAttribute("aria-pressed", String(filters[name]));
    } }, icon(sign), word(`filter_${name}`));
    return el("div", { class: "filters", role: "search" },
      el("div", { class: "search" }, icon("search"), search),
      choice("rating", [["", word("rating_any")], ["5", "★★★★★"], ["4", word("rating_from", { n: 4 })], ["3", word("rating_from", { n: 3 })], ["1", word("rating_rated")], ["none", word("rating_none")]]),
      choice("fault", [["", word("fault_any")], ...window.studio.faults.map((fault) => [fault.code, fault.name])]),
      choice("model", [["", word("model_any")], ...props.models.map((name) => [name, name])]),
      choice("days", ["", "1", "7", "30", "365"].map((days) => [days, word(`days_${days || "any"}`)])),
      choice("sort", ["newest", "oldest", "stars", "taste"].map((sort) => [sort, word(`sort_${sort}`)])),
      toggle("favourite", "heart"),
      toggle("deleted", "trash"),
      count,
    );
  }

  function set(name, value) {
    filters[name] = value;
    const changed = Object.entries(filters).filter(([key, now]) => now !== FILTERS[key]);
    const url = new URL(location.href);
    url.search = new URLSearchParams(changed.map(([key, now]) => [key, now === true ? "1" : now])).toString();
    history.replaceState(null, "", url);
    load({ fresh: true });
  }

  async function load({ fresh = false, ticket = null } = {}) {
    if (!fresh && (busy || next === null)) return;
    if (fresh) clearTimeout(again);
    busy = true;
    const ask = ++asked;
    list.setAttribute("aria-busy", "true");
    const answer = await call(server.find, { ...filters, after: fresh ? null : next, ticket });
    if (ask !== asked) return;
    busy = false;
    list.removeAttribute("aria-busy");
    if (!answer) return;
    if (fresh && paintTaste(answer) && ticket) return; // no order (yet): what is shown stays
    if (fresh) {
      list.replaceChildren();
      cards.clear();
      choose(null);
    }
    for (const data of answer.cards) {
      const card = makeCard(server, { selectable: true, on: { start: (id) => (location.href = `/?start=${id}`), removed, restored: () => load({ fresh: true }), select: choose } });
      card.paint(data);
      cards.set(data.id, card);
      list.append(card.node);
    }
    next = answer.next;
    more.hidden = next === null;
    count.textContent = word("count_n", { n: answer.total === 1 ? 1 : answer.total.toLocaleString() });
    keys.settle();
    paintEmpty(answer.total === 0);
  }

  /** Say how far the order by taste is, and ask again while it is being made; whether there is one to wait for or none. */
  function paintTaste({ taste: now, total }) {
    taste.hidden = !now || total === 0;
    if (!now) return false;
    const working = now.state === "working";
    if (working) taste.textContent = now.looked ? word("taste_looking", { n: now.looked, of: now.of }) : word("taste_learning");
    else if (now.state === "none") taste.textContent = word("taste_none", { sentence: now.sentence });
    else fill(taste, el("b", {}, now.reason), " ", now.sure, now.of < total && ` ${word("taste_newest", { n: now.of.toLocaleString() })}`);
    if (working) again = setTimeout(() => (chosen.size ? paintTaste({ taste: now, total }) : load({ fresh: true, ticket: now.ticket })), ASK_AGAIN);
    return now.state !== "ready";
  }

  function paintEmpty(none) {
    empty.hidden = !none;
    if (!none) return;
    const filtered = Object.entries(filters).some(([key, now]) => key !== "sort" && now !== FILTERS[key]);
    fill(empty, 
      el("div", { class: "welcome" }, el("div", { class: "welcome-art", "aria-hidden": "true" }, icon(filtered ? "search" : "picture")), el("h2", {}, word(filtered ? "nothing_found" : "gallery_empty")), el("p", {}, filtered ? el("a", { href: "/gallery" }, word("filters_clear")) : el("a", { href: "/" }, word("gallery_begin")))),
    );
  }

  function removed(ids) {
    for (const id of ids) {
      cards.get(id)?.node.remove();
      cards.delete(id);
      chosen.delete(id);
    }
    paintTray();
    keys.settle();
    load({ fresh: true });
  }

  /** The selection follows a card's box; null clears it. */
  function choose(card) {
    if (card === null) {
      for (const id of chosen) mark(id, false);
      chosen.clear();
    } else {
      const on = card.node.querySelector(".pick input").checked;
      on ? chosen.add(card.data.id) : chosen.delete(card.data.id);
      card.node.classList.toggle("chosen", on);
    }
    paintTray();
  }

  function mark(id, on) {
    const node = cards.get(id)?.node;
    if (!node) return;
    node.classList.toggle("chosen", on);
    node.querySelector(".pick input").checked = on;
  }

  function paintTray() {
    tray.hidden = chosen.size === 0;
    list.classList.toggle("choosing", chosen.size > 0);
    if (tray.hidden) return;
    fill(tray, 
      el("b", {}, word("selected_n", { n: chosen.size })),
      button("check", word("select_all"), () => (cards.forEach((_, id) => (chosen.add(id), mark(id, true))), paintTray())),
      !filters.deleted && button("compare", word("fs_from_selection"), askRaters, { className: "ask-raters" }),
      button("download", word("download_zip"), downloadZip),
      filters.deleted ? button("undo", word("restore"), () => bring([...chosen])) : button("trash", word("remove"), removeChosen),
      button("close", word("select_none"), () => choose(null)),
    );
  }

  /** On to the form of a feedback session with the pictures chosen. */
  function askRaters() {
    if (chosen.size > MOST_JUDGED) return toast(word("fs_too_many_chosen", { n: MOST_JUDGED }), { kind: "bad" });
    location.href = `/sessions?ids=${[...chosen].join(",")}`;
  }

  function downloadZip() {
    const form = el("form", { method: "post", action: "/download", hidden: true }, el("input", { name: "ids", value: [...chosen].join(",") }));
    document.body.append(form);
    form.submit();
    form.remove();
    toast(word("download_started", { n: chosen.size }));
  }

  async function removeChosen() {
    const answer = await call(server.remove, { ids: [...chosen] });
    if (!answer) return;
    toast(word("removed_n", { n: answer.ids.length }), { action: [word("undo"), () => bring(answer.ids)] });
    removed(answer.ids);
  }

  async function bring(ids) {
    if (await call(server.restore, { ids })) load({ fresh: true });
  }

  new IntersectionObserver((seen) => seen[0].isIntersecting && load(), { rootMargin: "800px" }).observe(more);
  load({ fresh: true });
}
