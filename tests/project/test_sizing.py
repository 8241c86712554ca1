"""The page on sizing shows what its script prints, and the script's arithmetic holds."""

from itertools import pairwise

from bench.sizing import STREAMS, Plan, table_of_plans, table_of_streams
from tests.conftest import ROOT


def test_page_and_script_agree() -> None:
    page = (ROOT / "docs" / "topics" / "sizing.md").read_text()
    assert "\n".join(table_of_streams()) in page
    assert "\n".join(table_of_plans()) in page


def test_edges_carry_all_viewers_and_no_hub_feeds_too_many() -> None:
    for viewers in (1, 10_000, 1_000_000):
        for stream in STREAMS:
            plan = Plan(viewers, stream)
            levels = plan.levels()
            assert levels[-1] == 1
            assert levels[0] * plan.per_edge() >= viewers
            assert all(below <= plan.fan * above for below, above in pairwise(levels))
