// What the form's lists offer, for the preview and the tests.

import type { HostsView, HostView, LackView, ProfilesView, ProfileView, ProgressView, TargetsView, TargetView } from "../bridge";
import { problem } from "./fixtures";

/** A list that is complete, changed by `changes`. */
export function progress(changes: Partial<ProgressView> = {}): ProgressView {
  return { fit: 3, of: 312, isComplete: true, lacks: [], ...changes };
}

/** A node that is online, changed by `changes`. */
export function target(changes: Partial<TargetView> = {}): TargetView {
  const id = changes.id ?? "i-0c2f9a7b31e4d5f91";
  return {
    value: id,
    id,
    name: "bastion",
    ping: "online",
    agentVersion: "3.3.1142.0",
    platform: "Amazon Linux 2023",
    address: "10.0.3.17",
    kind: { kind: "ec2", state: "running" },
    tags: ["env=prod"],
    ...changes,
  };
}

/** A database, changed by `changes`. */
export function host(changes: Partial<HostView> = {}): HostView {
  return {
    host: "orders.cluster-c1x2.eu-central-1.rds.amazonaws.com",
    port: 5432,
    name: "orders",
    kind: "aurora",
    role: "writer",
    engine: "aurora-postgresql 16.3",
    status: "available",
    isAvailable: true,
    ...changes,
  };
}

/** A profile that works, changed by `changes`. */
export function profile(changes: Partial<ProfileView> = {}): ProfileView {
  return {
    name: "work",
    way: "identityCenter",
    region: "eu-central-1",
    account: "123456789012",
    signsIn: true,
    faults: [],
    ...changes,
  };
}

export const denied: LackView = {
  part: "containers",
  problem: problem({
    kind: "permission",
    code: "denied",
    what: "You may not call ecs:ListClusters.",
    remedy: "Ask for that permission, or type the id.",
    details: "",
  }),
};

export const someTargets: TargetsView = {
  found: [
    target(),
    target({ id: "i-0d3e8b6c42f5a6e02", ping: "connectionLost", address: "10.0.3.18" }),
    target({
      id: "ecs:shop_8f2c_0a1b",
      name: "app",
      agentVersion: null,
      platform: "LINUX",
      kind: { kind: "ecs", cluster: "shop", task: "8f2c", canExecute: false },
      ping: "notRegistered",
      tags: [],
    }),
  ],
  rules: [
    { value: "name:bastion", by: "bastion", isTag: false, newest: false, online: 1, of: 2 },
    { value: "name:bastion@newest", by: "bastion", isTag: false, newest: true, online: 1, of: 2 },
  ],
  rulesFirst: true,
  progress: progress({ lacks: [denied] }),
};

export const someHosts: HostsView = {
  found: [
    host(),
    host({ role: "reader", host: "orders.cluster-ro-c1x2.eu-central-1.rds.amazonaws.com" }),
    host({
      name: "cart",
      kind: "elastiCache",
      host: "master.cart.c1x2.euc1.cache.amazonaws.com",
      port: 6379,
      engine: "redis 7.1",
      status: "modifying",
      isAvailable: false,
    }),
  ],
  progress: progress(),
};

export const someProfiles: ProfilesView = {
  profiles: [
    profile({ name: "default", way: "keys", signsIn: false, account: null }),
    profile(),
    profile({
      name: "legacy",
      way: "unusable",
      signsIn: false,
      region: null,
      account: null,
      faults: [
        {
          severity: "broken",
          code: "source-profile-missing",
          facts: { name: "base" },
          what: "The source profile base does not exist.",
          remedy: "Add profile base, or correct source_profile.",
        },
      ],
    }),
  ],
  faults: [],
  files: ["~/.aws/config", "~/.aws/credentials"],
};
