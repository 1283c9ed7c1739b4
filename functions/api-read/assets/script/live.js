// Keeps a page's numbers up to date: asks now and then whether anything changed, and then for the page again. Also when nothing
// was stored for a while: numbers grow old by themselves, above all when nobody stores any more.
// When nobody is there it stops, so that a forgotten page does not keep a session alive.

const EVERY_MS = 15000;
const RENEW_MS = 60000;
const NOBODY_MS = 600000;

/** A region without what scripts and people change in it: the words of times, and what is folded open. */
function bare(region) {
  const copy = region.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  for (const details of copy.querySelectorAll("details")) details.removeAttribute("open");
  return copy;
}

/** Renews every `[data-live]` region of the page, except where somebody is typing or reading with the keyboard. */
export async function renew() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-cache" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${CSS.escape(region.dataset.live)}"]`);
    const busy = region.contains(document.activeElement) && document.activeElement !== document.body;
    if (next && !busy && !bare(next).isEqualNode(bare(region))) region.replaceWith(document.adoptNode(next));
  }
  document.dispatchEvent(new Event("renewed"));
}

/** Starts watching. `lost` is called once when the connection is lost, `paused` with whether nobody seems to be there. */
export function watch({ lost, paused }) {
  if (!document.querySelector("[data-live]")) return;
  let seen = null;
  let isLost = false;
  let isPaused = false;
  let active = Date.now();
  let renewed = Date.now();
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    const nobody = Date.now() - active > NOBODY_MS;
    if (nobody !== isPaused) paused((isPaused = nobody));
    if (nobody) return;
    try {
      const answer = await fetch("/api/v1/revision", { headers: { accept: "application/json" }, cache: "no-cache" });
      // Signed out: the page itself leads to sign-in and back.
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const { revision } = await answer.json();
      const changed = seen !== null && revision !== seen;
      seen = revision;
      if (changed || isLost || Date.now() - renewed > RENEW_MS) {
        await renew();
        renewed = Date.now();
      }
      isLost = false;
    } catch {
      if (!isLost) lost();
      isLost = true;
    }
  };
  const wake = () => {
    active = Date.now();
    if (isPaused) look();
  };
  for (const sign of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"]) {
    document.addEventListener(sign, wake, { passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    active = Date.now();
    look();
  });
  setInterval(look, EVERY_MS);
  look();
}
