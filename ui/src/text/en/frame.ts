// What is round the pages: the sidebar, and what any page may say.

export const frame = {
  navigation: "Views",
  menu: "Menu",
  back: "Back to the list",
  all: "All tunnels",
  favourites: "Favourites",
  connected: "Connected",
  needsYou: "Needs you",
  groups: "Groups",
  signIn: "Sign-ins",
  doctor: "Doctor",
  logs: "Logs",
  bundle: "Bundle",
  demo: "Demo",
  settings: "Settings",
  quit: "Quit",
  quitHint: "Ends every tunnel and the program (Ctrl+Q)",
  close: "Close",
  done: "Done",
  copied: "Copied",
  details: "Details",
};
