/* The fake broker's insides, shared by its streams and its consumer. */
#pragma once

#include "carillon/base/heap.h"
#include "fake_broker.h"

struct stored {
	char *subject, *msg_id;
	struct str data;
	wall_t at;
	bool is_delete, is_gone;
};

struct stored_stream {
	struct stored *messages; /* sequence 1 is the first */
	size_t n, cap;
};

enum handed_state { HANDED_NOT, HANDED_PENDING, HANDED_DONE };

/* What the consumer knows of one event. */
struct handed {
	struct heap_node due; /* in broker.waiting: ack_wait, or a NAK's delay */
	uint64_t seq, deliveries;
	enum handed_state state;
	bool is_due; /* in broker.again */
};

struct word {
	char reply[64];
	enum word_kind { WORD_ACK, WORD_NAK, WORD_PROGRESS, WORD_TERM } kind;
	int64_t delay_ms;
};

struct broker {
	struct arena *arena;
	struct stored_stream streams[STREAMS];
	bool is_down, loses_settles;
	bool is_full;
	uint64_t reconnects; /* of the present client */
	int lost_pubacks;
	int64_t ops_ms; /* that storing an operator event takes */
	struct fake_broker_options options;
	/* The consumer: */
	bool has_consumer, is_restored;
	uint64_t consumer_id;
	struct handed **handed; /* by sequence - 1 */
	size_t n_handed, cap_handed;
	uint64_t next_new, delivered_seq;
	struct heap waiting;
	struct handed **again; /* due, in the order they go out */
	size_t n_again, cap_again;
	uint64_t pending, pending_most, acked;
	/* The client's library: */
	struct word *unsent;
	size_t n_unsent, cap_unsent;
};

void consumer_init(struct broker *b);
/* A new event: the consumer will hand it out. */
void consumer_sees(struct broker *b, uint64_t seq);
/* Says what was kept back while the server was gone. */
void consumer_flush(struct broker *b);
/* A message as the library gives it; its bytes are the broker's. */
void message_of_stored(
    const struct broker *b, enum stream s, uint64_t seq, struct broker_message *out);
bool broker_is_there(const struct broker *b, struct err *e);
