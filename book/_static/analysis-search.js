/* A page that finds a gene: a field that offers what may be meant, and a place for the answer.

   The lookup of one run is such a page, and so is the index of all genes. `#gene=Pvalb` in the
   address is the gene that is shown, so that every answer is a link. Text from data goes in as
   text or as an attribute, never as HTML. */
(function () {
  "use strict";

  const PLACE = "#gene=";
  const LISTED = 24; // genes that a question can mean
  const LONGEST = 1000; // characters of a question
  const PAUSE = 150; // milliseconds between the last key and the answer

  const report = (window.analysisReport = window.analysisReport || {});
  const element = (...parts) => report.gene.element(...parts);

  // ---- the numbers, which come when one of their genes is asked for

  class Shards {
    constructor(folder) {
      this.folder = folder;
      this.arriving = new Map(); // number of a shard → the promise of it
    }

    // The shard that has the gene `name` at the place `at`.
    async of(number, at, name) {
      const file = `shard_${String(number).padStart(3, "0")}.js`;
      if (!this.arriving.has(number)) {
        this.arriving.set(number, report.load(`${this.folder}/${file}`));
      }
      try {
        const shard = await this.arriving.get(number);
        if (!shard || shard.genes[at] !== name) throw new Error(`${file} is damaged`);
        return shard;
      } catch (error) {
        this.arriving.delete(number); // it may be there at the next attempt
        throw error;
      }
    }
  }

  // ---- the page

  // `page` says what is particular: `label` of the field, `hint`, `examples`, `note(i)` beside a
  // suggestion, `found(i)` in words, and `answer(i)`, the promise of the elements to show.
  class Search {
    constructor(holder, names, page) {
      this.holder = holder;
      this.names = names;
      this.page = page;
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
      const label = element("label", { for: "ar-gene" }, this.page.label);
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
      this.options = this.names.suggest(query);
      this.active = -1;
      this.list.replaceChildren(...this.options.map((i, at) => this.option(i, at)));
      this.open(this.options.length > 0);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const found = this.names.meant(query);
        if (query && found.length !== 1) return; // half a symbol is not a wrong one
        const address = query ? place(this.names.names[found[0]]) : location.href.split("#")[0];
        history.replaceState(null, "", address);
        if (query) this.show(found[0]);
        else this.start();
      }, PAUSE);
    }

    option(i, at) {
      const attributes = { id: `ar-gene-${at}`, role: "option", "aria-selected": "false" };
      const name = element("span", {}, this.names.names[i]);
      return element("li", attributes, [name, " ", element("small", {}, this.page.note(i))]);
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
      const found = this.active < 0 ? this.names.meant(query) : [this.options[this.active]];
      if (query) this.go(found.length === 1 ? this.names.names[found[0]] : query);
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
      const found = this.names.meant(query);
      this.input.value = found.length === 1 ? this.names.names[found[0]] : query;
      this.close();
      if (!query) this.start();
      else if (found.length === 1) this.show(found[0]);
      else if (found.length) this.several(query, found);
      else this.unknown(query);
    }

    // ---- answers

    start() {
      const { examples, hint } = this.page;
      this.turn += 1;
      this.tell(`${this.names.total} can be looked up. ${hint}`);
      this.put(examples.length ? [this.links("For example:", examples)] : []);
    }

    several(query, found) {
      const written = this.names.alike.has(report.names.fold(query));
      const count = found.length.toLocaleString("en");
      this.turn += 1;
      this.tell(
        written
          ? `“${query}” is written in ${count} ways here.`
          : `“${query}” stands among the other names of ${count} genes here.`,
      );
      const first = found.slice(0, LISTED).map((i) => this.names.names[i]);
      const words = found.length > LISTED ? `The first ${LISTED}:` : "Did you mean:";
      this.put([this.links(words, first)]);
    }

    unknown(query) {
      this.turn += 1;
      const names = this.names.suggest(query).map((i) => this.names.names[i]);
      this.tell(`There is no gene “${query}” among the ${this.names.total} here.`);
      const none = element("p", {}, "No symbol here is written much the same.");
      this.put([names.length ? this.links("Did you mean:", names) : none]);
    }

    async show(i) {
      const turn = (this.turn += 1);
      try {
        const parts = await this.page.answer(i);
        if (turn !== this.turn) return;
        this.tell(this.page.found(i), i);
        this.put(parts);
      } catch (error) {
        if (turn !== this.turn) return;
        const name = this.names.names[i];
        this.tell(`The numbers of ${name} cannot be shown here: ${error.message}.`, i);
        this.status.classList.add("ar-message");
        this.put([]);
      }
    }

    // Say it, and offer the neighbours of gene `i`.
    tell(words, i = -1) {
      this.status.textContent = words;
      this.status.classList.remove("ar-message");
      document.title = i < 0 ? this.title : `${this.names.names[i]} – ${this.title}`;
      this.steps.hidden = i < 0;
      this.step(this.before, "Previous", i - 1);
      this.step(this.after, "Next", i + 1);
    }

    step(link, words, at) {
      const name = this.names.names[at];
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

  report.search = { Search, Shards };
})();
