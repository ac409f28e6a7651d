// The first start, and the demo.

export const start = {
  title: "No tunnels yet",
  what:
    "A tunnel brings a port from inside AWS to this computer, through Session Manager: a database, " +
    "a web console, RDP or SSH. It stays when the connection below it does not.",
  paste: "With a command such as aws ssm start-session or ssh -L in the clipboard, Ctrl+V makes a tunnel of it.",
  demoNote: "The demo needs no AWS account: all of it runs on this computer.",
  tryDemo: "Try the demo tunnel",
  guideTitle: "See it hold",
  guideOpen: " shows a small page through the tunnel. It counts seconds over one connection.",
  guideCut: " closes the tunnel's connection, as the real gateway does each hour.",
  guideHolds: "The page goes on counting: the tunnel was resumed, and nothing was lost.",
};
