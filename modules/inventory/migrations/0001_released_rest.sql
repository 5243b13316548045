ALTER TABLE `reservation_line` ADD `released` integer DEFAULT 0 NOT NULL CHECK (`released` >= 0);
