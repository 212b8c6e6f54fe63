// Looking closely: all pictures of an item at once, in step. Wheel, pinch, tap, drag, and + - 0 on a keyboard.

const MOST = 6;
const TAP = 2.5;
const TAP_MS = 350;

/** Let panes (each holding an img) be zoomed together; told() is called at the first zoom. Returns {in, out, reset, toggle, pan, zoomed}. */
export function zoomTogether(panes, told) {
  let scale = 1;
  let x = 0; // of the picture's middle, in shares of a pane's width, before scaling
  let y = 0;
  const pointers = new Map();
  let start = null;
  let used = false;

  function show() {
    const room = (scale - 1) / 2 / scale;
    x = Math.max(-room, Math.min(room, x));
    y = Math.max(-room, Math.min(room, y));
    for (const pane of panes) {
      pane.firstElementChild.style.transform = scale === 1 ? "" : `scale(${scale}) translate(${x * 100}%, ${y * 100}%)`;
      pane.classList.toggle("near", scale > 1);
    }
  }

  /** Scale so that what is at (px, py), in shares from the pane's middle, stays there. */
  function to(next, px = 0, py = 0) {
    next = Math.max(1, Math.min(MOST, next));
    x += px / next - px / scale;
    y += py / next - py / scale;
    scale = next;
    if (scale > 1 && !used) {
      used = true;
      told();
    }
    show();
  }

  const share = (pane, event) => {
    const box = pane.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };

  for (const pane of panes) {
    pane.addEventListener("wheel", (event) => {
      event.preventDefault();
      to(scale * Math.exp(-event.deltaY / 300), ...share(pane, event));
    }, { passive: false });
    pane.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      pane.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, event);
      start = { x, y, scale, event, pane, moved: pointers.size > 1, at: performance.now(), spread: pointers.size > 1 ? spread() : 0 };
    });
    pane.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId) || !start) return;
      pointers.set(event.pointerId, event);
      if (pointers.size > 1) return to((start.scale * spread()) / start.spread, ...share(pane, event));
      const [dx, dy] = [event.clientX - start.event.clientX, event.clientY - start.event.clientY];
      if (Math.hypot(dx, dy) > 8) start.moved = true;
      if (scale === 1 || !start.moved) return;
      const box = pane.getBoundingClientRect();
      x = start.x + dx / box.width / scale;
      y = start.y + dy / box.height / scale;
      show();
    });
    const end = (event) => {
      if (!pointers.delete(event.pointerId) || !start) return;
      const tapped = event.type === "pointerup" && !start.moved && performance.now() - start.at < TAP_MS;
      start = pointers.size ? { ...start, x, y, scale, moved: true, event: [...pointers.values()][0] } : null;
      if (tapped) to(scale > 1 ? 1 : TAP, ...share(pane, event));
    };
    pane.addEventListener("pointerup", end);
    pane.addEventListener("pointercancel", end);
  }

  return {
    in: () => to(scale * 1.5),
    out: () => to(scale / 1.5),
    reset: () => to(1),
    toggle: () => to(scale > 1 ? 1 : TAP),
    pan: (dx, dy) => ((x += dx / scale), (y += dy / scale), show()),
    get zoomed() {
      return used;
    },
  };
}
