/* What the files behind text.h share. */
#ifndef TWINLOG_TEXT_INTERNAL_H
#define TWINLOG_TEXT_INTERNAL_H

#include "text.h"

/* text_fold of a text as a whole, with all that a character may do to the next. */
enum twinlog_error text_fold_whole(const void *text, size_t size, char **ret_text, size_t *ret_size) TWINLOG_MUST_CHECK;

#endif
