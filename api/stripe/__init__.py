"""Asking Stripe, beside the way in and the folds: its endpoints, and what never arrived."""
