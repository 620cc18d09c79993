// The worker as a page sees it: ask, and get an answer.

/** A worker; `came` is told how many bytes have arrived. */
export function python(came = () => {}) {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  const waiting = new Map();
  let asked = 0;
  worker.onmessage = ({ data }) => {
    if (data.came) return came(data.came);
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) reject(new Error(data.error));
    else resolve(data.answer);
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message ?? "no worker"));
    waiting.clear();
  };
  return (does, more = {}) => new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    worker.postMessage({ id: asked, does, ...more });
  });
}
