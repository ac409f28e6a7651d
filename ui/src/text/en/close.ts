// How a WebSocket ended.

/** What the close codes of RFC 6455, section 7.4.1, mean when this gateway sends them. */
const meanings: Readonly<Record<number, string>> = {
  1000: "the gateway's regular close",
  1001: "the gateway went away",
  1002: "a protocol error",
  1003: "data that the gateway doesn't accept",
  1006: "broke without a close",
  1007: "malformed data",
  1008: "refused by policy",
  1009: "a message too big",
  1011: "an error in the gateway",
  1012: "the gateway restarts",
  1013: "the gateway is overloaded",
};

export const close = {
  meanings,
  ownCode: "a code of the gateway's own",
  broke: "the connection broke",
};
