"use strict";
// The live layer of the board's page. It reads news of the run and shows them on the board's own
// elements; of the page it uses `board`, `nodes`, `boards`, `stage`, `card`, `make`, `fold`, `chosen`.
(() => {
const SVG = "http://www.w3.org/2000/svg";
const page = Math.random().toString(36).slice(2);
const COLORS = ["float", "int", "distribution", "bool", "record"].map((name) => `var(--f-${name})`);
const STATES = {
  training: "training", finished: "finished", interrupted: "interrupted", failed: "failed",
  gone: "out of reach",
};
const BAR = 34;
let news = null, watched = null, asking = null;

function draw(tag, attributes, parent) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent?.append(made);
  return made;
}

// ---- numbers for people ----------------------------------------------------------------------
function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e10) return value.toLocaleString("en");
  if (size >= 1e10 || (size < 1e-3 && size > 0)) return value.toExponential(2);
  if (size >= 1e3) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

function short(value) {
  if (value === null || value === undefined) return "–";
  for (const [least, unit] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (value >= least) return `${Number((value / least * (unit === "k" ? 10 : 1)).toPrecision(3))}${unit}`;
  }
  return number(Math.round(value));
}

function duration(seconds) {
  if (seconds === null) return "";
  const whole = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole} s left`;
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)} left` : `${minutes}:${two(whole % 60)} left`;
}

const percent = (share) => (share < 0.095 ? (100 * share).toFixed(1) : Math.round(100 * share)) + " %";
const of = (total) => (total ? ` / ${number(total)}` : "");

// ---- the strip -------------------------------------------------------------------------------
const strip = make("footer", "", { id: "live", "aria-label": "The run", "data-state": "training" });
strip.innerHTML = `<div class="course"></div>
  <section class="state" aria-live="polite"><h2>run</h2><b>connecting</b><p></p><p><small></small></p></section>
  <section class="speed"><h2>env steps / s</h2><b>–</b><p><small></small></p></section>
  <section id="curves"></section>
  <section class="time"><h2>time</h2><div id="shares"></div><ul></ul></section>`;
document.body.append(strip);
document.documentElement.style.setProperty("--strip", `${strip.offsetHeight}px`);
if (whole) fit();
const find = (selector) => strip.querySelector(selector);

function showStrip() {
  const { state, note, iteration, env_steps, fraction, seconds_left } = news;
  strip.dataset.state = state;
  strip.classList.toggle("beat");
  find(".course").style.width = `${100 * (fraction ?? 0)}%`;
  const [first, second] = strip.querySelectorAll(".state p");
  const done = fraction === null ? "" : ` ${Math.floor(100 * fraction)} %`;
  find(".state b").textContent = STATES[state] + (state === "training" || state === "gone" ? done : "");
  first.textContent = `iteration ${number(iteration)}${of(news.total_iterations)}`;
  second.firstChild.textContent = state === "training" ? duration(seconds_left)
    : { finished: "these are its last values", interrupted: `stopped at${done}`, failed: note,
      gone: "showing what was last heard" }[state];
  second.title = note;
  find(".speed b").textContent = short(news.steps_per_second);
  find(".speed small").textContent = `${number(env_steps)}${of(news.total_env_steps)}`;
  document.title = `${state === "training" ? "▶" + done : STATES[state]} · ${board.name}`;
  showTimes();
  showCurves();
}

function colorOf(index) { return COLORS[index % COLORS.length]; }

function showTimes() {
  const phases = Object.entries(news.phases).map(([name, phase], i) => [name, phase.share, colorOf(i), phase]);
  const around = Object.entries(news.around).filter(([, share]) => share > 0.005);
  const others = around.map(([name, share]) => [name, share, "var(--silk_dim)", null]);
  const all = [...phases, ...others];
  const segments = all.map(([name, share, color]) => {
    const part = make("i", "", { title: `${name} ${percent(share)}` });
    part.style.cssText = `flex:${share} 1 0;background:${color}`;
    return part;
  });
  const rest = make("i");
  rest.style.flex = `${Math.max(1 - all.reduce((sum, [, share]) => sum + share, 0), 0)} 1 0`;
  find("#shares").replaceChildren(...segments, rest);
  find(".time ul").replaceChildren(...all.map(([name, share, color, phase]) => {
    const line = make("li", `${name} `);
    line.style.setProperty("--of", color);
    line.append(make("span", percent(share)));
    if (phase) line.title = `${(1000 * phase.seconds).toPrecision(3)} ms an iteration`;
    return line;
  }));
}

