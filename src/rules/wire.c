#include "wire.h"

enum wire_type { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

/* False at the end, or where the bytes are no varint. */
static bool
take_varint(struct str *rest, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64 && rest->len > 0; shift += 7) {
		uint64_t byte = (unsigned char)rest->ptr[0];

		*rest = (struct str){rest->ptr + 1, rest->len - 1};
		*out |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool
take(struct str *rest, uint64_t n, struct str *out)
{
	if (n > rest->len)
		return false;
	*out = (struct str){rest->ptr, (size_t)n};
	*rest = (struct str){rest->ptr + n, rest->len - (size_t)n};
	return true;
}

/* The next field: its number, and its bytes if it has a length. */
static bool
take_field(struct str *rest, uint64_t *number, struct str *content)
{
	uint64_t tag, n;

	*content = (struct str){0};
	if (!take_varint(rest, &tag))
		return false;
	*number = tag >> 3;
	switch (tag & 7) {
	case WIRE_VARINT: return take_varint(rest, &n);
	case WIRE_64: return take(rest, 8, content);
	case WIRE_32: return take(rest, 4, content);
	case WIRE_BYTES: return take_varint(rest, &n) && take(rest, n, content);
	default: return false;
	}
}

static bool
has_nul(const ProtobufCFieldDescriptor *field, struct str content)
{
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return content.len > 0 && memchr(content.ptr, '\0', content.len);
	/* a message's field points to a descriptor of its message */
	return field->type == PROTOBUF_C_TYPE_MESSAGE &&
	       wire_string_with_nul(field->descriptor, content, NULL) != NULL;
}

/* Recursion ends with the types, of which none contains itself. */
const char *
wire_string_with_nul(
    const ProtobufCMessageDescriptor *type, struct str bytes, const char *first)
{
	const char *found = NULL;
	struct str content;
	uint64_t number;

	while (bytes.len > 0 && take_field(&bytes, &number, &content)) {
		const ProtobufCFieldDescriptor *field =
		    number <= UINT32_MAX
			? protobuf_c_message_descriptor_get_field(type, (unsigned)number)
			: NULL;

		if (!field || !has_nul(field, content))
			continue;
		if (first && strcmp(field->name, first) == 0)
			return field->name;
		found = found ? found : field->name;
	}
	return found;
}
