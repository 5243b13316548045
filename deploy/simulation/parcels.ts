import { shipping } from "#modules/shipping";
import type { Call, OutputOf } from "#runtime";
import type { Client, Invariant, Rows } from "#runtime/simulation";
import { unlessRefused } from "./refusals.ts";

type Staff = Call<typeof shipping>;
type Parcel = OutputOf<typeof shipping.shipmentsOf>[number];

/** How often staff looks for the parcel of an order that is confirmed, and how long between. */
const LOOKS_MAX = 60;
const LOOK_MS = 2_000;

/** An order that is sent, by which buyer's number, and whether in two parcels. */
interface Sending extends Pick<Client, "number" | "pause"> {
  readonly orderId: string;
  readonly inTwo: boolean;
}

/** Staff packs an order and sends it off: as it is, or one piece first and then the rest. */
export async function sendParcels(call: Staff, sending: Sending): Promise<void> {
  const { number, orderId, inTwo } = sending;
  const whole = await wholeParcel(call, sending);
  if (whole !== undefined && inTwo) await divide(call, sending, whole);
  const shipments = await call(shipping.shipmentsOf, { orderId });
  await Promise.all(
    shipments.map(async ({ shipmentId }, index) => {
      await call(shipping.packShipment, { shipmentId }).catch(unlessRefused);
      const parcel = { shipmentId, carrier: "post", trackingNumber: `T-${number}-${index}` };
      await call(shipping.shipShipment, parcel).catch(unlessRefused);
    }),
  );
}

/** Staff divides an order and sends the first piece off; resolves when that is decided. */
export async function sendFirstParcel(call: Staff, sending: Sending): Promise<void> {
  const { number, orderId } = sending;
  const whole = await wholeParcel(call, sending);
  if (whole === undefined) return;
  await divide(call, sending, whole);
  const parcels = await call(shipping.shipmentsOf, { orderId });
  const first = parcels.find(({ state }) => state === "pending");
  if (first === undefined) return;
  const { shipmentId } = first;
  await call(shipping.packShipment, { shipmentId }).catch(unlessRefused);
  const parcel = { shipmentId, carrier: "post", trackingNumber: `T-${number}-first` };
  await call(shipping.shipShipment, parcel).catch(unlessRefused);
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const { state } = await call(shipping.shipmentById, { shipmentId, waitMs: 10_000 });
    if (state !== "ship_requested") return;
    await sending.pause(LOOK_MS);
  }
}

/** Staff notes that so many parcels have arrived, of those that have left or are about to. */
export async function deliverParcels(call: Staff, orderId: string, arrived: number) {
  const shipments = await call(shipping.shipmentsOf, { orderId });
  const live = shipments.filter(({ state }) => state !== "cancelled");
  for (const { shipmentId } of live.slice(0, arrived)) {
    const { state } = await call(shipping.shipmentById, { shipmentId, waitMs: 10_000 });
    if (state === "shipped") await call(shipping.deliverShipment, { shipmentId });
  }
}

/** The parcel of all of it, which comes soon after it was confirmed unless it is cancelled. */
async function wholeParcel(call: Staff, { orderId, pause }: Sending): Promise<Parcel | undefined> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const [whole] = await call(shipping.shipmentsOf, { orderId });
    if (whole !== undefined) return whole;
    await pause(LOOK_MS);
  }
  return undefined;
}

async function divide(call: Staff, { number, orderId }: Sending, whole: Parcel): Promise<void> {
  await call(shipping.cancelShipment, { shipmentId: whole.shipmentId }).catch(unlessRefused);
  const lines = whole.lines.map(({ variantId }) => ({ variantId, quantity: 1 }));
  for (const parcel of [{ ref: `first-${number}`, lines }, { ref: `rest-${number}` }]) {
    await call(shipping.createShipment, { orderId, ...parcel }).catch(unlessRefused);
  }
}

