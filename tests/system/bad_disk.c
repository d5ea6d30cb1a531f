/* A disk that fails, for daemons under test (LD_PRELOAD): of the calls on the store's file the n-th fails, and all
 * after it.
 *
 *     BAD_DISK_AFTER=N    calls that go well
 *     BAD_DISK_WRITE=E    writes fail with that (EIO, ENOSPC)
 *     BAD_DISK_SYNC=E     syncs fail with that
 *     BAD_DISK_LATE=1     only after they have done what they should: on the disk all the same
 *     BAD_DISK_SHORT=1    the first write that fails has written half
 *     BAD_DISK_KILL=N     the process is killed at its n-th sync of anything, before it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;

static int is_store(int fd)
{
	char link[64], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	const ssize_t size = readlink(link, path, sizeof path - 1);
	if (size < 0)
		return 0;
	path[size] = '\0';
	return strstr(path, "/data/") != NULL && strstr(path, "lock") == NULL;
}

static int fails(const char *name)
{
	const char *code = getenv(name), *after = getenv("BAD_DISK_AFTER");
	if (!code || !after || __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) <= atol(after))
		return 0;
	return strcmp(code, "ENOSPC") == 0 ? ENOSPC : EIO;
}

static int late(void)
{
	return getenv("BAD_DISK_LATE") != NULL;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
	const int code = is_store(fd) ? fails("BAD_DISK_WRITE") : 0;
	static int cut;
	if (code && getenv("BAD_DISK_SHORT") && !cut++)
		return syscall(SYS_pwrite64, fd, bytes, size / 2, at);
	if (!code || late()) {
		const ssize_t put = syscall(SYS_pwrite64, fd, bytes, size, at);
		if (!code)
			return put;
	}
	errno = code;
	return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return pwrite64(fd, bytes, size, at);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	const int code = is_store(fd) ? fails("BAD_DISK_WRITE") : 0;
	if (!code)
		return syscall(SYS_write, fd, bytes, size);
	errno = code;
	return -1;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
	const int code = is_store(fd) ? fails("BAD_DISK_WRITE") : 0;
	if (!code)
		return syscall(SYS_pwritev, fd, parts, count, at, 0);
	errno = code;
	return -1;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	return pwritev64(fd, parts, count, at);
}

static void kill_at(void)
{
	static long syncs;
	const char *last = getenv("BAD_DISK_KILL");
	if (last && __atomic_add_fetch(&syncs, 1, __ATOMIC_RELAXED) == atol(last))
		raise(SIGKILL);
}

static int sync_it(int number, int fd)
{
	kill_at();
	const int code = is_store(fd) ? fails("BAD_DISK_SYNC") : 0;
	if (!code || late()) {
		const int done = (int)syscall(number, fd);
		if (!code)
			return done;
	}
	errno = code;
	return -1;
}

int fsync(int fd)
{
	return sync_it(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_it(SYS_fdatasync, fd);
}
