/* What a lookup shows of one gene: its facts, its coefficients as bars, predicted against observed.

   Drawn by hand: the plotting library would take longer to load than the gene. Text from data
   goes in as text or as an attribute, never as HTML. */
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 420;
  const HEIGHT = 412;
  const [LEFT, RIGHT, TOP, BOTTOM] = [56, WIDTH - 12, 12, HEIGHT - 48]; // of the plot's frame
  const DIGITS = 4;
  const MARKS = [
    "M-4.2,0a4.2,4.2 0 1,0 8.4,0a4.2,4.2 0 1,0 -8.4,0z", // circle
    "M-3.8,-3.8h7.6v7.6h-7.6z", // square
    "M0,-4.8L4.8,3.8H-4.8z", // triangle
    "M0,-5.4L5.4,0L0,5.4L-5.4,0z", // diamond
  ];

  function answer(content, gene) {
    const title = element("h2", { tabindex: "-1" }, gene.name);
    if (gene.id) title.append(" ", element("small", {}, `id ${gene.id}`));
    const facts = content.columns.map((label, i) =>
      element("div", {}, [
        element("dt", {}, label),
        element("dd", {}, written(gene.facts[i], content.kinds[i])),
      ]),
    );
    const parts = element("div", { class: "ar-gene-parts" }, [
      bars(content, gene),
      scatter(content, gene),
    ]);
    return [title, element("dl", { class: "ar-gene-facts" }, facts), parts, samples(content, gene)];
  }

  // A bar goes left or right of the middle; the longest takes half of the room.
  function bars(content, gene) {
    const most = Math.max(...gene.coefficients.map(Math.abs));
    const rows = content.features.map((feature, i) => {
      const value = gene.coefficients[i];
      const bar = element("span", { class: value < 0 ? "ar-bar ar-negative" : "ar-bar" });
      bar.style.width = `${most > 0 ? (50 * Math.abs(value)) / most : 0}%`;
      return element("tr", value ? {} : { class: "ar-nought" }, [
        element("th", { scope: "row" }, feature),
        element("td", { class: "ar-bars", "aria-hidden": "true" }, [bar]),
        element("td", { class: "ar-num" }, written(value)),
      ]);
    });
    const unit = content.coefficient_units;
    const kept = gene.coefficients.filter(Boolean).length;
    const words = `Coefficients${unit && `, ${unit}`}: ${kept} of ${rows.length} are not zero`;
    return element("table", { class: "ar-gene-bars" }, [
      element("caption", {}, words),
      element("tbody", {}, rows),
    ]);
  }

  function samples(content, gene) {
    const heads = [content.sample, "group", "observed", "predicted"].map((head, i) =>
      element("th", { scope: "col", class: i > 1 ? "ar-num" : "ar-text" }, head),
    );
    const rows = content.samples.map((name, i) =>
      element("tr", {}, [
        element("th", { scope: "row" }, name),
        element("td", {}, groupName(content.groups[i])),
        element("td", { class: "ar-num" }, written(gene.observed[i])),
        element("td", { class: "ar-num" }, written(gene.predicted[i])),
      ]),
    );
    const table = element("table", {}, [
      element("caption", {}, `${gene.name}, ${content.units}`),
      element("thead", {}, [element("tr", {}, heads)]),
      element("tbody", {}, rows),
    ]);
    const label = `Observed and predicted, ${gene.name}`;
    const room = { class: "ar-scroll", role: "region", tabindex: "0", "aria-label": label };
    return element("details", { class: "ar-gene-samples" }, [
      element("summary", {}, `Observed and predicted of every ${content.sample}`),
      element("div", room, [table]),
    ]);
  }

  // ---- predicted against observed

  function scatter(content, gene) {
    const values = content.samples.map((name, i) => {
      return { name, group: content.groups[i], x: gene.observed[i], y: gene.predicted[i] };
    });
    const points = values.filter(({ x, y }) => x !== null && y !== null);
    const [low, high] = span(points.flatMap(({ x, y }) => [x, y]));
    const across = (value) => LEFT + ((value - low) / (high - low)) * (RIGHT - LEFT);
    const up = (value) => BOTTOM - ((value - low) / (high - low)) * (BOTTOM - TOP);
    const groups = [...new Set(content.groups)].sort();
    const drawn = `${points.length} of ${values.length} points`;
    const svg = shape("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": `Predicted against observed ${gene.name}, ${drawn}. The table has the values.`,
    });
    svg.append(...axes(content.units, ticks(low, high), across, up));
    svg.append(line("ar-identity", `M${LEFT},${BOTTOM}L${RIGHT},${TOP}`));
    for (const point of points) {
      const mark = markOf(groups, point.group);
      mark.setAttribute("transform", `translate(${across(point.x)} ${up(point.y)})`);
      mark.dataset.told = told(point);
      mark.append(shape("title", {}, told(point)));
      svg.append(mark);
    }
    return figure(svg, groups, points.length < values.length ? `${drawn} have both values. ` : "");
  }

  function axes(units, values, across, up) {
    const middle = { "text-anchor": "middle" };
    const side = { transform: `translate(14 ${(TOP + BOTTOM) / 2}) rotate(-90)`, ...middle };
    return [
      ...values.flatMap((at) => [
        line("ar-grid", `M${across(at)},${TOP}V${BOTTOM}M${LEFT},${up(at)}H${RIGHT}`),
        shape("text", { x: across(at), y: BOTTOM + 18, ...middle }, String(at)),
        shape("text", { x: LEFT - 8, y: up(at) + 4, "text-anchor": "end" }, String(at)),
      ]),
      shape("text", { x: (LEFT + RIGHT) / 2, y: HEIGHT - 8, ...middle }, `observed, ${units}`),
      shape("text", side, `predicted, ${units}`),
    ];
  }

  function line(kind, path) {
    return shape("path", { class: kind, d: path });
  }

  function figure(svg, groups, note) {
    const hint = `${note}The broken line is where prediction and observation agree.`;
    const words = element("p", { class: "ar-gene-point", "aria-hidden": "true" }, hint);
    svg.addEventListener("pointerover", (event) => {
      words.textContent = event.target.dataset.told || hint;
    });
    svg.addEventListener("pointerleave", () => (words.textContent = hint));
    const legend = groups.map((group) => {
      const mark = shape("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" });
      mark.append(markOf(groups, group));
      return element("li", {}, [mark, groupName(group)]);
    });
    return element("figure", { class: "ar-gene-plot" }, [svg, element("ul", {}, legend), words]);
  }

  function told({ name, group, x, y }) {
    return `${name} (${groupName(group)}): observed ${written(x)}, predicted ${written(y)}`;
  }

  function groupName(group) {
    return group || "group not known";
  }

  // A form beside the colour, so that no colour has to be told from another.
  function markOf(groups, group) {
    const at = groups.filter(Boolean).indexOf(group);
    const kind = at < 0 ? "ar-mark" : `ar-mark ar-mark-${at % MARKS.length}`;
    return shape("path", { class: kind, d: MARKS[(at + MARKS.length) % MARKS.length] });
  }

  function span(values) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (!values.length) return [0, 1];
    const room = 0.06 * (high - low) || Math.abs(high) / 2 || 1;
    return [low - room, high + room];
  }

  function ticks(low, high) {
    const rough = (high - low) / 5;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * ten).find((s) => s >= rough);
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high; n += 1) {
      found.push(Number((n * step).toFixed(decimals)));
    }
    return found;
  }

  // ---- writing

  // The same writing as `text.number` in Python.
  function written(value, kind) {
    if (value === null) return "–";
    if (value === 0 || kind === "integer") return String(value);
    const [mantissa, exponent] = value.toExponential(DIGITS - 1).split("e");
    const size = Number(exponent);
    return size >= -4 && size < DIGITS ? value.toFixed(DIGITS - 1 - size) : `${mantissa}e${size}`;
  }

  function element(name, attributes, content) {
    return filled(document.createElement(name), attributes, content);
  }

  function shape(name, attributes, content) {
    return filled(document.createElementNS(SVG, name), attributes, content);
  }

  function filled(made, attributes, content = []) {
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...(Array.isArray(content) ? content : [content])); // a string becomes text
    return made;
  }

  // Put into `holder` what `started` makes of the index in a folder, or why there is none.
  async function begin(holder, folder, started) {
    report.lookup = report.table; // what a script brings arrives in the same way
    try {
      const content = await report.load(`${folder}/index.js`);
      if (!content) throw new Error("index.js is damaged");
      started(content);
    } catch (error) {
      const words = `Genes cannot be looked up here: ${error.message}.`;
      holder.replaceChildren(element("p", { class: "ar-message", role: "status" }, words));
    }
  }

  const report = (window.analysisReport = window.analysisReport || {});
  report.gene = { answer, begin, element, written };
})();
