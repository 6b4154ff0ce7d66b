"use strict";
// Banco Ejemplo: the whole bank in one page. PORTALS.md says what each view shows.

const MONTHS = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];
const ROW_HEIGHT = 44;
const root = document.querySelector("[data-app]");
let config = null;
let offerOpen = false;

// Words of a design: v1 keeps them, the others have names that say nothing.
function n(...words) {
  const layout = config ? config.diseno : document.body.dataset.diseno;
  return words.map((word) => layout === "v1" ? word
    : (layout === "v2" ? "k" : "q") + [...word].map((c) => c.charCodeAt(0).toString(36)).join("")).join(" ");
}

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Formats: exact strings in, never floats.
function group(digits, sign) { return digits.replace(/\B(?=(\d{3})+(?!\d))/g, sign); }

function amount(text) {
  const negative = text.startsWith("-");
  const [whole, cents] = text.replace("-", "").split(".");
  const spanish = `${group(whole, ".")},${cents}`;
  switch (config.numeros) {
    case "en": return `${negative ? "-" : ""}${group(whole, ",")}.${cents} €`;
    case "space": return `${negative ? "-" : ""}${group(whole, "\u00a0")},${cents} €`;
    case "parentheses": return negative ? `(${spanish})` : spanish;
    case "plus_euro": return `${negative ? "-" : "+"}${spanish} €`;
    case "trailing_minus": return negative ? `${spanish}-` : spanish;
    default: return negative ? `${spanish}-` : `${spanish} €`;
  }
}

function day(iso) {
  if (!iso) return "";
  const [year, month, dayOfMonth] = iso.slice(0, 10).split("-");
  if (config.fechas === "iso") return iso.slice(0, 10);
  if (config.fechas === "dmy") return `${dayOfMonth}/${month}/${year}`;
  return `${dayOfMonth}-${MONTHS[month - 1]}-${year.slice(2)}`;
}

function isoDay(text) {
  const found = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text.trim());
  if (!found) return null;
  const two = (digits) => digits.padStart(2, "0");
  return `${found[3]}-${two(found[2])}-${two(found[1])}`;
}

function typedDay(iso) { return iso.split("-").reverse().join("/"); }

function iban(text) { return text.replace(/(.{4})(?=.)/g, "$1 "); }

// Calls
class Problem extends Error {
  constructor(kind, text) { super(text); this.kind = kind; }
}

async function api(path, body) {
  let answer;
  const options = body === undefined ? {} : {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRF-Token": config.csrf },
  };
  try {
    answer = await fetch(path, options);
    if (answer.status === 429) {
      throw new Problem("limite", `Demasiadas peticiones. Espera ${answer.headers.get("Retry-After")} segundos.`);
    }
    if (answer.status === 422) throw new Problem("datos", (await answer.json()).error);
    if (!answer.ok) throw new Problem("error", `Algo ha ido mal (${answer.status}). Inténtalo de nuevo.`);
    if ((answer.headers.get("Content-Type") || "").includes("json")) return await answer.json();
    const html = await answer.text();
    if (html.includes("Volvemos enseguida")) throw new Problem("mantenimiento", "");
    throw new Problem("sesion", "Tu sesión ha terminado. Entra de nuevo.");
  } catch (problem) {
    if (problem instanceof Problem) throw problem;
    throw new Problem("red", "No hay conexión con el banco.");
  }
}

// Views
function show(...children) {
  root.replaceChildren(...children.filter(Boolean));
  if (config && config.cookies && !document.cookie.includes("cookies_ok=")) root.append(cookies());
}

function alertBox(text, retry) {
  return el("div", { class: n("alerta"), role: "alert" }, el("span", {}, text),
    retry && el("button", { type: "button", class: n("enlace"), onclick: retry }, "Reintentar"));
}

