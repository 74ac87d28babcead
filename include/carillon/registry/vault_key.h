/*
 * The vault's public key, as it stands in the state bucket: boxes are sealed to it, and it is
 * the fingerprint of the master key. A credential that was sealed with another master key of
 * the same version could not be opened any more once the right one is back, so whoever seals,
 * and the service when it starts, compares first.
 */
#pragma once

#include "carillon/broker/broker.h"
#include "carillon/store/store.h"
#include "carillon/vault/vault.h"

/* ERR_SETUP: the vault has another key of that version, or only older ones. None published is
 * fine. */
MUST_USE bool vault_key_check(struct broker *b, const struct vault *v, struct err *e);
/*
 * The same, and publishes the newest where an older one or none stands; `version` becomes its
 * version. Where there is nothing to compare with, some credential of the index must open, if
 * there are any (ERR_DENIED). Of several processes with one master key each finds it done.
 */
MUST_USE bool vault_key_publish(
    struct broker *b, struct store *s, const struct vault *v, uint32_t *version, struct err *e);
