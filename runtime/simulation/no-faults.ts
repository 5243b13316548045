import type { FaultRates } from "./faults.ts";

/** Nothing ever goes wrong. */
export const noFaults: FaultRates = {
  kill: 0,
  "kill-any": 0,
  pause: 0,
  version: 0,
  topology: 0,
  "message-late": 0,
  "message-lost": 0,
  "message-doubled": 0,
  "reply-lost": 0,
  "asked-again": 0,
  disconnect: 0,
  partition: 0,
  "broker-restart": 0,
  "broker-loss": 0,
  "stream-wiped": 0,
  "stream-rewound": 0,
  "disk-full": 0,
  "disk-busy": 0,
  "disk-slow": 0,
  "commit-unknown": 0,
  "clock-jump": 0,
  "outside-lost": 0,
  "outside-late": 0,
  "outside-unanswered": 0,
};
