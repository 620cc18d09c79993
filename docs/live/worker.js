// Python in a worker of its own: one WASI binary, one interpreter, one turn for every question.
//
// The binary's `turn` export runs source text in an interpreter that stays, and returns. So nothing
// waits in here for input, and no memory is shared with the page: any static host will do.

import {
  ConsoleStdout, Directory, File, OpenFile, PreopenDirectory, WASI,
} from "./shim/index.js";

const out = new Map(); // what inside.py writes
let wasi;
let exports;

/** A tree of folders from {path: bytes}. */
function tree(files) {
  const top = new Map();
  for (const [path, bytes] of Object.entries(files)) {
    const parts = path.split("/");
    let at = top;
    for (const part of parts.slice(0, -1)) {
      if (!at.has(part)) at.set(part, new Directory(new Map()));
      at = at.get(part).contents;
    }
    at.set(parts.at(-1), new File(bytes, { readonly: true }));
  }
  return top;
}

/** The folders that Python sees, always the same in the same order: their numbers are kept. */
function folders(files) {
  return Object.entries(files).map(([name, inside]) => new PreopenDirectory(name, tree(inside)))
    .concat(new PreopenDirectory("/out", out), new PreopenDirectory("/tmp", new Map()));
}

/** The files that Python has open, as {number, folder, path, at}. */
function opened() {
  const places = new Map();
  const walk = (folder, inside, before) => inside.forEach((entry, part) => {
    if (entry instanceof Directory) walk(folder, entry.contents, `${before}${part}/`);
    else places.set(entry, { folder, path: before + part });
  });
  for (const fd of wasi.fds) {
    if (fd?.prestat_name) walk(fd.prestat_name, fd.dir.contents, "");
  }
  const files = [...wasi.fds.entries()].filter(([number, fd]) => number > 2 && fd && !fd.prestat_name);
  return files.map(([number, fd]) => ({ number, at: Number(fd.file_pos), ...places.get(fd.file) }));
}

/** Start the binary of a response; the files in `open` are open from the first. */
async function start(response, files, open = []) {
  const said = (line) => console.log(line);
  const env = ["HOME=/tmp", "TMPDIR=/tmp", "MPLCONFIGDIR=/tmp", "PYTHONTZPATH=", "NO_COLOR=1"];
  const fds = [
    new OpenFile(new File([])), ConsoleStdout.lineBuffered(said), ConsoleStdout.lineBuffered(said),
    ...folders(files),
  ];
  wasi = new WASI(["python"], env, fds, { debug: false });
  for (const { number, folder, path, at } of open) {
    let entry = fds.find((fd) => fd?.prestat_name === folder).dir;
    for (const part of path.split("/")) entry = entry.contents.get(part);
    wasi.fds[number] = new OpenFile(entry);
    wasi.fds[number].file_pos = BigInt(at);
  }
  const { instance } = await WebAssembly.instantiateStreaming(response, {
    wasi_snapshot_preview1: wasi.wasiImport, host: { call: () => -1 },
  });
  wasi.inst = instance;
  exports = instance.exports;
}

/** Run source text; a last expression would be printed. An exception is printed by Python and raised here. */
function turn(source) {
  const bytes = new TextEncoder().encode(source);
  const place = exports.host_alloc(bytes.length) >>> 0;
  new Uint8Array(exports.memory.buffer).set(bytes, place);
  if (exports.turn(place, bytes.length) !== 0) throw new Error("Python raised an exception.");
}

const plain = (name) => JSON.parse(new TextDecoder().decode(out.get(name)?.data));

/** A literal of Python: JSON in a string, read there. */
const literal = (value) => `json.loads(${JSON.stringify(JSON.stringify(value))})`;

/** A packed file as it arrives; `arrived` is told how many bytes came. */
async function unpacked(url, arrived) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const count = new TransformStream({
    transform(chunk, to) {
      arrived(chunk.length);
      to.enqueue(chunk);
    },
  });
  return response.body.pipeThrough(count).pipeThrough(new DecompressionStream("gzip"));
}

const does = {
  /** Start an interpreter that has seen nothing; for make.py, which keeps it. */
  async begin({ binary, files }) {
    const got = Object.entries(files).map(async ([name, urls]) => [name, Object.fromEntries(
      await Promise.all(Object.entries(urls).map(async ([path, url]) =>
        [path, new Uint8Array(await (await fetch(url)).arrayBuffer())])))]);
    await start(fetch(binary), Object.fromEntries(await Promise.all(got)));
  },
  async run({ source }) {
    turn(source);
  },
  async opened() {
    return opened();
  },
  async keep({ url }) {
    await fetch(url, { method: "POST", body: new Uint8Array(exports.memory.buffer).slice() });
  },
  /** Start the interpreter that was kept. All its files are in its memory, but for fonts. */
  async start({ kept: { binary, folders, open } }) {
    let came = 0;
    const arrived = (bytes) => postMessage({ came: came += bytes });
    const files = Object.fromEntries(folders.map((name) => [name, {}]));
    for (const { folder, path, url } of open) {
      const body = await unpacked(url, arrived);
      files[folder][path] = new Uint8Array(await new Response(body).arrayBuffer());
    }
    const body = await unpacked(binary, arrived);
    const type = { headers: { "content-type": "application/wasm" } };
    await start(new Response(body, type), files, open);
  },
  async declare({ word }) {
    turn(`_ = declare(${literal(word)})`);
    return { declared: plain("declared"), told: plain("told") };
  },
  async answer({ word, at, request }) {
    turn(`_ = answer(${[word, at, request].map(literal)})`);
    return { told: plain("told") };
  },
};

onmessage = async ({ data: { id, ...request } }) => {
  try {
    postMessage({ id, answer: await does[request.does](request) });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
};
