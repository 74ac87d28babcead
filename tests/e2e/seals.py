"""Opens sealed credentials without a line of Carillon's: what its headers say of the format, in Python's standard library.

    seals.py KEY_FILE OWNER... -- DIRECTORY...

Looks at every byte of every file below the directories (streams, indexes, what is free in them) for a seal that a key of the
file opens for an owner, WORKSPACE/CONNECTION, and prints what it found as JSON. Without a key it finds nothing.
"""
import hashlib
import json
import os
import struct
import sys

FORMAT = 1
NONCE = 24
TAG = 16
HEAD = 1 + 4 + NONCE
CLEAR_MAX = 1000
MASK = 0xFFFFFFFF


# --- ChaCha20, HChaCha20 and Poly1305, as RFC 8439 and draft-irtf-cfrg-xchacha have them ---

def rounds(state):
    s = list(state)

    def quarter(a, b, c, d):
        for x, y, z, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & MASK
            s[z] ^= s[x]
            s[z] = (s[z] << by | s[z] >> (32 - by)) & MASK

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return s


def words(data):
    return struct.unpack("<%dI" % (len(data) // 4), data)


CONSTANT = words(b"expand 32-byte k")


def subkey(key, nonce):
    s = rounds(CONSTANT + words(key) + words(nonce))
    return struct.pack("<8I", *s[:4], *s[12:])


def stream(key, nonce, block):
    state = CONSTANT + words(key) + (block,) + words(nonce)
    return struct.pack("<16I", *((a + b) & MASK for a, b in zip(state, rounds(state))))


def cipher(key, nonce, data):
    out = b""
    for at in range(0, len(data), 64):
        pad = stream(key, nonce, 1 + at // 64)
        out += bytes(a ^ b for a, b in zip(data[at:at + 64], pad))
    return out


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\x01", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def open_aead(key, nonce, sealed, owner):
    """The clear bytes, or None."""
    key = subkey(key, nonce[:16])
    nonce = bytes(4) + nonce[16:]
    body, tag = sealed[:-TAG], sealed[-TAG:]
    signed = padded(owner) + padded(body) + struct.pack("<QQ", len(owner), len(body))
    if poly1305(stream(key, nonce, 0)[:32], signed) != tag:
        return None
    return cipher(key, nonce, body)


# --- the vault's format ---

def root_key(master):
    """libsodium's crypto_kdf: subkey 1 of the context."""
    return hashlib.blake2b(digest_size=32, key=master, salt=struct.pack("<QQ", 1, 0), person=b"carillon" + bytes(8)).digest()


def read_keys(path):
    keys = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            version, digits = line.split()
            keys[int(version)] = root_key(bytes.fromhex(digits))
    return keys


def open_seal(keys, seal, owner):
    version = struct.unpack(">I", seal[1:5])[0]
    if len(seal) < HEAD + TAG or version not in keys:
        return None
    workspace, connection = owner.encode().split(b"/")
    key = hashlib.blake2b(workspace, digest_size=32, key=keys[version]).digest()
    data = seal[:5] + bytes([len(workspace)]) + workspace + bytes([len(connection)]) + connection
    return open_aead(key, seal[5:HEAD], seal[HEAD:], data)


# --- looking ---

def lengths_before(data, at):
    """What a length in a protobuf record that ends at `at` may say."""
    if at >= 1 and data[at - 1] < 0x80:
        yield data[at - 1]
    if at >= 2 and data[at - 2] >= 0x80 and data[at - 1] < 0x80:
        yield (data[at - 2] & 0x7F) | data[at - 1] << 7


def seals_in(data, version):
    head = struct.pack(">BI", FORMAT, version)
    at = data.find(head)
    while at >= 0:
        for length in lengths_before(data, at):
            if HEAD + TAG <= length <= HEAD + TAG + CLEAR_MAX:
                yield at, data[at:at + length]
        at = data.find(head, at + 1)


def look(keys, owners, path):
    with open(path, "rb") as file:
        data = file.read()
    for version in keys:
        for at, seal in seals_in(data, version):
            for owner in owners:
                clear = open_seal(keys, seal, owner)
                if clear is not None:
                    yield {"file": path, "at": at, "owner": owner, "version": version, "clear": clear.decode("latin-1")}


def main():
    split = sys.argv.index("--")
    keys, owners = read_keys(sys.argv[1]), sys.argv[2:split]
    found = []
    for top in sys.argv[split + 1:]:
        for directory, _, names in os.walk(top):
            for name in sorted(names):
                if os.path.isfile(os.path.join(directory, name)):
                    found += look(keys, owners, os.path.join(directory, name))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
