// What the browser has and jsdom lacks, and the language that the tests read.

import { speak } from "../src/text/locale";

// Both are there from here on: what is spoken changes at once.
await speak(["de-DE"]);
await speak(["en-GB"]);

HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};

Blob.prototype.text ??= function (this: Blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsText(this);
  });
};
