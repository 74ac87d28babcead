// Whatever the template engine accepts renders byte for byte as LiquidJS renders it, before
// Slack's escaping; what is outside the subset is refused with a position.
import assert from "node:assert/strict";
import test from "node:test";
import { Liquid } from "liquidjs";
import { render, renderLines } from "./render_tool.mjs";

const liquid = new Liquid();
liquid.registerFilter("url_escape", liquid.filters.uri_escape); // as Shopify calls it

// Ours keeps an integer that a double has no room for; so does LiquidJS with these filters, which
// compute with BigInt where a number has left the safe ones. Its own do the rest.
class BeyondBigInt extends Error {} // 9007199254740993 less a half has no oracle here
function withIntegersOfAnyLength(name, ofBig) {
  const ofDoubles = liquid.filters[name];
  const asBig = (v) => {
    if (typeof v === "bigint") return v;
    if (typeof v === "string" && /^\s*-?\d+\s*$/.test(v)) return BigInt(v.trim());
    const n = Number(v ?? 0);
    if (typeof v === "string" && !v.trim()) return 0n;
    if (Number.isNaN(n)) return 0n;
    return Number.isInteger(n) && !String(n).includes("e") ? BigInt(String(n)) : null;
  };
  const asDouble = (v) => (typeof v === "bigint" ? Number(v) : v);
  liquid.registerFilter(name, function (value, ...args) {
    const inDoubles = ofDoubles.call(this, asDouble(value), ...args.map(asDouble));
    const [a, b] = [asBig(value), asBig(args[0])];
    const isSafe = [Number(a), Number(b), inDoubles].every((n) => Math.abs(n) <= 2 ** 53);
    const isFine = [a, b].some((n) => n !== null && BigInt(Number(n)) !== n);
    if ((a === null || b === null) && isFine) throw new BeyondBigInt();
    return a === null || b === null || isSafe ? inDoubles : ofBig(a, b, inDoubles, args);
  });
}
const roundDoubles = liquid.filters.round;
liquid.registerFilter("round", function (value, digits) {
  if (typeof value !== "bigint") return roundDoubles.call(this, value, digits);
  if (Number(digits ?? 0) < 0) throw new BeyondBigInt();
  return value;
});
withIntegersOfAnyLength("plus", (a, b) => a + b);
withIntegersOfAnyLength("minus", (a, b) => a - b);
withIntegersOfAnyLength("times", (a, b) => a * b);
withIntegersOfAnyLength("divided_by", (a, b, inDoubles, args) => {
  if (b === 0n || (a % b !== 0n && !(Number(args[1]) || 0))) return inDoubles;
  return a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
});

const event = {
  type: "alert.triggered", resource: "alert", resource_id: "alrt_tyrion_42", id: "ev_1",
  source: "monitor", time: "2026-04-17T16:02:00Z", workspace: "casterly",
};

const payloads = [
  { alert_id: "alrt_tyrion_42", account_id: "acc_casterly", severity: "high",
    resource: "api_latency_p95", value: 1840, threshold: 1000,
    triggered_at: "2026-04-17T16:02:00Z", items: ["a", "b", "c"], tags: [], note: "", on: true,
    off: false, none: null, nested: { list: [1, 2.5, [3, [4, null]], { k: "v" }], deep: { x: 1 } } },
  { value: 0.1, threshold: 0.2, severity: "LOW", resource: "Straße & <Größe>", items: [3, 1, 2],
    note: "  \t\n", text: "naïve café — ΟΔΥΣΣΕΥΣ İstanbul ŉǰ ﬁ", emoji: "a😀b👩‍👩‍👧c", n: "12.50",
    quotes: `"it's" <b>&amp;</b>`, lines: "one\ntwo\r\nthree", items2: [{ n: 1 }, { n: 2 }] },
  { value: -1.005, threshold: 1e21, big: 12345678901234567890, small: 1e-7, neg: -0, e3: 1e3,
    items: [null, true, false, "x", 1.1], size: 7, obj: { b: 1, a: 2, 10: "ten", 9: "nine" },
    length: "long", one: [5], str1: "0x1F", str2: " 42 ", str3: "1e3", str4: "abc", str5: "Infinity" },
  { value: 9007199254740993, threshold: 123456789.125, items: "text", severity: "critical",
    items3: [[1, 2], [3, 4]], o: { length: 4, size: 0, first: "F", last: "L" }, u: "\u00a0\u2003",
    surrogate: "\ud83d\ude00", list: Array.from({ length: 12 }, (_, i) => ({ i, s: "x".repeat(i) })) },
  {},
];

