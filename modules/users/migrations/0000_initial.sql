CREATE TABLE `accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL CHECK (`email` = lower(trim(`email`))),
	`name` text NOT NULL,
	`role` text NOT NULL CHECK (`role` IN ('customer', 'staff', 'admin')),
	`password_hash` text NOT NULL CHECK (`password_hash` GLOB '$argon2id$*'),
	`registrations` integer NOT NULL CHECK (`registrations` >= 1),
	`created_at_ms` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_email_unique` ON `accounts` (`email`);
--> statement-breakpoint
CREATE TABLE `login_failures` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`address` text NOT NULL,
	`count` integer NOT NULL CHECK (`count` >= 1),
	`last_failed_at_ms` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `login_failures_address_unique` ON `login_failures` (`address`);
--> statement-breakpoint
CREATE TABLE `refresh_tokens` (
	`fingerprint` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`used_at_ms` integer
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `refresh_tokens_session` ON `refresh_tokens` (`session_id`);
--> statement-breakpoint
CREATE UNIQUE INDEX `refresh_tokens_one_unused` ON `refresh_tokens` (`session_id`) WHERE `used_at_ms` IS NULL;
--> statement-breakpoint
CREATE TABLE `secrets` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`opened_at_ms` integer NOT NULL,
	`ends_at_ms` integer NOT NULL CHECK (`ends_at_ms` >= `opened_at_ms`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user_id`, `opened_at_ms`);
--> statement-breakpoint
CREATE INDEX `sessions_end` ON `sessions` (`ends_at_ms`);
--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`kid` text PRIMARY KEY NOT NULL,
	`x` text NOT NULL,
	`d` text NOT NULL,
	`made_at_ms` integer NOT NULL
) STRICT;
