// Keeps the page fresh: fetches it again every two seconds and swaps the content, so that nothing
// flickers and the scroll position stays. Without scripts a <meta refresh> does the same, coarsely.
"use strict";
const refreshMs = 2000;
let failingSince = null;

async function refresh() {
  const notice = document.getElementById("silent");
  try {
    const answer = await fetch("status", {cache: "no-store", signal: AbortSignal.timeout(5000)});
    if (!answer.ok) throw new Error("HTTP " + answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    document.title = fresh.title;
    failingSince = null;
    notice.hidden = true;
  } catch (problem) {
    failingSince = failingSince || new Date();
    notice.textContent = "This server has not answered since " +
        failingSince.toLocaleTimeString() + ". What you see is old.";
    notice.hidden = false;
  }
  setTimeout(refresh, refreshMs);
}

setTimeout(refresh, refreshMs);