function failed(problem, retry, place) {
  if (problem.kind === "mantenimiento") {
    document.title = "Volvemos enseguida · Banco Ejemplo";
    show(el("main", { class: n("aviso") }, el("h1", {}, "Volvemos enseguida"),
      el("p", {}, "Estamos haciendo mejoras. Inténtalo dentro de un rato.")));
  } else if (problem.kind === "sesion") {
    reload(problem.message);
  } else {
    const box = alertBox(problem.message, retry);
    if (place) place.replaceChildren(box);
    else show(header(), el("main", { class: n("contenido") }, box));
  }
}

async function reload(notice) {
  try {
    config = await api("/api/config");
  } catch (problem) {
    failed(problem, () => reload(notice));
    return;
  }
  if (config.paso === "dentro") route();
  else step(notice);
}

function step(notice) {
  const views = { contrasena: login, codigo: code, cambiar_clave: newPassword, condiciones: terms };
  if (config.paso === "dentro") {
    offerOpen = config.oferta;
    go("#/cuentas");
  } else views[config.paso](notice);
}

function outside(hash, ...children) {
  if (location.hash !== hash) history.replaceState(null, "", hash);
  show(el("div", { class: n("portada") },
    el("div", { class: n("lema") }, el("p", { class: n("marca") }, "Banco Ejemplo"),
      el("p", { class: n("frase") }, "El banco de tu empresa, en una sola pantalla."),
      el("p", { class: n("menor") }, "Entidad inventada para pruebas. No guarda dinero de nadie.")),
    el("main", { class: n("panel") }, ...children)));
}

async function send(event, path, body, form) {
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  const place = form.querySelector("[data-alerta]");
  try {
    const answer = await api(path, body());
    Object.assign(config, answer);
    if (answer.estado === "ok") step();
    else if (answer.estado === "bloqueado") blocked();
    else if (answer.estado === "usado") place.replaceChildren(alertBox("Ese código ya se ha usado. Espera al siguiente."));
    else {
      const left = answer.quedan === 1 ? "Te queda 1 intento." : `Te quedan ${answer.quedan} intentos.`;
      const wrong = path.endsWith("codigo") ? "El código no es correcto." : path.endsWith("clave")
        ? "La clave nueva debe tener 6 cifras." : "Usuario o clave incorrectos.";
      if (config.paso === "contrasena" && path.endsWith("acceso")) {
        await reload(`${wrong} ${left}`);
        return;
      }
      place.replaceChildren(alertBox(path.endsWith("clave") ? wrong : `${wrong} ${left}`));
    }
  } catch (problem) {
    failed(problem, null, place);
  }
  button.disabled = false;
}

function field(label, id, props = {}) {
  return el("div", { class: n("campo") }, el("label", { for: n(id) }, label), el("input", { id: n(id), ...props }));
}

function login(notice) {
  const user = field("Usuario", "usuario", { type: "text", autocomplete: "off", required: true });
  const keypad = config.acceso === "keypad";
  const pressed = [];
  const password = field("Clave de acceso", "clave", { type: "password", autocomplete: "off", readonly: keypad, required: !keypad });
  const input = password.querySelector("input");
  const keys = keypad && el("div", { class: n("teclado"), role: "group", "aria-label": "Teclado virtual" },
    ...[...config.teclado].map((digit, position) => el("button", {
      type: "button", class: n("tecla"), onclick: () => { pressed.push(position); input.value = "•".repeat(pressed.length); },
    }, digit)),
    el("button", { type: "button", class: n("tecla", "borrar"), onclick: () => { pressed.pop(); input.value = "•".repeat(pressed.length); } },
      "Borrar"));
  const form = el("form", { class: n("formulario"), autocomplete: "off" },
    el("div", { "data-alerta": "" }, notice && alertBox(notice)), user, password, keys,
    el("button", { type: "submit", class: n("boton") }, "Continuar"));
  form.addEventListener("submit", (event) => send(event, "/api/acceso", () => ({
    usuario: user.querySelector("input").value, ...(keypad ? { posiciones: pressed } : { clave: input.value }),
  }), form));
  outside("#/acceso", el("h1", {}, "Te damos la bienvenida"), form);
}

