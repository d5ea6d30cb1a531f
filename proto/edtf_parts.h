/* What the two readers of dates share. Knows edtf.h. */
#ifndef TWINLOG_EDTF_PARTS_H
#define TWINLOG_EDTF_PARTS_H

#include "edtf.h"

/* From year, month and day; those finer than precision are not looked at. TWINLOG_BAD_DATE. */
enum twinlog_error edtf_make(const int parts[3], enum edtf_precision precision, bool approximate,
			     struct edtf *ret_date) TWINLOG_MUST_CHECK;

#endif
