// Says so when the page can no longer be brought up to date: old presence must not look like new.
"use strict";
(() => {
  const stale = document.getElementById("stale");
  const tell = (failed) => () => { stale.hidden = !failed; };
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.body.addEventListener(name, tell(true));
  document.body.addEventListener("htmx:afterSwap", tell(false));
})();
