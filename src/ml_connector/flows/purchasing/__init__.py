"""What flows of invoices, suppliers and payments share."""