/** What must hold of parcels, and of what customers hear of them. */
export const parcels: readonly Invariant[] = [
  {
    name: "nothing is sent of what was cancelled",
    check: async (_call, rows) => rows("shipping", sentOfCancelled),
  },
  {
    name: "each parcel that has left is noted once, and its customer hears of it",
    check: async (_call, rows) => [...unnoted(rows), ...unheardOf(rows)],
  },
  {
    name: "a cancellation is refused for what has left alone",
    check: async (_call, rows) => {
      const left = new Set(rows("shipping", ofWhichSomeLeft));
      return rows("orders", cancelledInVain)
        .filter((orderId) => !left.has(orderId))
        .map((orderId) => `${orderId} was not cancelled, and nothing of it has left`);
    },
  },
  {
    name: "an order whose money was all given back sends nothing more, and comes to its end",
    check: async (_call, rows) => {
      const yetToLeave = new Set(rows("shipping", ofWhichSomeIsToLeave));
      const onItsWay = new Set(rows("shipping", ofWhichSomeIsOnItsWay));
      return rows("orders", whollyRefunded).flatMap((orderId) => {
        const what = `${orderId} was wholly refunded`;
        if (yetToLeave.has(orderId)) return [`${what}, and has a parcel that is yet to leave`];
        return onItsWay.has(orderId) ? [] : [`${what}, and is not at its end`];
      });
    },
  },
  {
    name: "a parcel is held back for want of money alone",
    check: async (_call, rows) => rows("shipping", packedAgain),
  },
  {
    name: "an order is complete once all of it has arrived, and not before",
    check: async (_call, rows) => {
      const arrived = new Set(rows("shipping", whollyDelivered));
      const complete = new Set(rows("orders", completed));
      return [
        ...Array.from(
          arrived.difference(complete),
          (id) => `${id} has arrived, and is not complete`,
        ),
        ...Array.from(
          complete.difference(arrived),
          (id) => `${id} is complete, and has not arrived`,
        ),
      ];
    },
  },
];

/** Orders in whose timeline there are more or fewer parcels than have left. */
function unnoted(rows: Rows): string[] {
  const left = new Set(rows("shipping", leftOfOrder));
  const noted = new Set(rows("orders", notedOfOrder));
  return [
    ...Array.from(left.difference(noted), (some) => `of ${some} left, and not so many are noted`),
    ...Array.from(noted.difference(left), (some) => `of ${some} are noted, and not so many left`),
  ];
}

/** Parcels of which no mail tells how many are in it, and by which number it is followed. */
function unheardOf(rows: Rows): string[] {
  const told = rows("notifications", toldOfParcels);
  return rows("shipping", whatLeft).flatMap((row) => {
    const [shipmentId = "", number = "", pieces = ""] = row.split(" ");
    const words = [`  ${pieces} × `, `Tracking number: ${number}\n`];
    const tells = (mail: string) => words.every((one) => mail.includes(one));
    if (told.some((mail) => mail.startsWith(`${shipmentId} `) && tells(mail))) return [];
    return [`no mail tells of the parcel ${number}, which has left with ${pieces}`];
  });
}

const sentOfCancelled = `
  SELECT order_id || ' was cancelled and has a parcel that is ' || s.state
  FROM shipment s JOIN consignment c USING (order_id)
  WHERE c.state = 'cancelled' AND s.state <> 'cancelled'`;
const cancelledInVain = `
  SELECT DISTINCT order_id FROM orders, json_each(timeline)
  WHERE status IN ('confirmed', 'completed') AND json_extract(value, '$.what') = 'cancelling'`;
const ofWhichSomeLeft =
  "SELECT DISTINCT order_id FROM shipment WHERE state IN ('shipped', 'delivered')";
const whollyRefunded = `
  SELECT order_id FROM orders
  WHERE refunded >= total AND total > 0 AND status NOT IN ('cancelled', 'completed')`;
const ofWhichSomeIsToLeave = `
  SELECT DISTINCT order_id FROM shipment WHERE state IN ('pending', 'packed', 'ship_requested')`;
const ofWhichSomeIsOnItsWay = "SELECT DISTINCT order_id FROM shipment WHERE state = 'shipped'";
const leftOfOrder = `
  SELECT order_id || ' ' || count(*) || ' parcels' FROM shipment
  WHERE state IN ('shipped', 'delivered') GROUP BY order_id`;
const notedOfOrder = `
  SELECT order_id || ' ' || count(*) || ' parcels' FROM orders, json_each(timeline)
  WHERE json_extract(value, '$.what') = 'shipped' GROUP BY order_id`;
const whatLeft = `
  SELECT shipment_id || ' ' || tracking_number || ' ' || sum(quantity)
  FROM shipment JOIN shipment_line USING (shipment_id)
  WHERE state IN ('shipped', 'delivered') GROUP BY shipment_id`;
const toldOfParcels = `
  SELECT about || ' ' || text || char(10) FROM mails WHERE template = 'order-shipped'`;
const packedAgain = `
  SELECT shipment_id || ' is packed again, since ' || failure FROM shipment
  WHERE failure NOT LIKE 'CAPTURE!_%' ESCAPE '!'`;
const whollyDelivered = `
  SELECT c.order_id FROM consignment c
  WHERE c.state <> 'cancelled' AND (
      SELECT sum(quantity) FROM consignment_line WHERE order_id = c.order_id) = (
      SELECT sum(l.quantity) FROM shipment s JOIN shipment_line l USING (shipment_id)
      WHERE s.order_id = c.order_id AND s.state = 'delivered')`;
const completed = "SELECT order_id FROM orders WHERE status = 'completed'";
