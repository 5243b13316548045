CREATE TABLE `area` (
	`country` text NOT NULL CHECK (`country` GLOB '[A-Z][A-Z]'),
	`postcode_prefix` text NOT NULL,
	`zone_id` text NOT NULL,
	PRIMARY KEY(`country`, `postcode_prefix`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `method` (
	`option_id` text PRIMARY KEY NOT NULL,
	`zone_id` text NOT NULL,
	`label` text NOT NULL,
	`currency` text NOT NULL CHECK (`currency` GLOB '[A-Z][A-Z][A-Z]'),
	`free_from` integer CHECK (`free_from` >= 0),
	`days_min` integer NOT NULL CHECK (`days_min` >= 0),
	`days_max` integer NOT NULL,
	CHECK (`days_min` <= `days_max`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `method_zone` ON `method` (`zone_id`);
--> statement-breakpoint
CREATE TABLE `tier` (
	`option_id` text NOT NULL REFERENCES `method` (`option_id`),
	`weight_grams_max` integer NOT NULL CHECK (`weight_grams_max` > 0),
	`amount` integer NOT NULL CHECK (`amount` BETWEEN 0 AND 1000000000000),
	PRIMARY KEY(`option_id`, `weight_grams_max`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `consignment` (
	`order_id` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL CHECK (`state` IN ('open', 'cancelled')),
	`option_id` text,
	`address` text,
	`cancel_reason` text,
	`at_ms` integer NOT NULL,
	CHECK ((`state` = 'cancelled') = (`cancel_reason` IS NOT NULL)),
	CHECK (`state` = 'cancelled' OR (`option_id` IS NOT NULL AND `address` IS NOT NULL))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `consignment_line` (
	`order_id` text NOT NULL,
	`variant_id` text NOT NULL,
	`quantity` integer NOT NULL CHECK (`quantity` > 0),
	PRIMARY KEY(`order_id`, `variant_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `shipment` (
	`shipment_id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`ref` text,
	`state` text NOT NULL CHECK (`state` IN
		('pending', 'packed', 'ship_requested', 'shipped', 'delivered', 'cancelled')),
	`carrier` text,
	`tracking_number` text,
	`failure` text,
	`dispatches` integer NOT NULL CHECK (`dispatches` >= 0),
	CHECK (`state` NOT IN ('ship_requested', 'shipped', 'delivered')
		OR (`carrier` IS NOT NULL AND `tracking_number` IS NOT NULL AND `dispatches` > 0))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `shipment_order` ON `shipment` (`order_id`, coalesce(`ref`, ''));
--> statement-breakpoint
CREATE TABLE `shipment_line` (
	`shipment_id` text NOT NULL,
	`variant_id` text NOT NULL,
	`quantity` integer NOT NULL CHECK (`quantity` > 0),
	PRIMARY KEY(`shipment_id`, `variant_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- Zones: Germany, the rest of the European Union, and the rest of the world. A country that is not listed is not
-- served. Places outside of the customs union (Canary Islands, Ceuta, Melilla, Livigno, Athos)
-- go with the world.
INSERT INTO `area` VALUES
	('DE', '', 'domestic'),
	('AT', '', 'eu'), ('BE', '', 'eu'), ('BG', '', 'eu'), ('HR', '', 'eu'), ('CY', '', 'eu'),
	('CZ', '', 'eu'), ('DK', '', 'eu'), ('EE', '', 'eu'), ('FI', '', 'eu'), ('FR', '', 'eu'),
	('GR', '', 'eu'), ('HU', '', 'eu'), ('IE', '', 'eu'), ('IT', '', 'eu'), ('LV', '', 'eu'),
	('LT', '', 'eu'), ('LU', '', 'eu'), ('MT', '', 'eu'), ('NL', '', 'eu'), ('PL', '', 'eu'),
	('PT', '', 'eu'), ('RO', '', 'eu'), ('SK', '', 'eu'), ('SI', '', 'eu'), ('ES', '', 'eu'),
	('SE', '', 'eu'),
	('AD', '', 'world'), ('AE', '', 'world'), ('AG', '', 'world'), ('AI', '', 'world'),
	('AL', '', 'world'), ('AM', '', 'world'), ('AO', '', 'world'), ('AR', '', 'world'),
	('AS', '', 'world'), ('AU', '', 'world'), ('AW', '', 'world'), ('AX', '', 'world'),
	('AZ', '', 'world'), ('BA', '', 'world'), ('BB', '', 'world'), ('BD', '', 'world'),
	('BF', '', 'world'), ('BH', '', 'world'), ('BI', '', 'world'), ('BJ', '', 'world'),
	('BL', '', 'world'), ('BM', '', 'world'), ('BN', '', 'world'), ('BO', '', 'world'),
	('BQ', '', 'world'), ('BR', '', 'world'), ('BS', '', 'world'), ('BT', '', 'world'),
	('BW', '', 'world'), ('BZ', '', 'world'), ('CA', '', 'world'), ('CC', '', 'world'),
	('CD', '', 'world'), ('CF', '', 'world'), ('CG', '', 'world'), ('CH', '', 'world'),
	('CI', '', 'world'), ('CK', '', 'world'), ('CL', '', 'world'), ('CM', '', 'world'),
	('CN', '', 'world'), ('CO', '', 'world'), ('CR', '', 'world'), ('CV', '', 'world'),
	('CW', '', 'world'), ('CX', '', 'world'), ('DJ', '', 'world'), ('DM', '', 'world'),
	('DO', '', 'world'), ('DZ', '', 'world'), ('EC', '', 'world'), ('EG', '', 'world'),
	('ER', '', 'world'), ('ET', '', 'world'), ('FJ', '', 'world'), ('FK', '', 'world'),
	('FM', '', 'world'), ('FO', '', 'world'), ('GA', '', 'world'), ('GB', '', 'world'),
	('GD', '', 'world'), ('GE', '', 'world'), ('GF', '', 'world'), ('GG', '', 'world'),
	('GH', '', 'world'), ('GI', '', 'world'), ('GL', '', 'world'), ('GM', '', 'world'),
	('GN', '', 'world'), ('GP', '', 'world'), ('GQ', '', 'world'), ('GT', '', 'world'),
	('GU', '', 'world'), ('GW', '', 'world'), ('GY', '', 'world'), ('HK', '', 'world'),
	('HN', '', 'world'), ('HT', '', 'world'), ('ID', '', 'world'), ('IL', '', 'world'),
	('IM', '', 'world'), ('IN', '', 'world'), ('IQ', '', 'world'), ('IS', '', 'world'),
	('JE', '', 'world'), ('JM', '', 'world'), ('JO', '', 'world'), ('JP', '', 'world'),
	('KE', '', 'world'), ('KG', '', 'world'), ('KH', '', 'world'), ('KI', '', 'world'),
	('KM', '', 'world'), ('KN', '', 'world'), ('KR', '', 'world'), ('KW', '', 'world'),
	('KY', '', 'world'), ('KZ', '', 'world'), ('LA', '', 'world'), ('LB', '', 'world'),
	('LC', '', 'world'), ('LI', '', 'world'), ('LK', '', 'world'), ('LR', '', 'world'),
	('LS', '', 'world'), ('MA', '', 'world'), ('MC', '', 'world'), ('MD', '', 'world'),
	('ME', '', 'world'), ('MF', '', 'world'), ('MG', '', 'world'), ('MH', '', 'world'),
	('MK', '', 'world'), ('ML', '', 'world'), ('MN', '', 'world'), ('MO', '', 'world'),
	('MP', '', 'world'), ('MQ', '', 'world'), ('MR', '', 'world'), ('MS', '', 'world'),
	('MU', '', 'world'), ('MV', '', 'world'), ('MW', '', 'world'), ('MX', '', 'world'),
	('MY', '', 'world'), ('MZ', '', 'world'), ('NA', '', 'world'), ('NC', '', 'world'),
	('NE', '', 'world'), ('NF', '', 'world'), ('NG', '', 'world'), ('NI', '', 'world'),
	('NO', '', 'world'), ('NP', '', 'world'), ('NR', '', 'world'), ('NU', '', 'world'),
	('NZ', '', 'world'), ('OM', '', 'world'), ('PA', '', 'world'), ('PE', '', 'world'),
	('PF', '', 'world'), ('PG', '', 'world'), ('PH', '', 'world'), ('PK', '', 'world'),
	('PM', '', 'world'), ('PN', '', 'world'), ('PR', '', 'world'), ('PS', '', 'world'),
	('PW', '', 'world'), ('PY', '', 'world'), ('QA', '', 'world'), ('RE', '', 'world'),
	('RS', '', 'world'), ('RW', '', 'world'), ('SA', '', 'world'), ('SB', '', 'world'),
	('SC', '', 'world'), ('SG', '', 'world'), ('SH', '', 'world'), ('SJ', '', 'world'),
	('SM', '', 'world'), ('SN', '', 'world'), ('SR', '', 'world'), ('ST', '', 'world'),
	('SV', '', 'world'), ('SX', '', 'world'), ('SZ', '', 'world'), ('TC', '', 'world'),
	('TD', '', 'world'), ('TG', '', 'world'), ('TH', '', 'world'), ('TJ', '', 'world'),
	('TK', '', 'world'), ('TL', '', 'world'), ('TM', '', 'world'), ('TN', '', 'world'),
	('TO', '', 'world'), ('TR', '', 'world'), ('TT', '', 'world'), ('TV', '', 'world'),
	('TW', '', 'world'), ('TZ', '', 'world'), ('UA', '', 'world'), ('UG', '', 'world'),
	('US', '', 'world'), ('UY', '', 'world'), ('UZ', '', 'world'), ('VA', '', 'world'),
	('VC', '', 'world'), ('VE', '', 'world'), ('VG', '', 'world'), ('VI', '', 'world'),
	('VN', '', 'world'), ('VU', '', 'world'), ('WF', '', 'world'), ('WS', '', 'world'),
	('YT', '', 'world'), ('ZA', '', 'world'), ('ZM', '', 'world'), ('ZW', '', 'world'),
	('ES', '35', 'world'), ('ES', '38', 'world'), ('ES', '51', 'world'), ('ES', '52', 'world'),
	('IT', '23041', 'world'), ('GR', '63086', 'world');
--> statement-breakpoint
INSERT INTO `method` VALUES
	('de-pickup', 'domestic', 'Pick-up in the shop', 'EUR', NULL, 0, 1),
	('de-standard', 'domestic', 'Standard', 'EUR', 10000, 2, 3),
	('de-express', 'domestic', 'Express', 'EUR', NULL, 1, 1),
	('eu-standard', 'eu', 'Standard', 'EUR', 10000, 3, 6),
	('eu-express', 'eu', 'Express', 'EUR', NULL, 1, 2),
	('world-standard', 'world', 'Standard', 'EUR', 10000, 7, 21),
	('world-express', 'world', 'Express', 'EUR', NULL, 2, 5);
--> statement-breakpoint
INSERT INTO `tier` VALUES
	('de-pickup', 1000000000, 0),
	('de-standard', 2000, 490), ('de-standard', 5000, 590), ('de-standard', 10000, 890), ('de-standard', 31500, 1690), ('de-standard', 100000, 4900),
	('de-express', 2000, 1190), ('de-express', 10000, 1690), ('de-express', 31500, 2990),
	('eu-standard', 2000, 1190), ('eu-standard', 5000, 1490), ('eu-standard', 10000, 1990), ('eu-standard', 31500, 3290), ('eu-standard', 100000, 8900),
	('eu-express', 2000, 2490), ('eu-express', 10000, 3990), ('eu-express', 31500, 6990),
	('world-standard', 2000, 1990), ('world-standard', 5000, 2990), ('world-standard', 10000, 4990), ('world-standard', 31500, 8990),
	('world-express', 2000, 4490), ('world-express', 10000, 7990), ('world-express', 31500, 15990);
