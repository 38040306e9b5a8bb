/* The gene lookup: one gene at a time, found by its symbol or its id.

   The symbols come with the page; the numbers come as a script of a hundred or so genes when one
   of them is asked for, and `analysis-gene.js` draws it. `#gene=Pvalb` in the address is the gene
   that is shown, so that every answer is a link. Text from data goes in as text or as an
   attribute, never as HTML. */
(function () {
  "use strict";

  const PLACE = "#gene=";
  const MOST = 8; // suggestions
  const LONGEST = 1000; // characters of a question
  const PAUSE = 150; // milliseconds between the last key and the answer

  const report = (window.analysisReport = window.analysisReport || {});
  const element = (...parts) => report.gene.element(...parts);

  // ---- finding

  class Genes {
    constructor(content) {
      this.names = content.genes;
      this.ids = content.ids;
      this.lower = this.names.map((name) => name.toLowerCase());
      this.exact = new Map(this.names.map((name, i) => [name, i]));
      this.lowerIds = this.ids.map((id) => id.toLowerCase());
      this.byId = new Map(this.lowerIds.map((id, i) => [id, i]));
      this.folded = new Map(); // without regard to case, more than one may be meant
      this.lower.forEach((name, i) => this.folded.set(name, [...(this.folded.get(name) || []), i]));
    }

    get total() {
      return `${this.names.length.toLocaleString("en")} genes`;
    }

    // The place of a gene, or −1.
    find(query) {
      if (!query) return -1;
      if (this.exact.has(query)) return this.exact.get(query);
      const alike = this.folded.get(query.toLowerCase()) || [];
      if (alike.length === 1) return alike[0];
      const id = this.byId.get(query.toLowerCase());
      return alike.length || id === undefined ? -1 : id;
    }

    // What may be meant: what begins so, then what is written much the same.
    suggest(query) {
      const wanted = query.toLowerCase();
      if (!wanted) return [];
      const found = [];
      for (const texts of [this.lower, this.lowerIds]) {
        for (let i = 0; i < texts.length && found.length < MOST; i += 1) {
          if (texts[i].startsWith(wanted) && !found.includes(i)) found.push(i);
        }
      }
      const most = Math.min(2, wanted.length - 1);
      if (found.length === MOST || !most) return found;
      const alike = this.lower
        .map((name, i) => [edits(wanted, name, most), i])
        .filter(([count, i]) => count <= most && !found.includes(i))
        .sort(([one, i], [other, j]) => one - other || i - j);
      return [...found, ...alike.map(([, i]) => i)].slice(0, MOST);
    }
  }

  // How many letters differ, a swap of neighbours being one; Infinity beyond `most`.
  function edits(one, other, most) {
    if (Math.abs(one.length - other.length) > most) return Infinity;
    let before = null;
    let last = Array.from({ length: other.length + 1 }, (_, j) => j);
    for (let i = 1; i <= one.length; i += 1) {
      const row = [i];
      for (let j = 1; j <= other.length; j += 1) {
        const changed = one[i - 1] === other[j - 1] ? 0 : 1;
        row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + changed);
        if (before && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
          row[j] = Math.min(row[j], before[j - 2] + 1);
        }
      }
      if (Math.min(...row) > most) return Infinity;
      [before, last] = [last, row];
    }
    return last[other.length] <= most ? last[other.length] : Infinity;
  }

  // ---- the page

  class Lookup {
    constructor(holder, content) {
      this.holder = holder;
      this.content = content;
      this.genes = new Genes(content);
      this.shards = new Map(); // number of a shard → the promise of it
      this.title = document.title;
      this.options = [];
      this.active = -1;
      this.turn = 0; // counts questions: what comes after the next one was asked is not shown
      this.build();
      window.addEventListener("hashchange", () => this.read());
      this.read();
    }

    build() {
      this.input = element("input", {
        id: "ar-gene",
        type: "text",
        role: "combobox",
        "aria-autocomplete": "list",
        "aria-controls": "ar-gene-list",
        "aria-expanded": "false",
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: "false",
      });
      this.list = element("ul", { id: "ar-gene-list", role: "listbox", "aria-label": "Genes" });
      this.list.hidden = true;
      this.status = element("p", { class: "ar-gene-status", role: "status" });
      this.before = element("a", { rel: "prev" });
      this.after = element("a", { rel: "next" });
      this.steps = element("nav", { class: "ar-tools", "aria-label": "Genes by symbol" }, [
        this.before,
        this.after,
      ]);
      this.steps.hidden = true;
      this.answer = element("div", { class: "ar-gene-answer" });
      const label = element("label", { for: "ar-gene" }, "Gene symbol or id");
      const box = element("div", { class: "ar-gene-box" }, [this.input, this.list]);
      this.holder.replaceChildren(label, box, this.status, this.steps, this.answer);

      this.input.addEventListener("input", () => this.typed());
      this.input.addEventListener("keydown", (event) => this.pressed(event));
      this.input.addEventListener("blur", () => this.close());
      this.list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) this.go(option.firstElementChild.textContent);
      });
    }

    // ---- typing

    typed() {
      const query = asked(this.input.value);
      this.options = this.genes.suggest(query);
      this.active = -1;
      this.list.replaceChildren(...this.options.map((i, at) => this.option(i, at)));
      this.open(this.options.length > 0);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const found = this.genes.find(query);
        if (query && found < 0) return; // half a symbol is not a wrong one
        const address = query ? place(this.genes.names[found]) : location.href.split("#")[0];
        history.replaceState(null, "", address);
        if (query) this.show(found);
        else this.start();
      }, PAUSE);
    }

    option(i, at) {
      const attributes = { id: `ar-gene-${at}`, role: "option", "aria-selected": "false" };
      const name = element("span", {}, this.genes.names[i]);
      return element("li", attributes, [name, " ", element("small", {}, this.idOf(i))]);
    }

    pressed(event) {
      const { key } = event;
      if (event.isComposing) return; // half a letter of another script
      if (key === "Escape" && !this.list.hidden) this.close();
      else if (key === "Escape") this.input.value = "";
      else if (key === "Enter") this.entered();
      else if ((key === "ArrowDown" || key === "ArrowUp") && this.options.length) {
        this.move(key === "ArrowDown" ? 1 : -1);
      } else return;
      event.preventDefault();
    }

    entered() {
      const query = asked(this.input.value);
      const found = this.active < 0 ? this.genes.find(query) : this.options[this.active];
      if (query) this.go(found < 0 ? query : this.genes.names[found]);
    }

    // One step beyond either end is the field itself.
    move(by) {
      const count = this.options.length + 1;
      this.open(true);
      this.active = ((this.active + 1 + by + count) % count) - 1;
      [...this.list.children].forEach((option, at) => {
        option.setAttribute("aria-selected", String(at === this.active));
        if (at === this.active) option.scrollIntoView({ block: "nearest" });
      });
      if (this.active < 0) this.input.removeAttribute("aria-activedescendant");
      else this.input.setAttribute("aria-activedescendant", `ar-gene-${this.active}`);
    }

    open(shown) {
      this.list.hidden = !shown;
      this.input.setAttribute("aria-expanded", String(shown));
      if (!shown || this.active < 0) this.input.removeAttribute("aria-activedescendant");
    }

    close() {
      this.active = -1;
      this.open(false);
    }

    // ---- the address

    go(name) {
      clearTimeout(this.timer);
      this.close();
      if (location.hash === new URL(place(name), location.href).hash) this.read();
      else location.hash = place(name);
    }

    read() {
      clearTimeout(this.timer);
      const query = location.hash.startsWith(PLACE) ? asked(decoded(location.hash)) : "";
      const found = this.genes.find(query);
      this.input.value = found < 0 ? query : this.genes.names[found];
      this.close();
      if (!query) this.start();
      else if (found < 0) this.unknown(query);
      else this.show(found);
    }

    // ---- answers

    start() {
      const { examples } = this.content;
      this.turn += 1;
      this.tell(`${this.genes.total} can be looked up. Type a symbol or an id.`);
      this.put(examples.length ? [this.links("For example:", examples)] : []);
    }

    unknown(query) {
      this.turn += 1;
      const alike = this.genes.folded.get(query.toLowerCase());
      const names = (alike || this.genes.suggest(query)).map((i) => this.genes.names[i]);
      this.tell(
        alike
          ? `“${query}” is written in ${alike.length} ways here.`
          : `There is no gene “${query}” among the ${this.genes.total} here.`,
      );
      const none = element("p", {}, "No symbol here is written much the same.");
      this.put([names.length ? this.links("Did you mean:", names) : none]);
    }

    async show(i) {
      const turn = (this.turn += 1);
      const name = this.genes.names[i];
      try {
        const gene = await this.gene(i);
        if (turn !== this.turn) return;
        this.tell(`${name}: gene ${(i + 1).toLocaleString("en")} of ${this.genes.total}.`, i);
        this.put(report.gene.answer(this.content, gene));
      } catch (error) {
        if (turn !== this.turn) return;
        this.tell(`The numbers of ${name} cannot be shown here: ${error.message}.`, i);
        this.status.classList.add("ar-message");
        this.put([]);
      }
    }

    async gene(i) {
      const size = this.content.genes_per_shard;
      const number = Math.floor(i / size);
      const file = `shard_${String(number).padStart(3, "0")}.js`;
      if (!this.shards.has(number)) {
        this.shards.set(number, report.load(`${this.holder.dataset.lookup}/${file}`));
      }
      try {
        const shard = await this.shards.get(number);
        const at = i % size;
        if (!shard || shard.genes[at] !== this.genes.names[i]) {
          throw new Error(`${file} is damaged`);
        }
        const part = (key) => shard[key][at];
        return {
          name: this.genes.names[i],
          id: this.idOf(i),
          facts: part("facts"),
          coefficients: part("coefficients"),
          observed: part("observed"),
          predicted: part("predicted"),
        };
      } catch (error) {
        this.shards.delete(number); // it may be there at the next attempt
        throw error;
      }
    }

    idOf(i) {
      return this.genes.ids[i] === this.genes.names[i] ? "" : this.genes.ids[i];
    }

    // Say it, and offer the neighbours of gene `i`.
    tell(words, i = -1) {
      this.status.textContent = words;
      this.status.classList.remove("ar-message");
      document.title = i < 0 ? this.title : `${this.genes.names[i]} – ${this.title}`;
      this.steps.hidden = i < 0;
      this.step(this.before, "Previous", i - 1);
      this.step(this.after, "Next", i + 1);
    }

    step(link, words, at) {
      const name = this.genes.names[at];
      link.hidden = name === undefined;
      link.textContent = `${words}: ${name}`;
      link.setAttribute("href", place(name || ""));
    }

    // Whoever followed a link in the answer before stands in the new one, not on nothing.
    put(parts) {
      const within = this.answer.contains(document.activeElement);
      this.answer.replaceChildren(...parts);
      const title = this.answer.querySelector("h2");
      if (within && title) title.focus({ preventScroll: true });
    }

    links(words, names) {
      const links = names.map((name) => element("a", { href: place(name) }, name));
      return element("p", { class: "ar-tools" }, [element("span", {}, words), ...links]);
    }
  }

  function place(name) {
    return PLACE + encodeURIComponent(name);
  }

  function decoded(hash) {
    const text = hash.slice(PLACE.length);
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // a lone % is what somebody wrote
    }
  }

  function asked(text) {
    return Array.from(text.trim()).slice(0, LONGEST).join("");
  }

  // ---- start

  async function begin(holder) {
    const file = `${holder.dataset.lookup}/index.js`;
    try {
      const content = await report.load(file);
      if (!content) throw new Error("index.js is damaged");
      new Lookup(holder, content);
    } catch (error) {
      const words = `Genes cannot be looked up here: ${error.message}.`;
      holder.replaceChildren(element("p", { class: "ar-message", role: "status" }, words));
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    report.lookup = report.table; // what a script brings arrives in the same way
    document.querySelectorAll(".ar-genes[data-lookup]").forEach(begin);
    document.querySelectorAll(".ar-lookup form").forEach((form) =>
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        const query = asked(form.querySelector("input").value);
        location.href = form.closest(".ar-lookup").dataset.page + (query && place(query));
      }),
    );
  });
})();
