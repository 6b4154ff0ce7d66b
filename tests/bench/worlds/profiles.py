"""How well payers identify what they pay, and how often each kind of payment happens."""

from __future__ import annotations

from dataclasses import dataclass

# Kinds of settlement that a payer chooses, per hundred of them. Remesas, returns, repayments, double payments, foreign
# currency and money for other reasons are added to these. Detracciones exist in Peru only, so theirs is of Peru's.
SETTLEMENTS = {
    "exact": 56.5,
    "multi": 20.0,
    "withholding": 7.8,
    "fee": 3.2,
    "partial": 3.4,
    "discount": 2.6,
    "rounding": 2.3,
    "over": 1.7,
    "detraccion": 13.0,
}
UNPAID = 0.20  # documents that nobody ever pays within the world's year
CREDIT_NOTES = 0.0115
DOUBLE_PAYMENT = 0.0125  # of payments of one document
UNRELATED = 0.048  # beside each payment
REMESA_RETURNED = 0.11
LONE_DEBIT_RETURNED = 0.011  # of Spanish payments of one document: collected alone, then returned
REPAID_AFTER_RETURN = 0.43
FOREIGN = 0.022  # documents in dollars, outside Spain
INVOICES_PER_PAYMENT = 1.95  # comes to 1.9 and more per movement, since some settle none
CUSTOMERS_PER_PAYMENT = 0.035
PAYMENTS_PER_REMESA = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One degree of difficulty; shares of 1.

    Attributes:
        name: As in the command.
        quoting: How a payer of one document names it: share by style of `wording.quote`.
        unlisted: Payments of several documents that name none of them.
        account: Payments that carry the payer's account, where the channel has a place for it.
        strange_account: Of these, accounts that our customer file does not know.
        reference: Payments of a document with our payment reference that quote it in the structured field.
        agent: Payments that arrive in the name of a factor, a confirming bank or an administrator.
        damage: Names with a slip, a truncation or broken encoding.
    """

    name: str
    quoting: dict[str, float]
    unlisted: float
    account: float
    strange_account: float
    reference: float
    agent: float
    damage: float


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="clean",
            quoting={
                "full": 0.805,
                "joined": 0.02,
                "sequence": 0.04,
                "short": 0.06,
                "order": 0.005,
                "theirs": 0.018,
                "slip": 0.008,
                "other": 0.004,
                "none": 0.04,
            },
            unlisted=0.09,
            account=0.83,
            strange_account=0.05,
            reference=0.15,
            agent=0.01,
            damage=0.06,
        ),
        Profile(
            name="real",
            quoting={
                "full": 0.475,
                "joined": 0.035,
                "sequence": 0.085,
                "short": 0.15,
                "order": 0.012,
                "theirs": 0.05,
                "slip": 0.025,
                "other": 0.015,
                "none": 0.153,
            },
            unlisted=0.31,
            account=0.53,
            strange_account=0.11,
            reference=0.08,
            agent=0.028,
            damage=0.17,
        ),
        Profile(
            name="hard",
            quoting={
                "full": 0.255,
                "joined": 0.03,
                "sequence": 0.10,
                "short": 0.16,
                "order": 0.024,
                "theirs": 0.095,
                "slip": 0.036,
                "other": 0.022,
                "none": 0.278,
            },
            unlisted=0.58,
            account=0.27,
            strange_account=0.22,
            reference=0.02,
            agent=0.048,
            damage=0.28,
        ),
    )
}
