// One variant: its picture (or live preview) and everything one can do with it.
import { button, call, el, fill, icon, imageUrl, nonce, thumbUrl, toast, word } from "./dom.js";

const STARS = [1, 2, 3, 4, 5];

/**
 * Make a card. server: functions of the page's part. large: full pictures and labelled actions. own: on the variant's own page, which
 * its card then does not lead to.
 * on: {job(id), start(id), removed(ids), select(card)} for what the page itself must do.
 */
export function makeCard(server, { large = false, own = false, selectable = false, on = {} } = {}) {
  let data = {};
  let shownSource = "";
  const picture = el("img", { alt: "", decoding: "async", loading: large ? null : "lazy" });
  const bar = el("progress", { max: 1, value: 0, "aria-label": word("progress") });
  const veil = el("div", { class: "veil" }, el("span", { class: "state" }), bar);
  const frame = el("a", { class: "frame", tabindex: -1 }, picture, veil);
  const stars = STARS.map((count) =>
    el("button", { type: "button", class: "star", tabindex: -1, "aria-label": word("stars_n", { n: count }), onclick: () => rate(count) }, icon("star")),
  );
  const heart = button("heart", word("favourite"), () => favour(), { className: "heart", show: false, tabindex: -1 });
  const flag = button("flag", word("faults"), () => togglePopover(), { className: "flag", show: false, tabindex: -1, "aria-expanded": "false" });
  const tags = el("div", { class: "tags" });
  const judge = el("div", { class: "judge" }, el("div", { class: "stars", role: "group", "aria-label": word("rating") }, stars), flag, heart);
  const download = el("a", { class: "act bare", tabindex: -1, title: word("download"), "aria-label": word("download"), download: true }, icon("download"), el("span", { class: "label" }, word("download")));
  const open = el("a", { class: "act bare open", tabindex: -1, title: word("open"), "aria-label": word("open") }, icon("open"), el("span", { class: "label" }, word("open")));
  const actions = el(
    "div",
    { class: "actions" },
    button("subtle", word("vary_subtle"), () => vary("subtle"), { tabindex: -1 }),
    button("strong", word("vary_strong"), () => vary("strong"), { tabindex: -1 }),
    button("start", word("use_as_start"), () => on.start?.(data.id), { tabindex: -1, className: "bare" }),
    !own && open,
    download,
    button("trash", word("remove"), () => remove(), { tabindex: -1, className: "bare trash" }),
  );
  const pick = selectable && el("label", { class: "pick" }, el("input", { type: "checkbox", tabindex: -1, "aria-label": word("select"), onchange: () => on.select?.(card) }), el("span", {}, icon("check")));
  const popover = el("div", { class: "popover", role: "dialog", "aria-label": word("faults"), hidden: true });
  const node = el("article", { class: `card${large ? " large" : ""}`, tabindex: -1 }, frame, pick, el("div", { class: "under" }, judge, tags, actions), popover);

  async function judgeWith(changes) {
    if (!data.image) return;
    const before = data;
    paint({ ...data, ...changes });
    const answer = await call(server.rate, { id: data.id, stars: data.stars, faults: data.faults, nonce: nonce() });
    paint(answer ? { ...data, ...answer.card } : before);
    if (answer) node.dispatchEvent(new CustomEvent("judged", { bubbles: true, detail: answer.card }));
  }
  const rate = (count) => judgeWith({ stars: data.stars === count ? null : count });
  const setStars = (count) => judgeWith({ stars: count });

  async function favour() {
    if (!data.image) return;
    const wanted = !data.favourite;
    paint({ ...data, favourite: wanted });
    const answer = await call(server.favourite, { id: data.id, on: wanted });
    paint({ ...data, favourite: answer ? answer.card.favourite : !wanted });
  }

  async function vary(how) {
    const answer = await call(server.vary, { id: data.id, how });
    if (answer) on.job ? on.job(answer.job) : (location.href = `/?job=${answer.job}`);
  }

  async function remove() {
    const answer = await call(server.remove, { ids: [data.id] });
    if (!answer) return;
    on.removed?.(answer.ids);
    toast(word("removed_n", { n: 1 }), {
      action: [word("undo"), async () => (await call(server.restore, { ids: answer.ids })) && on.restored?.(answer.ids)],
    });
  }

  function togglePopover(show = popover.hidden) {
    if (show && !data.image) return;
    popover.hidden = !show;
    flag.setAttribute("aria-expanded", String(show));
    if (!show) return;
    fill(popover, 
      el("p", {}, word("faults_question")),
      ...window.studio.faults.map((fault) =>
        el(
          "label",
          { title: fault.description },
          el("input", { type: "checkbox", value: fault.code, checked: data.faults.includes(fault.code), onchange: chooseFaults }),
          el("span", {}, fault.name),
        ),
      ),
    );
    popover.querySelector("input").focus();
    const outside = (event) => {
      if (!node.contains(event.target)) togglePopover(false);
      if (popover.hidden || !node.isConnected) document.removeEventListener("pointerdown", outside);
    };
    document.addEventListener("pointerdown", outside);
  }

  function chooseFaults() {
    judgeWith({ faults: [...popover.querySelectorAll("input:checked")].map((box) => box.value) });
  }

  popover.addEventListener("keydown", (event) => {
    event.stopPropagation(); // digits and letters belong to the boxes here, not to the card
    if (event.key === "Escape") togglePopover(false), node.focus();
  });

  function paintPicture() {
    const source = data.image ? (large ? imageUrl(data.image) : thumbUrl(data.image)) : data.preview ? `/previews/${data.id}?v=${data.preview}` : "";
    if (source === shownSource) return;
    shownSource = source;
    if (!source) return picture.removeAttribute("src");
    // The next picture replaces the old one only once it is decoded: no flash of nothing.
    const next = new Image();
    next.onload = () => shownSource === source && (picture.src = source);
    if (large || data.preview) next.src = source;
    else picture.src = source;
  }

  function paint(fresh) {
    data = fresh;
    card.data = fresh;
    const done = Boolean(data.image);
    node.dataset.state = data.state;
    node.dataset.id = data.id;
    frame.style.aspectRatio = data.width && data.height ? `${data.width} / ${data.height}` : "1";
    paintPicture();
    veil.hidden = done;
    veil.querySelector(".state").textContent = done ? "" : word(`state_${data.state}`);
    bar.hidden = data.state !== "running";
    if (data.steps) bar.value = data.step / data.steps;
    node.classList.toggle("done", done);
    stars.forEach((star, place) => {
      star.classList.toggle("on", place < (data.stars ?? 0));
      star.setAttribute("aria-pressed", String(place + 1 === data.stars));
    });
    heart.setAttribute("aria-pressed", String(data.favourite));
    flag.classList.toggle("on", data.faults.length > 0);
    fill(tags, ...data.faults.map((code) => el("span", { class: "tag" }, window.studio.faults.find((fault) => fault.code === code)?.name ?? code)));
    if (done) {
      if (!own) frame.href = open.href = `/variant?id=${data.id}`;
      download.href = `${imageUrl(data.image)}?name=${data.id}`;
    }
    const parts = [word("card_name", { n: (data.index ?? 0) + 1, text: data.text }), done ? (data.stars ? word("stars_n", { n: data.stars }) : word("unrated")) : word(`state_${data.state}`)];
    if (data.favourite) parts.push(word("favourite"));
    node.setAttribute("aria-label", parts.join(", "));
    picture.alt = done ? data.text : "";
  }

  const card = { node, paint, setStars, favour, remove, data, togglePopover };
  return card;
}
