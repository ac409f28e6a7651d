// The lists from which the form's fields are filled.

import type {
  HostKindView,
  HostRoleView,
  PartView,
  PingView,
  WayView,
} from "../../bridge";
import { counter } from "../plural";

const say = counter("en");

const parts: Record<PartView, string> = {
  nodes: "Managed nodes",
  instances: "Names and tags of EC2 instances",
  containers: "Containers of ECS tasks",
  databases: "Databases of RDS",
  caches: "Caches of ElastiCache",
  serverlessCaches: "Serverless caches of ElastiCache",
  domains: "Domains of OpenSearch Service",
};

const pings: Record<PingView, string> = {
  online: "Online",
  unknown: "Not known to be online",
  connectionLost: "Connection lost",
  inactive: "Inactive",
  notRegistered: "No managed node: it has no agent, or may not register",
};

const kinds: Record<HostKindView, string> = {
  rds: "RDS",
  aurora: "Aurora",
  elastiCache: "ElastiCache",
  openSearch: "OpenSearch",
};

const roles: Record<HostRoleView, string> = {
  writer: "Writer",
  reader: "Reader",
  custom: "Custom endpoint",
  configuration: "Configuration endpoint",
  instance: "Instance",
  endpoint: "Endpoint",
};

const ways: Record<WayView, string> = {
  keys: "Keys in the files",
  identityCenter: "IAM Identity Center",
  console: "Sign-in to the console",
  program: "A program",
  webIdentity: "Web identity",
  environment: "Environment",
  instance: "Role of this instance",
  container: "Role of this container",
  role: "Role",
  unusable: "Unusable",
};

const regions: Record<string, string> = {
  "af-south-1": "Cape Town",
  "ap-east-1": "Hong Kong",
  "ap-east-2": "Taipei",
  "ap-northeast-1": "Tokyo",
  "ap-northeast-2": "Seoul",
  "ap-northeast-3": "Osaka",
  "ap-south-1": "Mumbai",
  "ap-south-2": "Hyderabad",
  "ap-southeast-1": "Singapore",
  "ap-southeast-2": "Sydney",
  "ap-southeast-3": "Jakarta",
  "ap-southeast-4": "Melbourne",
  "ap-southeast-5": "Malaysia",
  "ap-southeast-6": "New Zealand",
  "ap-southeast-7": "Thailand",
  "ca-central-1": "Canada, Montreal",
  "ca-west-1": "Canada, Calgary",
  "cn-north-1": "Beijing",
  "cn-northwest-1": "Ningxia",
  "eu-central-1": "Frankfurt",
  "eu-central-2": "Zurich",
  "eu-north-1": "Stockholm",
  "eu-south-1": "Milan",
  "eu-south-2": "Spain",
  "eu-west-1": "Ireland",
  "eu-west-2": "London",
  "eu-west-3": "Paris",
  "eusc-de-east-1": "European Sovereign Cloud, Germany",
  "il-central-1": "Tel Aviv",
  "me-central-1": "Emirates",
  "me-south-1": "Bahrain",
  "mx-central-1": "Mexico",
  "sa-east-1": "São Paulo",
  "us-east-1": "N. Virginia",
  "us-east-2": "Ohio",
  "us-gov-east-1": "GovCloud, East",
  "us-gov-west-1": "GovCloud, West",
  "us-west-1": "N. California",
  "us-west-2": "Oregon",
};

export const pick = {
  parts,
  pings,
  kinds,
  roles,
  ways,
  regions,
  open: (field: string) => `Choices for: ${field}`,
  looking: "Looking…",
  fit: (count: number) => say(count, { one: "1 choice.", other: "# choices." }),
  shown: (shown: number, of: number) => `${shown} of ${of} are shown. Type to find others.`,
  noneFits: "None fits. What you type can be used as it is.",
  none: "There is none in this account and region.",
  missing: (parts: string) => `${parts}: missing.`,
  signIn: "Sign in…",
  askAgain: "Ask AWS again",
  readAgain: "Look again",
  agent: (version: string) => `agent ${version}`,
  managed: "outside of EC2",
  ecs: (task: string) => `ECS task ${task}`,
  cannotExecute: "started without ExecuteCommand, or its agent is down: no session is possible",
  anyNamed: (name: string) => `Any named ${name}`,
  anyTagged: (tag: string) => `Any with the tag ${tag}`,
  firstOnline: "first that is online",
  newest: "newest that is online",
  online: (online: number, of: number) => `${online} of ${of} online`,
  defaultProfile: "The usual credentials",
  defaultProfileHint: "As the AWS CLI finds them: environment, default profile, instance role.",
  noProfiles: (files: string) =>
    `There is no profile in ${files}. "aws configure" makes one; or add keys to the keyring below.`,
  signsIn: "with a sign-in",
  regionOfProfile: "The profile's region",
  keysNone: "No keys: the profile counts",
  keysAdd: "Add keys…",
  keysAddForNow: "Add keys until Culvert quits…",
  keysRemove: (name: string) => `Remove ${name}…`,
  keysEmpty: "The keyring holds no keys yet.",
};
