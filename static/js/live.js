// One stream of server-sent events per page. An event says what changed; regions that asked for it fetch themselves:
//   <section hx-get="…" hx-trigger="live:order from:body throttle:1s" hx-swap="morph:outerHTML">
// Where the stream fails for long, the same events are raised on a timer until it works again.

const STREAM = document.body.dataset.live;
const POLL_SECONDS = 20;
const RETRY_SECONDS = 5; // twice as long each time the stream is refused again, up to
const RETRY_MOST_SECONDS = 60;
const PATIENCE_SECONDS = 8; // before a broken stream counts as offline
const PAUSE_SECONDS = 1; // between two events of one name, whatever the server sends
const LONGEST_THROTTLE_SECONDS = 11; // regions take at most ten
const TICK = 1000;
const WORDS = { connecting: "Connecting", live: "Connected", polling: "Delayed", offline: "Offline" };

const heard = new Set(["alert"]); // its toast, in shell.js, is no region
let stream;
let poll;
let patience;
let pause = RETRY_SECONDS;

const show = (state) => {
  const status = document.getElementById("live");
  if (!status) return;
  status.dataset.state = state;
  status.querySelector("[data-live-label]").textContent = WORDS[state];
};

// While much happens an event comes many times a second: it is raised at once, then once per pause, the last included.
const unseen = new Map(); // name → what came while the tab was hidden
const paused = new Map(); // name → what came during the pause, undefined while nothing did
const settling = new Map(); // name → how often it was raised, and the timer that waits for it to be over
const raise = (name, detail = {}) => {
  if (document.hidden) return unseen.set(name, detail); // nobody looks: the page asks again when somebody does
  if (paused.has(name)) return paused.set(name, detail);
  paused.set(name, undefined);
  htmx.trigger(document.body, `live:${name}`, detail);
  settle(name, detail);
  setTimeout(() => {
    const late = paused.get(name);
    paused.delete(name);
    if (late) raise(name, late);
  }, PAUSE_SECONDS * TICK);
};
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  const missed = [...unseen];
  unseen.clear();
  for (const [name, detail] of missed) raise(name, detail);
});
// A region that was told to take its time (`throttle:10s`) drops what comes meanwhile. When a burst is over it is told once more.
const settle = (name, detail) => {
  const { times = 0, timer } = settling.get(name) ?? {};
  clearTimeout(timer);
  const over = () => {
    settling.delete(name);
    if (times) htmx.trigger(document.body, `live:${name}`, detail);
  };
  settling.set(name, { times: times + 1, timer: setTimeout(over, LONGEST_THROTTLE_SECONDS * TICK) });
};
const raiseAll = () => heard.forEach((name) => raise(name));

// EventSource hands out named events to named listeners only, so every name that a region waits for gets one.
const listen = () => {
  for (const region of document.querySelectorAll('[hx-trigger*="live:"]')) {
    for (const [, name] of region.getAttribute("hx-trigger").matchAll(/live:([\w-]+)/g)) {
      if (heard.has(name)) continue;
      heard.add(name);
      stream?.addEventListener(name, onEvent);
    }
  }
};

const onEvent = (event) => raise(event.type, JSON.parse(event.data || "{}"));

const startPolling = () => {
  show(navigator.onLine ? "polling" : "offline");
  poll ??= setInterval(raiseAll, POLL_SECONDS * TICK);
};

const stopPolling = () => {
  clearTimeout(patience);
  clearInterval(poll);
  poll = patience = undefined;
};

const connect = () => {
  stream = new EventSource(STREAM);
  heard.forEach((name) => stream.addEventListener(name, onEvent));
  stream.addEventListener("resync", raiseAll);
  stream.addEventListener("open", () => {
    if (poll) raiseAll();
    stopPolling();
    pause = RETRY_SECONDS;
    show("live");
  });
  stream.addEventListener("error", () => {
    patience ??= setTimeout(startPolling, PATIENCE_SECONDS * TICK);
    // A refused stream is closed for good: signed out, or too many pages are open. Ask which.
    if (stream.readyState === EventSource.CLOSED) later();
  });
};

const later = () => {
  setTimeout(reconnect, pause * TICK);
  pause = Math.min(2 * pause, RETRY_MOST_SECONDS);
};

const reconnect = async () => {
  try {
    const answer = await fetch(document.body.dataset.liveSession);
    if (answer.redirected) return location.reload(); // signed out elsewhere
    connect();
  } catch {
    later();
  }
};

if (STREAM) {
  listen();
  connect();
  document.addEventListener("htmx:afterSettle", listen);
  addEventListener("pagehide", () => stream.close());
  // A page that comes back out of the browser's cache is old, and its stream is closed.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

// Ages count on between two updates: the server's words, computed from the same moment.
const UNITS = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
const SKEW = 60; // kit/clock.py
const inWords = (seconds) => {
  if (seconds < -SKEW) return `\u2212${inWords(-seconds)}`;
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1);
  return `${Math.max(0, Math.floor(seconds / size))}\u00a0${unit}`;
};
// The server's words, kit/formatting.py: countdown.
const untilThen = (seconds) => {
  if (seconds <= 0) return "now";
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  const clock = days || hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  return days ? `${days}\u00a0d ${clock}` : clock;
};
const count = () => {
  if (document.hidden) return;
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    const words = untilThen(Math.floor((Date.parse(time.dateTime) - now) / TICK));
    if (time.textContent !== words) time.textContent = words;
  }
  for (const time of document.querySelectorAll("time[data-age]")) {
    const words = inWords((now - Date.parse(time.dateTime)) / TICK);
    if (time.textContent !== words) time.textContent = words;
  }
};
setInterval(count, TICK);

// The stamp in the top bar: a part of the page that was fetched brings the moment it tells of.
document.addEventListener("htmx:afterSwap", (event) => {
  const moment = event.detail.xhr?.getResponseHeader("X-As-Of");
  const stamp = document.querySelector("time[data-stamp]");
  if (!moment || !stamp || moment < stamp.dateTime) return;
  stamp.dateTime = moment;
  stamp.textContent = new Date(moment).toLocaleTimeString("en-GB", { timeZone: document.body.dataset.zone });
});
