// English. Its types are the catalogue's: a language that lacks a string does not compile.

import { amounts } from "./amounts";
import { bundle } from "./bundle";
import { checks } from "./checks";
import { clash } from "./clash";
import { close } from "./close";
import { days } from "./days";
import { demo } from "./demo";
import { details } from "./details";
import { doctor } from "./doctor";
import { exchange } from "./exchange";
import { filing } from "./filing";
import { form } from "./form";
import { frame } from "./frame";
import { keyring } from "./keyring";
import { keys } from "./keys";
import { list } from "./list";
import { logs } from "./logs";
import { paste } from "./paste";
import { pick } from "./pick";
import { problems } from "./problems";
import { production } from "./production";
import { questions } from "./questions";
import { row } from "./row";
import { settings } from "./settings";
import { signIn } from "./signIn";
import { start } from "./start";
import { state } from "./state";

export const en = {
  amounts,
  bundle,
  checks,
  clash,
  close,
  days,
  demo,
  details,
  doctor,
  exchange,
  filing,
  form,
  frame,
  keyring,
  keys,
  list,
  logs,
  paste,
  pick,
  problems,
  production,
  questions,
  row,
  settings,
  signIn,
  start,
  state,
};

/** A language's strings by area. */
export type Words = typeof en;
