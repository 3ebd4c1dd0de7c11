// The customers above the chat: switch, add one, a dot for what was not read.
import { addCustomer } from "./api.js";
import { $, avatar, el, icon } from "./dom.js";
import { customer, on, select, store, tell, unread } from "./store.js";
import { t } from "./words.js";

const SAMPLE = {
  ru: [["Игорь", "Ветров"], ["Анна", "Соколова"], ["Павел", "Орлов"], ["Ольга", "Чижова"]],
  en: [["Oliver", "Finch"], ["Anna", "Wren"], ["Paul", "Drake"], ["Olive", "Starling"]],
};

function tab(one) {
  const chosen = one.id === store.current;
  const news = chosen && !document.hidden ? 0 : unread(one);
  return el("button", {
    type: "button", role: "tab", "aria-selected": String(chosen), tabindex: chosen ? "0" : "-1", "data-id": one.id,
    class: one.blocked ? "customer is-blocked" : "customer", "aria-label": news ? `${one.name}, ${t("unread", news)}` : one.name,
    onclick: () => select(one.id),
  title: one.name,
  }, avatar(one.id, one.name), el("span", { class: "name", dir: "auto" }, one.name.split(" ")[0]), news ? el("b", { class: "dot" }, news > 99 ? "99+" : String(news)) : null);
}

function show() {
  const box = $("customers");
  const focused = box.contains(document.activeElement);
  const add = el("button", { type: "button", class: "customer add", onclick: ask, title: t("addCustomer"), "aria-label": t("addCustomer") },
    el("span", { class: "avatar" }, icon("plus")), el("span", { class: "name" }, t("newCustomer")));
  box.replaceChildren(...[...store.customers.values()].map(tab), add);
  if (focused) box.querySelector("[aria-selected=true]")?.focus();
}

function ask() {
  const form = $("add-form");
  const [first, last] = SAMPLE[store.language][(store.customers.size - 1) % 4];
  form.first_name.value = first;
  form.last_name.value = last;
  form.phone.value = store.language === "en" ? "+447700900456" : "+79035550123";
  $("add-dialog").showModal();
  form.first_name.select();
}

async function add(event) {
  event.preventDefault();
  const given = Object.fromEntries(new FormData($("add-form")));
  $("add-dialog").close();
  try {
    const added = await addCustomer({ ...given, language: store.language });
    // The event may come after the answer; the chat opens with whichever is second.
    const open = () => store.customers.has(added.id) ? select(added.id) : setTimeout(open, 30);
    open();
  } catch (error) {
    tell("toast", { text: error.message });
  }
}

// The arrow keys move between tabs, as in every tab list.
function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const ids = [...store.customers.keys()];
  select(ids[(ids.indexOf(store.current) + step + ids.length) % ids.length]);
  $("customers").querySelector("[aria-selected=true]")?.focus();
}

export function setUpCustomers() {
  for (const kind of ["all", "customers", "chat"]) on(kind, show);
  on("message", ({ id }) => id !== customer()?.id && show());
  $("customers").addEventListener("keydown", arrows);
  $("add-form").addEventListener("submit", add);
  $("add-cancel").addEventListener("click", () => $("add-dialog").close());
}
