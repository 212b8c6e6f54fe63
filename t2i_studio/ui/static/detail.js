// One variant: large, with all that made it, its family, a comparison and its ratings.
import { button, call, el, fill, icon, imageUrl, nonce, thumbUrl, toast, when, word } from "./dom.js";
import { makeCard } from "./card.js";
import { keyboard } from "./cards.js";
import { explainSection } from "./explain.js";
import { asText, differences, sections } from "./facts.js";

export default function ({ element, server }) {
  const asked = new URLSearchParams(location.search);
  const id = Number(asked.get("id"));
  let other = Number(asked.get("with")) || null;
  let shown = null;

  async function load() {
    const answer = id ? await call(server.detail, { id }) : null;
    if (!answer) return fill(element, missing());
    shown = answer;
    fill(element, page(answer));
    if (other) compare(other);
  }

  const missing = () => el("div", { class: "welcome" }, el("div", { class: "welcome-art", "aria-hidden": "true" }, icon("search")), el("h2", {}, word("variant_missing")), el("p", {}, el("a", { href: "/gallery" }, word("nav_gallery"))));

  function page({ variant, ancestors, children, batch, ratings }) {
    const card = makeCard(server, { large: true, own: true, on: { start: (of) => (location.href = `/?start=${of}`), removed: () => (location.href = "/gallery") } });
    card.paint(variant);
    const holder = el("div", { class: "hero" }, card.node);
    keyboard(holder, () => card).settle();
    holder.addEventListener("judged", loadRatings);
    return el(
      "div",
      { class: "variant" },
      el("div", { class: "picture" }, holder, batch.length > 1 && strip("batch", batch)),
      el(
        "div",
        { class: "about" },
        el("div", { class: "crumbs" }, el("a", { href: "/gallery" }, word("nav_gallery")), " / ", word("variant_n", { id: variant.id }), " · ", el("a", { href: `/?job=${variant.job}` }, word("batch_n", { id: variant.job }))),
        el("h1", {}, variant.text),
        el(
          "div",
          { class: "about-actions" },
          button("again", word("again"), again, { className: "primary" }),
          el("a", { class: "act", href: `/?like=${variant.id}` }, icon("spark"), word("settings_use")),
          button("copy", word("settings_copy"), copy),
        ),
        explainSection(server, variant, card.node.querySelector(".frame")),
        (ancestors.length > 0 || children.length > 0) && family(variant, ancestors, children),
        el("section", { id: "compare-section" }, el("h2", {}, word("compare")), compareForm()),
        el("section", { id: "ratings" }, ratingList(ratings), noteForm()),
        sections(variant).map(([section, rows], place) =>
          el("details", { class: "facts", open: place < 2 }, el("summary", {}, word(section)), el("dl", {}, rows.map(([label, value, long]) => [el("dt", {}, word(label)), el("dd", { class: long ? "long" : null }, String(value))])))),
      ),
    );
  }

  function strip(name, variants) {
    return el("div", { class: "strip" }, el("h2", {}, word(name)), el("div", { class: "strip-row" }, variants.map((one) => thumb(one))));
  }

  function thumb(one) {
    return el(
      "div",
      { class: `thumb${one.id === id ? " here" : ""}` },
      el("a", { href: `/variant?id=${one.id}`, "aria-current": one.id === id ? "page" : null, "aria-label": word("card_name", { n: one.index + 1, text: one.text }) }, el("img", { src: thumbUrl(one.image), alt: "", loading: "lazy" })),
      one.id !== id && button("compare", word("compare_with", { id: one.id }), () => compare(one.id), { show: false, className: "mini" }),
    );
  }

  function family(variant, ancestors, children) {
    const line = [...ancestors].reverse();
    const step = (from, to) => el("ul", { class: "changed" }, differences(from, to).slice(0, 5).map(([label, , now]) => el("li", {}, el("b", {}, word(label)), " ", now.length > 60 ? `${now.slice(0, 60)}…` : now)));
    const trunk = [...line, variant].map((one, place, all) => el("div", { class: "generation" }, place > 0 && step(all[place - 1], one), thumb(one)));
    return el(
      "section",
      { class: "family" },
      el("h2", {}, word("family")),
      el("div", { class: "tree" }, trunk),
      children.length > 0 && el("div", { class: "children" }, el("h3", {}, word("children_n", { n: children.length })), el("div", { class: "tree-children" }, children.map((child) => el("div", { class: "generation" }, thumb(child), step(variant, child))))),
    );
  }

  function compareForm() {
    const field = el("input", { type: "number", min: 1, id: "compare-id", placeholder: "123", "aria-label": word("compare_number") });
    return el("form", { class: "compare-form", onsubmit: (event) => (event.preventDefault(), field.value && compare(Number(field.value))) }, el("span", { class: "quiet" }, word("compare_hint")), field, el("button", { class: "act", type: "submit" }, icon("compare"), word("compare")));
  }

  async function compare(id2) {
    const answer = await call(server.detail, { id: id2 });
    if (!answer) return;
    other = id2;
    const url = new URL(location.href);
    url.searchParams.set("with", other);
    history.replaceState(null, "", url);
    const section = element.querySelector("#compare-section");
    const [a, b] = [shown.variant, answer.variant];
    const name = (one) => word("variant_n", { id: one.id });
    const range = el("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": word("compare_slide") });
    const over = el("img", { src: imageUrl(b.image), alt: name(b), class: "over" });
    const swipe = el("div", { class: "swipe" }, el("img", { src: imageUrl(a.image), alt: name(a) }), over, el("span", { class: "tag left" }, name(a)), el("span", { class: "tag right" }, name(b)), range);
    const slide = () => swipe.style.setProperty("--cut", `${range.value}%`);
    range.addEventListener("input", slide);
    slide();
    const pair = el("div", { class: "pair" }, [a, b].map((one) => el("figure", {}, el("img", { src: imageUrl(one.image), alt: name(one) }), el("figcaption", {}, el("a", { href: `/variant?id=${one.id}` }, name(one)), one.stars ? ` ${"★".repeat(one.stars)}` : ""))));
    const views = el("div", { class: "views" }, pair);
    const view = (key, node, on) => el("label", {}, el("input", { type: "radio", name: "view", checked: on, onchange: () => fill(views, node) }), el("span", {}, word(key)));
    const rows = differences(a, b);
    fill(section, 
      el("h2", {}, word("compare")),
      el("div", { class: "segment", role: "radiogroup", "aria-label": word("compare") }, view("compare_columns", pair, true), view("compare_swipe", swipe, false)),
      views,
      rows.length
        ? el("table", { class: "differences" }, el("thead", {}, el("tr", {}, el("th", {}, word("differs")), el("th", {}, name(a)), el("th", {}, name(b)))), el("tbody", {}, rows.map((row) => el("tr", {}, el("th", { scope: "row" }, word(row[0])), el("td", {}, row[1]), el("td", {}, row[2])))))
        : el("p", { class: "quiet" }, word("no_difference")),
      compareForm(),
    );
    section.scrollIntoView({ behavior: "smooth", block: "nearest" });
  }

  function ratingList(ratings) {
    if (!ratings.length) return el("div", { id: "rating-list" }, el("h2", {}, word("ratings")), el("p", { class: "quiet" }, word("ratings_none")));
    const row = (rating) =>
      el("li", {}, el("span", { class: "given" }, rating.stars ? "★".repeat(rating.stars) + "☆".repeat(5 - rating.stars) : "–"), rating.faults.map((code) => el("span", { class: "tag" }, window.studio.faults.find((fault) => fault.code === code)?.name ?? code)), rating.note && el("q", {}, rating.note), el("small", {}, when(rating.created), rating.mine ? ` · ${word("rating_mine")}` : ""));
    return el("div", { id: "rating-list" }, el("h2", {}, word("ratings")), el("ul", { class: "history" }, [...ratings].reverse().map(row)));
  }

  async function loadRatings() {
    const answer = await call(server.detail, { id }, { quiet: true });
    if (!answer) return;
    shown = answer;
    element.querySelector("#rating-list")?.replaceWith(ratingList(answer.ratings));
  }

  function noteForm() {
    const field = el("input", { type: "text", maxlength: 500, placeholder: word("note_hint"), "aria-label": word("note") });
    const send = async (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      const { stars, faults } = shown.variant;
      const answer = await call(server.rate, { id, stars, faults, note: field.value, nonce: nonce() });
      if (!answer) return;
      field.value = "";
      toast(word("note_kept"));
      loadRatings();
    };
    return el("form", { class: "note-form", onsubmit: send }, field, el("button", { class: "act", type: "submit" }, word("note_add")));
  }

  async function again() {
    const answer = await call(server.again, { id });
    if (answer) location.href = `/?job=${answer.job}`;
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(asText(shown.variant));
      toast(word("copied"));
    } catch {
      toast(word("copy_refused"), { kind: "bad" });
    }
  }

  load();
}
