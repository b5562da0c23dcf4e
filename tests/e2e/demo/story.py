"""What anyone can see of the demonstration's story."""

from __future__ import annotations

from collections import Counter

from tests.e2e.demo.running import get, get_json


def hold_the_story(front: str) -> None:
    """What anyone sees of it, from the lottery to the volunteers."""
    status, page = get(front)
    assert status == 200
    assert "Havnsted Kommune" in page
    assert "Egebæk Kommune" in page

    sortition = f"{front}sortition/api/v1/municipalities"
    drawn = get_json(f"{sortition}/havnsted/publishedDraws")["publishedDraws"]
    (draw,) = (each for each in drawn if each["poolSize"] == 240)
    assert (draw["size"], draw["panels"], draw["state"], draw["mode"]) == (36, 1000, "PUBLISHED", "PUBLIC")
    assert len(draw["outcome"]) == 36
    assert len({value["feature"] for value in draw["values"]}) == 5
    assert len(drawn) == 2
    (waiting,) = get_json(f"{sortition}/egebaek/publishedDraws")["publishedDraws"]
    assert waiting["state"] == "COMMITTED"

    deliberation = f"{front}deliberation/api/v1"
    (assembly,) = get_json(f"{deliberation}/municipalities/havnsted/assemblies")["assemblies"]
    assert (assembly["state"], assembly["members"]) == ("HANDED_OVER", 36)
    report = get_json(f"{deliberation}/{assembly['name']}/report")
    initiatives = [each for part in report["recommendations"] for each in part["initiatives"]]
    assert (len(report["recommendations"]), len(initiatives)) == (5, 24)
    percents = Counter(
        round(100 * each["support"]["for"] / (each["support"]["for"] + each["support"].get("against", 0)))
        for each in initiatives
    )
    # The reference case's figures, each more than 70 %.
    assert percents == {100: 1, 96: 8, 92: 7, 87: 2, 83: 2, 80: 1, 75: 1, 71: 2}
    status, page = get(f"{front}deliberation/havnsted/{assembly['name'].split('/', 2)[2]}/report")
    assert (status, page.count('class="support-share"')) == (200, 24)

    promises = get_json(f"{front}followup/api/v1/municipalities/havnsted/promises?pageSize=100")["promises"]
    first = Counter(each["checkpoints"][0]["state"] for each in promises)
    assert first == {"ANSWERED_IN_TIME": 14, "ANSWERED_LATE": 4, "OVERDUE": 5, "OPEN": 1}
    (extended,) = (each for each in promises if each["checkpoints"][0].get("extensions"))
    assert extended["checkpoints"][0]["state"] == "OPEN"
    assert sum(bool(each.get("volunteersWanted")) for each in promises) == 4
    # Nobody published the silence; it stands there.
    (silent, *_) = (each for each in promises if each["checkpoints"][0]["state"] == "OVERDUE")
    assert "Intet svar" in get(f"{front}followup/havnsted/promises/{silent['name'].rsplit('/', 1)[1]}")[1]

    tasks = get_json(f"{front}volunteer/api/v1/municipalities/havnsted/tasks")["tasks"]
    assert len(tasks) == 4
    assert sum(bool(each.get("promise")) for each in tasks) == 3
    assert sum(each.get("waiting", 0) for each in tasks) == 2
    for path in ("deliberation/havnsted", "followup/havnsted", "volunteer/havnsted", "sortition/havnsted"):
        assert get(f"{front}{path}")[0] == 200, path
