// What the server told: one state, changed by events only. The page keeps just what is looked at.

export const store = {
  language: "ru", model: null, example: true, bot: { name: "", username: "", description: "", ready: false },
  customers: new Map(), mails: [], current: null, turn: null, mail: null,
};

const ACTION_MS = 5000;
const DRAFT_MS = 30000;
const listeners = new Map();

export function on(kind, listener) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
}

export function tell(kind, detail = {}) {
  for (const listener of listeners.get(kind) ?? []) listener(detail);
}

export const customer = () => store.customers.get(store.current);

export function select(id) {
  store.current = id;
  store.turn = null;
  sessionStorage.setItem("customer", id);
  tell("chat");
  tell("customers");
  tell("turn");
}

export const unread = (one) =>
  one.messages.filter((each) => each.from_bot && each.message.message_id > one.read).length;

function withTimers(one) {
  return { traces: [], read: 0, ...one, timers: {} };
}

function reset(state) {
  Object.assign(store, { model: state.model, example: state.example, bot: state.bot, mails: state.mails });
  store.language = localStorage.getItem("language") ?? state.language;
  store.customers = new Map(state.customers.map((one) => [one.id, withTimers(one)]));
  const last = Number(sessionStorage.getItem("customer"));
  if (!store.customers.has(store.current)) {
    store.current = store.customers.has(last) ? last : state.customers[0]?.id ?? null;
  }
  if (!store.mails.some((mail) => mail.number === store.mail)) store.mail = store.mails.at(-1)?.number ?? null;
  tell("all");
}

function later(one, name, milliseconds) {
  clearTimeout(one.timers[name]);
  one.timers[name] = setTimeout(() => {
    one[name] = null;
    tell("pending", { id: one.id });
  }, milliseconds);
}

const inChat = {
  message(one, event) {
    one.messages.push({ from_bot: event.from_bot, message: event.message });
    one.started ||= !event.from_bot;
    if (event.from_bot) one.draft = one.action = null;
    tell("message", { id: one.id, from_bot: event.from_bot, message: event.message });
    tell("pending", { id: one.id });
  },
  edited(one, event) {
    const found = one.messages.find((each) => each.message.message_id === event.message.message_id);
    if (found) found.message = event.message;
    tell("edited", { id: one.id, message: event.message, from_bot: event.from_bot });
  },
  deleted(one, event) {
    one.messages = one.messages.filter((each) => each.message.message_id !== event.message_id);
    tell("deleted", { id: one.id, message_id: event.message_id });
  },
  draft(one, event) {
    one.draft = event.text ? event : null;
    later(one, "draft", DRAFT_MS);
    tell("pending", { id: one.id });
  },
  action(one, event) {
    one.action = event.action === "cancel" ? null : event.action;
    later(one, "action", ACTION_MS);
    tell("pending", { id: one.id });
  },
  keyboard(one, event) {
    one.keyboard = event.keyboard;
    tell("keyboard", { id: one.id });
  },
  blocked(one, event) {
    one.blocked = event.blocked;
    tell("keyboard", { id: one.id });
    tell("customers");
  },
  read(one, event) {
    one.read = event.message_id;
    tell("customers");
  },
  trace(one, event) {
    one.traces.push(event.trace);
    if (one.id === store.current) store.turn = null;
    tell("turn");
  },
};

export function apply(event) {
  if (event.event === "state") return reset(event);
  if (event.event === "mail") {
    store.mails.push(event.mail);
    return tell("mail", { mail: event.mail });
  }
  if (event.event === "customer") {
    store.customers.set(event.customer.id, withTimers(event.customer));
    return tell("customers");
  }
  if (event.event === "press_answer" && event.text) return tell("toast", { text: event.text });
  const one = store.customers.get(event.chat_id);
  if (one && Object.hasOwn(inChat, event.event)) inChat[event.event](one, event);
}
