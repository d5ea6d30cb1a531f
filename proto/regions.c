#include "regions.h"

#include <string.h>

/* The first letter, then what may follow it. Source: ISO 3166-1, 249 codes. */
static const char *const countries[] = {
    "ADEFGILMOQRSTUWXZ",
    "BABDEFGHIJLMNOQRSTVWYZ",
    "CACDFGHIKLMNORUVWXYZ",
    "DEJKMOZ",
    "ECEGHRST",
    "FIJKMOR",
    "GABDEFGHILMNPQRSTUWY",
    "HKMNRTU",
    "IDELMNOQRST",
    "JEMOP",
    "KEGHIMNPRWYZ",
    "LABCIKRSTUVY",
    "MACDEFGHKLMNOPQRSTUVWXYZ",
    "NACEFGILOPRUZ",
    "OM",
    "PAEFGHKLMNRSTWY",
    "QA",
    "REOSUW",
    "SABCDEGHIJKLMNORSTVXYZ",
    "TCDFGHJKLMNORTVWZ",
    "UAGMSYZ",
    "VACEGINU",
    "WFS",
    "YET",
    "ZAMW",
};

static bool one_of(const char *row, char second)
{
	return second != '\0' && strchr(row + 1, second) != NULL;
}

bool region_is_country(const void *code, size_t size)
{
	const char *letters = code;

	if (size != 2)
		return false;
	if (memcmp(letters, "XK", 2) == 0 || memcmp(letters, "ZZ", 2) == 0)
		return true;
	for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
		if (countries[i][0] == letters[0])
			return one_of(countries[i], letters[1]);
	return false;
}

bool region_is_subdivision(const void *code, size_t size)
{
	const char *letters = code;

	if (size < 4 || size > 6 || letters[2] != '-' || !region_is_country(code, 2))
		return false;
	for (size_t i = 3; i < size; i++)
		if (!((letters[i] >= 'A' && letters[i] <= 'Z') || (letters[i] >= '0' && letters[i] <= '9')))
			return false;
	return true;
}

bool region_is_listed_country(const void *code, size_t size)
{
	return size > 3 && (memcmp(code, "CN-", 3) == 0 || memcmp(code, "KR-", 3) == 0);
}

const char *region_without_places(size_t index)
{
	static const char *const codes[] = {"CN-HK", "CN-MO", "CN-NX", "CN-QH", "CN-TW", "CN-XJ", "CN-XZ", "KR-50"};

	return index < sizeof codes / sizeof *codes ? codes[index] : NULL;
}
