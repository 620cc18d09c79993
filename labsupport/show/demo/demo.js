
// The page around a panel: who answers it, the vote, the keys, the presenter's notes. It stands in
// one script with panel.js, whose `make` and `render` it uses.

const told = JSON.parse(document.getElementById("told").textContent);
const asked = new URLSearchParams(location.search);
const room = "BroadcastChannel" in window ? new BroadcastChannel(`lab-demo-${told.word}`) : null;

/** A model as panel.js wants it; answer(request, at) resolves to a frame. What it shows has changed:
 * changed() is told. While `due`, it is about to change. */
function modelOf(first, answer, changed) {
  const state = { declared: told.declared, shown: first, stored_as: "" };
  const heard = {};
  let waiting = 0;
  return {
    get due() { return waiting > 0; },
    get: (name) => state[name],
    on: (event, listener) => { heard[event] = listener; },
    async send(request) {
      if (request.ask === "still") return;
      const ahead = request.ask === "ahead";
      if (!ahead) waiting += 1;
      const shown = await answer(request, state.shown.at);
      const mine = { ...shown, answers: [request.page, request.turn] };
      if (ahead) {
        heard["msg:custom"](mine);
        return;
      }
      state.shown = { ...state.shown, ...mine };
      waiting -= 1;
      heard["change:shown"]();
      changed();
    },
  };
}

/** Answers from `lab demo`; what is not answered is asked again once it is back. */
function served(gone) {
  const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });
  const once = async (request, at) => {
    const reply = await post(`${told.word}/frame`, { request, at }).catch(() => null);
    return reply?.ok ? reply.json() : null;
  };
  return async (request, at) => {
    for (;;) {
      const frame = await once(request, at);
      if (frame) return frame;
      await gone(async () => Boolean((await post("again", {}).catch(() => null))?.ok));
    }
  };
}

/** Answers from the page itself. Where a setting was not recorded, the sliders that were moved
 * before go back to where the last button put them. */
function recorded({ frames: all, presets, start }) {
  let centre = start;
  const names = told.declared.controls.map(({ name }) => name);
  const at = (place) => all[names.map((name) => place[name]).join("-")];
  return async (request, now) => {
    if (request.ask === "press") centre = presets[request.label];
    if (request.ask === "reset") centre = start;
    if (request.ask === "press" || request.ask === "reset") return at(centre);
    const change = request.at;
    if (request.ask === "ahead") return at(change) ?? { at: change, whole: false };
    if (request.ask === "move" && names.every((name) => name in change)) centre = change;
    return at({ ...now, ...change }) ?? at({ ...centre, ...change }) ?? at(now);
  };
}

