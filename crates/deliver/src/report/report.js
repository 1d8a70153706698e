"use strict";
// Rows of the table and rows that came as data are searched together; one page is shown at a time.
(() => {
  const PAGE = 500;
  const get = (id) => document.getElementById(id);
  const body = document.querySelector(".rows tbody");
  const element = (name, kind, text) => {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  // [searched text, state, code, element or data]
  const rows = Array.from(body.rows, (row) => [
    row.textContent.toLowerCase(), row.dataset.state, row.cells[2].textContent, row,
  ]);
  for (const block of document.querySelectorAll("script.more")) {
    for (const data of JSON.parse(block.textContent)) {
      rows.push([data.flat().join(" ").toLowerCase(), data[1], data[2], data]);
    }
    block.remove();
  }
  const build = ([key, state, code, lines, reason, details, attempts]) => {
    const row = element("tr");
    row.dataset.state = state;
    const badge = element("td");
    badge.append(element("span", "badge " + state, state));
    const why = element("td", "why", reason);
    for (const detail of details) why.append(element("div", "detail", detail));
    const codes = element("td", "code");
    code.split(".").forEach((part, at) => codes.append(...(at ? [".", element("wbr"), part] : [part])));
    row.append(element("td", "key", key), badge, codes,
      element("td", "num lines", lines), why, element("td", "num", attempts));
    return row;
  };
  const number = new Intl.NumberFormat("en");
  let found = rows;
  let first = 0;
  const show = () => {
    body.replaceChildren(...found.slice(first, first + PAGE).map((row) => {
      if (Array.isArray(row[3])) row[3] = build(row[3]);
      return row[3];
    }));
    const last = Math.min(first + PAGE, found.length);
    get("count").textContent = found.length === rows.length
      ? number.format(rows.length) + (rows.length === 1 ? " row" : " rows")
      : number.format(found.length) + " of " + number.format(rows.length) + " rows";
    get("range").textContent = found.length > PAGE
      ? number.format(first + 1) + " to " + number.format(last) + " of " + number.format(found.length) : "";
    get("less").hidden = first === 0;
    get("more").hidden = last >= found.length;
    get("none").hidden = found.length > 0;
  };
  const search = () => {
    const words = get("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = get("state").value;
    const code = get("code").value;
    found = rows.filter((row) => (!state || row[1] === state) && (!code || row[2] === code)
      && words.every((word) => row[0].includes(word)));
    first = 0;
    show();
  };
  let timer;
  get("search").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  get("state").addEventListener("change", search);
  get("code").addEventListener("change", search);
  document.querySelector(".filters").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  const turn = (step) => { first += step; show(); get("rows").scrollIntoView(); };
  get("less").addEventListener("click", () => turn(-PAGE));
  get("more").addEventListener("click", () => turn(PAGE));
  search();
})();
