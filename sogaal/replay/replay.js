// The player: time, controls and the two canvases. `mount` for a page, the default export for Streamlit.

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const THUMB = 9; // half of the scrub bar's thumb, in pixels
const STILL = { width: 1240, height: 760, ratio: 2 };
const ICONS = {
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M6.5 4.5h4v15h-4zM13.5 4.5h4v15h-4z",
  home: "M5 5h2.5v14H5zM19 5v14L8.5 12z",
  end: "M16.5 5H19v14h-2.5zM5 5v14l10.5-7z",
  back: "M16.5 5v14L6 12zM18 5h2v14h-2z",
  next: "M7.5 5v14L18 12zM4 5h2v14H4z",
  loop:
    "M17 2.5l4.5 4-4.5 4V8H8a3 3 0 0 0-3 3v1.5H2.5V11A5.5 5.5 0 0 1 8 5.5h9z" +
    "M7 21.5l-4.5-4 4.5-4V16h9a3 3 0 0 0 3-3v-1.5h2.5V13a5.5 5.5 0 0 1-5.5 5.5H7z",
  save: "M11 3h2v9l3.5-3.5 1.4 1.4L12 15.9 6.1 9.9l1.4-1.4L11 12zM4 18.5h16V21H4z",
};

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

class Player {
  constructor(root, text, { autoplay }) {
    this.root = root;
    this.run = new Run(text);
    this.moment = new Moment(this.run);
    this.plane = new PlanePainter(this.run);
    this.curves = new CurvePainter(this.run);
    look.font = this.run.font;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.playing = false;
    this.speed = 1;
    this.loop = false;
    this.goal = null;
    this.paints = 0;
    this.busy = 0; // milliseconds spent on painting
    // A run takes 6 to 18 seconds, a seventh of a second a frame in between.
    this.stepsPerSecond = (this.run.last - this.run.first) / Math.min(Math.max(this.run.frames / 7, 6), 18);
    this.leaving = new AbortController();
    this.build();
    this.listen();
    this.step = autoplay ? this.run.first : this.run.last;
    this.follow();
    this.show();
    if (autoplay && !this.calm.matches) this.play();
  }

  // -- parts -------------------------------------------------------------------------------------------------------

  button(name, label, act, words) {
    const node = element("button", { type: "button", class: `replay-${name}`, "aria-label": label, title: label });
    node.append(words ?? icon(name));
    node.addEventListener("click", act);
    return node;
  }

  build() {
    const { run } = this;
    this.badge = element("span", { class: "replay-badge" }, "G has stopped");
    this.counter = element("span", { class: "replay-counter" });
    const heading = element("div", { class: "replay-heading" }, element("h2", {}, run.title));
    if (run.subtitle) heading.append(element("p", {}, run.subtitle));
    const header = element("header", {}, heading, element("div", { class: "replay-where" }, this.badge, this.counter));
    this.planeCanvas = element("canvas", { class: "replay-plane", role: "img" });
    this.curveCanvas = element("canvas", { class: "replay-curves", role: "img" });
    const stage = element("div", { class: "replay-stage" }, this.planeCanvas, this.curveCanvas);
    this.said = element("p", { class: "replay-said", role: "status" });
    this.probe = element("i", { class: "replay-probe", "aria-hidden": "true" });
    const caption = element("p", { class: "replay-caption" }, run.caption);
    this.root.replaceChildren(header, stage, this.scrubBar(), this.controls(), caption, this.said, this.probe);
    const group = { role: "region", "aria-label": `Replay of ${run.title}`, tabindex: "0" };
    for (const [key, value] of Object.entries(group)) this.root.setAttribute(key, value);
  }

  scrubBar() {
    const { first, last } = this.run;
    const range = { type: "range", min: first, max: Math.max(last, first + 1), step: "any", "aria-label": "Step" };
    this.scrub = element("input", range);
    this.scrubCanvas = element("canvas", { "aria-hidden": "true" });
    return element("div", { class: "replay-scrub" }, this.scrubCanvas, this.scrub);
  }

