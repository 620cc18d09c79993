// The page: each still picture becomes a panel when Python is there.

import panel from "./panel.js";
import { python } from "./python.js";

const progress = document.getElementById("progress");
const say = (words) => { if (progress.textContent !== words) progress.textContent = words; };
const MB = 1e6;

/** What panel.js takes for a kernel's model: questions go to the worker. */
function model(word, ask, { declared, told }, lost) {
  const held = { declared, shown: told, stored_as: "" };
  const heard = {};
  return {
    get: (name) => held[name],
    on: (event, hear) => { heard[event] = hear; },
    async send({ page, turn, ...request }) {
      if (request.ask === "still") return; // nothing is stored here
      try {
        const answer = await ask("answer", { word, at: held.shown.at, request });
        const told = { ...answer.told, answers: [page, turn] };
        if (request.ask === "ahead") {
          heard["msg:custom"](told);
          return;
        }
        held.shown = { ...held.shown, ...told };
        heard["change:shown"]();
      } catch (error) {
        lost(error);
      }
    },
  };
}

async function begin() {
  say("Loading Python …");
  const kept = await (await fetch("kept.json", { cache: "no-cache" })).json();
  const all = Math.round(kept.bytes / MB);
  const ask = python((came) => say(came < kept.bytes
    ? `Loading Python: ${Math.floor(came / MB)} of ${all} MB, once. The pictures do not move yet.`
    : "Starting Python …"));
  await ask("start", { kept });
  for (const section of document.querySelectorAll("[data-panel]")) {
    const word = section.dataset.panel;
    const first = await ask("declare", { word });
    const el = document.createElement("div");
    section.querySelector(".still").replaceWith(el);
    panel.render({ el, model: model(word, ask, first, failed) });
  }
  say("");
}

/** Without Python: the recorded frames of `lab demo --record`, each panel in a frame of its own. */
function failed(error) {
  if (document.documentElement.dataset.live === "no") return;
  document.documentElement.dataset.live = "no";
  console.warn(error);
  say(`Python does not run in this browser (${error.message}). The panels below are recorded: they
    move, in fewer steps.`);
  for (const section of document.querySelectorAll("[data-panel]")) {
    const title = section.querySelector("h2");
    const frame = document.createElement("iframe");
    frame.src = `recorded/${section.dataset.panel}.html`;
    frame.title = title.textContent;
    section.replaceChildren(title, frame);
  }
}

begin().then(() => { document.documentElement.dataset.live = "yes"; }, failed);
