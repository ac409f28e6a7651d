// The form: paste to fill, what is told while it is filled in, the production mark, and leaving it.

import { cleanup, render, screen, waitFor } from "@solidjs/testing-library";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import type { CheckView, DraftView, ExaminationView, ExaminedView, PasteView, RefusalView } from "../src/bridge";
import { TunnelForm } from "../src/pages/TunnelForm";
import { draft, finding, problem } from "../src/preview/fixtures";
import { expectAccessible } from "./accessible";

afterEach(cleanup);

const read = (...hosts: string[]): PasteView => ({
  tunnels: hosts.map((host) => draft({ name: `${host}:5432`, remoteHost: host, target: "i-0123", region: "eu-west-1" })),
  notes: [{ code: "a-note", facts: {}, what: "The option --output was left out.", line: 1, column: 9 }],
});

function opened(
  given: {
    paste?: PasteView | RefusalView;
    check?: CheckView;
    draft?: DraftView;
    pasted?: string;
    untestable?: RefusalView;
    unlisted?: RefusalView;
  } = {},
) {
  const onSave = vi.fn<(draft: DraftView, connects: boolean) => Promise<RefusalView | null>>(() => Promise.resolve(null));
  const onClose = vi.fn();
  const onSignIn = vi.fn();
  const bridge = {
    readPaste: vi.fn((_text: string, take: (paste: PasteView) => void) => {
      const answer = given.paste;
      if (answer === undefined) return Promise.resolve(null);
      if ("problem" in answer) return Promise.resolve(answer);
      take(answer);
      return Promise.resolve(null);
    }),
    checkDraft: vi.fn((_id: string | null, _draft: DraftView, take: (check: CheckView) => void) => {
      if (given.check) take(given.check);
      return Promise.resolve(null);
    }),
    examine: vi.fn((_what: ExaminedView, listener: (told: ExaminationView) => void, begun: (number: number) => void) => {
      if (given.untestable) return Promise.resolve(given.untestable);
      begun(1);
      listener({ kind: "found", finding: finding({ check: "target", what: "i-0123 is online." }) });
      listener({ kind: "over" });
      return Promise.resolve(null);
    }),
    endExamination: vi.fn(() => Promise.resolve(null)),
    listProfiles: vi.fn(() => Promise.resolve(null)),
    findTargets: vi.fn(() => Promise.resolve(given.unlisted ?? null)),
    findHosts: vi.fn(() => Promise.resolve(null)),
    endFind: vi.fn(() => Promise.resolve(null)),
    listKeys: vi.fn(() => Promise.resolve(null)),
    keepKeys: vi.fn(() => Promise.resolve(null)),
    removeKeys: vi.fn(() => Promise.resolve(null)),
  };
  render(() => (
    <TunnelForm
      draft={given.draft ?? null}
      id={given.draft ? "orders" : null}
      pasted={given.pasted ?? ""}
      bridge={bridge}
      running={false}
      onSave={onSave}
      onRemove={() => Promise.resolve(null)}
      onClose={onClose}
      onSignIn={onSignIn}
    />
  ));
  return { onSave, onClose, onSignIn, bridge, user: userEvent.setup() };
}

const value = (label: string) => screen.getByLabelText<HTMLInputElement>(label).value;

test("what was pasted fills in the form, and what was left out is said", async () => {
  const { bridge } = opened({ paste: read("db.internal"), pasted: "aws ssm start-session …" });
  await waitFor(() => expect(value("Target")).toBe("i-0123"));
  expect(bridge.readPaste.mock.calls[0]?.[0]).toBe("aws ssm start-session …");
  expect(value("Host behind it")).toBe("db.internal");
  expect(value("Region")).toBe("eu-west-1");
  expect(document.body.textContent).toContain("The option --output was left out.");
  await expectAccessible();
});

test("a command that is pasted at the name, where the focus is, is read as one; a name and what is pasted elsewhere stay", async () => {
  const { bridge, user } = opened({ paste: read("db.internal") });
  const command = "aws ssm start-session \\\n  --target i-0123";
  await user.click(screen.getByLabelText("Name"));
  await user.paste("Orders at aws");
  expect(bridge.readPaste).not.toHaveBeenCalled();
  await user.paste(command);
  await waitFor(() => expect(value("Target")).toBe("i-0123"));
  expect(value("Paste a command")).toBe(command);
  expect(value("Name")).toBe("db.internal:5432");
  await user.click(screen.getByLabelText("Host behind it"));
  await user.paste("ssh -L 1:a:1 b");
  expect(bridge.readPaste).toHaveBeenCalledOnce();
});