  controls() {
    const { run } = this;
    this.playButton = this.button("play", "Play", () => this.toggle());
    this.loopButton = this.button("loop", "Play again and again", () => this.setLoop(!this.loop));
    this.loopButton.setAttribute("aria-pressed", "false");
    this.speeds = element("select", { "aria-label": "Speed" });
    this.speeds.append(...SPEEDS.map((speed) => element("option", { value: speed }, `${speed}×`)));
    this.speeds.value = "1";
    const moves = element("div", { class: "replay-moves" });
    moves.append(
      this.button("home", "First frame", () => this.rest(run.first)),
      this.button("back", "One frame back", () => this.move(-1)),
      this.playButton,
      this.button("next", "One frame on", () => this.move(1)),
      this.button("end", "Last frame", () => this.rest(run.last)),
    );
    const rest = element("div", { class: "replay-rest" });
    if (run.stopStep !== null) {
      rest.append(this.button("stop", "Go to where G stops", () => this.rest(run.stopStep), "G stops"));
    }
    rest.append(this.button("last", "Go to the end", () => this.rest(run.last), "End"), this.speeds, this.loopButton);
    rest.append(this.button("save", "Save this moment as a PNG", () => this.save()));
    return element("div", { class: "replay-controls" }, moves, rest);
  }

