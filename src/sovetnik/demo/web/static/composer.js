// Under the chat: the input, Start, the reply keyboard, attachments, voice, the chat's menu.
import * as api from "./api.js";
import { $, el, icon } from "./dom.js";
import { menu } from "./menu.js";
import { customer, on, store, tell } from "./store.js";
import { canRecord, record, recording } from "./voice.js";
import { t } from "./words.js";

const TALLEST = 150; // pixels
const LARGEST = 20 * 1024 * 1024; // bytes; the server takes no more
const drafts = new Map(); // what was typed in each chat and not sent

async function attempt(deed) {
  try {
    await deed();
    return true;
  } catch (error) {
    tell("toast", { text: error.message });
    return false;
  }
}

function grow() {
  const field = $("text");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, TALLEST)}px`;
  drafts.set(store.current, field.value);
  const typed = field.value.trim() !== "";
  const voice = !typed && canRecord();
  $("send").replaceChildren(icon(recording() ? "stop" : voice ? "mic" : "send"));
  $("send").setAttribute("aria-label", t(recording() ? "stopRecording" : voice ? "record" : "send"));
  $("send").classList.toggle("recording", recording());
}

async function send(event) {
  event?.preventDefault();
  const field = $("text");
  const text = field.value.trim();
  if (recording() || (!text && canRecord())) return speak();
  if (!text) return;
  const id = store.current;
  field.value = "";
  grow();
  if (!(await attempt(() => api.say(id, text)))) {
    field.value = text;
    grow();
  }
}

async function speak() {
  const id = store.current;
  await attempt(async () => {
    const spoken = await record(grow);
    if (spoken) await api.upload(id, "voice", spoken.blob, { duration: spoken.seconds });
  }).finally(grow);
}

// The chat whose field is focused once it is shown: the server's answer may come before the news of the start.
let awaited = null;

function focusAwaited() {
  if (awaited !== store.current || $("composer").hidden) return;
  awaited = null;
  $("text").focus({ preventScroll: true });
}

// A suggestion starts the chat where it must: nobody can write before Start.
export async function fill(text) {
  const one = customer();
  if (!one) return;
  if (one.blocked) await attempt(() => api.block(one.id, false));
  if (!one.started) await attempt(() => api.start(one.id));
  $("text").value = text;
  grow();
  awaited = one.id;
  focusAwaited();
  $("composer").classList.remove("filled");
  requestAnimationFrame(() => $("composer").classList.add("filled"));
}

function pick(kind, accept) {
  const input = $("pick");
  input.accept = accept;
  input.value = "";
  input.onchange = () => input.files[0] && sendFile(kind, input.files[0]);
  input.click();
}

function sendFile(kind, file) {
  if (file.size > LARGEST) return tell("toast", { text: t("tooLarge") });
  const caption = $("text").value.trim();
  const about = kind === "voice" ? { duration: 3 } : { name: file.name, caption };
  return attempt(async () => {
    await api.upload(store.current, kind, file, about);
    if (kind !== "voice") $("text").value = "";
    grow();
  });
}

function dropped(event) {
  event.preventDefault();
  for (const file of event.dataTransfer?.files ?? event.clipboardData?.files ?? []) {
    sendFile(/^image\/(jpeg|png|gif|webp)$/.test(file.type) ? "photo" : "file", file);
  }
}

function key(button, oneTime) {
  const press = async () => {
    await attempt(() => button.request_contact ? api.shareContact(store.current) : api.press(store.current, button.text));
    if (oneTime) $("keyboard").hidden = true;
  };
  return el("button", { type: "button", onclick: press }, button.request_contact ? icon("contact") : null, button.text);
}

function showKeyboard() {
  const one = customer();
  const board = one?.keyboard;
  $("keyboard").hidden = !board?.keyboard || one.blocked;
  $("keyboard").replaceChildren(...(board?.keyboard ?? []).map((row) => el("div", {}, row.map((button) => key(button, board.one_time_keyboard)))));
  $("text").placeholder = board?.input_field_placeholder ?? t("message");
  const waiting = Boolean(one) && (!one.started || one.blocked);
  $("start-box").hidden = !waiting;
  $("composer").hidden = waiting;
  $("start").textContent = t(one?.blocked ? "unblockBot" : "startButton");
  focusAwaited();
}

function switched() {
  $("text").value = drafts.get(store.current) ?? "";
  grow();
  showKeyboard();
}

function keys(event) {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
}

async function start() {
  const one = customer();
  if (!(await attempt(() => one.blocked ? api.block(one.id, false) : api.start(one.id)))) return;
  awaited = one.id;
  focusAwaited();
}

export function setUpComposer() {
  $("attach").append(icon("clip"));
  $("menu-button").append(icon("more"));
  menu($("attach"), $("attach-menu"), () => [
    ["photo", t("attachPhoto"), () => pick("photo", "image/jpeg,image/png,image/gif,image/webp")],
    ["file", t("attachFile"), () => pick("file", "")],
    ["mic", t("attachVoice"), () => pick("voice", "audio/*")],
    ["contact", t("shareContact"), () => attempt(() => api.shareContact(store.current))],
  ]);
  menu($("menu-button"), $("menu"), () => [
    ["contact", t("shareContact"), () => attempt(() => api.shareContact(store.current))],
    ["block", t(customer()?.blocked ? "unblockBot" : "blockBot"), () => attempt(() => api.block(store.current, !customer().blocked))],
  ]);
  $("composer").addEventListener("submit", send);
  $("text").addEventListener("input", grow);
  $("text").addEventListener("keydown", keys);
  $("text").addEventListener("paste", (event) => event.clipboardData.files.length && dropped(event));
  $("pane-chat").addEventListener("dragover", (event) => event.preventDefault());
  $("pane-chat").addEventListener("drop", dropped);
  $("start").addEventListener("click", start);
  on("all", switched);
  on("chat", switched);
  on("message", ({ id, from_bot: fromBot }) => id === store.current && !fromBot && showKeyboard());
  on("keyboard", ({ id }) => id === store.current && showKeyboard());
}
