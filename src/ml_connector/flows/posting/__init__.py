"""What the flows that post share: what is booked already, of what, by whom, and whether all agrees."""
