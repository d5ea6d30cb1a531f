/* What was found, for people and for programs. */
#include <inttypes.h>
#include <time.h>

#include "proof.h"

static const char *time_text(uint64_t ms, char text[32])
{
	const time_t seconds = (time_t)(ms / 1000);
	struct tm parts;
	if (ms == 0 || !gmtime_r(&seconds, &parts) || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		text[0] = '\0';
	return text;
}

/* Text of a partner, safe for a terminal and inside JSON. */
static void text_print(const void *text, size_t size)
{
	const uint8_t *bytes = text;
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\' || bytes[i] < 0x20 || bytes[i] == 0x7f)
			putchar('?');
		else
			putchar(bytes[i]);
	}
}

static enum verdict worst(const struct proof *proof)
{
	enum verdict verdict = 0;
	while (verdict < VERDICT_COUNT && proof->findings[verdict].count == 0)
		verdict++;
	return verdict;
}

static const struct card *card_of(const struct proof *proof, const struct hash *identity)
{
	for (size_t i = 0; i < proof->known_count; i++)
		if (hash_equal(&proof->known[i]->identity, identity))
			return proof->known[i];
	return NULL;
}

/* ---- For people ---- */

static void space_print(const struct proof *proof, const struct proof_space *space)
{
	const ProtobufCBinaryData title = acts_title(space->acts);
	char hex[2 * HASH_SIZE + 1], when[32], fingerprint[72];
	size_t count;
	const struct member *members = acts_members(space->acts, &count);
	printf("\nSpace ");
	text_print(title.data, title.len);
	printf("  %s\n  %zu acts, %zu erasures, %" PRIu64 " positions\n",
	       hex_encode(hex, acts_space(space->acts)->bytes, HASH_SIZE), acts_count(space->acts),
	       erasures_count(space->erasures), space->positions);
	for (size_t i = 0; i < count; i++) {
		const struct proof_city *city = proof_city(space, &members[i].identity);
		printf("  %s: ", members[i].city_id);
		if (city)
			printf("%" PRIu32 " bundles, %" PRIu64 " entries (%" PRIu64 " erased), the newest of %s",
			       graph_count(city->graph), city->leaves, city->erased, time_text(city->newest_ms, when));
		else
			printf("nothing said");
		if (city && city->branches > 0)
			printf("; written on more than one machine or on one that was set back");
		printf("\n    fingerprint %s%s\n", seal_fingerprint(&members[i].identity, fingerprint),
		       card_of(proof, &members[i].identity) ? ", as on the card given"
							    : ", not compared with any card");
	}
}

static void people_print(const struct proof *proof)
{
	char when[32];
	if (proof->head && proof->spaces_count > 0) {
		struct hash from;
		if (codec_get_hash(proof->head->from, &from) == TWINLOG_OK)
			printf("Proof by %s of %s\n", proof_name(&proof->spaces[0], &from),
			       time_text(proof->head->time_ms, when));
	}
	for (size_t i = 0; i < proof->spaces_count; i++)
		space_print(proof, &proof->spaces[i]);
	for (enum verdict v = 0; v < VERDICT_COUNT; v++) {
		const struct finding *finding = &proof->findings[v];
		if (finding->count == 0)
			continue;
		printf("\n%s: %" PRIu64 "\n", verdict_text(v), finding->count);
		for (size_t i = 0; i < FINDING_LINES && i < finding->count; i++) {
			printf("  ");
			if (finding->lines[i])
				text_print(finding->lines[i], strlen(finding->lines[i]));
			printf("\n");
		}
	}
	if (worst(proof) == VERDICT_COUNT)
		printf("\nSound: every hash, chain and signature verifies, nothing that members signed for is missing, "
		       "and "
		       "no\nbundle claims to be more than a day older than what it builds on.\n");
}

/* ---- For programs ---- */

static void space_json(const struct proof *proof, const struct proof_space *space)
{
	const ProtobufCBinaryData title = acts_title(space->acts);
	char hex[2 * HASH_SIZE + 1], when[32];
	size_t count;
	const struct member *members = acts_members(space->acts, &count);
	printf("{\"space\":\"%s\",\"title\":\"", hex_encode(hex, acts_space(space->acts)->bytes, HASH_SIZE));
	text_print(title.data, title.len);
	printf("\",\"acts\":%zu,\"erasures\":%zu,\"positions\":%" PRIu64 ",\"cities\":[", acts_count(space->acts),
	       erasures_count(space->erasures), space->positions);
	for (size_t i = 0; i < count; i++) {
		const struct proof_city *city = proof_city(space, &members[i].identity);
		printf("%s{\"city\":\"%s\",\"identity\":\"%s\",\"card\":%s,\"bundles\":%" PRIu32 ",\"entries\":%" PRIu64
		       ",\"erased\":%" PRIu64 ",\"branches\":%" PRIu64 ",\"newest\":\"%s\"}",
		       i ? "," : "", members[i].city_id, hex_encode(hex, members[i].identity.bytes, HASH_SIZE),
		       card_of(proof, &members[i].identity) ? "true" : "false", city ? graph_count(city->graph) : 0,
		       city ? city->leaves : 0, city ? city->erased : 0, city ? city->branches : 0,
		       time_text(city ? city->newest_ms : 0, when));
	}
	printf("]}");
}

static void program_print(const struct proof *proof)
{
	const enum verdict first = worst(proof);
	char hex[2 * HASH_SIZE + 1], when[32];
	const char *separator = "";
	printf("{\"verdict\":\"%s\",\"code\":%d", first == VERDICT_COUNT ? "sound" : verdict_id(first),
	       first == VERDICT_COUNT ? 0 : verdict_code(first));
	if (proof->head)
		printf(",\"writer\":\"%s\",\"time\":\"%s\"", hex_encode(hex, proof->head->from.data, HASH_SIZE),
		       time_text(proof->head->time_ms, when));
	printf(",\"spaces\":[");
	for (size_t i = 0; i < proof->spaces_count; i++) {
		printf("%s", i ? "," : "");
		space_json(proof, &proof->spaces[i]);
	}
	printf("],\"findings\":[");
	for (enum verdict v = 0; v < VERDICT_COUNT; v++)
		for (size_t i = 0; i < FINDING_LINES && i < proof->findings[v].count; i++) {
			const char *line = proof->findings[v].lines[i];
			printf("%s{\"verdict\":\"%s\",\"what\":\"", separator, verdict_id(v));
			text_print(line ? line : "", line ? strlen(line) : 0);
			printf("\"}");
			separator = ",";
		}
	printf("]}\n");
}

int report_print(const struct proof *proof, bool json)
{
	const enum verdict first = worst(proof);
	if (json)
		program_print(proof);
	else
		people_print(proof);
	return first == VERDICT_COUNT ? 0 : verdict_code(first);
}
