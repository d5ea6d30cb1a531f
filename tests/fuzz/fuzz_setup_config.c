/* twinlogd.conf and clients.conf. */
#include <string.h>

#include "clients.h"
#include "config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct config config;
	static struct clients clients;
	struct twinlog_fault fault;
	char *text = malloc(size + 1);

	FUZZ_CHECK(text != NULL);
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (config_parse(&config, text, size, &fault) == TWINLOG_OK)
		FUZZ_CHECK(1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (clients_parse(&clients, text, size, &fault) == TWINLOG_OK)
		FUZZ_CHECK(1);
	free(text);
	return 0;
}
