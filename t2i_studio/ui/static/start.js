// A starting picture, and a brush to mark the part to change. Value: null or {image, parent, mask, strength};
// strength null: as the engine does by itself, which goes further where only a part is painted anew.
import { button, el, fill, icon, imageUrl, post, word } from "./dom.js";

const BRUSH = 0.09; // of the picture's shorter side
const usual = (value) => (value.mask ? 1 : 0.6);

export default function ({ element, props, trigger, watch }) {
  const file = el("input", { type: "file", accept: "image/*", class: "visually-hidden", id: "start-file", onchange: () => file.files[0] && take(file.files[0]) });
  const zone = el("div", { class: "start-zone" });
  fill(element, zone);
  let shown = ""; // the value on the screen, as JSON
  let uploads = 0;
  let newest = 0; // of the masks: an older one that arrives late, or after clearing, is not taken

  function set(value, { redraw = false } = {}) {
    props.value = value;
    if (!redraw) shown = JSON.stringify(value);
    trigger("change");
    paint();
  }

  /** Send a picture; Generate waits for it, because a batch without it is not what was asked for. */
  async function upload(url, picture) {
    const go = document.getElementById("go");
    go.disabled = ++uploads > 0;
    try {
      return await post(url, await picture);
    } finally {
      go.disabled = --uploads > 0;
    }
  }

  async function take(picture) {
    zone.classList.add("busy");
    const answer = await upload("/pictures", picture);
    zone.classList.remove("busy");
    file.value = "";
    if (answer) set({ image: answer.image, parent: null, mask: null, strength: null }, { redraw: true });
  }

  function paint() {
    const value = props.value ?? null;
    if (JSON.stringify(value) === shown) return;
    shown = JSON.stringify(value);
    if (!value?.image) {
      return fill(zone, 
        file,
        el("label", { for: "start-file", class: "start-drop" }, icon("picture"), el("span", {}, word("start_drop")), el("small", {}, word("start_formats"))),
      );
    }
    const picture = el("img", { src: imageUrl(value.image), alt: word("start_picture"), draggable: "false" });
    const canvas = el("canvas", { class: "mask", "aria-label": word("mask_canvas"), role: "img" });
    const clear = button("undo", word("mask_clear"), () => (newest++, brush.clear(), mask(null)), { hidden: !value.mask });
    const brush = makeBrush(canvas, async (blob) => {
      const number = ++newest;
      const answer = await upload("/pictures?mask=true", blob);
      if (answer && number === newest) mask(answer.image);
    });
    const mask = (image) => {
      set({ ...props.value, mask: image });
      clear.hidden = !image;
      say();
    };
    picture.addEventListener("load", () => brush.size(picture.naturalWidth, picture.naturalHeight, value.mask));
    const said = el("output", {});
    const strength = el("input", { type: "range", min: 0.1, max: 1, step: 0.05, id: "start-strength", oninput: () => (set({ ...props.value, strength: Number(strength.value) }), say()) });
    const say = () => {
      strength.value = props.value.strength ?? usual(props.value);
      said.textContent = Number(strength.value).toFixed(2);
      strength.style.setProperty("--at", `${((strength.value - 0.1) / 0.9) * 100}%`);
    };
    say();
    fill(zone, 
      file,
      el("div", { class: "start-picture" }, picture, canvas),
      el("p", { class: "quiet" }, icon("brush"), word("mask_hint")),
      el("div", { class: "start-tools" }, clear, el("label", { for: "start-file", class: "act" }, icon("picture"), word("start_other")), button("close", word("start_remove"), () => set(null, { redraw: true }))),
      el(
        "div",
        { class: "slider" },
        el("div", { class: "slider-head" }, el("label", { for: "start-strength" }, word("strength")), said),
        strength,
        el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, word("strength_low")), el("span", {}, word("strength_high"))),
      ),
    );
  }

  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  /** Paint what came from elsewhere; a picture just chosen there ("use as start") is brought into view. */
  function arrive() {
    const chosen = props.value?.image && props.value.strength === null && JSON.stringify(props.value) !== shown;
    paint();
    // Its section opens by the same answer, and this part is made only then.
    if (chosen) setTimeout(() => document.getElementById("start-section").scrollIntoView({ behavior: "smooth" }), 300);
  }
  watch("value", arrive);
  arrive();
}

/** Draw white strokes on a transparent canvas; done(promise of a blob) after each stroke, as a picture of the canvas. */
function makeBrush(canvas, done) {
  const pen = canvas.getContext("2d");
  let last = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => last && stroke(event));
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, () => {
      if (!last) return;
      last = null;
      done(new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
    });

  function stroke(event) {
    const next = at(event);
    pen.strokeStyle = "#fff";
    pen.lineCap = "round";
    pen.lineWidth = Math.min(canvas.width, canvas.height) * BRUSH;
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...next);
    pen.stroke();
    last = next;
  }

  function size(width, height, mask) {
    canvas.width = width;
    canvas.height = height;
    if (!mask) return;
    const old = new Image();
    old.onload = () => {
      // A stored mask is opaque black and white; on the canvas only its white is ink.
      pen.drawImage(old, 0, 0, width, height);
      const pixels = pen.getImageData(0, 0, width, height);
      for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i];
      pen.putImageData(pixels, 0, 0);
    };
    old.src = imageUrl(mask);
  }

  return { size, clear: () => pen.clearRect(0, 0, canvas.width, canvas.height) };
}
