export default [
	{ file: 'src/cli/server_url.c', find: 'if (scheme != NULL && at != NULL && at > scheme) {', put: 'if (false) {',
		breaks: 'the password of a server is shown' },
	{ file: 'src/cli/options.c', find: 'if (c->options[i] != NULL && !is_allowed(c->verb, i))', put: 'if (false)',
		breaks: 'an option that a verb does not have is dropped in silence' },
	{ file: 'src/cli/options.c', find: 'if (c->options[i] == NULL && c->verb->required >> i & 1)', put: 'if (false)',
		breaks: 'a verb runs without an option that it needs' },
	{ file: 'src/cli/options.c', find: '&& strncmp(argv[*i + 1], "--", 2) != 0)', put: ')',
		breaks: 'an option without its value takes the next option for it' },
	{ file: 'src/cli/single_instance.c', find: 'return errno == EWOULDBLOCK ? is_taken(fd, verb, data_dir, e)', put: 'return false ? is_taken(fd, verb, data_dir, e)',
		breaks: 'two services write one data directory' },
	{ file: 'src/cli/input.c', find: 'if (out->len > INPUT_MAX)', put: 'if (false)',
		breaks: 'a file of any size is read' },
]
