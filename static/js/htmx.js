// How htmx and idiomorph behave here. Everything else about htmx is in the page's `htmx-config`.

window.htmx = htmx; // for extensions and the console; inside the module it is a local name

// What people open and fold: the attribute that says so, and where it stands.
const THEIRS = { open: "details, dialog", "aria-expanded": ".twist", hidden: "tr[data-parent]" };

// When each field was last typed into, and when the request was sent whose answer is being written: an answer knows
// nothing of what was typed after its question.
const typedAt = new WeakMap();
let askedAt = Infinity;
document.addEventListener("input", (event) => typedAt.set(event.target, performance.now()), true);
document.addEventListener("htmx:beforeSend", (event) => { event.detail.requestConfig.askedAt = performance.now(); });
document.addEventListener("htmx:beforeSwap", (event) => { askedAt = event.detail.requestConfig?.askedAt ?? Infinity; });

// A live update must not wipe what somebody types, close what they opened, or redraw a chart that holds its own elements.
Object.assign(Idiomorph.defaults, { ignoreActiveValue: true });
Object.assign(Idiomorph.defaults.callbacks, {
  beforeAttributeUpdated: (name, element) => !(name in THEIRS && element.matches(THEIRS[name])),
  beforeNodeMorphed: (before, after) => {
    if (before.nodeType !== Node.ELEMENT_NODE) return true;
    if (typedAt.get(before) > askedAt) return false;
    if (!before.hasAttribute("data-chart")) return true;
    before.setAttribute("aria-label", after.getAttribute("aria-label"));
    return false;
  },
});

// What the server could not answer becomes a toast with a way to try again. It goes when the same is answered later.
const asked = ({ verb, path }) => `${verb} ${path || location.pathname}`;
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful) return;
  const about = asked(detail.requestConfig);
  document.querySelectorAll("#toasts [data-about]").forEach((toast) => toast.dataset.about === about && toast.remove());
});
const failed = (sentence) => (event) => {
  const { elt, requestConfig } = event.detail;
  document.dispatchEvent(new CustomEvent("moniqo:toast", { detail: {
    kind: "bad",
    text: sentence(event.detail.xhr?.status),
    about: asked(requestConfig),
    retry: () => htmx.ajax(requestConfig.verb, requestConfig.path, { source: elt, values: requestConfig.parameters }),
  } }));
};
const isBackground = (event) => event.detail.requestConfig?.triggeringEvent?.type?.startsWith("live:");

document.addEventListener("htmx:responseError", (event) => {
  const refused = event.detail.xhr.getResponseHeader("X-Refused");
  if (refused) return failed(() => refused)(event);
  if (event.detail.xhr.status === 401 || event.detail.xhr.status === 403) return location.reload();
  if (!isBackground(event)) failed((status) => `The server answered ${status}. Nothing was changed.`)(event);
});
document.addEventListener("htmx:sendError", (event) => {
  if (!isBackground(event)) failed(() => "The server cannot be reached.")(event);
});
