// Charts: the server sends whole figures whose colours are names of CSS variables; this file fetches the library when
// the first chart comes near the screen, turns names into colours, and draws again when theme or figure change.
//   "var(--c1)"      the colour as it is          "var(--c1) 26%"  with that opacity
//   "var(--c1) 42% over var(--surface)"           mixed into another colour

const NEAR = "200px";
const PIXELS_PER_TICK = 110;
const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };
const HEADROOM = 0.06; // of the prices that are seen, above and below them
const STEP = 0.5; // by how much a button looks closer, or aside
const COLOUR = /^var\(--([\w-]+)\)(?: (\d+(?:\.\d+)?)%)?(?: over var\(--([\w-]+)\))?$/;

const probe = Object.assign(document.createElement("i"), { hidden: true });
document.body.append(probe);
const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });

// The browser computes light-dark() and oklch(); a painted pixel is what Plotly can read.
const channels = (name) => {
  probe.style.color = `var(--${name})`;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = getComputedStyle(probe).color;
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
};

const coloured = (text) => {
  const found = COLOUR.exec(text);
  if (!found) return text;
  const [, name, share, under] = found;
  const part = share === undefined ? 1 : Number(share) / 100;
  const top = channels(name);
  if (!under) return `rgba(${top.join()},${part})`;
  const bottom = channels(under);
  return `rgb(${top.map((value, index) => Math.round(bottom[index] + (value - bottom[index]) * part)).join()})`;
};

const resolved = (value) => {
  if (typeof value === "string") return value.startsWith("var(") ? coloured(value) : value;
  if (Array.isArray(value)) return typeof value.at(-1) === "number" ? value : value.map(resolved); // series stay as they are
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
};

let library;
const plotly = () => (library ??= new Promise((done, fail) => {
  const script = document.createElement("script");
  script.src = document.body.dataset.plotly;
  script.onload = () => done(window.Plotly);
  script.onerror = () => { library = undefined; fail(new Error("The chart library did not load.")); };
  document.head.append(script);
}));

// What happened on a line comes by itself, and is asked for again when the line is drawn anew a minute later.
const MARKS_ARE_NEW = 60_000; // ms
const marked = new Map(); // address → its traces once they are there, and when they were asked for
const fetched = async (address) => {
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => undefined);
  return answer?.ok ? (await answer.json()).data : [];
};
const marksOf = async (chart) => {
  const address = chart.dataset.marks;
  if (!address) return [];
  let known = marked.get(address);
  if (!(known?.at > Date.now() - MARKS_ARE_NEW)) {
    known = { at: Date.now(), data: [], coming: undefined };
    known.coming = fetched(address).then((data) => (known.data = data));
    marked.set(address, known);
  }
  return resolved(await known.coming);
};

const drawn = new Map(); // chart → the text of the figure it shows

const draw = async (chart) => {
  const text = document.getElementById(`${chart.id}-data`)?.textContent;
  if (!text) return;
  const Plotly = await plotly();
  if (!chart.isConnected) return;
  const { data, layout } = resolved(JSON.parse(text));
  layout.font.family = getComputedStyle(document.body).fontFamily;
  if (layout.xaxis) layout.xaxis.nticks = Math.max(3, Math.floor(chart.clientWidth / PIXELS_PER_TICK));
  drawn.set(chart, text);
  if (layout.uirevision) recall(chart, data, layout);
  await Plotly.react(chart, [...data, ...(await marksOf(chart))], layout, CONFIG);
  sign(chart);
  if (layout.uirevision) follow(chart);
};

// Plotly writes what is below zero in a hover with a hyphen, and behind its currency: there as everywhere it is −$5.
const NEGATIVE = /(?<!\w)([$€£¥]?)-(?=\d)/g;
const signed = new WeakSet();

const sign = (chart) => {
  if (signed.has(chart)) return;
  signed.add(chart);
  new MutationObserver(() => {
    for (const words of chart.querySelectorAll(".hoverlayer text, .hoverlayer tspan"))
      for (const node of words.childNodes) if (node.nodeType === Node.TEXT_NODE) node.data = node.data.replace(NEGATIVE, "−$1");
  }).observe(chart, { childList: true, subtree: true });
};

// --- a closer look --------------------------------------------------------------------------------------------------
// A chart with a revision can be moved and zoomed. What is seen of it outlives updates until the revision is another; the
// axes of values follow what is seen.
const looks = new Map(); // id of the chart → { revision, range: first and last moment that are seen }
const wholes = new WeakMap(); // chart → its ranges as the server sent them, by axis; none where Plotly finds them
const followed = new WeakSet();
const coarse = matchMedia("(pointer: coarse)");
const at = (moment) => Date.parse(moment);
const written = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
const valueAxes = (layout) => Object.keys(layout).filter((name) => /^yaxis\d*$/.test(name));

// From the lowest to the highest of what an axis shows between two moments, with room; levels count where they are near.
const seenValues = (data, axis, [first, last]) => {
  const own = data.filter(({ yaxis = "y" }) => yaxis === axis.replace("axis", ""));
  const isLevel = ({ line }) => line?.dash === "dash";
  const values = own.filter((trace) => !isLevel(trace)).flatMap(({ x, y, low, high }) =>
    x.flatMap((moment, place) => at(moment) < at(first) || at(moment) > at(last) ? [] : y ? [y[place]] : [low[place], high[place]]));
  const known = values.filter((value) => value !== null && value !== undefined);
  if (!known.length) return undefined;
  const bottom = Math.min(...known), top = Math.max(...known);
  const near = own.filter(isLevel).flatMap(({ y }) => y).filter((price) => price > bottom - (top - bottom) && price < top + (top - bottom));
  const [from, to] = [Math.min(bottom, ...near), Math.max(top, ...near)];
  const room = (to - from || Math.abs(to) || 1) * HEADROOM;
  return [from - room, to + room];
};

