/* Comparing runs: a reader chooses which of them stand side by side, and which is the reference.

   Everything that is said was worked out and written as text by `site/compare.py`, which also
   makes the page as it is without this script; here it is only chosen and put in place.
   `#runs=default,strict&figure=volcano` in the address is what is shown, the reference first.
   Text from data goes in as text or as an attribute, never as HTML. */
(function () {
  "use strict";

  const WIDTH = 720; // of a still picture
  const report = (window.analysisReport = window.analysisReport || {});
  const element = (...parts) => report.gene.element(...parts);
  const paragraph = (words) => element("p", {}, words);
  const code = (words) => element("code", {}, words);
  const stamp = (words, kind) => element("span", { class: `stamp stamp-${kind}` }, words);
  const counted = (count) => count.toLocaleString("en");

  class Comparison {
    constructor(place, content) {
      Object.assign(this, content);
      this.address = place.dataset.genes;
      const parts = [...document.querySelectorAll("[data-part]")];
      this.parts = Object.fromEntries(parts.map((part) => [part.dataset.part, part]));
      this.buildChoices();
      this.buildFigures();
      window.addEventListener("hashchange", () => this.read());
      this.read();
    }

    // ---- choosing

    buildChoices() {
      this.status = element("p", { role: "status" });
      this.choices = this.runs.map((run) => this.choice(run));
      const legend = element("legend", {}, "Choose two runs or more, and the reference");
      const rows = this.choices.map(({ row }) => row);
      const form = element("fieldset", { class: "ar-compare-runs" }, [legend, ...rows]);
      form.addEventListener("change", (event) => this.changed(event.target));
      this.parts.runs.replaceChildren(form, this.status);
    }

    choice(run) {
      const box = element("input", { type: "checkbox" });
      const radio = element("input", { type: "radio", name: "ar-reference" });
      radio.setAttribute("aria-label", `reference: ${run.name}`);
      const since = run.since ? [element("small", {}, `Changed since: ${run.since}`)] : [];
      const row = element("div", {}, [
        element("label", {}, [box, element("b", {}, run.name)]),
        element("label", {}, [radio, "reference"]),
        element("span", { class: "stamps" }, run.stamps.map(([words, kind]) => stamp(words, kind))),
        element("small", {}, run.started),
        element("a", { href: run.page, "aria-label": `The page of ${run.name}` }, "its page"),
        ...since,
      ]);
      return { row, box, radio };
    }

    // The reference is one of the runs: to choose it is to choose its run, too.
    changed(field) {
      const at = this.choices.findIndex(({ box, radio }) => field === box || field === radio);
      if (field === this.choices[at].radio) this.choices[at].box.checked = true;
      const chosen = this.choices.flatMap(({ box }, i) => (box.checked ? [i] : []));
      const marked = this.choices.findIndex(({ radio }) => radio.checked);
      const first = chosen.includes(marked) ? marked : chosen[0];
      this.go([...chosen.filter((i) => i === first), ...chosen.filter((i) => i !== first)]);
    }

    go(picks, figure = this.figure) {
      const names = picks.map((at) => this.runs[at].name).join(",");
      history.replaceState(null, "", `#runs=${names}${figure ? `&figure=${figure}` : ""}`);
      this.read();
    }

    read() {
      const asked = new URLSearchParams(location.hash.slice(1));
      const names = (asked.get("runs") || "").split(",").filter(Boolean);
      const found = names.map((name) => this.runs.findIndex((run) => run.name === name));
      const first = this.runs.map((run, at) => at).slice(0, this.shown);
      this.picks = asked.has("runs") ? [...new Set(found.filter((at) => at >= 0))] : first;
      this.figure = asked.get("figure") || "";
      this.show(names.filter((name, i) => found[i] < 0));
    }

    show(missing) {
      const enough = this.picks.length > 1;
      this.choices.forEach(({ box, radio }, at) => {
        box.checked = this.picks.includes(at);
        radio.checked = at === this.picks[0];
      });
      const [reference, ...others] = this.picks.map((at) => this.runs[at].name);
      const strange = missing.map((name) => `There is no run “${name}” here. `).join("");
      const told = enough ? `${others.join(", ")} beside ${reference}.` : "Choose two runs or more.";
      this.status.textContent = strange + told;
      for (const name of ["parameters", "made", "metrics", "genes"]) {
        this.parts[name].replaceChildren(...(enough ? this[`${name}Part`]() : [paragraph("–")]));
      }
      this.showFigures(enough);
    }

    // ---- what the runs were made from

    parametersPart() {
      const rows = this.differing(this.parameters);
      const cells = rows.map((row) => [
        [code(row.name), element("small", {}, row.about)],
        ...this.picks.map((at) => {
          const changed = row.changed[at] ? [" ", stamp("changed", "changed")] : [];
          return [code(row.values[at]), ...changed];
        }),
      ]);
      const same = `${this.total - rows.length} of ${this.total} parameters are the same.`;
      return [...this.table("Parameter", cells), paragraph(same)];
    }

    madePart() {
      const rows = this.differing(this.made);
      const cells = rows.map((row) => [
        [row.name],
        ...this.picks.map((at) => [code(row.values[at])]),
      ]);
      const kinds = rows.map((row) => row.kind);
      const same = ["data", "versions"].filter((kind) => !kinds.includes(kind));
      const words = same.map((kind) => this.words[kind]).join(" ");
      return [...this.table("What", cells), ...(words ? [paragraph(words)] : [])];
    }

    differing(rows) {
      return rows.filter((row) => new Set(this.picks.map((at) => row.groups[at])).size > 1);
    }

    // ---- what came of them

    metricsPart() {
      const [reference, ...others] = this.picks;
      const verdicts = (metric) => others.map((at) => this.against(metric, reference, at)[1]);
      const differs = (metric) => verdicts(metric).some((verdict) => verdict !== "equal");
      const unequal = this.metrics.filter(differs);
      const same = this.metrics.filter((metric) => !differs(metric));
      const counts = others.map((at) => element("li", {}, this.counts(reference, at)));
      const title = element("summary", {}, `${same.length} metrics that are the same`);
      const rest = same.length ? [element("details", {}, [title, ...this.metricTable(same)])] : [];
      const note = element("p", { class: "ar-compare-note" }, this.words.note);
      return [element("ul", {}, counts), ...this.metricTable(unequal), ...rest, note];
    }

    counts(reference, at) {
      const found = this.metrics.map((metric) => this.against(metric, reference, at)[1]);
      const count = (verdict) => found.filter((each) => each === verdict).length;
      const unequal = this.verdicts.filter((verdict) => verdict !== "equal" && count(verdict));
      const told = unequal.map((verdict) => `${count(verdict)} ${verdict}`).join(", ");
      const differing = `${found.length - count("equal")} of ${found.length} metrics differ`;
      const names = `${this.runs[at].name} against ${this.runs[reference].name}`;
      return `${names}: ${differing}${told && ` (${told})`}.`;
    }

    metricTable(metrics) {
      const cells = metrics.map((metric) => [
        [element(metric.headline ? "b" : "span", {}, metric.label)],
        ...this.picks.map((at) => this.metricCell(metric, at)),
      ]);
      return this.table("Metric", cells);
    }

    metricCell(metric, at) {
      const [value, interval, full] = metric.values[at] || ["–", "", ""];
      const title = full ? { title: full } : {};
      const cell = [element("span", { class: "ar-compare-value", ...title }, value)];
      if (interval) cell.push(" ", element("small", {}, interval));
      if (at === this.picks[0]) return cell;
      const [change, verdict] = this.against(metric, this.picks[0], at);
      const kind = `ar-verdict ar-${verdict.replace(" ", "-")}`;
      const words = [`${change} `, element("span", { class: kind }, verdict)];
      return [...cell, " ", element("span", { class: "ar-compare-change" }, words)];
    }

    // Stored for every two runs once: a verdict is the same from both, a difference turns round.
    against(metric, reference, at) {
      const [low, high] = [Math.min(reference, at), Math.max(reference, at)];
      const [change, verdict] = metric.against[low][high - low - 1];
      const turned = { "+": "−", "−": "+" }[change[0]] + change.slice(1);
      return [reference < at || !change ? change : turned, this.verdicts[verdict]];
    }

    genesPart() {
      const pairs = this.genes.filter((pair) => pair.runs.every((at) => this.picks.includes(at)));
      if (!this.genes.length) return [paragraph(this.words["no genes"])];
      const meant = this.picks.map((at) => {
        const run = this.runs[at];
        return element("li", {}, [element("b", {}, run.name), `: ${run.genes || this.words["no words"]}`]);
      });
      return [element("ul", {}, meant), ...pairs.map((pair) => this.genePair(pair))];
    }

    genePair(pair) {
      const sides = pair.runs[1] === this.picks[0] ? [1, 0] : [0, 1]; // the reference first
      const [one, other] = sides.map((side) => this.runs[pair.runs[side]].name);
      const [ours, theirs] = sides.map((side) => counted(pair.sizes[side]));
      const common = `${counted(pair.common)} in common, Jaccard index ${pair.jaccard}.`;
      const [left, right] = sides.map((side) => pair.sizes[side] - pair.common);
      const bar = [left, pair.common, right].map((width) => {
        const part = element("i", {});
        part.style.flexGrow = width;
        return part;
      });
      return element("div", { class: "ar-compare-pair" }, [
        paragraph(`${one} chose ${ours} genes and ${other} ${theirs}: ${common}`),
        element("div", { class: "ar-overlap", "aria-hidden": "true" }, bar),
        this.only(pair, sides[0], one, other),
        this.only(pair, sides[1], other, one),
      ]);
    }

    only(pair, side, here, there) {
      const names = pair.only[side].flatMap((name, i) => [
        i ? ", " : "",
        element("a", { href: `${this.address}#gene=${encodeURIComponent(name)}` }, name),
      ]);
      const count = counted(pair.sizes[side] - pair.common);
      const more = pair.more[side] ? ` and ${counted(pair.more[side])} more` : "";
      const unknown = pair.unknown[side];
      const strange = unknown ? ` (${counted(unknown)} of them ${there} does not know)` : "";
      const shown = names.length ? names : ["none"];
      return element("p", {}, [`Only in ${here}, ${count}: `, ...shown, `${more}${strange}.`]);
    }

    // ---- the same figure beside the other

    buildFigures() {
      this.select = element("select", { id: "ar-compare-figure" });
      this.select.addEventListener("change", () => this.go(this.picks, this.select.value));
      this.chooser = element("p", { class: "ar-tools" }, [
        element("label", { for: this.select.id }, "Figure"),
        this.select,
      ]);
      this.sides = element("div", {});
      this.parts.figures.replaceChildren(this.chooser, this.sides);
    }

    showFigures(enough) {
      const have = (name) => this.picks.every((at) => Object.hasOwn(this.runs[at].figures, name));
      const names = enough ? this.figures.filter(have) : [];
      const { figures } = this.runs[this.picks[0] || 0];
      const option = (name) => element("option", { value: name }, figures[name].title);
      this.select.replaceChildren(...names.map(option));
      this.chooser.hidden = !names.length;
      const name = names.includes(this.figure) ? this.figure : names[0];
      if (!name) return this.sides.replaceChildren(paragraph(enough ? this.words["no figures"] : "–"));
      this.select.value = name;
      const sides = this.picks.map((at) => this.side(this.runs[at], name));
      const shown = element("div", { class: "ar-sides" }, sides);
      this.sides.replaceChildren(paragraph(this.words.axes), shown);
    }

    side(run, name) {
      const { still, alt, caption, height } = run.figures[name];
      const size = { width: WIDTH, height };
      const picture = still
        ? element("img", { src: still, alt, ...size })
        : paragraph(this.words["no still"]);
      const link = element("a", { href: `${run.page}#figure-${name}` }, this.words.interactive);
      const words = [element("b", {}, run.name), ` ${caption} `, link];
      return element("figure", {}, [element("figcaption", {}, words), picture]);
    }

    // ---- tables, as `markup.table` writes them

    table(first, rows) {
      if (!rows.length) return [];
      const names = this.picks.map((at) => this.runs[at].name);
      const head = [first, `${names[0]} (reference)`, ...names.slice(1)];
      const titles = head.map((title) => element("th", { scope: "col" }, title));
      const body = rows.map((row) =>
        element("tr", {}, row.map((cell, i) =>
          element("td", { "data-label": head[i] }, [element("div", {}, cell)]),
        )),
      );
      const label = `${first}: ${names.join(" beside ")}`;
      const inner = element("table", { "aria-label": label }, [
        element("thead", {}, [element("tr", {}, titles)]),
        element("tbody", {}, body),
      ]);
      return [element("div", { class: "facts" }, [inner])];
    }
  }

  async function begin(place) {
    try {
      const content = await report.load(place.dataset.compare);
      if (!content) throw new Error("the numbers of the runs are damaged");
      new Comparison(place, content);
    } catch (error) {
      const words = `Other runs cannot be chosen here: ${error.message}.`;
      place.append(element("p", { class: "ar-message", role: "status" }, words));
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    report.compare = report.table; // what a script brings arrives in the same way
    document.querySelectorAll("[data-compare]").forEach(begin);
  });
})();
