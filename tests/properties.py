"""What the property tests have in common."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

CENT = Decimal("0.01")

small_quantities = st.decimals("0.001", "99.999", places=3)
small_prices = st.decimals("0", "9999.99", places=2)


def against_database(examples: int) -> settings:
    """Examples share a database; each makes rows of its own in it."""
    shared = [HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples, deadline=None, suppress_health_check=shared)


def gross(quantity: Decimal, unit_price: Decimal) -> Decimal:
    return (quantity * unit_price).quantize(CENT, ROUND_HALF_UP)
