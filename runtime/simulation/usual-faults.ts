import type { FaultRates } from "./faults.ts";

/** How often each fault happens unless a scenario says otherwise. */
export const usualFaults: FaultRates = {
  kill: 0.002,
  "kill-any": 0.002,
  pause: 0.002,
  version: 0.005,
  topology: 0.003,
  "message-late": 0.002,
  "message-lost": 0.002,
  "message-doubled": 0.002,
  "reply-lost": 0.003,
  "asked-again": 0.02,
  disconnect: 0.0005,
  partition: 0.0005,
  "broker-restart": 0.002,
  "broker-loss": 0.5,
  "stream-wiped": 0.001,
  "stream-rewound": 0.001,
  "disk-full": 0.002,
  "disk-busy": 0.002,
  "disk-slow": 0.002,
  "commit-unknown": 0.002,
  "clock-jump": 0.0005,
  "outside-lost": 0.02,
  "outside-late": 0.01,
  "outside-unanswered": 0.02,
};