test("a new tunnel is saved and connected by Enter and one button, and saved alone by another", async () => {
  const { onSave, user } = opened();
  await user.type(screen.getByLabelText("Name"), "Mine{Enter}");
  await user.click(screen.getByRole("button", { name: "Save and connect" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(onSave.mock.calls.map(([, connects]) => connects)).toEqual([true, true, false]);
});

test("a tunnel that was edited is only saved", async () => {
  const { onSave, user } = opened({ draft: draft() });
  expect(screen.queryByRole("button", { name: "Save and connect" })).toBeNull();
  await user.type(screen.getByLabelText("Name"), "{Enter}");
  expect(onSave.mock.calls.map(([, connects]) => connects)).toEqual([false]);
});

test("of several tunnels one can be chosen, or all are added", async () => {
  const { onSave, onClose, user } = opened({ paste: read("a.internal", "b.internal"), pasted: "ssh …" });
  await user.click(await screen.findByRole("button", { name: "b.internal:5432" }));
  expect(value("Host behind it")).toBe("b.internal");
  await user.click(screen.getByRole("button", { name: "Add all 2" }));
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  expect(onSave.mock.calls.map(([saved]) => saved.remoteHost)).toEqual(["a.internal", "b.internal"]);
});

test("a text that is no tunnel says where it fails, and leaves what was typed", async () => {
  const refused = { problem: problem({ what: "A quote is never closed.", details: "line 1, column 7" }), fields: [] };
  const { user } = opened({ paste: refused });
  await user.type(screen.getByLabelText("Name"), "Mine");
  await user.type(screen.getByLabelText("Paste a command"), "'");
  await waitFor(() => expect(document.body.textContent).toContain("A quote is never closed."));
  expect(document.body.textContent).toContain("line 1, column 7");
  expect(value("Name")).toBe("Mine");
});

test("what is wrong is said where it was typed, and not where nobody has been yet", async () => {
  const check: CheckView = {
    wrong: [
      { field: "name", rule: "a-rule", message: "Give the tunnel a name." },
      { field: "target", rule: "a-rule", message: "No such target." },
    ],
    clash: null,
  };
  const { user } = opened({ check });
  await user.type(screen.getByLabelText("Target"), "two words");
  await waitFor(() => expect(document.body.textContent).toContain("No such target."));
  expect(document.body.textContent).not.toContain("Give the tunnel a name.");
});

test("a port that somebody has names them, and the next free one is one click away", async () => {
  const check: CheckView = { wrong: [], clash: { with: { kind: "tunnel", name: "Billing" }, free: 5434 } };
  const { onSave, user } = opened({ check, draft: draft() });
  await waitFor(() => expect(document.body.textContent).toContain("The tunnel Billing wants this port, too."));
  await user.click(screen.getByRole("button", { name: "Use 5434, which is free" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(onSave.mock.calls[0]?.[0].localPort).toBe(5434);
});

test("a tunnel is marked as production in one click, and what follows can be set", async () => {
  const { onSave, user } = opened({ draft: draft() });
  expect(screen.queryByLabelText("Close it after")).toBeNull();
  await user.click(screen.getByRole("checkbox", { name: "Leads to production" }));
  await user.click(screen.getByRole("checkbox", { name: "Ask why, each time" }));
  await user.type(screen.getByLabelText("Close it after"), "2h");
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(onSave.mock.calls[0]?.[0].production).toEqual({ reason: "none", closesAfter: "2h" });
});

test("what was typed is not thrown away without a question", async () => {
  const { onClose, user } = opened();
  await user.type(screen.getByLabelText("Name"), "Mine");
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(onClose).not.toHaveBeenCalled();
  expect(screen.getByRole("alert").textContent).toContain("Discard what you typed?");
  await user.click(screen.getByRole("button", { name: "Keep editing" }));
  expect(screen.queryByRole("alert")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  await user.click(screen.getByRole("button", { name: "Discard" }));
  expect(onClose).toHaveBeenCalledOnce();
});

test("a form in which nothing was typed closes at once", async () => {
  const { onClose, user } = opened({ draft: draft() });
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(onClose).toHaveBeenCalledOnce();
});

test("what is typed is tested without being saved, and what was found says when it is of other settings", async () => {
  const { bridge, onSave, user } = opened();
  await user.type(screen.getByLabelText("Target"), "i-0123");
  await user.type(screen.getAllByLabelText("Port")[0] as HTMLElement, "5432");
  await user.click(screen.getByRole("button", { name: "Test" }));
  expect(bridge.examine.mock.calls[0]?.[0]).toMatchObject({
    what: "draft",
    id: null,
    draft: { target: "i-0123", remotePort: 5432, name: "" },
  });
  const found = screen.getByRole("region", { name: "Checks" });
  expect(found.textContent).toContain("i-0123 is online.");
  expect(found.textContent).toContain("All is well.");
  expect(found.textContent).not.toContain("You have changed the settings since.");
  await user.type(screen.getByLabelText("Target"), "4");
  expect(found.textContent).toContain("You have changed the settings since.");
  expect(onSave).not.toHaveBeenCalled();
  await expectAccessible();
});

test("what can be no tunnel is not tested, and the field that has to change is named", async () => {
  const untestable = {
    problem: problem({ code: "invalid-settings" }),
    fields: [{ field: "target" as const, rule: "a-rule", message: "Say which instance." }],
  };
  const { user } = opened({ untestable });
  await user.click(screen.getByRole("button", { name: "Test" }));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Target")));
  expect(document.body.textContent).toContain("Say which instance.");
  expect(screen.queryByRole("region", { name: "Checks" })).toBeNull();
});

test("who has to sign in before there is a list is led there, and asked before what was typed is lost", async () => {
  const unlisted = { problem: problem({ kind: "credentials", what: "The sign-in has expired." }), fields: [] };
  const { onClose, onSignIn, user } = opened({ unlisted });
  await user.type(screen.getByLabelText("Target"), "b");
  await user.click(await screen.findByRole("option", { name: "Sign in…" }));
  expect(onSignIn).not.toHaveBeenCalled();
  await user.click(screen.getByRole("button", { name: "Discard" }));
  expect(onClose).toHaveBeenCalledOnce();
  expect(onSignIn).toHaveBeenCalledOnce();
});
