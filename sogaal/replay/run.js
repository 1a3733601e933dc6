// A run as it was recorded: the arrays of the payload, and D and the points at any moment between two frames.

const KINDS = { f4: Float32Array, i4: Int32Array, u1: Uint8Array, u2: Uint16Array };
const TOP = 65534;

function decodeArray({ dtype, bdata }) {
  return new KINDS[dtype](Uint8Array.from(atob(bdata), (c) => c.charCodeAt(0)).buffer);
}

// Whole numbers over three views side by side -> coordinates in the plane; NaN for what is no number.
function coordinates(whole, [x0, x1, y0, y1]) {
  const out = new Float32Array(whole.length);
  for (let i = 0; i < whole.length; i += 1) {
    const [low, side] = i % 2 ? [y0, y1 - y0] : [x0, x1 - x0];
    out[i] = whole[i] > TOP ? NaN : low - side + (3 * side * whole[i]) / TOP;
  }
  return out;
}

class Run {
  constructor(text) {
    Object.assign(this, JSON.parse(text, (_, value) => (value?.bdata === undefined ? value : decodeArray(value))));
    for (const name of ["inliers", "outliers", "points"]) this[name] = coordinates(this[name], this.view);
    this.frames = this.steps.length;
    this.first = this.steps[0];
    this.last = this.steps[this.frames - 1];
  }

  // The last frame at or before a step.
  frameAt(step) {
    let low = 0;
    let high = this.frames - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.steps[middle] <= step) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  nearest(step) {
    const i = this.frameAt(step);
    return i + 1 < this.frames && this.steps[i + 1] - step < step - this.steps[i] ? i + 1 : i;
  }
}

// The run at a step, frame or between two: dots and weights go in a straight line from one frame to the next.
class Moment {
  constructor(run) {
    this.run = run;
    this.points = new Float32Array(run.points.length / run.frames);
    this.hidden = new Float64Array(run.hidden.length / run.frames);
    this.units = this.hidden.length / 4;
  }

  move(step) {
    const { run } = this;
    const i = run.frameAt(step);
    const j = Math.min(i + 1, run.frames - 1);
    const share = i === j ? 0 : (step - run.steps[i]) / (run.steps[j] - run.steps[i]);
    this.step = step;
    this.between = [i, j, share];
    this.frame = share < 0.5 ? i : j;
    for (const name of ["points", "hidden"]) {
      const [all, here] = [run[name], this[name]];
      const [from, to] = [i * here.length, j * here.length];
      for (let n = 0; n < here.length; n += 1) {
        // A frame itself is shown as it was recorded, whatever its neighbour holds.
        here[n] = share === 0 ? all[from + n] : all[from + n] + share * (all[to + n] - all[from + n]);
      }
    }
    this.output = this.value(run.output);
  }

  // A number that each frame has, here.
  value(atFrames) {
    const [i, j, share] = this.between;
    return share === 0 ? atFrames[i] : atFrames[i] + share * (atFrames[j] - atFrames[i]);
  }

  logit(u, v) {
    const { hidden } = this;
    let sum = this.output;
    for (let n = 0; n < hidden.length; n += 4) {
      sum += hidden[n + 3] * Math.max(hidden[n] * u + hidden[n + 1] * v + hidden[n + 2], 0);
    }
    return sum;
  }
}

const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

// D's logits on a grid of `cells` by `cells` points that reach from edge to edge, from the top row down.
//
// Along a row a hidden unit adds a straight line, from where it switches on or up to where it switches off. So it is
// entered there, and sums along the row do the rest: a row costs its units plus its cells, not their product.
function logitGrid(moment, [x0, x1, y0, y1], cells, out) {
  const { hidden, output } = moment;
  const [stepX, stepY] = [(x1 - x0) / (cells - 1), (y1 - y0) / (cells - 1)];
  const rise = new Float64Array(cells + 1);
  const level = new Float64Array(cells + 1);
  for (let row = 0; row < cells; row += 1) {
    const v = y1 - row * stepY;
    rise.fill(0);
    level.fill(0);
    level[0] = output;
    for (let n = 0; n < hidden.length; n += 4) {
      const slope = hidden[n] * stepX;
      const start = hidden[n] * x0 + hidden[n + 1] * v + hidden[n + 2];
      const weight = hidden[n + 3];
      // The number of columns before the unit's line crosses zero.
      const crossing = Math.min(Math.max(Math.ceil(-start / slope), 0), cells);
      if (start > 0) {
        rise[0] += weight * slope;
        level[0] += weight * start;
        if (slope >= 0) continue;
        rise[crossing] -= weight * slope;
        level[crossing] -= weight * start;
      } else if (slope > 0) {
        rise[crossing] += weight * slope;
        level[crossing] += weight * start;
      }
    }
    let [slope, height] = [0, 0];
    for (let column = 0; column < cells; column += 1) {
      slope += rise[column];
      height += level[column];
      out[row * cells + column] = height + slope * column;
    }
  }
  return out;
}
