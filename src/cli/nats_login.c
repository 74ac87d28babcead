/* What the broker is told of us: settings, and the files that they name. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/vault/nkey.h"

#include "command.h"

/* A FIFO must not hang us. */
static bool
open_private(const char *setting, const char *path, int *fd, struct err *e)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return fail(e, ERR_SETUP, "%s: %s: %s", setting, path, strerror(errno));
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0007) == 0)
		return true;
	close(*fd);
	return fail(e, ERR_SETUP,
	    "%s: %s must be a regular file that not anybody may use; run: chmod 600 %s",
	    setting, path, path);
}

/* The first line of a file, straight into locked memory. */
static bool
read_word(const char *setting, const char *path, struct secret *out, struct err *e)
{
	bool ok;
	int fd;

	if (!open_private(setting, path, &fd, e))
		return false;
	ok = secret_read_fd(out, fd, e);
	close(fd);
	secret_trim(out);
	if (!ok)
		return fail_within(e, "%s: %s", setting, path);
	return secret_len(out) > 0 || fail(e, ERR_SETUP, "%s: %s is empty", setting, path);
}

/* The password or the token. */
static bool
read_nats_word(
    struct command *c, const char *setting, const char *path, const char **out, struct err *e)
{
	if (path[0] == '\0')
		return true;
	if (c->nats_word == NULL) {
		c->nats_word = secret_new(SECRET_MAX);
		if (!read_word(setting, path, c->nats_word, e)) {
			secret_free(c->nats_word);
			c->nats_word = NULL;
			return false;
		}
	}
	*out = secret_bytes(c->nats_word);
	return true;
}

/* libnats reads the seed itself, and wants to be told whose it is. */
static bool
read_public_key(struct command *c, const char *path, const char **out, struct err *e)
{
	struct nkey pair = {0};
	struct secret *text;
	bool ok;

	if (path[0] == '\0')
		return true;
	text = secret_new(SECRET_MAX);
	ok = read_word("nats_nkey_file", path, text, e);
	if (ok && (!nkey_from_seed(&pair, text, NULL) || pair.kind != NKEY_USER))
		ok = fail(e, ERR_SETUP,
		    "nats_nkey_file: %s is no seed of a user, which begins with SU", path);
	if (ok)
		*out = arena_cstr(c->arena, str_of(pair.public_key));
	nkey_fini(&pair);
	secret_free(text);
	return ok;
}

bool
broker_options_of(
    struct command *c, int64_t connect_wait_ms, struct broker_options *out, struct err *e)
{
	const struct config *s = &c->config;

	*out = (struct broker_options){
	    .url = s->nats_url,
	    .creds = s->nats_creds,
	    .user = s->nats_user,
	    .nkey_file = s->nats_nkey_file,
	    .ca = s->nats_ca,
	    .cert = s->nats_cert,
	    .key = s->nats_key,
	    .prefix = s->prefix,
	    .name = "carillon",
	    .replicas = (int)s->replicas,
	    .events_max_age_s = s->events_max_age_s,
	    .history_max_age_s = s->history_max_age_s,
	    .ack_wait_s = s->ack_wait_s,
	    .ack_pending_max = s->ack_pending_max,
	    .connect_wait_ms = connect_wait_ms,
	};
	return read_nats_word(
		   c, "nats_password_file", s->nats_password_file, &out->password, e) &&
	       read_nats_word(c, "nats_token_file", s->nats_token_file, &out->token, e) &&
	       read_public_key(c, s->nats_nkey_file, &out->nkey, e);
}

const struct json *
nats_creds_claims(struct command *c)
{
	const struct json *claims;
	struct str text, token;
	const char *at;

	if (c->config.nats_creds[0] == '\0' ||
	    !read_input(c, c->config.nats_creds, &text, NULL))
		return NULL;
	at = strstr(arena_cstr(c->arena, text), "eyJ");
	token = at ? (struct str){at, strcspn(at, "\r\n")} : (struct str){0};
	return jwt_read(c->arena, token, &claims, NULL) ? claims : NULL;
}
