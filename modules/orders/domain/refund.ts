export const refundStates = ["requested", "succeeded", "failed"] as const;
export type RefundState = (typeof refundStates)[number];

/**
 * The moves of a refund. A failure is what we believed, a success is what the provider said: so a
 * refund that was given up can still turn out to have succeeded, and never the other way round.
 */
export const refundMoves: { readonly [From in RefundState]: readonly RefundState[] } = {
  requested: ["succeeded", "failed"],
  failed: ["succeeded"],
  succeeded: [],
};
