// A command or an address that fills in the form.

export const paste = {
  label: "Paste a command",
  hint: "An aws ssm start-session or ssh -L command, or a database's address. Nothing is run, and passwords are left out.",
  read: (count: number): string =>
    count === 1 ? "Filled in. Look it through, then save." : `There are ${count} tunnels in it. Choose one, or add all.`,
  addAll: (count: number) => `Add all ${count}`,
};
