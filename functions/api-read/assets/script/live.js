// Keeps a page's numbers up to date: asks now and then whether anything changed, and only then for the page again.

const EVERY_MS = 15000;
const AGES_MS = 30000;

/** Renews every `[data-live]` region of the page, except where somebody is typing or reading with the keyboard. */
export async function renew() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-cache" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${CSS.escape(region.dataset.live)}"]`);
    const busy = region.contains(document.activeElement) && document.activeElement !== document.body;
    if (next && !busy && !next.isEqualNode(region)) region.replaceWith(document.adoptNode(next));
  }
  document.dispatchEvent(new Event("renewed"));
}

/** Starts watching; `whenLost` is called once when the connection is lost. */
export function watch(whenLost) {
  if (!document.querySelector("[data-live]")) return;
  let seen = null;
  let renewed = Date.now();
  let lost = false;
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch("/api/v1/revision", { headers: { accept: "application/json" }, cache: "no-cache" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const { revision } = await answer.json();
      const changed = seen !== null && revision !== seen;
      seen = revision;
      lost = false;
      if (changed || Date.now() - renewed > AGES_MS) {
        renewed = Date.now();
        await renew();
      }
    } catch {
      if (!lost) whenLost();
      lost = true;
    }
  };
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
  look();
}
