/* Tables of the report: sorted, searched and turned page by page.

   Without this script a table shows its first rows. All rows are fetched when they are first
   asked for. */
(function () {
  "use strict";

  const DIRECTIONS = { none: "ascending", ascending: "descending", descending: "none" };
  const words = new Intl.Collator("en", { numeric: true });

  // The same writing as `text.number` in Python.
  function number(value, digits) {
    if (value === null) return "–";
    if (value === 0) return "0";
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const size = Number(exponent);
    return size >= -4 && size < digits
      ? value.toFixed(digits - 1 - size)
      : `${mantissa}e${size}`;
  }

  function shown(value, column, digits) {
    if (value === null) return "–";
    return column.kind === "number" ? number(value, digits) : String(value);
  }

  function compared(one, other, kind) {
    if (kind === "text") return words.compare(one, other);
    return one - other;
  }

  class Table {
    constructor(holder) {
      this.holder = holder;
      this.body = holder.querySelector("tbody");
      this.status = holder.querySelector(".ar-rows");
      this.heads = [...holder.querySelectorAll("th")];
      this.perPage = Number(holder.dataset.shown);
      this.digits = Number(holder.dataset.digits);
      this.query = "";
      this.page = 0;
      this.sorted = { by: -1, direction: "none" };
      this.content = null;
      this.build();
    }

    build() {
      this.heads.forEach((head, i) => {
        const button = element("button", head.textContent);
        button.addEventListener("click", () => this.change(() => this.sort(i)));
        head.replaceChildren(button);
        head.setAttribute("aria-sort", "none");
      });
      this.status.setAttribute("aria-live", "polite");
      if (Number(this.holder.dataset.total) <= this.perPage) return;
      const search = element("input");
      search.type = "search";
      search.placeholder = "Search";
      search.setAttribute("aria-label", "Search in this table");
      search.addEventListener("input", () =>
        this.change(() => {
          this.query = search.value.trim().toLowerCase();
          this.page = 0;
        }),
      );
      this.back = element("button", "Previous");
      this.next = element("button", "Next");
      this.back.disabled = true;
      this.back.addEventListener("click", () => this.change(() => (this.page -= 1)));
      this.next.addEventListener("click", () => this.change(() => (this.page += 1)));
      this.holder.querySelector(".ar-tools").prepend(search, this.back, this.next);
    }

    async change(what) {
      try {
        this.content = this.content || (await window.analysisReport.load(this.holder.dataset.src));
        if (!this.content) throw new Error("the table's data are damaged");
        what();
        this.render();
      } catch (error) {
        this.status.textContent = `Only these rows can be shown here: ${error.message}.`;
        this.status.classList.add("ar-message");
      }
    }

    sort(column) {
      const direction = this.sorted.by === column ? this.sorted.direction : "none";
      this.sorted = { by: column, direction: DIRECTIONS[direction] };
      this.page = 0;
    }

    rows() {
      const { columns, rows } = this.content;
      const { by, direction } = this.sorted;
      const found = this.query
        ? rows.filter((row) => row.some((v) => String(v ?? "").toLowerCase().includes(this.query)))
        : rows;
      if (direction === "none") return found;
      const sign = direction === "ascending" ? 1 : -1;
      const known = found.filter((row) => row[by] !== null);
      const missing = found.filter((row) => row[by] === null); // last in either direction
      known.sort((one, other) => sign * compared(one[by], other[by], columns[by].kind));
      return [...known, ...missing];
    }

    render() {
      const rows = this.rows();
      const first = this.page * this.perPage;
      const page = rows.slice(first, first + this.perPage);
      this.body.replaceChildren(...page.map((row) => this.row(row)));
      this.heads.forEach((head, i) => {
        const here = i === this.sorted.by;
        head.setAttribute("aria-sort", here ? this.sorted.direction : "none");
      });
      const all = this.content.rows.length;
      const of = rows.length === all ? "" : ` (of ${all.toLocaleString("en")})`;
      this.status.textContent = rows.length
        ? `Rows ${first + 1}–${first + page.length} of ${rows.length.toLocaleString("en")}${of}`
        : "No row has this text.";
      if (!this.back) return;
      this.back.disabled = first === 0;
      this.next.disabled = first + this.perPage >= rows.length;
    }

    row(values) {
      const row = element("tr");
      values.forEach((value, i) => {
        const column = this.content.columns[i];
        const cell = element("td", shown(value, column, this.digits));
        if (column.kind !== "text") {
          cell.className = "ar-num";
          cell.title = value === null ? "not a number" : String(value);
        }
        row.append(cell);
      });
      return row;
    }
  }

  // Text only ever goes in as text, never as HTML.
  function element(name, text) {
    const made = document.createElement(name);
    if (name === "button") made.type = "button";
    if (text !== undefined) made.textContent = text;
    return made;
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll(".ar-table[data-src]").forEach((holder) => new Table(holder));
  });
})();
