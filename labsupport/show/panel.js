// A panel in the browser: native controls, the picture, the sentence. panel.py is the other side.
//
// A move is sent when the picture of the one before is back, and only the latest: a drag leaves no
// queue. Positions are indices into a control's values. Frames that were shown are kept, and while
// nobody waits, those beside the slider in hand are asked for ahead: a move to one is seen at once.
//
// What is asked goes to a model. In a notebook it is the widget's; pages without one bring their own,
// with get, send and on. A frame's picture comes as the address of an image, its bytes in it: a page
// that hands bytes on asks the browser for a place to keep them and to load them from, and waits.

const BUSY = 300; // milliseconds until a redraw that takes its time says so
const SETTLED = 600; // without a move: then the sentence is read out
const HEARD = 3000; // and this long it stands where a screen reader found it
const STORED = 800; // and then what a saved notebook shows is renewed
const MANY = 200; // values; more do not fit under a mouse, so there are two buttons for a step
const AHEAD = 12; // steps to either side of the slider in hand
const LEFT = 120; // milliseconds without a move, after which a drag is over, or rests
const QUICK = 250; // milliseconds; frames that take longer are not asked for ahead
const KEPT = 400; // frames, 20 MB
const PAINTED = 20; // milliseconds; by then a picture that was there is painted
const DECODED = 8; // pictures: the one that is up, and those that a hand may reach next
const GONE = "The kernel is not running: run this cell again.";
const DEAD = new Set(["dead", "unknown", "restarting", "autorestarting", "terminating"]);

/** An element with attributes, properties (those that are functions) and children. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** One of many: a slider over positions, and two buttons for a step where it has very many. */
function range({ name, words, said }, id, moved) {
  const input = make("input", {
    type: "range", id, min: 0, max: said.length - 1, step: 1, name,
    input: () => { tell(); moved(Number(input.value)); },
  });
  // The value is said with the slider, so here it is for eyes only.
  const output = make("output", { for: id, "aria-hidden": "true" });
  const tell = () => {
    output.textContent = said[input.value];
    input.setAttribute("aria-valuetext", said[input.value]);
  };
  const row = make("div", { class: "lab-slide" }, input);
  const steps = said.length > MANY ? [-1, 1] : [];
  const buttons = steps.map((by) => make("button", {
    // By keyboard the slider itself goes step by step.
    type: "button", tabindex: -1, "aria-label": `${words}: one step ${by < 0 ? "back" : "on"}`,
    click: () => {
      input.value = Number(input.value) + by;
      input.dispatchEvent(new Event("input"));
    },
  }, by < 0 ? "−" : "+"));
  if (buttons.length) row.replaceChildren(buttons[0], input, buttons[1]);
  const label = make("label", { for: id }, words);
  return {
    box: make("div", { class: "lab-control" }, make("div", { class: "lab-head" }, label, output), row),
    put(at, enabled) {
      input.value = at;
      tell();
      for (const each of [input, ...buttons]) each.disabled = !enabled;
    },
  };
}

/** One of a few names: radio buttons that look like toggle buttons. */
function names({ words, said }, id, moved) {
  const inputs = said.map((_, at) => make("input", {
    type: "radio", name: id, id: `${id}-${at}`, value: at, change: () => moved(at),
  }));
  const toggles = inputs.flatMap((input, at) => [
    input, make("label", { for: input.id }, said[at]),
  ]);
  const box = make("fieldset", { class: "lab-control lab-names" },
    make("legend", {}, words), make("div", { class: "lab-toggles" }, ...toggles));
  return {
    box,
    put(at, enabled) {
      inputs[at].checked = true;
      box.disabled = !enabled;
    },
  };
}

/** Yes or no. */
function toggle({ words, name }, id, moved) {
  const input = make("input", {
    type: "checkbox", id, name, change: () => moved(Number(input.checked)),
  });
  return {
    box: make("div", { class: "lab-control lab-switch" }, input, make("label", { for: id }, words)),
    put(at, enabled) {
      input.checked = Boolean(at);
      input.disabled = !enabled;
    },
  };
}

const KINDS = { range, names, switch: toggle };

