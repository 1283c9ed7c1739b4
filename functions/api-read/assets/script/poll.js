// "Poll now": asks for a poll, follows how far it is, and renews the page.
import { send, tell } from "./api.js";
import { renew } from "./live.js";
import { toast } from "./toast.js";

const LOOK_MS = 1000;
const LONGEST_MS = 120000;

const pause = (time) => new Promise((done) => setTimeout(done, time));

/** Looks at the address of a poll until it is over, and hands on how far it is; `null` when that takes too long. */
async function untilOver(address, tellProgress) {
  const end = Date.now() + LONGEST_MS;
  while (Date.now() < end) {
    await pause(LOOK_MS);
    const answer = await send("GET", address);
    if (!answer.ok) continue;
    if (answer.data.state === "done" || answer.data.state === "failed") return answer.data;
    tellProgress(answer.data);
  }
  return null;
}

/** `<button data-polls="address">` polls; its words meanwhile are `data-busy`, those at the end `data-done` or what failed. */
export async function poll(button) {
  if (button.getAttribute("aria-busy") === "true") return;
  const words = button.querySelector("span");
  const { busy, done, unfinished } = button.dataset;
  const usual = words.textContent;
  button.setAttribute("aria-busy", "true");
  words.textContent = busy;
  try {
    const answer = await send("POST", button.dataset.polls);
    if (!answer.ok) return tell(answer);
    const over = await untilOver(answer.data.location, (progress) => {
      if (progress.tenants) words.textContent = `${busy} ${progress.done} / ${progress.tenants}`;
    });
    await renew().catch(() => {});
    if (over?.state === "done") toast(done, "fine");
    else if (over) toast(over.failure ?? `${unfinished} ${over.failed} / ${over.tenants}`, "unknown");
    else toast(unfinished, "unknown");
  } finally {
    words.textContent = usual;
    button.removeAttribute("aria-busy");
  }
}
