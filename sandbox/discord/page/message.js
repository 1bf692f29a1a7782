// Draws one message: author, words, components, embeds, files, and who may see it.
import { ask, h, image, link } from "./dom.js";
import { markdown } from "./markdown.js";

const EPHEMERAL = 64, LOADING = 128;
const BUTTONS = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary" };
const ROW = 1, BUTTON = 2, SECTION = 9, TEXT = 10, THUMBNAIL = 11, GALLERY = 12, FILE = 13, SEPARATOR = 14, CONTAINER = 17;
const SELECTS = [3, 5, 6, 7, 8];

export function clock(iso) {
  return new Date(iso).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

function spoken(when) {
  const today = when.toDateString() === new Date().toDateString();
  return (today ? "Today at " : when.toLocaleDateString("en-GB") + " ") + clock(when);
}

export function avatar(user) {
  const name = user.global_name || user.username;
  return h("span", { class: "avatar " + (user.bot ? "bot" : "c" + (Number(BigInt(user.id) % 4n))), "aria-hidden": "true" }, name[0].toUpperCase());
}

function color(number) {
  return "#" + Number(number).toString(16).padStart(6, "0");
}

class Drawing {
  constructor(message, page) {
    this.message = message;
    this.page = page;
  }

  async act(node, path, body) {
    node.classList.add("busy");
    node.disabled = true;
    this.page.fail(this.message.id, "");
    this.page.asks();
    try {
      const reply = await ask(path, body);
      if (reply.modal) this.page.form(reply);
    } catch (error) {
      this.page.fail(this.message.id, "This interaction failed: " + error.message);
    } finally {
      node.classList.remove("busy");
      node.disabled = false;
    }
  }

  press(node, custom_id, values) {
    return this.act(node, "press", { message_id: this.message.id, custom_id, user: this.page.user, values });
  }

  button(part) {
    const words = [part.emoji && h("span", { class: "emoji" }, part.emoji.name), part.label].filter(Boolean);
    if (part.style === 5) {
      const made = link(part.url, ...words, h("span", { class: "out", "aria-hidden": "true" }, "↗"));
      made.className = "button secondary";
      return made;
    }
    return h("button", {
      class: "button " + (BUTTONS[part.style] || "secondary"), type: "button", disabled: Boolean(part.disabled),
      onclick: (e) => this.press(e.currentTarget, part.custom_id),
    }, ...words);
  }

  select(part) {
    const choices = part.type === 3
      ? part.options.map((o) => [o.value, (o.emoji?.name ? o.emoji.name + " " : "") + o.label + (o.description ? " – " + o.description : ""), o.default])
      : this.page.things(part.type, part.channel_types);
    const many = (part.max_values ?? 1) > 1;
    const chosen = new Set((part.default_values || []).map((v) => v.id));
    const node = h("select", { class: "select", multiple: many, disabled: Boolean(part.disabled) },
      many ? null : h("option", { value: "", disabled: true, selected: true }, part.placeholder || "Make a selection"),
      choices.map(([value, name, picked]) => h("option", { value, selected: Boolean(picked) || chosen.has(value) }, name)));
    if (!many) node.addEventListener("change", () => this.press(node, part.custom_id, [node.value]));
    else return h("span", { class: "many" }, node, h("button", { class: "button secondary", type: "button",
      onclick: () => this.press(node, part.custom_id, [...node.selectedOptions].map((o) => o.value)) }, "Choose"));
    return node;
  }

  part(part) {
    switch (part.type) {
      case ROW: return h("div", { class: "row" }, part.components.map((c) => this.part(c)));
      case BUTTON: return this.button(part);
      case SECTION: return h("div", { class: "section" },
        h("div", { class: "section-text" }, part.components.map((c) => this.part(c))), this.part(part.accessory));
      case TEXT: return h("div", { class: "text" }, markdown(part.content, this.page.names));
      case THUMBNAIL: return image(part.media.url, part.description, "thumb");
      case GALLERY: return h("div", { class: "gallery" }, part.items.map((i) => image(i.media.url, i.description, "shot")));
      case FILE: return h("div", { class: "file" }, "📄 ", link(part.file.url, part.name || "file"));
      case SEPARATOR: return h("div", { class: "separator" + (part.divider === false ? " bare" : "") + (part.spacing === 2 ? " wide" : "") });
      case CONTAINER: {
        const box = h("div", { class: "container" }, part.components.map((c) => this.part(c)));
        if (part.accent_color !== null && part.accent_color !== undefined) {
          box.classList.add("accent");
          box.style.setProperty("--accent", color(part.accent_color));
        }
        return box;
      }
      default: return SELECTS.includes(part.type) ? this.select(part) : h("div", { class: "gone" }, "(a component of kind " + part.type + ")");
    }
  }

  embed(embed) {
    const box = h("div", { class: "embed" },
      embed.author && h("div", { class: "embed-author" }, embed.author.url ? link(embed.author.url, embed.author.name) : embed.author.name),
      embed.title && h("div", { class: "embed-title" }, embed.url ? link(embed.url, ...markdown(embed.title, this.page.names)) : markdown(embed.title, this.page.names)),
      embed.description && h("div", { class: "text" }, markdown(embed.description, this.page.names)),
      embed.fields && h("div", { class: "fields" }, embed.fields.map((f) => h("div", { class: f.inline ? "field inline" : "field" },
        h("div", { class: "field-name" }, markdown(f.name, this.page.names)), h("div", { class: "text" }, markdown(f.value, this.page.names))))),
      embed.image && image(embed.image.url, "", "shot"),
      embed.footer && h("div", { class: "small" }, embed.footer.text));
    if (embed.color) box.style.setProperty("--accent", color(embed.color));
    return box;
  }

  body() {
    const m = this.message;
    if (m.flags & LOADING) return [h("div", { class: "thinking" }, h("i"), h("i"), h("i"), (m.author.global_name || m.author.username) + " is thinking…")];
    const shown = JSON.stringify(m.components);
    const files = m.attachments.filter((a) => !shown.includes(a.url));
    return [
      m.content && h("div", { class: "text" }, markdown(m.content, this.page.names)),
      m.edited_timestamp && m.content ? h("span", { class: "edited" }, "(edited)") : null,
      (m.embeds || []).map((e) => this.embed(e)),
      m.poll && h("div", { class: "embed" }, h("div", { class: "embed-title" }, m.poll.question.text), m.poll.answers.map((a) => h("div", { class: "answer" }, a.poll_media.text))),
      files.map((a) => /\.(png|jpe?g|gif|webp)$/i.test(a.filename) ? image(a.url, a.description || a.filename, "shot") : h("div", { class: "file" }, "📄 ", link(a.url, a.filename))),
      (m.components || []).map((c) => this.part(c)),
      m.edited_timestamp && !m.content ? h("span", { class: "edited" }, "(edited)") : null,
      m.thread && h("button", { class: "thread", type: "button", onclick: () => this.page.open(m.thread.id) }, "🧵 " + m.thread.name),
    ];
  }

  origin() {
    const m = this.message, from = m.interaction_metadata;
    if (from && from.type === 2) {
      const name = from.user.global_name || from.user.username;
      return h("div", { class: "origin" }, avatar(from.user), h("b", {}, name), " used ", h("span", { class: "mention" }, "/" + (from.name || "command")));
    }
    const target = m.message_reference && this.page.find(m.message_reference.message_id);
    if (!m.message_reference) return null;
    const said = target ? firstWords(target) : "Original message was deleted";
    return h("div", { class: "origin" }, target && avatar(target.author), target && h("b", {}, target.author.global_name || target.author.username), " ", h("span", { class: "said" }, said));
  }

  draw(compact) {
    const m = this.message;
    const origin = this.origin();
    const alone = compact && !origin;
    const name = m.author.global_name || m.author.username;
    const when = new Date(m.timestamp);
    const head = alone ? null : h("div", { class: "head" }, h("span", { class: "name" + (m.author.bot ? " app" : "") }, name),
      m.author.bot && h("span", { class: "tag" }, "APP"), h("span", { class: "when", title: when.toLocaleString("en-GB") }, spoken(when)));
    const hits = m.mention_everyone || m.mentions.some((u) => u.id === this.page.user) || m.mention_roles.some((r) => this.page.holds(r));
    return h("li", { class: ["message", alone && "compact", m.flags & EPHEMERAL && "private", hits && "pinged"].filter(Boolean).join(" "), data: { id: m.id } },
      origin,
      alone ? h("span", { class: "gutter" }, clock(m.timestamp)) : avatar(m.author),
      h("div", { class: "body" }, head, ...this.body().flat(Infinity).filter(Boolean),
        h("div", { class: "failed", hidden: !this.page.failures.get(m.id) }, this.page.failures.get(m.id) || ""),
        m.flags & EPHEMERAL ? h("div", { class: "only" }, "Only you can see this • ", h("button", { type: "button", onclick: () => this.page.dismiss(m.id) }, "Dismiss message")) : null));
  }
}

function firstWords(message) {
  const texts = [message.content];
  const walk = (parts) => (parts || []).forEach((p) => { if (p.type === TEXT) texts.push(p.content); walk(p.components); });
  walk(message.components);
  const plain = (texts.find(Boolean) || "").split("\n")[0].replace(/<[@#/:][^>]*>/g, "").replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").replace(/[*_`#~|\\]+/g, "").trim();
  return plain.slice(0, 90) || "Click to see attachment";
}

export function draw(message, page, compact) {
  return new Drawing(message, page).draw(compact);
}