function showCurves() {
  const box = find("#curves");
  while (box.children.length > news.curves.length) box.lastChild.remove();
  news.curves.forEach((curve, i) => {
    const tile = box.children[i] || box.appendChild(document.createElement("div"));
    if (tile.dataset.name !== curve.name) {
      tile.dataset.name = curve.name;
      tile.className = curve.name.startsWith("return") ? "return" : "";
      tile.innerHTML = "<header><h2></h2><b></b></header><svg preserveAspectRatio='none' viewBox='0 0 100 34'>"
        + "<path class='area'/><path class='line'/></svg>";
      tile.querySelector("h2").textContent = curve.name.replace(/_?optimizer\/loss$/, "/loss").replace(/\/loss$/, " loss").trim();
    }
    tile.querySelector("b").textContent = number(curve.points.at(-1)[1]);
    const ys = curve.points.map(([, y]) => y), low = Math.min(...ys), high = Math.max(...ys);
    tile.title = `${curve.name}: from ${number(low)} to ${number(high)}`;
    const flat = high === low, first = curve.points[0][0], wide = curve.points.at(-1)[0] - first || 1, tall = high - low || 1;
    const line = curve.points.map(([x, y]) =>
      `${(100 * (x - first) / wide).toFixed(2)} ${(flat ? 17 : 32 - 30 * (y - low) / tall).toFixed(2)}`).join("L");
    tile.querySelector(".line").setAttribute("d", `M${line}`);
    tile.querySelector(".area").setAttribute("d", `M0 34L${line}L100 34Z`);
  });
}

// ---- plates on the bands ---------------------------------------------------------------------
function showPlates() {
  const drawing = stage.querySelector("svg");
  if (!drawing || !news) return;
  for (const old of drawing.querySelectorAll(".rate-plate")) old.remove();
  Object.entries(news.phases).forEach(([name, phase], i) => {
    const band = drawing.querySelector(`[data-phase="${CSS.escape(name)}"] .band`)?.getBBox();
    if (!band) return;
    const text = `${short(phase.steps_per_second)} steps/s`;
    const width = text.length * 6.1 + 58, x = band.x + 14;  // above the phase's name, where no wire runs
    const plate = draw("g", { class: "rate-plate told" }, drawing);
    plate.style.setProperty("--of", colorOf(i));
    draw("title", {}, plate).textContent =
      `${name}: ${(1000 * phase.seconds).toPrecision(3)} ms an iteration, ${percent(phase.share)} of the time; `
      + `${short(phase.steps_per_second)} env steps for each second spent in it`;
    draw("rect", { x, y: band.y - 9, width, height: 18, rx: 4, class: "plate" }, plate);
    draw("rect", { x: x + 9, y: band.y - 3, width: BAR, height: 6, rx: 1, class: "rest" }, plate);
    draw("rect", { x: x + 9, y: band.y - 3, width: Math.max(BAR * phase.share, 1), height: 6, rx: 1, class: "spent" }, plate);
    draw("text", { x: x + BAR + 16, y: band.y + 3.5 }, plate).textContent = text;
  });
}

// ---- the card of a wire ----------------------------------------------------------------------
const key = ([node, pin]) => `${node} ${pin}`;
const byNode = (id) => nodes.get(id);
const labelOf = ([node, pin]) => `${byNode(node)?.label ?? node}.${pin}`;

