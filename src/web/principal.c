#include "principal.h"

#define S(NAME) (1U << KEY_SCOPE_##NAME)
#define R(NAME) (1U << ROLE_##NAME)
#define T(NAME) (1U << SESSION_##NAME)
static const struct {
	const char *name, *sentence;
	unsigned scopes, roles, types;
} accesses[ACCESSES] = {
#define ACCESS(NAME, scopes, roles, types, sentence) {#NAME, sentence, scopes, roles, types},
#include "access.def"
#undef ACCESS
};
#define PAYLOAD S(PAYLOAD)

static const char *const role_names[ROLES] = {"", "member", "admin", "owner"};
static const char *const type_names[SESSION_TYPES] = {"", "workspace", "resource", "dashboard"};

static enum allowance
key_may(const struct principal *p, enum access a, const char **why)
{
	const unsigned wanted = accesses[a].scopes;

	*why = "publishable";
	if (p->kind == PRINCIPAL_PUBLISHABLE)
		return a == ACCESS_EMIT ? ALLOWED : ALLOWED_NOT;
	if (wanted & PAYLOAD && !(p->scopes & PAYLOAD) && !(p->scopes & S(MANAGE))) {
		*why = key_scope_name(KEY_SCOPE_PAYLOAD);
		return ALLOWED_WITHOUT_SCOPE;
	}
	if (wanted & ~PAYLOAD & p->scopes)
		return ALLOWED;
	for (int s = 0; s < KEY_SCOPES; s++)
		if (wanted & (1U << s)) {
			*why = key_scope_name((enum key_scope)s);
			return ALLOWED_WITHOUT_SCOPE;
		}
	return ALLOWED_NOT;
}

static enum allowance
session_may(const struct principal *p, enum access a, const char **why)
{
	if (!(accesses[a].roles & (1U << p->role)) ||
	    !(accesses[a].types & (1U << p->session_type)))
		return ALLOWED_NOT;
	*why = key_scope_name(KEY_SCOPE_PAYLOAD);
	return accesses[a].scopes & PAYLOAD && !(p->scopes & PAYLOAD) ? ALLOWED_WITHOUT_SCOPE
	                                                              : ALLOWED;
}

enum allowance
principal_may(const struct principal *p, enum access a, const char **why)
{
	*why = "";
	if (a == ACCESS_PUBLIC)
		return ALLOWED;
	if (p->kind == PRINCIPAL_NOBODY)
		return ALLOWED_WITH_NAME;
	return p->kind == PRINCIPAL_SESSION ? session_may(p, a, why) : key_may(p, a, why);
}

bool
principal_sees(const struct principal *p, struct str workspace)
{
	if (p->kind != PRINCIPAL_SECRET)
		return str_eq(p->workspace, workspace);
	for (size_t i = 0; i < p->n_workspaces; i++)
		if (str_eq(p->workspaces[i], workspace))
			return true;
	return p->n_workspaces == 0;
}

enum role
role_of(struct str name)
{
	for (int r = ROLE_MEMBER; r < ROLES; r++)
		if (str_eq(name, str_of(role_names[r])))
			return (enum role)r;
	return ROLE_NONE;
}

enum session_type
session_type_of(struct str name)
{
	for (int t = SESSION_WORKSPACE; t < SESSION_TYPES; t++)
		if (str_eq(name, str_of(type_names[t])))
			return (enum session_type)t;
	return SESSION_NONE;
}

const char *
role_name(enum role r)
{
	return role_names[r];
}

const char *
session_type_name(enum session_type t)
{
	return type_names[t];
}

const char *
principal_kind_name(enum principal_kind k)
{
	static const char *const names[] = {"nobody", "key", "publishable_key", "session"};

	return names[k];
}

const char *
access_name(enum access a)
{
	return accesses[a].name;
}

const char *
access_sentence(enum access a)
{
	return accesses[a].sentence;
}

static void
write_names(
    struct json_writer *w, const char *key, unsigned bits, const char *const *names, int n)
{
	jw_key(w, key);
	jw_array(w);
	for (int i = 0; i < n; i++)
		if (bits & (1U << i))
			jw_cstr(w, names[i]);
	jw_array_end(w);
}

void
access_write(struct json_writer *w, enum access a)
{
	const char *scopes[KEY_SCOPES];

	for (int s = 0; s < KEY_SCOPES; s++)
		scopes[s] = key_scope_name((enum key_scope)s);
	jw_key(w, "x-access");
	jw_object(w);
	jw_kv_cstr(w, "name", access_name(a));
	jw_kv_bool(w, "everybody", a == ACCESS_PUBLIC);
	jw_kv_bool(w, "publishable", a == ACCESS_EMIT);
	write_names(w, "scopes", accesses[a].scopes, scopes, KEY_SCOPES);
	write_names(w, "roles", accesses[a].roles, role_names, ROLES);
	write_names(w, "session_types", accesses[a].types, type_names, SESSION_TYPES);
	jw_object_end(w);
}
