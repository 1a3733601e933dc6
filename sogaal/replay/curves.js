// The curves: the losses, D's answers and the AUC (or the spread) over one axis of steps, with a moving cursor.


class CurvePainter {
  constructor(run) {
    this.run = run;
    this.layers = new Layers();
  }

  boxes({ width, height }) {
    const [left, right, top, bottom, gap] = [44, 20, 28, 40, 37];
    const { panels } = this.run;
    const total = panels.reduce((sum, panel) => sum + panel.weight, 0);
    const room = height - top - bottom - gap * (panels.length - 1);
    let y = top;
    return panels.map((panel) => {
      const box = { x: left, y, w: width - left - right, h: (room * panel.weight) / total };
      y += box.h + gap;
      return box;
    });
  }

  x(box, step) {
    return box.x + (step / this.run.totalSteps) * box.w;
  }

  y(box, { low, high }, value) {
    const share = (value - low) / (high - low);
    return box.y + box.h * (1 - Math.min(Math.max(share, -0.01), 1.01));
  }

  step(box, x) {
    return ((x - box.x) / box.w) * this.run.totalSteps;
  }

  paint(context, moment, place) {
    const boxes = this.boxes(place);
    const x = this.x(boxes[0], moment.step);
    this.layers.draw("frame", context, place, (inner) => this.paintFrame(inner, boxes, place.theme));
    const lines = (inner) => this.paintLines(inner, boxes, place.theme);
    // What is to come stays faint.
    for (const [from, to, alpha] of [[0, x, 1], [x, place.width, 0.3]]) {
      context.save();
      context.beginPath();
      context.rect(from, 0, to - from, place.height);
      context.clip();
      context.globalAlpha = alpha;
      this.layers.draw("lines", context, place, lines);
      context.restore();
    }
    this.paintCursor(context, boxes, x, moment, place.theme);
  }

  paintFrame(context, boxes, theme) {
    const { panels, stopStep, totalSteps } = this.run;
    panels.forEach((panel, n) => {
      const box = boxes[n];
      this.paintTitle(context, panel, box, theme);
      this.paintGrid(context, panel, box, theme);
    });
    const last = boxes[boxes.length - 1];
    const [ticks] = niceTicks(0, totalSteps, last.w);
    for (const tick of ticks.filter(Number.isInteger)) {
      text(context, counted(tick), this.x(last, tick), last.y + last.h + 16, theme.muted, { align: "center" });
    }
    text(context, "step", last.x + last.w / 2, last.y + last.h + 34, theme.muted, { align: "center" });
    if (stopStep === null) return;
    context.setLineDash([4, 4]);
    context.strokeStyle = theme.muted;
    context.lineWidth = 1.2;
    for (const box of boxes) {
      const x = Math.round(this.x(box, stopStep)) + 0.5;
      context.beginPath();
      context.moveTo(x, box.y);
      context.lineTo(x, box.y + box.h);
      context.stroke();
    }
    const late = stopStep > 0.8 * totalSteps;
    const at = this.x(boxes[0], stopStep) + (late ? -5 : 5);
    text(context, "G stops", at, boxes[0].y + 11, theme.muted, { align: late ? "right" : "left" });
  }

  paintTitle(context, panel, box, theme) {
    let x = box.x - 30;
    x += text(context, panel.name, x, box.y - 13, theme.ink, { weight: 600 }) + 10;
    for (const mark of panel.marks) {
      x += text(context, `${mark.sign} ${mark.name} ${formatted(mark.value)}`, x, box.y - 13, theme.muted) + 10;
    }
  }

  paintGrid(context, panel, box, theme) {
    const near = (13 / box.h) * (panel.high - panel.low);
    const ticks = panel.ticks.filter((tick) => panel.references.every(([height]) => Math.abs(height - tick) > near));
    const heights = [...ticks.map((tick) => [tick, `${Number(tick.toFixed(4))}`, false])];
    heights.push(...panel.references.map(([height, words]) => [height, words, true]));
    for (const [height, words, reference] of heights) {
      const y = Math.round(this.y(box, panel, height)) + 0.5; // a sharp line
      context.setLineDash(reference ? [1.5, 3] : []);
      context.strokeStyle = reference ? theme.muted : theme.grid;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(box.x, y);
      context.lineTo(box.x + box.w, y);
      context.stroke();
      text(context, words, box.x - 7, y, theme.muted, { align: "right", base: "middle" });
    }
    context.setLineDash([]);
  }

