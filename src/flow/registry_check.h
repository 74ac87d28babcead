/*
 * Whether a record may be stored: the one validator of everything that writes state. Pure.
 */
#pragma once

#include "carillon/records.h"
#include "carillon/store.h"

#define CATALOGUE_WORKSPACE_ID STR("_catalogue")

const ProtobufCMessageDescriptor *registry_type_of(enum state_kind kind);
MUST_USE bool check_workspace(const workspace_record *w, struct err *e);
MUST_USE bool check_connection(const connection_record *c, struct err *e);
MUST_USE bool check_rule(const rule_record *r, struct err *e);
MUST_USE bool check_type(const type_record *t, struct err *e);
