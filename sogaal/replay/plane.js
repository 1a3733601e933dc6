// The plane: D's map, the line D = 0.5 and the points, on any canvas context; on screen and in stills alike.

const CELLS = 144;


class PlanePainter {
  constructor(run) {
    this.run = run;
    this.layers = new Layers();
    this.logits = new Float64Array(CELLS * CELLS);
    this.cells = CELLS;
    this.map = newCanvas(CELLS, CELLS);
    this.image = this.map.getContext("2d").createImageData(CELLS, CELLS);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.sprites = new Map();
  }

  // `place` is {width, height, ratio, theme}: the canvas in CSS pixels, pixels for each of them, and the colours.
  paint(context, moment, place) {
    const box = this.box(context, place);
    logitGrid(moment, this.run.view, CELLS, this.logits);
    this.paintMap(context, box, place.theme);
    this.layers.draw("inliers", context, place, (inner) => this.paintInliers(inner, box, place.theme));
    this.paintBoundary(context, box, place.theme);
    const outside = this.paintDots(context, box, moment, place);
    this.layers.draw("front", context, place, (inner) => this.paintFront(inner, box, place));
    if (outside) this.paintOutside(context, box, place.theme, outside);
    return outside;
  }

  signs() {
    const { labelled, outliers, owners } = this.run;
    return [
      ["dot", "inlier", labelled ? "real inliers" : "real points"],
      ...(labelled && outliers.length ? [["cross", "outlier", "real outliers"]] : []),
      ["dot", "generated", owners > 1 ? "potential outliers (shade: sub-generator)" : "potential outliers"],
      ["line", "muted", "D = 0.5"],
    ];
  }

  // Signs and words of the legend with their places, as many lines as it takes.
  legend(context, width) {
    context.font = `400 12px ${look.font}`;
    let [x, line] = [0, 0];
    const items = this.signs().map(([sign, colour, words]) => {
      const length = 18 + context.measureText(words).width;
      if (x && x + length > width) [x, line] = [0, line + 1];
      const item = { sign, colour, words, x, line };
      x += length + 16;
      return item;
    });
    return { items, lines: line + 1 };
  }

  box(context, { width, height }) {
    const [left, right, bottom] = [46, 52, 40];
    const legend = this.legend(context, width - left);
    const top = 8 + 18 * legend.lines;
    let [w, h] = [width - left - right, height - top - bottom];
    if (this.run.square) w = h = Math.min(w, h);
    return { x: left, y: top, w, h, legend };
  }

  toBox(box, u, v) {
    const [x0, x1, y0, y1] = this.run.view;
    return [box.x + ((u - x0) / (x1 - x0)) * box.w, box.y + ((y1 - v) / (y1 - y0)) * box.h];
  }

  toPlane(box, x, y) {
    const [x0, x1, y0, y1] = this.run.view;
    const [across, down] = [(x - box.x) / box.w, (y - box.y) / box.h];
    return across < 0 || across > 1 || down < 0 || down > 1 ? null : [x0 + across * (x1 - x0), y1 - down * (y1 - y0)];
  }

