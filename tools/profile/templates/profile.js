"use strict";
const entries = JSON.parse(document.getElementById("data").textContent);
const LABEL = 132, ROW = 17, GAP = 8, TOP = 22, FONT = "12px system-ui, sans-serif";
const WAITS = "#e3e6ea", COPY = "#39424f", HIDDEN = "#b9c0c9", EXPOSED = "#b3261e", TEXT = "#1c2430", QUIET = "#5d6876", LINE = "#dfe3e8";
const number = value => Math.round(value).toLocaleString("en-US");

// The rows of a timeline: {name, y, bars}, where a bar is [begin, end, colour, label, tip].
function rowsOf(entry) {
  const rows = [];
  let y = TOP;
  const add = (name, bars) => { rows.push({name, y, bars}); y += ROW; };
  const colour = calls => calls.length ? entry.layers[calls[0][0]].colour : WAITS;
  const callName = ([index, tile]) => {
    const layer = entry.layers[index];
    return layer.tiles > 1 ? `${layer.name} · ${tile + 1}/${layer.tiles}` : layer.name;
  };
  const label = calls => calls.length ? callName(calls[0]) + (calls.length > 1 ? ` +${calls.length - 1}` : "") : "";
  const about = calls => calls.map(call => `${callName(call)}  ${entry.layers[call[0]].kernel}`).join("\n");
  const both = step => label([...step[0], ...step[1]]) || "copies";
  for (let core = 0; core < entry.workers; ++core) {
    const bars = [];
    for (const step of entry.steps) {
      const arrival = step[4][core];
      const text = `core ${core}: ${number(arrival - step[2])} cycles, then waits ${number(step[3] - arrival)}`;
      bars.push([step[2], arrival, colour(step[0]), label(step[0]), `${about(step[0])}\n${text}`]);
      bars.push([arrival, step[3], WAITS, "", `waits for the end of ${both(step)}\n${number(step[3] - arrival)} cycles`]);
    }
    add(`core ${core}`, bars);
  }
  if (entry.jobs.length) {
    y += GAP;
    const jobs = [], configurations = [];
    let before = entry.steps[0][2];
    for (const [acquired, hidden, exposed, triggered, started, done, index, tile, what, stalls, weights, bytes, memory] of entry.jobs) {
      const name = callName([index, tile]);
      const idle = `idle for ${number(started - before)} cycles`;
      jobs.push([before, started, WAITS, "", `accelerator: ${idle}`]);
      jobs.push([started, done, entry.layers[index].colour, name,
        `${name}\njob ${what}\n${number(done - started)} cycles, of which it stands back at L1 in ${number(stalls)} (for weights ${number(weights)})\n` +
        `${number(bytes)} bytes of weights from ${memory ? "weight memory" : "L1"}`]);
      configurations.push([acquired, acquired + hidden, HIDDEN, "", `configures ${name}\n${number(hidden)} cycles, hidden`]);
      configurations.push([triggered - exposed, triggered, EXPOSED, "", `configures or starts ${name}\n${number(exposed)} cycles while the accelerator is idle`]);
      before = done;
    }
    add("accelerator", jobs);
    add("· configuration", configurations);
  }
  const spread = copies => {
    const lanes = [];
    for (const copy of [...copies].sort((a, b) => a[1] - b[1])) {
      const lane = lanes.find(bars => bars[bars.length - 1][1] <= copy[1]);
      const tip = `${copy[4] ? copy[4] + "\n" : ""}${number(copy[3])} bytes ${copy[0] ? "to L1" : "from L1"}\n${number(copy[2] - copy[1])} cycles`;
      const bar = [copy[1], copy[2], COPY, copy[4] || `${number(copy[3])} B`, tip];
      if (lane) lane.push(bar); else lanes.push([bar]);
    }
    return lanes.length ? lanes : [[]];
  };
  y += GAP;
  for (const bars of spread(entry.copies.filter(copy => copy[0]))) add("DMA to L1", bars);
  for (const bars of spread(entry.copies.filter(copy => !copy[0]))) add("DMA from L1", bars);
  y += GAP;
  const plan = [], planned = [];
  for (const step of entry.steps) {
    const end = step[6] + step[7], cores = step[6] + step[9];
    const simulated = `(simulated ${number(step[3] - step[2])} with the step's end)`;
    plan.push([step[6], cores, colour(step[0]), label(step[0]), `predicted: ${about(step[0])}\n${number(step[9])} cycles ${simulated}`]);
    plan.push([cores, end, WAITS, "", `predicted: waits ${number(end - cores)} cycles for the accelerator`]);
    plan.push([end, end + step[8], WAITS, "", `predicted: waits ${number(step[8])} cycles for copies`]);
    planned.push([step[6], step[6] + step[10], colour(step[1]), label(step[1]), `predicted: ${about(step[1])}\n${number(step[10])} cycles ${simulated}`]);
  }
  add("plan: cores", plan);
  if (entry.jobs.length) add("plan: accelerator", planned);
  for (const bars of spread(entry.plan.filter(copy => copy[0]))) add("plan: DMA to L1", bars);
  for (const bars of spread(entry.plan.filter(copy => !copy[0]))) add("plan: DMA from L1", bars);
  return {rows, height: y + 6};
}

function spacing(cycles, pixels) {
  const wanted = cycles / Math.max(1, pixels / 110);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  return [1, 2, 5, 10].map(n => n * power).find(n => n >= wanted);
}

