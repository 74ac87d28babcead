export default [
	{ file: 'src/dest/slack/digest_text.c', find: '(void)mrkdwn_put(s, MRKDWN_TEXT, true, SIZE_MAX, b);', put: 'buf_str(b, s);',
		breaks: 'a name in a digest mentions the whole channel' },
	{ file: 'src/dest/slack/digest_text.c', find: '\tif (t->others > 0)\n\t\tbuf_printf(b, " · *%d* others", t->others);\n', put: '',
		breaks: 'a digest does not say how many others there were' },
	{ file: 'src/dest/slack/judge.c', find: 'if (res->status == 429) {', put: 'if (false) {',
		breaks: 'a rate limit counts as a refusal' },
	{ file: 'src/dest/slack/classes.def', find: 'SLACK_CLASS(AMBIGUOUS, REJECTED_SERVER_ERROR, LATER, WAIT, true, true)', put: 'SLACK_CLASS(AMBIGUOUS, REJECTED_SERVER_ERROR, LATER, WAIT, false, true)',
		breaks: 'an internal error leaves no doubt' },
	{ file: 'src/dest/slack/judge.c', find: '\twhile (kept.len < s.len &&\n\t       !str_starts_with((struct str){s.ptr + kept.len, s.len - kept.len}, STR("xox")))', put: '\twhile (kept.len < s.len)',
		breaks: 'a token that Slack repeats goes into history' },
	{ file: 'src/dest/slack/judge.c', find: 'if (root && ts.len > 0 && ts.len < sizeof(out->message_id)) {', put: 'if (root) {',
		breaks: 'an answer that names no message counts as delivered' },
]
