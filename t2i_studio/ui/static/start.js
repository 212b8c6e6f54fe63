// A starting picture, and a brush to mark the part to change. Value: null or {image, parent, mask, strength}.
import { button, el, fill, icon, imageUrl, post, word } from "./dom.js";

const BRUSH = 0.09; // of the picture's shorter side
const STRENGTH = 0.6;

export default function ({ element, props, trigger, watch }) {
  const file = el("input", { type: "file", accept: "image/*", class: "visually-hidden", id: "start-file", onchange: () => file.files[0] && take(file.files[0]) });
  const zone = el("div", { class: "start-zone" });
  fill(element, zone);
  let paintedFor = "";

  function set(value) {
    props.value = value;
    trigger("change");
    paint();
  }

  async function take(picture) {
    zone.classList.add("busy");
    const answer = await post("/pictures", picture);
    zone.classList.remove("busy");
    file.value = "";
    if (answer) set({ image: answer.image, parent: null, mask: null, strength: STRENGTH });
  }

  function paint() {
    const value = props.value;
    const key = value?.image ?? "none";
    if (key === paintedFor) return;
    paintedFor = key;
    if (!value?.image) {
      return fill(zone, 
        file,
        el("label", { for: "start-file", class: "start-drop" }, icon("picture"), el("span", {}, word("start_drop")), el("small", {}, word("start_formats"))),
      );
    }
    const picture = el("img", { src: imageUrl(value.image), alt: word("start_picture"), draggable: "false" });
    const canvas = el("canvas", { class: "mask", "aria-label": word("mask_canvas"), role: "img" });
    const clear = button("undo", word("mask_clear"), () => (brush.clear(), set({ ...props.value, mask: null })), { hidden: !value.mask });
    const brush = makeBrush(canvas, async (blob) => {
      const answer = await post("/pictures?mask=true", blob);
      if (answer) set({ ...props.value, mask: answer.image });
      clear.hidden = false;
    });
    picture.addEventListener("load", () => brush.size(picture.naturalWidth, picture.naturalHeight, value.mask));
    const said = el("output", {});
    const strength = el("input", { type: "range", min: 0.1, max: 1, step: 0.05, value: value.strength ?? STRENGTH, id: "start-strength", oninput: () => (say(), set({ ...props.value, strength: Number(strength.value) })) });
    const say = () => {
      said.textContent = Number(strength.value).toFixed(2);
      strength.style.setProperty("--at", `${((strength.value - 0.1) / 0.9) * 100}%`);
    };
    say();
    fill(zone, 
      file,
      el("div", { class: "start-picture" }, picture, canvas),
      el("p", { class: "quiet" }, icon("brush"), word("mask_hint")),
      el("div", { class: "start-tools" }, clear, el("label", { for: "start-file", class: "act" }, icon("picture"), word("start_other")), button("close", word("start_remove"), () => set(null))),
      el(
        "div",
        { class: "slider" },
        el("div", { class: "slider-head" }, el("label", { for: "start-strength" }, word("strength")), said),
        strength,
        el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, word("strength_low")), el("span", {}, word("strength_high"))),
      ),
    );
    if (props.value.strength === null || props.value.strength === undefined) set({ ...props.value, strength: STRENGTH });
  }

  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  watch("value", paint);
  paint();
}

/** Draw white strokes on a transparent canvas; done(blob) after each stroke, as a picture of the canvas. */
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
  canvas.addEventListener("pointerup", () => {
    last = null;
    canvas.toBlob(done, "image/png");
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
