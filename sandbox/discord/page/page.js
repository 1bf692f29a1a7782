// The page: servers, channels, who you are, the live list of messages.
import { ask, fill, h, nowhere } from "./dom.js";
import { markdown, refreshTimes } from "./markdown.js";
import { avatar, draw } from "./message.js";
import { openForm } from "./form.js";
import { Box } from "./box.js";

const $ = (id) => document.getElementById(id);
const TOGETHER_MS = 7 * 60 * 1000;
const THREADS = [10, 11, 12];

const page = {
  world: { guilds: [], dms: [], users: [] },
  guild: null, channel: null, user: null,
  messages: [], asking: false, failures: new Map(), dismissed: new Set(), unread: new Set(), unnoticed: "",

  channelName: () => page.place()?.name || "…",
  place: () => page.places().find((c) => c.id === page.channel),
  home: () => page.world.guilds.find((g) => g.id === page.guild),
  places: () => page.world.guilds.flatMap((g) => [...g.channels, ...g.threads]).concat(page.world.dms),
  people: () => page.world.users.filter((u) => !u.bot),
  find: (id) => page.messages.find((m) => m.id === id),
  holds: (id) => page.home()?.members.some((m) => m.user.id === page.user && m.roles.includes(id)),
  type: (name) => box.type(name),
  asks: () => { page.asking = true; },
  form: (reply) => openForm(reply, page),
  open: (id) => { location.hash = id; },
  dismiss: (id) => { page.dismissed.add(id); show(); },
  // the things a menu of this component type may choose: 5 users, 6 roles, 7 both, 8 channels
  things(kind, kinds) {
    const home = page.home();
    if (!home) return [];
    const users = home.members.map((m) => [m.user.id, m.user.global_name || m.user.username]);
    const roles = home.roles.filter((r) => r.id !== home.id).map((r) => [r.id, "@" + r.name]);
    const channels = home.channels.filter((c) => !kinds?.length || kinds.includes(c.type)).map((c) => [c.id, "#" + c.name]);
    return { 5: users, 6: roles, 7: [...users, ...roles], 8: channels }[kind] || [];
  },
  fail(id, text) {
    page.failures.set(id, text);
    const node = document.querySelector(`.message[data-id="${CSS.escape(id)}"] .failed`);
    if (node) { node.textContent = text; node.hidden = !text; }
  },
};
// what markdown asks for when it meets a mention
page.names = {
  user: (id) => { const u = page.world.users.find((x) => x.id === id); return u ? u.global_name || u.username : "unknown-user"; },
  channel: (id) => page.places().find((c) => c.id === id)?.name || "unknown",
  role: (id) => page.world.guilds.flatMap((g) => g.roles).find((r) => r.id === id)?.name || "unknown-role",
  type: page.type,
};

const box = new Box($("box"), page);

function drawGuilds() {
  const rail = page.world.guilds.map((g) => h("button", { class: g.id === page.guild ? "on" : "", title: g.name, type: "button", onclick: () => page.open(g.channels[0]?.id) },
    g.name.split(/\s+/).map((w) => w[0]).join("").slice(0, 3)));
  if (page.world.dms.length) rail.unshift(h("button", { title: "Direct messages", type: "button", class: page.guild ? "" : "on", onclick: () => page.open(page.world.dms[0].id) }, "✉"));
  fill($("guilds"), rail);
}

function channelButton(channel, deep) {
  const name = channel.guild_id ? channel.name : "Tribune ↔ " + channel.recipients.map((r) => r.global_name || r.username).join(", ");
  const sign = THREADS.includes(channel.type) ? "🧵" : channel.guild_id ? "#" : "@";
  const classes = ["channel", channel.id === page.channel && "on", page.unread.has(channel.id) && "unread", deep && "deep"].filter(Boolean).join(" ");
  return h("button", { class: classes, type: "button", onclick: () => page.open(channel.id) }, h("span", { class: "hash" }, sign), name);
}

function drawSide() {
  const home = page.home();
  fill($("guild-name"), home ? home.name : "Direct messages");
  const threads = (id) => home.threads.filter((t) => t.parent_id === id).map((t) => channelButton(t, true));
  const list = home ? [...home.channels].sort((a, b) => a.position - b.position).map((c) => [channelButton(c), threads(c.id)]) : page.world.dms.map((c) => channelButton(c));
  fill($("channels"), h("div", { class: "category" }, home ? "TEXT CHANNELS" : "CONVERSATIONS"), list);
  const people = page.people();
  const me = people.find((u) => u.id === page.user);
  fill($("me"), me && avatar(me), h("label", {}, h("span", { class: "small" }, "You act as"),
    h("select", { id: "act-as", onchange: (e) => actAs(e.target.value) }, people.map((u) => h("option", { value: u.id, selected: u.id === page.user }, u.global_name || u.username)))));
  const place = page.place();
  fill($("place"), h("span", { class: "hash" }, "#"), place?.name || "");
  $("topic").textContent = place?.topic || "";
  const bot = page.world.connected > 0;
  $("line").textContent = bot ? "bot online" : "bot offline";
  $("line").className = bot ? "up" : "down";
  drawMembers(home, bot);
}

function drawNotice() {
  const words = page.world.notice || "";
  $("notice").hidden = !words || words === page.unnoticed;
  fill($("notice"), h("div", { class: "text" }, markdown(words, page.names)),
    h("button", { class: "close", type: "button", title: "Dismiss", "aria-label": "Dismiss", onclick: () => { page.unnoticed = words; drawNotice(); box.focus(); } }, "✕"));
}

