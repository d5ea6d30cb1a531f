/* For the generators: reading a CSV file (RFC 4180) and writing C strings. Any fault ends the program. */
#ifndef TWINLOG_CSV_GEN_H
#define TWINLOG_CSV_GEN_H

#include <stdbool.h>
#include <stdio.h>

#define CSV_GEN_FIELDS_MAX 24

struct csv_gen {
	FILE *file;
	const char *path;
	char *line; /* the fields of the row one after the other, each with a NUL */
	size_t capacity;
	const char *fields[CSV_GEN_FIELDS_MAX]; /* of the current row; "" beyond count */
	size_t count;
	size_t row; /* from 1, the head */
};

/* Opens, and checks that the head is as expected, comma separated. */
void csv_gen_open(struct csv_gen *csv, const char *path, const char *head);
/* The next row; false at the end, where all is freed. */
bool csv_gen_next(struct csv_gen *csv);
/* A C string literal, or NULL for an empty text when none_is_null. */
void csv_gen_literal(FILE *out, const char *text, bool none_is_null);
/* text_fold, malloc'd. */
char *csv_gen_fold(const char *text);
void csv_gen_fail(const char *what, const char *which);

#endif
