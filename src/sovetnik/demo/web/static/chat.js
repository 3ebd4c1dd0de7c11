// The chat: bubbles in order, the growing draft, typing, reading, scrolling.
import * as api from "./api.js";
import { bubble, draftBubble } from "./bubbles.js";
import { $, el, icon } from "./dom.js";
import { customer, on, store, tell } from "./store.js";
import { day, t } from "./words.js";

const ACTIONS = { typing: "typing", record_voice: "recording", upload_voice: "recording" };
const NEAR_END = 120; // pixels

let acts = {};
let live = true;
let atEnd = true;
let height = 0;

const box = () => $("messages");
const toEnd = () => { box().scrollTop = box().scrollHeight; };

async function press(button, messageId) {
  try {
    await api.press(store.current, button, messageId);
  } catch (error) {
    tell("toast", { text: error.message });
  }
}

function openTurn(messageId) {
  // A turn is known by the message it answers; its answer is the next after it.
  const traces = customer().traces;
  store.turn = traces.findLastIndex((trace) => trace.question_id < messageId);
  if (store.turn < 0) store.turn = null;
  tell("turn");
  acts.onTurn();
}

const made = (each) => bubble(each, { onPress: press, onTurn: openTurn });

function separator(seconds) {
  return el("div", { class: "day", "data-day": new Date(seconds * 1000).toDateString() }, el("span", {}, day(seconds)));
}

function append(each) {
  const days = box().querySelectorAll(".day");
  if (days[days.length - 1]?.dataset.day !== new Date(each.message.date * 1000).toDateString()) box().append(separator(each.message.date));
  box().append(made(each));
}

function empty(one) {
  if (one.messages.length) return;
  box().append(el("div", { class: "empty-chat" }, el("img", { src: "/static/logo.svg", alt: "", width: 64, height: 64 }),
    el("strong", {}, t("empty")), el("p", {}, store.bot.description || t("emptyHint"))));
}

function showAll() {
  $("bot-name").textContent = store.bot.name;
  const one = customer();
  box().replaceChildren();
  if (!one) return;
  empty(one);
  one.messages.forEach(append);
  ticks();
  pending();
  atEnd = true;
  toEnd();
  readUp();
}

// Two ticks: the bot has reacted since.
function ticks() {
  let seen = Boolean(customer()?.action || customer()?.draft);
  for (const node of [...box().querySelectorAll(".message:not(.draft)")].reverse()) {
    if (node.classList.contains("in")) seen = true;
    else if (seen) node.querySelector(".ticks").textContent = "✓✓";
  }
}

function pending() {
  const one = customer();
  box().querySelector(".draft")?.remove();
  if (one?.draft) box().append(draftBubble(one.draft));
  status();
  ticks();
  if (atEnd) toEnd();
}

function status() {
  const one = customer();
  const doing = one?.draft ? "draft" : one?.action ? ACTIONS[one.action] ?? "uploading" : null;
  const words = !live ? t("offline") : doing ? t(doing) : t("bot");
  $("bot-status").replaceChildren(words, live && doing ? el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")) : "");
  $("bot-status").classList.toggle("busy", Boolean(doing) || !live);
}

function readUp() {
  const one = customer();
  const last = one?.messages.findLast((each) => each.from_bot)?.message.message_id ?? 0;
  if (one && last > one.read && !document.hidden) {
    one.read = last;
    api.read(one.id, last).catch(() => {});
  }
}

function arrived({ id, from_bot: fromBot, message }) {
  if (id !== store.current) return;
  box().querySelector(".empty-chat")?.remove();
  box().querySelector(".draft")?.remove();
  append({ from_bot: fromBot, message });
  if (atEnd || !fromBot) toEnd();
  readUp();
}

function changed({ id, from_bot: fromBot, message }) {
  const old = id === store.current && box().querySelector(`.message[data-id="${message.message_id}"]`);
  if (old) old.replaceWith(made({ from_bot: fromBot, message }));
  if (atEnd) toEnd();
}

function gone({ id, message_id: messageId }) {
  if (id === store.current) box().querySelector(`.message[data-id="${messageId}"]`)?.remove();
}

// When the box itself grew or shrank nobody scrolled: the observer below keeps the end in view.
function scrolled() {
  if (box().clientHeight !== height) return;
  atEnd = box().scrollHeight - box().scrollTop - box().clientHeight < NEAR_END;
  $("to-end").hidden = atEnd;
}

function resized() {
  height = box().clientHeight;
  if (atEnd) toEnd();
}

export function setUpChat(callbacks) {
  acts = callbacks;
  $("to-end").append(icon("down"));
  $("to-end").addEventListener("click", toEnd);
  box().addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(resized).observe(box());
  document.addEventListener("visibilitychange", readUp);
  on("all", showAll);
  on("chat", showAll);
  on("message", arrived);
  on("edited", changed);
  on("deleted", gone);
  on("pending", ({ id }) => id === store.current && pending());
  on("live", (now) => { live = now.live; status(); });
}