const handpicked = [
  "", "plain text", "a { b } c {x} %} }}", "{{ payload.value }}", "{{payload.value}}",
  "{{ payload.threshold }}|{{ payload.big }}|{{ payload.small }}|{{ payload.neg }}|{{ payload.e3 }}",
  "{{ payload.value | minus: payload.threshold | round: 1 }}",
  "{{ payload.value | minus: payload.threshold | divided_by: payload.threshold | times: 100 | round }}",
  "{{ payload.value | plus: payload.threshold }}", "{{ payload.value | times: payload.threshold }}",
  "{{ payload.value | divided_by: payload.threshold }}", "{{ payload.value | divided_by: 0 }}",
  "{{ payload.missing | divided_by: 0 }}", "{{ payload.value | divided_by: 7, true }}",
  "{{ payload.value | divided_by: 7, false }}", "{{ payload.value | divided_by: -7, 1 }}",
  "{{ payload.value | round: 2 }}", "{{ payload.value | round: -2 }}", "{{ payload.value | round: 400 }}",
  "{{ payload.value | round: 1.5 }}", "{{ payload.threshold | round: payload.value }}",
  "{{ payload.n | plus: 1 }}", "{{ payload.str1 | plus: 1 }}", "{{ payload.str2 | plus: 1 }}",
  "{{ payload.str3 | plus: 1 }}", "{{ payload.str4 | plus: 1 }}", "{{ payload.str5 | minus: 1 }}",
  "{{ payload.one | plus: 1 }}", "{{ payload.items | plus: 1 }}", "{{ payload.on | plus: 1 }}",
  "{{ payload.none | plus: 1 }}", "{{ payload.obj | plus: 1 }}", "{{ nil | plus: 2 }}",
  "{{ 0.1 | plus: 0.2 }}", "{{ 1.10 }}", "{{ -5 }}", "{{ 5. }}", "{{ 00012 }}", "{{ -0 }}",
  "{{ 1e3 }}".replace("1e3", "1000000000000000000000000"), "{{ 0.000000123 }}", "{{ 3 | round }}",
  "{{ 'a' }}{{ \"b\" }}", "{{ 'it\\'s' }}", "{{ \"\\n\\t\\u00e9\\x\" }}", "{{ '}}' }}", "{{ '{{' }}",
  "{{ true }}{{ false }}{{ nil }}{{ null }}{{ empty }}{{ blank }}",
  "{{ payload.items }}", "{{ payload.nested }}", "{{ payload.nested.list }}", "{{ payload }}",
  "{{ payload.items | join }}", "{{ payload.items | join: ', ' }}", "{{ payload.nested.list | join: '-' }}",
  "{{ payload.value | join: '-' }}", "{{ payload.none | join }}", "{{ payload.items | join: nil }}",
  "{{ payload.items | join: 1 }}", "{{ payload.items | join: payload.missing }}", "{{ payload.obj | join }}",
  "{{ payload.text | url_encode }}|{{ payload.quotes | url_escape }}|{{ payload.lines | url_encode }}", "{{ payload.items | url_encode }}",
  "{{ payload.emoji | url_escape }}|{{ '-_.!~*()a b/c?d=e&f#g;:@+$,[]{}^`|<>%\\\\' | url_escape }}|{{ '-_.!~*()a b/c?d=e&f#g;:@+$,[]' | url_encode }}",
  "{{ payload.value | raw }}{{ payload.items | raw | join: '-' }}{{ payload.none | url_encode }}{{ payload.missing | raw }}",
  "{{ payload.items | size }}", "{{ payload.text | size }}", "{{ payload.emoji | size }}",
  "{{ payload.o | size }}", "{{ payload | size }}", "{{ payload.value | size }}", "{{ empty | size }}",
  "{{ payload.items.size }}|{{ payload.size }}|{{ payload.o.size }}|{{ payload.text.size }}|{{ payload.value.size }}",
  "{{ payload.items.first }}|{{ payload.items.last }}|{{ payload.o.first }}|{{ payload.text.first }}",
  "{{ payload.items.length }}|{{ payload.text.length }}|{{ payload.o.length }}|{{ payload.nested.length }}",
  "{{ payload.items[0] }}|{{ payload.items[-1] }}|{{ payload.items[9] }}|{{ payload.items.1 }}|{{ payload.items['2'] }}",
  "{{ payload['resource'] }}|{{ payload[\"value\"] }}|{{ payload.obj[10] }}|{{ payload.obj['9'] }}|{{ payload.obj.9 }}",
  "{{ payload.text[0] }}{{ payload.text[2] }}|{{ payload.surrogate[0] }}|{{ payload.emoji[1] }}|{{ payload.text[99] }}",
  "{{ payload.nested.list[2][1][0] }}", "{{ payload.missing.a.b }}", "{{ payload.none.a }}", "{{ payload.value.a }}",
  "{{ payload.text | upcase }}", "{{ payload.text | downcase }}", "{{ payload.text | capitalize }}",
  "{{ payload.resource | upcase }}", "{{ payload.resource | downcase }}", "{{ payload.resource | capitalize }}",
  "{{ payload.items | upcase }}", "{{ payload.value | upcase }}", "{{ payload.on | capitalize }}",
  "{{ payload.severity | upcase | downcase | capitalize }}", "{{ payload.emoji | capitalize }}",
  "{{ 'ὈΔΥΣΣΕΎΣ Σ ΑΣ. ΑΣΑ ΣΣ' | downcase }}", "{{ 'ÿßŉΐﬀ' | upcase }}", "{{ 'ΣΑΣ' | capitalize }}",
  "{{ 'ß' | capitalize }}", "{{ '😀ABC' | capitalize }}", "{{ 'ǅ' | upcase }}{{ 'ǅ' | downcase }}",
  "{{ payload.text | truncate: 5 }}", "{{ payload.text | truncate: 12, '…' }}", "{{ payload.text | truncate }}",
  "{{ payload.emoji | truncate: 4 }}", "{{ payload.emoji | truncate: 5, '' }}", "{{ payload.text | truncate: 0 }}",
  "{{ payload.text | truncate: -3 }}", "{{ payload.text | truncate: 2, 'ending' }}", "{{ payload.text | truncate: '7' }}",
  "{{ payload.text | truncate: nil }}", "{{ payload.text | truncate: payload.missing }}", "{{ payload.text | truncate: 7.5 }}",
  "{{ payload.text | truncate: 9, nil }}", "{{ payload.items | truncate: 2 }}", "{{ payload.text | truncate: 'x' }}",
  "{{ payload.text | truncate: 5, payload.missing }}", "{{ payload.note | truncate: 3 }}", "{{ payload.value | truncate: 3 }}",
  "{{ payload.quotes | escape }}", "{{ payload.lines | escape }}", "{{ payload.items | escape }}", "{{ payload.none | escape }}",
  "{{ payload.missing | default: 'n/a' }}", "{{ payload.note | default: 'n/a' }}", "{{ payload.off | default: 'n/a' }}",
  "{{ payload.none | default: payload.value }}", "{{ payload.tags | default: 'no tags' }}", "{{ payload.value | default: 1 }}",
  "{{ empty | default: 'e' }}{{ nil | default: 'n' }}{{ blank | default: 'b' }}{{ 0 | default: 'z' }}",
  "{{ payload.obj | default: 'o' }}", "{{ payload.missing | default: nil }}", "{{ payload.missing | default: payload.items }}",
  "{{ event.type }} {{ event.resource }} {{ event.resource_id }} {{ event.id }} {{ event.source }} {{ event.time }} {{ event.workspace }}",
  "{{ event['type'] | upcase }} {{ event.type.size }} {{ event.type[0] }}",
  "{% if payload.on %}on{% else %}off{% endif %}", "{% if payload.off %}on{% endif %}x", "{% if payload.none %}a{% elsif payload.value %}b{% else %}c{% endif %}",
  "{% if payload.note %}t{% else %}f{% endif %}{% if payload.tags %}t{% endif %}{% if 0 %}t{% endif %}{% if '' %}t{% endif %}{% if empty %}t{% endif %}",
  "{% if payload.severity == 'high' %}H{% elsif payload.severity == \"critical\" %}C{% else %}?{% endif %}",
  "{% if payload.value > 100 and payload.severity == 'high' %}1{% endif %}{% if payload.value > 100 or payload.severity == 'high' %}2{% endif %}",
  "{% if true or false and false %}1{% else %}2{% endif %}", "{% if false and false or true %}1{% else %}2{% endif %}",
  "{% if payload.items contains 'a' %}y{% else %}n{% endif %}", "{% if payload.text contains 'caf' %}y{% else %}n{% endif %}",
  "{% if payload.items contains 1 %}y{% else %}n{% endif %}{% if payload.items contains nil %}y{% else %}n{% endif %}",
  "{% if payload.str1 contains 1 %}y{% else %}n{% endif %}{% if payload.text contains payload.missing %}y{% endif %}",
  "{% if 'undefined null' contains payload.missing %}y{% endif %}{% if 'null' contains nil %}y{% endif %}{% if 'x' contains empty %}y{% endif %}",
  "{% if payload.missing == nil %}1{% endif %}{% if payload.none == null %}2{% endif %}{% if payload.none == payload.missing %}3{% endif %}{% if nil == payload.missing %}4{% endif %}",
  "{% if payload.note == empty %}1{% endif %}{% if payload.tags == empty %}2{% endif %}{% if payload.obj == empty %}3{% endif %}{% if payload == empty %}4{% endif %}{% if empty == empty %}5{% endif %}",
  "{% if payload.note == blank %}1{% endif %}{% if payload.off == blank %}2{% endif %}{% if payload.none == blank %}3{% endif %}{% if payload.u == blank %}4{% endif %}{% if blank == nil %}5{% endif %}{% if nil == blank %}6{% endif %}{% if payload.tags == blank %}7{% endif %}{% if 0 == blank %}8{% endif %}",
  "{% if payload.none > -1 %}1{% endif %}{% if nil > -1 %}2{% endif %}{% if payload.missing > -1 %}3{% endif %}{% if payload.on >= 1 %}4{% endif %}{% if payload.none <= 0 %}5{% endif %}",
  "{% if payload.n > 12 %}1{% endif %}{% if payload.n == 12.5 %}2{% endif %}{% if '10' < '9' %}3{% endif %}{% if '10' < 9 %}4{% endif %}{% if 'abc' < 9 %}5{% endif %}",
  "{% if '\ue000' < payload.surrogate %}1{% endif %}{% if '😀' > '￿' %}2{% else %}3{% endif %}{% if 'a' < 'b' %}4{% endif %}{% if 'é' > 'z' %}5{% endif %}",
  "{% if payload.items == payload.items %}1{% endif %}{% if payload.obj == payload.obj %}2{% endif %}{% if payload.nested.list == payload.nested.list %}3{% endif %}{% if payload.items < 'b' %}4{% endif %}",
  "{% if payload.one > 4 %}1{% endif %}{% if payload.one == 5 %}2{% endif %}{% if payload.items > 1 %}3{% endif %}{% if payload.obj < 'z' %}4{% endif %}",
  "{% if payload.value==1840 %}1{% endif %}{% if payload.value!=1840%}2{%endif%}{% if payload.value>=1840 and payload.value<=1840 %}3{% endif %}",
  "{% if payload.items != 'x' %}1{% endif %}{% if payload.value | default: false %}2{% endif %}{% if payload.note | default: true %}3{% endif %}",
  "{{ payload.value > 5 }} {{ payload.on and payload.off }} {{ payload.severity == 'high' or false | upcase }}",
  "{{ 1 == 1 == true }} {{ 'a' == 'a' != false }}",
  "{% unless payload.on %}u{% else %}e{% endunless %}", "{% unless payload.value > 5 %}a{% elsif payload.on %}b{% else %}c{% endunless %}",
  "{% for x in payload.items %}{{ forloop.index }}/{{ forloop.length }}:{{ x }} {% endfor %}",
  "{% for x in payload.items %}{{ forloop.index0 }}{{ forloop.first }}{{ forloop.last }}{{ forloop.rindex }}{{ forloop.rindex0 }};{% else %}none{% endfor %}",
  "{% for x in payload.missing %}x{% else %}none {{ payload.value }}{% endfor %}", "{% for x in payload.value %}x{% else %}none{% endfor %}",
  "{% for x in payload.list limit: 3 %}{{ x.i }},{% endfor %}", "{% for x in payload.list offset: 10 %}{{ x.i }},{% endfor %}",
  "{% for x in payload.list limit:3 offset:2 reversed %}{{ x.i }},{% endfor %}", "{% for x in payload.list reversed limit: 2 %}{{ x.i }},{% endfor %}",
  "{% for x in payload.list, limit: 2 %}{{ x.i }}{% else %}none{% endfor %}", "{% for x in payload.list limit: 0 %}x{% else %}none{% endfor %}",
  "{% for x in payload.list offset: 99 %}x{% else %}none{% endfor %}",
  "{% for x in payload.obj %}{{ x }}|{{ x[0] }}={{ x[1] }}|{{ x.first }}{{ x.last }}{{ x.size }};{% endfor %}",
  "{% for x in payload.nested %}{{ x[0] }}:{% for y in x[1] %}{{ y }},{% endfor %};{% endfor %}",
  "{% for x in payload.items3 %}{% for y in x %}{{ forloop.index }}{{ y }}{% if forloop.last %}.{% endif %}{% endfor %}{{ forloop.index }};{% endfor %}",
  "{% for x in payload.items3 %}{% for x in x %}{{ x }}{% endfor %}{{ x }};{% endfor %}",
  "{% for x in event.type %}{{ x }}{{ forloop.length }}{% endfor %}", "{% for x in payload.text limit: 1 %}{{ x.size }}{% endfor %}",
  "{% for x in payload.items2 %}{{ x.n | times: 2 }}{% unless forloop.last %}, {% endunless %}{% endfor %}",
  "a {{- payload.value -}} b", "a\n {%- if payload.on -%} \n x \n {%- endif -%} \n b", " {{- 'x' }} {{ 'y' -}} ", "a  {{- 1 }}\n\n{{ 2 -}}\n\n\nb",
  "a\u00a0\u3000{{- 1 -}}\u2003b", "{{- 5}}{{5 -}}  x", "{%-if payload.on-%}  x{%-endif-%}  y",
  "a{% comment %} {{ payload.value }} {% if x %} {% endcomment %}b", "a {%- comment -%} x {%- endcomment -%} b", "{% comment %}{% raw %}{% endcomment %}{% endraw %}{% endcomment %}z",
  "{% raw %}{{ payload.value }} {% if %}{% endraw %}", " {%- raw -%} x {{ y }} {% endraw -%} z", "{% raw %}{% endraw %}|", "{% raw %} {%- endraw %} {% endraw %}",
  "x{% if payload.on %}\n  {% for x in payload.items %}\n  - {{ x }}\n  {% endfor %}\n{% endif %}y",
  "{{ payload.value | plus: 1 | times: 2 | minus: 3 | divided_by: 4 | round: 3 | upcase | size }}",
  "{{ payload.value|plus:1|times : 2 | default: 'x' }}", "{{ payload.text | truncate : 6 , '~' | upcase }}",
  "{{ 5.6843418860808015e-14 }}".replace("e-14", ""), "{{ 2 | divided_by: 3 }} {{ 1 | divided_by: 3000000000 }} {{ 1 | divided_by: 1000000 }} {{ 1 | divided_by: 10000000 }}",
  "{{ 1.005 | round: 2 }} {{ 2.5 | round }} {{ -2.5 | round }} {{ 0.49999999999999994 | round }} {{ 1234.5678 | round: 3 }} {{ -0.4 | round }}",
];

