"""What the property tests have in common."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

CENT = Decimal("0.01")

small_quantities = st.decimals("0.001", "99.999", places=3)
small_prices = st.decimals("0", "9999.99", places=2)


def against_database(examples: int) -> settings:
    """Examples share a database; each makes rows of its own in it."""
    shared = [HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples, suppress_health_check=shared)


def in_batches(examples: int) -> settings:
    """For examples that are long lists, all put to the database at once: a failure shows which members differ."""
    return settings(against_database(examples), phases=[Phase.explicit, Phase.generate])


def gross(quantity: Decimal, unit_price: Decimal) -> Decimal:
    return (quantity * unit_price).quantize(CENT, ROUND_HALF_UP)
