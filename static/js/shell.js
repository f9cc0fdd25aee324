// The frame: theme, dialogs, command palette, toasts and keys. Each of them is a link or a form that also works without.

const TOAST_SECONDS = 6;
const CHORD_SECONDS = 1.2;
const root = document.documentElement;
const { body } = document;

// --- theme: shown at once, stored in the background -----------------------------------------------------------------
const isDark = () => {
  const chosen = root.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
const repaint = () => document.dispatchEvent(new Event("moniqo:theme"));

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  root.dataset.theme = isDark() ? "light" : "dark";
  repaint();
  const data = new FormData(form);
  data.set("theme", root.dataset.theme);
  fetch(form.action, { method: "POST", body: data, headers: { "HX-Request": "true" } });
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

// --- dialogs --------------------------------------------------------------------------------------------------------
// A link with hx-target="#dialog" fills the dialog and opens it; without JavaScript it leads to the same form as a page.
const dialog = document.getElementById("dialog");
let asker; // the id of what had the focus before: it may be drawn anew while the dialog is open
document.addEventListener("htmx:afterSwap", (event) => {
  const target = event.detail.target;
  if (!(target instanceof HTMLDialogElement && target.id && !target.open && target.childElementCount)) return;
  asker = event.detail.requestConfig?.elt?.contains(document.activeElement) ? document.activeElement.id : "";
  asker ||= event.detail.requestConfig?.elt?.querySelector("[data-asks]")?.id;
  target.showModal();
});
// The browser gives the focus back by itself, unless the field was drawn anew: then what had it in the dialog keeps it until the next frame.
dialog?.addEventListener("close", () => {
  const holder = document.activeElement;
  if (holder === body || dialog.contains(holder)) document.getElementById(asker)?.focus();
});
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.open && event.target.matches(":modal")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
    return;
  }
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) return document.getElementById(opener.dataset.dialogOpen).showModal();
  const closer = event.target.closest("[data-dialog-close]");
  const open = closer?.closest("dialog");
  if (open) {
    event.preventDefault();
    open.close();
  }
});
body.addEventListener("dialog:close", () => dialog?.close()); // an answer's HX-Trigger says the work is done

// --- user menu: closes on Escape and when something else is clicked --------------------------------------------------
const menus = () => document.querySelectorAll("details[data-menu][open]");
document.addEventListener("click", (event) => menus().forEach((menu) => menu.contains(event.target) || (menu.open = false)));

// --- toasts ---------------------------------------------------------------------------------------------------------
const toasts = document.getElementById("toasts");
const template = document.getElementById("toast-template");

const expire = (toast) => {
  if (toast.classList.contains("bad")) return; // an error stays until it is read
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
  setTimeout(leave, TOAST_SECONDS * 1000);
};
const addToast = ({ kind, text, retry, about }) => {
  const toast = template.content.querySelector(`.toast.${kind || "plain"}`).cloneNode(true); // one of each, with its icon
  toast.querySelector("p").textContent = text;
  if (about) toast.dataset.about = about;
  const button = toast.querySelector("[data-retry]");
  if (retry) button.addEventListener("click", () => { toast.remove(); retry(); });
  else button.remove();
  toasts.append(toast);
};
if (toasts && template) {
  // Toasts arrive from scripts, from an answer's HX-Trigger, and out of band inside a fragment.
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => node.classList && expire(node))))
    .observe(toasts, { childList: true });
  document.addEventListener("moniqo:toast", (event) => addToast(event.detail));
  body.addEventListener("toast", (event) => addToast(event.detail));
  toasts.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast").remove());
}

// What a word means, or why a figure is not known, is a title: who has no mouse to rest on it presses it.
document.addEventListener("click", ({ target }) => {
  const said = target.closest("dfn[title], .missing[title]");
  if (said && template && !target.closest("a, button, summary, label")) addToast({ text: said.title });
});

// A new alert is told in the words of its reader: the event only names it. One that was raised by a timer names none.
body.addEventListener("live:alert", ({ detail }) => {
  if (detail?.id) htmx.ajax("GET", `${toasts.dataset.alerts}${detail.id}/toast/`, { target: toasts, swap: "beforeend" });
});

