/* A folder of a test that is over. Header only. */
#ifndef TWINLOG_FOLDER_H
#define TWINLOG_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

/* With the files in it; there are no folders in it. */
static inline void remove_dir(const char *dir)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	char path[512];

	while (list && (entry = readdir(list))) {
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		unlink(path);
	}
	if (list)
		closedir(list);
	rmdir(dir);
}

#endif
