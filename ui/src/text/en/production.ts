// Tunnels to production: what is asked before they start, and when they close by themselves.

export const production = {
  tag: "production",
  title: (name: string) => `Connect ${name}?`,
  leads: "It leads to production:",
  why: "Why do you connect?",
  recorded: "AWS records the reason with each session.",
  closesAfter: (span: string) => `It closes by itself after ${span}.`,
  connect: "Connect to production",
  cancel: "Cancel",
  closesAt: (time: string) => `Closes by itself at ${time}.`,
  closesSoon: (time: string) => `Closes by itself at ${time}. Keep it open if you still need it.`,
  keepOpen: "Keep open",
  legend: "Production",
  mark: "Leads to production",
  markHint: "Asks before it connects, is never started by itself or with others, and closes by itself.",
  asksWhy: "Ask why, each time",
  closes: "Close it after",
  closesHint: "1min to 7d from each connect, such as 2h, or off.",
};
