"""What can happen in the world: each action changes objects and emits Stripe's events for it."""
