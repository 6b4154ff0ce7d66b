// The desk's own behaviour: Enter confirms after a key, Escape goes back, fields that do not add up are marked while
// typing, and files can be dropped. Letters and numbers are the console's `data-key`. Pages work without this file.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const keysOn = () => localStorage.getItem("cobranza-keys-off") === null;
  const typing = (target) => target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.nodeName);

  // Enter takes what the last key put on the sheet. A page that has just opened confirms nothing, so that a second
  // Enter, meant for the movement before, cannot decide this one.
  let armed = false;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-key], .found-row, .drop-row")) armed = true;
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const target = event.target;
    if (event.key === "Escape" && !typing(target)) {
      const back = $("#panel [data-escape]");
      if (back) { event.preventDefault(); back.click(); }
      return;
    }
    if (!keysOn()) return;
    if (event.key === "f" && !typing(target)) {
      const find = $("#find");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    } else if (event.key === "ArrowDown" && (target.id === "find" || target.matches(".found-row"))) {
      step(event, target, 1);
    } else if (event.key === "ArrowUp" && target.matches(".found-row")) {
      step(event, target, -1);
    } else if (event.key === "Enter" && target.id === "find") {
      const first = $(".found-row");
      event.preventDefault();
      if (first) { armed = true; first.click(); }
    } else if (event.key === "Enter" && armed && (target === document.body || target.id === "contenido")) {
      const go = $("[data-go-on]");
      if (go) { event.preventDefault(); go.click(); }
    }
  });
  function step(event, target, by) {
    const rows = $$(".found-row");
    const next = rows[rows.indexOf(target) + by];
    event.preventDefault();
    (next || (by < 0 ? $("#find") : target)).focus();
  }

  // After the server has done the sum: mark its fields. After a new panel: put the focus where the work goes on.
  function mark() {
    const wrong = new Map($$("#suma [data-wrong]").map((line) => [line.dataset.wrong, line]));
    for (const box of $$("#sheet .input, #sheet .select")) {
      const line = wrong.get(box.name);
      if (line) {
        line.id = `why-${box.name}`;
        box.setAttribute("aria-invalid", "true");
        box.setAttribute("aria-describedby", line.id);
      } else {
        box.removeAttribute("aria-invalid");
        box.removeAttribute("aria-describedby");
      }
      box.closest(".box")?.classList.toggle("box-idle", !box.value && !line && !box.id.startsWith("applied-"));
    }
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    const id = event.detail.elt?.id || event.target.id;
    if (id === "suma") mark();
    if (id === "panel" && armed && !$("#panel [autofocus]")) {
      const wrong = $('#panel [aria-invalid="true"]') || ($("#panel #sheet") && !$("#panel .sheet-row") && $("#find"));
      if (wrong) { wrong.focus(); if (wrong.select) wrong.select(); }
    }
  });
  // Two answers of the same panel must not overtake each other.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "panel") $("#panel")?.setAttribute("aria-busy", "true");
  });

  // A key may be pressed and Enter right after it, before the answer is there: wait for it, then go on.
  let waiting = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && armed && $('#panel[aria-busy="true"]') && !typing(event.target)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      waiting = true;
    }
  }, true);
  document.addEventListener("htmx:afterSettle", (event) => {
    const id = event.detail.elt?.id || event.target.id;
    if (id !== "panel" || !waiting) return;
    waiting = false;
    const go = $("#panel [data-go-on]");
    if (go && !$("#suma.suma-wrong")) go.click();
  });

  // The queue shows where one is, without moving the page.
  function place() {
    const now = $(".tray-now");
    const list = now?.closest(".tray-list");
    if (list) list.scrollTop = now.offsetTop - list.clientHeight / 3;
  }
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "mesa") place(); });
  place();

  // Files: dropping one sends it at once, as choosing and pressing would.
  const zone = $("[data-dropzone]");
  if (zone) {
    const file = $("input[type=file]", zone);
    for (const name of ["dragenter", "dragover"]) {
      zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("dropzone-over"); });
    }
    for (const name of ["dragleave", "drop"]) {
      zone.addEventListener(name, () => zone.classList.remove("dropzone-over"));
    }
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      file.files = event.dataTransfer.files;
      zone.requestSubmit();
    });
  }
})();
