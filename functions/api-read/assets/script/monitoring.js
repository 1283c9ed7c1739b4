// The switches: the pen unlocks a row, a switch counts at once, and nobody overwrites what they have not seen.
import { send, tell } from "./api.js";
import { toast } from "./toast.js";

const switchesOf = (row) => [...row.querySelectorAll("input[data-address]")];
const isUnlocked = (row) => row.querySelector("[data-unlocks]")?.getAttribute("aria-pressed") === "true";

/** The pen: a row's switches can be used until it is pressed again. */
function unlock(event) {
  const pen = event.target.closest?.("[data-unlocks]");
  if (!pen) return;
  const row = pen.closest("tr");
  pen.setAttribute("aria-pressed", String(!isUnlocked(row)));
  for (const input of switchesOf(row)) input.disabled = !isUnlocked(row);
  if (isUnlocked(row)) switchesOf(row)[0].focus();
}

/** Shows in a row how the tenant is now. */
function show(row, tenant, words) {
  for (const input of switchesOf(row)) {
    input.checked = tenant[input.dataset.name];
    input.dataset.version = tenant.version;
  }
  if (!tenant.changed_at) return;
  const who = document.createElement("span");
  who.className = "sub";
  const name = document.createElement("bdi");
  name.textContent = tenant.changed_by;
  who.append(`${words.by} `, name);
  row.querySelector("[data-changed]").replaceChildren(words.justNow, who);
}

/** A switch was used: it is written, and taken back when that does not work. */
async function write(event) {
  const input = event.target;
  if (!input.dataset?.address) return;
  const row = input.closest("tr");
  const words = row.closest("[data-saved]").dataset;
  const { address, name, version } = input.dataset;
  const wanted = input.checked;
  for (const one of switchesOf(row)) one.disabled = true;
  const answer = await send("PATCH", address, { [name]: wanted }, { "if-match": `"${version}"` });
  if (answer.ok) {
    show(row, answer.data, words);
    toast(words.saved);
  } else if (answer.status === 412) {
    show(row, answer.data.current, words);
    toast(words.conflict, "low");
  } else {
    input.checked = !wanted;
    tell(answer);
  }
  for (const one of switchesOf(row)) one.disabled = !isUnlocked(row);
  input.focus();
}

document.addEventListener("click", unlock);
document.addEventListener("change", write);
