"use strict";
// The board's page: pan and zoom, search, nets that glow, cards, nested boards, keys, deep links.
const { board, boards, sources } = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const stage = $("stage"), card = $("card"), found = $("found"), search = $("search");
const parts = new Map(board.parts.map((part) => [part.path, part]));
const nodes = new Map(board.nodes.map((node) => [node.id, node]));
const folds = [...document.querySelectorAll("template.fold")].map((template) => ({
  template, closed: new Set(template.dataset.closed.split(" ").filter(Boolean)),
}));
const at = { x: 0, y: 0, scale: 1 };
let svg = null, fold = null, chosen = null, whole = true;

// ---- showing a fold of the board -------------------------------------------------------------
function show(next) {
  fold = next;
  stage.replaceChildren(next.template.content.cloneNode(true));
  svg = stage.querySelector("svg");
  svg.classList.toggle("plain", !pressed("layer-parameters"));
  svg.classList.toggle("silent", !pressed("layer-specs"));
  for (const chip of svg.querySelectorAll(".chip")) {
    chip.setAttribute("tabindex", "0");
    chip.setAttribute("role", "button");
    chip.setAttribute("aria-label", chip.querySelector("title").textContent);
  }
  for (const button of $("boards").children) {
    button.setAttribute("aria-pressed", String(!next.closed.has(button.dataset.board)));
  }
  place();
}

function isClosed(path, closed) {
  return [...closed].some((shut) => path === shut || path.startsWith(shut + "."));
}

// The fold in which `path` is open or closed, otherwise most like the present one.
function foldWith(path, open) {
  const fits = folds.filter((f) => isClosed(path, f.closed) !== open);
  const unlike = (f) => boards.filter(
    (b) => b !== path && isClosed(b, f.closed) !== isClosed(b, fold.closed)).length;
  return fits.sort((a, b) => unlike(a) - unlike(b))[0];
}

function toggle(path) {
  const next = foldWith(path, isClosed(path, fold.closed));
  if (!next) return;
  show(next);
  fit();
}

// ---- moving ----------------------------------------------------------------------------------
function place() {
  whole = false;
  svg.style.transform = `translate(${at.x}px,${at.y}px) scale(${at.scale})`;
}

function fit() {
  const width = svg.width.baseVal.value, height = svg.height.baseVal.value;
  at.scale = Math.min((stage.clientWidth - 24) / width, (stage.clientHeight - 24) / height, 2);
  at.x = (stage.clientWidth - width * at.scale) / 2;
  at.y = (stage.clientHeight - height * at.scale) / 2;
  place();
  whole = true;
}

function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const scale = Math.min(Math.max(at.scale * factor, 0.05), 6);
  at.x = x - ((x - at.x) * scale) / at.scale;
  at.y = y - ((y - at.y) * scale) / at.scale;
  at.scale = scale;
  place();
}

function bringIntoView(chip) {
  const box = chip.getBBox();
  const below = matchMedia("(max-width:700px)").matches;  // there the card lies below the board
  const room = card.hidden || below ? stage.clientWidth : stage.clientWidth - 470;
  const high = card.hidden || !below ? stage.clientHeight : stage.clientHeight - card.offsetHeight;
  const left = at.x + box.x * at.scale, top = at.y + box.y * at.scale;
  const seen = left > 0 && left + box.width * at.scale < room
    && top > 0 && top + box.height * at.scale < high;
  if (seen && at.scale >= 0.6) return;
  if (at.scale < 0.6) at.scale = 1;
  at.x = room / 2 - (box.x + box.width / 2) * at.scale;
  at.y = high / 2 - (box.y + box.height / 2) * at.scale;
  place();
}

let hold = null, mouse = "";
stage.addEventListener("pointerdown", (event) => {
  if (event.button === 0) hold = { x: event.clientX - at.x, y: event.clientY - at.y, moved: false, from: event };
});
addEventListener("pointermove", (event) => {
  mouse = `${event.clientX},${event.clientY}`;
  if (!hold) return;
  const far = Math.hypot(event.clientX - hold.from.clientX, event.clientY - hold.from.clientY);
  if (!hold.moved && far < 4) return;
  hold.moved = true;
  stage.classList.add("moving");
  at.x = event.clientX - hold.x;
  at.y = event.clientY - hold.y;
  place();
});
addEventListener("pointerup", () => {
  const moved = hold && hold.moved;
  hold = null;
  stage.classList.remove("moving");
  if (moved) addEventListener("click", (event) => event.stopPropagation(), { capture: true, once: true });
});
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = stage.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });

