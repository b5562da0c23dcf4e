"""A pool that takes the engine long enough to be killed over: many people, hardly two alike."""

from __future__ import annotations

import random

FEATURES = {
    "gender": ["female", "male"],
    "age": ["16-29", "30-44", "45-59", "60-74", "75+"],
    "school": ["short", "vocational", "long"],
    "tenure": ["owner", "renter"],
    "district": ["north", "east", "south", "west"],
    "view": ["for", "against", "unsure"],
}
SIZE = 40


def slow_pool(people: int = 350) -> bytes:
    chance = random.Random(7)
    lines = [",".join(["id", *FEATURES])]
    for number in range(people):
        cells = [
            chance.choices(values, range(1, len(values) + 1))[0]  # the later a value, the likelier
            for values in FEATURES.values()
        ]
        lines.append(",".join([f"p{number:04}", *cells]))
    return "\n".join(lines).encode()


def slow_targets() -> bytes:
    lines = ["feature,value,min,max"]
    for feature, values in FEATURES.items():
        share = SIZE / len(values)
        lines += [f"{feature},{value},{int(share)},{int(share) + 2}" for value in values]
    return "\n".join(lines).encode()
