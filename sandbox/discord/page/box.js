// The box at the bottom: plain words, or a slash command with its options, choices and suggestions.
import { ask, fill, h } from "./dom.js";

const SUBCOMMAND = 1, GROUP = 2, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9;
const MENUS = { [USER]: 5, [ROLE]: 6, [MENTIONABLE]: 7, [CHANNEL]: 8 };

function flat(command, name, options, description) {
  const inner = (options || []).filter((o) => o.type === SUBCOMMAND || o.type === GROUP);
  if (!inner.length) return [{ name, description, options: options || [] }];
  return inner.flatMap((o) => flat(command, name + " " + o.name, o.options, o.description));
}

const PERMISSIONS = { 3: "Administrator", 4: "Manage Channels", 5: "Manage Server", 13: "Manage Messages" };

// the permissions that a command's default asks for
function asked(bits) {
  const held = BigInt(bits ?? 0);
  const names = Object.keys(PERMISSIONS).filter((bit) => held >> BigInt(bit) & 1n).map((bit) => PERMISSIONS[bit]);
  return names.join(" and ") || "a permission";
}

export class Box {
  constructor(node, page) {
    this.node = node;
    this.page = page;
    this.commands = [];
    this.hidden = new Map();
    this.command = null;
    this.fields = [];
    this.picked = 0;
    this.asked = 0;
    this.list = h("div", { id: "offers", role: "listbox", "aria-label": "Suggestions", hidden: true, onmousedown: (e) => e.preventDefault() });
    this.line = h("div", { id: "typing" });
    this.note = h("div", { id: "note", role: "status" });
    fill(node, this.list, this.line, this.note);
    node.addEventListener("focusout", (e) => { if (!node.contains(e.relatedTarget)) this.hide(); });
    this.plain();
  }

  async load() {
    const offered = (user) => ask("commands?" + new URLSearchParams({ channel: this.page.channel, user }));
    const others = this.page.people().filter((u) => u.id !== this.page.user);
    try {
      const found = await offered(this.page.user);
      this.commands = found.flatMap((c) => flat(c, c.name, c.options, c.description));
      this.hidden = new Map();
      for (const other of others) {
        for (const c of await offered(other.id)) {
          if (found.some((own) => own.id === c.id)) continue;
          this.hidden.set(c.name, `/${c.name} needs ${asked(c.default_member_permissions)}: Discord hides it from ${this.page.names.user(this.page.user)}. Act as ${this.page.names.user(other.id)} to use it.`);
        }
      }
    } catch {
      this.commands = [];
    }
  }

  focus() {
    (this.fields.find((f) => f.input.value === "")?.input || this.go || this.input).focus();
  }

  // gives up the command that was begun
  leave() {
    this.plain();
    this.say("");
    this.input.focus();
  }

  say(text, bad) {
    this.note.textContent = text;
    this.note.className = bad ? "bad" : "";
  }

  plain(text = "") {
    this.command = this.go = null;
    this.fields = [];
    this.input = h("input", { id: "words", type: "text", autocomplete: "off", placeholder: "Message #" + this.page.channelName() + "  (type / for commands)", "aria-label": "Message" });
    this.input.value = text;
    this.input.addEventListener("input", () => this.offerCommands());
    this.input.addEventListener("keydown", (e) => this.key(e, () => this.sendPlain()));
    fill(this.line, this.input);
    this.hide();
  }

  type(name) {
    this.plain("/" + name);
    this.input.focus();
    this.offerCommands();
  }

  offerCommands() {
    const text = this.input.value;
    this.say("");
    if (!text.startsWith("/")) return this.hide();
    const wanted = text.slice(1).toLowerCase();
    const found = this.commands.filter((c) => c.name.startsWith(wanted)).concat(this.commands.filter((c) => !c.name.startsWith(wanted) && wanted && c.name.includes(wanted)));
    this.offer(found.map((c) => ({
      title: "/" + c.name, detail: c.description, hint: c.options.map((o) => o.name).join("  "), pick: () => this.begin(c),
    })), found.length ? "COMMANDS" : "");
    if (!found.length) this.say(this.why(text), true);
  }

  // why these words are no command for this person; empty when they may yet become one
  why(text) {
    return this.hidden.get(text.slice(1).toLowerCase().split(" ")[0]) || "";
  }

  begin(command) {
    this.command = command;
    this.say("");
    const needed = command.options.filter((o) => o.required);
    this.fields = [];
    fill(this.line, h("span", { class: "command" }, "/" + command.name));
    needed.forEach((o) => this.addField(o, false));
    this.more();
    this.hide();
    this.focus();
  }

  more() {
    this.line.querySelectorAll(".more, .go").forEach((n) => n.remove());
    const left = this.command.options.filter((o) => !this.fields.some((f) => f.option === o));
    if (left.length) {
      const open = () => this.offer(left.map((o) => ({ title: o.name, detail: o.description, pick: () => { this.addField(o, true); this.more(); } })), "OPTIONS");
      this.line.append(h("button", { class: "more", type: "button", onclick: open, onkeydown: (e) => this.key(e, () => this.send()) }, "+" + left.length + " more"));
    }
    this.go = h("button", { class: "go", type: "button", title: "Send", "aria-label": "Send", onclick: () => this.send(), onkeydown: (e) => { if (e.key === "Escape") this.leave(); } }, "➤");
    this.line.append(this.go);
  }

