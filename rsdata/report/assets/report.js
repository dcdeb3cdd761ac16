"use strict";
// The page's only script. Whatever comes from data is set as text (textContent) or as an attribute, never as HTML.
(() => {
  const PAGE = 24;
  const DIFFICULT = 1, MASK = 2;
  const data = JSON.parse(document.getElementById("data").textContent);
  const { labels, samples, langs } = data;
  const at = (id) => document.getElementById(id);
  const nice = (name) => name.replaceAll("_", " ");
  const number = (n) => n.toLocaleString("en-US");
  const state = { lang: langs.includes("en") ? "en" : langs[0] || "", query: "", source: "", label: "", page: 0,
    found: samples, boxes: true, open: -1, only: -1, box: -1 };

  function make(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Boxes over a picture. An object is [label, flags, x0, y0, x1, y1, and x and y of each corner where it has them].

  function outline(o) {
    if (o.length > 11) {
      let d = "M";
      for (let n = 6; n < o.length; n += 2) d += `${o[n]} ${o[n + 1]}${n + 2 < o.length ? "L" : "Z"}`;
      return d;
    }
    return `M${o[2]} ${o[3]}H${o[4]}V${o[5]}H${o[2]}Z`;
  }

  function path(svg, name, d) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
    made.setAttribute("class", name);
    made.setAttribute("d", d);
    svg.append(made);
    return made;
  }

  function draw(frame, sample, only) {
    frame.replaceChildren();
    if (sample.i) {
      const image = make("img");
      image.alt = "";
      image.src = sample.i;
      frame.append(image);
    } else {
      frame.append(make("span", "none", sample.e));
    }
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${sample.w} ${sample.h}`);
    svg.setAttribute("aria-hidden", "true");
    const shown = sample.o.filter((o) => only < 0 || o[0] === only);
    const sides = shown.map((o) => Math.min(o[4] - o[2], o[5] - o[3])).sort((a, b) => a - b);
    if (sides[sides.length >> 1] < 0.03 * Math.max(sample.w, sample.h)) svg.setAttribute("class", "fine");
    const groups = new Map();
    for (const o of shown) {
      const key = o[0] * 2 + (o[1] & MASK ? 1 : 0);
      groups.set(key, (groups.get(key) || "") + outline(o));
    }
    if (shown.length) path(svg, "edge", shown.map(outline).join(""));
    for (const [key, d] of groups) {
      path(svg, key % 2 ? "dash" : "line", d).setAttribute("stroke", labels[key >> 1][1]);
    }
    frame.append(svg);
  }

  function under(frame, sample, event, only) {
    const svg = frame.querySelector("svg");
    const matrix = svg && svg.getScreenCTM();
    if (!matrix) return -1;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const slack = 3 / matrix.a; // a box of a few pixels can be met, too
    let best = -1, least = Infinity;
    sample.o.forEach((o, n) => {
      const inside = point.x >= o[2] - slack && point.x <= o[4] + slack && point.y >= o[3] - slack && point.y <= o[5] + slack;
      const area = (o[4] - o[2]) * (o[5] - o[3]);
      if (inside && area < least && (only < 0 || o[0] === only)) [best, least] = [n, area];
    });
    return best;
  }

  function words(o) {
    const notes = [o[1] & DIFFICULT ? "difficult" : "", o[1] & MASK ? "found in the mask" : ""].filter(Boolean);
    return nice(labels[o[0]][0]) + (notes.length ? ` (${notes.join(", ")})` : "");
  }

  function point(frame, sample, n) {
    frame.querySelectorAll(".hot, .tag").forEach((old) => old.remove());
    if (n < 0 || !state.boxes) return;
    const svg = frame.querySelector("svg"), o = sample.o[n];
    path(svg, "hot", outline(o));
    const tag = make("span", "tag", words(o));
    frame.append(tag);
    const scale = Math.min(frame.clientWidth / sample.w, frame.clientHeight / sample.h);
    const left = (frame.clientWidth - sample.w * scale) / 2 + o[2] * scale;
    const top = (frame.clientHeight - sample.h * scale) / 2 + o[3] * scale - tag.offsetHeight - 3;
    tag.style.left = `${Math.max(0, Math.min(left, frame.clientWidth - tag.offsetWidth))}px`;
    tag.style.top = `${top >= 0 ? top : Math.min(top + tag.offsetHeight + 6 + (o[5] - o[3]) * scale, frame.clientHeight - tag.offsetHeight)}px`;
  }

  // Captions

  const inLang = (sample, lang) => sample.c.filter((c) => c[0] === lang);

  function caption(sample) {
    const [said] = inLang(sample, state.lang);
    const shown = said || sample.c[0];
    const text = make("span", "text" + (said ? "" : " other"));
    if (!shown) {
      text.textContent = "no caption";
      return text;
    }
    text.textContent = said ? shown[1] : `(${shown[0]}) ${shown[1]}`;
    text.lang = shown[0];
    text.dir = "auto";
    return text;
  }

  // Search and filters

  const hay = new Map();
  function text(sample) {
    if (!hay.has(sample)) {
      const names = new Set(sample.o.map((o) => labels[o[0]][0]));
      if (sample.label) names.add(sample.label);
      const parts = [sample.id, sample.source, ...names, ...[...names].map(nice), ...sample.c.map((c) => c[1])];
      hay.set(sample, parts.join("\n").toLowerCase());
    }
    return hay.get(sample);
  }

  function has(sample, label) {
    return sample.label === label || sample.o.some((o) => labels[o[0]][0] === label);
  }

  function search() {
    const terms = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (said) => terms.every((term) => said.includes(term));
    state.found = samples.filter((s) => (!state.source || s.source === state.source)
      && (!state.label || has(s, state.label)) && (!terms.length || fits(text(s))));
    let others = 0;
    document.querySelectorAll("[data-text]").forEach((item) => {
      item.hidden = terms.length > 0 && !fits(item.textContent.toLowerCase());
      others += item.hidden ? 0 : 1;
    });
    document.querySelectorAll("details").forEach((part) => {
      if (terms.length && part.querySelector("[data-text]:not([hidden])")) part.open = true;
    });
    const rest = others ? `, ${number(others)} pairs and examples` : "";
    at("status").textContent = terms.length ? `“${state.query.trim()}”: ${number(state.found.length)} samples${rest}` : "";
    if (terms.length && state.found.length && at("cards")) {
      const link = make("a", "", "see them");
      link.href = "#gallery";
      at("status").append(" ", link);
    }
    state.page = 0;
    if (at("cards")) fill();
  }

  function options(select, counts, name) {
    for (const [value, count] of counts) {
      const made = make("option", "", `${name(value)} (${number(count)})`);
      made.value = value;
      select.append(made);
    }
  }

  function counted(list) {
    const counts = new Map();
    for (const value of list) counts.set(value, (counts.get(value) || 0) + 1);
    return [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  }

  function choose(field, value) {
    const select = at(field);
    if (value && ![...select.options].some((option) => option.value === value)) options(select, [[value, 0]], nice);
    select.value = state[field] = value;
    search();
  }

  // The gallery: one tab stop, arrow keys move in it

  function fill(focus) {
    const first = state.page * PAGE, shown = state.found.slice(first, first + PAGE);
    const cards = at("cards");
    cards.classList.toggle("no-boxes", !state.boxes);
    cards.replaceChildren(...shown.map((sample, n) => card(sample, first + n)));
    const buttons = cards.querySelectorAll(".card");
    if (buttons.length) buttons[focus === undefined ? 0 : Math.min(focus, buttons.length - 1)].tabIndex = 0;
    if (focus !== undefined && buttons.length) cards.querySelector('[tabindex="0"]').focus();
    const total = state.found.length, pages = Math.ceil(total / PAGE);
    at("range").textContent = total ? `${number(first + 1)} to ${number(first + shown.length)} of ${number(total)} samples` : "";
    at("page").textContent = `page ${state.page + 1} of ${pages}`;
    at("pager").hidden = pages < 2;
    at("back").disabled = state.page === 0;
    at("more").disabled = state.page >= pages - 1;
    at("empty").hidden = total > 0;
    at("clear").hidden = !(state.query || state.source || state.label);
  }

  function card(sample, place) {
    const item = make("li"), button = make("button", "card"), frame = make("span", "frame");
    button.type = "button";
    button.tabIndex = -1;
    button.dataset.place = place;
    draw(frame, sample, -1);
    frame.addEventListener("pointermove", (event) => point(frame, sample, under(frame, sample, event, -1)));
    frame.addEventListener("pointerleave", () => point(frame, sample, -1));
    const boxes = sample.n === 1 ? "1 object" : `${number(sample.n)} objects`;
    button.append(frame, caption(sample), make("span", "meta", `${sample.id} · ${boxes}`));
    button.addEventListener("click", () => show(place));
    item.append(button);
    return item;
  }

  function turn(to, focus) {
    const pages = Math.ceil(state.found.length / PAGE);
    if (to < 0 || to >= pages) return;
    state.page = to;
    fill(focus);
  }

  function move(event) {
    const buttons = [...at("cards").querySelectorAll(".card")];
    const here = buttons.indexOf(document.activeElement);
    if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const top = buttons[0].parentElement.offsetTop;
    const wide = buttons.filter((b) => b.parentElement.offsetTop === top).length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide };
    if (event.key in steps) {
      const to = here + steps[event.key];
      if (to >= 0 && to < buttons.length) focus(buttons, to);
      else if (to >= buttons.length && steps[event.key] > 1 && here < buttons.length - 1) focus(buttons, buttons.length - 1);
      else if (to >= buttons.length) turn(state.page + 1, 0);
      else if (event.key === "ArrowLeft" || here === 0) turn(state.page - 1, PAGE - 1);
    } else if (event.key === "Home") focus(buttons, 0);
    else if (event.key === "End") focus(buttons, buttons.length - 1);
    else if (event.key === "PageDown") turn(state.page + 1, here);
    else if (event.key === "PageUp") turn(state.page - 1, here);
    else return;
    event.preventDefault();
  }

  function focus(buttons, to) {
    buttons.forEach((button, n) => { button.tabIndex = n === to ? 0 : -1; });
    buttons[to].focus();
  }

  // One sample, large

  function show(place) {
    if (place < 0 || place >= state.found.length) return;
    [state.open, state.only, state.box] = [place, -1, -1];
    const sample = state.found[place];
    at("viewer-id").textContent = sample.id;
    at("place").textContent = `${number(place + 1)} of ${number(state.found.length)}`;
    at("prev").disabled = place === 0;
    at("next").disabled = place === state.found.length - 1;
    big();
    legend(sample);
    facts(sample);
    sentences(sample);
    const viewer = at("viewer");
    if (!viewer.open) {
      viewer.showModal();
      at("big").focus();
    }
    viewer.scrollTop = 0;
  }

  function big() {
    const sample = state.found[state.open], frame = at("big");
    frame.style.aspectRatio = `${sample.w} / ${sample.h}`;
    draw(frame, sample, state.only);
    frame.setAttribute("aria-label", sample.o.length
      ? `Picture with ${sample.o.length} boxes; the up and down arrow keys step through them, left and right through samples`
      : "Picture without boxes; the left and right arrow keys step through samples");
    tell(-1);
  }

  function tell(n) {
    const sample = state.found[state.open];
    state.box = n;
    point(at("big"), sample, n);
    if (n >= 0) {
      const o = sample.o[n], size = [o[4] - o[2], o[5] - o[3]].map((v) => number(Math.round(v)));
      at("said").textContent = `Box ${number(n + 1)} of ${number(sample.o.length)}: ${words(o)}, ${size[0]} by ${size[1]} pixels`;
    } else {
      const cut = sample.n > sample.o.length ? `the ${number(sample.o.length)} largest of ${number(sample.n)} boxes are drawn` : "";
      at("said").textContent = sample.o.length ? cut || "Point at a box, or step through them with the up and down keys." : "No boxes.";
    }
  }

  function step(by) {
    const sample = state.found[state.open], count = sample.o.length;
    for (let n = 1, at = state.box; n <= count; n++) {
      at = at < 0 && by < 0 ? count - 1 : (at + by + count) % count;
      if (state.only < 0 || sample.o[at][0] === state.only) return tell(at);
    }
  }

  function legend(sample) {
    const counts = new Map();
    for (const o of sample.o) counts.set(o[0], (counts.get(o[0]) || 0) + 1);
    const order = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    at("legend").replaceChildren(...order.map(([label, count]) => {
      const button = make("button"), swatch = make("i");
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      swatch.style.background = labels[label][1];
      button.append(swatch, make("span", "", `${nice(labels[label][0])} × ${number(count)}`));
      button.addEventListener("click", () => {
        state.only = state.only === label ? -1 : label;
        at("legend").querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === button && state.only >= 0)));
        big();
      });
      return button;
    }));
  }

  function facts(sample) {
    const rows = [["source", sample.source], ["split", sample.split], ["scene", sample.label && nice(sample.label)],
      ["size", `${number(sample.w)} × ${number(sample.h)} pixels`], ["metres per pixel", sample.gsd],
      ["platform", sample.platform], ["licence", sample.licence], ["objects", number(sample.n)], ["captions", number(sample.k)]];
    at("facts").replaceChildren(...rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  }

  function sentences(sample) {
    const shown = inLang(sample, state.lang);
    const list = (shown.length ? shown : sample.c).map((c) => {
      const item = make("li"), said = make("span", "", c[1]);
      said.lang = c[0];
      said.dir = "auto";
      const first = c[4] === null ? null : sample.c[c[4]];
      item.append(said, make("small", "", [c[0], c[2], c[3]].filter(Boolean).join(" · ")));
      if (first) item.append(make("small", "", `says again: ${first[1]}`));
      return item;
    });
    at("sentences").replaceChildren(...list);
    if (!sample.c.length) at("sentences").append(make("li", "", "This sample has no captions."));
    else if (!shown.length) at("sentences").prepend(make("li", "", `None in ${state.lang}; these are all.`));
  }

  function language(lang) {
    state.lang = at("lang").value = at("lang2").value = lang;
    document.querySelectorAll("[data-only-lang]").forEach((part) => { part.hidden = part.dataset.onlyLang !== lang; });
    document.querySelectorAll("#cards .card").forEach((button) => {
      button.querySelector(".text").replaceWith(caption(state.found[Number(button.dataset.place)]));
    });
    if (state.open >= 0) sentences(state.found[state.open]);
  }

  function closed() {
    const place = state.open;
    state.open = -1;
    turn(Math.floor(place / PAGE), place % PAGE);
  }

  // What happens when

  let waiting = 0;
  at("search").addEventListener("input", (event) => {
    state.query = event.target.value;
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  at("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && at("gallery")) at("gallery").scrollIntoView();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName) || at("viewer").open) return;
    event.preventDefault();
    at("search").focus();
  });
  for (const id of ["lang", "lang2"]) at(id).addEventListener("change", (event) => language(event.target.value));
  at("lang-label").hidden = at("lang2-label").hidden = langs.length < 2;
  document.querySelectorAll("[data-filter]").forEach((button) => {
    if (!at("cards")) return;
    button.addEventListener("click", () => {
      choose(button.dataset.filter, button.dataset.value);
      at("gallery").scrollIntoView();
      at(button.dataset.filter).focus({ preventScroll: true });
    });
  });

  if (at("cards")) {
    options(at("source"), counted(samples.map((s) => s.source)), (name) => name);
    const named = samples.flatMap((s) => [...new Set([...s.o.map((o) => labels[o[0]][0]), ...(s.label ? [s.label] : [])])]);
    options(at("label"), counted(named), nice);
    for (const field of ["source", "label"]) at(field).addEventListener("change", (event) => choose(field, event.target.value));
    at("boxes").addEventListener("change", (event) => {
      state.boxes = event.target.checked;
      at("cards").classList.toggle("no-boxes", !state.boxes);
      at("big").classList.toggle("no-boxes", !state.boxes);
    });
    at("clear").addEventListener("click", () => {
      Object.assign(state, { query: "", source: "", label: "" });
      for (const id of ["search", "source", "label"]) at(id).value = "";
      search();
    });
    at("label").closest("label").hidden = !named.length;
    at("source").closest("label").hidden = at("source").options.length < 3;
    at("boxes").closest("label").hidden = !labels.length;
    at("cards").addEventListener("keydown", move);
    at("back").addEventListener("click", () => turn(state.page - 1));
    at("more").addEventListener("click", () => turn(state.page + 1));
    at("prev").addEventListener("click", () => show(state.open - 1));
    at("next").addEventListener("click", () => show(state.open + 1));
    at("close").addEventListener("click", () => at("viewer").close());
    at("viewer").addEventListener("close", closed);
    at("viewer").addEventListener("click", (event) => { if (event.target === at("viewer")) at("viewer").close(); });
    at("viewer").addEventListener("keydown", (event) => {
      if (event.target.tagName === "SELECT" || event.altKey || event.ctrlKey || event.metaKey) return;
      const inside = event.target === at("big");
      if (event.key === "ArrowLeft") show(state.open - 1);
      else if (event.key === "ArrowRight") show(state.open + 1);
      else if (inside && event.key === "ArrowDown") step(1);
      else if (inside && event.key === "ArrowUp") step(-1);
      else return;
      event.preventDefault();
    });
    for (const kind of ["pointermove", "pointerdown"]) {
      at("big").addEventListener(kind, (event) => {
        const n = under(at("big"), state.found[state.open], event, state.only);
        if (n !== state.box) tell(n);
      });
    }
    fill();
  }
  const links = new Map([...document.querySelectorAll(".bar nav a")].map((a) => [a.hash.slice(1), a]));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((link) => link.removeAttribute("aria-current"));
      if (links.has(entry.target.id)) links.get(entry.target.id).setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -75% 0px" });
  for (const id of ["top", ...links.keys()]) watch.observe(at(id));
  language(state.lang);
  document.documentElement.dataset.ready = "yes";
})();