function code() {
  const sms = config.canal === "sms";
  const box = field(sms ? "Código SMS" : "Código de un solo uso", "codigo",
    { type: "text", inputmode: "numeric", maxlength: "7", autocomplete: "off", required: true });
  const form = el("form", { class: n("formulario") }, el("div", { "data-alerta": "" }),
    el("p", {}, sms ? "Te hemos enviado un SMS al móvil que acaba en 42." : "Abre tu aplicación de códigos."), box,
    el("button", { type: "submit", class: n("boton") }, "Verificar"));
  form.addEventListener("submit", (event) => send(event, "/api/acceso/codigo",
    () => ({ codigo: box.querySelector("input").value }), form));
  outside("#/codigo", el("h1", {}, "Confirma que eres tú"), form);
}

function newPassword() {
  const first = field("Clave nueva", "nueva", { type: "password", required: true });
  const second = field("Repite la clave", "repetida", { type: "password", required: true });
  const form = el("form", { class: n("formulario") }, el("div", { "data-alerta": "" }),
    el("p", {}, "Tu clave ha caducado. Elige otra de 6 cifras."), first, second,
    el("button", { type: "submit", class: n("boton") }, "Cambiar clave"));
  form.addEventListener("submit", (event) => send(event, "/api/acceso/clave", () => {
    const typed = first.querySelector("input").value;
    return { nueva: typed === second.querySelector("input").value ? typed : "" };
  }, form));
  outside("#/clave", el("h1", {}, "Cambia tu clave"), form);
}

function terms() {
  const form = el("form", { class: n("formulario") }, el("div", { "data-alerta": "" }),
    el("p", {}, "Hemos actualizado el contrato de banca digital. Acéptalo para seguir."),
    el("label", { class: n("casilla") }, el("input", { type: "checkbox", required: true }), " Acepto las nuevas condiciones"),
    el("button", { type: "submit", class: n("boton") }, "Continuar"));
  form.addEventListener("submit", (event) => send(event, "/api/acceso/condiciones", () => ({}), form));
  outside("#/condiciones", el("h1", {}, "Hemos cambiado las condiciones"), form);
}

function blocked() {
  outside("#/bloqueado", el("h1", {}, "Tu acceso está bloqueado"),
    el("p", {}, "Por tu seguridad hemos bloqueado el acceso. Llámanos al 900 000 000."));
}

function header() {
  return el("header", { class: n("cabecera") }, el("a", { class: n("marca"), href: "#/cuentas" }, "Banco Ejemplo"),
    el("nav", { "aria-label": "Principal" }, el("a", { href: "#/cuentas" }, "Cuentas")),
    el("button", { type: "button", class: n("boton-claro"), onclick: leave }, "Salir"));
}

async function leave() {
  try { await api("/api/salir", {}); } catch (problem) { failed(problem); return; }
  reload("Has salido de tu banca.");
}

function cookies() {
  const veil = el("div", { class: n("velo", "abajo") });
  const answer = (value) => () => { document.cookie = `cookies_ok=${value}; path=/; SameSite=Lax`; veil.remove(); };
  veil.append(el("div", { class: n("ventana"), role: "dialog", "aria-modal": "true", "aria-label": "Aviso de cookies" },
    el("h2", {}, "Usamos cookies"), el("p", {}, "Para que todo funcione y para medir el uso."),
    el("button", { type: "button", class: n("boton"), onclick: answer(1) }, "Aceptar todas"),
    el("button", { type: "button", class: n("boton-claro"), onclick: answer(0) }, "Rechazar")));
  return veil;
}

function offer() {
  const veil = el("div", { class: n("velo") });
  const close = () => { offerOpen = false; veil.remove(); api("/api/oferta", {}).catch(() => {}); };
  veil.append(el("div", { class: n("ventana"), role: "dialog", "aria-modal": "true", "aria-label": "Préstamo preconcedido" },
    el("h2", {}, "Tienes 30.000 € preconcedidos"), el("p", {}, "Sin papeleo y en tu cuenta hoy mismo."),
    el("button", { type: "button", class: n("boton") }, "Quiero saber más"),
    el("button", { type: "button", class: n("boton-claro"), onclick: close }, "Ahora no")));
  return veil;
}

