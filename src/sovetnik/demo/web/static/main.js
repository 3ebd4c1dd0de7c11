// The page's beginning: parts are set up once, then every event goes through the store.
import { follow } from "./api.js";
import { setUpChat } from "./chat.js";
import { fill, setUpComposer } from "./composer.js";
import { setUpCustomers } from "./customers.js";
import { $, el, icon } from "./dom.js";
import { openReport, setUpMailbox, showMail } from "./mailbox.js";
import { apply, on, store, tell } from "./store.js";
import { setUpTurn } from "./turn.js";
import { suggestion, t, translate } from "./words.js";

const TOAST_MS = 6000;

export function go(pane) {
  document.body.dataset.pane = pane;
  for (const tab of document.querySelectorAll("[data-go]")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.go === pane));
  }
  tell("pane", { pane });
}

function toast({ text, action, act }) {
  const node = el("div", { class: "toast" }, el("span", {}, text));
  if (act) node.append(el("button", { type: "button", onclick: () => { act(); node.remove(); } }, action));
  $("toasts").append(node);
  setTimeout(() => node.remove(), TOAST_MS);
}

function about() {
  translate();
  document.title = t("title");
  $("model").replaceChildren(el("span", { class: "long" }, store.model ? t("model", store.model) : t("documents")),
    el("span", { class: "short" }, store.model ?? t("noModel")));
  $("model").title = store.model ?? t("documentsHint");
  $("model").classList.toggle("real", Boolean(store.model));
}

function setUpTry() {
  for (const button of document.querySelectorAll("[data-try]")) {
    button.addEventListener("click", () => {
      if (button.dataset.try === "report") {
        go("mail");
        openReport();
      } else {
        go("chat");
        fill(suggestion(button.dataset.try));
      }
    });
  }
}

function setUpTabs() {
  for (const tab of document.querySelectorAll("[data-go]")) {
    tab.prepend(icon(tab.dataset.go));
    tab.addEventListener("click", () => go(tab.dataset.go));
  }
  go("chat");
}

function announce({ mail }) {
  toast({ text: `${t("newMail")}: ${mail.subject}`, action: t("show"), act: () => { go("mail"); showMail(mail.number); } });
}

$("language").addEventListener("click", () => {
  store.language = store.language === "en" ? "ru" : "en";
  localStorage.setItem("language", store.language);
  tell("all");
});
on("all", about);
on("toast", toast);
on("mail", announce);
setUpTabs();
setUpTry();
setUpCustomers();
setUpChat({ onTurn: () => go("turn") });
setUpComposer();
setUpMailbox();
setUpTurn();
follow(apply, (live) => {
  document.body.classList.toggle("offline", !live);
  tell("live", { live });
});
