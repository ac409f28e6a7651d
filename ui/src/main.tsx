import { render } from "solid-js/web";

import "./base.css";
import "./components/icon.css";
import { App } from "./App";
import { bridge } from "./bridge";

const root = document.getElementById("root");
if (root) render(() => <App bridge={bridge} />, root);
