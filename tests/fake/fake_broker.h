/*
 * A broker in memory, in place of src/broker: the four streams, the state bucket with
 * compare-and-set, and the dispatch consumer as a NATS server runs it:
 *
 *     handed out ---> pending ---> acked
 *                      |   ^
 *                      +---+  ack_wait over, or NAK: handed out again, with a higher count
 *
 * Pending ones take one of max_ack_pending places, also while a NAK's delay runs; when all are
 * taken nothing new is handed out. Redeliveries go before new messages. What was sent to a
 * client that has not looked at it yet is pending too. It outlives the processes of a story.
 */
#pragma once

#include "carillon/broker/broker.h"

struct fake_broker_options {
	int64_t ack_wait_ms;
	int64_t ack_pending_max;
};

struct broker *fake_broker_new(void);
void fake_broker_set(struct broker *b, const struct fake_broker_options *o);

/* The server is gone, and comes back. What was said to it meanwhile arrives then. */
void fake_broker_down(struct broker *b, bool is_down);
/* The server's disk is full: it stores nothing, and says so. */
void fake_broker_full(struct broker *b, bool is_full);
/* Acks, NAKs and the like are lost on the way. */
void fake_broker_lose_settles(struct broker *b, bool loses);
/* The next `n` publishes to history are stored, and their PubAcks lost. */
void fake_broker_lose_pubacks(struct broker *b, int n);
/* A server that was killed lost the newest `n` messages of history, and gives their sequences
 * again. */
void fake_broker_lose_history(struct broker *b, size_t n);
/* It takes so long to store an operator event. */
void fake_broker_slow_ops(struct broker *b, int64_t ms);
/* The client process died: what it was sent, or had not sent yet, is gone with it. */
void fake_broker_cut(struct broker *b);
/* Hands messages out again although they were acked: `seq`, or all (0). */
void fake_broker_redeliver(struct broker *b, uint64_t seq);
/* The server was killed before it wrote down what it had handed out again last: the consumer
 * counts back by one. */
void fake_broker_forget(struct broker *b);
/* The consumer is moved to the stream's end: what nobody has acked it hands out no more. */
void fake_broker_pass_over(struct broker *b);
/* The consumer is deleted; broker_ensure makes a new one, which starts from the beginning. */
void fake_broker_delete_consumer(struct broker *b);
/* The stream keeps the event no longer. */
void fake_broker_expire(struct broker *b, uint64_t seq);

/* As a producer does. */
uint64_t fake_broker_publish_event(struct broker *b, const char *subject, struct str bytes);

/* Somebody with `nats kv put`: whatever was there, and whatever the bytes say. */
void fake_broker_put_state(struct broker *b, const char *key, struct str bytes);
/* The same with `nats pub`, into the history stream. */
void fake_broker_put_history(struct broker *b, struct str bytes);

/* When the consumer next has something that must be handed out again; MONO_NEVER: nothing. */
mono_t fake_broker_next(const struct broker *b);
uint64_t fake_broker_ack_pending(const struct broker *b);
uint64_t fake_broker_ack_pending_most(const struct broker *b); /* ever */
uint64_t fake_broker_acked(const struct broker *b);
uint64_t fake_broker_stored(const struct broker *b, enum stream s); /* messages, ever */
/* How often `what` was told to the operators. */
int fake_broker_ops(const struct broker *b, const char *what);
/* Deliveries that those stand for. */
int64_t fake_broker_told(const struct broker *b, const char *what);
