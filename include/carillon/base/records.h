/*
 * The records of proto/carillon/v1 under the names the rest of the code uses. Plain values as
 * protobuf-c makes them; unpacked ones live in the arena they were unpacked into.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/v1/event.pb-c.h"
#include "carillon/v1/history.pb-c.h"
#include "carillon/v1/keeper.pb-c.h"
#include "carillon/v1/ops.pb-c.h"
#include "carillon/v1/repair.pb-c.h"
#include "carillon/v1/short.pb-c.h"
#include "carillon/v1/state.pb-c.h"

typedef Carillon__V1__Event event_message;
typedef Carillon__V1__Workspace workspace_record;
typedef Carillon__V1__Connection connection_record;
typedef Carillon__V1__Rule rule_record;
typedef Carillon__V1__EventType type_record;
typedef Carillon__V1__Replay replay_record;
typedef Carillon__V1__Key key_record;
typedef Carillon__V1__Session session_record;
typedef Carillon__V1__Repeatable repeatable_record;
typedef Carillon__V1__HistoryBatch history_batch;
typedef Carillon__V1__HistoryEntry history_entry;
typedef Carillon__V1__EventRecord event_record;
typedef Carillon__V1__EventWarning event_warning;
typedef Carillon__V1__DeliveryRecord delivery_record;
typedef Carillon__V1__Attempt attempt_record;
typedef Carillon__V1__OpsEvent ops_event;
typedef Carillon__V1__OtherAccount other_account;
typedef Carillon__V1__Authorization authorization_record;
typedef Carillon__V1__KeeperRequest keeper_request;
typedef Carillon__V1__KeeperAnswer keeper_answer;
typedef Carillon__V1__VaultKey vault_key_record;
typedef Carillon__V1__ChannelIndex channel_index_record;

/* The same numbers as in history.proto, under our names, with the words from the tables. */
enum delivery_state {
	DELIVERY_NONE,
#define STATE(NAME, name, is_final, sentence) DELIVERY_##NAME,
#include "carillon/base/states.def"
#undef STATE
	DELIVERY_STATES
};
enum outcome_code {
	OUTCOME_NONE,
#define OUTCOME(NAME, name, sentence) OUTCOME_##NAME,
#include "carillon/base/outcomes.def"
#undef OUTCOME
	OUTCOMES
};
enum repair {
	REPAIR_NONE,
#define REPAIR(NAME, name, sentence) REPAIR_##NAME,
#include "carillon/base/repairs.def"
#undef REPAIR
	REPAIRS
};
const char *delivery_state_name(enum delivery_state s);
bool delivery_state_is_final(enum delivery_state s);
/* DELIVERY_NONE if there is no such state. */
enum delivery_state delivery_state_of(struct str name);
/* "" of REPAIR_NONE. */
const char *repair_name(enum repair r);

/* What repairs something: a code for programs, and a sentence for people, which may be empty.
 */
struct remedy {
	enum repair repair;
	struct str action;
};
/* With the code's own sentence. */
struct remedy remedy_of(enum repair r);

/* Borrowed from the record. */
static inline struct str
record_bytes(const ProtobufCBinaryData *b)
{
	return (struct str){(const char *)b->data, b->len};
}

/*
 * Unpack into `a`, whose limit caps what hostile bytes can make protobuf-c allocate. ERR_INPUT
 * if the bytes are not such a record or the limit is passed.
 */
MUST_USE bool record_unpack(const ProtobufCMessageDescriptor *type, struct arena *a,
    struct str bytes, void *out_message, struct err *e);
/* Packs any of them into bytes owned by `a`. */
struct str record_pack(struct arena *a, const void *message);
