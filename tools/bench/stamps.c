/*
 * Watches loopback and tells for each marked event when it went by, by the kernel's own clock
 * of packets: no process that is measured has to be trusted, or changed, for it.
 *
 *     bench-stamps NATS_PORT SINK_PORT READY_FILE     until SIGTERM; then a line for each mark:
 *     DUE PUBLISHED HANDED POSTED                     microseconds since DUE, which is in ns;
 *                                                     -1: never seen
 *
 * A mark is "bench-t:" and the nanoseconds at which its event was due. PUBLISHED is when it
 * went to the broker, HANDED when the broker first wrote it to a consumer's socket, POSTED when
 * it went to the sink. A mark that two packets share is not seen; loopback's packets hold 64
 * KiB, so few are. Needs CAP_NET_RAW.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carillon/base/base.h"

enum {
	BLOCK_BYTES = 1 << 20,
	BLOCKS = 128,
	FRAME_BYTES = 1 << 16,
	RETIRE_MS = 50,
	SLOTS = 1 << 21, /* of marks; a power of two */
	/* The kernel's own macro for it is of a signed type. */
	LINK_OFFSET = (sizeof(struct tpacket3_hdr) + 15) / 16 * 16,
};

enum way { PUBLISHED, HANDED, POSTED, WAYS };

struct mark {
	uint64_t due_ns; /* 0: the slot is free */
	int64_t at_us[WAYS];
};

static struct mark *marks;
static size_t marked;
static uint16_t nats_port, sink_port;
static volatile sig_atomic_t is_told_to_end;

static void
end_soon(int signal)
{
	(void)signal;
	is_told_to_end = 1;
}

static struct mark *
mark_of(uint64_t due_ns)
{
	size_t i = (size_t)((due_ns * 0x9e3779b97f4a7c15ULL) >> 40) & (SLOTS - 1);

	while (marks[i].due_ns != 0 && marks[i].due_ns != due_ns)
		i = (i + 1) & (SLOTS - 1);
	if (marks[i].due_ns == 0) {
		must(++marked < SLOTS / 2);
		marks[i] = (struct mark){due_ns, {-1, -1, -1}};
	}
	return &marks[i];
}

static void
note_marks(const char *data, size_t len, enum way way, uint64_t now_ns)
{
	static const char word[] = "bench-t:";
	const char *end = data + len, *p = data;

	while ((p = memmem(p, (size_t)(end - p), word, sizeof(word) - 1)) != NULL) {
		uint64_t due = 0;

		for (p += sizeof(word) - 1; p < end && *p >= '0' && *p <= '9'; p++)
			due = due * 10 + (uint64_t)(*p - '0');
		if (p < end && due > 0) {
			struct mark *m = mark_of(due);

			if (m->at_us[way] < 0)
				m->at_us[way] = ((int64_t)now_ns - (int64_t)due) / 1000;
		}
	}
}

/* A packet goes by twice, as it leaves and as it arrives; the first counts. */
static void
look_at(const struct tpacket3_hdr *frame)
{
	const struct sockaddr_ll *link = (const void *)((const char *)frame + LINK_OFFSET);
	const char *packet = (const char *)frame + frame->tp_net;
	size_t len = frame->tp_snaplen - (size_t)(frame->tp_net - frame->tp_mac), head;
	uint64_t now_ns = (uint64_t)frame->tp_sec * 1000000000 + frame->tp_nsec;
	struct iphdr ip;
	struct tcphdr tcp;

	if (link->sll_pkttype != PACKET_OUTGOING || len < sizeof(ip) + sizeof(tcp))
		return;
	memcpy(&ip, packet, sizeof(ip));
	if (ip.version != 4 || ip.protocol != IPPROTO_TCP || len < ip.ihl * 4U + sizeof(tcp))
		return;
	memcpy(&tcp, packet + ip.ihl * 4U, sizeof(tcp));
	head = ip.ihl * 4U + tcp.doff * 4U;
	if (len <= head)
		return;
	if (ntohs(tcp.dest) == nats_port)
		note_marks(packet + head, len - head, PUBLISHED, now_ns);
	else if (ntohs(tcp.source) == nats_port)
		note_marks(packet + head, len - head, HANDED, now_ns);
	else if (ntohs(tcp.dest) == sink_port)
		note_marks(packet + head, len - head, POSTED, now_ns);
}

static char *
open_ring(int *fd)
{
	int version = TPACKET_V3;
	struct tpacket_req3 ring = {
	    .tp_block_size = BLOCK_BYTES,
	    .tp_block_nr = BLOCKS,
	    .tp_frame_size = FRAME_BYTES,
	    .tp_frame_nr = BLOCK_BYTES / FRAME_BYTES * BLOCKS,
	    .tp_retire_blk_tov = RETIRE_MS,
	};
	struct sockaddr_ll on = {.sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_ALL),
	    .sll_ifindex = (int)if_nametoindex("lo")};
	void *blocks;

	*fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (*fd < 0) {
		perror("bench-stamps: packets of loopback are root's to see");
		exit(77);
	}
	must(setsockopt(*fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) == 0);
	must(setsockopt(*fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) == 0);
	blocks = mmap(
	    NULL, (size_t)BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	must(blocks != MAP_FAILED);
	must(bind(*fd, (struct sockaddr *)&on, sizeof(on)) == 0);
	return blocks;
}

static void
read_block(struct tpacket_block_desc *block)
{
	char *at = (char *)block + block->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *frame = (const void *)at;

		look_at(frame);
		at += frame->tp_next_offset;
	}
	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

/* As many packets as the kernel had no room for: figures with any are of no use. */
static unsigned
dropped(int fd)
{
	struct tpacket_stats_v3 stats;
	socklen_t len = sizeof(stats);

	must(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0);
	return stats.tp_drops;
}

static void
print_marks(void)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (marks[i].due_ns != 0)
			printf("%llu %lld %lld %lld\n", (unsigned long long)marks[i].due_ns,
			    (long long)marks[i].at_us[PUBLISHED],
			    (long long)marks[i].at_us[HANDED],
			    (long long)marks[i].at_us[POSTED]);
}

static void
say_ready(const char *file)
{
	FILE *f = fopen(file, "w");

	must(f != NULL && fputs("ready\n", f) >= 0 && fclose(f) == 0);
}

int
main(int argc, char **argv)
{
	struct sigaction on_end = {.sa_handler = end_soon};
	struct pollfd poll_fd = {.events = POLLIN};
	size_t next = 0;
	char *blocks;

	if (argc != 4) {
		fprintf(stderr, "usage: bench-stamps NATS_PORT SINK_PORT READY_FILE\n");
		return 2;
	}
	nats_port = (uint16_t)strtoul(argv[1], NULL, 10);
	sink_port = (uint16_t)strtoul(argv[2], NULL, 10);
	marks = calloc(SLOTS, sizeof(*marks));
	must(marks != NULL);
	sigaction(SIGTERM, &on_end, NULL);
	blocks = open_ring(&poll_fd.fd);
	say_ready(argv[3]);
	for (;;) {
		struct tpacket_block_desc *block = (void *)(blocks + next * BLOCK_BYTES);

		if (__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		    TP_STATUS_USER) {
			read_block(block);
			next = (next + 1) % BLOCKS;
		} else if (is_told_to_end) {
			break;
		} else {
			(void)poll(&poll_fd, 1, 2 * RETIRE_MS);
		}
	}
	fprintf(stderr, "dropped %u\n", dropped(poll_fd.fd));
	print_marks();
	return 0;
}
