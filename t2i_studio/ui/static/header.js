// Language and theme: the visitor's choice is a cookie, which the server and Gradio's own code read at the next load.
import { icon, remember } from "./dom.js";

const language = document.getElementById("language");
language.addEventListener("click", () => {
  remember("lang", window.studio.language === "zh" ? "en" : "zh");
  location.reload();
});

const theme = document.getElementById("theme");
const isDark = () => document.body.classList.contains("dark");
function paint() {
  theme.replaceChildren(icon(isDark() ? "sun" : "moon"));
}
theme.addEventListener("click", () => {
  const dark = !isDark();
  document.body.classList.toggle("dark", dark);
  remember("theme", dark ? "dark" : "light");
});
new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ["class"] });
if (document.documentElement.classList.contains("dark-start")) document.body.classList.add("dark");
paint();

// Ctrl+Enter generates from anywhere on the Create page; not while a Chinese input method is composing.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) document.getElementById("go")?.click();
});
