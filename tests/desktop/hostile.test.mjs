// The window as somebody would use it who has got a script into its page: nothing from elsewhere is shown or asked, and
// the shell's commands take nothing for granted.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";

import { binary, startMachine } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const SAVED = "0b0f3a0e-58cf-4b4f-9a3a-0d8f5a2b7c11";

async function opened(t) {
  const machine = await startMachine();
  t.after(() => machine.stop());
  mkdirSync(machine.config, { recursive: true });
  const entry = `id = "${SAVED}"\nname = "Orders"\ntarget = "i-0123456789abcdef0"\nremote_port = 22\nregion = "eu-west-1"\n`;
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 2\n[[tunnel]]\n${entry}`);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.row("Orders", "off");
  return { machine, window };
}

/** Ways out of a page, each with what it leads to in `url`. */
const WAYS = {
  "another page": "location.href = url",
  "another page in its stead": "location.replace(url)",
  "a page as data": "location.href = 'data:text/html,<p>hello'",
  "another window": "window.open(url)",
  "a link to another window": "Object.assign(document.createElement('a'), { href: url, target: '_blank' }).click()",
  "a file to save": "Object.assign(document.createElement('a'), { href: url, download: 'file' }).click()",
  "a form": "const form = Object.assign(document.createElement('form'), { action: url }); document.body.append(form); form.submit()",
  "a request": "fetch(url).catch(() => {})",
  "a beacon": "navigator.sendBeacon(url, 'told')",
  "a socket": "new WebSocket(url.replace('http', 'ws'))",
  "events": "new EventSource(url)",
  "a picture": "new Image().src = url",
  "a style": "document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: url }))",
  "a script": "document.head.append(Object.assign(document.createElement('script'), { src: url }))",
  "a frame": "document.body.append(Object.assign(document.createElement('iframe'), { src: url }))",
  "a worker": "new Worker(url)",
};

test("a script in the page gets nothing from elsewhere, and leads to no other page", async (t) => {
  const { window } = await opened(t);
  const asked = [];
  const server = createServer((request, answer) => {
    asked.push(request.url);
    answer.end("<title>elsewhere</title>");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  const before = await window.run("return location.href");
  for (const [name, way] of Object.entries(WAYS)) {
    // A refusal by an exception is one, too.
    await window.run(`const url = arguments[0]; try { ${way} } catch {}`, `${url}/${name.replaceAll(" ", "-")}`);
    // The page lives, and has had its time to ask.
    await window.call("const done = arguments[0]; requestAnimationFrame(() => setTimeout(done, 100))");
    assert.equal(await window.run("return location.href"), before, name);
  }
  const inline = await window.call(
    `const done = arguments[0];
     globalThis.ran = [];
     document.head.append(Object.assign(document.createElement("script"), { textContent: "globalThis.ran.push('inline')" }));
     try { (0, eval)("globalThis.ran.push('eval')"); } catch {}
     document.body.insertAdjacentHTML("beforeend", "<b id=styled style='color: rgb(1, 2, 3)' onclick='globalThis.ran.push(1)'>x</b>");
     const styled = document.getElementById("styled");
     styled.click();
     const colour = getComputedStyle(styled).color;
     styled.remove();
     setTimeout(() => done([globalThis.ran, colour === "rgb(1, 2, 3)"]), 100);`,
  );
  assert.deepEqual(inline, [[], false], "no text becomes a script or a style");
  assert.deepEqual(asked, []);
  await window.row("Orders", "off");
});

/** Asks the shell as a script in the page can, and answers how that came out. */
const ask = (window, command, args) =>
  window.call(
    `const [command, args, done] = arguments;
     globalThis.__TAURI_INTERNALS__.invoke(command, args).then(
       (value) => done({ value }),
       (error) => done({ refused: error?.problem?.code ?? String(error), what: error?.problem?.what ?? "" }),
     );`,
    command,
    args,
  );

test("a script in the page can ask for the shell's own commands and for nothing else", async (t) => {
  const { window } = await opened(t);
  assert.equal(await window.run("return globalThis.__TAURI__ === undefined"), true);
  for (const command of [
    "plugin:opener|open_url",
    "plugin:opener|open_path",
    "plugin:shell|execute",
    "plugin:fs|read_text_file",
    "plugin:event|listen",
    "plugin:event|emit",
    "plugin:window|close",
    "plugin:window|set_title",
    "plugin:webview|create_webview_window",
    "plugin:app|version",
    "plugin:path|resolve_directory",
    "no_such_command",
  ]) {
    const { refused } = await ask(window, command, { url: "https://example.com", path: "/etc/passwd" });
    assert.match(refused ?? "was done", /not allowed|not found|denied/i, command);
  }
});

test("what a script in the page gives the shell's commands is looked at", async (t) => {
  const { machine, window } = await opened(t);
  const ids = ["", "../../etc/passwd", "00000000-0000-0000-0000-000000000000", "\u0000\n".repeat(50), "x".repeat(1 << 20)];
  for (const id of ids) {
    for (const [command, args] of [
      ["connect_tunnel", { id }],
      ["connect_production", { id, reason: "x" }],
      ["disconnect_tunnel", { id }],
      ["try_tunnel_now", { id }],
      ["keep_tunnel_open", { id }],
      ["open_tunnel", { id, secure: false }],
      ["save_rdp_file", { id }],
      ["move_tunnel", { id, before: null }],
      ["remove_tunnels", { ids: [id] }],
      ["set_tunnel_log_level", { id, level: "trace" }],
      ["begin_sign_in", { whom: { for: "tunnel", id } }],
    ]) {
      const { refused, what } = await ask(window, command, args);
      assert.ok(refused !== undefined, `${command} of ${id.slice(0, 40)}`);
      assert.ok(what.length < 200, `${command} answers with ${what.length} characters`);
    }
  }
  const long = "x".repeat(5 << 20);
  for (const [command, args] of [
    ["read_import", { name: "../../a\n.toml", text: long }],
    ["read_paste", { text: long }],
    ["change_setting", { key: "caFile", value: `/${long}` }],
    ["change_setting", { key: "proxy", value: `http://${long}` }],
    ["change_setting", { key: "home", value: "/" }],
    ["keep_keys", { name: "../a", id: "AKIAIOSFODNN7EXAMPLE", secret: "x", token: "", forNow: true }],
    ["keep_keys", { name: "a", id: "AKIAIOSFODNN7EXAMPLE", secret: long, token: "", forNow: true }],
    ["read_bundle_file", { number: 1, path: "/etc/passwd" }],
    ["save_bundle", { number: 1 }],
    ["merge_import", { number: 1, choices: [] }],
    ["refile_tunnels", { ids: [SAVED], to: { what: "group", group: long } }],
    ["refile_tunnels", { ids: [SAVED], to: { what: "tag", tag: "a\u0000b" } }],
    ["give_mfa_code", { number: 1, code: long }],
    ["export_tunnels", { ids: [] }],
    ["export_tunnels", { ids: Array(10_001).fill(SAVED) }],
    ["restore_tunnels", { removal: 4_000_000_000 }],
  ]) {
    const { refused, what } = await ask(window, command, args);
    assert.ok(refused !== undefined, `${command} ${Object.keys(args)}`);
    assert.ok(what.length < 400, `${command} answers with ${what.length} characters`);
  }
  // Nothing of it was kept.
  assert.equal(existsSync(join(machine.config, "settings.toml")), false);
  // Where a run is kept to be looked at, each program has a log in its home.
  const strange = readdirSync(machine.home).filter((name) => !name.startsWith(".") && name !== "culvert.log");
  assert.deepEqual(strange.toSorted(), ["bus-address", "run"]);
  await window.row("Orders", "off");
});
