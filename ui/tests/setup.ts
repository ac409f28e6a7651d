// What the browser has and jsdom lacks, and the language that the tests read.

import { speak } from "../src/text/locale";

speak(["en-GB"]);

HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};