// --- command palette ------------------------------------------------------------------------------------------------
const palette = document.getElementById("palette");
const paletteLink = document.querySelector("[data-jump]");
const openPalette = () => {
  if (!palette || palette.open) return;
  htmx.ajax("GET", paletteLink.getAttribute("href"), { target: palette, swap: "innerHTML" });
};
const results = () => [...palette.querySelectorAll(".results a, .results button")];
const activate = (step) => {
  const all = results();
  if (!all.length) return;
  const now = all.findIndex((item) => item.hasAttribute("data-active"));
  all[now]?.removeAttribute("data-active");
  const next = all[(now + step + all.length) % all.length];
  next.setAttribute("data-active", "");
  next.scrollIntoView({ block: "nearest" });
};
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-jump]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  openPalette();
});
palette?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    activate(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
    choose(event.target);
  }
});
// What is shown may still answer what was typed before. A link that is waited for is followed; an action is seen first.
let isAwaited = false;
const choose = (field) => {
  const shown = palette.querySelector(".results");
  isAwaited = shown?.dataset.query !== field.value.trim();
  if (!isAwaited) (shown.querySelector("[data-active]") ?? results()[0])?.click();
};
palette?.addEventListener("htmx:afterSettle", () => {
  const field = palette.querySelector("input[type=search]");
  if (!isAwaited || palette.querySelector(".results")?.dataset.query !== field?.value.trim()) return;
  isAwaited = false;
  const first = results()[0];
  if (first?.matches("a")) first.click();
  else if (first) activate(1);
});

// --- keys -----------------------------------------------------------------------------------------------------------
let chordUntil = 0;
const isTyping = (element) => element.closest("input, textarea, select, [contenteditable], dialog[open]");
const moveRow = (step) => {
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => !row.hidden && row.querySelector("a"));
  if (!rows.length) return;
  const now = rows.indexOf(document.activeElement.closest?.("tr"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  next.querySelector("a").focus();
  next.scrollIntoView({ block: "nearest" });
};
const KEYS = {
  "/": openPalette,
  "?": () => document.getElementById("shortcuts").showModal(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "k" && (event.metaKey || event.ctrlKey) && palette) {
    event.preventDefault();
    return openPalette();
  }
  if (event.key === "Escape") menus().forEach((menu) => (menu.open = false));
  if (!("shortcuts" in body.dataset) || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
  if (Date.now() < chordUntil) {
    chordUntil = 0;
    const link = document.querySelector(`.side a[data-key="${CSS.escape(event.key)}"]`);
    if (link) return link.click();
  }
  if (event.key === "g") chordUntil = Date.now() + CHORD_SECONDS * 1000;
  else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// --- calendar: Escape puts away what stands beside the cell that is pointed at, until another is ---------------------------
const CELL = ".month td";
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const cell of document.querySelectorAll(`${CELL}:is(:hover, :focus-within)`)) cell.setAttribute("data-dismissed", "");
});
const bringBack = (event) => {
  const cell = event.target.closest?.(CELL);
  for (const other of document.querySelectorAll(`${CELL}[data-dismissed]`)) if (other !== cell) other.removeAttribute("data-dismissed");
};
for (const name of ["focusin", "mouseover"]) document.addEventListener(name, bringBack);

// --- a page on paper, or as a PDF ---------------------------------------------------------------------------------------
document.addEventListener("click", (event) => event.target.closest("[data-print]") && print());

// --- trees: a twist hides and shows what is below its row ---------------------------------------------------------------
const below = (id) => document.querySelectorAll(`tr[data-parent="${CSS.escape(id)}"]`);
const fold = (id, hide) => {
  for (const row of below(id)) {
    row.hidden = hide;
    const twist = row.querySelector(".twist");
    if (twist) fold(twist.dataset.id, hide || twist.getAttribute("aria-expanded") === "false");
  }
};
const setTwist = (twist, open) => {
  twist.setAttribute("aria-expanded", open);
  fold(twist.dataset.id, !open);
};
document.addEventListener("click", (event) => {
  const twist = event.target.closest(".twist");
  if (twist) return setTwist(twist, twist.getAttribute("aria-expanded") !== "true");
  const all = event.target.closest("[data-fold-all]");
  if (!all) return;
  const twists = [...document.querySelectorAll(".tree .twist")];
  const open = twists.every((one) => one.getAttribute("aria-expanded") === "false");
  twists.forEach((one) => setTwist(one, open));
  all.textContent = open ? "Collapse all" : "Expand all";
});
