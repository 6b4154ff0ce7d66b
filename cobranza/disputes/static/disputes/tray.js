// The tray's own keys: numbers choose (console.js clicks what has data-key), letters go to a place, Enter goes on.
(() => {
  "use strict";
  const $ = (selector) => document.querySelector(selector);
  const keysOn = () => localStorage.getItem("cobranza-keys-off") === null;
  const typing = (target) =>
    target.isContentEditable || target.nodeName === "SELECT" || target.nodeName === "TEXTAREA"
    || (target.nodeName === "INPUT" && !["radio", "checkbox"].includes(target.type));

  // A page that has just opened confirms nothing, so that a second Enter, meant for the case before, decides none.
  let armed = false;
  document.addEventListener("change", (event) => { if (event.target.closest("#sheet")) armed = true; });
  document.addEventListener("click", (event) => { if (event.target.closest("#sheet")) armed = true; });

  // To hold a document, or a part of it, is to say that the mail is about it; and the other way round.
  document.addEventListener("input", (event) => {
    const row = event.target.closest("[data-doc]");
    if (!row) return;
    const doc = row.querySelector('[name="doc"]');
    const held = row.querySelector('[name^="held-"]');
    if (event.target === doc) { if (held && !doc.checked) held.checked = false; return; }
    if (event.target === held ? held.checked : event.target.value.trim() !== "") {
      doc.checked = true;
      if (held) held.checked = true;
    }
  });

  const places = { f: "[data-find]", b: "[data-search]", d: "[data-doc] input", n: "[data-note]", u: "[data-into]" };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]") || !keysOn()) return;
    const target = event.target;
    if (event.key === "Enter" && armed && !typing(target) && target.nodeName !== "BUTTON" && target.nodeName !== "A" && target.nodeName !== "SUMMARY") {
      const go = $("[data-go-on]");
      if (go) { event.preventDefault(); go.click(); }
      return;
    }
    if (typing(target)) return;
    const digit = ["1", "2", "3"].includes(event.key) && $(`#sheet [data-key="${event.key}"]`);
    if (digit) {
      event.preventDefault();
      const other = $("[data-find]");
      if (other) other.value = "";
      digit.click();
      digit.focus();
      return;
    }
    const place = Object.hasOwn(places, event.key) ? $(places[event.key]) : null;
    if (place) {
      event.preventDefault();
      place.focus();
      if (place.select && place.type !== "checkbox") place.select();
    }
  });
})();