  paintMap(context, box, theme) {
    if (this.scale?.theme !== theme) {
      const colours = Array.from({ length: 256 }, (_, n) => onScale(theme.heat, n / 255));
      // Bytes in memory are red, green, blue, alpha.
      const word = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
      this.scale = { theme, colours: Uint32Array.from(colours, word) };
    }
    const { logits, pixels, scale } = this;
    for (let n = 0; n < logits.length; n += 1) {
      const share = sigmoid(logits[n]);
      pixels[n] = scale.colours[share >= 0 ? Math.round(255 * share) : 128];
    }
    this.map.getContext("2d").putImageData(this.image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    // The outermost grid points lie on the edges: half a pixel of the map falls away all around.
    context.drawImage(this.map, 0.5, 0.5, CELLS - 1, CELLS - 1, box.x, box.y, box.w, box.h);
  }

  // Where the logit is zero, cell by cell (marching squares).
  paintBoundary(context, box, theme) {
    const { logits } = this;
    const [stepX, stepY] = [box.w / (CELLS - 1), box.h / (CELLS - 1)];
    context.beginPath();
    for (let row = 0; row < CELLS - 1; row += 1) {
      for (let column = 0; column < CELLS - 1; column += 1) {
        const n = row * CELLS + column;
        const corners = [logits[n], logits[n + 1], logits[n + CELLS + 1], logits[n + CELLS]];
        const signs = (corners[0] > 0) + (corners[1] > 0) + (corners[2] > 0) + (corners[3] > 0);
        if (signs === 0 || signs === 4) continue;
        const ends = [];
        for (let side = 0; side < 4; side += 1) {
          const [from, to] = [corners[side], corners[(side + 1) % 4]];
          if (from > 0 === to > 0) continue;
          const part = from / (from - to);
          const across = [part, 1, 1 - part, 0][side];
          const down = [0, part, 1, 1 - part][side];
          ends.push([box.x + (column + across) * stepX, box.y + (row + down) * stepY]);
        }
        for (let pair = 0; pair + 1 < ends.length; pair += 2) {
          context.moveTo(...ends[pair]);
          context.lineTo(...ends[pair + 1]);
        }
      }
    }
    context.strokeStyle = theme.muted;
    context.lineWidth = 1.5;
    context.lineCap = "round";
    context.stroke();
  }

  paintInliers(context, box, theme) {
    const { inliers } = this.run;
    const many = inliers.length > 3000;
    context.globalAlpha = many ? 0.45 : 0.6;
    context.fillStyle = theme.inlier;
    for (let n = 0; n < inliers.length; n += 2) {
      const [x, y] = this.toBox(box, inliers[n], inliers[n + 1]);
      context.beginPath();
      context.arc(x, y, many ? 1.75 : 2.25, 0, 7);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  // A dot is painted once for each colour and then copied: several hundred of them move at a time.
  sprite(colour, edge, ratio) {
    const key = `${colour} ${edge} ${ratio}`;
    if (!this.sprites.has(key)) {
      const canvas = newCanvas(10 * ratio, 10 * ratio);
      const inner = canvas.getContext("2d");
      inner.scale(ratio, ratio);
      this.dot(inner, 5, 5, colour, edge);
      this.sprites.set(key, canvas);
    }
    return this.sprites.get(key);
  }

  dot(context, x, y, colour, edge) {
    context.globalAlpha = 0.9;
    context.beginPath();
    context.arc(x, y, 3, 0, 7);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = edge;
    context.lineWidth = 0.7;
    context.stroke();
    context.globalAlpha = 1;
  }

  shade(owner, theme) {
    const { owners } = this.run;
    return owners < 2 ? theme.generated : `rgb(${onScale(theme.generators, owner / (owners - 1))})`;
  }

  paintDots(context, box, { points }, { theme, ratio }) {
    const { owner, owners } = this.run;
    const sprites = Array.from({ length: owners }, (_, n) => this.sprite(this.shade(n, theme), theme.edge, ratio));
    let outside = 0;
    for (let n = 0; n < owner.length; n += 1) {
      const [x, y] = this.toBox(box, points[2 * n], points[2 * n + 1]);
      if (x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h) {
        context.drawImage(sprites[owner[n]], x - 5, y - 5, 10, 10);
      } else outside += 1;
    }
    return outside;
  }

  cross(context, x, y, size, theme) {
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(x - size, y - side * size);
      context.lineTo(x + size, y + side * size);
    }
    context.lineCap = "butt";
    context.strokeStyle = theme.edge;
    context.lineWidth = 4;
    context.stroke();
    context.strokeStyle = theme.outlier;
    context.lineWidth = 2.4;
    context.stroke();
  }

  paintFront(context, box, { theme }) {
    const { outliers, view, axes } = this.run;
    for (let n = 0; n < outliers.length; n += 2) {
      this.cross(context, ...this.toBox(box, outliers[n], outliers[n + 1]), 3.2, theme);
    }
    context.strokeStyle = theme.frame;
    context.lineWidth = 1;
    context.strokeRect(box.x - 0.5, box.y - 0.5, box.w + 1, box.h + 1);
    const [x0, x1, y0, y1] = view;
    const [xTicks, xDigits] = niceTicks(x0, x1, box.w);
    const [yTicks, yDigits] = niceTicks(y0, y1, box.h);
    for (const tick of xTicks) {
      const [x] = this.toBox(box, tick, y0);
      text(context, tick.toFixed(xDigits), x, box.y + box.h + 16, theme.muted, { align: "center" });
    }
    for (const tick of yTicks) {
      const [, y] = this.toBox(box, x0, tick);
      text(context, tick.toFixed(yDigits), box.x - 7, y, theme.muted, { align: "right", base: "middle" });
    }
    text(context, axes[0], box.x + box.w / 2, box.y + box.h + 34, theme.muted, { align: "center" });
    context.save();
    context.translate(11, box.y + box.h / 2);
    context.rotate(-Math.PI / 2);
    text(context, axes[1], 0, 0, theme.muted, { align: "center" });
    context.restore();
    this.paintLegend(context, box, theme);
    this.paintBar(context, box, theme);
  }

  paintLegend(context, { x, legend }, theme) {
    for (const item of legend.items) {
      const [left, middle] = [x + item.x, 11 + 18 * item.line];
      if (item.sign === "cross") this.cross(context, left + 5, middle - 4, 3.2, theme);
      else if (item.sign === "line") {
        context.beginPath();
        context.moveTo(left, middle - 4);
        context.lineTo(left + 12, middle - 4);
        Object.assign(context, { strokeStyle: theme.muted, lineWidth: 1.5 });
        context.stroke();
      } else this.dot(context, left + 5, middle - 4, theme[item.colour], theme.edge);
      text(context, item.words, left + 16, middle, theme.muted);
    }
  }

  paintBar(context, box, theme) {
    const [x, height] = [box.x + box.w + 14, 0.6 * box.h];
    const y = box.y + (box.h - height) / 2;
    const gradient = context.createLinearGradient(0, y + height, 0, y);
    for (const [at, colour] of theme.heat) gradient.addColorStop(at, colour);
    context.fillStyle = gradient;
    context.fillRect(x, y, 10, height);
    text(context, "D(x)", x - 2, y - 9, theme.muted);
    for (const share of [0, 0.5, 1]) {
      text(context, `${share}`, x + 15, y + height * (1 - share), theme.muted, { base: "middle" });
    }
  }

  paintOutside(context, box, theme, outside) {
    const words = `${outside} of ${this.run.owner.length} lie outside`;
    context.font = `400 12px ${look.font}`;
    const width = context.measureText(words).width + 10;
    context.fillStyle = theme.veil;
    context.fillRect(box.x + box.w - width - 4, box.y + box.h - 25, width, 20);
    text(context, words, box.x + box.w - 9, box.y + box.h - 15, theme.ink, { align: "right", base: "middle" });
  }
}
