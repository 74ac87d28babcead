#include <unistd.h>

#include "private.h"

/* As every client of NATS reads it; the lines and their order are fixed. */
#define BEFORE_TOKEN "-----BEGIN NATS USER JWT-----\n"
#define AFTER_TOKEN                                                            \
	"\n------END NATS USER JWT------\n\n"                                  \
	"************************* IMPORTANT *************************\n"      \
	"The seed below is a secret: who has it can publish in your name.\n\n" \
	"-----BEGIN USER NKEY SEED-----\n"
#define AFTER_SEED                             \
	"\n------END USER NKEY SEED------\n\n" \
	"*************************************************************\n"

bool
credentials_create(const char *path, struct str token, const struct nkey *pair, struct err *e)
{
	struct secret *seed = nkey_seed_text(pair);
	const struct file_part parts[] = {
	    {.text = STR(BEFORE_TOKEN)},
	    {.text = token},
	    {.text = STR(AFTER_TOKEN), .secret = seed},
	    {.text = STR(AFTER_SEED)},
	};
	bool ok = private_file_create(path, parts, COUNT_OF(parts), e);

	secret_free(seed);
	return ok || fail_within(e, "%s", path);
}

typedef void token_of(struct buf *out, const struct nkey *issuer, const struct account_user *u);

static bool
ensure(const struct nats_dir *d, const char *file, enum account_key account, token_of *write,
    int64_t now_s, struct err *e)
{
	char path[NATS_DIR_PATH_MAX];
	struct nkey issuer, pair;
	struct buf token = {0};

	nats_dir_file(path, d, file);
	if (access(path, F_OK) == 0)
		return true;
	if (!nats_dir_key(d, account, &issuer, e))
		return false;
	nkey_new(&pair, NKEY_USER);
	write(&token, &issuer, &(struct account_user){"carillon", pair.public_key, now_s, 0});
	bool ok = credentials_create(path, buf_view(&token), &pair, e);
	nkey_fini(&pair);
	nkey_fini(&issuer);
	buf_fini(&token);
	return ok;
}

bool
nats_dir_write_credentials(const struct nats_dir *d, int64_t now_s, struct err *e)
{
	return d->is_static || (ensure(d, SERVICE_CREDS_FILE, ACCOUNT_KEY_SERVICE,
				    accounts_service_user, now_s, e) &&
				   ensure(d, SYSTEM_CREDS_FILE, ACCOUNT_KEY_SYSTEM,
				       accounts_system_user, now_s, e));
}
