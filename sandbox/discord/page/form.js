// A modal: shows the form a bot asked for and sends it back.
import { ask, fill, h } from "./dom.js";
import { markdown } from "./markdown.js";

const TEXT_INPUT = 4, TEXT = 10, LABEL = 18, RADIO = 21, BOXES = 22, BOX = 23;

function field(part, page, read) {
  const own = part.custom_id;
  if (part.type === TEXT_INPUT) {
    const props = { id: own, maxlength: part.max_length ?? 4000, minlength: part.min_length ?? 0, placeholder: part.placeholder || "", required: part.required !== false };
    const node = part.style === 2 ? h("textarea", { ...props, rows: "4" }) : h("input", { ...props, type: "text" });
    node.value = part.value || "";
    read.set(own, () => node.value);
    return node;
  }
  if (part.type === BOX) {
    const node = h("input", { type: "checkbox", id: own, checked: Boolean(part.default) });
    read.set(own, () => node.checked);
    return node;
  }
  if (part.type === RADIO || part.type === BOXES) {
    const kind = part.type === RADIO ? "radio" : "checkbox";
    const boxes = part.options.map((o) => h("label", { class: "choice" }, h("input", { type: kind, name: own, value: o.value, checked: Boolean(o.default) }), o.label));
    read.set(own, () => {
      const picked = boxes.map((b) => b.querySelector("input")).filter((i) => i.checked).map((i) => i.value);
      return part.type === RADIO ? picked[0] ?? null : picked;
    });
    return h("div", {}, boxes);
  }
  const choices = part.type === 3 ? part.options.map((o) => [o.value, o.label]) : page.things(part.type, part.channel_types);
  const node = h("select", { id: own, multiple: (part.max_values ?? 1) > 1, required: part.required !== false }, choices.map(([v, n]) => h("option", { value: v }, n)));
  read.set(own, () => [...node.selectedOptions].map((o) => o.value));
  return node;
}

function rows(parts, page, read) {
  return parts.map((part) => {
    if (part.type === TEXT) return h("div", { class: "text" }, markdown(part.content, page.names));
    const inner = part.type === LABEL ? part.component : part.components[0];
    const label = part.type === LABEL ? part.label : inner.label;
    const needed = inner.required !== false;
    return h("label", { class: "field-row" }, h("span", { class: "label" }, label, needed && h("span", { class: "needed" }, " *")),
      part.description && h("span", { class: "small" }, part.description), field(inner, page, read));
  });
}

export function openForm(reply, page) {
  const dialog = document.getElementById("form");
  const read = new Map();
  const problem = h("div", { class: "failed", hidden: true });
  const form = h("form", { method: "dialog" },
    h("h2", {}, reply.modal.title), rows(reply.modal.components, page, read), problem,
    h("div", { class: "buttons" }, h("button", { type: "button", class: "button bare", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit", class: "button primary" }, "Submit")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...read].map(([key, get]) => [key, get()]));
    page.asks();
    try {
      await ask("modal", { token: reply.token, values });
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  fill(dialog, form);
  dialog.showModal();
}
