// What goes wrong in the window itself. Sentences about tunnels come from the engine.

export const problems = {
  unreachable: "The window could not reach the rest of the program.",
  unreachableRemedy: "Close Culvert and open it again.",
};
