import { render } from "solid-js/web";

import "./base.css";
import "./components/icon.css";
import { App } from "./App";
import { bridge } from "./bridge";
import { speak } from "./text/locale";

const root = document.getElementById("root");
void speak().then(() => {
  if (root) render(() => <App bridge={bridge} />, root);
});
