"""What can happen in the world, each move with the events that Stripe sends for it."""