const refused = [
  ["{{ payload.x | upcse }}", 1, 16, /unknown filter "upcse"/, /upcase/],
  ["{{ payload.x | lower }}", 1, 16, /unknown filter/, /downcase/],
  ["hello\n  {{ value }}", 2, 6, /unknown name "value"/, /payload\.value/],
  ["{{ paylod.x }}", 1, 4, /unknown name/, /payload/],
  ["é{{ x }}", 1, 5, /unknown name/],
  ["{% assign x = 1 %}", 1, 4, /"assign" is not supported/],
  ["{% capture x %}{% endcapture %}", 1, 4, /not supported/],
  ["{% case payload.x %}{% when 1 %}{% endcase %}", 1, 4, /not supported/],
  ["{% include 'x' %}", 1, 4, /not supported/], ["{% render 'x' %}", 1, 4, /not supported/],
  ["{% break %}", 1, 4, /not supported/], ["{% # note %}", 1, 4, /not supported/],
  ["{% fi payload.x %}{% endif %}", 1, 4, /unknown tag "fi"/, /if/], ["{% %}", 1, 3, /needs a name/],
  ["{% if payload.x %}", 1, 4, /"if" is never closed/], ["{% for x in payload.y %}", 1, 4, /never closed/],
  ["{% unless payload.x %}a", 1, 4, /never closed/], ["{% comment %}", 1, 4, /never closed/], ["{% raw %}x", 1, 4, /never closed/],
  ["{{ payload.x", 1, 1, /never closed/], ["a{% if payload.x", 1, 2, /never closed/], ["{{ 'x }}", 1, 1, /never closed/],
  ["{% if payload.x == 'a %}b{% endif %}", 1, 20, /never closed/],
  ["{% endif %}", 1, 4, /closes nothing/], ["{% else %}", 1, 4, /closes nothing/], ["{% endfor %}", 1, 4, /closes nothing/],
  ["{% if payload.x %}{% endfor %}", 1, 22, /does not belong/], ["{% for x in payload.y %}{% endif %}", 1, 28, /does not belong/],
  ["{% if payload.x %}{% else %}{% else %}{% endif %}", 1, 32, /does not belong/],
  ["{% if payload.x %}{% else x %}{% endif %}", 1, 27, /nothing may follow/], ["{% if payload.x %}{% endif x %}", 1, 28, /nothing may follow/],
  ["{{ }}", 1, 3, /a value is missing/], ["{{}}", 1, 3, /value/], ["{% if %}{% endif %}", 1, 6, /value/],
  ["{{ payload.x payload.y }}", 1, 14, /expected/], ["{{ payload.x | }}", 1, 15, /name of a filter/], ["{{ payload.x || upcase }}", 1, 15, /name of a filter/],
  ["{{ payload.x | plus }}", 1, 16, /argument is missing/], ["{{ payload.x | upcase: 1 }}", 1, 24, /no argument/],
  ["{{ payload.x | plus: 1, 2 }}", 1, 25, /too many arguments/], ["{{ payload.x | plus: }}", 1, 21, /value/], ["{{ payload.x | default: 1, allow_false: true }}", 1, 28],
  ["{{ payload. }}", 1, 12, /name after the point/], ["{{ payload.a..b }}", 1, 14, /name after the point/], ["{{ payload[ }}", 1, 12], ["{{ payload[0 }}", 1, 13],
  ["{{ payload[payload.x] }}", 1, 12], ["{{ payload[1.5] }}", 1, 12, /not a place/], ["{{ payload[99999999999] }}", 1, 12, /not a place/], ["{{ (1..3) }}", 1, 4, /value/, /ranges/],
  ["{% for x in (1..3) %}{% endfor %}", 1, 13, /value/], ["{% for x in 'abc' %}{% endfor %}", 1, 13, /path to a list/],
  ["{% for payload in payload.x %}{% endfor %}", 1, 8, /name for each/], ["{% for true in payload.x %}{% endfor %}", 1, 8],
  ["{% for x of payload.y %}{% endfor %}", 1, 10, /"in"/], ["{% for x in payload.y limit: payload.n %}{% endfor %}", 1, 28, /whole number/],
  ["{% for x in payload.y limit: -1 %}{% endfor %}", 1, 28, /whole number/], ["{% for x in payload.y cols: 2 %}{% endfor %}", 1, 23, /not understood/],
  ["{% for x in payload.y offset: continue %}{% endfor %}", 1, 29], ["{% for x in payload.y limit: 2 limit: 3 %}{% endfor %}", 1, 32],
  ["{{ event }}", 1, 4, /needs a name/], ["{{ event.typ }}", 1, 4, /has no "typ"/, /type/], ["{{ forloop.index }}", 1, 4, /unknown name/, /inside a for/],
  ["{% for x in payload.y %}{{ forloop.parent }}{% endfor %}", 1, 28, /has no/], ["{% for x in payload.y %}{% endfor %}{{ x }}", 1, 40, /unknown name/],
  ["{% for x in payload.y %}{% else %}{{ x }}{% endfor %}", 1, 38, /unknown name/],
  ["{% if not payload.x %}{% endif %}", 1, 7, /unsupported word/], ["{% if (payload.x) %}{% endif %}", 1, 7], ["{% if payload.x = 1 %}{% endif %}", 1, 17],
  ["{% if payload.x <> 1 %}{% endif %}", 1, 18], ["{% if payload.x && payload.y %}{% endif %}", 1, 17], ["{{ 'a\\101' }}", 1, 6, /escape/], ["{{ '\\ud83d' }}", 1, 5, /escape/],
  ["{{ true.x }}", 1, 8, /nothing more/], ["{{ 'a'.size }}", 1, 7, /nothing more/], ["{{ 'a'[0] }}", 1, 7, /nothing more/], ["{{ 1e3 }}", 1, 4, /unknown name/],
  ["{{ payload.x | date: '%Y-%m-%d' }}", 1, 16, /form/, /date_short/], ["{{ payload.x | date: '{nope}' }}", 1, 16, /form/], ["{{ payload.x | date: payload.f }}", 1, 16, /quoted/],
  ["{% if payload.a %}".repeat(9), 1, 8 * 18 + 4, /deeper than 8/], ["{{ " + "1 and ".repeat(40) + "1 }}", 1, 4 + 32 * 6, /too long/],
  ["{{ 1 " + "| upcase ".repeat(17) + "}}", 1, 6 + 16 * 9 + 2, /too many filters/], ["{%- endraw %}", 1, 5, /closes nothing/],
  ["x".repeat(16385), 1, 1, /longer than 16384/], ["{% tablerow x in payload.y %}{% endtablerow %}", 1, 4], ["{{ payload.x | append: 'a' }}", 1, 16], ["{{ payload.x | strip_html }}", 1, 16],
];

