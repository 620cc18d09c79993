// A panel is a page in a frame: it is told when the reader chooses light or dark for the book.
const tell = () => document.querySelectorAll("iframe.panel").forEach((frame) =>
  frame.contentWindow.postMessage({ theme: document.documentElement.dataset.theme }, "*"));
new MutationObserver(tell).observe(document.documentElement, { attributeFilter: ["data-theme"] });
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("iframe.panel")
  .forEach((frame) => frame.addEventListener("load", tell)));
