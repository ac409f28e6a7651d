// What is asked before the program goes on without its window, or ends.

export const questions = {
  quitTitle: "Quit Culvert?",
  nothingBreaks: "No connection is open any more.",
  willBreak: "These connections will break:",
  quit: "Quit",
  keepRunning: "Keep running",
  closeTitle: "Culvert goes on without its window",
  staysConnected: "Tunnels that are connected stay connected.",
  byTray: "Its icon in the tray brings the window back, and quits.",
  bySecondStart: "This desktop shows no tray icons: start Culvert again to get the window back.",
  saidOnce: "This is said once.",
  quitInstead: "Quit instead",
  closeWindow: "Close the window",
};
