"""A producer in Python: see ../run.mjs for what it is asked."""
import asyncio
import sys

import nats
from carillon.v1.event_pb2 import Event


def fields(event):
    time = event.time if event.HasField("time") else None
    payload = event.text_data if event.WhichOneof("data") == "text_data" else event.binary_data.decode()
    return [event.id, event.type, event.source, event.resource, event.resource_id, event.thread_key,
            str(time.seconds) if time else "", str(time.nanos) if time else "", payload]


def conformance(path):
    for line in open(path, encoding="utf-8", newline="\n"):
        if line.startswith("#"):
            continue
        name, raw, _, *wanted = line.rstrip("\n").split("\t")
        raw = bytes.fromhex(raw)
        event = Event.FromString(raw)
        again = event.SerializeToString()
        if fields(event) != wanted or len(again) != len(raw) or fields(Event.FromString(again)) != wanted:
            print("differs", name, fields(event), wanted)
        else:
            print("ok", name)


async def publish(url, creds, workspace):
    errors = []

    async def on_error(error):
        errors.append(str(error))

    async def connect(**options):
        return await nats.connect(url, user_credentials=creds, error_cb=on_error, **options)

    async def send(nc, subject, event, timeout=10.0):
        ack = await nc.jetstream().publish(subject, event.SerializeToString(), timeout=timeout)
        return ack.seq

    def order(number):
        return Event(id=f"order-{number}", type="order.created", resource="order", resource_id=str(number),
                     text_data='{"severity": "high"}')

    own = f"carillon.events.{workspace}.order.created"
    nc = await connect(inbox_prefix=f"_INBOX.{workspace}")
    print("acked", await send(nc, own, order(1)))
    try:
        print("stored", await send(nc, "carillon.events.globex.order.created", order(1), 2.0))
    except nats.errors.TimeoutError:
        print("refused", errors[-1] if errors else "")
    # With the usual inbox the event is stored, and its answer never comes: so it is sent again.
    other = await connect()
    try:
        print("stored", await send(other, own, order(2), 2.0))
    except nats.errors.TimeoutError:
        print("timeout")
    await other.close()
    print("again", await send(nc, own, order(2)))
    await nc.close()


if sys.argv[1] == "conformance":
    conformance(sys.argv[2])
else:
    asyncio.run(publish(*sys.argv[2:]))