/** What is asked of the kernel, one at a time: the latest moves in one, presses in their order. */
function line(model, page, { asked, lost }) {
  const waiting = [];
  let turn = 0;
  let open = null;
  const go = () => {
    if (open !== null || !waiting.length) return;
    open = ++turn;
    const request = waiting.shift();
    try {
      model.send({ ...request, page, turn });
    } catch (error) {
      waiting.length = 0;
      lost();
      return;
    }
    asked(request);
  };
  return {
    ask(request) {
      const last = waiting.at(-1);
      if (request.ask === "move" && last?.ask === "move") Object.assign(last.at, request.at);
      else waiting.push(request);
      go();
    },
    /** Whether this answer is the one that was waited for, and nothing else is. */
    answered([whose, which]) {
      if (whose !== page || which !== open) return false;
      open = null;
      go();
      return open === null;
    },
    get still() { return open === null && !waiting.length; },
    stop() { waiting.length = 0; open = null; },
  };
}

/** Where the controls stand, as one word. */
const key = (at) => JSON.stringify(Object.entries(at).sort());

/** The frames that were seen, by where the controls stand; the oldest go. */
function frames() {
  const known = new Map();
  return {
    keep(shown) {
      known.delete(key(shown.at));
      known.set(key(shown.at), shown);
      if (known.size > KEPT) known.delete(known.keys().next().value);
    },
    /** A frame with its picture; undefined where none was seen, or none can be shown. */
    at(at) {
      const shown = known.get(key(at));
      return shown?.whole ? shown : undefined;
    },
    /** The nearest setting beside this one that is not known yet, the way of the last move first. */
    beside(at, name, count, way) {
      for (let step = 1; step <= AHEAD; step++) {
        for (const position of [at[name] + way * step, at[name] - way * step]) {
          const there = { ...at, [name]: position };
          if (position >= 0 && position < count && !known.has(key(there))) return there;
        }
      }
      return undefined;
    },
  };
}

/** The sentence: seen at once, read out when it has settled. What is read out stands in a place of
 * its own that is there from the start: a screen reader hears nothing of one whose aria-live is
 * turned off and on (Orca 43 with Chromium). */
function sentence() {
  const box = make("p", { class: "lab-said" });
  const heard = make("p", { class: "lab-heard", role: "status" });
  let timer;
  let first = true; // frame: nobody has moved anything yet
  let tallest = 0;
  // What follows the panel shall not jump with every move, so the place only grows.
  const grow = (height) => {
    if (height <= tallest) return;
    tallest = height;
    box.style.minHeight = `${tallest}px`;
  };
  const grown = new ResizeObserver(([{ borderBoxSize: [{ blockSize }] }]) => grow(blockSize));
  grown.observe(box);
  const read = () => {
    clearTimeout(timer);
    heard.textContent = "";
    timer = setTimeout(() => {
      heard.textContent = box.textContent;
      timer = setTimeout(() => { heard.textContent = ""; }, HEARD);
    }, SETTLED);
  };
  return {
    box,
    heard,
    read,
    say(verdict, rest) {
      box.replaceChildren(make("b", {}, verdict), rest);
      if (!first) read();
      first = false;
    },
    refit() {
      tallest = 0;
      box.style.minHeight = "";
      grow(box.getBoundingClientRect().height);
    },
    stop() {
      clearTimeout(timer);
      grown.disconnect();
    },
  };
}

/** The picture. It is shown when it is decoded, so that nothing flickers; what may be next is before.
 * What is shown is the image that was decoded: another that is given the same source loads it again. */
function picture(width, height) {
  const first = make("img", { width, height, alt: "" }); // empty, as large as those that follow
  const decoded = new Map(); // images by address, the newest last; the one that is up is there
  let up = first;
  let latest = 0;
  const begin = (src) => {
    const image = make("img", { src, width, height, decoding: "sync" });
    return { image, done: image.decode().catch(() => {}) };
  };
  const decode = (src) => {
    const one = decoded.get(src) ?? begin(src);
    decoded.delete(src);
    decoded.set(src, one);
    for (const [old, { image }] of decoded) {
      if (decoded.size <= DECODED) break;
      if (image !== up) decoded.delete(old);
    }
    return one;
  };
  return {
    first,
    decode,
    async show(src, alt) {
      const mine = ++latest;
      const { image, done } = decode(src);
      await done;
      if (mine !== latest) return;
      image.alt = alt;
      if (image !== up) up.replaceWith(image);
      up = image;
    },
    stop() {
      latest++;
      decoded.clear();
    },
  };
}

