/*
 * Whether a record may be stored: the one validator of everything that writes state. Each adds
 * all that is wrong to `f`, and returns whether nothing is. Pure.
 */
#pragma once

#include "carillon/base/findings.h"
#include "carillon/base/records.h"
#include "carillon/dest/dest.h"
#include "carillon/store/store.h"

const ProtobufCMessageDescriptor *registry_type_of(enum state_kind kind);
bool check_workspace(const workspace_record *w, struct findings *f);
bool check_connection(const connection_record *c, struct findings *f);
/* `type` is the catalogue's entry of the rule's event type, NULL: there is none; `dest` the
 * type of its connection. */
bool check_rule(const rule_record *r, const type_record *type, const struct dest_type *dest,
    struct findings *f);
bool check_type(const type_record *t, struct findings *f);
bool check_key(const key_record *k, struct findings *f);
/* As a producer is about to publish it. */
bool check_event(const event_message *msg, struct findings *f);
/* The part of check_rule that a type's default rules are held to as well. */
struct event_type;
bool check_rule_text(const rule_record *r, const struct event_type *type,
    const struct dest_type *dest, struct findings *f);
