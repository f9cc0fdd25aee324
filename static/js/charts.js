// Charts: the server sends whole figures whose colours are names of CSS variables; this file fetches the library when
// the first chart comes near the screen, turns names into colours, and draws again when theme or figure change.
//   "var(--c1)"      the colour as it is          "var(--c1) 26%"  with that opacity
//   "var(--c1) 42% over var(--surface)"           mixed into another colour

const NEAR = "200px";
const PIXELS_PER_TICK = 110;
const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };
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
  await Plotly.react(chart, data, layout, CONFIG);
};

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: NEAR });

const watch = () => {
  for (const chart of document.querySelectorAll("[data-chart]")) {
    if (!drawn.has(chart)) near.observe(chart);
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