function busy(main, on) { main.setAttribute("aria-busy", on ? "true" : "false"); }

async function accounts() {
  const main = el("main", { class: n("contenido"), "aria-busy": "true" }, el("h1", {}, "Tus cuentas"));
  show(header(), main);
  if (offerOpen) root.append(offer());
  const place = el("div", {});
  main.append(place);
  let list;
  try {
    list = await api("/api/cuentas");
  } catch (problem) {
    busy(main, false);
    failed(problem, accounts, place);
    return;
  }
  const at = config.ultimo_acceso;
  place.replaceChildren(
    el("p", { role: "status", class: n("menor") }, at ? `Tu último acceso fue el ${day(at)} a las ${at.slice(11, 16)}` : ""),
    el("div", { class: n("tarjetas") }, ...list.map((account) => el("article", { class: n("tarjeta") },
      el("h2", {}, account.nombre), el("p", { class: n("iban") }, iban(account.iban)),
      el("p", { class: n("rotulo") }, "Saldo"), el("p", { class: n("saldo") }, amount(account.saldo)),
      el("button", { type: "button", class: n("boton"), "aria-label": `Ver movimientos de ${account.nombre}`,
        onclick: () => go(`#/cuenta/${account.id}`) }, "Ver movimientos")))));
  busy(main, false);
}

// Movements
const COLUMNS = {
  v1: [["fecha", "Fecha"], ["valor", "Valor"], ["concepto", "Concepto"], ["ordenante", "Ordenante"], ["cargo", "Cargo"],
    ["abono", "Abono"], ["saldo", "Saldo"]],
  v2: [["concepto", "Concepto"], ["fecha", "F. operación"], ["valor", "Valor"], ["ordenante", "Ordenante"], ["abono", "Abono"],
    ["cargo", "Cargo"], ["saldo", "Saldo"]],
  v3: [["fecha", "Fecha"], ["valor", "Valor"], ["concepto", "Concepto"], ["ordenante", "Ordenante"], ["barra", ""],
    ["saldo", "Saldo"]],
};
const KIND = { cargo: "numero", abono: "numero", saldo: "numero", fecha: "dia", valor: "dia" };
const kind = (key) => (key in KIND ? n(KIND[key]) : null);

function cellText(key, row) {
  if (key === "fecha" || key === "valor") return day(row[key]);
  if (key === "cargo") return row.importe.startsWith("-") ? amount(row.importe) : "";
  if (key === "abono") return row.importe.startsWith("-") ? "" : amount(row.importe);
  if (key === "saldo") return row.saldo === null ? "Pendiente" : amount(row.saldo);
  if (key === "barra") return row.importe.startsWith("-") ? "▁" : "▇";
  return row[key];
}

class Movements {
  constructor(id) {
    this.id = id;
    this.rows = [];
    this.pending = [];
    this.facts = null;
    this.following = null;
    this.loading = false;
    this.turn = 0; // answers to an older question are dropped
    const today = config.hoy;
    const before = new Date(`${today}T12:00:00Z`);
    before.setUTCDate(before.getUTCDate() - 30);
    this.from = before.toISOString().slice(0, 10);
    this.to = today;
  }

