ALTER TABLE `mails` ADD `order_id` text;
--> statement-breakpoint
UPDATE `mails` SET
	`order_id` = substr(`link_path`, 12, instr(`link_path`, '?') - 12),
	`link_path` = substr(`link_path`, 1, instr(`link_path`, '?') - 1)
WHERE `link_path` GLOB '/v1/orders/*?orderToken=*';
--> statement-breakpoint
UPDATE `cleave_dead_letter` SET `payload` = json_remove(`payload`, '$.orderToken')
WHERE `name` = 'orders.orderConfirmed' AND json_valid(`payload`);
