/*
 * Arbitrary answers to what grants and lists. The first byte chooses the status. Nothing may
 * crash; a credential is there if and only if it was granted; texts are texts.
 */
#include <stddef.h>

#include "carillon/dest/directory.h"
#include "carillon/dest/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_channel(const struct dest_channel *c, void *arg)
{
	++*(int *)arg;
	must(c->id[0] != '\0' && str_is_text(str_of(c->id)) && str_is_text(str_of(c->name)));
}

static void
check_grant(const struct dest_oauth *oauth, const struct http_response *res)
{
	struct secret *credential = secret_new(SECRET_MAX), *out = secret_new(SECRET_MAX);
	struct dest_grant grant;
	struct outcome o;
	bool ok = oauth->judge_grant(res, &grant, credential, &o);

	must(ok == (secret_len(credential) > 0) && ok == (grant.fault == GRANT_FINE));
	must(str_is_text(str_of(grant.scopes)) && str_is_text(str_of(grant.account.name)));
	must(grant.expires_in_s >= 0 && (ok || o.reason[0]) && !strstr(o.reason, "xox"));
	must(!ok || oauth->combine(out, credential, credential, false));
	secret_free(credential);
	secret_free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int statuses[] = {200, 429, 500, 302, 404};
	const struct dest_type *dest = dest_default();
	struct http_response res = {.transport = TRANSPORT_ANSWERED, .retry_after_ms = -1};
	struct dest_page page;
	struct outcome o;
	int n = 0;

	if (len == 0)
		return 0;
	res.status = statuses[bytes[0] % COUNT_OF(statuses)];
	res.body = (struct str){(const char *)bytes + 1, len - 1};
	check_grant(dest->oauth, &res);
	(void)dest->oauth->judge_return(&res, &o);
	(void)dest->directory->judge_page(&res, check_channel, &n, &page, &o);
	must(n == page.n);
	struct str id = dest->directory->channel_of(res.body);
	must(id.len <= res.body.len);
	return 0;
}
