CREATE TABLE `mails` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`template` text NOT NULL,
	`about` text NOT NULL,
	`recipient` text COLLATE NOCASE NOT NULL,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`link_path` text CHECK (`link_path` GLOB '/*'),
	`state` text NOT NULL CHECK (`state` IN ('queued', 'sent', 'dead')),
	`attempts` integer NOT NULL CHECK (`attempts` >= 0),
	`created_at_ms` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `mails_id_unique` ON `mails` (`id`);
--> statement-breakpoint
CREATE UNIQUE INDEX `mails_once` ON `mails` (`template`, `about`, `recipient`);
--> statement-breakpoint
CREATE INDEX `mails_to` ON `mails` (`recipient`, `position`);
