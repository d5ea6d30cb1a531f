/* Parts of a bundle that the own store holds, found without decoding the rest: what lies there was checked when it
 * came in. Everything is a view of the bytes given. Knows bundle.h. */
#ifndef TWINLOG_BUNDLE_VIEW_H
#define TWINLOG_BUNDLE_VIEW_H

#include "bundle.h"

/* BundleHeader, byte for byte. MALFORMED. */
enum twinlog_error bundle_view_header(const uint8_t *bytes, size_t size,
				      ProtobufCBinaryData *ret_header) TWINLOG_MUST_CHECK;
/* MALFORMED. */
enum twinlog_error bundle_view_id(const uint8_t *bytes, size_t size, struct hash *ret_id) TWINLOG_MUST_CHECK;
/* The body of the leaf at index. Empty once erased. MALFORMED, also when there is no such leaf. */
enum twinlog_error bundle_view_body(const uint8_t *bytes, size_t size, uint32_t index,
				    ProtobufCBinaryData *ret_body) TWINLOG_MUST_CHECK;

/* The offsets of the leaves 0, step, 2 * step, …: bundle_view_body finds the leaf i at the bytes from there on as i %
 * step. Fills at most max of them; returns how many there are. */
uint32_t bundle_view_places(const uint8_t *bytes, size_t size, uint32_t step, uint32_t *ret_offsets, uint32_t max);

/* Each leaf's body, in order; stops when visit answers false, which is no fault. */
enum twinlog_error bundle_view_bodies(const uint8_t *bytes, size_t size,
				      bool (*visit)(void *context, uint32_t index, ProtobufCBinaryData body),
				      void *context) TWINLOG_MUST_CHECK;

#endif
