"use strict";
(() => {
  let drawn = false;

  const draw = async () => {
    const element = document.getElementById("charts");
    if (element === null) return;
    const { document: page, roots } = JSON.parse(element.textContent);
    Bokeh.set_log_level("warn");
    await Bokeh.embed.embed_items({ page }, [{ docid: "page", roots, root_ids: Object.keys(roots) }]);
    views().forEach(settle);
    nameInstants(Bokeh.documents[0]);
    drawn = true;
    offerZoom(Bokeh.documents[0]);
    fitClock(Bokeh.documents[0]);
    followColours();
  };

  const views = () => Bokeh.documents[0].roots().map((root) => Bokeh.index.get_by_id(root.id));

  // A canvas has nothing for the keyboard: its keys and the tables have.
  const settle = (view) => {
    view.canvas_view.events_el.tabIndex = -1;
  };

  // Dragging chooses a stretch where there is a mouse; a finger scrolls the page.
  const offerZoom = (page) => {
    const range = page.get_model_by_name("time");
    const button = document.getElementById("whole-run");
    if (range === null || button === null || !matchMedia("(hover: hover) and (pointer: fine)").matches) return;
    const [start, end] = [range.start, range.end];
    for (const root of page.roots()) {
      const zoom = root.toolbar.tools.find((tool) => tool.type === "BoxZoomTool");
      if (zoom !== undefined) zoom.active = true;
    }
    range.change.connect(() => { button.hidden = range.start === start && range.end === end; });
    button.addEventListener("click", () => range.setv({ start, end }));
  };

  // Where there is little room fewer instants are named, or they would run into each other.
  const fitClock = (page) => {
    const clock = page.get_model_by_name("clock");
    if (clock === null) return;
    const narrow = matchMedia("(max-width: 40rem)");
    const fit = () => { clock.desired_num_ticks = narrow.matches ? 3 : 6; };
    narrow.addEventListener("change", fit);
    fit();
  };

  // Instants as the tables have them: no hours where there are none. (The page's policy lets bokeh run no text as code.)
  const clock = (seconds) => {
    const whole = Math.round(seconds);
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  };

  const nameInstants = (page) => {
    for (const root of page.roots()) {
      if (root.x_range.name !== "time") continue;
      for (const axis of root.below) {
        axis.formatter.doFormat = (ticks) => ticks.map(clock);
        axis.change.emit();
      }
    }
  };

  // One action: its tables, its errors, and its own rates and response times over time.
  const offerFilter = () => {
    const select = document.getElementById("action-filter");
    if (select === null) return;
    select.parentElement.hidden = false;
    select.addEventListener("change", () => show(select.value, select.selectedOptions[0].text));
    show(select.value, select.selectedOptions[0].text);
  };

  const decode = (text) => new Float32Array(Uint8Array.from(atob(text), (each) => each.charCodeAt(0)).buffer);

  // Whether a key, of all actions or of some, has its place beside what is shown.
  const isAbout = (key, step) => key.dataset.steps === step || key.dataset.steps.split(" ").includes(step);

  const show = (step, name) => {
    for (const each of document.querySelectorAll("[data-step]")) each.hidden = step !== "" && each.dataset.step !== step;
    for (const each of document.querySelectorAll("[data-steps]")) each.hidden = !isAbout(each, step);
    const element = document.getElementById("steps");
    if (element === null || !drawn) return;
    const kept = JSON.parse(element.textContent);
    const columns = kept.steps[step];
    const notice = document.getElementById("filter-notice");
    notice.hidden = step === "";
    notice.textContent = columns
      ? `Throughput and response time are those of ${name}; the other charts are of the whole run.`
      : `${name} has no time series of its own here: all charts show the whole run.`;
    redraw(columns && { at: kept.at, ...columns }, kept.when, step);
  };

  const whole = new Map();

  const redraw = (encoded, when, step) => {
    for (const chart of Bokeh.documents[0].roots().filter((root) => ["throughput", "latency"].includes(root.name))) {
      const source = chart.renderers.find((each) => !each.name.startsWith("limit_")).data_source;
      if (!whole.has(source)) whole.set(source, source.data);
      source.data = encoded
        ? { when, ...Object.fromEntries(Object.entries(encoded).map(([key, text]) => [key, decode(text)])) }
        : whole.get(source);
      const figure = document.getElementById(`figure-${chart.name}`);
      figure.querySelector(".says").hidden = Boolean(encoded);
      for (const key of figure.querySelectorAll("[data-limit]")) {
        const limit = chart.renderers.find((each) => each.name === key.dataset.limit);
        if (limit !== undefined) limit.visible = isAbout(key, step);
      }
    }
  };

  const followColours = () => {
    const repaint = () => views().forEach((view) => view.request_repaint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  };

  const toggle = (key) => {
    const shown = key.getAttribute("aria-pressed") !== "true";
    key.setAttribute("aria-pressed", String(shown));
    const chart = Bokeh.documents[0].roots().find((root) => root.name === key.dataset.chart);
    for (const renderer of chart.renderers) {
      if (renderer.name === key.dataset.draws) renderer.visible = shown;
    }
  };

  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copies);
    getSelection().selectAllChildren(source);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.firstChild.textContent = "Copied";
    } catch {
      button.firstChild.textContent = "Selected: press Ctrl+C";
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button === null) return;
    if (button.classList.contains("key")) toggle(button);
    if (button.classList.contains("copy")) copy(button);
  });

  // A link to folded details opens them.
  const reveal = () => {
    const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();

  // On paper everything is unfolded, and charts are pictures in its colours: there is no time to lay them out anew.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((each) => { each.open = true; });
    document.documentElement.classList.add("on-paper");
    for (const view of drawn ? views() : []) {
      const picture = view.export("png").canvas;
      picture.className = "picture";
      document.getElementById(`chart-${view.model.name}`).prepend(picture);
    }
  });
  addEventListener("afterprint", () => {
    folded.forEach((each) => { each.open = false; });
    document.documentElement.classList.remove("on-paper");
    document.querySelectorAll(".picture").forEach((each) => each.remove());
  });

  draw().then(offerFilter);
})();
