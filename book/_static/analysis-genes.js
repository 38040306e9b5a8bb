/* The gene lookup of one run: one gene at a time, found by its symbol or its id.

   The symbols come with the page; the numbers come as a script of a hundred or so genes when one
   of them is asked for, and `analysis-gene.js` draws it. */
(function () {
  "use strict";

  const report = (window.analysisReport = window.analysisReport || {});

  function start(holder, content) {
    const { Search, Shards } = report.search;
    const names = new report.names.Names(content.genes, content.ids);
    const shards = new Shards(holder.dataset.lookup);
    const idOf = (i) => (content.ids[i] === content.genes[i] ? "" : content.ids[i]);

    async function answer(i) {
      const size = content.genes_per_shard;
      const at = i % size;
      const shard = await shards.of(Math.floor(i / size), at, content.genes[i]);
      const part = (key) => shard[key][at];
      return report.gene.answer(content, {
        name: content.genes[i],
        id: idOf(i),
        facts: part("facts"),
        coefficients: part("coefficients"),
        observed: part("observed"),
        predicted: part("predicted"),
      });
    }

    new Search(holder, names, {
      label: "Gene symbol or id",
      hint: "Type a symbol or an id.",
      examples: content.examples,
      note: idOf,
      found: (i) => `${content.genes[i]}: gene ${(i + 1).toLocaleString("en")} of ${names.total}.`,
      answer,
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document
      .querySelectorAll(".ar-genes[data-lookup]")
      .forEach((holder) =>
        report.gene.begin(holder, holder.dataset.lookup, (content) => start(holder, content)),
      );
    document.querySelectorAll(".ar-lookup form").forEach((form) =>
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        const query = form.querySelector("input").value.trim();
        const place = query && `#gene=${encodeURIComponent(query)}`;
        location.href = form.closest(".ar-lookup").dataset.page + place;
      }),
    );
  });
})();
