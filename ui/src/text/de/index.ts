// German.

import type { Words } from "../en";
import { amounts } from "./amounts";
import { close } from "./close";
import { form } from "./form";
import { frame } from "./frame";
import { list } from "./list";
import { problems } from "./problems";
import { production } from "./production";
import { questions } from "./questions";
import { row } from "./row";
import { start } from "./start";
import { state } from "./state";

export const de: Words = { amounts, close, form, frame, list, problems, production, questions, row, start, state };
