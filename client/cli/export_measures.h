/* The sheet of measures beside the records of a workbook: what `report` answers by year, field and form, with charts,
 * and money per currency, never added across currencies but by a rate that the reader fills in. Knows export.h,
 * figures.h, xlsx_write.h. */
#ifndef TWINLOG_EXPORT_MEASURES_H
#define TWINLOG_EXPORT_MEASURES_H

#include "export.h"
#include "xlsx_write.h"

enum twinlog_error export_measures(struct export *export, struct xlsx *xlsx) TWINLOG_MUST_CHECK;

#endif
