from __future__ import annotations

import time

from astroclf.export.throughput import images_per_s


def test_runtimes_take_turns_and_the_faster_one_has_the_higher_number() -> None:
    order: list[str] = []

    def pass_of(name: str, seconds: float) -> None:
        order.append(name)
        time.sleep(seconds)

    runs = {"a": lambda: pass_of("a", 0.02), "b": lambda: pass_of("b", 0.001)}
    speeds = images_per_s(runs, n_images=10)
    assert order[:6] == ["a", "b"] * 3
    assert 0 < speeds["a"] <= 10 / 0.02
    assert speeds["b"] > speeds["a"]