// A small generator of templates inside the subset; seeded, so that a failure can be repeated.
function generator(seed) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const pick = (list) => list[Math.floor(next() * list.length)];
  const names = ["value", "threshold", "severity", "resource", "items", "tags", "note", "on", "off",
    "none", "nested", "nested.list", "text", "emoji", "n", "quotes", "big", "small", "obj", "one",
    "str1", "str2", "str3", "items2", "items3", "o", "list", "missing", "lines", "nested.deep.x"];
  const steps = ["", "", "", "", ".size", ".first", ".last", "[0]", "[1]", "[-1]", "['k']", ".n", ".1"];
  const number = () => pick(["0", "1", "2", "-3", "7", "10", "0.5", "-2.25", "100", "1000", "0.1", "3.14159", "12345678.9"]);
  const string = () => pick(["'high'", '"low"', "''", "'a'", "' '", "'ß'", "'12'", "'…'", "', '", "'<&>'"]);
  const path = (scope) => (scope.length && next() < 0.4 ? pick(scope) : "payload." + pick(names)) + pick(steps);
  const operand = (scope) => {
    const r = next();
    if (r < 0.6) return path(scope);
    if (r < 0.75) return number();
    if (r < 0.88) return string();
    if (r < 0.95) return pick(["true", "false", "nil", "empty", "blank"]);
    return pick(["event.type", "event.resource", "event.source", "event.time"]);
  };
  const filter = (scope) => pick([
    () => "upcase", () => "downcase", () => "capitalize", () => "size", () => "escape", () => "join",
    () => "round", () => `round: ${pick(["0", "1", "2", "3", "-1", "-2"])}`, () => `plus: ${operand(scope)}`,
    () => `minus: ${operand(scope)}`, () => `times: ${operand(scope)}`, () => `divided_by: ${operand(scope)}`,
    () => `divided_by: ${number()}, true`, () => `default: ${operand(scope)}`, () => `join: ${string()}`,
    () => `truncate: ${pick(["0", "1", "3", "5", "20"])}`, () => `truncate: ${pick(["2", "4", "9"])}, ${string()}`,
  ])();
  const filters = (scope) => Array.from({ length: Math.floor(next() * 3.5) }, () => ` | ${filter(scope)}`).join("");
  const condition = (scope) => {
    const one = () => next() < 0.25 ? operand(scope)
      : `${operand(scope)} ${pick(["==", "!=", ">", "<", ">=", "<=", "contains"])} ${operand(scope)}`;
    let s = one();
    while (next() < 0.3) s += ` ${pick(["and", "or"])} ${one()}`;
    return s;
  };
  const dash = () => (next() < 0.15 ? "-" : "");
  const tag = (s) => `{%${dash()} ${s} ${dash()}%}`;
  const nodes = (depth, scope) => Array.from({ length: 1 + Math.floor(next() * 3) }, () => node(depth, scope)).join("");
  const node = (depth, scope) => {
    const r = next();
    if (r < 0.25) return pick([" ", "\n", "text ", "é ", "  \n  x", "{ ", "<b>"]);
    if (r < 0.7 || depth === 0) return `{{${dash()} ${next() < 0.1 ? condition(scope) : operand(scope)}${filters(scope)} ${dash()}}}`;
    if (r < 0.85) return tag(`if ${condition(scope)}`) + nodes(depth - 1, scope) +
      (next() < 0.4 ? tag(`elsif ${condition(scope)}`) + nodes(depth - 1, scope) : "") +
      (next() < 0.5 ? tag("else") + nodes(depth - 1, scope) : "") + tag("endif");
    if (r < 0.9) return tag(`unless ${condition(scope)}`) + nodes(depth - 1, scope) + tag("endunless");
    const variable = pick(["x", "y", "item"]);
    const inner = [...scope, variable, "forloop.index", "forloop.length"];
    return tag(`for ${variable} in ${path(scope.filter((s) => !s.startsWith("forloop")))}${pick(["", "", " limit: 2", " offset: 1", " reversed"])}`) +
      nodes(depth - 1, inner) + tag("endfor");
  };
  return () => nodes(3, []);
}

