-- Tokens of orders are in no row any more, and card tokens go when the payment is authorised.
UPDATE `cleave_outbox` SET `payload` = json_remove(`payload`, '$.orderToken')
WHERE `event` = 'orderConfirmed' AND json_valid(`payload`);
--> statement-breakpoint
UPDATE `cleave_answer` SET `answer` = json_remove(`answer`, '$.orderToken')
WHERE `procedure` = 'startCheckout' AND json_valid(`answer`);
--> statement-breakpoint
UPDATE `cleave_saga` SET `input` = json_remove(`input`, '$.orderToken')
WHERE `name` = 'orders.place-order';
--> statement-breakpoint
-- The step 3 is the pivot.
UPDATE `cleave_saga` SET `input` = json_remove(`input`, '$.paymentToken')
WHERE `name` = 'orders.place-order'
  AND (`state` IN ('compensating', 'completed', 'compensated') OR `failure` IS NOT NULL OR `step` > 3);
