
// The page around a panel: who answers it, the vote, the keys, the presenter's notes. It stands in
// one script with panel.js, whose `make` and `render` it uses.

const told = JSON.parse(document.getElementById("told").textContent);
const asked = new URLSearchParams(location.search);
const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const room = "BroadcastChannel" in window ? new BroadcastChannel(`lab-demo-${told.word}`) : null;

/** A model as panel.js wants it; answer(request, at) resolves to {shown, picture}. */
function modelOf(first, answer) {
  const state = {
    declared: told.declared, shown: first.shown, picture: bytesOf(first.picture), stored_as: "",
  };
  const heard = {};
  return {
    get: (name) => state[name],
    on: (event, listener) => { heard[event] = listener; },
    async send(request) {
      if (request.ask === "still") return;
      const { shown, picture } = await answer(request, state.shown.at);
      const bytes = bytesOf(picture);
      const mine = { ...shown, answers: [request.page, request.turn] };
      if (request.ask === "ahead") {
        heard["msg:custom"](mine, [bytes]);
        return;
      }
      if (bytes.byteLength) state.picture = bytes;
      state.shown = { ...state.shown, ...mine };
      heard["change:shown"]();
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
    if (request.ask === "ahead") return at(change) ?? { shown: { at: change, whole: false }, picture: "" };
    if (request.ask === "move" && names.every((name) => name in change)) centre = change;
    return at({ ...now, ...change }) ?? at({ ...centre, ...change }) ?? at(now);
  };
}

/** One way to ask of the room before it sees: hands are counted, then the panel speaks. */
function vote(stage, sentenceNow) {
  const hands = told.verdicts.map(() => 0);
  const box = make("section", { class: "demo-vote", "aria-label": "The vote", hidden: true });
  const tally = make("p", { class: "demo-tally", role: "status", hidden: true });
  let question = "";
  let on = false;
  let open = false;
  const draw = () => {
    const most = Math.max(1, ...hands);
    const said = open ? -1 : told.verdicts.findIndex((one) => sentenceNow().includes(one));
    const rows = told.verdicts.map((verdict, k) => make("tr", {},
      make("td", {}, make("kbd", {}, String(k + 1))),
      make("th", { scope: "row" }, verdict),
      make("td", { class: "hands" },
        make("span", { class: "bar", style: `width: ${(70 * hands[k]) / most}%` }), String(hands[k])),
      make("td", {}, make("button", { type: "button", "aria-label": `One hand for ${verdict}`,
        click: () => count(k) }, "+1"))));
    box.replaceChildren(
      make("h2", {}, "What will it say?"),
      make("p", { class: "demo-asked" }, question),
      make("table", {}, ...rows),
      make("p", { class: "demo-note" }, "A digit counts a hand, Backspace takes the last one back, R reveals."));
    const counts = told.verdicts.map((verdict, k) =>
      make("span", { class: k === said ? "said" : "" }, `${verdict}${k === said ? " ✓" : ""} ${hands[k]}`));
    tally.replaceChildren("Hands: ", ...counts.flatMap((one, k) => (k ? [", ", one] : [one])));
    tally.hidden = !on || open;
    box.hidden = !on || !open;
    stage.toggleAttribute("data-hidden", on && open);
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
      draw();
    },
    reveal() {
      if (!on || !open) return;
      open = false;
      draw();
    },
    set(now) {
      on = now;
      open = now;
      hands.fill(0);
      counted.length = 0;
      draw();
    },
  };
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
  const model = modelOf(told.first, answers(told.source.kind === "served" ? lost : told.source));
  const voting = vote(stage, () => model.get("shown").first.toLowerCase());
  const shown = { model, el: stage };
  render(shown);
  stage.querySelector(".lab-shown").prepend(voting.box); // where the picture is, which it hides
  const press = (label) => [...stage.querySelectorAll(".lab-buttons button")]
    .find((button) => button.textContent === label)?.click();
  // A button may change the verdict, so the room is asked anew; a slider is the presenter's reply.
  stage.querySelector(".lab-buttons").addEventListener("click", () => voting.ask(), true);

  let step = -1;
  const go = (to) => {
    if (!told.steps[to]) return;
    step = to;
    voting.ask(told.steps[to].ask);
    stage.dispatchEvent(new CustomEvent("lab-set", { detail: told.steps[to].at }));
    room?.postMessage({ at: step });
  };
  const theme = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  const predict = make("button", { type: "button", "aria-pressed": "false", click: () => toggle() },
    "Predict first (P)");
  const toggle = (on = !voting.on) => {
    voting.set(on);
    predict.setAttribute("aria-pressed", String(on));
  };
  main.append(
    make("header", { class: "demo-head" }, make("h1", {}, told.title),
      make("div", { class: "demo-tools" }, predict,
        make("button", { type: "button", click: () => go(step + 1) }, "Next step (N)"),
        make("button", { type: "button", click: theme }, "Light or dark (D)"),
        make("a", { href: "?presenter", target: "_blank" }, "Presenter's page"))),
    gone, voting.tally, stage,
    make("p", { class: "demo-note", hidden: told.source.kind !== "recorded" },
      "Recorded: sliders stop at the values that lie in this page, and one moves at a time."));

  const keys = {
    r: () => (back ? again() : voting.reveal()),
    p: () => toggle(), n: () => go(step + 1), b: () => go(step - 1), d: theme,
    Backspace: () => voting.back(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const known = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (/^[1-9]$/.test(event.key)) voting.count(Number(event.key) - 1);
    else if (known) known();
  }, true);
  room?.addEventListener("message", ({ data }) => {
    if (data.go !== undefined) go(data.go);
    if (data.reveal) voting.reveal();
    if (data.predict) toggle(true);
  });
  // The page around this one, where there is one, has been made light or dark.
  window.addEventListener("message", ({ source, data }) => {
    const chosen = source === window.parent && ["light", "dark"].includes(data?.theme);
    if (chosen) document.documentElement.dataset.theme = data.theme;
  });
  if (asked.has("dark")) document.documentElement.dataset.theme = "dark";
  if (asked.has("light")) document.documentElement.dataset.theme = "light";
  if (asked.has("predict")) toggle(true);
  if (asked.has("preset")) press(asked.get("preset"));
  if (asked.has("step")) go(Number(asked.get("step")) - 1);
}

