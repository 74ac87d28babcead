#include "attempt.h"

#include "carillon/base/arena.h"

enum {
	REQUEST_KEPT = 2048, /* bytes of each body that history keeps */
	RESPONSE_KEPT = 1024,
	ATTEMPTS_GROW = 4,
	FORM_MAX = 256, /* bytes by which a credential, in whatever encoding, is known as one */
};

/* The secret parts of a request's headers, and how a destination writes a credential. */
struct scrubbing {
	const struct dest_type *dest;
	struct str tokens[HTTP_AUTH_LINES_MAX];
	int n;
	size_t longest;
};

/* A line's value, without the "Bearer " before it. */
static void
add_token(const char *line, size_t len, void *arg)
{
	bool is_auth = len > 14 && strncasecmp(line, "Authorization:", 14) == 0;
	const char *before = is_auth ? memrchr(line, ' ', len) : memchr(line, ':', len);
	struct scrubbing *t = arg;
	struct str token = {line, len};

	if (before != NULL)
		token =
		    str_trimmed((struct str){before + 1, len - (size_t)(before + 1 - line)});
	if (t->n < HTTP_AUTH_LINES_MAX)
		t->tokens[t->n++] = token;
	if (token.len > t->longest)
		t->longest = token.len;
}

/* Stars over every place where a destination sent the credential back. */
static void
scrub(char *bytes, size_t len, struct str token)
{
	char *at = bytes;

	if (token.len < 4)
		return;
	while ((at = memmem(at, len - (size_t)(at - bytes), token.ptr, token.len)) != NULL) {
		memset(at, '*', token.len);
		at += token.len;
	}
}

static ProtobufCBinaryData
keep(struct arena *a, struct str body, size_t max, const struct scrubbing *by)
{
	/* The cut is made after the scrubbing, and so can leave no half of a credential, nor
	 * of a character. */
	size_t looked_at = max + by->longest + FORM_MAX;
	struct str copy =
	    arena_str(a, (struct str){body.ptr, body.len < looked_at ? body.len : looked_at});

	if (copy.len == 0)
		return (ProtobufCBinaryData){0};
	for (int i = 0; i < by->n; i++)
		scrub((char *)(uintptr_t)copy.ptr, copy.len, by->tokens[i]);
	by->dest->scrub((char *)(uintptr_t)copy.ptr, copy.len);
	return (ProtobufCBinaryData){
	    .len = str_utf8_cut(copy, max),
	    .data = (uint8_t *)(uintptr_t)copy.ptr,
	};
}

/* A delivery that its lane is probed with for hours must not grow with every probe: past the
 * limit each takes the place, and the memory, of the one before. */
static struct arena *
arena_for_another(struct delivery *d)
{
	if (d->n_attempts < ATTEMPTS_KEPT)
		return d->arena;
	if (d->newest_attempt == NULL)
		d->newest_attempt = arena_new_small();
	arena_reset(d->newest_attempt);
	d->n_attempts--;
	d->attempts_left_out++;
	return d->newest_attempt;
}

static attempt_record *
append(struct delivery *d, struct arena *a)
{
	attempt_record *rec = ARENA_NEW(a, attempt_record);

	carillon__v1__attempt__init(rec);
	if (d->n_attempts % ATTEMPTS_GROW == 0 && d->attempts_left_out == 0) {
		attempt_record **more =
		    ARENA_ARRAY(d->arena, attempt_record *, d->n_attempts + ATTEMPTS_GROW);

		if (d->n_attempts > 0)
			memcpy(more, d->attempts, d->n_attempts * sizeof(*more));
		d->attempts = more;
	}
	d->attempts[d->n_attempts++] = rec;
	return rec;
}

static uint32_t
number_of(const struct delivery *d)
{
	uint32_t before = 0;

	if (d->before != NULL && d->before->n_attempts > 0)
		before = d->before->attempts[d->before->n_attempts - 1]->number;
	return before + (uint32_t)d->n_attempts + d->attempts_left_out;
}

void
attempt_add(struct delivery *d, const struct http_request *req, const struct http_response *res,
    struct flight flight, const struct dest_type *dest, bool keep_delivered)
{
	struct arena *a = arena_for_another(d);
	attempt_record *rec = append(d, a);
	struct scrubbing by = {.dest = dest};
	bool delivered = d->outcome.code == OUTCOME_DELIVERED;

	http_secret_lines(req, add_token, &by);
	rec->number = number_of(d);
	rec->started_ms = flight.started_at.ms;
	rec->duration_ms = (uint32_t)flight.duration_ms;
	rec->outcome = (Carillon__V1__OutcomeCode)d->outcome.code;
	rec->possible_duplicate = d->maybe_posted;
	rec->ambiguous = d->outcome.ambiguous;
	rec->repair = (Carillon__V1__Repair)d->outcome.repair;
	rec->pointer = arena_cstr(a, str_of(d->outcome.pointer));
	rec->slot = arena_cstr(a, str_of(d->outcome.slot));
	rec->http_status = (uint32_t)res->status;
	rec->error_code = arena_cstr(a, str_of(d->outcome.error_code));
	rec->reason = arena_cstr(a, delivered ? (struct str){0} : str_of(d->outcome.reason));
	rec->request_id = arena_cstr(a, str_of(d->outcome.request_id));
	if (!delivered || keep_delivered)
		rec->request = keep(a, buf_view(&req->body), REQUEST_KEPT, &by);
	if (!delivered)
		rec->response = keep(a, res->body, RESPONSE_KEPT, &by);
}
