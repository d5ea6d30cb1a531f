#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct {
	const char *tag;       /* for --lang */
	const char *catalogue; /* as gettext's LANGUAGE wants it */
} languages[LANGUAGE_COUNT] = {
    [LANGUAGE_EN] = {"en", "en"},
    [LANGUAGE_ZH] = {"zh", "zh_CN"},
    [LANGUAGE_KO] = {"ko", "ko"},
};

static int language_find(const char *text)
{
	for (int i = 0; i < LANGUAGE_COUNT; i++) {
		size_t size = strlen(languages[i].tag);

		if (strncmp(text, languages[i].tag, size) == 0 && (text[size] == '\0' || strchr("_-.@", text[size])))
			return i;
	}
	return -1;
}

/* What the environment asks for, also where that locale is not installed. */
static enum language language_of_environment(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);
		int found;

		if (!value || !*value)
			continue;
		found = language_find(value);
		return found < 0 ? LANGUAGE_EN : (enum language)found;
	}
	return LANGUAGE_EN;
}

/* The catalogues lie beside the program: PREFIX/bin/twinlog and PREFIX/share/locale, wherever PREFIX is. */
static void bind_catalogue(void)
{
	static char path[4096];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - 32);
	char *slash;

	if (size <= 0)
		return;
	path[size] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return;
	strcpy(slash, "/../share/locale");
	bindtextdomain("twinlog", path);
	bind_textdomain_codeset("twinlog", "UTF-8");
	textdomain("twinlog");
}

enum twinlog_error cli_locale(const char *asked, enum language *ret_language)
{
	enum language language = language_of_environment();

	if (asked) {
		int found = language_find(asked);

		if (found < 0)
			return TWINLOG_USAGE;
		language = (enum language)found;
	}
	/* Text is UTF-8 everywhere. Where the locale is another or missing, C.UTF-8 knows the width of every character,
	 * and gettext follows LANGUAGE in any locale but the plain C. */
	if (!setlocale(LC_ALL, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	setlocale(LC_NUMERIC, "C");
	setlocale(LC_MESSAGES, "C.UTF-8");
	setenv("LANGUAGE", languages[language].catalogue, 1);
	bind_catalogue();
	*ret_language = language;
	return TWINLOG_OK;
}
