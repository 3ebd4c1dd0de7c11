// A message's text with its entities, as nodes. Offsets are UTF-16 units, which is how JavaScript counts too.
import { el, safeLink } from "./dom.js";
import { t } from "./words.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};

function link(url, children) {
  const href = safeLink(url);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, children) : el("span", {}, children);
}

function spoiler(children) {
  const open = (event) => {
    if (node.classList.contains("open")) return;
    event.preventDefault();
    node.classList.add("open");
    node.removeAttribute("role");
    node.removeAttribute("tabindex");
    node.removeAttribute("aria-label");
  };
  const node = el("span", {
    class: "spoiler", role: "button", tabindex: "0", "aria-label": t("spoiler"),
    onclick: open, onkeydown: (event) => (event.key === "Enter" || event.key === " ") && open(event),
  }, el("span", {}, children));
  return node;
}

function pre(entity, children) {
  const name = entity.language ? el("span", { class: "language" }, entity.language) : null;
  return el("pre", {}, name, el("code", {}, children));
}

function quote(entity, children) {
  if (entity.type !== "expandable_blockquote") return el("blockquote", {}, children);
  const turn = (event) => {
    if (event.target.closest("a") || (event.key && event.key !== "Enter")) return;
    node.setAttribute("aria-expanded", String(node.classList.toggle("open")));
  };
  const node = el("blockquote", { class: "expandable", tabindex: "0", "aria-expanded": "false", onclick: turn, onkeydown: turn }, children);
  return node;
}

function wrap(entity, text, children) {
  switch (entity.type) {
    case "text_link": return link(entity.url, children);
    case "url": return link(text, children);
    case "email": return link(`mailto:${text}`, children);
    case "phone_number": return link(`tel:${text.replace(/[^\d+]/g, "")}`, children);
    case "spoiler": return spoiler(children);
    case "pre": return pre(entity, children);
    case "blockquote": case "expandable_blockquote": return quote(entity, children);
    case "mention": case "hashtag": case "cashtag": case "bot_command": case "text_mention":
      return el("span", { class: "mention" }, children);
    default: return TAGS[entity.type] ? el(TAGS[entity.type], {}, children) : el("span", {}, children);
  }
}

// Entities that begin earlier, and of those the longer ones, hold the others; Telegram never lets them cross.
export function formatted(text, entities = []) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const build = (from, to, inner) => {
    const nodes = [];
    let at = from;
    while (inner.length) {
      const [entity] = inner.splice(0, 1);
      const begin = Math.max(entity.offset, at);
      const end = Math.min(entity.offset + entity.length, to);
      if (begin >= end) continue;
      if (begin > at) nodes.push(text.slice(at, begin));
      const inside = [];
      while (inner.length && inner[0].offset < end) inside.push(inner.shift());
      nodes.push(wrap(entity, text.slice(begin, end), build(begin, end, inside)));
      at = end;
    }
    if (at < to) nodes.push(text.slice(at, to));
    return trimAfterBlocks(nodes);
  };
  const whole = document.createDocumentFragment();
  whole.append(...build(0, text.length, sorted));
  return whole;
}

// A line break next to a block would show as an empty line: the block breaks the line already.
function trimAfterBlocks(nodes) {
  const isBlock = (node) => node?.tagName === "PRE" || node?.tagName === "BLOCKQUOTE";
  return nodes.map((node, index) => {
    if (typeof node !== "string") return node;
    let kept = isBlock(nodes[index - 1]) ? node.replace(/^\n/, "") : node;
    if (isBlock(nodes[index + 1])) kept = kept.replace(/\n$/, "");
    return kept;
  });
}