// The output pins of the board that a drawn net starts at; a bus shows what its buffer is given.
function pinsOf(net) {
  const wires = JSON.parse(fold.template.dataset.wires)[net.dataset.net];
  if (wires) return wires;
  const writes = stage.querySelector(`.chip[data-number="${net.dataset.from}"]`)?.dataset.chip;
  return net.classList.contains("bus") ? given(writes) : [];
}

function given(id) {
  return unique(board.wires.filter((wire) => wire.target[0] === id).map((wire) => wire.source));
}

function gives(id) {
  return unique(board.wires.filter((wire) => wire.source[0] === id).map((wire) => wire.source));
}

function unique(pins) { return [...new Map(pins.map((pin) => [key(pin), pin])).values()]; }

function watch(pins, title) {
  choose(null);
  watched = { pins, values: new Map() };
  const close = make("button", "×", { class: "close", "aria-label": "Close the card" });
  close.onclick = () => choose(null);
  const body = make("div", "", { id: "wire" });
  card.replaceChildren(close, make("h2", title), body);
  card.hidden = false;
  card.scrollTop = 0;
  watched.body = body;
  mark();
  showWire();
  ask(true);
}

function isWatching() {
  if (watched && (card.hidden || !card.contains(watched.body))) { watched = null; mark(); }
  return watched !== null;
}

function mark() {
  const keys = new Set((watched?.pins ?? []).map(key));
  const wires = fold ? JSON.parse(fold.template.dataset.wires) : {};
  for (const net of stage.querySelectorAll(".net")) {
    net.classList.toggle("watched", (wires[net.dataset.net] ?? []).some((pin) => keys.has(key(pin))));
  }
}

function showWire() {
  if (!isWatching()) return;
  for (const [node, pin, report] of news?.wires ?? []) watched.values.set(key([node, pin]), report);
  watched.body.replaceChildren(...watched.pins.flatMap(wireBlock));
}

function wireBlock(pin) {
  const node = byNode(pin[0]), output = node?.outputs.find((one) => one.name === pin[1]);
  const several = watched.pins.length > 1;
  const to = board.wires.filter((wire) => key(wire.source) === key(pin))
    .map((wire) => (wire.latched ? "↺ " : "") + labelOf(wire.target));
  const parts = [];
  if (several) parts.push(make("h3", labelOf(pin)));
  parts.push(make("p", `${output?.spec ?? ""} → ${to.join(", ")}`, { class: "kind" }));
  const report = watched.values.get(key(pin));
  if (!report) {
    parts.push(make("p", waitingFor(node), { class: "measured" }));
    return parts;
  }
  parts.push(...report.leaves.map(meter));
  const shape = `${report.calls.toLocaleString("en")} × [${report.shape.join(", ")}]`;
  parts.push(make("p", `measured in iteration ${number(report.iteration)}: ${shape}`, { class: "measured" }));
  return parts;
}

function waitingFor(node) {
  if (node?.phase.startsWith("predict")) return "predict runs in evaluations only; its wires are not measured.";
  if (news && news.state !== "training") return "the run is over; this wire was not measured.";
  return `measuring: waiting for ${node?.phase ?? "it"} to run …`;
}

function meter(leaf) {
  const box = make("div", "", { class: "meter" });
  const head = make("h4", leaf.name || "values");
  head.append(make("span", leaf.dtype));
  box.append(head);
  const bad = leaf.nan + leaf.inf, same = leaf.low === leaf.high;
  if (!same) {
    box.append(histogram(leaf));
    const ends = make("div", "", { class: "ends" });
    ends.append(make("span", number(leaf.low)), make("span", number(leaf.high)));
    box.append(ends);
  }
  const numbers = make("p", "", { class: "numbers" });
  const say = (name, text, kind = "") => {
    const one = make("b", text, { class: kind });
    one.prepend(make("span", `${name} `));
    numbers.append(one);
  };
  if (same && leaf.low !== null) say("always", number(leaf.low));
  if (!same) {
    say("range", `${number(leaf.low)} … ${number(leaf.high)}`);
    say("mean", `${number(leaf.mean)} ± ${number(leaf.std)}`);
  }
  say("", bad ? `✗ ${number(leaf.nan)} NaN, ${number(leaf.inf)} infinite of ${number(leaf.count)}`
    : `✓ all ${number(leaf.count)} finite`, bad ? "bad" : "fine");
  box.append(numbers);
  return box;
}

