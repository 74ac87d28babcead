/*
 * Who asks: proven by a key or a session's token when the request's headers were there. The
 * workspace that a request is about is compared with this, and never taken from elsewhere.
 * Lives in the request's arena.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/id.h"
#include "carillon/base/json.h"
#include "carillon/registry/keys.h"

enum principal_kind {
	PRINCIPAL_NOBODY,
	PRINCIPAL_SECRET,
	PRINCIPAL_PUBLISHABLE,
	PRINCIPAL_SESSION
};
enum role { ROLE_NONE, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER, ROLES };
enum session_type {
	SESSION_NONE,
	SESSION_WORKSPACE,
	SESSION_RESOURCE,
	SESSION_DASHBOARD,
	SESSION_TYPES
};

struct principal {
	enum principal_kind kind;
	struct str id, name;
	unsigned scopes;        /* bits of enum key_scope; of a session PAYLOAD only */
	struct str workspace;   /* of a publishable key or a session */
	struct str *workspaces; /* of a secret key that may see these only */
	size_t n_workspaces;    /* 0: all */
	enum role role;
	enum session_type session_type;
	struct str resource, resource_id; /* of a resource session */
	int64_t expires_ms;
	struct str
	    *origins; /* of a publishable key: whence a browser may come; none: anywhere */
	size_t n_origins;
};

enum access {
#define ACCESS(NAME, scopes, roles, types, sentence) ACCESS_##NAME,
#include "access.def"
#undef ACCESS
	ACCESSES
};

enum allowance { ALLOWED, ALLOWED_NOT, ALLOWED_WITHOUT_SCOPE, ALLOWED_WITH_NAME };

/* ALLOWED_WITH_NAME: nobody asked yet. `why` names what is missing of a key. */
enum allowance principal_may(const struct principal *p, enum access a, const char **why);
/* Whether what is asked for in this workspace may be seen by it. */
bool principal_sees(const struct principal *p, struct str workspace);

enum role role_of(struct str name);
enum session_type session_type_of(struct str name);
const char *role_name(enum role r);
const char *session_type_name(enum session_type t);
/* "session:s_42", for logs and the audit trail. */
const char *principal_kind_name(enum principal_kind k);
const char *access_name(enum access a);
const char *access_sentence(enum access a);
/* "x-access": who may, by name, for programs. */
void access_write(struct json_writer *w, enum access a);
