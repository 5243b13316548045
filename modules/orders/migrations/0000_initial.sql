CREATE TABLE `carts` (
	`cart_id` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`state` text NOT NULL CHECK (`state` IN ('open', 'locked', 'ordered', 'merged', 'expired')),
	`owner` text,
	`email` text,
	`address` text,
	`lines` text NOT NULL,
	`shipping_option_id` text,
	`coupon_code` text,
	`order_id` text,
	`touched_at_ms` integer NOT NULL,
	CHECK (`state` NOT IN ('locked', 'ordered') OR `order_id` IS NOT NULL)
) STRICT;
--> statement-breakpoint
-- A customer has one cart that is not over.
CREATE UNIQUE INDEX `carts_live_of_owner` ON `carts` (`owner`)
	WHERE `owner` IS NOT NULL AND `state` IN ('open', 'locked');
--> statement-breakpoint
CREATE TABLE `orders` (
	`number` integer PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`cart_id` text NOT NULL,
	`status` text NOT NULL CHECK (`status` IN
		('pending', 'confirmed', 'rejected', 'cancelling', 'cancelled', 'completed')),
	`owner` text,
	`email` text NOT NULL,
	`total` integer NOT NULL CHECK (`total` BETWEEN 0 AND 1000000000000),
	`currency` text NOT NULL,
	`refunded` integer NOT NULL CHECK (`refunded` BETWEEN 0 AND `total`),
	`abandoned` integer NOT NULL CHECK (`abandoned` IN (0, 1)),
	`delivered` integer NOT NULL CHECK (`delivered` IN (0, 1)),
	`placed_at_ms` integer NOT NULL,
	`rejection` text CHECK ((`rejection` IS NOT NULL) = (`status` = 'rejected')),
	`timeline` text NOT NULL,
	`snapshot` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `orders_order_id_unique` ON `orders` (`order_id`);
--> statement-breakpoint
-- O1: a cart has at most one live order.
CREATE UNIQUE INDEX `orders_live_of_cart` ON `orders` (`cart_id`) WHERE `status` <> 'rejected';
--> statement-breakpoint
CREATE INDEX `orders_of_owner` ON `orders` (`owner`, `number`) WHERE `owner` IS NOT NULL;
--> statement-breakpoint
-- Small at all times: the orders that a saga still works on.
CREATE INDEX `orders_under_way` ON `orders` (`placed_at_ms`)
	WHERE `status` IN ('pending', 'cancelling');
--> statement-breakpoint
CREATE TABLE `refunds` (
	`refund_id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`amount` integer NOT NULL CHECK (`amount` BETWEEN 1 AND 1000000000000),
	`currency` text NOT NULL,
	`reason` text NOT NULL,
	`state` text NOT NULL CHECK (`state` IN ('requested', 'succeeded', 'failed')),
	`requested_at_ms` integer NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `refunds_of_order` ON `refunds` (`order_id`);
--> statement-breakpoint
CREATE TABLE `coupons` (
	`code` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL CHECK (`kind` IN ('percent', 'fixed', 'free_shipping')),
	`value` integer NOT NULL CHECK (`value` >= 0),
	`minimum_subtotal` integer,
	`starts_at_ms` integer,
	`ends_at_ms` integer,
	`uses_max` integer,
	`uses_per_customer_max` integer,
	`uses` integer NOT NULL CHECK (`uses` >= 0),
	-- C1: never held or used more often than it may be.
	CHECK (`uses_max` IS NULL OR `uses` <= `uses_max`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `redemptions` (
	`order_id` text PRIMARY KEY NOT NULL,
	`code` text NOT NULL REFERENCES `coupons` (`code`),
	`customer` text NOT NULL,
	`state` text NOT NULL CHECK (`state` IN ('held', 'used', 'released'))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `redemptions_of_customer` ON `redemptions` (`code`, `customer`);
--> statement-breakpoint
CREATE TABLE `tax_rates` (
	`country` text NOT NULL,
	`tax_class` text NOT NULL CHECK (`tax_class` IN ('standard', 'reduced', 'zero')),
	`basis_points` integer NOT NULL CHECK (`basis_points` BETWEEN 0 AND 10000),
	PRIMARY KEY (`country`, `tax_class`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- Rates that are not here are 0: the class "zero", and exports.
INSERT INTO `tax_rates` (`country`, `tax_class`, `basis_points`) VALUES
	('AT', 'standard', 2000), ('AT', 'reduced', 1000),
	('BE', 'standard', 2100), ('BE', 'reduced', 600),
	('BG', 'standard', 2000), ('BG', 'reduced', 900),
	('CY', 'standard', 1900), ('CY', 'reduced', 500),
	('CZ', 'standard', 2100), ('CZ', 'reduced', 1200),
	('DE', 'standard', 1900), ('DE', 'reduced', 700),
	('DK', 'standard', 2500), ('DK', 'reduced', 2500),
	('EE', 'standard', 2400), ('EE', 'reduced', 900),
	('ES', 'standard', 2100), ('ES', 'reduced', 1000),
	('FI', 'standard', 2550), ('FI', 'reduced', 1350),
	('FR', 'standard', 2000), ('FR', 'reduced', 550),
	('GR', 'standard', 2400), ('GR', 'reduced', 1300),
	('HR', 'standard', 2500), ('HR', 'reduced', 1300),
	('HU', 'standard', 2700), ('HU', 'reduced', 500),
	('IE', 'standard', 2300), ('IE', 'reduced', 1350),
	('IT', 'standard', 2200), ('IT', 'reduced', 1000),
	('LT', 'standard', 2100), ('LT', 'reduced', 1200),
	('LU', 'standard', 1700), ('LU', 'reduced', 800),
	('LV', 'standard', 2100), ('LV', 'reduced', 1200),
	('MT', 'standard', 1800), ('MT', 'reduced', 500),
	('NL', 'standard', 2100), ('NL', 'reduced', 900),
	('PL', 'standard', 2300), ('PL', 'reduced', 800),
	('PT', 'standard', 2300), ('PT', 'reduced', 600),
	('RO', 'standard', 2100), ('RO', 'reduced', 1100),
	('SE', 'standard', 2500), ('SE', 'reduced', 1200),
	('SI', 'standard', 2200), ('SI', 'reduced', 950),
	('SK', 'standard', 2300), ('SK', 'reduced', 500);
