// All that a module may import, as "#runtime". A short explicit list, pinned by a test.

export type { Call, CallOptions } from "./contract/call.ts";
export { parse } from "./contract/check.ts";
export type { Contract, InputOf, OutputOf, PayloadOf } from "./contract/contract.ts";
export { command, contract, event, isDeclared, query } from "./contract/contract.ts";
export { isDomainError, isTransportError } from "./contract/errors.ts";
export type { Identity, Role } from "./contract/identity.ts";
export { isStaff } from "./contract/identity.ts";
export { immutable } from "./contract/immutable.ts";
export type { Money } from "./contract/money.ts";
export { add, money, moneySchema, ratio, spread, subtract, times } from "./contract/money.ts";
export type { Static } from "./contract/schema.ts";
export { t } from "./contract/schema.ts";
export { emailAddress, line } from "./contract/text.ts";
export { reaction } from "./messaging/reaction.ts";
export type { Synchronous, Transaction } from "./messaging/transaction.ts";
export { defineModule } from "./module/define-module.ts";
export { handler } from "./module/handler.ts";
export type { World } from "./module/port.ts";
export { port } from "./module/port.ts";
export { declareUses } from "./module/uses.ts";
export { SagaRefusal, saga, waitUntil } from "./saga/saga.ts";
export type { Read, Write } from "./store/connection.ts";
export { commitsOf, reads, writes } from "./store/connection.ts";
export { keyFault, readOrCreateKey, writeDurably } from "./store/durable-file.ts";
