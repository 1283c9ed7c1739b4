// What every page does: menus that close, dialogs that open, ages that grow, numbers that renew themselves.
import { toast } from "./toast.js";
import { sayTimes } from "./ages.js";
import { watchForms } from "./instant.js";
import { watch } from "./live.js";
import { poll } from "./poll.js";

/** Closes open menus when somebody clicks elsewhere or presses Escape. */
function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const outside = event.type === "click" && !menu.contains(event.target);
    const escape = event.type === "keydown" && event.key === "Escape";
    if (outside || escape) {
      menu.removeAttribute("open");
      if (escape) menu.querySelector("summary").focus();
    }
  }
}

/** `<button data-opens="id">` opens the dialog of that id. */
function openDialog(event) {
  const opener = event.target.closest?.("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
}

/** `<button data-polls>` polls now. */
function pollNow(event) {
  const button = event.target.closest?.("button[data-polls]");
  if (button) poll(button);
}

/** A select or checkbox marked so sends its form by itself. */
function sendByItself(event) {
  if (event.target.matches?.("[data-submits]")) event.target.form.requestSubmit();
}

/** `/` puts the cursor into the page's search box, as everywhere else. */
function focusSearch(event) {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const box = document.querySelector("main input[type=search]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && box) {
    event.preventDefault();
    box.focus();
    box.select();
  }
}

/** A message that stays as long as the page rests. */
function rest(isResting) {
  const { paused } = document.body.dataset;
  if (isResting) toast(paused, "unknown", { stays: true });
  else document.querySelector(`[data-text="${CSS.escape(paused)}"]`)?.remove();
}

// On a phone the row of pages is longer than the screen.
document.querySelector("nav [aria-current=page]")?.scrollIntoView({ inline: "center", block: "nearest" });
sayTimes();
setInterval(sayTimes, 30000);
document.addEventListener("renewed", sayTimes);
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
document.addEventListener("keydown", focusSearch);
document.addEventListener("click", openDialog);
document.addEventListener("click", pollNow);
document.addEventListener("change", sendByItself);

watchForms();

watch({ lost: () => toast(document.body.dataset.offline, "unknown"), paused: rest });
