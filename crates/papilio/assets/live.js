"use strict";
// Keeps the overview as it is now. Without it the page asks again by itself.
const source = new EventSource("/admin/events");
const state = document.getElementById("live-state");
const happened = document.getElementById("happened");

source.onopen = () => { state.textContent = "Live"; };
source.onerror = () => { state.textContent = "Not connected; trying again"; };

source.addEventListener("statistics", (event) => {
  const now = JSON.parse(event.data);
  for (const cell of document.querySelectorAll("[data-figure]")) {
    const value = now[cell.dataset.figure];
    if (value === undefined || value === null) continue;
    switch (cell.dataset.as) {
      case "mib": cell.textContent = Math.floor(value / 1048576) + " MiB"; break;
      case "rate": cell.textContent = value.toFixed(1); break;
      default: cell.textContent = value;
    }
  }
});

const tell = (text) => {
  const line = document.createElement("li");
  line.textContent = new Date().toLocaleTimeString() + "  " + text;
  happened.prepend(line);
  while (happened.children.length > 20) happened.lastChild.remove();
};
source.addEventListener("signed-in", (event) => {
  const one = JSON.parse(event.data);
  tell(one.handle + " signed in (" + one.version + ")");
});
source.addEventListener("signed-out", (event) => tell(JSON.parse(event.data).handle + " signed out"));
source.addEventListener("audit", (event) => {
  const entry = JSON.parse(event.data);
  tell(entry.who + ": " + entry.act + " " + entry.subject + " (" + entry.outcome + ")");
});
