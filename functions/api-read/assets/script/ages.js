// Ages grow while a page is open, in the words in which the page came (src/pages/words.rs).

const MINUTE_MS = 60000;

const german = { now: "gerade eben", days: "Tagen", past: (length) => `vor ${length}` };
const english = { now: "just now", days: "days", past: (length) => `${length} ago` };

/** How long ago: `vor 3 min`, `2 h ago`, `in 5 days`. */
function age(at, now, words) {
  const minutes = Math.floor(Math.abs(now - at) / MINUTE_MS);
  if (minutes < 1) return words.now;
  const hours = Math.floor(minutes / 60);
  const length = minutes < 60 ? `${minutes} min` : hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} ${words.days}`;
  return now > at ? words.past(length) : `in ${length}`;
}

/** Says every age anew, and every moment in the reader's own time zone. */
export function sayTimes() {
  const { lang } = document.documentElement;
  const words = lang === "de" ? german : english;
  const moment = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
  const now = Date.now();
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const text = time.hasAttribute("data-local") ? moment.format(at) : age(at.getTime(), now, words);
    if (time.textContent !== text) time.textContent = text;
  }
}