const recall = (chart, data, layout) => {
  wholes.set(chart, Object.fromEntries(["xaxis", ...valueAxes(layout)].map((axis) => [axis, layout[axis].range])));
  if (coarse.matches) layout.dragmode = false; // a finger on the chart scrolls the page; the buttons look closer
  const look = looks.get(chart.id);
  if (look?.revision !== layout.uirevision) return looks.delete(chart.id);
  layout.xaxis.range = look.range;
  for (const axis of valueAxes(layout)) layout[axis].range = seenValues(data, axis, look.range) ?? layout[axis].range;
};

const see = (chart, range) => {
  looks.set(chart.id, { revision: chart.layout.uirevision, range });
  const change = { "xaxis.range": range };
  for (const axis of valueAxes(chart.layout)) change[`${axis}.range`] = seenValues(chart.data, axis, range) ?? chart.layout[axis].range;
  return window.Plotly.relayout(chart, change);
};
const seeAll = (chart) => {
  looks.delete(chart.id);
  const ranges = Object.entries(wholes.get(chart));
  return window.Plotly.relayout(chart, Object.fromEntries(ranges.map(([axis, range]) => range ? [`${axis}.range`, range] : [`${axis}.autorange`, true])));
};

const follow = (chart) => {
  if (followed.has(chart)) return;
  followed.add(chart);
  chart.on("plotly_relayout", (change) => {
    const range = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (range[0]) see(chart, range);
  });
  chart.on("plotly_doubleclick", () => seeAll(chart));
};

const LOOKS = { in: [STEP / 2, -STEP / 2], out: [-STEP, STEP], earlier: [-STEP, -STEP], later: [STEP, STEP] };
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-look]");
  const chart = button && document.getElementById(button.getAttribute("aria-controls"));
  if (!chart || !drawn.has(chart) || !chart.layout) return;
  const move = LOOKS[button.dataset.chartLook];
  if (!move) return seeAll(chart);
  const [first, last] = chart.layout.xaxis.range.map(at);
  see(chart, [written(first + move[0] * (last - first)), written(last + move[1] * (last - first))]);
});

// --- days chosen on the chart -------------------------------------------------------------------------------------
// What is drawn over a chart with the mouse or a finger goes into the form of the dates, which asks for them: the choice
// is in the address, and every figure follows it. The form does the same by itself.
const brushed = new WeakSet();
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-brush]");
  const chart = button && document.getElementById(button.getAttribute("aria-controls"));
  if (!chart || !drawn.has(chart) || !chart.layout) return;
  const isOn = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", isOn);
  window.Plotly.relayout(chart, { dragmode: isOn ? "select" : coarse.matches ? false : "pan", selectdirection: "h" });
  if (brushed.has(chart)) return;
  brushed.add(chart);
  chart.on("plotly_selected", (chosen) => {
    const [from, to] = chosen?.range?.x ?? [];
    const form = document.getElementById("span-from")?.form;
    if (!from || !form) return;
    const [first, last] = [String(from), String(to)].sort();
    form.elements.from.value = first.slice(0, 10);
    form.elements.to.value = last.slice(0, 10);
    form.requestSubmit();
  });
});

// --- on paper -------------------------------------------------------------------------------------------------------
// Paper is white and narrow: charts are drawn for it in the colours of the light theme, and as before afterwards.
const PAPER = { width: 620, height: 224 }; // px: between the margins of A4, inside of a card
const root = document.documentElement;
const onPaper = () => {
  root.style.colorScheme = "light";
  for (const [chart, text] of drawn) {
    if (!chart.layout) continue;
    const { data, layout } = resolved(JSON.parse(text));
    layout.font.family = getComputedStyle(document.body).fontFamily;
    const marks = resolved(marked.get(chart.dataset.marks)?.data ?? []);
    window.Plotly.react(chart, [...data, ...marks], { ...layout, ...PAPER, autosize: false }, CONFIG);
  }
};
const offPaper = () => {
  root.style.colorScheme = "";
  drawn.forEach((_, chart) => draw(chart));
};
addEventListener("beforeprint", onPaper);
addEventListener("afterprint", offPaper);
matchMedia("print").addEventListener("change", ({ matches }) => matches ? onPaper() : offPaper());

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: NEAR });

const watch = () => {
  for (const chart of document.querySelectorAll("[data-chart]")) {
    if (!drawn.has(chart) && "eager" in chart.dataset) draw(chart);
    else if (!drawn.has(chart)) near.observe(chart);
    else if (drawn.get(chart) !== document.getElementById(`${chart.id}-data`)?.textContent) draw(chart);
  }
};

const forget = (chart) => {
  near.unobserve(chart);
  if (drawn.delete(chart)) window.Plotly?.purge(chart);
};

// Text in a chart is measured when it is drawn, so the typeface has to be there.
document.fonts.ready.then(watch);
document.addEventListener("htmx:afterSettle", watch);
document.addEventListener("htmx:beforeCleanupElement", ({ target }) => target.matches?.("[data-chart]") && forget(target));
document.addEventListener("moniqo:theme", () => drawn.forEach((_, chart) => draw(chart)));
