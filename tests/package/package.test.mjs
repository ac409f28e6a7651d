// The packages, looked into, and the .deb installed. CULVERT_DEB and CULVERT_RPM name them; npm test -- --only package
// makes them first.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const [deb, rpm] = [process.env.CULVERT_DEB, process.env.CULVERT_RPM];

/** In both packages, beside the programs. */
const SHARED = [
  "/usr/share/applications/Culvert.desktop",
  "/usr/share/metainfo/io.culvert.desktop.metainfo.xml",
  "/usr/share/icons/hicolor/scalable/apps/culvert-desktop.svg",
  ...[16, 24, 32, 48, 64, 128, 256, 512].map(
    (size) => `/usr/share/icons/hicolor/${size}x${size}/apps/culvert-desktop.png`,
  ),
  "/usr/share/man/man1/culvert.1.gz",
  "/usr/share/man/man1/culvert-forward.1.gz",
  "/usr/share/doc/culvert/changelog.gz",
  "/usr/share/doc/culvert/third-party-licences.gz",
];
const PROGRAMS = ["/usr/bin/culvert", "/usr/bin/culvert-desktop"];

/** Runs a program to its end, and answers what it has printed. */
function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", ...options });
  assert.ifError(error);
  assert.equal(status, 0, `${program} ${args.join(" ")}:\n${stdout}${stderr}`);
  return stdout;
}

/** A folder that ends with the test, with what is in the .deb. */
function unpacked(t) {
  const folder = mkdtempSync(join(tmpdir(), "culvert-deb-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  run("dpkg-deb", ["-x", deb, folder]);
  return folder;
}

test("the .deb has the programs, what a desktop knows them by, their manual and their licences", () => {
  const lines = run("dpkg-deb", ["-c", deb]).trimEnd().split("\n");
  const there = new Map(lines.map((line) => [line.split(/\s+/)[5].replace(/^\.?\/?/, "/"), line.split(" ")[0]]));
  for (const path of [...SHARED, "/usr/share/doc/culvert/copyright"]) {
    assert.equal(there.get(path), "-rw-r--r--", path);
  }
  for (const path of PROGRAMS) assert.equal(there.get(path), "-rwxr-xr-x", path);
});

test("the .rpm has the same, and asks for its libraries by what every distribution calls them", () => {
  const there = run("rpm", ["-qpl", rpm]).split("\n");
  for (const path of [...SHARED, ...PROGRAMS, "/usr/share/licenses/culvert/LICENSE-MIT"]) {
    assert.ok(there.includes(path), path);
  }
  const asked = run("rpm", ["-qp", "--requires", rpm]);
  for (const library of ["libwebkit2gtk-4.1.so.0()(64bit)", "libgtk-3.so.0()(64bit)"]) {
    assert.ok(asked.includes(library), `${library} in:\n${asked}`);
  }
  assert.match(run("rpm", ["-qp", "--scripts", rpm]), /postuninstall[^]*autostart\/culvert\.desktop/);
});

test("desktop entry and metainfo are valid, and the entry takes links", (t) => {
  const share = join(unpacked(t), "usr", "share");
  const entry = join(share, "applications", "Culvert.desktop");
  run("desktop-file-validate", [entry]);
  run("appstreamcli", ["validate", "--no-net", join(share, "metainfo", "io.culvert.desktop.metainfo.xml")]);
  const text = readFileSync(entry, "utf8");
  assert.match(text, /^Exec=culvert-desktop %u$/m);
  assert.match(text, /^MimeType=x-scheme-handler\/culvert;$/m);
});

test("the .deb depends on the packages of all libraries that the programs are linked with, and on no others", (t) => {
  const folder = unpacked(t);
  mkdirSync(join(folder, "debian"));
  writeFileSync(join(folder, "debian", "control"), "Source: culvert\n\nPackage: culvert\nArchitecture: any\n");
  const programs = PROGRAMS.map((path) => `.${path}`);
  const needed = run("dpkg-shlibdeps", ["-O", ...programs], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  // Ubuntu has given some a new name, and they provide the old one.
  const named = (text) => new Set(text.split(/,\s*/).map((part) => part.trim().replace(/ .*$/, "").replace(/t64$/, "")));
  const depends = named(run("dpkg-deb", ["-f", deb, "Depends"]));
  assert.deepEqual([...depends].sort(), [...named(needed.replace(/^shlibs:Depends=/, ""))].sort());
});

test("the .deb is installed, started, led to a tunnel by a link, and removed without a trace", (t) => {
  const asRoot = process.getuid() === 0 ? [] : ["sudo", "-n", "--preserve-env=PATH,TMPDIR"];
  // A system of its own: everything of this one, with all changes in memory.
  const setUp = [
    "set -e",
    'mount --make-rprivate /',
    'mount -t tmpfs tmpfs "$1"',
    'mkdir "$1/changes" "$1/work" "$1/root"',
    'mount -t overlay overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" "$1/root"',
    'for folder in proc dev sys; do mount --rbind "/$folder" "$1/root/$folder"; done',
  ].join("\n");
  const place = mkdtempSync(join(tmpdir(), "culvert-system-"));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const isolated = (script, ...args) => {
    const [program, ...rest] = [...asRoot, "unshare", "--mount", "sh", "-c", script, "sh", place, ...args];
    return spawnSync(program, rest, { encoding: "utf8", maxBuffer: 1 << 26 });
  };
  const tried = isolated(setUp);
  if (tried.status !== 0) {
    t.skip(`no system of its own can be made here: ${(tried.stderr || String(tried.error)).trim()}`);
    return;
  }
  const steps = fileURLToPath(new URL("installed.mjs", import.meta.url));
  const enter = `${setUp}\nplace="$1"\nshift\nexec chroot "$place/root" "$@"`;
  const result = isolated(enter, process.execPath, steps, deb);
  assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
});
