// Short messages at the edge of the page, read out by screen readers.

/** Shows a text for a while; `tone` as of a badge: fine, low, short, unknown. Errors stay until they are closed. */
export function toast(text, tone = "fine", { stays = tone === "short" } = {}) {
  const box = document.getElementById("toasts");
  for (const old of box.children) if (old.dataset.text === text) old.remove();
  const item = document.createElement("div");
  item.className = `toast tone-${tone}`;
  item.dataset.text = text;
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", document.body.dataset.close);
  close.addEventListener("click", () => item.remove());
  item.append(words, close);
  box.append(item);
  if (!stays) setTimeout(() => item.remove(), 8000);
}