// A step onto forloop.index or a literal is refused by us and harmless to LiquidJS: not a pair.
function oracle(template, scope) {
  try {
    return liquid.parseAndRenderSync(template, scope);
  } catch (e) {
    if (e.originalError instanceof BeyondBigInt) return undefined;
    throw e;
  }
}

function agree(pairs) {
  const answers = render(pairs.map(([template, payload]) => ({ template, payload, event })));
  let accepted = 0;
  pairs.forEach(([template, payload], i) => {
    const got = answers[i];
    if (!got.ok || got.cut) return;
    const want = oracle(template, { payload: structuredClone(payload), event });
    if (want === undefined) return;
    const expected = Buffer.from(want, "utf8").toString("utf8");
    assert.equal(got.output, expected, `${JSON.stringify(template)} with ${JSON.stringify(payload)}`);
    accepted++;
  });
  return { accepted, answers };
}

test("handpicked templates render as LiquidJS renders them", () => {
  const pairs = handpicked.flatMap((t) => payloads.map((p) => [t, p]));
  const { accepted, answers } = agree(pairs);
  const refusals = pairs.filter((_, i) => !answers[i].ok).map(([t]) => t);
  assert.deepEqual([...new Set(refusals)], []);
  assert.ok(accepted >= 500, `${accepted} pairs`);
});

