/* The gene index: one gene, found by name, and what every run of the report knows of it.

   The names come with the page; what the runs know comes as a script of a few hundred genes when
   one of them is asked for. Text from data goes in as text or as an attribute, never as HTML. */
(function () {
  "use strict";

  const APART = "\n"; // of the names
  const [CHOSEN, LOOKED_UP] = [1, 2]; // marks of a fact
  const RELATED = 24; // genes named so that are linked
  const RUNS_NAMED = 6; // of those that do not know a gene

  const report = (window.analysisReport = window.analysisReport || {});
  const element = (...parts) => report.gene.element(...parts);

  function start(holder, content) {
    const { Search, Shards } = report.search;
    const genes = content.genes.split(APART);
    const also = content.also.split(APART);
    const names = new report.names.Names(genes, also, content.spellings);
    const shards = new Shards(holder.dataset.geneIndex);

    async function answer(i) {
      const number = shardOf(content.starts, i);
      const at = i - content.starts[number];
      const shard = await shards.of(number, at, genes[i]);
      const others = names.named(genes[i]).filter((other) => other !== i);
      const facts = shard.facts[at].map((fact) => read(fact, content.runs));
      return [
        title(genes[i], [...(content.spellings[i] || []), ...(also[i] ? [also[i]] : [])]),
        element("p", { class: "ar-gene-sum" }, inWords(facts, content.runs)),
        element("div", { class: "ar-facts" }, facts.map((fact) => card(genes[i], fact))),
        lacking(facts, content.runs),
        others.length ? related(genes, others) : "",
      ];
    }

    new Search(holder, names, {
      label: "Gene symbol, probe or description",
      hint: "Any spelling, another name or a word of the description will do.",
      examples: content.examples,
      note: (i) => also[i],
      found: (i) => `${genes[i]}: gene ${(i + 1).toLocaleString("en")} of ${names.total}.`,
      answer,
    });
  }

  // The last shard that does not begin after gene `i`.
  function shardOf(starts, i) {
    let [low, high] = [0, starts.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= i) low = middle;
      else high = middle;
    }
    return low;
  }

  function read([number, marks, role, ...rest], runs) {
    const run = runs[number];
    return {
      run,
      role,
      chosen: Boolean(marks & CHOSEN),
      lookedUp: Boolean(marks & LOOKED_UP),
      numbers: rest.slice(0, run.labels.length),
      name: rest[run.labels.length],
    };
  }

  function title(name, more) {
    const made = element("h2", { tabindex: "-1" }, name);
    if (more.length) made.append(" ", element("small", {}, `also ${more.join(", ")}`));
    return made;
  }

  function inWords(facts, runs) {
    const known = new Set(facts.map(({ run }) => run));
    const chosen = new Set(facts.filter((fact) => fact.chosen).map(({ run }) => run));
    return `Known to ${known.size} of ${counted(runs.length, "run")}, singled out in ${
      chosen.size || "none"
    }.`;
  }

  function lacking(facts, runs) {
    const known = new Set(facts.map(({ run }) => run));
    const others = runs.filter((run) => !known.has(run));
    if (!others.length) return "";
    const names = others.slice(0, RUNS_NAMED).map(({ study, name }) => `${study}, ${name}`);
    const rest = others.length - names.length;
    if (rest) names.push(counted(rest, "other run"));
    return element("p", { class: "ar-gene-sum" }, `Not among the genes of ${names.join("; ")}.`);
  }

  function card(gene, fact) {
    const { run } = fact;
    const heading = element("h3", {}, [
      element("a", { href: run.page }, run.study),
      " ",
      element("small", {}, run.name),
    ]);
    const stamps = run.stamps.map(([words, kind]) =>
      element("span", { class: `stamp stamp-${kind}` }, words),
    );
    const parts = [
      heading,
      element("p", { class: "stamps" }, stamps),
      roleOf(gene, fact),
      numbers(fact),
      singledOut(fact),
      fact.lookedUp ? lookup(fact.name || gene, run) : "",
    ];
    return element("section", { class: fact.chosen ? "ar-fact ar-singled" : "ar-fact" }, parts);
  }

  function roleOf(gene, { role, name, chosen }) {
    const parts = [element("strong", {}, role)];
    if (chosen) parts.push(" ", element("span", { class: "stamp stamp-singled" }, "singled out"));
    if (name) parts.push(element("small", {}, `called ${name} here`));
    return element("p", { class: "ar-role" }, parts);
  }

  function numbers({ run, numbers: values }) {
    const rows = run.labels.map((label, i) =>
      element("div", {}, [
        element("dt", {}, label),
        element("dd", {}, report.gene.written(values[i], run.kinds[i])),
      ]),
    );
    return rows.length ? element("dl", {}, rows) : "";
  }

  function singledOut({ run, chosen }) {
    const words = chosen ? "Singled out means here" : "Not singled out; that would mean";
    return run.words ? element("p", { class: "ar-why" }, `${words}: ${run.words}`) : "";
  }

  function lookup(name, run) {
    const href = `${run.lookup}#gene=${encodeURIComponent(name)}`;
    return element("p", { class: "ar-tools" }, [
      element("a", { href }, "Its model and its samples"),
    ]);
  }

  function related(genes, others) {
    const links = others
      .slice(0, RELATED)
      .map((i) => element("a", { href: `#gene=${encodeURIComponent(genes[i])}` }, genes[i]));
    const more = others.length - links.length;
    const words = `Others that are described so${more ? `, the first ${RELATED}` : ""}:`;
    return element("p", { class: "ar-tools" }, [element("span", {}, words), ...links]);
  }

  function counted(count, what) {
    return count === 1 ? `1 ${what}` : `${count} ${what}s`;
  }

  document.addEventListener("DOMContentLoaded", function () {
    document
      .querySelectorAll(".ar-genes[data-gene-index]")
      .forEach((holder) =>
        report.gene.begin(holder, holder.dataset.geneIndex, (content) => start(holder, content)),
      );
  });
})();
