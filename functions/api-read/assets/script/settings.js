// Rules: another scope shows its own rule, a rule is saved with the version that was seen.
import { send, tell } from "./api.js";
import { toast } from "./toast.js";

const form = document.querySelector("form.rule-form");

/** What the fields say; what is empty is left out. */
function definition() {
  const fields = new FormData(form);
  const text = (name) => fields.get(name).trim();
  const rule = {};
  for (const name of ["short_at", "clear_above", "excluded"]) if (text(name)) rule[name] = text(name);
  for (const name of ["reserve", "delivery_days"]) if (text(name)) rule[name] = Number(text(name));
  if (text("alerts")) rule.alerts = text("alerts") === "true";
  return rule;
}

async function save(rule) {
  const { address, version, saved, conflict } = form.dataset;
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  const answer = await send("PUT", address, rule, { "if-match": `"${version}"` });
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  if (answer.ok || answer.status === 412) {
    sessionStorage.setItem("told", JSON.stringify(answer.ok ? [saved, "fine"] : [conflict, "low"]));
    show();
  } else {
    tell(answer);
  }
}

/** The page of the chosen scope, with its rule as it is now. */
function show() {
  const fields = new FormData(form);
  const scope = new URLSearchParams();
  for (const name of ["tenant", "skuid"]) if (fields.get(name)) scope.set(name, fields.get(name));
  const address = `/settings?${scope}`;
  if (address === location.pathname + location.search || (!scope.size && !location.search)) location.reload();
  else location.assign(address);
}

form.addEventListener("change", (event) => {
  if (event.target.matches("[data-scope]")) show();
});

form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches("[data-saves]") && form.reportValidity()) save(definition());
  if (button?.matches("[data-removes]")) save({});
});

const told = sessionStorage.getItem("told");
sessionStorage.removeItem("told");
if (told) toast(...JSON.parse(told));
