// The official types accept every message that the templates make: structure, not lengths.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { render } from "./render_tool.mjs";

const require = createRequire(import.meta.url);

const event = { type: "alert.triggered", resource: "alert", resource_id: "alrt_tyrion_42", workspace: "casterly" };

const payloads = [
  {},
  { alert_id: "alrt_tyrion_42", account_id: "acc_casterly", severity: "high", resource: "api_latency_p95",
    value: 1840, threshold: 1000, triggered_at: "2026-04-17T16:02:00Z", url: "https://example.com/a?b=1&c=2" },
  { severity: "<!channel>", resource: "x".repeat(5000), url: "javascript:alert(1)", a: [1], b: { c: null }, d: "`\n<@U1>" },
];

const text = (s, type = "mrkdwn") => ({ type, text: s });
const messages = [
  [], // the built-in one
  { header: "{{ event.type }}", body: "{{ payload.resource }}", context: "{{ payload.value | number }}",
    reference: "{{ payload.account_id }}", timestamp: "{{ payload.triggered_at | date }}", link: "{{ payload.url }}",
    link_label: "Open", fields: "auto", text: "{{ event.type }}" },
  { blocks: [
      { type: "header", block_id: "h", text: text("{{ payload.resource | default: 'none' }}", "plain_text") },
      { type: "section", text: text("{{ payload.d }}"), fields: [text("a"), text("{{ payload.value }}", "plain_text")],
        accessory: { type: "image", image_url: "{{ payload.url }}", alt_text: "a graph" } },
      { type: "section", text: text("b"), accessory: { type: "button", action_id: "open", style: "primary",
        text: { type: "plain_text", text: "Open", emoji: false }, url: "https://example.com/{{ payload.account_id }}", value: "v" } },
      { type: "divider" },
      { type: "image", image_url: "https://example.com/x.png", alt_text: "{{ payload.d }}", title: text("title", "plain_text") },
      { type: "actions", elements: [{ type: "button", action_id: "a", text: text("Go", "plain_text"), url: "{{ payload.url }}" }] },
      { type: "context", elements: [text("{{ payload.account_id }}"), text("plain", "plain_text"),
        { type: "image", image_url: "https://example.com/x.png", alt_text: "x" }] },
    ], text: "{{ event.type }}" },
];

// The folder that holds node_modules/<name>.
function modulesOf(name) {
  const path = require.resolve(`${name}/package.json`);
  return path.slice(0, path.lastIndexOf("node_modules") + "node_modules".length);
}

function typecheck(source) {
  const dir = mkdtempSync(join(tmpdir(), "carillon-types-"));
  try {
    symlinkSync(modulesOf("@slack/types"), join(dir, "node_modules"));
    writeFileSync(join(dir, "messages.ts"), source);
    const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
    const run = spawnSync(process.execPath,
      [tsc, "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext", "messages.ts"],
      { cwd: dir, encoding: "utf8" });
    return { ok: run.status === 0, output: run.stdout + run.stderr };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const source = (lists) => `import type { KnownBlock } from "@slack/types";\n` +
  lists.map((blocks, i) => `export const message${i}: KnownBlock[] = ${JSON.stringify(blocks)};\n`).join("");

test("the official types accept every rendered message", () => {
  const requests = messages.flatMap((message) => payloads.map((payload) => ({ message, payload, event })));
  const answers = render(requests);
  answers.forEach((a, i) => assert.equal(a.ok, true, `${JSON.stringify(requests[i])}: ${JSON.stringify(a)}`));
  const { ok, output } = typecheck(source(answers.map((a) => a.blocks)));
  assert.ok(ok, output);
});

test("the official types would refuse a wrong message", () => {
  assert.equal(typecheck(source([[{ type: "header", text: { type: "mrkdwn", text: "x" } }]])).ok, false);
});
