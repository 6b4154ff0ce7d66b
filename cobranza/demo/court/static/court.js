// A little help for people: everything here works without it too.
(() => {
  // Province, locality and organ: each list offers only what the one before leaves.
  const data = document.getElementById("organos");
  if (data) {
    const organs = JSON.parse(data.textContent);
    const level = (name) => document.querySelector(`[data-nivel="${name}"]`);
    const [province, locality, organ] = ["provincia", "localidad", "organo"].map(level);
    const fill = (select, options) => {
      const kept = select.value;
      select.replaceChildren(new Option("Seleccione…", ""), ...options);
      if ([...select.options].some((one) => one.value === kept)) select.value = kept;
    };
    const narrow = () => {
      const inProvince = organs.filter((one) => one.province === province.value);
      fill(locality, [...new Set(inProvince.map((one) => one.locality))].map((name) => new Option(name, name)));
      const here = inProvince.filter((one) => one.locality === locality.value);
      fill(organ, here.map((one) => {
        const option = new Option(one.label + (one.efiling ? "" : " (no admite presentación electrónica)"), one.code);
        option.disabled = !one.efiling;
        return option;
      }));
    };
    province.addEventListener("change", narrow);
    locality.addEventListener("change", narrow);
    narrow();
  }

  // The antivirus: ask until every document is clean, then let people go on.
  const table = document.getElementById("documentos");
  const forward = document.getElementById("continuar");
  if (table && forward) {
    const ask = async () => {
      let answer;
      try {
        const response = await fetch(table.dataset.estado, { headers: { Accept: "application/json" } });
        answer = await response.json();
      } catch { return setTimeout(ask, 3000); }
      for (const one of answer.documents || []) {
        const mark = table.querySelector(`[data-documento="${one.n}"] .scan`);
        if (!mark) continue;
        mark.className = `scan ${one.state}`;
        mark.textContent = one.state.charAt(0).toUpperCase() + one.state.slice(1);
      }
      forward.disabled = !answer.clean;
      if ((answer.documents || []).some((one) => one.state === "pendiente")) setTimeout(ask, 1000);
    };
    if (table.querySelector(".scan.pendiente")) setTimeout(ask, 500);

    // Dragging a row is the same as its arrows.
    let dragged = null;
    table.addEventListener("dragstart", (event) => { dragged = event.target.closest("tr"); });
    table.addEventListener("dragover", (event) => event.preventDefault());
    table.addEventListener("drop", (event) => {
      event.preventDefault();
      const target = event.target.closest("tr[data-documento]");
      if (!dragged || !target || target === dragged) return;
      const form = dragged.querySelector("form[action$='/mover']");
      const place = document.createElement("input");
      Object.assign(place, { type: "hidden", name: "a", value: target.cells[0].textContent.trim() });
      form.append(place);
      form.submit();
    });
  }
})();
