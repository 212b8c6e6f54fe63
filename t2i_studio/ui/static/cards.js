// A set of cards: one is in focus (roving tabindex); digits rate it, arrows move, f is favourite.

/** Handle keys and focus for the cards inside `list`. find(node): the card object of a node. */
export function keyboard(list, find) {
  const nodes = () => [...list.querySelectorAll(".card")];
  let current = null;

  function focus(node, move = true) {
    for (const other of nodes()) {
      other.tabIndex = other === node ? 0 : -1;
      for (const control of other.querySelectorAll("button, a, input")) control.tabIndex = other === node ? 0 : -1;
    }
    current = node;
    if (move) node.focus();
  }

  /** Keep exactly one card reachable by Tab after cards came or went. */
  function settle() {
    const all = nodes();
    if (all.length && !all.includes(current)) focus(all[0], false);
    else if (current) focus(current, false);
  }

  function neighbour(node, key) {
    const all = nodes();
    const place = all.indexOf(node);
    if (key === "ArrowLeft") return all[place - 1];
    if (key === "ArrowRight") return all[place + 1];
    if (key === "Home") return all[0];
    if (key === "End") return all.at(-1);
    const box = node.getBoundingClientRect();
    const centre = box.left + box.width / 2;
    const down = key === "ArrowDown";
    const rows = all.map((other) => [other, other.getBoundingClientRect()]).filter(([, r]) => (down ? r.top > box.bottom - 5 : r.bottom < box.top + 5));
    rows.sort(([, a], [, b]) => Math.abs(a.top - box.top) - Math.abs(b.top - box.top) || Math.abs(a.left + a.width / 2 - centre) - Math.abs(b.left + b.width / 2 - centre));
    return rows[0]?.[0];
  }

  list.addEventListener("focusin", (event) => {
    const node = event.target.closest(".card");
    if (node && node !== current) focus(node, false);
  });
  list.addEventListener("keydown", (event) => {
    const node = event.target.closest(".card");
    if (!node || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
    const card = find(node);
    if (/^[1-5]$/.test(event.key)) card.setStars(Number(event.key));
    else if (event.key === "f") card.favour();
    else if (event.key === "Enter" && event.target === node) node.querySelector("a.frame")?.click();
    else if (event.key === "Delete") card.remove();
    else if (/^(Arrow|Home|End)/.test(event.key)) {
      const next = neighbour(node, event.key);
      if (next) focus(next);
    } else return;
    event.preventDefault();
  });
  return { settle, focus };
}
