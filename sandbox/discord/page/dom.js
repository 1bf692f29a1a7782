// Builds elements. Text becomes text nodes only: nothing a chain or a person wrote is ever read as HTML.

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

export async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch("/control/" + path, options);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || "it failed");
  return value;
}

const SAFE = /^https?:\/\//i;
const NOWHERE = /\.invalid$/i;  // RFC 2606: such a name never leads anywhere

// what is said of a link that leads nowhere; empty when it leads somewhere
export function nowhere(url) {
  return NOWHERE.test(new URL(url).hostname) ? "A sandbox's link, which leads nowhere: " + url : "";
}

export function link(url, ...children) {
  if (!SAFE.test(url)) return h("span", {}, ...children);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", title: nowhere(url) || url }, ...children);
}

export function image(url, alt, cls) {
  return SAFE.test(url) ? h("img", { src: url, alt: alt || "", class: cls, loading: "lazy" }) : h("span", { class: "gone" }, "(no image)");
}

export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
}
