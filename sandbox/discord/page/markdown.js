// Discord's markdown, the part that bots use: headings, small print, lists, quotes, code, emphasis, links, mentions, times.
import { h, link } from "./dom.js";

const FULL = { dateStyle: "full", timeStyle: "short" };
const STYLES = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: FULL,
};
const STEPS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function ago(unix) {
  const seconds = unix - Date.now() / 1000;
  const [unit, size] = STEPS.find(([, s]) => Math.abs(seconds) >= s) || STEPS.at(-1);
  return RELATIVE.format(Math.round(seconds / size), unit);
}

function said(unix, style) {
  const at = new Date(unix * 1000);
  if (Number.isNaN(at.getTime())) return "Invalid Date";
  return style === "R" ? ago(unix) : new Intl.DateTimeFormat("en-GB", STYLES[style] || STYLES.f).format(at);
}

export function refreshTimes() {
  for (const node of document.querySelectorAll("time[data-style=R]")) node.textContent = ago(Number(node.dataset.unix));
}

function time(unix, style) {
  const title = said(unix, "F");
  return h("time", { class: "time", title, data: { unix: String(unix), style } }, said(unix, style));
}

// Each rule: [expression, builder(match, look-up)]; the earliest match wins, then the earlier rule.
const RULES = [
  [/\\([^a-zA-Z0-9\s])/, (m) => m[1]],
  [/``(.+?)``|`([^`\n]+)`/, (m) => h("code", {}, m[1] ?? m[2])],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (m) => time(Number(m[1]), m[2] || "f")],
  [/<@!?(\d+)>/, (m, who) => h("span", { class: "mention" }, "@" + who.user(m[1]))],
  [/<@&(\d+)>/, (m, who) => h("span", { class: "mention" }, "@" + who.role(m[1]))],
  [/<#(\d+)>/, (m, who) => h("span", { class: "mention" }, "#" + who.channel(m[1]))],
  [/<\/([^:>]+):(\d+)>/, (m, who) => h("button", { class: "mention", type: "button", onclick: () => who.type(m[1]) }, "/" + m[1])],
  [/<a?:(\w+):\d+>/, (m) => ":" + m[1] + ":"],
  [/\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/, (m, who) => link(m[2], ...inline(m[1], who))],
  [/<(https?:\/\/[^\s>]+)>/, (m) => link(m[1], m[1])],
  [/https?:\/\/[^\s<>]+[^\s<>.,:;!?"')\]]/, (m) => link(m[0], m[0])],
  [/\*\*\*(.+?)\*\*\*/s, (m, who) => h("strong", {}, h("em", {}, ...inline(m[1], who)))],
  [/\*\*(.+?)\*\*(?!\*)/s, (m, who) => h("strong", {}, ...inline(m[1], who))],
  [/__(.+?)__/s, (m, who) => h("u", {}, ...inline(m[1], who))],
  [/\*(?!\s)(.+?)(?<!\s)\*/s, (m, who) => h("em", {}, ...inline(m[1], who))],
  [/(?<!\w)_(?!\s)(.+?)(?<!\s)_(?!\w)/s, (m, who) => h("em", {}, ...inline(m[1], who))],
  [/~~(.+?)~~/s, (m, who) => h("s", {}, ...inline(m[1], who))],
  [/\|\|(.+?)\|\|/s, (m, who) => h("span", { class: "spoiler", tabindex: "0", onclick: (e) => e.currentTarget.classList.add("open") }, ...inline(m[1], who))],
  [/@(?:everyone|here)\b/, (m) => h("span", { class: "mention" }, m[0])],
];

function inline(text, who) {
  const out = [];
  let rest = text;
  while (rest) {
    let best = null;
    let build = null;
    for (const [expression, made] of RULES) {
      const match = expression.exec(rest);
      if (match && (!best || match.index < best.index)) [best, build] = [match, made];
    }
    if (!best) break;
    if (best.index) out.push(rest.slice(0, best.index));
    out.push(build(best, who));
    rest = rest.slice(best.index + best[0].length);
  }
  if (rest) out.push(rest);
  return out;
}

function lines(text, who) {
  const out = [];
  let list = null;
  let quote = null;
  for (const line of text.split("\n")) {
    const quoted = /^> ?(.*)$/.exec(line);
    if (quoted && line.startsWith(">")) {
      if (!quote) out.push((quote = h("blockquote", {})));
      else quote.append("\n");
      quote.append(...inline(quoted[1], who));
      list = null;
      continue;
    }
    quote = null;
    const item = /^( *)[-*] (.+)$/.exec(line) || /^( *)\d+\. (.+)$/.exec(line);
    if (item) {
      const ordered = /^ *\d/.test(line);
      if (!list) out.push((list = h(ordered ? "ol" : "ul", {})));
      list.append(h("li", { class: item[1].length > 1 ? "deep" : "" }, ...inline(item[2], who)));
      continue;
    }
    list = null;
    const small = /^-# (.+)$/.exec(line);
    const head = /^(#{1,3}) (.+)$/.exec(line);
    if (small) out.push(h("div", { class: "small" }, ...inline(small[1], who)));
    else if (head) out.push(h("h" + head[1].length, {}, ...inline(head[2], who)));
    else out.push(h("div", { class: "words" }, ...(line ? inline(line, who) : ["​"])));
  }
  return out;
}

export function markdown(text, who) {
  const out = [];
  const parts = String(text).split(/```(?:(\w{1,20})\n)?([\s\S]*?)```\n?/);
  for (let i = 0; i < parts.length; i += 3) {
    const words = i > 0 ? parts[i].replace(/^\n/, "") : parts[i].replace(/\n$/, "");
    if (words) out.push(...lines(words, who));
    if (i + 2 < parts.length) out.push(h("pre", {}, h("code", {}, parts[i + 2].replace(/^\n|\n$/g, ""))));
  }
  return out;
}
