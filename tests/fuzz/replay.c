/* Runs a fuzz target over the files of a corpus, for builds without libFuzzer: each file named, each file of each
 * folder named. Ends with 1 when there was none: an empty corpus checks nothing. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned files;

static void replay_file(const char *name)
{
	FILE *file = fopen(name, "re");
	if (!file) {
		perror(name);
		exit(1);
	}
	fseek(file, 0, SEEK_END);
	const long size = ftell(file);
	rewind(file);
	/* Exactly as long as the input, so that a read past it is seen. */
	uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
	if (!bytes || size < 0 || fread(bytes, 1, (size_t)size, file) != (size_t)size)
		exit(1);
	fclose(file);
	(void)LLVMFuzzerTestOneInput(bytes, (size_t)size);
	free(bytes);
	files++;
}

static void replay(const char *name)
{
	struct stat status;
	struct dirent **entries;
	if (stat(name, &status) != 0 || !S_ISDIR(status.st_mode)) {
		replay_file(name);
		return;
	}
	const int count = scandir(name, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", name, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replay_file(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int main(int count, char **names)
{
	for (int i = 1; i < count; i++)
		replay(names[i]);
	printf("%u inputs\n", files);
	return files == 0;
}
