#include "carried.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "carry.pb-c.h"
#include "follow.h"
#include "parts.h"

#define CARRY_TRIES   10 /* when acts or erasures come while the file is written, it is begun again */
#define CARRY_REST_MS 250u

struct writing {
	struct cli *cli;
	FILE *file;
	const char *path;
	struct carry_count count;
	uint64_t parts;
};

static enum twinlog_error fault_errno(struct cli *cli, int code, const char *path)
{
	const enum twinlog_error error = code == ENOSPC || code == EDQUOT ? TWINLOG_DISK_FULL
					 : code == ENOENT                 ? TWINLOG_MISSING
					 : code == EACCES                 ? TWINLOG_NOT_PERMITTED
									  : TWINLOG_IO;

	return twinlog_fault_set(&cli->fault, error, path, error == TWINLOG_IO ? strerror(code) : NULL);
}

static enum twinlog_error part_write(struct writing *writing, const void *bytes, size_t size)
{
	errno = 0;
	if (parts_write(writing->file, bytes, size))
		return fault_errno(writing->cli, errno ? errno : EIO, writing->path);
	writing->count.bytes += size + 4;
	return TWINLOG_OK;
}

static void part_count(struct writing *writing, const Twinlog__CarriedPart *part)
{
	writing->parts += part->body_case != TWINLOG__CARRIED_PART__BODY_HEAD;
	writing->count.acts += part->body_case == TWINLOG__CARRIED_PART__BODY_ACT;
	writing->count.bundles += part->body_case == TWINLOG__CARRIED_PART__BODY_BUNDLE;
	writing->count.erasures += part->body_case == TWINLOG__CARRIED_PART__BODY_ERASURE;
	writing->count.positions += part->body_case == TWINLOG__CARRIED_PART__BODY_POSITION;
}

static enum twinlog_error page_write(struct writing *writing, const Twinlog__CarryPage *page, struct arena *arena)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < page->n_parts && !error; i++) {
		Twinlog__CarriedPart *part;

		error = CODEC_UNPACK(arena, page->parts[i].data, page->parts[i].len, &part, twinlog__carried_part);
		if (error)
			return twinlog_fault_set(&writing->cli->fault, error, NULL, NULL);
		part_count(writing, part);
		error = part_write(writing, page->parts[i].data, page->parts[i].len);
	}
	cli_progress(writing->cli, _("%llu bundles, %s"), (unsigned long long)writing->count.bundles,
		     cli_size(writing->cli, writing->count.bytes));
	return error;
}

/* Each page has an arena of its own, put in the run's place while it lasts. */
static enum twinlog_error pages_write(struct writing *writing, Twinlog__CarryGet *get)
{
	struct cli *cli = writing->cli;
	struct arena *whole = cli->arena, *arena = arena_new(TWINLOG_ANSWER_MAX);
	Twinlog__CarryPlace place;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply = NULL;
	enum twinlog_error error = TWINLOG_OK;
	bool last = false;

	if (!arena)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	request.body_case = TWINLOG__REQUEST__BODY_CARRY_GET;
	request.carry_get = get;
	get->place = NULL;
	cli->arena = arena;
	while (!last && !error) {
		arena_reset(arena);
		error = cli_call(cli, &request, &reply);
		if (!error && (reply->body_case != TWINLOG__REPLY__BODY_CARRY_PAGE || !reply->carry_page->next))
			error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		if (error)
			break;
		place = *reply->carry_page->next;
		get->place = &place;
		last = reply->carry_page->last;
		error = page_write(writing, reply->carry_page, arena);
	}
	get->place = NULL;
	cli->arena = whole;
	arena_free(arena);
	cli_progress_end(cli);
	return error;
}

static enum twinlog_error end_write(struct writing *writing)
{
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	Twinlog__CarriedEnd end = TWINLOG__CARRIED_END__INIT;
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error;

	end.parts = writing->parts;
	part.body_case = TWINLOG__CARRIED_PART__BODY_END;
	part.end = &end;
	if (codec_pack_arena(writing->cli->arena, &part.base, &bytes, &size))
		return twinlog_fault_set(&writing->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = part_write(writing, bytes, size);
	if (!error && (fflush(writing->file) != 0 || fsync(fileno(writing->file)) != 0))
		error = fault_errno(writing->cli, errno, writing->path);
	return error;
}

static enum twinlog_error write_once(struct cli *cli, Twinlog__CarryGet *get, const char *part, const char *path,
				     struct carry_count *ret_count)
{
	struct writing writing = {.cli = cli, .path = path};
	/* It holds what the space holds: for its owner alone. */
	const int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum twinlog_error error;

	if (fd < 0)
		return fault_errno(cli, errno, path);
	writing.file = fdopen(fd, "wb");
	if (!writing.file) {
		close(fd);
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	}
	error = pages_write(&writing, get);
	if (!error)
		error = end_write(&writing);
	if (fclose(writing.file) != 0 && !error)
		error = fault_errno(cli, errno, path);
	if (!error && rename(part, path) != 0)
		error = fault_errno(cli, errno, path);
	if (error)
		unlink(part);
	else
		*ret_count = writing.count;
	return error;
}

enum twinlog_error carry_write(struct cli *cli, Twinlog__CarryGet *get, const char *path, struct carry_count *ret_count)
{
	const char *part = cli_printf(cli, "%s.part", path);
	enum twinlog_error error;
	int tries = 0;

	do {
		if (tries > 0)
			follow_pause(CARRY_REST_MS);
		error = write_once(cli, get, part, path, ret_count);
	} while (error == TWINLOG_STALE && ++tries < CARRY_TRIES);
	return error;
}

int carry_proof(struct cli *cli, const char *path, const char *space)
{
	Twinlog__CarryGet get = TWINLOG__CARRY_GET__INIT;
	struct carry_count count = {0};
	struct hash id;

	if (cli_connect(cli))
		return cli_fail(cli);
	if (space) {
		if (cli_space(cli, space, &id))
			return cli_fail(cli);
		get.space = codec_hash(&id);
	}
	if (carry_write(cli, &get, path, &count))
		return cli_fail(cli);
	cli_note(_("%s: %llu acts, %llu bundles, %llu erasures, %llu positions; check it with twinlog-verify"), path,
		 (unsigned long long)count.acts, (unsigned long long)count.bundles, (unsigned long long)count.erasures,
		 (unsigned long long)count.positions);
	return 0;
}