/** The page that only the presenter sees: what to set, what will be said, what to ask. */
function presenter(main) {
  document.title = `Notes: ${told.title}`;
  const items = told.steps.map((step, k) => make("li", {},
    make("strong", {}, step.ask),
    make("dl", {},
      make("dt", {}, "set"), make("dd", {}, step.preset || "Reset"),
      make("dt", {}, "it says"), make("dd", {}, step.expects),
      make("dt", {}, "because"), make("dd", {}, step.happens),
      make("dt", {}, "takes"), make("dd", {}, `${step.minutes} min`)),
    make("button", { type: "button", click: () => room?.postMessage({ go: k }) }, "Show it to the room"), " ",
    make("button", { type: "button", click: () => room?.postMessage({ reveal: true }) }, "Reveal")));
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
      make("a", { href: "?predict", target: "_blank" }, "Open the panel"), ". There, ",
      make("kbd", {}, "N"), " shows the next step, ", make("kbd", {}, "P"), " lets the room predict first, digits count hands, ",
      make("kbd", {}, "R"), " reveals, ", make("kbd", {}, "D"), " changes light and dark."),
    make("ol", {}, ...items));
  room?.addEventListener("message", ({ data }) => {
    if (data.at === undefined) return;
    items.forEach((item, k) => item.setAttribute("aria-current", k === data.at ? "step" : "false"));
  });
}

(asked.has("presenter") ? presenter : audience)(document.getElementById("demo"));
