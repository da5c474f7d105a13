"""Refunds, disputes, payouts and accounts in the shapes in which Stripe ever sent them."""

from __future__ import annotations

from typing import Any

from tests.projections.billing_changes import Shapes, ev
from tests.projections.cases import dispute, payout, refund
from tests.projections.histories import Json


def account(**more: Any) -> Json:
    return {"id": "acct_1", "object": "account", "created": 1, **more}


def capability(status: str, **more: Any) -> Json:
    return {"id": "card_payments", "object": "capability", "account": "acct_1", "status": status,
            **more}  # fmt: skip


def _sent_to(way: str, **more: Any) -> list[Json]:
    return [ev(refund("succeeded", destination_details={"type": way, way: more}))]


_CARD = {"network": "visa", "network_reason_code": "10.4", "case_type": "chargeback"}

# As ``CHANGES`` of test_upcasting.
MONEY_CHANGES: dict[str, tuple[str, Json, list[Shapes]]] = {
    "refund": ("refunds",
        {"pending_reason": "processing", "customer": "cus_1", "customer_account": "acct_5",
         "payment_method": "pm_1", "reference": None}, [
        [ev(refund("pending", charge=None, pending_reason="processing", customer="cus_1",
                   customer_account="acct_5", payment_method="pm_1"))]]),
    "refund reference": ("refunds", {"reference": "REF1"}, [
        _sent_to("card", reference="REF1", reference_status="available", type="refund"),
        _sent_to("us_bank_transfer", reference="REF1"),
        _sent_to("a_way_yet_unheard_of", reference="REF1")]),
    "refund without a reference": ("refunds", {"reference": None}, [
        _sent_to("card", reference=None, reference_status="pending"), _sent_to("alipay")]),
    "dispute network_reason_code": ("disputes", {"network_reason_code": "10.4"}, [
        [ev(dispute("lost", network_reason_code="10.4"))],
        [ev(dispute("lost", payment_method_details={"type": "card", "card": _CARD}))]]),
    "dispute": ("disputes",
        {"evidence_due_by": 9, "past_due": False, "has_evidence": True, "submission_count": 2,
         "network": "visa", "case_type": "chargeback"}, [
        [ev(dispute("under_review", payment_method_details={"type": "card", "card": _CARD},
                    evidence_details={"due_by": 9, "past_due": False, "has_evidence": True,
                                      "submission_count": 2}))]]),
    "dispute due_by 0": ("disputes", {"evidence_due_by": None}, [
        [ev(dispute("prevented", evidence_details={"due_by": 0}))],
        [ev(dispute("prevented", evidence_details={"due_by": None}))]]),
    "payout": ("payouts",
        {"trace_id": "TRACE1", "payout_method": "usba_1", "statement_descriptor": "SHOP",
         "failure_balance_transaction": "txn_2"}, [
        [ev(payout("failed", trace_id={"status": "supported", "value": "TRACE1"},
                   payout_method="usba_1", statement_descriptor="SHOP",
                   failure_balance_transaction="txn_2"))]]),
    "account legal_entity": ("accounts", {"business_type": "company"}, [
        [ev(account(legal_entity={"type": "company"}))], [ev(account(business_type="company"))]]),
    "account verification": ("accounts",
        {"disabled_reason": "rejected", "currently_due": ["x"], "current_deadline": 9}, [
        [ev(account(verification={"disabled_reason": "rejected", "fields_needed": ["x"],
                                  "due_by": 9}))],
        [ev(account(requirements={"disabled_reason": "rejected", "currently_due": ["x"],
                                  "current_deadline": 9}))]]),
    "account transfers_enabled": ("accounts", {"payouts_enabled": True}, [
        [ev(account(transfers_enabled=True))], [ev(account(payouts_enabled=True))]]),
    "account business_name": ("accounts", {"business_name": "Shop"}, [
        [ev(account(business_name="Shop"))], [ev(account(business_profile={"name": "Shop"}))]]),
    "account": ("accounts",
        {"type": "express", "eventually_due": ["a"], "pending_verification": ["b"],
         "requirement_errors": ["invalid_address"]}, [
        [ev(account(type="express", requirements={
            "eventually_due": ["a"], "pending_verification": ["b"],
            "errors": [{"code": "invalid_address", "reason": "…", "requirement": "address"}]}))]]),
    "account without errors": ("accounts", {"requirement_errors": []}, [
        [ev(account(requirements={"errors": []}))]]),
    "account capabilities": ("accounts", {"capabilities": {"card_payments": "active"}}, [
        [ev(account(capabilities={"card_payments": "active"}))],
        [ev(capability("active"))],
        [ev(account(capabilities={})), ev(capability("active"))],
        [ev(account(capabilities={"card_payments": "pending"})),
         ev(capability("active"), created=150)]]),
    "account capability that is not asked for": ("accounts", {"capabilities": {}}, [
        [ev(account(capabilities={}))], [ev(capability("unrequested"))],
        [ev(account(capabilities={"card_payments": "active"})),
         ev(capability("unrequested"), created=150)]]),
}  # fmt: skip
