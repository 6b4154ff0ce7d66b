// The tray's own keys: numbers choose (console.js clicks what has data-key), "f" and "b" seek, Enter goes on.
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
    const box = event.key === "f" ? $("[data-find]") : event.key === "b" ? $("[data-search]") : null;
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  });
})();
