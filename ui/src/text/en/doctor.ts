// The page of the doctor.

export const doctor = {
  what: "What is checked",
  all: "This machine and all tunnels",
  begin: "Check now",
  again: "Check again",
  copy: "Copy the report",
  session: "Open and close a real session as well",
  sessionHint: "Proves that a session comes up. Nothing is sent to the destination.",
  sweep: "End sessions that were left behind",
  sweepHint: "Only those that Culvert started itself, and that nobody uses any more.",
  intro: "Find out what is wrong",
  introText:
    "The doctor goes the way that a tunnel goes: settings, local port, credentials, names, proxy, certificates, the clock, " +
    "then your permissions, the target and its agent. Each check says what it found and what to do.",
  introNote: "No tunnel is started, and your destination is not dialled.",
  report: "Culvert doctor",
  reportOf: (what: string, when: string) => `${what}, ${when}`,
  todo: (what: string) => `To do: ${what}`,
  raw: (what: string) => `Details: ${what}`,
};
