import { inventory } from "#modules/inventory";
import { defineModule } from "#runtime";
import { adjustStock } from "./handlers/adjust-stock.ts";
import { audit } from "./handlers/audit.ts";
import { availabilityOf } from "./handlers/availability-of.ts";
import { commitStock } from "./handlers/commit-stock.ts";
import { consumeStock } from "./handlers/consume-stock.ts";
import { expireHolds } from "./handlers/expire-holds.ts";
import { holdStock } from "./handlers/hold-stock.ts";
import { releaseStock } from "./handlers/release-stock.ts";
import { reservationOf } from "./handlers/reservation-of.ts";
import { restock } from "./handlers/restock.ts";
import { stockOf } from "./handlers/stock-of.ts";
import { stockUp } from "./handlers/stock-up.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import releasedRest from "./migrations/0001_released_rest.sql" with { type: "text" };
import * as schema from "./schema.ts";

export default defineModule({
  contract: inventory,
  handlers: {
    adjustStock,
    audit,
    availabilityOf,
    commitStock,
    consumeStock,
    expireHolds,
    holdStock,
    releaseStock,
    reservationOf,
    restock,
    stockOf,
    stockUp,
  },
  schema,
  migrations: [
    { name: "0000_initial", sql: initial },
    { name: "0001_released_rest", sql: releasedRest },
  ],
});
