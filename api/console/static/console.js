// What pages gain by JavaScript; all of them work without it.
"use strict";

// Live parts: what the browser has already is not sent again, and a hidden tab asks for nothing.
const etags = new Map();
document.addEventListener("htmx:configRequest", (event) => {
  const { path, verb, headers, triggeringEvent } = event.detail;
  if (verb !== "get") return;
  const isPoll = event.detail.elt.matches("[data-live]") && !triggeringEvent;
  if (isPoll && (document.hidden || isInUse(event.detail.elt))) {
    event.preventDefault();
    return;
  }
  const known = event.detail.elt.matches("[data-live]") && etags.get(path);
  if (known) headers["If-None-Match"] = known;
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, pathInfo, successful } = event.detail;
  const etag = successful && xhr.getResponseHeader("ETag");
  if (etag && pathInfo) etags.set(pathInfo.requestPath, etag);
});

// A part that somebody reads from, by a selection or with the keyboard, stays as it is.
function isInUse(element) {
  const selection = getSelection();
  const isSelected = !selection.isCollapsed && element.contains(selection.anchorNode);
  const active = document.activeElement;
  return isSelected || (active !== element && element.contains(active));
}

// `/` focuses the search.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
  const search = document.getElementById("search");
  if (search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// The menu is open where there is room for it.
const menu = document.getElementById("menu");
if (menu && matchMedia("(max-width: 52rem)").matches) menu.removeAttribute("open");

// Moments: a slider in place of the radio buttons, which stay what is sent.
function addSlider(form) {
  const radios = [...form.querySelectorAll("input[type=radio]")];
  if (radios.length < 2 || form.querySelector("input[type=range]")) return;
  const slider = document.createElement("input");
  slider.type = "range";
  slider.id = "moment";
  slider.min = "0";
  slider.max = String(radios.length - 1);
  slider.value = String(Math.max(0, radios.findIndex((radio) => radio.checked)));
  slider.setAttribute("aria-label", "Moment: the row as of each event");
  const label = document.createElement("output");
  label.htmlFor = "moment";
  const show = () => {
    const radio = radios[Number(slider.value)];
    label.textContent = radio.closest("label").textContent.trim().replace(/\s+/g, " ");
    slider.setAttribute("aria-valuetext", label.textContent);
    return radio;
  };
  let timer = 0;
  slider.addEventListener("input", () => {
    show().checked = true;
    clearTimeout(timer);
    timer = setTimeout(() => htmx.trigger(form, "moment"), 120);
  });
  show();
  form.querySelector(".choices").before(slider, label);
  form.classList.add("has-slider");
}
function addSliders() {
  document.querySelectorAll("form.moments").forEach(addSlider);
}
document.addEventListener("htmx:afterSettle", addSliders);
addSliders();

// Ids can be copied.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
});
