/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes taken for a SIP message: whatever Call-ID is found must be in it, as a line's value, and found again when the message is written
 * with it alone.
 */
#define CTX_EXPRESS 0
#include "bpf/ctx/host.h"

#include "bpf/sip.h"
#include "tests/fuzz/fuzz.h"

struct host_maps *host;
_Thread_local uint32_t host_cpu;

static int find(struct sip *sip, const void *text, size_t len)
{
	memset(sip, 0xa5, sizeof(*sip));
	sip->len = len < SIP_LOOK ? len : SIP_LOOK;
	memcpy(sip->text, text, sip->len);
	return sip_call_id(sip);
}

/* One character of a Call-ID: no white space, no control character. */
static int is_word(uint8_t c)
{
	return c > ' ' && c != 0x7f;
}

static void check_id(const struct sip *sip)
{
	fuzz_check(sip->id_len >= 1 && sip->id_len <= SIP_ID_MAX);
	for (uint32_t i = 0; i < sizeof(sip->id); i++)
		fuzz_check(i < sip->id_len ? is_word(sip->id[i]) : !sip->id[i]);
	fuzz_check(memmem(sip->text, sip->len, sip->id, sip->id_len));
}

/* The same call in another message has the same hash; a call that is one character longer has another. */
static void check_again(const struct sip *sip)
{
	static struct sip again;
	struct sl_addr hash, other;
	char text[64 + 2 * SIP_ID_MAX];
	int len = snprintf(text, sizeof(text), "SIP/2.0 200 OK\nX: y\ni :\n\t%.*s \r\n\r\n", (int)sip->id_len, (const char *)sip->id);

	fuzz_check(find(&again, text, len) && again.id_len == sip->id_len && !memcmp(again.id, sip->id, sizeof(sip->id)));
	sip_hash(sip, 1, 2, &hash);
	sip_hash(&again, 1, 2, &other);
	fuzz_check(hash.d[0] == other.d[0] && hash.d[1] == other.d[1]);
	if (again.id_len == SIP_ID_MAX)
		return;
	again.id[again.id_len++] = 'x';
	sip_hash(&again, 1, 2, &other);
	fuzz_check(hash.d[0] != other.d[0] || hash.d[1] != other.d[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip sip;

	if (find(&sip, data, size)) {
		check_id(&sip);
		check_again(&sip);
	}
	return 0;
}
