import { shipping } from "#modules/shipping";
import { defineModule } from "#runtime";
import { audit } from "./handlers/audit.ts";
import { cancelFulfilment } from "./handlers/cancel-fulfilment.ts";
import { cancelShipment } from "./handlers/cancel-shipment.ts";
import { createShipment } from "./handlers/create-shipment.ts";
import { deliverShipment } from "./handlers/deliver-shipment.ts";
import { openFulfilment } from "./handlers/open-fulfilment.ts";
import { packShipment } from "./handlers/pack-shipment.ts";
import { quote } from "./handlers/quote.ts";
import { shipShipment } from "./handlers/ship-shipment.ts";
import { shipmentById } from "./handlers/shipment-by-id.ts";
import { shipmentsOf } from "./handlers/shipments-of.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import heldFulfilments from "./migrations/0001_held_fulfilments.sql" with { type: "text" };
import { onCaptureFailed } from "./reactions/on-capture-failed.ts";
import { onPaymentCaptured } from "./reactions/on-payment-captured.ts";
import { dispatch } from "./sagas/dispatch.ts";
import * as schema from "./schema.ts";
import { uses } from "./uses.ts";

export default defineModule({
  contract: shipping,
  uses,
  handlers: {
    audit,
    cancelFulfilment,
    cancelShipment,
    createShipment,
    deliverShipment,
    openFulfilment,
    packShipment,
    quote,
    shipShipment,
    shipmentById,
    shipmentsOf,
  },
  reactions: [onPaymentCaptured, onCaptureFailed],
  sagas: [dispatch],
  schema,
  migrations: [
    { name: "0000_initial", sql: initial },
    { name: "0001_held_fulfilments", sql: heldFulfilments },
  ],
});
