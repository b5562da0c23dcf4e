"""What is planted in the stores for the checker to find: each a statement in a transaction that is undone."""

from __future__ import annotations

# Keys and triggers that would refuse what is planted are off while it is.
UNBOUND = "SET LOCAL session_replication_role = replica"
AN_EFFECT = "(SELECT event_id FROM fault_effects WHERE consumer = 'deliberation.promises' LIMIT 1)"
# Service, statement, and what the checker then says.
PLANTED = {
    "an effect is lost": (
        "deliberation",
        f"DELETE FROM fault_effects WHERE event_id = {AN_EFFECT}",  # noqa: S608
        "had 0 effects",
    ),
    "an effect happens twice": (
        "deliberation",
        "INSERT INTO fault_effects (municipality, consumer, topic, key, sequence, event_id)"  # noqa: S608
        " SELECT municipality, consumer, topic, key, sequence, event_id FROM fault_effects"
        f" WHERE event_id = {AN_EFFECT}",
        "had 2 effects",
    ),
    "two effects change places": (
        "volunteer",
        "UPDATE fault_effects SET sequence = 3 - sequence"
        " WHERE consumer = 'volunteer.municipalities' AND sequence IN (1, 2)",
        "came in the order",
    ),
    "an effect of nothing": (
        "sortition",
        "UPDATE fault_effects SET event_id = gen_random_uuid()"
        " WHERE seq = (SELECT max(seq) FROM fault_effects)",
        "which nobody told",
    ),
    "an event is lost before it is sent": (
        "volunteer",
        "DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)",
        "the outbox numbers",
    ),
    "an event stays unsent": (
        "followup",
        "UPDATE outbox SET published = NULL WHERE seq = (SELECT max(seq) FROM outbox)",
        "was never sent",
    ),
    "a consumer stands still": (
        "sortition",
        "UPDATE inbox_positions SET sequence = sequence - 1",
        "has reached",
    ),
    "the inbox forgets": (
        "volunteer",
        "DELETE FROM inbox WHERE consumer = 'volunteer.promises'",
        "not in both",
    ),
    "a promise is lost": ("followup", "DELETE FROM promises WHERE position = 1", "promises of"),
    "a promise is made twice": (
        "followup",
        "CREATE TEMPORARY TABLE twice AS SELECT * FROM promises WHERE position = 1;"
        " UPDATE twice SET promise_id = gen_random_uuid(), position = 100, subject = 'again/' || subject;"
        " INSERT INTO promises SELECT * FROM twice",
        "promises of",
    ),
    "an answer is lost": ("followup", "DELETE FROM answers", "was acknowledged and is not there"),
    "an answer is not on the front page": (
        "deliberation",
        "UPDATE promises SET answered = '[]' WHERE answered::text <> '[]'",
        "has other answers",
    ),
    "a sign-up is lost": (
        "volunteer",
        "DELETE FROM sign_ups WHERE sign_up_id = (SELECT sign_up_id FROM sign_ups LIMIT 1)",
        "was acknowledged and is not there",
    ),
    "a sign-up counts twice": (
        "volunteer",
        "CREATE TEMPORARY TABLE twice AS SELECT * FROM sign_ups LIMIT 1;"
        " UPDATE twice SET state = 'CANCELLED', sign_up_id = gen_random_uuid(), number = 1000;"
        " INSERT INTO sign_ups SELECT * FROM twice",
        "asked for by nobody, or twice",
    ),
    "a cancelled sign-up is back": (
        "volunteer",
        "DROP INDEX uq_sign_ups_live; UPDATE sign_ups SET state = 'WAITLISTED' WHERE state = 'CANCELLED'",
        "acknowledged was otherwise",
    ),
    "a draw is lost": ("sortition", "DELETE FROM draws", "was acknowledged and is not there"),
    "a draw is made twice": (
        "sortition",
        "CREATE TEMPORARY TABLE twice AS SELECT * FROM draws;"
        " UPDATE twice SET draw_id = gen_random_uuid(); INSERT INTO draws SELECT * FROM twice",
        "asked for by nobody, or twice",
    ),
    "a seat is taken from a member": ("deliberation", "DELETE FROM members", "are not the seats of"),
}
