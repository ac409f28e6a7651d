// Who else has a local port.

export const clash = {
  tunnel: (name: string) => `The tunnel ${name} wants this port, too.`,
  process: (name: string, pid: number) => `${name} (process ${pid}) has this port.`,
  unknown: "Another program has this port.",
  use: (port: number) => `Use ${port}, which is free`,
};
