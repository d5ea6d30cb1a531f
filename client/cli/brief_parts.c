/* The parts of a brief, put one after the other. */
#include <string.h>

#include "brief.h"

/* Room for one more entry; false when memory is out. list is the address of the pointer. */
static bool room(struct brief *brief, void *list, size_t *capacity, size_t count, size_t size)
{
	const size_t wanted = *capacity ? 2 * *capacity : 16;
	void *old, *grown;

	if (count < *capacity)
		return true;
	memcpy(&old, list, sizeof old);
	grown = arena_alloc(brief->cli->arena, wanted * size);
	if (!grown) {
		brief->no_memory = true;
		return false;
	}
	if (count > 0)
		memcpy(grown, old, count * size);
	memcpy(list, &grown, sizeof grown);
	*capacity = wanted;
	return true;
}

static struct brief_section *last(struct brief *brief)
{
	static struct brief_section nowhere;

	/* Only when memory is out, which is told in the end. */
	return brief->sections_count ? &brief->sections[brief->sections_count - 1] : &nowhere;
}

void brief_tile(struct brief *brief, const char *label, const char *value, const char *note)
{
	if (room(brief, &brief->tiles, &brief->tiles_capacity, brief->tiles_count, sizeof *brief->tiles))
		brief->tiles[brief->tiles_count++] = (struct brief_tile){.label = label, .value = value, .note = note};
}

void brief_section(struct brief *brief, const char *heading)
{
	if (room(brief, &brief->sections, &brief->sections_capacity, brief->sections_count, sizeof *brief->sections))
		brief->sections[brief->sections_count++] = (struct brief_section){.heading = heading};
}

void brief_say(struct brief *brief, const char *sentence)
{
	struct brief_section *section = last(brief);

	if (room(brief, &section->sentences, &section->sentences_capacity, section->sentences_count,
		 sizeof *section->sentences))
		section->sentences[section->sentences_count++] = sentence;
}

void brief_note(struct brief *brief, const char *note)
{
	last(brief)->note = note;
}

void brief_foot(struct brief *brief, const char *line)
{
	if (room(brief, &brief->foot, &brief->foot_capacity, brief->foot_count, sizeof *brief->foot))
		brief->foot[brief->foot_count++] = line;
}

void brief_table(struct brief *brief, const struct brief_column *columns, size_t count)
{
	struct brief_table *table = &last(brief)->table;

	table->columns = arena_copy(brief->cli->arena, columns, count * sizeof *columns);
	table->columns_count = table->columns ? count : 0;
	brief->no_memory |= !table->columns;
}

void brief_row(struct brief *brief, const struct brief_cell *cells)
{
	struct brief_table *table = &last(brief)->table;
	const struct brief_cell *copy = arena_copy(brief->cli->arena, cells, table->columns_count * sizeof *cells);

	brief->no_memory |= !copy;
	if (copy && room(brief, &table->rows, &table->rows_capacity, table->rows_count, sizeof *table->rows))
		table->rows[table->rows_count++] = copy;
}

void brief_draw(struct brief *brief, enum brief_chart chart, const char *title, size_t names, size_t values)
{
	struct brief_table *table = &last(brief)->table;

	table->chart = chart;
	table->chart_title = title;
	table->names = names;
	table->values = values;
}
