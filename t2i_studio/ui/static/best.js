// Best first: a finished batch in the order of the learnt taste, with the reason in words and a switch back.
import { call, el, icon, remember, word } from "./dom.js";

const AGAIN = 500; // ms between questions while the pictures are looked at
const TOLD = 0.55; // a best one that is hardly likelier than chance gets no badge
const MOVE = { duration: 280, easing: "cubic-bezier(.3, 0, .2, 1)" };

const wanted = () => !/(?:^|; )best_first=0/.test(document.cookie);

/** list: the node of the cards; cards: Map of id → card, in the order in which they were made; settle: after a move. */
export function makeBest(server, list, cards, settle) {
  const label = el("span", { class: "label" }, word("best_first"));
  const toggle = el("button", { type: "button", class: "act toggle", id: "best-first", onclick: flip }, icon("spark"), label);
  const why = el("p", { class: "best-why" });
  const node = el("div", { class: "best", hidden: true, "aria-live": "polite" }, toggle, why);
  let found = null;
  let asked = 0;
  let timer = 0;

  function clear() {
    asked += 1;
    clearTimeout(timer);
    found = null;
    node.hidden = true;
  }

  /** Ask for the order of a batch that is done; it comes when it comes. */
  async function ask(job, ticket = null, mine = ++asked) {
    const answer = await call(server.best_first, { job, ticket }, { quiet: true });
    if (mine !== asked || !list.isConnected || !answer) return;
    if (answer.state === "working") timer = setTimeout(() => ask(job, answer.ticket, mine), AGAIN);
    if (answer.state !== "ready") return;
    found = answer;
    why.replaceChildren(el("b", {}, answer.reason), " ", answer.sure);
    node.hidden = false;
    paint();
    arrange();
  }

  function flip() {
    remember("best_first", wanted() ? 0 : 1);
    paint();
    arrange({ now: true });
  }

  function paint() {
    toggle.setAttribute("aria-pressed", String(wanted()));
    toggle.title = word(wanted() ? "best_first_on" : "best_first_off");
    list.querySelectorAll(".best-badge").forEach((badge) => badge.remove());
    if (!found) return;
    const best = found.order.find((id) => cards.has(id));
    const chance = found.chances[best] ?? 0;
    if (best === undefined || chance < TOLD) return;
    const told = [word("best_chance", { n: Math.round(100 * chance) }), found.reason, found.sure].join(" ");
    cards.get(best).node.querySelector(".frame").append(el("span", { class: "best-badge", title: told }, icon("spark"), word("best_badge")));
  }

  /** Put the cards in the wanted order; not under somebody's hands, unless they asked for it now. */
  function arrange({ now = false } = {}) {
    clearTimeout(timer);
    if (!found) return;
    if (!now && list.matches(":hover, :focus-within")) {
      timer = setTimeout(arrange, AGAIN);
      return;
    }
    const made = [...cards.keys()].sort((a, b) => a - b);
    const order = wanted() ? [...found.order.filter((id) => cards.has(id)), ...made.filter((id) => !found.order.includes(id))] : made;
    const nodes = order.map((id) => cards.get(id).node);
    if ([...list.children].every((child, place) => child === nodes[place])) return;
    const before = new Map(nodes.map((card) => [card, card.getBoundingClientRect()]));
    const held = list.contains(document.activeElement) ? document.activeElement : null;
    list.append(...nodes);
    held?.focus({ preventScroll: true });
    settle();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const [card, was] of before) {
      const is = card.getBoundingClientRect();
      if (was.left === is.left && was.top === is.top) continue;
      card.animate([{ transform: `translate(${was.left - is.left}px, ${was.top - is.top}px)` }, { transform: "none" }], MOVE);
    }
  }

  /** Cards came or went. */
  function keep() {
    if (!found) return;
    paint();
    arrange();
  }

  return { node, ask, clear, keep };
}
