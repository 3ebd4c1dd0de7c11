// A small menu under a button: arrows, Escape, a click elsewhere closes it.
import { el, icon } from "./dom.js";

export function menu(button, box, entries) {
  const close = (focus = true) => {
    if (box.hidden) return;
    box.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
  };
  const open = () => {
    box.replaceChildren(...entries().map(([sign, words, act]) =>
      el("button", { type: "button", role: "menuitem", onclick: () => { close(); act(); } }, icon(sign), words)));
    box.hidden = false;
    button.setAttribute("aria-expanded", "true");
    box.firstElementChild?.focus();
  };
  button.addEventListener("click", () => (box.hidden ? open() : close()));
  document.addEventListener("pointerdown", (event) => !box.contains(event.target) && !button.contains(event.target) && close(false));
  box.addEventListener("focusout", (event) => event.relatedTarget && !box.contains(event.relatedTarget) && event.relatedTarget !== button && close(false));
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close();
    if (!step) return;
    event.preventDefault();
    const items = [...box.children];
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  });
}
