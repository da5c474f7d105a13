"""The objects of a payment that several kinds read: PaymentIntent, Charge, Checkout Session."""

from __future__ import annotations

from projections.payments.objects.charge import CHARGE
from projections.payments.objects.checkout_session import CHECKOUT_SESSION
from projections.payments.objects.payment_intent import PAYMENT_INTENT

__all__ = ["CHARGE", "CHECKOUT_SESSION", "PAYMENT_INTENT"]
