"use strict";
(() => {
  const root = document.documentElement;
  const get = (id) => document.getElementById(id);

  const themes = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  get("theme").addEventListener("click", themes);
  const keys = get("keys");
  get("help").addEventListener("click", () => keys.showModal());

  const list = get("cards");
  const cards = list ? [...list.children] : [];
  const fields = { rule: get("rule"), dataset: get("dataset"), outcome: get("outcome"), severity: get("severity"), verdict: get("verdict-filter") };
  const search = get("search"), sort = get("sort"), toggle = get("toggle");
  const texts = new Map();
  const textOf = (card) => {
    if (!texts.has(card)) texts.set(card, `${card.textContent} ${card.dataset.id}`.toLowerCase());
    return texts.get(card);
  };
  const matches = {
    rule: (card, value) => card.dataset.rules.split(" ").includes(value),
    dataset: (card, value) => card.dataset.dataset === value,
    outcome: (card, value) => card.dataset.outcome === value,
    severity: (card, value) => card.dataset.severity === value,
    verdict: (card, value) => card.dataset.verdict === value,
  };
  const shown = () => cards.filter((card) => !card.hidden);

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) {
      card.hidden = !Object.entries(fields).every(([name, field]) => !field || !field.value || matches[name](card, field.value))
        || !words.every((word) => textOf(card).includes(word));
    }
    const number = shown().length;
    get("shown").textContent = number === cards.length ? `${number} listed` : `${number} of ${cards.length} listed`;
    get("nothing").hidden = number > 0;
    remember();
  };
  const controls = () => [["q", search], ["sort", sort], ...Object.entries(fields)].filter(([, field]) => field);
  const untouched = (field) => !field.value || (field === sort && field.value === "risk");
  const remember = () => {
    const asked = new URLSearchParams(controls().filter(([, field]) => !untouched(field)).map(([name, field]) => [name, field.value]));
    const words = asked.toString();
    if (!words && !location.hash.startsWith("#samples?")) return;
    try {
      history.replaceState(null, "", words ? `#samples?${words}` : "#samples");
    } catch { /* a page without an address of its own */ }
  };
  const recall = () => {
    const asked = new URLSearchParams(location.hash.slice("#samples?".length));
    for (const [name, field] of controls()) {
      field.value = asked.get(name) || (field === sort ? "risk" : "");
      if (field !== search && field.selectedIndex < 0) field.selectedIndex = 0;
    }
    order();
    filter();
    get("samples").scrollIntoView();
  };
  const byPlace = (a, b) => a.dataset.dataset.localeCompare(b.dataset.dataset) || a.dataset.file.localeCompare(b.dataset.file)
    || a.dataset.row - b.dataset.row;
  const orders = {
    risk: (a, b) => b.dataset.risk - a.dataset.risk || byPlace(a, b),
    tokens: (a, b) => b.dataset.tokens - a.dataset.tokens || byPlace(a, b),
    place: byPlace,
  };
  const order = () => {
    cards.sort(orders[sort.value]);
    list.append(...cards);
    remember();
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const download = () => {
    const lines = shown().map(({ dataset: { key, id, rules, outcome } }) => {
      const [dataset, file, row] = JSON.parse(key);
      return JSON.stringify({ dataset, file, row, sample_id: id, rules: rules.split(" ").filter(Boolean), training: outcome }) + "\n";
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.download = "listed.jsonl";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const clear = () => {
    search.value = "";
    for (const field of Object.values(fields)) if (field) field.value = "";
    filter();
  };
  const openAll = () => {
    const some = shown();
    const open = !some.every((card) => card.open);
    for (const card of some) card.open = open;
    toggle.textContent = open ? "Close all" : "Open all";
  };
  const step = (by) => {
    const some = shown();
    if (!some.length) return;
    const now = some.indexOf(document.activeElement.closest(".card"));
    const next = some[now < 0 ? 0 : Math.min(Math.max(now + by, 0), some.length - 1)];
    next.querySelector("summary").focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const reveal = () => {
    if (cards.length && location.hash.startsWith("#samples?")) return recall();
    const target = location.hash.length > 1 && get(location.hash.slice(1));
    if (!target) return;
    if (target.classList.contains("card")) {
      if (target.hidden) clear();
      target.open = true;
      target.scrollIntoView();
      target.querySelector("summary").focus();
    } else if (target.matches("tr")) {
      for (const details of target.querySelectorAll("details")) details.open = true;
    }
  };

  if (cards.length) {
    get("search").form.addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", filter);
    for (const field of Object.values(fields)) if (field) field.addEventListener("change", filter);
    sort.addEventListener("change", order);
    get("clear").addEventListener("click", clear);
    get("clear-too").addEventListener("click", clear);
    toggle.addEventListener("click", openAll);
    get("download").addEventListener("click", download);
    list.addEventListener("click", async (event) => {
      const button = event.target.closest("button.copy");
      if (!button) return;
      await copy(button.closest(".card").dataset.id);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy id"; }, 1500);
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-filter]");
      if (!link) return;
      clear();
      fields[link.dataset.filter].value = link.dataset.value;
      event.preventDefault();
      filter();
      get("samples").scrollIntoView();
    });
    if (!location.hash.startsWith("#samples?")) filter();
  }
  addEventListener("hashchange", reveal);
  reveal();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = shown().filter((card) => !card.open).slice(0, 40);
    for (const card of opened) card.open = true;
  });
  addEventListener("afterprint", () => {
    for (const card of opened) card.open = false;
  });

  const actions = {
    "/": () => search && search.focus(),
    "?": () => keys.showModal(),
    t: themes,
    j: () => step(1),
    k: () => step(-1),
    e: () => cards.length && openAll(),
    x: () => cards.length && clear(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
})();
