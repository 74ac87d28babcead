/** What the API sends, as far as the UI reads it. Whatever is missing is shown as if it were empty. */

export type RepairCode =
	| 'reconnect' | 'regrant' | 'ask_admin' | 'invite' | 'pick_channel' | 'unthread'
	| 'edit_message' | 'wait' | 'send_again' | 'support' | 'resume';

export interface Repair {
	code: RepairCode;
	connection?: string;
	rule?: string;
	slot?: string;
	line?: number;
	due_at?: string | null;
	missing?: string[];
}

export interface Held { count: number; oldest_at: string | null }

export interface Me {
	role: 'member' | 'admin' | 'owner';
	session_type: 'workspace' | 'dashboard' | 'resource';
	workspace: string;
	workspace_name?: string;
	resource?: string;
	resource_id?: string;
	external_name?: string;
	scopes: string[];
	product_name?: string;
	app_name?: string;
	paused?: boolean;
}

export interface Connection {
	id: string;
	name: string;
	destination: string;
	status: 'active' | 'needs_reconnect' | 'disabled' | 'unknown';
	status_reason: string;
	status_code: string;
	repair: RepairCode | Repair | null | '';
	team_id: string;
	team_name: string;
	team_url?: string;
	channels: { id: string; name: string; private?: boolean; member?: boolean; archived?: boolean; rules?: number }[];
	created_at: string;
	updated_at: string;
	connected_by?: string;
	last_message_at?: string | null;
	held?: Held;
	revision: number;
}

export type Condition = { field: string; op: string; value?: unknown };
export type Filter = Condition | { all: Filter[] } | { any: Filter[] } | { not: Filter } | Record<string, unknown>;
export type Template = Record<string, unknown>;

export interface QuietHours { from: string; to: string; time_zone: string; unless_severity: string }

export interface Rule {
	id: string;
	name: string;
	event_type: string;
	filter: Filter | null;
	connection: string;
	channel: string;
	channel_name?: string;
	template: Template | null;
	active: boolean;
	hold_reason: string;
	hold_code: string;
	repair: RepairCode | Repair | null | '';
	on_unknown: 'prefer_duplicate' | 'prefer_silence';
	on_message_error: 'plain_text' | 'fail';
	on_burst: 'queue' | 'digest' | 'drop-oldest';
	thread_key: string;
	thread_hours: number;
	update_key: string;
	dedupe_key: string;
	dedupe_minutes: number;
	quiet_hours: QuietHours | null;
	retry: number[];
	created_at: string;
	updated_at: string;
	updated_by?: Author | string | null;
	held?: Held;
	last_24h?: { delivered: number; failed: number };
	revision: number;
}

export interface Author { kind?: string; id?: string; name?: string }

export type State =
	| 'pending' | 'sending' | 'delivered' | 'retrying' | 'parked' | 'held' | 'failed' | 'canceled' | 'skipped';

export interface Attempt {
	number: number;
	started_at: string;
	duration_ms: number;
	outcome: string;
	possible_duplicate: boolean;
	http_status: number;
	error_code: string;
	reason: string;
	request_id: string;
	slot?: string;
	request?: string;
	response?: string;
}

export interface Delivery {
	event_id: string;
	rule: string;
	rule_name?: string;
	connection: string;
	channel: string;
	channel_name?: string;
	title?: string;
	state: State;
	reason: string;
	action: string;
	repair: RepairCode | Repair | null | '';
	degraded: boolean;
	test?: boolean;
	possible_duplicate?: boolean;
	created_at: string;
	updated_at: string;
	due_at: string | null;
	failures_counted: number;
	attempt_count: number;
	attempts_planned?: number;
	message_url?: string | null;
	attempts?: Attempt[];
}

export interface EventRow {
	id: string;
	type: string;
	resource: string;
	resource_id: string;
	severity: string;
	matched: number;
	title?: string;
	received_at: string;
	reason: string;
}

export interface Field { path: string; type?: string; enum?: unknown[]; example?: unknown; real?: boolean }
export interface EventType {
	name: string;
	description: string;
	sample?: unknown;
	fields?: Field[];
	severity_order?: (string | { name: string })[];
	default_template?: Template | null;
	default_rules?: Partial<Rule>[];
}

export interface Channel { id: string; name: string; private: boolean; member: boolean; archived: boolean; used_by?: number }
export interface ChannelIndex { state: 'none' | 'reading' | 'complete' | 'limited' | 'failed'; read: number; at: string | null; next_refresh_at: string | null }

export interface FieldError {
	pointer?: string;
	slot?: string;
	line?: number;
	column?: number;
	detail?: string;
	suggestion?: string;
}
export interface Finding { pointer: string; depth: number; result: boolean; sentence: string; field?: string; op: string; value?: unknown; actual?: unknown; missing?: boolean }
export interface Warning { code: string; slot?: string; max?: number; length?: number; sentence?: string }
export interface Preview {
	matched: boolean;
	reason: string;
	conditions: Finding[];
	channel: string;
	text?: string;
	color?: string;
	blocks?: Block[];
	attachments?: { color?: string; blocks?: Block[] }[];
	thread_key?: string;
	update_key?: string;
	dedupe_key?: string;
	warnings: Warning[];
	lengths?: Record<string, { used: number; max: number }>;
	errors: FieldError[];
}
export interface Text { type?: string; text?: string; emoji?: boolean; verbatim?: boolean }
export interface Block {
	type: string;
	text?: Text | string;
	fields?: Text[];
	elements?: (Text & Block)[];
	accessory?: Block;
	alt_text?: string;
	title?: Text;
	image_url?: string;
	style?: string;
	url?: string;
}

export interface DryRun { examined: number; matched: number; would_post: number; not_why?: Record<string, number>; events?: { id: string; type: string; received_at: string }[] }
export interface Authorization {
	id: string;
	status: 'waiting' | 'connected' | 'denied' | 'failed' | 'needs_choice' | 'expired';
	url?: string;
	proof?: string;
	code: string;
	detail: string;
	connection: string | null;
	team: { id?: string; name?: string } | string | null;
	previous_team: { id?: string; name?: string } | string | null;
	missing_scopes?: string[];
	expires_at: string;
}
export interface Need { code: string; connection?: string; rule?: string; reason?: string; count: number; oldest_at?: string | null; rules?: number; channel?: string; slot?: string }
export interface Hour { at: string; delivered: number; retrying: number; held: number; failed: number }
export interface Overview { needs: Need[]; hours: Hour[]; connections: Connection[]; last_event_at: string | null }
export interface Replay {
	id: string;
	action: 'send' | 'cancel';
	status: 'running' | 'paused' | 'done' | 'canceled' | 'unknown';
	selected: number;
	sent: number;
	skipped: number;
	failed?: number;
	failures?: { reason: string; count: number }[];
	from: string | null;
	to: string | null;
	created_at: string;
	updated_at: string;
	event_id: string;
	revision: number;
}
export interface ReplayCount { selected: number; is_at_least: boolean; delivered_left_out: number; seconds_at_least: number; groups: { channel: string; count: number }[] }
export interface Version { revision: number; at: string; by?: Author | string | null; what: 'created' | 'changed' | 'deleted'; changes: { member: string; was?: unknown; is?: unknown }[] }
export interface Page<T> { count: number; limit: number; next_cursor: string | null; records: T[]; looked_back_to?: string | null }
