// Changes of roles: sent with the version that was seen; the page then shows how far they are.
import { send, tell } from "./api.js";
import { renew } from "./live.js";
import { toast } from "./toast.js";

/** Refusals come in the language of the page. */
const inOurLanguage = () => ({ "accept-language": document.documentElement.lang });

async function done(answer, words) {
  if (!answer.ok) {
    tell(answer);
    return;
  }
  document.getElementById("main").focus();
  toast(words);
  try {
    await renew();
  } catch {
    // Whoever has lost a right is signed out by it.
    location.reload();
  }
}

async function change(form) {
  const { confirm: question, accepted } = form.closest("[data-live]").dataset;
  if (!confirm(question)) return;
  const successor = new FormData(form).get("successor");
  const wish = successor ? { to: form.dataset.role, successor: Number(successor) } : { to: form.dataset.role };
  const headers = { ...inOurLanguage(), "if-match": `"${form.dataset.version}"` };
  await done(await send("POST", "/api/v1/roles/changes", wish, headers), accepted);
}

async function decide(button) {
  const { decided } = button.closest("[data-live]").dataset;
  const decision = { person: Number(button.dataset.person), holds: button.dataset.holds };
  await done(await send("POST", "/api/v1/roles/decisions", decision, inOurLanguage()), decided);
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.role) return;
  event.preventDefault();
  change(event.target);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-holds]");
  if (button) decide(button);
});
