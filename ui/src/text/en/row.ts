// One tunnel in the list.

export const row = {
  demo: "demo",
  outdated: "edited: connect again to apply",
  to: "to",
  copy: (text: string) => `Copy ${text}`,
  lastClose: (close: string) => `Last close ${close}`,
  fromAccount: (message: string) => `From the account: ${message}`,
  tryNow: "Try now",
  usePort: (port: number) => `Use port ${port}`,
  openPage: "Open page",
  cutIt: "Cut it",
  cutItHint: "Closes its connection, as the real gateway does each hour",
  edit: "Edit",
  editNamed: (name: string) => `Edit ${name}`,
  remove: "Remove",
  removeNamed: (name: string) => `Remove ${name}`,
  connections: (count: number): string => (count === 1 ? "connection" : "connections"),
  down: "down",
  up: "up",
  reconnects: (count: number): string => (count === 1 ? "reconnect" : "reconnects"),
};
