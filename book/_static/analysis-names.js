/* Names and how they are found: as written, in other case, by another name, by a part of either,
   or written much the same. */
(function () {
  "use strict";

  const MOST = 8; // suggestions

  // Names in their order; `others` has for each an id or a description, "" without, `spellings`
  // for the place of a name the further ways to write it.
  class Names {
    constructor(names, others, spellings = {}) {
      this.names = names;
      this.others = others;
      this.folded = names.map(fold);
      this.words = others.map((other) => other && words(other));
      this.lettered = others.map((other) => (/\p{L}/u.test(other) ? fold(other) : "")); // no ids
      this.exact = new Map(names.map((name, i) => [name, i]));
      this.alike = new Map(); // without regard to case, more than one may be meant
      this.byOther = new Map();
      this.folded.forEach((name, i) => add(this.alike, name, i));
      others.forEach((other, i) => other && add(this.byOther, fold(other), i));
      for (const [i, more] of Object.entries(spellings)) {
        for (const name of more) {
          this.exact.set(name, Number(i));
          add(this.alike, fold(name), Number(i));
        }
      }
    }

    get total() {
      return `${this.names.length.toLocaleString("en")} genes`;
    }

    // The places of what is meant: mostly one; more when a question can be read so; or none.
    meant(query) {
      if (!query) return [];
      if (this.exact.has(query)) return [this.exact.get(query)];
      const wanted = fold(query);
      return this.alike.get(wanted) || this.byOther.get(wanted) || this.named(query);
    }

    // The places of those in whose other names this stands, as whole words.
    named(query) {
      const wanted = `${words(query)} `;
      if (wanted === " ") return [];
      return places(this.words, (text) => `${text} `.includes(wanted), Infinity);
    }

    // What may be meant: what begins so, what has such a word or part, what is written much so.
    suggest(query) {
      const wanted = fold(query);
      if (!wanted) return [];
      const part = words(query);
      const found = new Set(places(this.folded, (name) => name.startsWith(wanted), MOST));
      const more = (texts, fits) => {
        if (found.size < MOST) places(texts, fits, 2 * MOST).forEach((i) => found.add(i));
      };
      if (part) more(this.words, (text) => text.includes(part));
      if (wanted.length > 2) more(this.folded, (name) => name.includes(wanted));
      if (found.size < MOST) this.similar(wanted).forEach((i) => found.add(i));
      return [...found].slice(0, MOST);
    }

    similar(wanted) {
      const most = Math.min(2, wanted.length - 1);
      if (!most) return [];
      return this.folded
        .map((name, i) => [edits(wanted, name, most), i])
        .map(([count, i]) => [Math.min(count, edits(wanted, this.lettered[i], most)), i])
        .filter(([count]) => count <= most)
        .sort(([one, i], [other, j]) => one - other || i - j)
        .map(([, i]) => i);
    }
  }

  function add(map, key, place) {
    const known = map.get(key);
    if (!known) map.set(key, [place]);
    else if (!known.includes(place)) known.push(place);
  }

  function places(texts, fits, most) {
    const found = [];
    for (let i = 0; i < texts.length && found.length < most; i += 1) {
      if (fits(texts[i])) found.push(i);
    }
    return found;
  }

  // Without regard to case: ß is ss, and so is its capital.
  function fold(text) {
    return text.toLowerCase().toUpperCase().toLowerCase();
  }

  // A blank before each word.
  function words(text) {
    const found = fold(text).match(/[\p{L}\p{M}\p{N}]+/gu);
    return found ? ` ${found.join(" ")}` : "";
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

  const report = (window.analysisReport = window.analysisReport || {});
  report.names = { Names, fold };
})();
