/* A brief as a workbook: a sheet of what is said, and one for each table with its chart. */
#include <string.h>

#include "brief.h"
#include "xlsx_write.h"

static enum xlsx_type type_of(const struct brief_cell *cell)
{
	if (!cell->text || !*cell->text)
		return XLSX_EMPTY;
	switch (cell->type) {
	case BRIEF_NUMBER:
	case BRIEF_HEAT:
		return XLSX_NUMBER;
	case BRIEF_DECIMAL:
		return XLSX_DECIMAL;
	case BRIEF_PERCENT:
		return XLSX_PERCENT;
	case BRIEF_DATE:
		return XLSX_DATE;
	default:
		return XLSX_TEXT;
	}
}

static void write_tiles(struct xlsx *book, const struct brief *brief)
{
	const struct xlsx_column columns[] = {{"", 28}, {"", 16}, {"", 40}};

	xlsx_table(book, columns, 3);
	for (size_t i = 0; i < brief->tiles_count; i++) {
		const struct xlsx_cell cells[] = {{.type = XLSX_TEXT, .text = brief->tiles[i].label},
						  {.type = XLSX_TEXT, .text = brief->tiles[i].value},
						  {.type = XLSX_TEXT, .text = brief->tiles[i].note}};

		xlsx_row(book, cells);
	}
}

static double width_of(const struct brief_table *table, size_t column)
{
	return table->columns[column].right                                     ? 0
	       : table->rows_count && table->rows[0][column].type == BRIEF_DATE ? 14
										: 36;
}

static void write_table(struct xlsx *book, const struct brief_table *table)
{
	struct xlsx_column columns[XLSX_TABLE_COLUMNS_MAX];
	struct xlsx_cell cells[XLSX_TABLE_COLUMNS_MAX];

	for (size_t i = 0; i < table->columns_count; i++)
		columns[i] = (struct xlsx_column){.head = table->columns[i].head, .width = width_of(table, i)};
	xlsx_table(book, columns, table->columns_count);
	for (size_t row = 0; row < table->rows_count; row++) {
		for (size_t i = 0; i < table->columns_count; i++)
			cells[i] = (struct xlsx_cell){.type = type_of(&table->rows[row][i]),
						      .text = table->rows[row][i].text,
						      .number = table->rows[row][i].number};
		xlsx_row(book, cells);
	}
	if (table->chart != BRIEF_NO_CHART)
		xlsx_chart(book, table->chart == BRIEF_COLUMNS ? XLSX_COLUMNS : XLSX_BARS, table->chart_title,
			   table->names, table->values);
}

enum twinlog_error brief_write_xlsx(const struct brief *brief, const char *path)
{
	struct xlsx *book;
	enum twinlog_error error = xlsx_new(path, false, &book);

	if (error)
		return error;
	xlsx_sheet(book, brief->title);
	xlsx_text(book, XLSX_TITLE, brief->title);
	xlsx_text(book, XLSX_SMALL, brief->subtitle);
	xlsx_skip(book);
	write_tiles(book, brief);
	for (size_t i = 0; i < brief->sections_count; i++) {
		const struct brief_section *section = &brief->sections[i];

		if (section->sentences_count == 0)
			continue;
		xlsx_skip(book);
		xlsx_text(book, XLSX_HEADING, section->heading);
		for (size_t s = 0; s < section->sentences_count; s++)
			xlsx_text(book, XLSX_PLAIN, section->sentences[s]);
	}
	xlsx_skip(book);
	for (size_t i = 0; i < brief->foot_count; i++)
		xlsx_text(book, XLSX_SMALL, brief->foot[i]);
	for (size_t i = 0; i < brief->sections_count; i++) {
		const struct brief_section *section = &brief->sections[i];

		if (section->table.rows_count == 0)
			continue;
		xlsx_sheet(book, section->heading);
		xlsx_text(book, XLSX_HEADING, section->heading);
		write_table(book, &section->table);
		if (section->note)
			xlsx_text(book, XLSX_SMALL, section->note);
	}
	return xlsx_close(book);
}