function drawTimeline(canvas, entry) {
  const {rows, height} = rowsOf(entry);
  const end = Math.max(entry.cycles, ...entry.steps.map(step => step[6] + step[7] + step[8]));
  const tip = canvas.parentElement.querySelector(".tip");
  const context = canvas.getContext("2d");
  let from = 0, to = end, width = 0;
  canvas.style.height = `${height}px`;
  const x = cycle => LABEL + (cycle - from) / (to - from) * (width - LABEL);
  const cycleAt = pixel => from + (pixel - LABEL) / (width - LABEL) * (to - from);

  // As much of a name's end as there is room for: it tells layers apart.
  function fitting(text, room) {
    let shown = text;
    for (let from = 1; context.measureText(shown).width > room; ++from) {
      if (text.length - from < 3) return "";
      shown = "…" + text.slice(from);
    }
    return shown;
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    width = canvas.clientWidth;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = "middle";
    const step = spacing(to - from, width - LABEL);
    for (let cycle = Math.ceil(from / step) * step; cycle <= to; cycle += step) {
      context.fillStyle = LINE;
      context.fillRect(x(cycle), TOP - 4, 1, height);
      context.fillStyle = QUIET;
      const text = number(cycle);
      const room = context.measureText(text).width;
      context.fillText(text, Math.min(x(cycle) + 3, width - room - 2), TOP / 2);
    }
    context.save();
    context.beginPath();
    context.rect(LABEL, TOP, width - LABEL, height);
    context.clip();
    for (const row of rows) {
      for (const [begin, stop, colour, label] of row.bars) {
        if (stop <= from || begin >= to || stop <= begin) continue;
        const left = Math.max(x(begin), LABEL - 2), right = Math.min(x(stop), width + 2);
        const drawn = Math.max(right - left, 0.6);
        context.fillStyle = colour;
        context.fillRect(left, row.y, drawn, ROW - 2);
        if (drawn > 3) {
          context.fillStyle = "rgb(255 255 255 / .7)";
          context.fillRect(left, row.y, 1, ROW - 2);
        }
        if (label && drawn > 34) {
          context.fillStyle = colour === WAITS ? TEXT : "#fff";
          const text = fitting(label, drawn - 8);
          context.fillText(text, left + 4, row.y + ROW / 2 - 0.5);
        }
      }
    }
    context.restore();
    context.fillStyle = TEXT;
    let before = "";
    for (const row of rows) {
      if (row.name !== before) context.fillText(row.name, 8, row.y + ROW / 2 - 0.5);
      before = row.name;
    }
  }

  function show(begin, stop) {
    const length = Math.min(Math.max(stop - begin, 20), end);
    from = Math.min(Math.max(begin, 0), end - length);
    to = from + length;
    draw();
  }
  function zoom(factor, cycle) {
    show(cycle - (cycle - from) / factor, cycle + (to - cycle) / factor);
  }

  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), cycleAt(event.offsetX));
  }, {passive: false});
  let dragged = null;
  canvas.addEventListener("pointerdown", event => {
    dragged = {at: event.offsetX, from, to};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", () => { dragged = null; });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("pointermove", event => {
    if (dragged) {
      const moved = (event.offsetX - dragged.at) / (width - LABEL) * (dragged.to - dragged.from);
      show(dragged.from - moved, dragged.to - moved);
      return;
    }
    const row = rows.find(one => event.offsetY >= one.y && event.offsetY < one.y + ROW);
    const cycle = cycleAt(event.offsetX), slack = 2 / (width - LABEL) * (to - from);
    const bar = event.offsetX > LABEL && row && row.bars.find(
      ([begin, stop]) => stop > begin && cycle >= begin - (stop - begin < slack ? slack : 0) && cycle < stop + (stop - begin < slack ? slack : 0));
    tip.hidden = !bar;
    if (bar) {
      tip.textContent = `${bar[4]}\nfrom ${number(bar[0])} to ${number(bar[1])}`;
      tip.style.left = `${Math.max(0, Math.min(event.offsetX + 14, width - tip.offsetWidth - 6))}px`;
      const below = event.offsetY + 18;
      tip.style.top = `${below + tip.offsetHeight > height ? Math.max(0, event.offsetY - tip.offsetHeight - 10) : below}px`;
    }
  });
  for (const button of canvas.closest("section").querySelectorAll("button[data-zoom]")) {
    const factor = Number(button.dataset.zoom);
    button.addEventListener("click", () => factor ? zoom(factor, (from + to) / 2) : show(0, end));
  }
  new ResizeObserver(draw).observe(canvas);
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  for (const [column, head] of heads.entries()) {
    if (!head.dataset.sort) continue;
    head.addEventListener("click", () => {
      const text = head.dataset.sort === "text";
      const first = text || column === 0 ? "ascending" : "descending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach(one => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const value = row => text ? row.cells[column].textContent : Number(row.cells[column].dataset.value);
      const compare = (a, b) => text ? value(a).localeCompare(value(b)) : value(a) - value(b);
      const rows = [...table.tBodies[0].rows].sort((a, b) => order === "ascending" ? compare(a, b) : compare(b, a));
      table.tBodies[0].append(...rows);
    });
  }
}

for (const canvas of document.querySelectorAll("canvas")) {
  drawTimeline(canvas, entries[Number(canvas.dataset.entry)]);
}
for (const table of document.querySelectorAll(".scroll table")) sortable(table);
