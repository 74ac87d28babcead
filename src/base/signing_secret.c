#include "carillon/base/signing_secret.h"

#include <sodium.h>

enum { KEY_BYTES = 32, PREFIX_LEN = 6 };

void
signing_secret_new(char out[static SIGNING_SECRET_SIZE])
{
	uint8_t key[KEY_BYTES];

	randombytes_buf(key, sizeof(key));
	memcpy(out, "whsec_", PREFIX_LEN);
	must(sodium_bin2base64(out + PREFIX_LEN, SIGNING_SECRET_SIZE - PREFIX_LEN, key,
		 sizeof(key), sodium_base64_VARIANT_ORIGINAL) != NULL);
	sodium_memzero(key, sizeof(key));
}
