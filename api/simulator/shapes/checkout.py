"""The JSON of a Checkout Session, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json, customer_keys
from api.simulator.versions import ApiVersion
from api.simulator.world import Session


def session(session: Session, api: ApiVersion, livemode: bool, *, has_status: bool) -> Json:
    """Return a Checkout Session; the oldest versions have neither `status` nor `created`."""
    customer = session.customer
    shape: Json = {
        "id": session.id,
        "object": "checkout.session",
        "billing_address_collection": None,
        "cancel_url": "https://shop.example.com/basket",
        "client_reference_id": session.client_reference_id,
        **customer_keys(customer, api),
        "customer_email": None,
        "livemode": livemode,
        "locale": "auto",
        "metadata": dict(session.metadata),
        "mode": session.mode,
        "payment_intent": session.intent.id if session.intent else None,
        "payment_method_types": list(session.method_types),
        "setup_intent": None,
        "shipping": None,
        "shipping_address_collection": {"allowed_countries": ["IE", "SE", "FR", "US"]},
        "submit_type": None,
        "subscription": session.subscription,
        "success_url": "https://shop.example.com/thanks?session={CHECKOUT_SESSION_ID}",
    }
    if api.session_total or has_status:
        shape["amount_subtotal"] = session.amount_subtotal
        shape["amount_total"] = session.amount
        shape["currency"] = session.currency
        shape["total_details"] = {
            "amount_discount": session.amount_discount,
            "amount_shipping": session.amount_shipping,
            "amount_tax": session.amount_tax,
        }
    if api.session_status or has_status:
        shape.update(_since_status(session))
    if api.lists_charges:
        return shape
    shape.update(invoice=session.invoice, invoice_creation={"enabled": False}, custom_fields=[])
    if api.parent:
        del shape["shipping"]
        shape["adaptive_pricing"] = {"enabled": False}
        shape["collected_information"] = {"shipping_details": None}
        shape["discounts"] = []
        shape["ui_mode"] = "hosted_page" if api.ui_mode_page else "hosted"
    return shape


def _since_status(session: Session) -> Json:
    customer = session.customer
    details: Json = {
        "address": dict(customer.address) if customer else None,
        "email": customer.email if customer else None,
        "name": customer.name if customer else None,
        "phone": customer.phone if customer else None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    return {
        "created": session.created,
        "expires_at": session.created + 86_400,
        "status": session.status,
        "payment_status": session.payment_status,
        "customer_details": details if session.status == "complete" else None,
        "after_expiration": None,
        "allow_promotion_codes": False,
        "automatic_tax": {"enabled": False, "status": None},
        "consent": None,
        "consent_collection": None,
        "customer_creation": "if_required",
        "payment_link": session.payment_link,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "shipping_options": [],
        "url": f"https://checkout.stripe.com/c/pay/{session.id}"
        if session.status == "open"
        else None,
    }
