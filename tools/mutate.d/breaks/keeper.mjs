export default [
	{ file: 'src/keeper/nats_dir.c', find: '|| (st.st_mode & 077) != 0)', put: ')',
		breaks: 'a signing key that others can read is used' },
	{ file: 'src/keeper/nats_dir.c', find: 'if (strcmp(out->public_key, d->accounts.keys[which]) == 0)', put: 'if (true)',
		breaks: 'a key that is not of these accounts signs for them' },
	{ file: 'src/keeper/accounts.c', find: '%s.events.{{tag(ws)}}.>', put: '%s.events.>',
		breaks: "a producer publishes into every customer's subjects" },
	{ file: 'src/keeper/producers.c', find: "size - 1) == 1 && last != '\\n')", put: 'size - 1) == 1 && false)',
		breaks: 'what a crash has cut spoils the next line' },
	{ file: 'src/keeper/server_config.c', find: 'if (p->n == 2 || p->n == 4)', put: 'if (p->n == 4)',
		breaks: 'a cluster of two is offered, which one failure stops' },
]
