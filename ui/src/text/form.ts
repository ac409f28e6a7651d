// Between a tunnel's settings and the texts of the form's fields.

import type { DraftView, FieldView } from "../bridge";

/** What the form's fields hold. */
export type FormValues = Readonly<Record<FieldView | "production", string>>;

/** Stands for whatever is no number: the shell refuses it by the rule for ports. */
const NO_PORT = 65_536;

/** The fields of a tunnel that is yet to be described. */
export function emptyForm(): FormValues {
  return {
    name: "",
    group: "",
    tags: "",
    target: "",
    remoteHost: "",
    remotePort: "",
    bind: "localhost",
    localPort: "",
    profile: "",
    keys: "",
    region: "",
    endpointUrl: "",
    endpoints: "",
    reason: "",
    sessions: "",
    keepalive: "",
    renewAfter: "",
    lazy: "",
    wait: "",
    retryFor: "",
    keepSessionAlive: "",
    production: "",
    productionReason: "",
    closesAfter: "",
  };
}

/** The fields of a saved tunnel. */
export function formOf(draft: DraftView): FormValues {
  return {
    name: draft.name,
    group: draft.group ?? "",
    tags: draft.tags.join(", "),
    target: draft.target,
    remoteHost: draft.remoteHost ?? "",
    remotePort: draft.remotePort === 0 ? "" : String(draft.remotePort),
    bind: draft.bind === "" ? "localhost" : draft.bind,
    localPort: draft.localPort === 0 ? "" : String(draft.localPort),
    profile: draft.profile ?? "",
    keys: draft.keys ?? "",
    region: draft.region ?? "",
    endpointUrl: draft.endpointUrl ?? "",
    endpoints: draft.endpoints ?? "",
    reason: draft.reason ?? "",
    sessions: draft.sessions ?? "",
    keepalive: draft.keepalive ?? "",
    renewAfter: draft.renewAfter ?? "",
    lazy: draft.lazy ?? "",
    wait: draft.wait ?? "",
    retryFor: draft.retryFor ?? "",
    keepSessionAlive: draft.keepSessionAlive ?? "",
    production: draft.production === null ? "" : "on",
    productionReason: draft.production?.reason ?? "",
    closesAfter: draft.production?.closesAfter ?? "",
  };
}

/**
 * The settings that the fields describe. The shell judges them. What is no field stays as in
 * `base`, the saved settings.
 */
export function draftOf(values: FormValues, base: DraftView | null): DraftView {
  return {
    name: values.name,
    group: optional(values.group),
    tags: values.tags.split(",").filter((tag) => tag.trim() !== ""),
    favourite: base?.favourite ?? false,
    target: values.target,
    remoteHost: optional(values.remoteHost),
    remotePort: whole(values.remotePort, NO_PORT),
    bind: values.bind,
    localPort: values.localPort.trim() === "" ? 0 : whole(values.localPort, NO_PORT),
    profile: optional(values.profile),
    keys: optional(values.keys),
    region: optional(values.region),
    endpointUrl: optional(values.endpointUrl),
    endpoints: optional(values.endpoints),
    reason: optional(values.reason),
    sessions: optional(values.sessions),
    keepalive: optional(values.keepalive),
    renewAfter: optional(values.renewAfter),
    lazy: optional(values.lazy),
    wait: optional(values.wait),
    retryFor: optional(values.retryFor),
    keepSessionAlive: optional(values.keepSessionAlive),
    production:
      values.production === ""
        ? null
        : { reason: optional(values.productionReason), closesAfter: optional(values.closesAfter) },
  };
}

/** Says whether other computers can connect to what listens at this address. */
export function isOpenToOthers(bind: string): boolean {
  const address = bind.trim().toLowerCase().replace(/^\[|\]$/g, "");
  const stays = ["", "localhost", "::1"].includes(address) || /^127(\.\d+){3}$/.test(address);
  return !stays && /^[\d.]+$|:/.test(address);
}

function optional(text: string): string | null {
  return text.trim() === "" ? null : text;
}

function whole(text: string, otherwise: number): number {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : otherwise;
}
