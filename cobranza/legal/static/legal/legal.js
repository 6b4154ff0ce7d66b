// The case page's own keys: console.js clicks what has data-key; "r" goes to the reason, "f" to the sign-off.
(() => {
  "use strict";
  const $ = (selector) => document.querySelector(selector);
  const keysOn = () => localStorage.getItem("cobranza-keys-off") === null;
  const typing = (target) => target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.nodeName);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]") || !keysOn() || typing(event.target)) return;
    const target = event.key === "r" ? $("#comment") : event.key === "f" ? $("#visto-bueno input[name=read], #visto-bueno") : null;
    if (!target) return;
    event.preventDefault();
    target.scrollIntoView({ block: "center" });
    target.focus();
  });

  // Enter in the comment must not accept what the person was about to reject.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.id === "comment") {
      event.preventDefault();
      $("[data-reject]").focus();
    }
  });
})();