  addField(option, focus) {
    const input = h("input", { type: "text", autocomplete: "off", size: "8", "aria-label": option.name, title: option.description });
    const field = { option, input, value: null };
    const node = h("label", { class: "option" }, h("span", { class: "key" }, option.name), input);
    input.addEventListener("focus", () => { this.say(option.name + ": " + option.description); this.suggest(field); });
    input.addEventListener("input", () => { field.value = null; input.size = Math.max(8, input.value.length + 1); this.suggest(field); });
    input.addEventListener("keydown", (e) => {
      if (e.key === "Backspace" && !input.value) {
        e.preventDefault();
        if (option.required) return this.leave();
        this.fields = this.fields.filter((f) => f !== field);
        node.remove();
        this.more();
        (this.fields.at(-1)?.input || this.go).focus();
        return this.hide();
      }
      return this.key(e, () => this.send());
    });
    this.fields.push(field);
    this.line.insertBefore(node, this.line.querySelector(".more, .go"));
    if (focus) input.focus();
  }

  values(except) {
    const out = {};
    for (const f of this.fields) {
      if (f === except) continue;
      const value = f.value ?? f.input.value;
      if (value !== "") out[f.option.name] = value;
    }
    return out;
  }

  async suggest(field) {
    const { option, input } = field;
    const text = input.value.toLowerCase();
    let choices = null;
    if (option.choices) choices = option.choices.map((c) => [c.value, c.name]);
    else if (option.type === BOOLEAN) choices = [["true", "True"], ["false", "False"]];
    else if (MENUS[option.type]) choices = this.page.things(MENUS[option.type], option.channel_types);
    if (choices) choices = choices.filter(([, name]) => name.toLowerCase().includes(text) || field.value !== null);
    else if (option.autocomplete) {
      const turn = ++this.asked;
      try {
        const body = { channel: this.page.channel, user: this.page.user, name: this.command.name, focused: option.name, text: input.value, options: this.values(field) };
        const reply = await ask("autocomplete", body);
        choices = reply.choices.map((c) => [c.value, c.name]);
      } catch (error) {
        this.say("Loading options failed: " + error.message, true);
        choices = [];
      }
      if (turn !== this.asked || document.activeElement !== input) return;
    } else return this.hide();
    this.offer(choices.map(([value, name]) => ({
      title: String(name), pick: () => {
        field.value = value;
        input.value = String(name);
        input.size = Math.max(8, input.value.length + 1);
        this.hide();
        const next = this.fields.find((f) => f.input.value === "" && f !== field);
        (next?.input || this.go).focus();
      },
    })), choices.length ? option.name.toUpperCase() : "");
  }

  offer(offers, title) {
    this.offers = offers;
    this.picked = 0;
    this.list.hidden = !offers.length;
    fill(this.list, title && h("div", { class: "offers-title" }, title), offers.map((o, i) => h("div", {
      id: "offer-" + i, class: "offer" + (i === 0 ? " on" : ""), role: "option", "aria-selected": String(i === 0), onmousedown: () => o.pick(),
    }, h("span", { class: "offer-title" }, o.title), o.hint && h("span", { class: "hint" }, o.hint), o.detail && h("span", { class: "detail" }, o.detail))));
    this.list.scrollTop = 0;
    this.point();
  }

  // tells who cannot see the list what is picked in it
  point() {
    const node = document.activeElement;
    if (!this.line.contains(node)) return;
    if (this.list.hidden) node.removeAttribute("aria-activedescendant");
    else node.setAttribute("aria-activedescendant", "offer-" + this.picked);
  }

  hide() {
    this.offers = [];
    this.list.hidden = true;
    this.point();
  }

  key(event, send) {
    const open = !this.list.hidden && this.offers.length;
    if (event.key === "Escape") return open ? this.hide() : this.command && this.leave();
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.picked = (this.picked + (event.key === "ArrowDown" ? 1 : -1) + this.offers.length) % this.offers.length;
      const nodes = this.list.querySelectorAll(".offer");
      nodes.forEach((n, i) => { n.classList.toggle("on", i === this.picked); n.setAttribute("aria-selected", String(i === this.picked)); });
      nodes[this.picked].scrollIntoView({ block: "nearest" });
      this.point();
      return undefined;
    }
    if (open && (event.key === "Tab" || event.key === "Enter")) {
      event.preventDefault();
      this.offers[this.picked].pick();
      return undefined;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      send();
    }
    return undefined;
  }

  async sendPlain() {
    const content = this.input.value.trim();
    if (!content) return;
    if (content.startsWith("/")) return this.say(this.why(content) || "There is no such command.", true);
    this.plain();
    this.input.focus();
    try {
      await ask("say", { channel: this.page.channel, user: this.page.user, content });
    } catch (error) {
      this.say(error.message, true);
    }
  }

  async send() {
    const empty = this.fields.find((f) => f.option.required && f.input.value === "");
    if (empty) { this.say("This option is required: " + empty.option.name, true); return empty.input.focus(); }
    const body = { channel: this.page.channel, user: this.page.user, name: this.command.name, options: this.values() };
    this.plain();
    this.input.focus();
    this.say("Sending command…");
    this.page.asks();
    try {
      const reply = await ask("command", body);
      this.say("");
      if (reply.modal) this.page.form(reply);
    } catch (error) {
      this.say(error.message, true);
    }
  }
}