test("an integer of any length keeps its digits", () => {
  const ids = ["7134821077305984001", "7134821077305984002", "9007199254740993", "-9007199254740993",
    "12345678901234567890", "1" + "0".repeat(40) + "1", "18446744073709551615", "9223372036854775807"];
  // As producers write them: JSON.stringify of Node 20 has no way to.
  const lines = (template) => ids.map((id) => `{"template":${JSON.stringify(template)},"payload":{"id":${id},"list":[${id}]}}`);
  const of = (template) => renderLines(lines(template)).map((a) => a.output);
  const group = (id) => id.replace(/\B(?=(\d{3})+$)/g, ",");
  assert.deepEqual(of("{{ payload.id }}"), ids);
  assert.deepEqual(of("{{ payload.list }}{{ payload.list | join }}"), ids.map((id) => id + id));
  assert.deepEqual(of("{{ payload.id | number }}"), ids.map(group));
  assert.deepEqual(of("{{ payload.id | number: 2 }}"), ids.map((id) => group(id) + ".00"));
  assert.deepEqual(of("{{ payload.id | round }}"), ids);
  assert.deepEqual(of("{{ payload.id | plus: 1 }}"), ids.map((id) => String(BigInt(id) + 1n)));
  assert.deepEqual(of("{{ payload.id | minus: 7134821077305984000 }}"), ids.map((id) => String(BigInt(id) - 7134821077305984000n)));
  assert.deepEqual(of("{{ payload.id | times: payload.id }}"), ids.map((id) => String(BigInt(id) ** 2n)));
  assert.deepEqual(of("{{ payload.id | divided_by: payload.id }}"), ids.map(() => "1"));
  assert.deepEqual(of("{{ payload.id | divided_by: 10, true }}"), ids.map((id) => String((BigInt(id) - ((BigInt(id) % 10n) + 10n) % 10n) / 10n)));
  const compare = (op) => of(`{% if payload.id ${op} 7134821077305984001 %}yes{% else %}no{% endif %}`);
  const truth = (test) => ids.map((id) => (test(BigInt(id)) ? "yes" : "no"));
  const pivot = 7134821077305984001n;
  assert.deepEqual(compare("=="), truth((n) => n === pivot));
  assert.deepEqual(compare("!="), truth((n) => n !== pivot));
  assert.deepEqual(compare(">"), truth((n) => n > pivot));
  assert.deepEqual(compare("<="), truth((n) => n <= pivot));
  assert.deepEqual(of("{% if payload.list contains payload.id %}yes{% endif %}"), ids.map(() => "yes"));
  assert.deepEqual(of("{{ 999999999999999999999 }} {{ 123456789012345680000 | times: 100 }}")[0], "999999999999999999999 12345678901234568000000");
});

