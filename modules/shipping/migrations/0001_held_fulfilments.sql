ALTER TABLE `consignment` ADD `held_at_ms` integer;
