/* On every page: how long ago its moments are ("2 hours ago"), and names for the theme's
   nameless buttons.

   Without this script, on paper, and where the clock cannot be right, the date stands. */
(function () {
  "use strict";

  const AGAIN = 30_000; // milliseconds
  const UNITS = [
    ["year", 31_557_600],
    ["month", 2_629_800],
    ["week", 604_800],
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  const words = new Intl.RelativeTimeFormat("en");
  const dates = new Map(); // element → the date that stands in it

  function told(element, now) {
    const seconds = (now - Date.parse(element.dateTime)) / 1000;
    if (!(seconds > -60)) return dates.get(element);
    if (seconds < 60) return "just now";
    const [unit, length] = UNITS.find((each) => seconds >= each[1]);
    return words.format(-Math.floor(seconds / length), unit);
  }

  function tell() {
    const now = Date.now();
    for (const element of dates.keys()) element.textContent = told(element, now);
  }

  function restore() {
    for (const [element, date] of dates) element.textContent = date;
  }

  // What opens the pages below another in the side bar is a mere arrow.
  function nameArrows() {
    for (const summary of document.querySelectorAll(".bd-links li > details > summary")) {
      const { textContent: title } = summary.closest("li").querySelector("a");
      summary.setAttribute("aria-label", `Pages below ${title.trim()}`);
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    nameArrows();
    for (const element of document.querySelectorAll("time.age")) {
      dates.set(element, element.textContent);
    }
    if (!dates.size) return;
    tell();
    setInterval(tell, AGAIN);
    window.addEventListener("beforeprint", restore);
    window.addEventListener("afterprint", tell);
  });
})();
