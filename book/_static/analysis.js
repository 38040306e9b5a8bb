/* Figures of the report: drawn when they come near, in the colours of the page.

   A figure brings its data as a script, because a page opened from disk may load scripts and
   nothing else. Until a figure is drawn, on paper, and when anything fails, its still picture
   is there. */
(function () {
  "use strict";

  const PLOTLY = new URL("../files/plotly.min.js", document.currentScript.src).href;
  const NEAR = "600px 0px";
  const BUTTONS = {
    flat: ["zoom2d", "pan2d", "resetScale2d"],
    space: ["orbitRotation", "pan3d", "zoom3d", "resetCameraDefault3d"],
  };
  const NOTHING = "#EEF4FA"; // in stored figures: as if there were nothing
  const narrow = window.matchMedia("(max-width: 600px)");
  const finger = window.matchMedia("(pointer: coarse)");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const ROUND = 36; // seconds that a figure takes to turn once

  const report = (window.analysisReport = window.analysisReport || {});
  const arrived = new WeakMap(); // script element → what it brought
  const specs = new WeakMap(); // figure element → its data and layout as they were stored
  const drawing = new Map(); // figure element → the promise of its drawing
  const near = new Set(); // figures near the visible part of the page
  const turning = new Map(); // figure element → ends its turning
  const listening = new WeakSet(); // linked figures whose clicks are heard
  let library = null;

  // A data script calls one of these; which element asked for it is known by the script.
  report.figure = report.table = function (key, content) {
    arrived.set(document.currentScript, content);
  };

  report.load = function (address) {
    return new Promise(function (resolve, reject) {
      const script = document.createElement("script");
      const file = address.split("/").pop();
      script.onload = () => resolve(arrived.get(script));
      script.onerror = () => reject(new Error(`${file} could not be loaded`));
      script.src = address;
      document.head.append(script);
    });
  };

  function plotly() {
    library = library || report.load(PLOTLY).then(() => {
      if (!window.Plotly) throw new Error("plotly.min.js is damaged");
      return window.Plotly;
    });
    return library;
  }

  async function specOf(figure) {
    if (!specs.has(figure)) {
      const spec = await report.load(figure.dataset.src);
      if (!spec) throw new Error("the figure's data are damaged");
      specs.set(figure, spec);
    }
    return specs.get(figure);
  }

  // ---- drawing

  function draw(figure) {
    if (figure.dataset.drawn === "true" || figure.dataset.failed) return Promise.resolve();
    if (!drawing.has(figure)) {
      drawing.set(figure, attempt(figure).finally(() => drawing.delete(figure)));
    }
    return drawing.get(figure);
  }

  async function attempt(figure) {
    try {
      await Promise.all([plotly(), specOf(figure)]);
      await render(figure);
      figure.dataset.drawn = "true";
    } catch (error) {
      fail(figure, error);
    }
    if (!near.has(figure)) sleep(figure);
  }

  async function render(figure) {
    const spec = specs.get(figure);
    const space = has(spec, "3d");
    if ((space || has(spec, "gl")) && !webgl()) throw new Error("this browser has no WebGL");
    const look = colours(figure);
    const layout = themed(spec.layout, look);
    layout.uirevision = "kept"; // zoom and turn survive a change of colours
    if (finger.matches && !space && document.fullscreenElement !== figure) {
      layout.dragmode = false; // a finger on the figure scrolls the page
    }
    const traces = spec.data.map((trace) => dimmed(inked(trace, look)));
    await window.Plotly.react(plotOf(figure), traces, layout, {
      responsive: true,
      displaylogo: false,
      typesetMath: false,
      modeBarButtons: [space ? BUTTONS.space : BUTTONS.flat],
      scrollZoom: false,
    });
    if (linked(figure)) listen(figure);
  }

  // A trace in the colours of the page: what is dark on white is brighter on black.
  function inked(trace, look) {
    const instead = {
      "#0072B2": look.blue,
      "#D55E00": look.vermilion,
      "#333333": look.ink,
      [NOTHING]: look.surface, // nothing, on a scale of colours
    };
    const swap = (colour) => (Array.isArray(colour) ? colour.map(swap) : instead[colour] || colour);
    const made = { ...trace };
    for (const part of ["marker", "line", "error_x", "error_y"]) {
      if (made[part] && made[part].color) {
        made[part] = { ...made[part], color: swap(made[part].color) };
      }
    }
    if (trace.type === "heatmap") {
      made.colorscale = trace.colorscale.map(([at, colour]) => [at, swap(colour)]);
    }
    return made;
  }

  function themed(stored, look) {
    const layout = structuredClone(stored);
    delete layout.height; // the page has reserved it, and the full screen has another
    layout.autosize = true;
    layout.font = { ...layout.font, color: look.ink, family: look.family };
    layout.hoverlabel = {
      ...layout.hoverlabel,
      bgcolor: look.ground,
      bordercolor: look.edge,
      font: { color: look.ink, family: look.family, size: 13 },
    };
    layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: look.muted, activecolor: look.ink };
    const grid = { gridcolor: look.grid, zerolinecolor: look.zero, linecolor: look.zero };
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(name)) Object.assign(layout[name], grid);
      if (/^scene\d*$/.test(name)) {
        for (const axis of ["xaxis", "yaxis", "zaxis"]) {
          const lines = { gridcolor: look.edge, zerolinecolor: look.edge, linecolor: look.edge };
          layout[name][axis] = { ...layout[name][axis], ...lines, color: look.ink };
        }
        if (narrow.matches) stepBack(layout[name].camera.eye);
      }
    }
    for (const note of layout.annotations || []) {
      if (note.bgcolor === NOTHING) note.bgcolor = look.ground; // lines pass behind its words
    }
    if (narrow.matches) {
      const { axes } = (layout.meta && layout.meta.narrow) || {};
      for (const name of Object.keys(axes || {})) Object.assign(layout[name], axes[name]);
      layout.font.size = 11;
      layout.margin = { ...layout.margin, l: 44, r: 8 };
      layout.legend = { ...layout.legend, font: { size: 11 } };
    }
    return layout;
  }

  function stepBack(eye) {
    for (const axis of ["x", "y", "z"]) eye[axis] *= 1.4;
  }

  function colours(figure) {
    const style = getComputedStyle(figure);
    const look = { family: style.fontFamily };
    for (const name of ["ink", "muted", "ground", "surface", "edge", "grid", "zero", "blue", "vermilion"]) {
      look[name] = style.getPropertyValue(`--ar-${name}`).trim();
    }
    return look;
  }

  // A browser gives a page a dozen or so WebGL contexts: a figure out of sight gives its back.
  function sleep(figure) {
    const spec = specs.get(figure);
    if (figure.dataset.drawn !== "true" || !(has(spec, "gl") || has(spec, "3d"))) return;
    if (document.fullscreenElement) return;
    stop(figure);
    const canvases = [...plotOf(figure).querySelectorAll("canvas")];
    window.Plotly.purge(plotOf(figure)); // and with it what listens to it
    listening.delete(figure);
    for (const canvas of canvases) {
      const context = canvas.getContext("webgl") || canvas.getContext("webgl2");
      const extension = context && context.getExtension("WEBGL_lose_context");
      if (extension) extension.loseContext();
    }
    figure.dataset.drawn = "asleep";
  }

  function fail(figure, error) {
    figure.dataset.failed = "true";
    const message = document.createElement("p");
    message.className = "ar-message";
    message.setAttribute("role", "status");
    message.textContent = `Not interactive here: ${error.message}. This is its still picture.`;
    figure.querySelector(".ar-canvas").after(message);
  }

  function has(spec, ending) {
    return spec.data.some((trace) => (trace.type || "").endsWith(ending));
  }

  function webgl() {
    const context = document.createElement("canvas").getContext("webgl");
    const extension = context && context.getExtension("WEBGL_lose_context");
    if (extension) extension.loseContext();
    return Boolean(context);
  }

  function plotOf(figure) {
    return figure.querySelector(".ar-plot");
  }

  function renderAll() {
    for (const figure of document.querySelectorAll('.ar-figure[data-drawn="true"]')) {
      render(figure).catch((error) => fail(figure, error));
    }
  }

  // ---- buttons

  const ACTIONS = {
    png: (figure) => download(figure, "png"),
    svg: (figure) => download(figure, "svg"),
    turn: (figure) => (turning.has(figure) ? stop(figure) : turn(figure)),
    full: (figure) =>
      document.fullscreenElement ? document.exitFullscreen() : figure.requestFullscreen(),
  };

  // As stored, on white: what people put into a paper does not depend on the page's colours.
  function download(figure, format) {
    const spec = specs.get(figure);
    const layout = structuredClone(spec.layout);
    layout.font = { ...layout.font, color: "#222222" };
    layout.paper_bgcolor = "#FFFFFF";
    return window.Plotly.downloadImage(
      { data: spec.data.map((trace) => ({ ...trace })), layout, config: { typesetMath: false } },
      {
        format,
        filename: figure.dataset.name,
        width: 900,
        height: Math.round((spec.layout.height || 440) * 1.1),
        scale: format === "png" ? 2 : 1,
      },
    );
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest(".ar-figure button[data-do]");
    if (!button) return;
    const figure = button.closest(".ar-figure");
    near.add(figure); // whoever presses it is there: it must not fall asleep at once
    draw(figure)
      .then(() => ACTIONS[button.dataset.do](figure))
      .catch((error) => fail(figure, error));
  });

  // ---- turning: never by itself, and only as long as somebody looks and does not hold it

  function turn(figure) {
    const plot = plotOf(figure);
    const ended = new AbortController();
    const unseen = new IntersectionObserver(([entry]) => entry.isIntersecting || stop(figure));
    let before = performance.now();
    let frame = requestAnimationFrame(step);

    function step(now) {
      const { camera } = plot._fullLayout.scene;
      const angle = ((2 * Math.PI) / ROUND) * Math.min((now - before) / 1000, 0.1);
      before = now;
      window.Plotly.relayout(plot, { "scene.camera": turned(camera, angle) });
      frame = requestAnimationFrame(step);
    }

    ended.signal.addEventListener("abort", function () {
      cancelAnimationFrame(frame);
      unseen.disconnect();
    });
    for (const kind of ["pointerdown", "wheel", "touchstart"]) {
      const how = { signal: ended.signal, capture: true, passive: true };
      plot.addEventListener(kind, () => stop(figure), how);
    }
    unseen.observe(plot);
    turning.set(figure, ended);
    tell(figure, "Stop");
  }

  function stop(figure) {
    if (!turning.has(figure)) return;
    turning.get(figure).abort();
    turning.delete(figure);
    tell(figure, "Turn");
  }

  function tell(figure, label) {
    figure.querySelector('button[data-do="turn"]').textContent = label;
  }

  // About the upright axis, from wherever the reader has turned and zoomed it to.
  function turned(camera, angle) {
    const { x, y, z } = camera.eye;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const eye = { x: x * cos - y * sin, y: x * sin + y * cos, z };
    return { up: camera.up, center: camera.center, projection: camera.projection, eye };
  }

  calm.addEventListener("change", () => [...turning.keys()].forEach(stop));

  // ---- linked figures: what is chosen in one stands out in all of them

  const DIM = 0.08;
  let chosen = ""; // such as "line:Pvalb"; nothing: all are equal
  let chooser = null; // the figure in which it was chosen, where changes are told
  let hit = false; // whether the last press was upon a point

  function linked(figure) {
    const { meta } = specs.get(figure).layout;
    return Boolean(meta && meta.linked);
  }

  // A trace knows what all of its points have in common, or of each what it is; of another
  // field it says nothing.
  function dimmed(trace) {
    const [field, value] = parts(chosen);
    if (!chosen || !trace.meta || !(field in trace.meta) || trace.meta[field] === value) {
      return trace;
    }
    const each = trace.meta[field];
    if ((trace.mode || "").includes("lines")) return { ...trace, opacity: DIM };
    const opacity = Array.isArray(each) ? each.map((own) => (own === value ? 1 : DIM)) : DIM;
    return { ...trace, marker: { ...trace.marker, opacity } };
  }

  function meant(trace, field, at) {
    const own = (trace.meta || {})[field];
    return Array.isArray(own) ? own[at] : own;
  }

  function parts(choice) {
    const at = choice.indexOf(":");
    return [choice.slice(0, at), choice.slice(at + 1)];
  }

  function listen(figure) {
    if (listening.has(figure)) return;
    listening.add(figure);
    const plot = plotOf(figure);
    const { choices } = specs.get(figure).layout.meta;
    const [main, colour] = [choices[0].field, choices.at(-1).field];
    plot.on("plotly_click", function (event) {
      hit = true;
      const { data, pointIndex } = event.points[0];
      const value = meant(data, main, pointIndex);
      if (value !== undefined) toggle(figure, `${main}:${value}`);
    });
    plot.on("plotly_legendclick", function (event) {
      const own = event.data[event.curveNumber].meta || {};
      if (typeof own[colour] === "string") toggle(figure, `${colour}:${own[colour]}`);
      return false; // nothing is hidden
    });
    plot.on("plotly_legenddoubleclick", () => false);
  }

  function toggle(figure, choice) {
    choose(figure, chosen === choice ? "" : choice);
  }

  function choose(figure, choice) {
    [chooser, chosen] = [figure, choice];
    for (const each of document.querySelectorAll(".ar-figure")) {
      const select = each.querySelector('select[data-do="pick"]');
      if (!select) continue;
      select.value = choice;
      const here = select.selectedIndex >= 0; // a figure can be without that line
      if (!here) select.value = "";
      const told = each === figure || !here; // once, and where the line is missed
      each.querySelector(".ar-chosen").textContent = told ? words(select, here) : "";
      if (each.dataset.drawn === "true") render(each).catch((error) => fail(each, error));
    }
  }

  function words(select, here) {
    if (!chosen) return "All are shown.";
    if (!here) return `There is no ${parts(chosen)[1]} here.`;
    return `${select.selectedOptions[0].textContent} stands out.`;
  }

  document.addEventListener("change", function (event) {
    if (!event.target.matches('.ar-figure select[data-do="pick"]')) return;
    choose(event.target.closest(".ar-figure"), event.target.value);
  });

  document.addEventListener("pointerdown", () => (hit = false), { capture: true });
  document.addEventListener("click", function (event) {
    const figure = event.target.closest(".ar-figure");
    if (chosen && !hit && figure && event.target.matches(".nsewdrag") && linked(figure)) {
      choose(figure, "");
    }
  });

  document.addEventListener("keydown", function (event) {
    if (chosen && event.key === "Escape" && !event.defaultPrevented) choose(chooser, "");
  });

  // ---- start

  document.documentElement.classList.add("ar-ready");
  document.addEventListener("DOMContentLoaded", function () {
    const observer = new IntersectionObserver(
      function (entries) {
        for (const entry of entries) {
          near[entry.isIntersecting ? "add" : "delete"](entry.target);
          if (entry.isIntersecting) draw(entry.target);
          else sleep(entry.target);
        }
      },
      { rootMargin: NEAR },
    );
    document.querySelectorAll(".ar-figure").forEach((figure) => observer.observe(figure));
    new MutationObserver(renderAll).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
    narrow.addEventListener("change", renderAll);
    document.addEventListener("fullscreenchange", function () {
      for (const figure of document.querySelectorAll('.ar-figure[data-drawn="true"]')) {
        window.Plotly.Plots.resize(plotOf(figure));
      }
    });
  });
})();
