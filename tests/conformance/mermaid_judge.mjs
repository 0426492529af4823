// Reads a JSON list of Mermaid texts, answers for each null or the reason why Mermaid's own parser refuses it.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const dom = new JSDOM("<!doctype html><body></body>"); // the parser cleans labels with the DOM's help
globalThis.window = dom.window;
globalThis.document = dom.window.document;
const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });

const reasons = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    const { diagramType } = await mermaid.parse(text);
    reasons.push(diagramType.startsWith("flowchart") ? null : `a ${diagramType}`);
  } catch (error) {
    reasons.push(String(error).split("\n")[0]);
  }
}
console.log(JSON.stringify(reasons));
