// A grid on the stage: its cells under their headings, appearing picture by picture, and the whole as one picture.
import { button, call, el, fill, icon, toast, word } from "./dom.js";
import { makeCard } from "./card.js";
import { keyboard } from "./cards.js";

const POLL = 800; // ms while something runs
const OPEN = new Set(["waiting", "running"]);

/** Make the view. on: {job(id), start(id)} for what the page itself must do. */
export function makeSheet(server, on) {
  const head = el("div", { class: "stage-head", "aria-live": "polite" });
  const body = el("div", { class: "sheet cards small", role: "region", "aria-label": word("pictures") });
  const node = el("div", { hidden: true }, head, body);
  const cards = new Map();
  const keys = keyboard(body, (card) => cards.get(Number(card.dataset.id)));
  let id = null;
  let state = null;
  let timer = 0;

  function show(number) {
    stop();
    id = number;
    node.hidden = false;
    poll();
  }

  function stop() {
    clearTimeout(timer);
    id = state = null;
    node.hidden = true;
    cards.clear();
    fill(head);
    fill(body);
  }

  async function poll() {
    clearTimeout(timer);
    const asked = id;
    if (!node.isConnected || !asked) return;
    const answer = await call(server.sheet, { id: asked }, { quiet: state !== null });
    if (asked !== id) return;
    if (answer) paint(answer);
    if ((answer === null && state !== null) || OPEN.has(state)) timer = setTimeout(poll, document.hidden ? 4 * POLL : POLL);
  }

  function paint({ sheet, cells }) {
    if (state === null) layOut(sheet, cells);
    state = sheet.state;
    for (const data of cells.flatMap((cell) => cell.cards)) {
      const card = cards.get(data.id);
      if (card && JSON.stringify(card.data) !== JSON.stringify(data)) card.paint(data);
    }
    keys.settle();
    paintHead(sheet, cells.flatMap((cell) => cell.cards));
  }

  function layOut(sheet, cells) {
    const flow = sheet.names.length === 1;
    const place = (number) => el("div", { class: "sheet-cell" }, cells[number].cards.map((data) => newCard(data.id)));
    if (flow) {
      const heads = sheet.bands.flatMap((band) => band.columns);
      return fill(body, el("div", { class: "sheet-flow" }, heads.map((words, number) => el("figure", {}, el("figcaption", {}, words), place(number)))));
    }
    const tables = [];
    for (const band of sheet.bands) {
      if (band.columns.length) tables.push(newTable(band, sheet.names));
      tables.at(-1).rows.append(el("tr", {}, el("th", { scope: "row" }, band.row), band.cells.map((number) => el("td", {}, place(number)))));
    }
    fill(body, tables.map((table) => el("div", { class: "sheet-scroll" }, table.node)));
  }

  function newTable(band, [across, down]) {
    const rows = el("tbody");
    const corner = el("td", { class: "corner" }, el("span", {}, `${across} →`), el("span", {}, `${down} ↓`));
    const columns = el("tr", {}, corner, band.columns.map((words) => el("th", { scope: "col" }, words)));
    return { rows, node: el("table", {}, band.title && el("caption", {}, band.title), el("thead", {}, columns), rows) };
  }

  function newCard(number) {
    const card = makeCard(server, { on: { job: on.job, start: on.start, removed: (ids) => ids.forEach(hide), restored: () => again() } });
    cards.set(number, card);
    return card.node;
  }

  const hide = (number) => (cards.get(number)?.node.remove(), cards.delete(number), keys.settle());
  const again = () => show(id);

  function paintHead(sheet, all) {
    const done = all.filter((card) => card.image).length;
    const part = all.reduce((sum, card) => sum + (card.image ? 1 : card.steps ? card.step / card.steps : 0), 0) / Math.max(1, all.length);
    const left = sheet.left === null ? "" : word("status_left", { s: Math.max(1, Math.ceil(sheet.left)) });
    const touch = state === "done" && matchMedia("(hover: none)").matches; // no keyboard to speak of
    const status = OPEN.has(state) ? word("status_running", { done, of: all.length }) + left : word(`status_${state}${touch ? "_touch" : ""}`, { done, of: all.length });
    fill(head,
      el("div", { class: "stage-title" }, el("h2", {}, word("sheet_title", { names: sheet.names.join(" × ") })), el("span", { class: "quiet" }, sheet.text)),
      el("p", { class: "status", id: "status" }, status),
      el("div", { class: "sheet-actions" },
        done > 0 && el("a", { class: "act", href: `/sheets/${id}.png`, download: true }, icon("download"), el("span", { class: "label" }, word("sheet_download"))),
        OPEN.has(state) && button("close", word("cancel"), cancel, { className: "cancel" }),
        ["interrupted", "cancelled", "failed"].includes(state) && button("again", word("resume"), resume, { className: "resume" })),
      OPEN.has(state) && el("progress", { class: "whole", max: 1, value: part, "aria-label": word("progress") }),
      sheet.error && el("p", { class: "failure", role: "alert" }, sheet.error),
    );
  }

  async function cancel() {
    if (await call(server.cancel_sheet, { id })) toast(word("cancelling"));
    poll();
  }

  async function resume() {
    if (await call(server.resume_sheet, { id })) poll();
  }

  return { node, show, stop, poll, id: () => id };
}