  listen() {
    const { signal } = this.leaving;
    const on = (target, event, act) => target.addEventListener(event, act, { signal });
    on(this.root, "keydown", (event) => this.key(event));
    on(this.scrub, "input", () => this.drag(Number(this.scrub.value)));
    on(this.scrub, "change", () => this.rest(this.step));
    on(this.speeds, "change", () => { this.speed = Number(this.speeds.value); });
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.show());
    // The page's colours are variables that change without an event; the probe's colour follows with a transition.
    on(this.probe, "transitionend", () => this.show());
    on(this.curveCanvas, "pointerdown", (event) => this.point(event));
    on(this.curveCanvas, "pointermove", (event) => { if (event.buttons) this.point(event); });
    on(this.curveCanvas, "pointerup", () => this.rest(this.step));
    on(this.planeCanvas, "pointermove", (event) => this.read(event));
    on(this.planeCanvas, "pointerleave", () => { this.planeCanvas.title = ""; });
    this.watcher = new ResizeObserver(() => this.show());
    for (const canvas of [this.planeCanvas, this.curveCanvas, this.scrubCanvas]) this.watcher.observe(canvas);
  }

  leave() {
    this.leaving.abort();
    this.watcher.disconnect();
    cancelAnimationFrame(this.request);
    this.playing = false;
    this.goal = null;
  }

  // -- time --------------------------------------------------------------------------------------------------------

  play() {
    if (this.step >= this.run.last) this.step = this.run.first;
    this.goal = null;
    this.setPlaying(true);
    this.wake();
  }

  pause() {
    this.rest(this.step);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  // Come to rest at the frame nearest to a step: what stands still was recorded, not made up in between.
  rest(step) {
    this.setPlaying(false);
    this.goal = this.run.steps[this.run.nearest(step)];
    if (this.calm.matches) this.step = this.goal;
    this.wake();
  }

  move(frames) {
    const { run } = this;
    const from = run.nearest(this.goal ?? this.step);
    this.rest(run.steps[Math.min(Math.max(from + frames, 0), run.frames - 1)]);
  }

  drag(step) {
    this.setPlaying(false);
    this.goal = null;
    this.step = Math.min(Math.max(step, this.run.first), this.run.last);
    this.wake();
  }

  wake() {
    if (this.request) return;
    this.before = undefined;
    this.request = requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    this.request = undefined;
    // After a hidden tab the replay goes on from where it was.
    const seconds = this.before === undefined ? 0 : Math.min((now - this.before) / 1000, 0.1);
    this.before = now;
    if (this.playing) this.advance(seconds);
    else if (this.goal !== null) this.glide(seconds);
    this.follow();
    if (this.playing || this.goal !== null) this.request = requestAnimationFrame((next) => this.tick(next));
  }

  advance(seconds) {
    const { first, last } = this.run;
    this.step += seconds * this.speed * this.stepsPerSecond;
    if (this.step < last) return;
    if (this.loop && last > first) this.step = first;
    else this.rest(last);
    if (!this.playing) this.step = last;
  }

  glide(seconds) {
    const left = this.goal - this.step;
    const share = 1 - Math.exp(-seconds / 0.06);
    const close = Math.abs(left) < 0.002 * (this.run.last - this.run.first) * (seconds ? 1 : 0);
    this.step = close || left === 0 ? this.goal : this.step + share * left;
    if (this.step !== this.goal) return;
    this.goal = null;
    this.say();
  }

  setPlaying(playing) {
    if (playing === this.playing) return;
    this.playing = playing;
    const label = playing ? "Pause" : "Play";
    this.playButton.replaceChildren(icon(playing ? "pause" : "play"));
    for (const name of ["aria-label", "title"]) this.playButton.setAttribute(name, label);
  }

  setLoop(loop) {
    this.loop = loop;
    this.loopButton.setAttribute("aria-pressed", String(loop));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { target } = event;
    const acts = {
      ArrowRight: () => this.move(1),
      ArrowLeft: () => this.move(-1),
      Home: () => this.rest(this.run.first),
      End: () => this.rest(this.run.last),
      " ": () => this.toggle(),
    };
    // A button or a list that has the focus keeps the keys that it knows.
    if (!acts[event.key] || target === this.speeds || (event.key === " " && target.tagName === "BUTTON")) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  point(event) {
    const box = this.curves.boxes(this.placeOf(this.curveCanvas))[0];
    this.drag(this.curves.step(box, event.offsetX));
  }

  read(event) {
    const place = this.placeOf(this.planeCanvas);
    const box = this.plane.box(this.planeCanvas.getContext("2d"), place);
    const at = this.plane.toPlane(box, event.offsetX, event.offsetY);
    const value = at && formatted(this.discriminator(...at));
    this.planeCanvas.title = at ? `D(${formatted(at[0])}, ${formatted(at[1])}) = ${value}` : "";
  }

  // D at a point of the plane, at the moment that is shown.
  discriminator(u, v) {
    return sigmoid(this.moment.logit(u, v));
  }

  // -- what is seen ------------------------------------------------------------------------------------------------

  get dark() {
    const page = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim();
    if (/^#[0-9a-f]{6}/i.test(page)) {
      const [r, g, b] = rgb(page);
      return 0.299 * r + 0.587 * g + 0.114 * b < 128;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  placeOf(canvas) {
    const ratio = Math.min(globalThis.devicePixelRatio || 1, 3);
    return { width: canvas.clientWidth, height: canvas.clientHeight, ratio, theme: this.theme };
  }

  // Fits the canvases to their places and the page's colours, and paints.
  show() {
    this.theme = this.run.themes[this.dark ? "dark" : "light"];
    this.root.classList.toggle("replay-dark", this.dark);
    for (const name of ["ink", "muted", "frame", "surface", "inlier", "generated", "edge", "grid"]) {
      this.root.style.setProperty(`--replay-${name}`, this.theme[name]);
    }
    this.root.style.setProperty("--replay-font", this.run.font);
    for (const canvas of [this.planeCanvas, this.curveCanvas, this.scrubCanvas]) {
      const { width, height, ratio } = this.placeOf(canvas);
      const size = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== size[0]) canvas.width = size[0];
      if (canvas.height !== size[1]) canvas.height = size[1];
    }
    this.onCanvas(this.scrubCanvas, (context, place) => paintScrub(context, this.run, place, THUMB));
    this.paint();
    this.say();
  }

  onCanvas(canvas, paint) {
    const place = this.placeOf(canvas);
    if (!place.width || !place.height) return;
    const context = canvas.getContext("2d");
    context.setTransform(place.ratio, 0, 0, place.ratio, 0, 0);
    context.clearRect(0, 0, place.width, place.height);
    paint(context, place);
  }

  // All parts take the moment that is shown from here.
  follow() {
    const { run } = this;
    const step = this.calm.matches ? run.steps[run.frameAt(this.step)] : this.step;
    if (this.moment.step === step) return;
    this.moment.move(step);
    this.scrub.value = step;
    this.counter.textContent = this.where();
    this.badge.classList.toggle("replay-on", run.stopStep !== null && step >= run.stopStep);
    this.paint();
  }

  paint() {
    if (this.moment.step === undefined || !this.theme) return;
    const started = performance.now();
    this.onCanvas(this.planeCanvas, (context, place) => {
      this.outside = this.plane.paint(context, this.moment, place);
    });
    this.onCanvas(this.curveCanvas, (context, place) => this.curves.paint(context, this.moment, place));
    this.busy += performance.now() - started;
    this.paints += 1;
  }

  where() {
    const { epochs, totalSteps, totalEpochs } = this.run;
    const epoch = counted(epochs[this.run.frameAt(this.moment.step)]);
    const epochWords = totalEpochs === null ? epoch : `${epoch} of ${counted(totalEpochs)}`;
    return `step ${counted(this.moment.step)} of ${counted(totalSteps)} · epoch ${epochWords}`;
  }

  // Says in words what is shown, at rest only: who listens cannot follow sixty changes a second.
  say() {
    if (this.playing || this.moment.step === undefined) return;
    const { run, moment } = this;
    const lines = run.panels.flatMap((panel) => panel.lines.map((line) => [panel.name, line]));
    const values = lines.filter(([, line]) => line.name).map(([name, line]) => {
      const words = name === "Loss" ? `${line.name}'s loss` : line.name;
      return `${words} ${formatted(line.atFrames[moment.frame])}`;
    });
    const words = `${this.where()}${this.badge.classList.contains("replay-on") ? ", G has stopped" : ""}`;
    const dots = `${run.owner.length} potential outliers, ${this.outside ?? 0} of them outside the view`;
    this.scrub.setAttribute("aria-valuetext", words);
    const plane = `Real rows and potential outliers over a map of D, ${words}; ${dots}.`;
    this.planeCanvas.setAttribute("aria-label", plane);
    this.curveCanvas.setAttribute("aria-label", `Curves over the steps, ${words}: ${values.join(", ")}.`);
    this.said.textContent = `${words}. ${values.join(", ")}.`;
  }

  // -- stills ------------------------------------------------------------------------------------------------------

  still() {
    const { width, height, ratio } = STILL;
    const canvas = newCanvas(width * ratio, height * ratio);
    const context = canvas.getContext("2d");
    const { run, theme } = this;
    context.scale(ratio, ratio);
    context.fillStyle = theme.edge;
    context.fillRect(0, 0, width, height);
    text(context, run.title, 28, 38, theme.ink, { size: 20, weight: 600, most: 700 });
    text(context, run.subtitle, 28, 60, theme.muted, { size: 13, most: 700 });
    const stopped = this.badge.classList.contains("replay-on") ? " · G has stopped" : "";
    text(context, `${this.where()}${stopped}`, width - 28, 38, theme.ink, { size: 15, align: "right" });
    text(context, "", 0, 0, theme.muted, { size: 11.5 });
    wrapped(context, run.caption, width - 56).forEach((words, n) => {
      text(context, words, 28, height - 30 + 16 * n, theme.muted, { size: 11.5 });
    });
    // Painters of their own: those of the screen keep layers of the screen's size.
    const parts = [[new PlanePainter(run), 22, 640], [new CurvePainter(run), 672, 550]];
    for (const [painter, left, wide] of parts) {
      context.save();
      context.translate(left, 76);
      painter.paint(context, this.moment, { width: wide, height: 640, ratio, theme });
      context.restore();
    }
    return canvas;
  }

  save() {
    this.pause();
    const name = this.run.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "replay";
    const fileName = `${name}-step-${Math.round(this.run.steps[this.run.nearest(this.step)])}.png`;
    this.step = this.goal ?? this.step;
    this.follow();
    this.still().toBlob((blob) => {
      const link = element("a", { href: URL.createObjectURL(blob), download: fileName });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }, "image/png");
  }
}

// Plays a payload's text in a node. On a page of its own the keys work wherever the focus is.
function mount(root, text, alone = false) {
  const player = new Player(root, text, { autoplay: JSON.parse(text).autoplay });
  if (alone) {
    document.addEventListener("keydown", (event) => {
      if (!root.contains(event.target)) player.key(event);
    }, { signal: player.leaving.signal });
  }
  globalThis.sogaalReplay = player;
  return player;
}

const sameBytes = (a, b) => a?.length === b.length && a.every((byte, n) => byte === b[n]);

export default function ({ parentElement, data }) {
  const node = parentElement.querySelector(".sogaal-replay");
  if (!node || !data) return undefined;
  if (!sameBytes(node.payload, data)) {
    node.player?.leave();
    node.payload = data;
    node.player = mount(node, new TextDecoder().decode(data));
  }
  // Also called when the same replay comes again: only a node that has left the page is cleared.
  return () => setTimeout(() => {
    if (node.isConnected) return;
    node.player?.leave();
    node.player = node.payload = undefined;
  });
}
