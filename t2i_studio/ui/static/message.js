// Sentences from the server's event handlers, shown as toasts.
import { toast } from "./dom.js";

export default function ({ props, watch }) {
  let last = null;
  watch("note", () => {
    last?.remove(); // what was refused has been mended, or is refused once more
    last = props.note && toast(props.note.text, { kind: "bad" });
  });
}
