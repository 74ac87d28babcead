/*
 * Whether a record may be stored: the one validator of everything that writes state. Pure.
 */
#pragma once

#include "carillon/base/records.h"
#include "carillon/dest/dest.h"
#include "carillon/store/store.h"

const ProtobufCMessageDescriptor *registry_type_of(enum state_kind kind);
MUST_USE bool check_workspace(const workspace_record *w, struct err *e);
MUST_USE bool check_connection(const connection_record *c, struct err *e);
/* `type` is the catalogue's entry of the rule's event type, NULL: there is none; `dest` the
 * type of its connection. */
MUST_USE bool check_rule(
    const rule_record *r, const type_record *type, const struct dest_type *dest, struct err *e);

/* registry_check_type.c */
MUST_USE bool check_type(const type_record *t, struct err *e);
/* The part of check_rule that a type's default rules are held to as well. */
struct event_type;
MUST_USE bool check_rule_text(const rule_record *r, const struct event_type *type,
    const struct dest_type *dest, struct err *e);
/* A name for people. */
MUST_USE bool check_name(const char *name, struct err *e);
