"""What Prometheus is told."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, ...], float]


async def scraped(client: httpx.AsyncClient) -> Samples:
    """Values by name and labels, as (name, label, value, label, value, …)."""
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(word for pair in sorted(sample.labels.items()) for word in pair)): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def grown(before: Samples, after: Samples, *key: str) -> float:
    return after.get(key, 0) - before.get(key, 0)