function drawMembers(home, online) {
  if (!home) return fill($("members"));
  const groups = new Map();
  for (const m of home.members) {
    const top = home.roles.filter((r) => m.roles.includes(r.id)).sort((a, b) => b.position - a.position)[0];
    const name = m.user.bot ? (online ? "ONLINE" : "OFFLINE") : top?.hoist ? top.name.toUpperCase() : "ONLINE";
    groups.set(name, [...(groups.get(name) || []), h("div", { class: "member" + (m.user.bot && !online ? " off" : "") }, avatar(m.user), h("span", {}, m.user.global_name || m.user.username), m.user.bot && h("span", { class: "tag" }, "APP"))]);
  }
  fill($("members"), [...groups].map(([name, rows]) => [h("div", { class: "category" }, `${name} — ${rows.length}`), rows]));
}

let pinned = true;

function near() {
  const s = $("scroll");
  return s.scrollHeight - s.scrollTop - s.clientHeight < 120;
}

function down() {
  $("scroll").scrollTop = $("scroll").scrollHeight;
  $("newer").hidden = true;
}

function visible(message) {
  return !page.dismissed.has(message.id) && (!message.seen_by || message.seen_by === page.user);
}

// who pressed or typed looks for the answer, wherever he was
function answers(message) {
  return page.asking && message.interaction_metadata?.user.id === page.user;
}

function together(a, b) {
  return a && a.author.id === b.author.id && !b.message_reference && Boolean(a.seen_by) === Boolean(b.seen_by) && new Date(b.timestamp) - new Date(a.timestamp) < TOGETHER_MS;
}

function show() {
  const stay = near();
  const shown = page.messages.filter(visible);
  const start = h("li", { class: "start" }, h("div", { class: "big" }, "#"), h("h1", {}, "Welcome to #" + page.channelName() + "!"), h("p", {}, "This is the start of the #" + page.channelName() + " channel."), h("p", {}, page.place()?.topic || ""));
  fill($("messages"), start, shown.map((m, i) => draw(m, page, together(shown[i - 1], m))));
  if (stay) down();
}

async function loadWorld() {
  page.world = await ask("world");
  const people = page.people();
  if (!page.user) {
    const wanted = new URLSearchParams(location.search).get("user") || "admin";
    page.user = (people.find((u) => u.username === wanted) || people[0]).id;
  }
  if (!page.place()) choose();
  drawGuilds();
  drawSide();
  drawNotice();
}

function choose() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const found = page.places().find((c) => c.id === wanted || c.name === wanted) || page.world.guilds[0]?.channels[0];
  page.channel = found?.id || null;
  page.guild = found?.guild_id || null;
}

async function loadChannel() {
  page.messages = [];
  page.unread.delete(page.channel);
  drawGuilds();
  drawSide();
  if (page.channel) {
    try {
      page.messages = await ask("messages?" + new URLSearchParams({ channel: page.channel, user: page.user }));
    } catch (error) {
      page.messages = [];
      box.say(error.message, true);
    }
    await box.load();
  }
  show();
  down();
  box.plain();
}

async function actAs(user) {
  page.user = user;
  box.say("");
  await loadChannel();
}

const CHANGES = {
  message(change) {
    const m = change.message;
    if (m.channel_id !== page.channel) {
      if (!m.seen_by || m.seen_by === page.user) { page.unread.add(m.channel_id); drawSide(); }
      return;
    }
    if (page.find(m.id)) return;
    const stay = near();
    const before = page.messages.filter(visible).at(-1);
    page.messages.push(m);
    if (!visible(m)) return;
    const node = draw(m, page, together(before, m));
    node.classList.add("fresh");
    $("messages").append(node);
    if (answers(m)) {
      page.asking = false;
      down();
      if (node.offsetHeight > $("scroll").clientHeight) node.scrollIntoView();  // a long one is read from its top
    } else if (stay) down();
    else $("newer").hidden = false;
  },
  edit(change) {
    const at = page.messages.findIndex((m) => m.id === change.message.id);
    if (at < 0) return;
    page.messages[at] = change.message;
    const old = document.querySelector(`.message[data-id="${CSS.escape(change.message.id)}"]`);
    if (!old) return;
    const stay = near();
    const node = draw(change.message, page, old.classList.contains("compact"));
    node.classList.add("changed");
    old.replaceWith(node);
    if (stay) down();
  },
  delete(change) {
    page.messages = page.messages.filter((m) => m.id !== change.id);
    show();
  },
  async world() { await loadWorld(); },
  async commands() { await box.load(); },
  async hello() { await loadWorld(); await loadChannel(); },
};

function listen() {
  const stream = new EventSource("/control/stream");
  let turn = Promise.resolve();
  stream.onmessage = (event) => {
    const change = JSON.parse(event.data);
    turn = turn.then(() => CHANGES[change.type]?.(change)).catch((error) => box.say(error.message, true));
  };
  stream.onerror = () => { $("line").textContent = "sandbox gone, trying again"; $("line").className = "down"; };
}

window.addEventListener("hashchange", () => { choose(); loadChannel(); });
$("newer").addEventListener("click", down);
document.addEventListener("click", (event) => {
  const words = event.target instanceof Element && event.target.closest("a") ? nowhere(event.target.closest("a").href) : "";
  if (words) { event.preventDefault(); box.say(words); }
});
$("scroll").addEventListener("scroll", () => { pinned = near(); if (pinned) $("newer").hidden = true; });
// whoever reads the newest goes on reading it when the box, the notice or a message changes its height
const heights = new ResizeObserver(() => { if (pinned) down(); });
[$("scroll"), $("messages")].forEach((node) => heights.observe(node));
setInterval(refreshTimes, 10_000);
listen();
