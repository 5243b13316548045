CREATE TABLE `payments` (
	`payment_id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`attempt` integer NOT NULL CHECK (`attempt` >= 1),
	`currency` text NOT NULL,
	`total` integer NOT NULL,
	`state` text NOT NULL CHECK (`state` IN ('created', 'authorising', 'authorised',
		'action_required', 'declined', 'unknown', 'capturing', 'captured', 'voiding', 'voided',
		'expired')),
	`authorised` integer NOT NULL,
	`captured` integer NOT NULL,
	`refunded` integer NOT NULL,
	`pending_refunds` integer NOT NULL,
	`action_url` text,
	`decline_code` text,
	`reference` text,
	`reversed` integer NOT NULL CHECK (`reversed` IN (0, 1)),
	`created_at_ms` integer NOT NULL,
	UNIQUE (`order_id`, `attempt`),
	-- P3: never more given back than taken, never more taken than held, never more held than asked.
	CHECK (`refunded` >= 0 AND `pending_refunds` >= 0),
	CHECK (`refunded` + `pending_refunds` <= `captured`),
	CHECK (`captured` <= `authorised` AND `authorised` <= `total`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- P1: an order has at most one payment that holds, or may hold, money.
CREATE UNIQUE INDEX `payments_live_of_order` ON `payments` (`order_id`)
	WHERE `state` NOT IN ('declined', 'voided', 'expired');
--> statement-breakpoint
CREATE TABLE `operations` (
	`operation_id` text PRIMARY KEY NOT NULL,
	`payment_id` text NOT NULL REFERENCES `payments` (`payment_id`),
	`kind` text NOT NULL CHECK (`kind` IN ('authorise', 'capture', 'void', 'refund')),
	`n` integer NOT NULL CHECK (`n` >= 1),
	`amount` integer NOT NULL CHECK (`amount` >= 0),
	`state` text NOT NULL
		CHECK (`state` IN ('sent', 'unknown', 'pending', 'succeeded', 'failed')),
	`cause` text NOT NULL CHECK (`cause` IN ('request', 'reversal')),
	`refund_id` text,
	`token` text,
	`sent_at_ms` integer NOT NULL,
	-- P2: one operation of the provider for one of ours.
	UNIQUE (`payment_id`, `kind`, `n`),
	-- A card token is kept only while the operation may have to be sent again.
	CHECK (`token` IS NULL OR `state` IN ('sent', 'unknown'))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `operations_refund` ON `operations` (`payment_id`, `refund_id`)
	WHERE `refund_id` IS NOT NULL;
--> statement-breakpoint
CREATE TRIGGER `operations_kept` BEFORE DELETE ON `operations`
BEGIN SELECT RAISE(ABORT, 'operations are never deleted: their keys stand for ever'); END;
--> statement-breakpoint
CREATE TABLE `entries` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`payment_id` text NOT NULL REFERENCES `payments` (`payment_id`),
	`kind` text NOT NULL CHECK (`kind` IN ('action_required', 'authorised', 'declined', 'voided',
		'expired', 'captured', 'capture_failed', 'refund_pending', 'refunded', 'refund_failed')),
	`amount` integer NOT NULL CHECK (`amount` >= 0),
	`provider_ref` text NOT NULL,
	`operation_id` text,
	`detail` text,
	`at_ms` integer NOT NULL,
	UNIQUE (`payment_id`, `kind`, `provider_ref`)
) STRICT;
--> statement-breakpoint
CREATE TRIGGER `entries_kept` BEFORE DELETE ON `entries`
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: record another fact'); END;
--> statement-breakpoint
CREATE TRIGGER `entries_fixed` BEFORE UPDATE ON `entries`
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: record another fact'); END;
--> statement-breakpoint
CREATE TABLE `reversals` (
	`order_id` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`at_ms` integer NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `provider_events` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`provider` text NOT NULL,
	`event_id` text NOT NULL,
	`payment_id` text,
	`state` text NOT NULL CHECK (`state` IN ('stored', 'folded', 'parked')),
	`body` text NOT NULL,
	`at_ms` integer NOT NULL,
	-- W3: an event of a provider is taken in once.
	UNIQUE (`provider`, `event_id`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `provider_events_age` ON `provider_events` (`at_ms`);
