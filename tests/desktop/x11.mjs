// A display, seen from outside of the program: as much of the X11 protocol (X Window System Protocol, version 11) as it
// takes to find a window, to close it, and to see whether something is painted in it.

import { connect } from "node:net";

const OPCODES = { attributes: 3, geometry: 14, tree: 15, atom: 16, property: 20, send: 25, image: 73 };
const ATOMS = { WM_NAME: 39, WM_CLASS: 67 };
const VIEWABLE = 2;
const CLIENT_MESSAGE = 33;

/** More colours than a window has that is empty: text has edges of many shades. */
const PAINTED_COLOURS = 8;

/** Connects to a display of this machine, such as ":99". */
export async function openDisplay(name) {
  const display = new Display(connect(`/tmp/.X11-unix/X${name.slice(1)}`));
  await display.ready;
  return display;
}

class Display {
  #socket;
  #input = Buffer.alloc(0);
  #sent = 0;
  #waiting = new Map();
  #root = 0;

  constructor(socket) {
    this.#socket = socket;
    // Whoever has a request under way is told; without one nobody needs to know.
    socket.on("error", (error) => this.#waiting.forEach(({ reject }) => reject(error)));
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    socket.on("data", (bytes) => {
      this.#input = Buffer.concat([this.#input, bytes]);
      while (this.#take());
    });
  }

  /** The program's windows that can be seen. */
  async windows(title) {
    const tree = await this.#ask(OPCODES.tree, words(this.#root));
    const all = Array.from({ length: tree.readUInt16LE(16) }, (_, at) => tree.readUInt32LE(32 + 4 * at));
    const seen = [];
    for (const window of all) {
      try {
        const attributes = await this.#ask(OPCODES.attributes, words(window));
        if (attributes[26] === VIEWABLE && (await this.#property(window, ATOMS.WM_NAME)) === title) seen.push(window);
      } catch {
        // Gone in the meantime.
      }
    }
    return seen;
  }

  /** The two names by which a desktop knows a window's program: of the instance, and of the class. */
  async classOf(window) {
    return (await this.#property(window, ATOMS.WM_CLASS)).split("\0").slice(0, 2);
  }

  /** Whether there is more in a window than its background. */
  async isPainted(window) {
    try {
      const geometry = await this.#ask(OPCODES.geometry, words(window));
      const [width, height] = [geometry.readUInt16LE(16), geometry.readUInt16LE(18)];
      const area = Buffer.alloc(16);
      area.writeUInt32LE(window, 0);
      area.writeUInt16LE(Math.min(width, 600), 8);
      area.writeUInt16LE(Math.min(height, 300), 10);
      area.writeUInt32LE(0xffffffff, 12);
      const image = await this.#ask(OPCODES.image, area, 2);
      const colours = new Set();
      for (let at = 32; at + 4 <= image.length; at += 4) {
        colours.add(image.readUInt32LE(at));
        if (colours.size > PAINTED_COLOURS) return true;
      }
    } catch {
      // Gone in the meantime.
    }
    return false;
  }

  /** Does what a window manager does when its user closes a window. */
  async close(window) {
    const [protocols, remove] = [await this.#atom("WM_PROTOCOLS"), await this.#atom("WM_DELETE_WINDOW")];
    const body = Buffer.alloc(40);
    body.writeUInt32LE(window, 0);
    body[8] = CLIENT_MESSAGE;
    body[9] = 32;
    body.writeUInt32LE(window, 12);
    body.writeUInt32LE(protocols, 16);
    body.writeUInt32LE(remove, 20);
    this.#send(OPCODES.send, body);
  }

  end() {
    this.#socket.destroy();
  }

  async #atom(name) {
    const text = Buffer.alloc(4 + Math.ceil(name.length / 4) * 4);
    text.writeUInt16LE(name.length, 0);
    text.write(name, 4, "latin1");
    return (await this.#ask(OPCODES.atom, text)).readUInt32LE(8);
  }

  async #property(window, property) {
    const answer = await this.#ask(OPCODES.property, words(window, property, 0, 0, 256));
    return answer.toString("latin1", 32, 32 + answer.readUInt32LE(16));
  }

  #ask(opcode, body, detail = 0) {
    this.#send(opcode, body, detail);
    return new Promise((resolve, reject) => this.#waiting.set(this.#sent & 0xffff, { resolve, reject }));
  }

  #send(opcode, body, detail = 0) {
    const head = Buffer.from([opcode, detail, 0, 0]);
    head.writeUInt16LE(1 + body.length / 4, 2);
    this.#socket.write(Buffer.concat([head, body]));
    this.#sent += 1;
  }

  /** Takes one answer from what has come; false if there is none whole. */
  #take() {
    const input = this.#input;
    if (input.length < 8) return false;
    const isSetup = this.#root === 0;
    // Answers have a length of their own; errors and events have 32 bytes.
    const length = isSetup ? 8 + 4 * input.readUInt16LE(6) : 32 + (input[0] === 1 ? 4 * input.readUInt32LE(4) : 0);
    if (input.length < length) return false;
    this.#input = input.subarray(length);
    const number = isSetup ? 0 : input.readUInt16LE(2);
    const waiting = input[0] > 1 ? undefined : this.#waiting.get(number);
    if (isSetup && input[0] === 1) {
      const vendor = Math.ceil(input.readUInt16LE(24) / 4) * 4;
      this.#root = input.readUInt32LE(40 + vendor + 8 * input[29]);
    }
    this.#waiting.delete(number);
    if (input[0] === 1) waiting?.resolve(input.subarray(0, length));
    else waiting?.reject(new Error(`the display refuses: ${isSetup ? "the connection" : `error ${input[1]}`}`));
    return true;
  }
}

function words(...numbers) {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, at) => bytes.writeUInt32LE(number, 4 * at));
  return bytes;
}
