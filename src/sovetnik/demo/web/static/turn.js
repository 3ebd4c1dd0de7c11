// What happened in a turn: passages found, tool calls, tokens, times.
import { $, el, icon } from "./dom.js";
import { customer, on, store, tell } from "./store.js";
import { count, t } from "./words.js";

const SHORT = 220; // characters of a passage shown at first

function parsed(value) {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function json(value) {
  const data = parsed(value);
  return el("pre", { class: "json" }, typeof data === "string" ? data : JSON.stringify(data, null, 2));
}

function steps(traces, at) {
  if (traces.length < 1) return $("turn-steps").replaceChildren();
  const move = (to) => () => { store.turn = to === traces.length - 1 ? null : to; tell("turn"); };
  $("turn-steps").replaceChildren(
    el("button", { type: "button", class: "round small", "aria-label": t("previous"), disabled: at === 0, onclick: move(at - 1) }, icon("left")),
    el("span", {}, t("turnOf", at + 1, traces.length)),
    el("button", { type: "button", class: "round small", "aria-label": t("next"), disabled: at === traces.length - 1, onclick: move(at + 1) }, icon("right")));
}

const tile = (value, words) => el("div", { class: "tile" }, el("b", {}, value), el("span", {}, words));

function figures(trace) {
  const usage = trace.usage;
  const seconds = Number(trace.seconds ?? 0).toLocaleString(store.language, { maximumFractionDigits: 2 });
  const tiles = [tile(`${seconds} ${t("seconds")}`, t("time"))];
  if (usage) {
    tiles.push(tile(count(usage.input_tokens ?? 0), t("tokensIn")), tile(count(usage.output_tokens ?? 0), t("tokensOut")));
    if (usage.cached_tokens) tiles.push(tile(count(usage.cached_tokens), t("cached")));
    if (usage.calls) tiles.push(tile(count(usage.calls), t("calls")));
  }
  const who = usage && usage.model !== "offline" ? (usage.model ?? "") : t("noUsage");
  return el("div", {}, el("div", { class: "tiles" }, tiles), el("p", { class: "note" }, who));
}

function passage(each, best) {
  const text = String(each.text ?? "");
  const long = text.length > SHORT;
  const body = el("p", { class: "passage-text" }, long ? `${text.slice(0, SHORT).trimEnd()}…` : text);
  const more = el("button", { type: "button", class: "plain", "aria-expanded": "false", onclick: () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    more.setAttribute("aria-expanded", String(open));
    body.textContent = open ? text : `${text.slice(0, SHORT).trimEnd()}…`;
    more.textContent = t(open ? "less" : "more");
  } }, t("more"));
  const meter = el("span", { class: "meter", "aria-hidden": "true" }, el("i"));
  meter.firstChild.style.width = `${best > 0 ? Math.max(4, (100 * each.score) / best) : 0}%`;
  return el("article", { class: "card" }, el("header", {}, el("strong", {}, each.source), el("span", { class: "score" }, Number(each.score ?? 0).toFixed(3))),
    each.heading ? el("p", { class: "heading" }, each.heading) : null, meter, body, long ? more : null);
}

function tool(each) {
  return el("details", { class: "card tool", open: each.name !== "search_knowledge" }, el("summary", {}, el("code", {}, each.name)),
    el("h4", {}, t("arguments")), json(each.arguments ?? {}), el("h4", {}, t("result")), json(each.result ?? ""));
}

function part(sign, title, nodes, nothing) {
  return el("section", {}, el("h3", {}, icon(sign), title, nodes.length ? el("span", { class: "count" }, String(nodes.length)) : null),
    nodes.length ? nodes : el("p", { class: "note" }, nothing));
}

function show() {
  const traces = customer()?.traces ?? [];
  const at = store.turn !== null && store.turn < traces.length ? store.turn : traces.length - 1;
  steps(traces, at);
  const view = $("turn-view");
  view.scrollTop = 0;
  if (at < 0) {
    view.replaceChildren(el("div", { class: "nothing" }, icon("turn"), el("strong", {}, t("noTurns")), el("p", {}, t("noTurnsHint"))));
    return;
  }
  const trace = traces[at];
  const passages = trace.passages ?? [];
  const best = Math.max(0, ...passages.map((each) => Number(each.score) || 0));
  const kind = trace.kind ?? "answer";
  view.replaceChildren(
    el("div", { class: "asked" }, el("span", { class: `kind ${kind}` }, t("kinds")[kind] ?? kind), trace.question ? el("p", { dir: "auto" }, trace.question) : null),
    figures(trace),
    part("book", t("passages"), passages.map((each) => passage(each, best)), t("noPassages")),
    part("spark", t("tools"), (trace.tools ?? []).map(tool), t("noTools")));
}

export function setUpTurn() {
  on("all", show);
  on("turn", show);
}
