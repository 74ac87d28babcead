/* The template of rules that have none of their own. Its payload is a reading of the event's.
 */
#include "message_template.h"

/* clang-format off */
#define WORST  "event.severity == 'high' or event.severity == 'critical'"
#define HEADLINE "{{ payload.title | default: payload.resource | default: event.resource_id" \
	" | default: event.resource | default: event.type }}"
#define HAS_NAME "payload.title or payload.resource or event.resource_id"
/* A mark within would end the bold. */
#define STAR "{% unless payload.title contains '*' %}*{% endunless %}"
#define VALUE "payload.value | number | default: false"
#define THRESHOLD "payload.threshold | number | default: false"
#define HAS_FIGURES "payload.value != nil and payload.threshold != nil"

const char slack_built_in[] = "{"
"\"header\": \"{% if payload.resolved %}\xe2\x9c\x85 RESOLVED: "
	"{% elsif " WORST " %}\xf0\x9f\x94\xb4 {{ event.severity | upcase }}: "
	"{% elsif event.severity %}{{ event.severity | capitalize }}: {% endif %}"
	"{{ event.type }}\","
"\"body\": \"{% unless " HAS_NAME " %}{% unless payload.message %}" HEADLINE "{% endunless %}"
	"{% else %}" STAR HEADLINE STAR "{% endunless %}"
	"{% if payload.title and payload.resource %} \xc2\xb7 {{ payload.resource }}{% endif %}"
	"{% if payload.title or payload.resource %}"
		"{% if event.resource_id %} ({{ event.resource_id }}){% endif %}"
	"{% elsif event.resource_id %} ({{ event.resource }}){% endif %}"
	"{% if payload.message %}\\n{{ payload.message | truncate: 1000, '\xe2\x80\xa6' | links }}{% endif %}\","
"\"context\": \"{% if " HAS_FIGURES " %}"
	"{% if " VALUE " %}value *{{ payload.value | number }}*{% endif %}"
	"{% if " THRESHOLD " %}{% if " VALUE " %} \xc2\xb7 {% endif %}"
	"threshold *{{ payload.threshold | number }}*{% endif %}"
	"{% if payload.value | difference: payload.threshold | default: false %}"
	" \xc2\xb7 {{ payload.value | difference: payload.threshold }}{% endif %}{% endif %}\","
"\"fields\": \"auto\","
"\"link\": \"{{ payload.url | default: '' }}\","
"\"link_label\": \"Open\","
"\"color\": \"{% if payload.resolved %}good{% endif %}\","
"\"reference\": \"{{ payload.account_id | default: event.source | default: event.workspace }}\","
"\"timestamp\": \"{{ payload.time | default: event.time | date }}\","
"\"text\": \"{% if payload.resolved %}RESOLVED: "
	"{% elsif event.severity %}{{ event.severity | upcase }}: {% endif %}{{ event.type }}"
	" \xc2\xb7 {{ payload.title | default: payload.resource | default: event.resource_id"
	" | default: payload.message | default: event.resource | default: event.id"
	" | truncate: 200, '\xe2\x80\xa6' }}"
	"{% if " HAS_FIGURES " %}"
	"{% if " VALUE " %} {{ payload.value | number }}{% endif %}"
	"{% if " THRESHOLD " %} (threshold {{ payload.threshold | number }}){% endif %}{% endif %}\""
"}";
/* clang-format on */