/** Keys that a control handles are its own: JupyterLab's would insert and delete cells. */
function keep(event) {
  if (event.ctrlKey || event.metaKey) return; // to save, to run
  event.stopPropagation();
  const own = event.target.type === "range" || event.target.type === "radio";
  if (!own && event.key.startsWith("Arrow")) event.preventDefault(); // the page would scroll away
}

function render({ model, el }) {
  const { controls, moves, presets, width, height } = model.get("declared");
  const page = crypto.randomUUID?.() ?? String(Math.random());
  const said = sentence();
  const drawn = picture(width, height);
  const busy = make("span", { class: "lab-busy", hidden: true }, "Drawing …");
  const figure = make("figure", { class: "lab-picture" }, drawn.first, busy);
  const notice = make("p", { class: "lab-gone", role: "alert" });
  let slow;
  let soon;
  let store;
  let gone = false;
  let hand = null; // where the hand has put the controls; null after a button, until it is answered
  let held; // the slider in hand
  let way = 1; // where its last move went: up or down
  let leaps = false; // whether that was over values between, as a drag is
  let moved = 0; // when it was
  let rests; // until the hand does
  let since = 0; // when the last request was sent
  let took = 0; // milliseconds until it was answered
  let twin; // the model itself, which knows whether its connection lives

  const kernel = model.widget_manager?.kernel;
  // Whether somebody answers; if not, a sentence says so. A connection that comes back revives it.
  const alive = () => {
    const lives = twin?.comm_live !== false && !kernel?.isDisposed && !DEAD.has(kernel?.status);
    if (lives === gone) {
      gone = !lives;
      notice.textContent = gone ? GONE : "";
      queue.stop();
      rest();
      place();
    }
    return lives;
  };
  const lost = () => {
    twin = { comm_live: false };
    alive();
  };
  const asked = (request) => {
    since = performance.now();
    if (request.ask === "ahead") return;
    clearTimeout(slow);
    slow = setTimeout(() => {
      busy.hidden = !alive();
      figure.setAttribute("aria-busy", String(!busy.hidden));
    }, BUSY);
  };
  const rest = () => {
    clearTimeout(slow);
    busy.hidden = true;
    figure.removeAttribute("aria-busy");
  };
  const queue = line(model, page, { asked, lost });
  const ask = (request) => alive() && queue.ask(request);
  const seen = frames();
  let up; // the frame that is up: what comes later for the same setting is the same picture
  const put = (shown) => {
    if (up !== key(shown.at)) drawn.show(shown.src, shown.alt);
    up = key(shown.at);
    said.say(shown.first, shown.rest);
  };
  const move = (control, at) => {
    if (!alive()) return;
    held = control;
    if (hand) {
      const by = at - hand[control.name];
      way = Math.sign(by) || way;
      leaps = Math.abs(by) > 1;
      moved = performance.now();
      hand = { ...hand, [control.name]: at };
    }
    const known = hand && seen.at(hand);
    if (known) put(known);
    ask({ ask: "move", at: { [control.name]: at } });
    clearTimeout(soon);
    soon = setTimeout(next, PAINTED);
  };
  // A hand that goes on reaches these: they are decoded by then.
  const next = () => {
    if (!hand || held?.kind !== "range") return;
    for (const by of [way, 2 * way, -way]) {
      const beside = seen.at({ ...hand, [held.name]: hand[held.name] + by });
      if (beside) drawn.decode(beside.src);
    }
  };
  // The widget's messages come one after another, so a move waits for a frame that is on its way.
  const ahead = () => {
    if (!hand || held?.kind !== "range" || took > QUICK || document.hidden || !queue.still) return;
    // A drag does not stop beside where it is, and its next move would wait.
    const wait = leaps ? moved + LEFT - performance.now() : 0;
    clearTimeout(rests);
    if (wait > 0) {
      rests = setTimeout(ahead, wait);
      return;
    }
    const there = seen.beside(hand, held.name, held.said.length, way);
    if (there) ask({ ask: "ahead", at: there });
  };
  const take = (control) => () => {
    held = control;
    ahead();
  };

  const built = controls.map((control, i) => ({
    name: control.name,
    ...KINDS[control.kind](control, `lab-${page}-${i}`, (at) => move(control, at)),
  }));
  built.forEach(({ box }, i) => {
    for (const event of ["pointerenter", "focusin"]) {
      box.addEventListener(event, take(controls[i]));
    }
  });
  const press = (request) => {
    hand = null;
    ask(request);
  };
  const button = (label, request, kind) =>
    make("button", { type: "button", class: kind, click: () => press(request) }, label);
  const buttons = make("div", { class: "lab-buttons", role: "group", "aria-label": "Settings" },
    ...presets.map((label) => button(label, { ask: "press", label }, "lab-preset")),
    ...moves.map((label) => button(label, { ask: "press", label }, "lab-move")),
    button("Reset", { ask: "reset" }, "lab-reset"));

  const place = () => {
    const { at, enabled } = model.get("shown");
    for (const { name, put } of built) put(at[name], !gone && enabled.includes(name));
    for (const each of buttons.children) each.disabled = gone;
  };
  const show = () => {
    const shown = model.get("shown");
    const mine = shown.answers && !queue.still;
    const settled = mine ? queue.answered(shown.answers) : queue.still;
    if (mine) took = performance.now() - since;
    seen.keep(shown);
    // Where the hand is further and its frame is known, that one is seen already.
    if (settled || !hand || !seen.at(hand)) put(shown);
    if (settled) {
      // While moves are on their way, the controls stand where the hand has put them.
      hand = { ...shown.at };
      place();
      rest();
      clearTimeout(store);
      store = setTimeout(() => alive() && model.send({ ask: "still" }), STORED);
      ahead();
    }
  };
  const came = (shown) => {
    took = performance.now() - since;
    seen.keep(shown);
    // The hand may have gone there while it was on its way.
    if (hand && key(hand) === key(shown.at) && shown.whole) put(shown);
    if (queue.answered(shown.answers)) {
      rest();
      next();
      ahead();
    }
  };

  el.classList.add("lab-panel");
  el.addEventListener("keydown", keep);
  // How a page around the panel sets all its controls at once.
  el.addEventListener("lab-set", ({ detail }) => press({ ask: "move", at: detail }));
  // Beside a live panel, what was stored of it is not shown.
  const hide = make("style", {}, `.lab-still-${model.get("stored_as")} { display: none }`);
  // How it has the sentence read out, which nobody could hear while it was hidden.
  el.addEventListener("lab-read", said.read);
  el.append(hide, make("div", { class: "lab-body" }, buttons,
    make("div", { class: "lab-shown" }, figure, said.box, said.heard, notice),
    make("div", { class: "lab-controls" }, ...built.map(({ box }) => box))));
  show();

  // Another width breaks the lines anew; a height that changes is the sentence's own.
  let wide;
  const fits = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== wide) said.refit();
    wide = contentRect.width;
  });
  fits.observe(el);
  model.on("change:shown", show);
  model.on("msg:custom", came);
  model.on("comm_live_update", alive);
  model.on("comm:close", lost);
  kernel?.statusChanged?.connect(alive);
  kernel?.disposed?.connect(alive);
  Promise.resolve(model.widget_manager?.get_model?.(model.get("stored_as"))).then((own) => {
    twin = own;
    alive();
  }, () => {});
  return () => {
    kernel?.statusChanged?.disconnect(alive);
    kernel?.disposed?.disconnect(alive);
    fits.disconnect();
    [slow, soon, store, rests].forEach(clearTimeout);
    said.stop();
    drawn.stop();
    el.removeEventListener("keydown", keep);
  };
}

export default { render };
