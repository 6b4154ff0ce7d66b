"use strict";
// Caja Demo: cookie notice, offer, and date fields that take nothing but single keys.

const MONTHS = ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
  "noviembre", "diciembre"];

function cookies() {
  const veil = document.querySelector("[data-cookies]");
  if (!veil || document.cookie.includes("cookies_ok=")) return;
  // As in real portals, the notice comes a moment after the page.
  setTimeout(() => { veil.hidden = false; }, 150);
  for (const [button, answer] of [["[data-cookies-si]", "1"], ["[data-cookies-no]", "0"]]) {
    veil.querySelector(button).addEventListener("click", () => {
      document.cookie = `cookies_ok=${answer}; path=/; SameSite=Lax`;
      veil.hidden = true;
    });
  }
}

function offer() {
  const veil = document.querySelector("[data-oferta]");
  if (!veil) return;
  veil.querySelector("[data-oferta-no]").addEventListener("click", () => {
    fetch("/banca/oferta", { method: "POST", body: new URLSearchParams({ csrf: veil.dataset.csrf }) });
    veil.remove();
  });
}

class DateField {
  constructor(box) {
    this.input = box.querySelector("[data-fecha-visible]");
    this.value = box.querySelector("[data-fecha-valor]");
    this.opener = box.querySelector("[data-fecha-abrir]");
    this.box = box;
    this.digits = this.value.value.replaceAll("/", "");
    this.show();
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("input", () => this.show());
    for (const kind of ["paste", "drop", "beforeinput"]) this.input.addEventListener(kind, (e) => e.preventDefault());
    this.opener.addEventListener("click", () => this.open());
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || ["Tab", "Enter", "Shift"].includes(event.key)) return;
    if (event.key.startsWith("Arrow") || ["Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const all = this.input.selectionEnd - this.input.selectionStart >= this.input.value.length && this.digits;
    if (/^\d$/.test(event.key)) {
      if (all) this.digits = "";
      if (this.digits.length < 8) this.digits += event.key;
    } else if (event.key === "Backspace" || event.key === "Delete") {
      this.digits = all ? "" : this.digits.slice(0, -1);
    }
    this.show();
  }

  show() {
    const d = this.digits;
    const parts = [d.slice(0, 2), d.slice(2, 4), d.slice(4)].filter(Boolean);
    this.input.value = parts.join("/");
    this.value.value = d.length === 8 ? this.input.value : "";
  }

  open() {
    document.querySelectorAll("[data-calendario]").forEach((old) => old.remove());
    const d = this.digits;
    const today = new Date();
    this.month = d.length === 8 ? new Date(+d.slice(4), +d.slice(2, 4) - 1, 1)
      : new Date(today.getFullYear(), today.getMonth(), 1);
    this.panel = document.createElement("div");
    this.panel.dataset.calendario = "";
    this.panel.setAttribute("role", "dialog");
    this.panel.setAttribute("aria-label", "Calendario");
    this.box.append(this.panel);
    this.draw();
  }

  draw() {
    this.panel.replaceChildren();
    const head = document.createElement("div");
    const title = document.createElement("h3");
    title.textContent = `${MONTHS[this.month.getMonth()]} de ${this.month.getFullYear()}`;
    title.setAttribute("aria-live", "polite");
    head.append(this.button("‹", "Mes anterior", () => this.move(-1)), title,
      this.button("›", "Mes siguiente", () => this.move(1)));
    const grid = document.createElement("div");
    grid.dataset.dias = "";
    for (const name of ["L", "M", "X", "J", "V", "S", "D"]) {
      const cell = document.createElement("span");
      cell.textContent = name;
      grid.append(cell);
    }
    const blanks = (this.month.getDay() + 6) % 7;
    for (let i = 0; i < blanks; i += 1) grid.append(document.createElement("span"));
    const last = new Date(this.month.getFullYear(), this.month.getMonth() + 1, 0).getDate();
    for (let day = 1; day <= last; day += 1) {
      const label = `${day} de ${MONTHS[this.month.getMonth()]} de ${this.month.getFullYear()}`;
      grid.append(this.button(String(day), label, () => this.choose(day)));
    }
    this.panel.append(head, grid);
  }

  button(text, label, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", act);
    return button;
  }

  move(step) {
    this.month = new Date(this.month.getFullYear(), this.month.getMonth() + step, 1);
    this.draw();
  }

  choose(day) {
    const two = (number) => String(number).padStart(2, "0");
    this.digits = two(day) + two(this.month.getMonth() + 1) + this.month.getFullYear();
    this.show();
    this.panel.remove();
  }
}

cookies();
offer();
document.querySelectorAll("[data-fecha]").forEach((box) => new DateField(box));