/** Whether a sentence has a verdict as words of its own: "25% false alarms" has no "5% false alarms". */
const has = (sentence, verdict) =>
  new RegExp(`(?<![\\w.])${verdict.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).test(sentence);

/** One way to ask of the room before it sees: hands are counted, then the panel speaks. */
function vote(stage, model) {
  const hands = told.verdicts.map(() => 0);
  const asked = make("p", { class: "demo-asked", role: "status" });
  const table = make("table");
  const box = make("section", { class: "demo-vote", "aria-label": "The vote", hidden: true },
    make("h2", {}, "What will it say?"), asked, table,
    make("p", { class: "demo-note" }, "A digit counts a hand, Backspace takes the last one back, R reveals."));
  const tally = make("p", { class: "demo-tally", role: "status", hidden: true });
  let question = "";
  let on = false;
  let open = false;
  let revealing = false; // as soon as what was asked for is there
  const draw = () => {
    const held = [...box.querySelectorAll("button")].indexOf(document.activeElement);
    const most = Math.max(1, ...hands);
    const sentence = model.get("shown").first.toLowerCase();
    const said = open ? -1 : told.verdicts.findIndex((one) => has(sentence, one));
    const rows = told.verdicts.map((verdict, k) => make("tr", {},
      make("td", {}, make("kbd", {}, String(k + 1))),
      make("th", { scope: "row" }, verdict),
      make("td", { class: "hands" },
        make("span", { class: "bar", style: `width: ${(70 * hands[k]) / most}%` }), String(hands[k])),
      make("td", {}, make("button", { type: "button", "aria-label": `One hand for ${verdict}`,
        click: () => count(k) }, "+1"))));
    table.replaceChildren(...rows);
    const counts = told.verdicts.map((verdict, k) => (hands[k] || k === said) &&
      make("span", { class: k === said ? "said" : "" }, `${verdict}${k === said ? " ✓" : ""} ${hands[k]}`))
      .filter(Boolean);
    // Its line is there before it is written, so that nothing moves when it is.
    tally.replaceChildren(...(open ? ["\u00a0"] : ["Hands: ", ...counts.flatMap((one, k) => (k ? [", ", one] : [one]))]));
    tally.hidden = !on;
    box.hidden = !on || !open;
    const words = box.hidden ? "" : question || "N asks the question of the next step.";
    if (asked.textContent !== words) asked.textContent = words; // said anew is read out anew
    const hid = stage.hasAttribute("data-hidden");
    stage.toggleAttribute("data-hidden", on && open);
    if (hid && !(on && open)) stage.dispatchEvent(new Event("lab-read"));
    if (held >= 0) box.querySelectorAll("button")[held].focus();
  };
  const counted = [];
  const count = (k) => {
    if (!on || !open || k >= hands.length) return false;
    hands[k] += 1;
    counted.push(k);
    draw();
    return true;
  };
  return {
    box,
    tally,
    count,
    get on() { return on; },
    back() {
      if (!open || !counted.length) return;
      hands[counted.pop()] -= 1;
      draw();
    },
    /** Hide what is shown, and begin a count. */
    ask(words = "") {
      question = words;
      if (!on) return;
      hands.fill(0);
      counted.length = 0;
      open = true;
      revealing = false;
      draw();
    },
    reveal() {
      if (!on || !open) return;
      revealing = model.due;
      open = revealing;
      draw();
    },
    /** The panel shows something else. */
    changed() {
      if (revealing && !model.due) open = revealing = false;
      draw();
    },
    /** Begin to predict, or stop; hands that were counted stay. */
    set(now) {
      on = now;
      open = now;
      draw();
    },
  };
}

/** Light becomes dark, and the reverse. */
function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

/** What each key does, once for each time it goes down. */
function keys(does) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // What a presenter holds in the hand sends these; a slider has them for itself.
    const turn = event.target.type !== "range" && { PageDown: "n", PageUp: "b" }[key];
    if (turn) event.preventDefault();
    does[turn || key]?.();
  }, true);
}

/** The page that the room sees. */
function audience(main) {
  document.body.className = "demo";
  const stage = make("div", { class: "demo-stage" });
  const gone = make("div", { class: "demo-gone", role: "alert", hidden: true });
  let back = null;
  const lost = (revive) => {
    if (back) return back.promise;
    back = { revive };
    back.promise = new Promise((resolve) => { back.resolve = resolve; });
    gone.replaceChildren("What draws this panel is gone. Press ", make("kbd", {}, "R"),
      " and it comes back as it stood. If not, start ", make("code", {}, "lab demo"), " again, then press R. ",
      make("button", { type: "button", click: () => again() }, "Bring it back"));
    gone.hidden = false;
    return back.promise;
  };
  const again = async () => {
    if (!back || !(await back.revive())) return;
    gone.hidden = true;
    const { resolve } = back;
    back = null;
    resolve();
  };
  const answers = { served, recorded }[told.source.kind];
  const model = modelOf(
    told.first, answers(told.source.kind === "served" ? lost : told.source), () => voting.changed());
  const voting = vote(stage, model);
  const shown = { model, el: stage };
  render(shown);
  stage.querySelector(".lab-shown").prepend(voting.box); // where the picture is, which it hides
  const press = (label) => {
    const button = [...stage.querySelectorAll(".lab-buttons button")]
      .find((one) => one.textContent === label);
    if (button) button.click();
    else note.textContent = `There is no preset "${label}" here: ${told.declared.presets.join(", ")}.`;
  };
  // A button may change the verdict, so the room is asked anew; a slider is the presenter's reply.
  stage.querySelector(".lab-buttons").addEventListener("click", () => {
    voting.ask();
    room?.postMessage({ at: -1 });
  }, true);

  let step = -1;
  // A page that is loaded again is where it was. One on a disk may not change its address.
  const remember = () => {
    if (!location.protocol.startsWith("http")) return;
    const address = new URL(location);
    if (step >= 0) {
      address.searchParams.delete("preset");
      address.searchParams.set("step", step + 1);
    }
    if (voting.on) address.searchParams.set("predict", "");
    else address.searchParams.delete("predict");
    history.replaceState(null, "", address);
  };
  const go = (to) => {
    if (!told.steps[to]) return;
    step = to;
    voting.ask(told.steps[to].ask);
    stage.dispatchEvent(new CustomEvent("lab-set", { detail: told.steps[to].at }));
    room?.postMessage({ at: step });
    where.textContent = `step ${step + 1} of ${told.steps.length}`;
    next.disabled = step === told.steps.length - 1;
    note.textContent = "";
    remember();
  };
  const predict = make("button", { type: "button", "aria-pressed": "false", click: () => toggle() },
    "Predict first (P)");
  const toggle = (on = !voting.on) => {
    voting.set(on);
    predict.setAttribute("aria-pressed", String(on));
    remember();
  };
  const where = make("span", { class: "demo-where" });
  const next = make("button", { type: "button", click: () => go(step + 1) }, "Next step (N)");
  const note = make("p", { class: "demo-note", role: "status" });
  main.append(
    make("header", { class: "demo-head" }, make("h1", {}, told.title),
      make("div", { class: "demo-tools" }, predict,
        next, where,
        make("button", { type: "button", click: theme }, "Light/dark (D)"),
        make("a", { href: "?presenter", target: "_blank" }, "Notes"))),
    gone, note, voting.tally, stage,
    make("p", { class: "demo-note", hidden: told.source.kind !== "recorded" },
      "Recorded: sliders stop at the values that lie in this page, and one moves at a time."));

  keys({
    r: () => (back ? again() : voting.reveal()),
    p: () => toggle(), n: () => go(step + 1), b: () => go(step - 1), d: theme,
    Backspace: () => voting.back(),
    ...Object.fromEntries(told.verdicts.map((_, k) => [k + 1, () => voting.count(k)])),
  });
  room?.addEventListener("message", ({ data }) => {
    if (data.where) room.postMessage({ at: step });
    if (data.go !== undefined) go(data.go);
    if (data.reveal) voting.reveal();
    if (data.predict) toggle(true);
  });
  // The page around this one, where there is one, has been made light or dark.
  window.addEventListener("message", ({ source, data }) => {
    const chosen = source === window.parent && ["light", "dark"].includes(data?.theme);
    if (chosen) document.documentElement.dataset.theme = data.theme;
  });
  if (asked.has("predict")) toggle(true);
  if (asked.has("preset")) press(asked.get("preset"));
  if (asked.has("step") && told.steps[asked.get("step") - 1]) go(asked.get("step") - 1);
  else if (asked.has("step")) note.textContent = `There is no step "${asked.get("step")}": 1 to ${told.steps.length}.`;
}

/** The page that only the presenter sees: what to set, what will be said, what to ask. */
function presenter(main) {
  document.title = `Notes: ${told.title}`;
  let now = -1; // the step that the room is at
  let heard = false; // a room has answered
  const nobody = make("p", { role: "alert", class: "demo-note" });
  const go = (to) => {
    if (!told.steps[to]) return;
    heard = false;
    room?.postMessage({ go: to });
    setTimeout(() => {
      nobody.textContent = heard ? "" : "No panel is open in this browser: open it first.";
    }, 500);
  };
  const reveal = () => room?.postMessage({ reveal: true });
  keys({ n: () => go(now + 1), b: () => go(now - 1), r: reveal, d: theme });
  const items = told.steps.map((step, k) => make("li", {},
    make("strong", {}, step.ask),
    make("dl", {},
      make("dt", {}, "set"), make("dd", {}, step.preset || "Reset"),
      make("dt", {}, "it says"), make("dd", {}, step.expects),
      make("dt", {}, "because"), make("dd", {}, step.happens),
      make("dt", {}, "takes"), make("dd", {}, `${step.minutes} min`)),
    make("button", { type: "button", click: () => go(k) }, "Show it to the room"), " ",
    make("button", { type: "button", click: reveal }, "Reveal")));
  const begun = Date.now();
  const clock = make("span", { role: "timer" }, "0:00");
  setInterval(() => {
    const seconds = Math.floor((Date.now() - begun) / 1000);
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }, 1000);
  const minutes = told.steps.reduce((sum, step) => sum + step.minutes, 0);
  main.className = "presenter";
  main.append(
    make("header", { class: "demo-head" }, make("h1", {}, `Notes: ${told.title}`),
      make("span", {}, clock, ` of ${minutes} min`)),
    make("p", {}, "Keep this page on your own screen and the panel on the room's, in the same browser. ",
      make("a", { href: "?predict&step=1", target: "_blank" }, "Open the panel"), ". On both pages ",
      make("kbd", {}, "N"), " shows the next step, ", make("kbd", {}, "B"), " the one before, ",
      make("kbd", {}, "R"), " reveals, ", make("kbd", {}, "D"), " changes light and dark. On the room's, ",
      make("kbd", {}, "P"), " lets the room predict first, and digits count hands."),
    nobody, make("ol", {}, ...items));
  room?.addEventListener("message", ({ data }) => {
    if (data.at === undefined) return;
    heard = true;
    nobody.textContent = "";
    now = data.at;
    items.forEach((item, k) => item.setAttribute("aria-current", k === data.at ? "step" : "false"));
  });
  room?.postMessage({ where: true });
}

for (const look of ["dark", "light"]) if (asked.has(look)) document.documentElement.dataset.theme = look;
(asked.has("presenter") ? presenter : audience)(document.getElementById("demo"));
