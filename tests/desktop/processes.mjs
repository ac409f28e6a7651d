// What a program and all that it has started cost, by what Linux says of processes.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { execFileSync } from "node:child_process";

/** The processes below one, itself among them. */
export function family(pid) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const stat = read(`/proc/${name}/stat`);
    if (stat !== "") parents.set(Number(name), Number(afterName(stat)[1]));
  }
  const found = [pid];
  // Grows while it is walked.
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

/** The running program whose file this is. */
export function processOf(program) {
  const found = readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/exe`) === program;
    } catch {
      return false;
    }
  });
  return found.length === 1 ? Number(found[0]) : undefined;
}

/** Memory of a family in megabytes: each process' own, and its share of what several have (PSS). */
export function memory(pid) {
  const parts = family(pid).map((one) => {
    const kilobytes = /^Pss:\s+(\d+)/m.exec(read(`/proc/${one}/smaps_rollup`))?.[1] ?? 0;
    return { name: read(`/proc/${one}/comm`).trim(), megabytes: Number(kilobytes) / 1024 };
  });
  return { megabytes: parts.reduce((sum, part) => sum + part.megabytes, 0), parts };
}

/** When a process was started, in Unix milliseconds, to a hundredth of a second. */
export function startOf(pid) {
  const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const [uptime] = read("/proc/uptime").split(" ").map(Number);
  return Date.now() - (uptime - Number(afterName(read(`/proc/${pid}/stat`))[19]) / ticks) * 1000;
}

/** The processor time that a family has used so far, in seconds. */
export function processorTime(pid) {
  const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const used = family(pid).map((one) => {
    const stat = read(`/proc/${one}/stat`);
    const fields = stat === "" ? [] : afterName(stat);
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return used.reduce((sum, part) => sum + part, 0) / ticks;
}

// A name may have spaces and brackets in it.
function afterName(stat) {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Nothing if the process is gone. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
