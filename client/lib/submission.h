/* Putting together what is to be written: operations, their request, and the wait for partners. For libtwinlog and the
 * commands; everything is made in an arena. */
#ifndef TWINLOG_SUBMISSION_H
#define TWINLOG_SUBMISSION_H

#include "connection.h"
#include "json.h"

/* A statement that opens a new record: draws request id and token where entry has none; office is the one of the
 * settings, used when the body names none ("" or NULL: none). */
enum twinlog_error submission_statement(struct arena *arena, const char *office, const struct json_entry *entry,
					Twinlog__SubmitOperation **ret_operation,
					struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* An operation on a record that exists, with a request id drawn. body NULL: empty but for the office. Its token stays
 * as it is (a statement needs one: submission_token). */
enum twinlog_error submission_on_record(struct arena *arena, const char *office, uint32_t operation,
					const Twinlog__Record *record, Twinlog__Body *body,
					Twinlog__SubmitOperation **ret_operation,
					struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Draws a token when the body has none. */
enum twinlog_error submission_token(struct arena *arena, Twinlog__Body *body) TWINLOG_MUST_CHECK;

/* space NULL: the one that fits. */
enum twinlog_error submission_request(struct arena *arena, const struct hash *space,
				      Twinlog__SubmitOperation *const *operations, size_t count,
				      Twinlog__Request **ret_request, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Waits; *ret_reply has `waited`. */
enum twinlog_error submission_wait(struct twinlog *twinlog, struct arena *arena, const struct hash *space,
				   const ProtobufCBinaryData *bundles, size_t count, uint32_t cities,
				   uint32_t timeout_ms, Twinlog__Reply **ret_reply,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
