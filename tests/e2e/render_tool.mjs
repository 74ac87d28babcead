// Runs tests/tools/render_tool over a list of requests: one JSON line each way.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

// The one named by RENDER_TOOL, or the newest that a build has left.
function findTool() {
  if (process.env.RENDER_TOOL) return process.env.RENDER_TOOL;
  const builds = existsSync(root + "build") ? readdirSync(root + "build") : [];
  const found = builds
    .map((name) => `${root}build/${name}/tests/render_tool`)
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (found.length === 0) throw new Error("build the target render_tool, or set RENDER_TOOL");
  return found[0];
}

export function render(requests) {
  return renderLines(requests.map((r) => JSON.stringify(r)));
}

// The same for requests that are JSON already, whose numbers JavaScript could not write.
export function renderLines(lines) {
  const input = lines.map((line) => line + "\n").join("");
  const run = spawnSync(findTool(), { input, maxBuffer: 1 << 28, encoding: "utf8" });
  if (run.status !== 0)
    throw new Error(`render_tool: ${run.status ?? run.signal} ${run.error ?? ""} ${run.stderr}`);
  return run.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}
