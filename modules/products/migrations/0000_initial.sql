CREATE TABLE `categories` (
	`position` integer PRIMARY KEY NOT NULL,
	`slug` text NOT NULL UNIQUE,
	`title` text NOT NULL,
	`parent` text REFERENCES `categories`(`slug`),
	`path` text NOT NULL CHECK (json_valid(`path`)),
	CHECK (`parent` IS NOT `slug`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `products` (
	`number` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL UNIQUE,
	`slug` text NOT NULL UNIQUE,
	`title` text NOT NULL,
	`name_key` text NOT NULL,
	`description` text NOT NULL,
	`synonyms` text NOT NULL CHECK (json_valid(`synonyms`)),
	`category` text NOT NULL REFERENCES `categories`(`slug`),
	`state` text NOT NULL CHECK (`state` IN ('draft', 'published', 'archived')),
	`version` integer NOT NULL CHECK (`version` > 0),
	`price_from` integer NOT NULL CHECK (`price_from` >= 0),
	`currency` text NOT NULL,
	`in_stock` integer NOT NULL CHECK (`in_stock` IN (0, 1)),
	`published_at_ms` integer NOT NULL,
	CHECK (`state` <> 'published' OR `currency` GLOB '[A-Z][A-Z][A-Z]')
) STRICT;
--> statement-breakpoint
CREATE INDEX `products_by_name` ON `products` (`state`, `name_key`);
--> statement-breakpoint
CREATE INDEX `products_by_price` ON `products` (`state`, `price_from`);
--> statement-breakpoint
CREATE INDEX `products_by_time` ON `products` (`state`, `published_at_ms`);
--> statement-breakpoint
CREATE TABLE `product_documents` (
	`number` integer PRIMARY KEY NOT NULL REFERENCES `products`(`number`),
	`document` text NOT NULL CHECK (json_valid(`document`))
) STRICT;
--> statement-breakpoint
CREATE TABLE `variants` (
	`number` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL UNIQUE,
	`sku` text NOT NULL UNIQUE,
	`product` integer NOT NULL REFERENCES `products`(`number`),
	`title` text NOT NULL,
	`options` text NOT NULL CHECK (json_valid(`options`)),
	`price` integer NOT NULL CHECK (`price` >= 0),
	`compare_at` integer CHECK (`compare_at` > `price`),
	`currency` text NOT NULL CHECK (`currency` GLOB '[A-Z][A-Z][A-Z]'),
	`weight_grams` integer NOT NULL CHECK (`weight_grams` >= 0),
	`tax_class` text NOT NULL CHECK (`tax_class` IN ('standard', 'reduced', 'zero')),
	`requires_shipping` integer NOT NULL CHECK (`requires_shipping` IN (0, 1)),
	`in_stock` integer NOT NULL CHECK (`in_stock` IN (0, 1))
) STRICT;
--> statement-breakpoint
CREATE INDEX `variants_by_product` ON `variants` (`product`);
--> statement-breakpoint
CREATE TABLE `former_prices` (
	`number` integer PRIMARY KEY NOT NULL,
	`variant` text NOT NULL,
	`price` integer NOT NULL,
	`compare_at` integer,
	`currency` text NOT NULL,
	`until_ms` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `product_categories` (
	`category` text NOT NULL,
	`product` integer NOT NULL,
	PRIMARY KEY (`category`, `product`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `product_categories_by_product` ON `product_categories` (`product`);
--> statement-breakpoint
CREATE TABLE `product_options` (
	`product` integer NOT NULL,
	`name` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY (`product`, `name`, `value`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE VIRTUAL TABLE `product_words` USING fts5(
	`title`, `synonyms`, `category`, `description`,
	content='', contentless_delete=1, prefix='2 3',
	tokenize='porter unicode61 remove_diacritics 2'
);
--> statement-breakpoint
CREATE TABLE `known_words` (
	`number` integer PRIMARY KEY NOT NULL,
	`word` text NOT NULL UNIQUE
) STRICT;
--> statement-breakpoint
CREATE VIRTUAL TABLE `word_trigrams` USING fts5(
	`word`, content='', contentless_delete=1, tokenize='trigram'
);
