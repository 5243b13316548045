CREATE TABLE `level` (
	`variant_id` text NOT NULL,
	`location_id` text NOT NULL,
	`on_hand` integer NOT NULL,
	`held` integer NOT NULL,
	`committed` integer NOT NULL,
	PRIMARY KEY(`variant_id`, `location_id`),
	CHECK (`on_hand` >= 0 AND `held` >= 0 AND `committed` >= 0),
	CHECK (`held` + `committed` <= `on_hand`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `ledger` (
	`entry_id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`variant_id` text NOT NULL,
	`location_id` text NOT NULL,
	`source` text NOT NULL CHECK (`source` IN ('opening', 'adjustment', 'shipment', 'restock')),
	`ref` text NOT NULL,
	`delta` integer NOT NULL,
	`reason` text NOT NULL,
	`at_ms` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_ref` ON `ledger` (`source`, `ref`, `variant_id`, `location_id`);
--> statement-breakpoint
CREATE INDEX `ledger_variant` ON `ledger` (`variant_id`);
--> statement-breakpoint
CREATE TRIGGER `ledger_no_update` BEFORE UPDATE ON `ledger`
BEGIN SELECT RAISE(ABORT, 'The ledger is append-only: write a correcting entry instead.'); END;
--> statement-breakpoint
CREATE TRIGGER `ledger_no_delete` BEFORE DELETE ON `ledger`
BEGIN SELECT RAISE(ABORT, 'The ledger is append-only: write a correcting entry instead.'); END;
--> statement-breakpoint
CREATE TABLE `reservation` (
	`order_id` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL
		CHECK (`state` IN ('held', 'committed', 'consumed', 'released', 'expired')),
	`until_ms` integer NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `reservation_due` ON `reservation` (`until_ms`) WHERE `state` = 'held';
--> statement-breakpoint
CREATE TABLE `reservation_line` (
	`order_id` text NOT NULL,
	`variant_id` text NOT NULL,
	`location_id` text NOT NULL,
	`quantity` integer NOT NULL,
	`open` integer NOT NULL,
	PRIMARY KEY(`order_id`, `variant_id`, `location_id`),
	CHECK (`quantity` > 0 AND `open` BETWEEN 0 AND `quantity`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `reservation_line_open` ON `reservation_line` (`variant_id`) WHERE `open` > 0;
--> statement-breakpoint
CREATE TABLE `consumption` (
	`shipment_id` text NOT NULL,
	`variant_id` text NOT NULL,
	`location_id` text NOT NULL,
	`order_id` text NOT NULL,
	`quantity` integer NOT NULL CHECK (`quantity` > 0),
	PRIMARY KEY(`shipment_id`, `variant_id`, `location_id`)
) STRICT, WITHOUT ROWID;