test("people read at most six digits behind the point", () => {
  const cases = [["1e-7", "0.0000001"], ["-0.09999999999999432", "-0.1"], ["0.1234567", "0.123457"],
    ["1234.56789012", "1,234.56789"], ["0.0000012345678", "0.00000123457"], ["1E3", "1,000"], ["1.10", "1.1"],
    ['"1840.5"', "1,840.5"], ['"n/a"', "n/a"], ["{}", ""], ["[1,2]", ""], ["null", ""], ["true", "true"]];
  const answers = renderLines(cases.map(([n]) => `{"template":"{{ payload.n | number }}","payload":{"n":${n}}}`));
  assert.deepEqual(answers.map((a) => a.output), cases.map(([, text]) => text));
});

test("generated templates render as LiquidJS renders them", () => {
  const seed = Number(process.env.SEED ?? 42);
  const make = generator(seed);
  const count = Number(process.env.PAIRS ?? 4000);
  const pairs = Array.from({ length: count }, (_, i) => [make(), payloads[i % payloads.length]]);
  const { accepted } = agree(pairs);
  assert.ok(accepted >= count * 0.9, `seed ${seed}: only ${accepted} of ${count} were accepted`);
});

test("numbers print as JavaScript prints them", () => {
  const numbers = [];
  let state = 7n;
  const bits = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 3000; i++) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    bits.setBigUint64(0, state);
    const n = bits.getFloat64(0);
    if (Number.isFinite(n)) numbers.push(n);
    numbers.push(Number((Number(state >> 40n) / 10 ** (i % 12)).toPrecision(1 + (i % 17))));
  }
  for (let e = -1074; e < 1024; e++) numbers.push(2 ** e);
  for (let e = -324; e < 309; e++) numbers.push(Number(`1e${e}`), Number(`9.5e${e}`), Number(`123456789012345678e${e - 17}`));
  numbers.push(5e-324, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 2 ** 53 + 2, 0.1 + 0.2, 1 / 3);
  const finite = numbers.filter(Number.isFinite);
  const answers = render(finite.map((n) => ({ template: "{{ payload.n }} {{ payload.n | round: 2 }}", payload: { n } })));
  const want = liquid.parse("{{ payload.n }} {{ payload.n | round: 2 }}");
  finite.forEach((n, i) => assert.equal(answers[i].output, liquid.renderSync(want, { payload: { n } })));
});

