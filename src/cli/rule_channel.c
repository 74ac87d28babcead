/* Where a rule sends: as strict as a connection's own channels, and asked for. */
#include "rule.h"

#include "carillon/keeper/check.h"

bool
rule_read_channel(struct command *c, rule_record *r, struct err *e)
{
	const struct dest_type *dest =
	    registry_dest_of_rule(c->registry, command_argument(c, 0), r);

	return !command_has(c, OPTION_CHANNEL) ||
	       read_channel(c, dest, c->options[OPTION_CHANNEL], &r->channel, e);
}

static bool
is_known(const connection_record *connection, const char *channel)
{
	for (size_t i = 0; i < connection->n_channels; i++)
		if (strcmp(connection->channels[i]->id, channel) == 0)
			return true;
	return false;
}

static bool
ask(struct command *c, const connection_record *connection, const char *channel, struct err *e)
{
	struct secret *credential = secret_new(SECRET_MAX);
	const struct keeper_question q = {
	    .arena = c->arena, .config = &c->config, .credential = credential};
	bool ok = vault_unseal(c->vault, command_argument(c, 0), str_of(connection->id),
	    record_bytes(&connection->sealed), credential, e);

	ok = ok ? keeper_check_channel(&q, connection, channel, e)
	        : fail_within(e, "the credential of connection %s", connection->id);
	secret_free(credential);
	return ok;
}

bool
rule_check_channel(struct command *c, const rule_record *r, struct err *e)
{
	const connection_record *connection;

	if (!command_has(c, OPTION_CHANNEL) || command_has(c, OPTION_NO_TEST))
		return true;
	connection = registry_connection(
	    c->registry, c->arena, command_argument(c, 0), str_of(r->connection), NULL, e);
	if (connection == NULL)
		return false;
	if (is_known(connection, r->channel))
		return true;
	if (command_open(c, NEED_VAULT, e) && ask(c, connection, r->channel, e))
		return true;
	return fail(
	    e, e->kind, "%s; --no-test lets it be", arena_cstr(c->arena, str_of(e->text)));
}
