// The console's behaviour: theme, menus, dialogs, toasts, keyboard. Pages work without it, save the live parts.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Theme: kept in a cookie so that the server sends the page right at once.
  const THEMES = ["auto", "light", "dark"];
  function nextTheme(button) {
    const root = document.documentElement;
    const index = (THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length;
    root.dataset.theme = THEMES[index];
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${THEMES[index]}; path=/; max-age=31536000; samesite=lax${secure}`;
    toast(`${$(".hidden", button).textContent}: ${button.dataset.names.split("|")[index]}`);
  }

  // Toasts: good news leaves by itself, the rest stays until dismissed.
  const STAY_MS = 8000;
  function leave(item) {
    let timer = setTimeout(() => item.remove(), STAY_MS);
    item.addEventListener("pointerenter", () => clearTimeout(timer));
    item.addEventListener("focusin", () => clearTimeout(timer));
    item.addEventListener("pointerleave", () => { timer = setTimeout(() => item.remove(), STAY_MS); });
  }
  function toast(text) {
    const item = document.createElement("div");
    item.className = "toast toast-info";
    const words = document.createElement("p");
    words.textContent = text;
    item.append(words);
    $("#toasts").append(item);
    leave(item);
  }

  // Confirmation: a form with data-confirm asks first.
  let asked = null;
  function ask(form, submitter) {
    const dialog = $("#confirm");
    asked = { form, submitter };
    $("#confirm-title").textContent = form.dataset.confirmTitle || "";
    $("#confirm-text").textContent = form.dataset.confirm;
    const yes = $("#confirm-yes");
    yes.textContent = form.dataset.confirmYes || yes.textContent;
    dialog.showModal();
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(form, event.submitter);
      return;
    }
    delete form.dataset.confirmed;
    // A second click must not send the same order twice.
    if (form.method === "post") {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
    }
  }, true);
  window.addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => delete form.dataset.sent));

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    let found;
    if ((found = at("[data-theme-next]"))) nextTheme(found);
    else if ((found = at("[data-open]"))) document.getElementById(found.dataset.open).showModal();
    else if ((found = at("[data-close]"))) found.closest("dialog").close();
    else if ((found = at("[data-dismiss]"))) found.closest(".toast").remove();
    else if ((found = at("[data-toast]"))) toast(found.dataset.toast);
    else if ((found = at("[data-menu]"))) menu(found.getAttribute("aria-expanded") !== "true");
    else if ((found = at("[data-copy]"))) copy(found);
    else if (at("#confirm-yes") && asked) {
      const { form, submitter } = asked;
      $("#confirm").close();
      form.dataset.confirmed = "1";
      form.requestSubmit(submitter);
    }
    if (event.target.nodeName === "DIALOG") event.target.close();
    $$("[data-drop][open]").forEach((drop) => { if (!drop.contains(event.target)) drop.open = false; });
  });

  function menu(open) {
    const button = $("[data-menu]");
    button.setAttribute("aria-expanded", String(open));
    $("#menu").classList.toggle("open", open);
    if (open) $("#menu a").focus();
  }
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast(button.dataset.copied);
    } catch {
      toast(button.dataset.copy);
    }
  }

  // Keyboard. Single keys can be switched off (WCAG 2.1.4); the choice stays in this browser.
  const OFF = "cobranza-keys-off";
  const keysOn = () => localStorage.getItem(OFF) === null;
  let goAt = 0;
  function typing(target) {
    return target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.nodeName);
  }
  function move(step) {
    const links = $$("[data-rows] .row-link").filter((link) => link.offsetParent !== null);
    if (!links.length) return;
    const now = links.indexOf(document.activeElement);
    const next = now < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(now + step, 0), links.length - 1);
    links[next].focus();
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (typing(event.target)) event.target.blur();
      const open = $("[data-drop][open]");
      if (open) { open.open = false; $("summary", open).focus(); }
      const button = $('[data-menu][aria-expanded="true"]');
      if (button) { menu(false); button.focus(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !keysOn()) return;
    if ($("dialog[open]")) return;
    if (Date.now() - goAt < 1500) {
      const target = $(`[data-go="${CSS.escape(event.key)}"]`);
      goAt = 0;
      if (target) { event.preventDefault(); target.click(); return; }
    }
    const search = $("[data-tools] input[type=search]");
    const own = $(`[data-key="${CSS.escape(event.key)}"]`);
    if (own) { event.preventDefault(); own.click(); }
    else if (event.key === "?" && $("#keys")) { event.preventDefault(); $("#keys").showModal(); }
    else if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "g") goAt = Date.now();
  });

  function start() {
    $$(".toast-success, .toast-info").forEach(leave);
    $$("[data-end]").forEach((list) => { list.scrollTop = list.scrollHeight; }); // the last word first
    const keys = $("[data-keys-switch]");
    if (keys) {
      keys.checked = keysOn();
      keys.addEventListener("change", () => {
        if (keys.checked) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1");
      });
    }
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
