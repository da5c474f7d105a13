"""Events → the state of one Stripe object: declared, decoded, ordered and folded. Pure."""