test("upper and lower case are those of JavaScript for every character", () => {
  const characters = [];
  for (let c = 0x20; c < 0x1f000; c++)
    if (c < 0xd800 || c > 0xdfff) characters.push(String.fromCodePoint(c));
  // Letters newer than this Node's Unicode tables have no case in it yet, neither have those
  // whose other case is newer.
  const isNewer = (s) => /\p{Cn}/u.test(s);
  const same = (ours, theirs) => {
    const expected = theirs.split(" ");
    const actual = ours.split(" ").map((s, i) => (isNewer(s) ? expected[i] : s));
    assert.deepEqual(actual, expected);
  };
  const known = characters.filter((s) => !isNewer(s));
  for (let i = 0; i < known.length; i += 500) {
    const s = known.slice(i, i + 500).join(" ");
    const [up, down] = render([{ template: "{{ payload.s | upcase }}", payload: { s } }, { template: "{{ payload.s | downcase }}", payload: { s } }]);
    same(up.output, s.toUpperCase());
    same(down.output, s.toLowerCase());
  }
});

test("what is outside the subset is refused where it stands", () => {
  const answers = render(refused.map(([template]) => ({ template, payload: {} })));
  refused.forEach(([template, line, column, text, suggestion], i) => {
    const got = answers[i];
    const shown = `${JSON.stringify(template.slice(0, 80))} gave ${JSON.stringify(got)}`;
    assert.equal(got.ok, false, shown);
    assert.deepEqual([got.line, got.column], [line, column], shown);
    if (text) assert.match(got.error, text, shown);
    if (suggestion) assert.match(got.suggestion, suggestion, shown);
  });
});