// ---- nets that glow --------------------------------------------------------------------------
function light(nets) {
  svg.classList.toggle("lit", nets.length > 0);
  for (const one of svg.querySelectorAll(".on")) one.classList.remove("on");
  for (const net of nets) {
    net.classList.add("on");
    for (const number of ends(net)) {
      svg.querySelector(`.chip[data-number="${number}"]`)?.classList.add("on");
    }
  }
}

function chipOf(id) {
  return svg.querySelector(`.chip[data-chip="${CSS.escape(id)}"]`);
}

function ends(net) {
  return [net.dataset.from, ...net.dataset.to.split(" ")];
}

function netsOf(id) {
  const number = chipOf(id)?.dataset.number;
  return [...svg.querySelectorAll(".net")].filter((net) => ends(net).includes(number));
}

function glow() {
  light(chosen ? netsOf(chosen) : []);
  if (chosen) chipOf(chosen)?.classList.add("on");
}

stage.addEventListener("pointerover", (event) => {  // a board that moves under a resting mouse lights nothing
  const here = `${event.clientX},${event.clientY}`;
  if (here === mouse) return;
  mouse = here;
  const net = event.target.closest(".net");
  if (net) light([net]); else glow();
});
stage.addEventListener("pointerleave", () => svg && glow());

// ---- cards -----------------------------------------------------------------------------------
function make(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// A path may be broken after its dots and underscores, nowhere else.
function breakable(path) {
  return path.split(/(?<=[._])/).flatMap((step) => [step, make("wbr")]);
}

function choose(id, move = false) {
  for (const chip of svg.querySelectorAll(".chosen")) chip.classList.remove("chosen");
  chosen = id;
  const chip = id && chipOf(id);
  card.hidden = !chip;
  if (chip) {
    chip.classList.add("chosen");
    fillCard(id, chip.dataset.part);
    if (move) bringIntoView(chip);
    history.replaceState(null, "", "#" + encodeURI(id));
  } else {
    chosen = null;
    history.replaceState(null, "", location.pathname + location.search);
  }
  glow();
}

function fillCard(id, path) {
  const node = nodes.get(id), part = parts.get(path);
  const close = make("button", "×", { class: "close", "aria-label": "Close the card" });
  close.onclick = () => choose(null);
  card.replaceChildren(close, make("h2", node ? node.label : path));
  card.append(make("p", [part?.kind, part?.family, node?.note].filter(Boolean).join(" · "), { class: "kind" }));
  if (part) describe(part);
  if (node) {
    pinTable("Inputs", node, node.inputs, "target");
    pinTable("Outputs", node, node.outputs, "source");
  }
  if (part) applied(part, id);
  card.scrollTop = 0;
}

function describe(part) {
  if (part.doc) card.append(make("p", part.doc));
  if (part.source_file) {
    const text = `${part.source_file}:${part.source_line}`;
    const line = make("p");
    line.append(sources[part.path]
      ? make("a", text, { href: sources[part.path], target: "_blank" }) : make("code", text));
    card.append(line);
  }
  card.append(make("p", `socket ${part.path}`, { class: "kind" }));
  if (part.num_parameters) {
    const owner = part.trained_by ? `, trained by ${part.trained_by}`
      : part.follows ? `, follows ${part.follows}` : "";
    card.append(make("p", `${part.num_parameters.toLocaleString("en")} parameters${owner}`));
  }
  if (part.gradient) card.append(make("p", `stored ${part.gradient}`));
  if (boards.includes(part.path)) {
    const closed = isClosed(part.path, fold.closed);
    const button = make("button", closed ? "Open this board (o)" : "Close this board (o)", { id: "open-board" });
    button.onclick = () => { choose(null); toggle(part.path); };
    card.append(button);
  }
  const settings = Object.entries(part.settings);
  if (!settings.length) return;
  const table = make("table");
  for (const [name, setting] of settings) {
    const row = table.insertRow();
    row.className = setting.default ? "default" : "";
    row.append(make("td", name), make("td", setting.value), make("td", setting.origin, { class: "from" }));
  }
  card.append(make("h3", "Settings"), table);
}

function pinTable(title, node, pins, end) {
  if (!pins.length) return;
  const other = end === "source" ? "target" : "source", table = make("table");
  for (const pin of pins) {
    const row = table.insertRow(), ends = make("td");
    for (const wire of board.wires.filter((w) => w[end][0] === node.id && w[end][1] === pin.name)) {
      const far = nodes.get(wire[other][0]);
      const mark = (wire.latched ? "↺\u00a0" : "") + (end === "source" ? "→\u00a0" : "←\u00a0");
      const go = make("button", mark, { class: "go" });
      go.append(...breakable(`${far.label}.${wire[other][1]}`));
      go.onclick = () => reveal(far.id);
      ends.append(go, make("br"));
      if (wire.failing) ends.append(make("span", wire.failing, { class: "bad" }), make("br"));
    }
    const role = pin.role && pin.role !== pin.name ? make("small", ` ${pin.role}`) : "";
    const spec = make("td", pin.spec);
    spec.append(role);
    row.append(make("td", pin.name), spec, ends);
  }
  card.append(make("h3", title), table);
}

function applied(part, id) {
  const others = board.nodes.filter((node) => node.part === part.path && node.id !== id);
  if (!others.length) return;
  card.append(make("h3", "The same part elsewhere"));
  for (const node of others) {
    const go = make("button", `${node.phase}: ${node.label}`, { class: "go" });
    go.onclick = () => reveal(node.id);
    card.append(go, make("br"));
  }
}

// Shows a chip, opening the boards around it where that is needed.
function reveal(id) {
  const node = nodes.get(id);
  if (!chipOf(id) && node?.board) {
    const next = foldWith(node.board, true);
    if (next) show(next);
  }
  choose(id, true);
}

stage.addEventListener("click", (event) => {
  const outline = event.target.closest("[data-outline] text");
  if (outline) return toggle(outline.parentNode.dataset.outline);
  const chip = event.target.closest(".chip"), path = chip?.dataset.part;
  clearTimeout(waiting);
  if (!boards.includes(path)) choose(chip ? chip.dataset.chip : null);
  else if (event.detail > 1) { choose(null); toggle(path); }
  else waiting = setTimeout(choose, 250, chip.dataset.chip);  // its card may cover it: a second click comes first
});
let waiting = 0;

// ---- search ----------------------------------------------------------------------------------
const words = board.nodes.map((node) => {
  const part = parts.get(node.part);
  const pins = [...node.inputs, ...node.outputs].map((pin) => `${pin.name} ${pin.spec}`);
  const settings = part ? Object.entries(part.settings).map(([k, v]) => `${k}=${v.value}`) : [];
  return { node, part, text: [node.id, node.label, part?.path, part?.kind, ...pins, ...settings].join("\n").toLowerCase() };
});

function look() {
  const asked = search.value.trim().toLowerCase();
  const hits = asked ? words.filter(({ text }) => asked.split(/\s+/).every((w) => text.includes(w))) : [];
  hits.sort((a, b) => rank(a, asked) - rank(b, asked));
  found.replaceChildren(...hits.slice(0, 30).map(({ node, part }, i) => {
    const line = make("li", node.label, { role: "option", "aria-selected": String(i === 0), id: `hit-${i}` });
    line.append(make("small", `${node.phase}${part ? " · " + part.kind : ""}`));
    line.onclick = () => take(node.id);
    line.dataset.chip = node.id;
    return line;
  }));
  found.hidden = !hits.length;
  search.setAttribute("aria-expanded", String(!found.hidden));
  const box = search.getBoundingClientRect();
  found.style.left = `${box.left}px`;
  found.style.top = `${box.bottom + 4}px`;
}

function rank({ node, part }, asked) {
  if (node.label.toLowerCase() === asked) return 0;
  if (node.label.toLowerCase().startsWith(asked)) return 1;
  return part && part.kind.toLowerCase().includes(asked) ? 2 : 3;
}

function take(id) {
  found.hidden = true;
  search.value = "";
  search.blur();
  reveal(id);
}

function step(by) {
  const lines = [...found.children];
  const now = lines.findIndex((line) => line.getAttribute("aria-selected") === "true");
  const next = lines[(now + by + lines.length) % lines.length];
  lines[now]?.setAttribute("aria-selected", "false");
  next?.setAttribute("aria-selected", "true");
  next?.scrollIntoView({ block: "nearest" });
}

search.addEventListener("input", look);
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "Enter") {
    const line = found.querySelector('[aria-selected="true"]');
    if (line) take(line.dataset.chip);
  } else if (event.key === "Escape") { search.value = ""; look(); search.blur(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
});

