// Redactors of others, as they come: reads {"peer", "texts"} from standard input, writes {"texts", "seconds"}.
// What a peer throws at counts as left as it was.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const makers = {
  "redact-pii": async () => {
    const { SyncRedactor } = require("redact-pii");
    const redactor = new SyncRedactor();
    return (text) => redactor.redact(text);
  },
  "@coffeeandfun/remove-pii": async () => {
    const peer = await import("@coffeeandfun/remove-pii");
    return (text) => peer.removePII(text);
  },
  openredaction: async () => {
    const { OpenRedaction } = require("openredaction");
    const redactor = new OpenRedaction();
    return async (text) => (await redactor.detect(text)).redacted;
  },
  "@redactpii/node": async () => {
    const { Redactor } = require("@redactpii/node");
    const redactor = new Redactor();
    return (text) => redactor.redact(text);
  },
  "@cdssnc/sanitize-pii": async () => {
    const { sanitizePii } = await import("@cdssnc/sanitize-pii");
    return (text) => sanitizePii(text);
  },
};

const { peer, texts } = JSON.parse(readFileSync(0, "utf8"));
const mask = await makers[peer]();
await mask("warm up: jane@corp.example");
const out = [];
const begin = process.cpuUsage();
for (const text of texts) {
  try {
    out.push(await mask(text));
  } catch {
    out.push(text);
  }
}
const used = process.cpuUsage(begin);
process.stdout.write(JSON.stringify({ texts: out, seconds: (used.user + used.system) / 1e6 }));
