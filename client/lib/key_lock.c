/* Client keys under a passphrase: the same door and the same form as a city's key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "connection.h"
#include "passphrase.h"

enum twinlog_error client_key_unlock(struct client_settings *settings, struct twinlog_fault *fault)
{
	struct passphrase passphrase;
	uint8_t secret[32];
	enum twinlog_error error;

	if (!settings->is_locked)
		return TWINLOG_OK;
	if (seal_init())
		return twinlog_fault_set(fault, TWINLOG_FAILED, "libsodium", NULL);
	error = passphrase_ask(settings->key_path, &passphrase, fault);
	if (error)
		return error;
	error = seal_unlock(passphrase.text, settings->effort, settings->locked, sizeof settings->locked, secret);
	passphrase_wipe(&passphrase);
	if (!error && !zmq_z85_encode(settings->secret_key, secret, sizeof secret))
		error = TWINLOG_FAILED;
	explicit_bzero(secret, sizeof secret);
	if (error)
		return twinlog_fault_set(fault, error, settings->key_path, NULL);
	settings->is_locked = false;
	return TWINLOG_OK;
}

enum twinlog_error client_key_lock(struct client_settings *settings, const char *passphrase,
				   struct twinlog_fault *fault)
{
	uint8_t secret[40]; /* zmq_z85_decode writes no more than four fifths of the text */
	enum twinlog_error error;

	if (strlen(settings->secret_key) != CONNECTION_Z85_SIZE - 1 || !zmq_z85_decode(secret, settings->secret_key))
		return twinlog_fault_set(fault, TWINLOG_INVALID, settings->key_path, "secret");
	error = seal_init();
	settings->effort = seal_effort_usual();
	if (!error)
		error = seal_lock(passphrase, settings->effort, secret, 32, settings->locked);
	explicit_bzero(secret, sizeof secret);
	if (error)
		return twinlog_fault_set(fault, error, settings->key_path, NULL);
	settings->is_locked = true;
	explicit_bzero(settings->secret_key, sizeof settings->secret_key);
	return TWINLOG_OK;
}

void client_key_print(FILE *file, const struct client_settings *settings)
{
	char hex[2 * sizeof settings->locked + 1];

	fprintf(file, "public = %s\n", settings->public_key);
	if (settings->is_locked)
		fprintf(file, "locked = %s\neffort = %llu %llu\n",
			hex_encode(hex, settings->locked, sizeof settings->locked),
			(unsigned long long)settings->effort.operations,
			(unsigned long long)settings->effort.memory_kib);
	else
		fprintf(file, "secret = %s\n", settings->secret_key);
}
