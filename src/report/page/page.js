"use strict";
// Draws the report of one file at a time from the data element. Text of models reaches the page through textContent alone.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = document.getElementById("drawing").namespaceURI;
const SIGNS = { passed: ["✓", "good"], failed: ["✗", "bad"], skipped: ["–", "quiet"] };
const LEVELS = { verified: "good", "verified for inference": "good", inconclusive: "unsure", refused: "bad" };

// An element with attributes and children; strings become text.
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function draw(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const figure = (value) => (value === null ? "not finite" : value === 0 ? "0" : value.toExponential(1));
const list = (kind, items) => (items.length ? make("p", { class: "quiet" }, `${kind}: ${items.join("; ")}`) : null);

// ------------------------------------------------------------------------------------------------------------ summary

function summary(file) {
  const proved = ["saved", "unchanged", "would-change", "compared"].includes(file.outcome);
  const title = file.output ? `${file.input} → ${file.output}` : file.input;
  const reach = file.executable_lines
    ? `${(100 * (1 - file.unreached_lines.length / file.executable_lines)).toFixed(1)} % of ${file.executable_lines} lines ran`
    : null;
  const facts = [file.outcome, `${file.seconds.toFixed(1)} s`, file.proved_earlier ? "proved by an earlier run" : null, reach];
  const said = make("ul", { class: "said" });
  for (const one of file.diagnostics) {
    const bad = one.severity === "refusal";
    const place = one.place ? `line ${one.place.line}: ` : "";
    const help = one.suggestion ? ` (${one.suggestion})` : "";
    said.append(make("li", {}, make("span", { class: bad ? "bad" : "quiet" }, `${bad ? "✗" : "·"} ${one.code} `), `${place}${one.message}${help}`));
  }
  return make(
    "section",
    { id: "summary" },
    make("h2", {}, title),
    make("p", {}, make("span", { class: `badge ${LEVELS[file.level]}` }, proved ? `✓ ${file.level}` : `✗ ${file.level}`), `  ${facts.filter(Boolean).join(" · ")}`),
    file.sha256 ? make("p", { class: "quiet code" }, `sha256 ${file.sha256}`) : null,
    file.trouble ? make("p", { class: "bad" }, file.trouble) : null,
    list("assumed", file.assumptions),
    list("not proved", file.not_proved),
    list("limitations", file.limitations),
    said,
  );
}

// ---------------------------------------------------------------------------------------------------------- one entry

function ladder(entry) {
  const steps = make("ol", { class: "ladder" });
  for (const stage of entry.stages) {
    const [sign, kind] = SIGNS[stage.result];
    steps.append(make("li", {}, make("span", { class: kind, title: stage.result }, sign), make("span", {}, stage.name), make("span", { class: "figure" }, stage.figure)));
  }
  return make("div", {}, make("h4", {}, "Stages"), steps);
}

// PyTorch's numbers across, MLX's upward, each in units of its array's largest: all lies on the diagonal if both are equal.
function scatter(points, title) {
  if (points.length === 0) return null;
  const low = 34, high = 290, reach = 1.05;
  const across = (value) => low + ((value + reach) / (2 * reach)) * (high - low);
  const upward = (value) => high + 10 - (across(value) - low) - 20;
  const picture = draw("svg", { viewBox: "0 0 300 310", role: "img", class: "scatter", "aria-label": `${title}: ${points.length} numbers of both sides` });
  picture.append(
    draw("line", { class: "axis", x1: low, y1: upward(-reach), x2: high, y2: upward(-reach) }),
    draw("line", { class: "axis", x1: low, y1: upward(-reach), x2: low, y2: upward(reach) }),
    draw("line", { class: "diagonal", x1: across(-1), y1: upward(-1), x2: across(1), y2: upward(1) }),
  );
  for (const value of [-1, 0, 1])
    picture.append(
      draw("text", { x: across(value), y: upward(-reach) + 14, "text-anchor": "middle" }, String(value)),
      draw("text", { x: low - 6, y: upward(value) + 4, "text-anchor": "end" }, String(value)),
    );
  picture.append(draw("text", { x: high, y: upward(-reach) + 26, "text-anchor": "end" }, "PyTorch"), draw("text", { x: low + 4, y: upward(reach) - 4 }, "MLX"));
  for (const [original, converted] of points) {
    const inside = Math.max(-reach, Math.min(reach, converted));
    picture.append(draw("circle", { class: "mark", cx: across(original), cy: upward(inside), r: 3 }, draw("title", {}, `PyTorch ${original}, MLX ${converted}`)));
  }
  return make("div", {}, make("h4", {}, title), picture);
}

// "blocks.0" of "gradient of blocks.0.norm.weight"; a name without a module stays.
function moduleOf(name) {
  const parts = name.replace(/^gradient of /, "").replace(/ after one step$/, "").replace(/^(parameter|buffer)\./, "").split(".");
  return parts.length > 1 ? parts.slice(0, -1).join(".") : parts[0];
}

// The worst error of each module on a scale of powers of ten; the upright line is its tolerance.
function errors(entry) {
  const worst = new Map();
  for (const array of entry.arrays) {
    if (array.error === null) array.error = Infinity;
    const key = `${array.quantity}: ${moduleOf(array.name)}`;
    const known = worst.get(key);
    if (!known || array.error / array.tolerance > known.error / known.tolerance) worst.set(key, array);
  }
  if (worst.size === 0) return null;
  const all = [...worst.values()];
  const least = Math.floor(Math.log10(Math.min(...all.map((one) => one.tolerance)))) - 3;
  const most = Math.max(...all.map((one) => Math.log10(Math.max(one.tolerance, Math.min(one.error, 10)))), least + 4) + 0.2;
  const share = (value) => 100 * Math.max(0, Math.min(1, (Math.log10(Math.max(value, 1e-30)) - least) / (most - least)));
  const bars = make("div", { class: "bars errors" });
  for (const [name, one] of [...worst].sort((a, b) => b[1].error / b[1].tolerance - a[1].error / a[1].tolerance)) {
    const over = one.error > one.tolerance;
    const bar = make("div", { class: over ? "bar over" : "bar" });
    bar.style.width = `${share(one.error)}%`;
    const limit = make("div", { class: "limit" });
    limit.style.left = `calc(${share(one.tolerance)}% - 1px)`;
    bars.append(
      make("div", { class: "name", title: `${name} (${one.name})` }, name),
      make("div", { class: "track", title: `error ${figure(one.error)}, tolerance ${figure(one.tolerance)}` }, bar, limit),
      make("div", { class: "value" }, figure(one.error)),
    );
  }
  const about = "Worst of each module, nearest to its tolerance first; the upright line is the tolerance. Beyond it only what is the same in float64.";
  return make("div", { class: "wide" }, make("h4", {}, "Errors, relative to the scale of each array, logarithmic"), make("p", { class: "quiet" }, about), make("div", { class: "scroll" }, bars));
}

function timing(entry) {
  const seconds = entry.seconds_per_call;
  if (!seconds) return null;
  const bars = make("div", { class: "bars timing" });
  for (const [name, kind, value] of [["PyTorch", "pytorch", seconds.original], ["MLX", "mlx", seconds.converted]]) {
    const bar = make("div", { class: `bar ${kind}` });
    bar.style.width = `${(100 * value) / Math.max(seconds.original, seconds.converted)}%`;
    bars.append(make("div", { class: "name" }, name), make("div", { class: "track" }, bar), make("div", { class: "value" }, `${(1000 * value).toFixed(2)} ms`));
  }
  return make("div", {}, make("h4", {}, "A call, on the CPU of this machine"), bars);
}

function weights(entry) {
  if (entry.weights.length === 0) return null;
  const body = make("tbody");
  for (const weight of entry.weights)
    body.append(make("tr", {}, make("td", {}, weight.originals.join(", ") || "–"), make("td", {}, weight.converted), make("td", {}, `[${weight.shape.join(", ")}]`)));
  const head = make("thead", {}, make("tr", {}, ...["PyTorch", "MLX", "shape in MLX"].map((name) => make("th", {}, name))));
  return make("div", { class: "wide" }, make("h4", {}, `Weights (${entry.weights.length} arrays)`), make("div", { class: "scroll" }, make("table", { class: "weights" }, head, body)));
}

function entrySection(entry) {
  const samples = make("div", {}, make("h4", {}, "Samples"));
  for (const sample of entry.samples) samples.append(make("p", { class: "code" }, sample.call, make("span", { class: "quiet" }, `  ${sample.origin}`)));
  const heading = make("h3", {}, `${entry.name} `, make("span", { class: LEVELS[entry.level] }, `${entry.level}${entry.dtype ? ` in ${entry.dtype}` : ""}`));
  const parts = [
    ladder(entry),
    scatter(entry.points.values, "Values"),
    scatter(entry.points.gradients, "Gradients"),
    timing(entry),
    entry.samples.length ? samples : null,
    errors(entry),
    weights(entry),
  ];
  return make("section", { class: "entry" }, heading, make("div", { class: "grid" }, ...parts));
}

// -------------------------------------------------------------------------------------------------------------- traps

// Where the file came upon what is silently another thing in MLX, and what was done about it.
function traps(file) {
  if (file.traps.length === 0) return null;
  const body = make("tbody");
  for (const trap of file.traps) {
    const lines = [...new Set(trap.places.map((place) => place.line))];
    const rules = [...new Set(trap.places.map((place) => place.rule))].join(", ");
    body.append(make("tr", {}, make("td", {}, trap.name), make("td", {}, trap.differs), make("td", {}, trap.handled), make("td", { title: rules }, lines.join(", "))));
  }
  const head = make("thead", {}, make("tr", {}, ...["trap", "PyTorch and MLX", "here", "lines"].map((name) => make("th", {}, name))));
  const about = "Places at which a port by hand would run and give other numbers.";
  return make("section", { id: "traps" }, make("h3", {}, "Silent traps"), make("p", { class: "quiet" }, about), make("table", { class: "traps" }, head, body));
}

// --------------------------------------------------------------------------------------------------------------- diff

// Beginnings of lines in the text, in the units in which the rules' places count.
function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

// The rules' places by line, outermost first. A place of several lines counts in each.
function placesByLine(starts, rules, side) {
  const byLine = new Map();
  const lineAt = (at) => {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  rules.forEach((rule, index) => {
    const [begin, end] = rule[side];
    for (let line = lineAt(begin); line <= lineAt(Math.max(begin, end - 1)); line++) {
      if (!byLine.has(line)) byLine.set(line, []);
      byLine.get(line).push({ begin, end, index });
    }
  });
  for (const places of byLine.values()) places.sort((a, b) => a.begin - b.begin || b.end - a.end);
  return byLine;
}

// Text [begin, end) with a span around each rule's place; places nest.
function marked(text, begin, end, places) {
  const root = document.createDocumentFragment();
  const open = [{ element: root, end }];
  let at = begin;
  const write = (until) => {
    const top = open[open.length - 1].element;
    if (until > at) top.append(text.slice(at, until));
    at = Math.max(at, until);
  };
  for (const place of places) {
    const from = Math.max(place.begin, begin);
    // Text of what ends before this place belongs into its own span, so it is written before that is closed.
    while (open.length > 1 && open[open.length - 1].end <= from) {
      write(open[open.length - 1].end);
      open.pop();
    }
    write(from);
    const until = Math.min(place.end, end, open[open.length - 1].end);
    if (until <= at) continue;
    const span = make("span", { class: "rule", "data-rule": String(place.index), tabindex: "-1" });
    open[open.length - 1].element.append(span);
    open.push({ element: span, end: until });
  }
  while (open.length > 1) {
    write(open[open.length - 1].end);
    open.pop();
  }
  write(end);
  return root;
}

function pane(listing, side, title, unreached) {
  const text = listing[side];
  const starts = lineStarts(text);
  const places = placesByLine(starts, listing.rules, side);
  const lines = make("div", { class: "lines" });
  const textOf = (which, number) => {
    const all = which === "original" ? listing.originalStarts : listing.convertedStarts;
    return listing[which].slice(all[number - 1], all[number] ?? listing[which].length).replace(/\r?\n$/, "");
  };
  const index = side === "original" ? 0 : 1;
  for (const row of listing.rows) {
    const number = row[index];
    if (number === 0) {
      lines.append(make("div", { class: "row" }, make("span", { class: "number" }), make("span", { class: "text" })));
      continue;
    }
    const same = row[0] && row[1] && textOf("original", row[0]) === textOf("converted", row[1]);
    const kind = same ? "" : index === 0 ? " removed" : " added";
    const begin = starts[number - 1];
    const content = make("span", { class: "text" });
    content.append(marked(text, begin, begin + textOf(side, number).length, places.get(number - 1) ?? []));
    const missed = index === 1 && unreached.has(number) ? " unreached" : "";
    lines.append(make("div", { class: `row${kind}${missed}` }, make("span", { class: "number" }, String(number)), content));
  }
  const scroller = make("div", { class: "pane", tabindex: "0", "aria-label": title }, lines);
  return [make("div", { class: "title" }, title), scroller];
}

// What one pane is scrolled to, so is the other. The echo of our own scrolling is told by its position.
function synchronise(one, other) {
  for (const [from, to] of [[one, other], [other, one]])
    from.addEventListener("scroll", () => {
      if (to.scrollTop !== from.scrollTop) to.scrollTop = from.scrollTop;
      if (to.scrollLeft !== from.scrollLeft) to.scrollLeft = from.scrollLeft;
    });
}

function tooltips(area, listing) {
  const tooltip = document.getElementById("tooltip");
  const light = (index, on) => area.querySelectorAll(`[data-rule="${index}"]`).forEach((span) => span.classList.toggle("lit", on));
  area.addEventListener("mouseover", (event) => {
    const span = event.target.closest(".rule");
    if (!span) return;
    const rule = listing.rules[span.dataset.rule];
    const piece = (side) => listing[side].slice(...rule[side]);
    tooltip.replaceChildren(make("strong", {}, rule.rule), "\n", make("code", {}, `${piece("original")}\n→ ${piece("converted")}`));
    tooltip.hidden = false;
    const box = span.getBoundingClientRect();
    tooltip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - tooltip.offsetWidth - 8))}px`;
    tooltip.style.top = `${box.bottom + tooltip.offsetHeight + 8 < innerHeight ? box.bottom + 6 : Math.max(8, box.top - tooltip.offsetHeight - 6)}px`;
    light(span.dataset.rule, true);
  });
  area.addEventListener("mouseout", (event) => {
    const span = event.target.closest(".rule");
    if (!span) return;
    tooltip.hidden = true;
    light(span.dataset.rule, false);
  });
}

function diff(file) {
  const listing = file.listing;
  if (!listing.original || !listing.converted) return null;
  listing.originalStarts = lineStarts(listing.original);
  listing.convertedStarts = lineStarts(listing.converted);
  const [leftTitle, left] = pane(listing, "original", file.input, new Set());
  const [rightTitle, right] = pane(listing, "converted", file.output ?? "converted", new Set(file.unreached_lines));
  synchronise(left, right);
  const area = make("div", { class: "diff" }, leftTitle, rightTitle, left, right);
  tooltips(area, listing);
  const legend = make("p", { class: "quiet legend" });
  for (const [name, colour] of [["changed from", "--removed"], ["changed to", "--added"], ["no sample ran it", "--unreached"]]) {
    const sample = make("span", {}, name);
    sample.style.background = `var(${colour})`;
    legend.append(sample);
  }
  legend.append(listing.rules.length ? "dotted: made by a rule, which a pointer on it names" : "");
  return make("section", { id: "diff" }, make("h3", {}, "Both files"), legend, area);
}

// --------------------------------------------------------------------------------------------------------------- page

function show(index) {
  const file = DATA.files[index];
  document.getElementById("tooltip").hidden = true;
  const parts = [summary(file), ...file.entries.map(entrySection), traps(file), diff(file)];
  document.getElementById("report").replaceChildren(...parts.filter((part) => part !== null));
  document.querySelectorAll("#files button").forEach((button, i) => button.setAttribute("aria-current", String(i === index)));
}

document.getElementById("version").textContent = DATA.version;
DATA.files.forEach((file, index) => {
  const button = make("button", { type: "button" }, make("span", { class: LEVELS[file.level] }, LEVELS[file.level] === "good" ? "✓ " : "✗ "), file.input);
  button.addEventListener("click", () => show(index));
  if (DATA.files.length > 1) document.getElementById("files").append(button);
});
if (DATA.files.length > 0) show(0);
