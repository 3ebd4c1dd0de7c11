// One message as a bubble: what it says or carries, its time, its buttons.
import { el, icon, safeLink } from "./dom.js";
import { formatted } from "./entities.js";
import { store } from "./store.js";
import { clock, size, t } from "./words.js";

const fileUrl = (file) => `/api/files/${encodeURIComponent(file.file_id)}`;

function photo(message) {
  const src = fileUrl(message.photo.at(-1));
  return el("a", { class: "photo", href: src, target: "_blank", rel: "noopener" }, el("img", { src, alt: t("photo"), loading: "lazy" }));
}

function voice(message) {
  return el("div", { class: "voice" }, el("audio", { controls: true, preload: "metadata", src: fileUrl(message.voice), "aria-label": t("voice") }));
}

function document_(message) {
  const file = message.document;
  return el("a", { class: "file", href: fileUrl(file), download: file.file_name ?? "" }, el("span", { class: "file-icon" }, icon("file")),
    el("span", {}, el("strong", {}, file.file_name ?? t("file")), el("small", {}, size(file.file_size ?? 0))));
}

function contact(message) {
  const card = message.contact;
  return el("div", { class: "file" }, el("span", { class: "file-icon" }, icon("contact")),
    el("span", {}, el("strong", {}, [card.first_name, card.last_name].filter(Boolean).join(" ")), el("small", {}, card.phone_number)));
}

const CARRIES = {
  photo, voice, document: document_, contact,
  location: (message) => el("p", {}, `${t("location")}: ${message.location.latitude}, ${message.location.longitude}`),
  sticker: (message) => el("p", { class: "sticker" }, message.sticker.emoji ?? t("sticker")),
};

function quoted(message) {
  const reply = message.reply_to_message;
  if (!reply || message.contact) return null;
  const name = reply.from?.is_bot ? store.bot.name : reply.from?.first_name ?? "";
  return el("div", { class: "reply" }, el("strong", { dir: "auto" }, name), el("span", { dir: "auto" }, (reply.text ?? reply.caption ?? "…").slice(0, 120)));
}

function inlineButton(button, message, onPress) {
  const href = button.url ? safeLink(button.url) : null;
  if (href) return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, button.text);
  return el("button", { type: "button", onclick: () => onPress(button.callback_data ?? button.text, message.message_id) }, button.text);
}

function inlineKeyboard(message, onPress) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (!rows.length) return null;
  return el("div", { class: "inline" }, rows.map((row) => el("div", {}, row.map((button) => inlineButton(button, message, onPress)))));
}

export function bubble({ from_bot: fromBot, message }, { onPress, onTurn }) {
  const text = message.text ?? message.caption ?? "";
  const kind = Object.keys(CARRIES).find((name) => message[name]);
  const meta = el("span", { class: "meta" }, message.edit_date ? `${t("edited")} ` : "", el("time", {}, clock(message.date)),
    fromBot ? null : el("span", { class: "ticks", "aria-hidden": "true" }, "✓"));
  const body = el("div", { class: "bubble" }, quoted(message), kind ? CARRIES[kind](message) : null,
    text ? el("div", { class: "text", dir: "auto" }, formatted(text, message.entities ?? message.caption_entities), meta) : meta);
  const look = fromBot ? el("button", { type: "button", class: "look", title: t("theTurn"), "aria-label": t("theTurn"), onclick: () => onTurn(message.message_id) }, icon("turn")) : null;
  return el("div", { class: fromBot ? "message in" : "message out", "data-id": message.message_id },
    el("div", { class: "column" }, body, inlineKeyboard(message, onPress)), look);
}

export function draftBubble(draft) {
  return el("div", { class: "message in draft", "aria-hidden": "true" }, el("div", { class: "column" },
    el("div", { class: "bubble" }, el("div", { class: "text", dir: "auto" }, formatted(draft.text, draft.entities), el("span", { class: "caret" })))));
}
