// What all drawing shares: colours of a scale, numbers as words, ticks, and layers that are painted once.

// Set from the payload: a canvas does not inherit the font of its page.
const look = { font: "sans-serif" };

function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

// A colour of a scale [[0, "#..."], ..., [1, "#..."]].
function onScale(scale, share) {
  const i = Math.max(scale.findIndex(([at]) => at >= share), 1);
  const [[low, from], [high, to]] = [scale[i - 1], scale[i]];
  const part = (share - low) / (high - low);
  const [a, b] = [rgb(from), rgb(to)];
  return a.map((value, n) => Math.round(value + part * (b[n] - value)));
}

function formatted(value, digits = 3) {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

const counted = (value) => Math.round(value).toLocaleString("en-US");

function niceTicks(low, high, room) {
  const rough = (high - low) / Math.max(room / 70, 2);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high + 1e-9 * step; n += 1) ticks.push(n * step);
  return [ticks, Math.max(0, -Math.floor(Math.log10(step)))];
}

function newCanvas(width, height) {
  return Object.assign(document.createElement("canvas"), {
    width: Math.max(1, Math.round(width)),
    height: Math.max(1, Math.round(height)),
  });
}

// Something that stays while the run plays, painted once for a size, a pixel ratio and a theme.
class Layers {
  constructor() {
    this.kept = new Map();
  }

  draw(name, context, { width, height, ratio, theme }, paint) {
    const key = `${width} ${height} ${ratio} ${theme.edge}`;
    let layer = this.kept.get(name);
    if (layer?.key !== key) {
      layer = { key, canvas: newCanvas(width * ratio, height * ratio) };
      const inner = layer.canvas.getContext("2d");
      inner.scale(ratio, ratio);
      paint(inner);
      this.kept.set(name, layer);
    }
    context.drawImage(layer.canvas, 0, 0, width, height);
  }
}

function text(context, words, x, y, colour, options = {}) {
  const { size = 12, align = "left", weight = 400, base = "alphabetic", most } = options;
  context.font = `${weight} ${size}px ${look.font}`;
  context.fillStyle = colour;
  context.textAlign = align;
  context.textBaseline = base;
  if (most && context.measureText(words).width > most) context.fillText(words, x, y, most);
  else context.fillText(words, x, y);
  return context.measureText(words).width;
}

// Words in lines of at most a width, in the context's font.
function wrapped(context, words, width) {
  const lines = [""];
  for (const word of words.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (context.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
