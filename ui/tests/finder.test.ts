// Who looks for something in a list that another program has: one question at a time, and the newest answer.

import { createRoot } from "solid-js";
import { expect, test, vi } from "vitest";

import type { AccountView, FindRequest, RefusalView } from "../src/bridge";
import { problem } from "../src/preview/fixtures";
import { createFinder } from "../src/state/finder";

const account: AccountView = { profile: null, keys: null, region: null, endpointUrl: null, endpoints: null };

interface Asked {
  typed: string;
  anew: boolean;
  found: (what: string) => void;
  answer: (number: number | RefusalView) => void;
}

/** A finder over a shell that answers when it is told to, and which answers nobody twice. */
function finder() {
  const asked: Asked[] = [];
  const endFind = vi.fn((_number: number) => Promise.resolve(null));
  const find = ({ typed, anew }: FindRequest, found: (what: string) => void, begun: (number: number) => void) =>
    new Promise<RefusalView | null>((done) => {
      const answer = (given: number | RefusalView): void => {
        if (typeof given === "number") begun(given);
        done(typeof given === "number" ? null : given);
      };
      asked.push({ typed, anew, found, answer });
    });
  const made = createRoot(() => createFinder<string>(find, { endFind }));
  return { ...made, asked, endFind };
}

const settled = () => new Promise((done) => setTimeout(done));

test("the next thing is asked for when there is an answer, and of what was typed meanwhile the last alone", async () => {
  // Requests that are under way at once may be begun in any order: the shell would take an older one for the newest.
  const { look, found, asked } = finder();
  for (const typed of ["b", "ba", "bas"]) look(account, typed);
  expect(asked.map(({ typed }) => typed)).toEqual(["b"]);
  asked[0]?.answer(1);
  await settled();
  expect(asked.map(({ typed }) => typed)).toEqual(["b", "bas"]);
  asked[0]?.found("what fits b");
  expect(found()).toBeNull();
  asked[1]?.found("what fits bas");
  expect(found()).toBe("what fits bas");
  asked[1]?.answer(2);
  await settled();
  expect(asked).toHaveLength(2);
});

test("whoever wants AWS to be asked again gets that, also while something else is typed", async () => {
  const { look, asked } = finder();
  look(account, "b");
  look(account, "b", true);
  look(account, "ba");
  asked[0]?.answer(1);
  await settled();
  expect(asked.map(({ typed, anew }) => [typed, anew])).toEqual([["b", false], ["ba", true]]);
});

test("what is begun when nobody looks any more is ended, and what was still to be asked is not", async () => {
  const { look, end, asked, endFind } = finder();
  look(account, "b");
  look(account, "ba");
  end();
  asked[0]?.answer(7);
  await settled();
  expect(endFind.mock.calls).toEqual([[7]]);
  expect(asked).toHaveLength(1);
});

test("a refusal of what was asked first does not stand in the way of what was typed since", async () => {
  const { look, refusal, found, asked } = finder();
  look(account, "b");
  look(account, "ba");
  asked[0]?.answer({ problem: problem({ what: "No." }), fields: [] });
  await settled();
  expect(refusal()).toBeNull();
  asked[1]?.found("what fits ba");
  expect(found()).toBe("what fits ba");
});