  draw() {
    const from = field("Desde", "desde", { type: "text", placeholder: "dd/mm/aaaa" });
    const to = field("Hasta", "hasta", { type: "text", placeholder: "dd/mm/aaaa" });
    from.querySelector("input").value = typedDay(this.from);
    to.querySelector("input").value = typedDay(this.to);
    this.alert = el("div", {});
    this.body = el("div", {});
    const form = el("form", { class: n("filtro") }, from, to,
      el("button", { type: "submit", class: n("boton") }, "Aplicar"),
      el("button", { type: "button", class: n("boton-claro"), onclick: () => this.download() }, "Descargar"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [first, last] = [isoDay(from.querySelector("input").value), isoDay(to.querySelector("input").value)];
      if (!first || !last) {
        this.alert.replaceChildren(alertBox("Escribe las fechas como dd/mm/aaaa."));
        return;
      }
      [this.from, this.to] = [first, last];
      this.start();
    });
    this.main = el("main", { class: n("contenido") }, el("h1", {}, "Movimientos"), form, this.alert, this.body);
    show(header(), this.main);
    if (offerOpen) root.append(offer());
    this.start();
  }

  start() {
    this.turn += 1;
    this.loading = false;
    this.rows = [];
    this.facts = null;
    this.following = null;
    this.grid = null;
    this.body.replaceChildren();
    this.more("0");
  }

  async more(cursor) {
    if (this.loading) return;
    const { turn } = this;
    this.loading = true;
    busy(this.main, true);
    this.alert.replaceChildren();
    try {
      const path = `/api/cuentas/${encodeURIComponent(this.id)}/movimientos`;
      const page = await api(`${path}?desde=${this.from}&hasta=${this.to}&cursor=${cursor}`);
      if (turn !== this.turn) return;
      this.facts = page;
      this.following = page.siguiente;
      if (cursor === "0") this.pending = page.pendientes;
      this.rows.push(...page.elementos);
      this.loading = false;
      this.paint();
    } catch (problem) {
      if (turn !== this.turn) return;
      this.loading = false;
      if (!(problem instanceof Problem)) throw problem;
      failed(problem, () => this.more(cursor), this.alert);
    }
    busy(this.main, false);
  }

  paint() {
    const { facts } = this;
    const changed = config.diseno === "v3";
    const pair = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, amount(value)));
    const old = this.body.querySelector("[data-caja]");
    const top = el("div", { "data-cima": "" },
      el("p", { class: n("iban") }, `${iban(facts.iban)} · ${facts.nombre} (${facts.divisa})`),
      el("p", { class: n("menor") }, `Del ${day(facts.desde)} al ${day(facts.hasta)}`),
      !changed && el("dl", { class: n("resumen") }, pair("Saldo inicial", facts.saldo_inicial), pair("Abonos", facts.abonos),
        pair("Cargos", facts.cargos), pair("Saldo final", facts.saldo_final)),
      !changed && el("p", { role: "status", class: n("menor") }, `Cargados ${this.rows.length} de ${facts.total} movimientos`));
    if (config.tabla === "virtual" && old && this.grid) {
      this.body.querySelector("[data-cima]").replaceWith(top);
      this.grid.grown();
      return;
    }
    const place = el("div", { "data-caja": "" });
    const host = config.sombra ? shadowHost() : place;
    if (config.tabla === "virtual") {
      this.grid = new Grid(this);
      host.append(this.grid.box);
    } else host.append(this.table());
    if (config.sombra) place.append(host.host);
    const button = this.following !== null && config.tabla !== "virtual" && el("p", { class: n("centro") },
      el("button", { type: "button", class: n("boton-claro"), onclick: () => this.more(this.following) }, "Ver más"));
    this.body.replaceChildren(top, place, ...(button ? [button] : []));
    if (this.grid && config.tabla === "virtual") this.grid.fill();
  }

  table() {
    const columns = COLUMNS[config.diseno];
    const line = (row) => el("tr", { class: row.saldo === null ? n("pendiente") : null },
      ...columns.map(([key]) => el("td", { class: kind(key) }, cellText(key, row))));
    const { facts } = this;
    const totals = { cargo: facts.cargos, abono: facts.abonos, saldo: facts.saldo_final };
    const foot = config.diseno !== "v3" && el("tr", { class: n("fila-total") }, ...columns.map(([key], index) =>
      el("td", { class: kind(key) }, index === 0 ? "Totales" : key in totals ? amount(totals[key]) : "")));
    return el("table", { class: n("tabla"), "aria-label": "Movimientos" },
      el("thead", {}, el("tr", {}, ...columns.map(([key, label]) =>
        el("th", { scope: "col", class: kind(key) }, label)))),
      el("tbody", {}, ...this.pending.map(line), ...this.rows.map(line), foot));
  }

  download() {
    const veil = el("div", { class: n("velo") });
    const state = el("div", { role: "status" });
    const option = (value, label, checked) => el("label", { class: n("casilla") },
      el("input", { type: "radio", name: "formato", value, checked }), ` ${label}`);
    const generate = el("button", { type: "submit", class: n("boton") }, "Generar");
    const form = el("form", {}, el("h2", {}, "Descargar movimientos"), option("camt", "camt.053 (XML)", true),
      option("xlsx", "Excel (XLSX)", false), state, generate,
      el("button", { type: "button", class: n("boton-claro"), onclick: () => veil.remove() }, "Cerrar"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      generate.disabled = true;
      state.replaceChildren(el("p", {}, "Preparando el fichero…"));
      try {
        let order = await api("/api/descargas", {
          cuenta: this.id, desde: this.from, hasta: this.to, formato: new FormData(form).get("formato"),
        });
        while (order.estado !== "lista" && veil.isConnected) {
          await new Promise((wake) => { setTimeout(wake, 250); });
          order = await api(`/api/descargas/${order.id}`);
        }
        state.replaceChildren(el("p", {}, el("a", { href: order.enlace, download: order.enlace.split("/").pop() }, "Guardar fichero")));
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        failed(problem, null, state);
      }
      generate.disabled = false;
    });
    veil.append(el("div", { class: n("ventana"), role: "dialog", "aria-modal": "true", "aria-label": "Descargar movimientos" }, form));
    root.append(veil);
  }
}