function histogram(leaf) {
  const drawing = draw("svg", { viewBox: "0 0 400 64", preserveAspectRatio: "none", role: "img" });
  draw("title", {}, drawing).textContent = `Histogram from ${number(leaf.low)} to ${number(leaf.high)}`;
  const most = Math.max(...leaf.bins), wide = 400 / leaf.bins.length;
  leaf.bins.forEach((count, i) => {
    const tall = count ? Math.max(58 * count / most, 1.5) : 0;
    draw("rect", { x: i * wide + 0.75, y: 62 - tall, width: Math.max(wide - 1.5, 1), height: tall }, drawing);
  });
  draw("line", { x1: 0, x2: 400, y1: 62.5, y2: 62.5 }, drawing);
  const whole = leaf.bins.length > 1 && leaf.bins.length <= leaf.high - leaf.low + 1 && !leaf.dtype.includes("float");
  const low = whole ? leaf.low - 0.5 : leaf.low, span = (leaf.high - leaf.low) + (whole ? 1 : 0);
  if (span > 0) {
    const x = 400 * (leaf.mean - low) / span;
    draw("line", { x1: x, x2: x, y1: 0, y2: 62, class: "mean" }, drawing);
  }
  return drawing;
}

stage.addEventListener("click", (event) => {
  if (event.target.closest(".chip")) return;
  const net = event.target.closest(".net"), pins = net ? pinsOf(net) : [];
  if (!pins.length) return;
  const bus = net.classList.contains("bus") || pins.length > 1;
  watch(pins, bus ? net.querySelector("title").textContent.split(" → ")[0] : labelOf(pins[0]));
});

// A chip's card gets a button that measures what the chip gives; so wires can be had by keys, too.
function offer() {
  if (card.hidden || !chosen || card.querySelector(".measure") || card.querySelector("#wire")) return;
  const id = chosen, pins = gives(id);
  if (!pins.length) return;
  const button = make("button", "Measure what it gives (m)", { class: "measure" });
  button.onclick = () => watch(pins, byNode(id).label);
  card.append(button);
}

addEventListener("keydown", (event) => {
  if (event.key === "m" && !event.ctrlKey && !event.metaKey && event.target.tagName !== "INPUT") {
    card.querySelector(".measure")?.click();
  }
});
document.querySelector("#keys dl").append(make("dt", "click a wire, m"), make("dd", "measure it, or what a chip gives"));

const cards = new MutationObserver(() => { isWatching(); offer(); });
cards.observe(card, { childList: true, attributes: true, attributeFilter: ["hidden"] });
new MutationObserver(() => { showPlates(); mark(); }).observe(stage, { childList: true });

// ---- news ------------------------------------------------------------------------------------
// One request waits for news at a time; a wire that is clicked asks anew, at once.
function ask(now = false) {
  if (now && asking) asking.abort();
  if (now || !asking) listen();
}

async function listen() {
  const request = asking = new AbortController();
  try {
    const answer = await fetch("live", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ page, after: news?.number ?? 0, wires: isWatching() ? watched.pins : [] }),
      signal: request.signal,
    });
    if (!answer.ok) throw new Error(await answer.text());
    take(await answer.json());
  } catch (error) {
    if (request.signal.aborted) return;
    lost();
  }
  if (asking !== request) return;
  asking = null;
  const over = !news || news.state !== "training";
  setTimeout(ask, over ? 4000 : 0);
}

function take(next) {
  if (news && next.run !== news.run) { location.reload(); return; }
  news = next;
  showStrip();
  showPlates();
  showWire();
}

function lost() {
  if (!news) { find(".state b").textContent = "out of reach"; return; }
  if (news.state === "training") { news = { ...news, state: "gone" }; showStrip(); }
}

ask();
})();
