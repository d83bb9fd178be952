/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/output/pcapng.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 6
#define OPTION_COMMENT 1
#define OPTION_NAME 2 /* of an interface */
#define OPTION_FLAGS 2 /* of a packet */
#define OPTION_RESOLUTION 9
#define LINK_ETHERNET 1
#define MAX_INTERFACES 64
#define NAME 16

struct pcapng {
	FILE *file;
	char interfaces[MAX_INTERFACES][NAME];
	unsigned count;
};

/* A block in the making. */
struct block {
	uint8_t *bytes;
	size_t used, room;
};

/* Appends, padded to 32 bits. */
static void put(struct block *b, const void *bytes, size_t len)
{
	static const uint8_t zero[4];
	size_t pad = -len & 3;

	if (b->used + len + pad > b->room)
		return;
	memcpy(b->bytes + b->used, bytes, len);
	memcpy(b->bytes + b->used + len, zero, pad);
	b->used += len + pad;
}

static void put32(struct block *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put_option(struct block *b, uint16_t code, const void *bytes, uint16_t len)
{
	uint16_t head[2] = {code, len};

	put(b, head, sizeof(head));
	put(b, bytes, len);
}

/* Frames the block: type and length before, length after. */
static int write_block(FILE *file, uint32_t type, const struct block *b)
{
	uint32_t head[2] = {type, (uint32_t)b->used + 12};

	if (fwrite(head, sizeof(head), 1, file) != 1 || fwrite(b->bytes, b->used, 1, file) != 1 || fwrite(&head[1], 4, 1, file) != 1)
		return -1;
	return 0;
}

struct pcapng *pcapng_new(FILE *file)
{
	struct pcapng *p = calloc(1, sizeof(*p));
	uint8_t bytes[32];
	struct block b = {bytes, 0, sizeof(bytes)};
	uint16_t version[2] = {1, 0};
	int64_t unknown = -1;

	if (!p)
		return NULL;
	p->file = file;
	put32(&b, 0x1a2b3c4d);
	put(&b, version, sizeof(version));
	put(&b, &unknown, sizeof(unknown));
	if (write_block(file, BLOCK_SECTION, &b)) {
		free(p);
		return NULL;
	}
	return p;
}

void pcapng_free(struct pcapng *p)
{
	free(p);
}

static int describe(struct pcapng *p, const char *name)
{
	uint8_t bytes[64], nanoseconds = 9;
	struct block b = {bytes, 0, sizeof(bytes)};
	uint16_t link[2] = {LINK_ETHERNET, 0};

	put(&b, link, sizeof(link));
	put32(&b, 0);
	put_option(&b, OPTION_NAME, name, strlen(name));
	put_option(&b, OPTION_RESOLUTION, &nanoseconds, 1);
	put32(&b, 0);
	return write_block(p->file, BLOCK_INTERFACE, &b);
}

/* The number of an interface, -1 if it can't be described. More than fit share the last one. */
static int interface_of(struct pcapng *p, const char *name)
{
	char cut[NAME];

	snprintf(cut, sizeof(cut), "%s", name);
	for (unsigned i = 0; i < p->count; i++)
		if (strcmp(p->interfaces[i], cut) == 0)
			return i;
	if (p->count == MAX_INTERFACES)
		return MAX_INTERFACES - 1;
	if (describe(p, cut))
		return -1;
	memcpy(p->interfaces[p->count], cut, sizeof(cut));
	return p->count++;
}

int pcapng_write(struct pcapng *p, const struct pcapng_packet *packet)
{
	int interface = interface_of(p, packet->interface), err;
	size_t comment = packet->comment ? strlen(packet->comment) : 0;
	struct block b = {.room = packet->kept + comment + 64};
	uint32_t direction = packet->outbound ? 2 : 1;

	if (interface < 0 || comment > UINT16_MAX)
		return -1;
	b.bytes = malloc(b.room);
	if (!b.bytes)
		return -1;
	put32(&b, interface);
	put32(&b, (uint64_t)packet->ns >> 32);
	put32(&b, (uint32_t)packet->ns);
	put32(&b, packet->kept);
	put32(&b, packet->len);
	put(&b, packet->bytes, packet->kept);
	if (comment)
		put_option(&b, OPTION_COMMENT, packet->comment, comment);
	put_option(&b, OPTION_FLAGS, &direction, sizeof(direction));
	put32(&b, 0);
	err = write_block(p->file, BLOCK_PACKET, &b);
	free(b.bytes);
	return err;
}