function shadowHost() {
  const host = document.createElement("be-movimientos");
  const shadow = host.attachShadow({ mode: "open" });
  shadow.append(el("link", { rel: "stylesheet", href: `/estilo/${config.diseno}.css` }));
  return shadow;
}

// A list that keeps only the rows near the view in the page.
class Grid {
  constructor(movements) {
    this.movements = movements;
    this.columns = COLUMNS[config.diseno];
    this.filler = el("div", { class: n("lienzo") });
    this.box = el("div", { class: n("rejilla"), role: "grid", "aria-label": "Movimientos", tabindex: "0" },
      el("div", { role: "row", class: n("fila", "titulos") }, ...this.columns.map(([key, label]) =>
        el("span", { role: "columnheader", class: kind(key) }, label))), this.filler);
    this.box.addEventListener("scroll", () => this.fill());
  }

  grown() { this.fill(); }

  fill() {
    const { rows, facts, following, loading } = this.movements;
    this.box.setAttribute("aria-rowcount", String(facts.total));
    this.filler.style.height = `${rows.length * ROW_HEIGHT}px`;
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_HEIGHT) - 2);
    const last = Math.min(rows.length, first + Math.ceil((this.box.clientHeight || 440) / ROW_HEIGHT) + 4);
    this.filler.replaceChildren(...rows.slice(first, last).map((row, offset) => {
      const index = first + offset;
      const line = el("div", { role: "row", class: n("fila"), "aria-rowindex": String(index + 1) },
        ...this.columns.map(([key]) => el("span", { role: "gridcell", class: kind(key) },
          cellText(key, row))));
      line.style.top = `${index * ROW_HEIGHT}px`;
      return line;
    }));
    if (following !== null && !loading && last >= rows.length - 2) this.movements.more(following);
  }
}

// Routes
function go(hash) {
  if (location.hash === hash) route();
  else location.hash = hash;
}

function route() {
  if (!config || config.paso !== "dentro") return;
  const found = /^#\/cuenta\/([\w-]+)$/.exec(location.hash);
  if (found) new Movements(found[1]).draw();
  else accounts();
}

window.addEventListener("hashchange", route);
reload();
