// The mailbox: list, preview in a sandboxed frame, the report of today.
import { fetchText } from "./api.js";
import { $, el, icon } from "./dom.js";
import { on, store } from "./store.js";
import { clock, count, size, t } from "./words.js";

const FULL_WIDTH = 700; // pixels a mail program gives a mail on a desktop
const PHONE_WIDTH = 390;
const seen = new Set(JSON.parse(sessionStorage.getItem("seen") ?? "[]"));
const view = { mode: "html", phone: matchMedia("(max-width: 480px)").matches, dark: matchMedia("(prefers-color-scheme: dark)").matches, report: false };
let shownKey = "";

const listed = () => [...store.mails].reverse();

// The time too: another demo on the same port counts its mails from nought again.
const name = (mail) => `${mail.number} ${mail.at}`;

function markSeen(number) {
  const mail = store.mails.find((each) => each.number === number);
  if (mail) seen.add(name(mail));
  sessionStorage.setItem("seen", JSON.stringify([...seen]));
}

function item(mail) {
  const chosen = !view.report && mail.number === store.mail;
  return el("div", { class: seen.has(name(mail)) ? "mail" : "mail new", role: "option", id: `mail-${mail.number}`, "aria-selected": String(chosen), onclick: () => showMail(mail.number) },
    el("div", { class: "line" }, el("strong", { dir: "auto" }, mail.subject), el("time", {}, clock(mail.at))),
    el("div", { class: "snippet", dir: "auto" }, mail.snippet));
}

function list() {
  $("mail-count").textContent = store.mails.length ? count(store.mails.length) : "";
  $("mail-list").hidden = !store.mails.length;
  $("mail-list").replaceChildren(...listed().map(item));
  if (view.report || store.mail === null) $("mail-list").removeAttribute("aria-activedescendant");
  else $("mail-list").setAttribute("aria-activedescendant", `mail-${store.mail}`);
  const news = store.mails.filter((mail) => !seen.has(name(mail))).length;
  $("mail-dot").hidden = !news;
  $("mail-dot").textContent = String(news);
  $("report").replaceChildren(icon("report"), t("report"));
  $("report").setAttribute("aria-pressed", String(view.report));
}

export function showMail(number) {
  view.report = false;
  store.mail = number;
  show();
}

export function openReport() {
  view.report = true;
  shownKey = ""; // a report is made anew each time
  show();
}

function visible() {
  return getComputedStyle($("pane-mail")).display !== "none" && !document.hidden;
}

function show() {
  if (store.mail !== null && !view.report && visible()) markSeen(store.mail);
  list();
  const mail = store.mails.find((each) => each.number === store.mail);
  if (!mail && !view.report) return nothing();
  // The same preview is not loaded twice, so it keeps its place while other mails come.
  const key = JSON.stringify([view, view.report ? "report" : mail.number, store.language]);
  if (key === shownKey && !$("mail-view").querySelector(".nothing")) return;
  shownKey = key;
  const mode = view.report || mail.has_html ? view.mode : view.mode === "html" ? "text" : view.mode;
  $("mail-view").replaceChildren(...(view.report ? [] : [head(mail)]), bar(mail, mode), mode === "html" || view.report ? frame(mail) : plain(mail, mode));
  fit();
}

function nothing() {
  shownKey = "";
  $("mail-view").replaceChildren(el("div", { class: "nothing" }, icon("mail"), el("strong", {}, t("noMails")), el("p", {}, t("noMailsHint"))));
}

function head(mail) {
  const from = mail.from.name ? `${mail.from.name} <${mail.from.address}>` : mail.from.address;
  const parts = mail.attachments.map((part, index) =>
    el("a", { class: "part", href: `/api/mails/${mail.number}/attachments/${index}`, download: part.name }, icon("clip"), `${part.name}, ${size(part.size)}`));
  return el("div", { class: "mail-head" }, el("h3", { dir: "auto" }, mail.subject), el("p", {}, `${t("from")} ${from}, ${t("to")} ${mail.to.join(", ")}`),
    parts.length ? el("div", { class: "parts", "aria-label": t("attachments") }, parts) : null);
}

function toggle(pressed, words, act, sign) {
  return el("button", { type: "button", "aria-pressed": String(pressed), title: words, "aria-label": words, onclick: () => { act(); show(); } }, sign ? icon(sign) : words);
}

function bar(mail, mode) {
  const kinds = view.report ? [] : ["html", "text", "source"].map((name) => toggle(mode === name, t(name), () => { view.mode = name; }));
  const html = mode === "html" || view.report;
  const looks = html ? [
    toggle(!view.phone, t("desktop"), () => { view.phone = false; }, "desktop"),
    toggle(view.phone, t("phoneWidth"), () => { view.phone = true; }, "phone"),
    toggle(view.dark, t("dark"), () => { view.dark = !view.dark; }, "moon"),
    el("a", { href: address(mail), target: "_blank", rel: "noopener", title: t("newTab"), "aria-label": t("newTab") }, icon("open")),
  ] : [];
  return el("div", { class: "bar" }, view.report ? el("strong", {}, t("report")) : el("div", { class: "switch" }, kinds), el("div", { class: "switch icons" }, looks));
}

const address = (mail) => `${view.report ? "/api/report" : `/api/mails/${mail.number}/html`}?scheme=${view.dark ? "dark" : "light"}`;

function frame(mail) {
  // No scripts, no same origin: whatever the mail holds, it stays in the frame. Links open in new tabs.
  const sandbox = "allow-popups allow-popups-to-escape-sandbox";
  const node = el("iframe", { sandbox, title: view.report ? t("report") : mail.subject, src: address(mail) });
  return el("div", { class: `frame-box${view.phone ? " on-phone" : ""}${view.dark ? " dark" : ""}` }, node);
}

function plain(mail, mode) {
  const box = el("pre", { class: `plain ${mode}`, tabindex: "0" }, "…");
  fetchText(`/api/mails/${mail.number}/${mode}`).then((text) => { box.textContent = text; }, (error) => { box.textContent = error.message; });
  return box;
}

// A mail is laid out as wide as on a real screen and shrunk to the pane.
function fit() {
  const box = $("mail-view").querySelector(".frame-box");
  const node = box?.querySelector("iframe");
  if (!node) return;
  const wanted = view.phone ? Math.min(PHONE_WIDTH, box.clientWidth) : Math.max(FULL_WIDTH, box.clientWidth);
  const scale = Math.min(1, box.clientWidth / wanted);
  node.style.width = `${wanted}px`;
  node.style.height = `${box.clientHeight / scale}px`;
  node.style.transform = scale < 1 ? `scale(${scale})` : "none";
  node.style.marginLeft = view.phone ? `${(box.clientWidth - wanted) / 2}px` : "0";
}

function arrived({ mail }) {
  const reading = $("pane-mail").contains(document.activeElement) && store.mail !== null;
  if (reading || view.report) return list();
  store.mail = mail.number;
  show();
}

function keys(event) {
  if (event.key === "Enter" && store.mail !== null) return showMail(store.mail);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const numbers = listed().map((mail) => mail.number);
  showMail(numbers[Math.min(numbers.length - 1, Math.max(0, numbers.indexOf(store.mail) + step))]);
  $(`mail-${store.mail}`)?.scrollIntoView({ block: "nearest" });
}

export function setUpMailbox() {
  $("report").addEventListener("click", openReport);
  $("mail-list").addEventListener("keydown", keys);
  new ResizeObserver(fit).observe($("mail-view"));
  on("all", () => { shownKey = ""; show(); });
  on("mail", arrived);
  on("pane", ({ pane }) => pane === "mail" && show());
}
