"""What lies in the topics, produced once more as it lies there: runs of it twice, and out of order."""

from __future__ import annotations

import random

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from chassis.events.envelope import topic_of
from tests.e2e.assembly.houses import SERVICES
from tests.faults.house import FaultHouse


def tell_again(house: FaultHouse, seed: int) -> int:
    """How many records were produced again, by nobody's outbox, each in its own partition."""
    chance = random.Random(seed)
    consumer = KafkaConsumer(bootstrap_servers=house.bootstrap, enable_auto_commit=False, group_id=None)
    producer = KafkaProducer(bootstrap_servers=house.bootstrap, acks="all")
    try:
        topics = consumer.topics()
        places = [
            TopicPartition(topic, number)
            for topic in map(topic_of, SERVICES)
            if topic in topics
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        consumer.seek_to_beginning(*places)
        found = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=500).values():
                found += records
        # Runs of five, shuffled, some of them twice: within a run the order is kept.
        runs = [found[at : at + 5] for at in range(0, len(found), 5)]
        runs += [run for run in runs if chance.random() < 0.3]
        chance.shuffle(runs)
        again = [record for run in runs for record in run]
        for record in again:
            producer.send(
                record.topic,
                partition=record.partition,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
            )
        producer.flush(30)
        return len(again)
    finally:
        producer.close()
        consumer.close()
