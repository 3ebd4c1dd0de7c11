// The server's doors.

async function post(path, body, type = "application/json") {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": type }, body });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? `HTTP ${answer.status}`);
  return told;
}

const deed = (id, name, given = {}) => post(`/api/customers/${id}/${name}`, JSON.stringify(given));

export const addCustomer = (given) => post("/api/customers", JSON.stringify(given));
export const say = (id, text) => deed(id, "say", { text });
export const start = (id) => deed(id, "start");
export const press = (id, button, messageId) => deed(id, "press", { button, message_id: messageId });
export const shareContact = (id) => deed(id, "contact");
export const block = (id, blocked) => deed(id, "block", { blocked });
export const read = (id, messageId) => deed(id, "read", { message_id: messageId });

export function upload(id, kind, blob, about = {}) {
  const query = new URLSearchParams(about);
  return post(`/api/customers/${id}/upload/${kind}?${query}`, blob, blob.type || "application/octet-stream");
}

export const fetchText = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.text();
};

// The browser reconnects by itself; each connection begins with the whole state.
export function follow(onEvent, onLive) {
  const source = new EventSource("/events");
  source.onopen = () => onLive(true);
  source.onerror = () => onLive(false);
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (shown) => shown.persisted && location.reload());
}