// ---- buttons and keys ------------------------------------------------------------------------
const pressed = (id) => $(id).getAttribute("aria-pressed") === "true";
function press(id) {
  const now = !pressed(id);
  $(id).setAttribute("aria-pressed", String(now));
  return now;
}

// From the system's colours first to the others, so that every turn is seen.
const themes = matchMedia("(prefers-color-scheme:light)").matches
  ? ["auto", "board", "light", "print"] : ["auto", "light", "board", "print"];
function nameTheme() {
  $("theme").textContent = `◐ ${document.documentElement.dataset.theme}`;
}

const actions = {
  "layer-parameters": () => svg.classList.toggle("plain", !press("layer-parameters")),
  "layer-specs": () => svg.classList.toggle("silent", !press("layer-specs")),
  smaller: () => zoom(1 / 1.25),
  larger: () => zoom(1.25),
  fit,
  theme: () => {
    const root = document.documentElement;
    root.dataset.theme = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
    nameTheme();
  },
  "as-text": () => $("table").classList.toggle("hidden", !press("as-text")),
  help: () => { $("keys").hidden = !press("help"); },
};
for (const [id, act] of Object.entries(actions)) $(id).addEventListener("click", act);

const keys = {
  "+": actions.larger, "=": actions.larger, "-": actions.smaller, 0: fit, p: actions["layer-parameters"],
  s: actions["layer-specs"], t: actions.theme, w: actions["as-text"], "?": actions.help,
  "/": () => search.focus(),
  o: () => {
    const chip = chosen && chipOf(chosen), path = chip?.dataset.part;
    const target = boards.includes(path) ? path : chip?.dataset.board;
    if (target) { choose(null); toggle(target); }
  },
  Escape: () => {
    if (pressed("help")) actions.help();
    if (pressed("as-text")) actions["as-text"]();
    choose(null);
  },
  ArrowLeft: () => { at.x += 60; place(); }, ArrowRight: () => { at.x -= 60; place(); },
  ArrowUp: () => { at.y += 60; place(); }, ArrowDown: () => { at.y -= 60; place(); },
};
addEventListener("keydown", (event) => {
  if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
  const chip = document.activeElement?.closest?.(".chip");
  if (chip && (event.key === "Enter" || event.key === " ")) choose(chip.dataset.chip);
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});

// ---- start -----------------------------------------------------------------------------------
// `#unroll/algorithm.actor`, `#unroll/actor`, `#algorithm.actor` and `#actor` all lead to a chip.
function follow() {
  const asked = decodeURI(location.hash.slice(1));
  if (!asked) return;
  const hit = nodes.get(asked) || board.nodes.find((n) => n.part === asked)
    || board.nodes.find((n) => n.label === asked || `${n.phase}/${n.label}` === asked);
  if (hit) reveal(hit.id);
  else if (chipOf(asked)) choose(asked, true);
}

$("name").textContent = board.name;
const errors = board.diagnostics.filter((d) => d.severity === "error").length;
$("verdict").textContent = errors ? `✗ ${errors} error${errors > 1 ? "s" : ""}` : "checked ✓";
$("verdict").classList.toggle("wrong", errors > 0);
for (const path of boards) {
  const button = make("button", path, { "data-board": path, title: "Open or close this board" });
  button.onclick = () => { choose(null); toggle(path); };
  $("boards").append(button, " ");
}
nameTheme();
show(folds[0]);
fit();
follow();
addEventListener("hashchange", follow);
addEventListener("resize", () => whole && fit());