  paintLines(context, boxes, theme) {
    this.run.panels.forEach((panel, n) => {
      context.save();
      context.beginPath();
      context.rect(boxes[n].x, boxes[n].y - 3, boxes[n].w + 4, boxes[n].h + 6);
      context.clip();
      for (const line of panel.lines) this.paintLine(context, boxes[n], panel, line, theme);
      context.restore();
      for (const mark of panel.marks) this.paintMark(context, boxes[n], panel, mark, theme);
    });
  }

  paintLine(context, box, panel, line, theme) {
    context.beginPath();
    let open = false;
    for (let n = 0; n < line.values.length; n += 1) {
      if (Number.isFinite(line.values[n])) {
        context[open ? "lineTo" : "moveTo"](this.x(box, line.steps[n]), this.y(box, panel, line.values[n]));
      }
      open = Number.isFinite(line.values[n]);
    }
    context.globalAlpha = line.name ? 1 : 0.4;
    context.strokeStyle = theme[line.colour];
    context.lineWidth = line.name ? 1.6 : 0.8;
    context.lineJoin = "round";
    context.stroke();
    context.globalAlpha = 1;
  }

  paintMark(context, box, panel, mark, theme) {
    const [x, y] = [this.x(box, mark.step), this.y(box, panel, mark.value)];
    context.beginPath();
    if (mark.sign === "●") context.arc(x, y, 4.5, 0, 7);
    else [[0, -6], [6, 0], [0, 6], [-6, 0]].forEach(([dx, dy]) => context.lineTo(x + dx, y + dy));
    context.closePath();
    Object.assign(context, { fillStyle: theme.auc, strokeStyle: theme.ink, lineWidth: 1.2 });
    context.fill();
    context.stroke();
  }

  paintCursor(context, boxes, x, moment, theme) {
    const { panels } = this.run;
    const [first, last] = [boxes[0], boxes[boxes.length - 1]];
    context.fillStyle = theme.ink;
    context.globalAlpha = 0.55;
    context.fillRect(x - 0.6, first.y, 1.2, last.y + last.h - first.y);
    context.globalAlpha = 1;
    panels.forEach((panel, n) => {
      const box = boxes[n];
      let right = box.x + box.w;
      for (const line of panel.lines.filter((one) => one.name)) {
        const colour = theme[line.colour];
        // The number is a recorded one, of the nearest frame; the dot on the line glides with the cursor.
        const words = `${line.name} ${formatted(line.atFrames[moment.frame])}`;
        text(context, words, right, box.y - 13, colour, { align: "right", weight: 600 });
        right -= context.measureText(`${line.name} 0.000`).width + 14;
        const value = moment.value(line.atFrames);
        if (!Number.isFinite(value)) continue;
        context.beginPath();
        context.arc(x, this.y(box, panel, value), 4, 0, 7);
        Object.assign(context, { fillStyle: colour, strokeStyle: theme.edge, lineWidth: 1.5 });
        context.fill();
        context.stroke();
      }
    });
  }
}

// The losses as a faint background of the scrub bar, with the mark where G stopped.
function paintScrub(context, run, { width, height, theme }, inset) {
  const room = width - 2 * inset;
  const x = (step) => inset + ((step - run.first) / Math.max(run.last - run.first, 1)) * room;
  const lines = run.panels[0].lines.filter((line) => line.name);
  // By their own range, whatever the axis of the losses: it is their shape that helps to find a place.
  const top = run.panels[0].high;
  const values = lines.flatMap((line) => [...line.values]).filter(Number.isFinite).map((value) => Math.min(value, top));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  for (const line of lines) {
    context.beginPath();
    for (let n = 0; n < line.values.length; n += 1) {
      const share = Math.min(Math.max((line.values[n] - low) / (high - low || 1), 0), 1);
      if (line.steps[n] <= run.last) context.lineTo(x(line.steps[n]), height - 6 - share * (height - 12));
    }
    Object.assign(context, { strokeStyle: theme[line.colour], globalAlpha: 0.4, lineWidth: 1.1 });
    context.stroke();
  }
  context.globalAlpha = 1;
  if (run.stopStep === null) return;
  context.setLineDash([3, 3]);
  context.strokeStyle = theme.muted;
  context.beginPath();
  context.moveTo(x(run.stopStep), 0);
  context.lineTo(x(run.stopStep), height);
  context.stroke();
  context.setLineDash([]);
}
