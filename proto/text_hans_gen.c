/* Writes text_hans.h: which simplified character stands for a traditional one, as ICU's transliterator has it. Opening
 * that takes 15 ms in each process, searching a table none. */
#include <stdio.h>
#include <stdlib.h>
#include <unicode/uclean.h>
#include <unicode/utrans.h>

#define FIRST_IDEOGRAPH 0x2E80
#define LAST_IDEOGRAPH  0x323AF

static UTransliterator *open_simplifier(void)
{
	UErrorCode status = U_ZERO_ERROR;
	UTransliterator *simplifier =
	    utrans_openU(u"Traditional-Simplified", -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
	if (U_FAILURE(status)) {
		fprintf(stderr, "Traditional-Simplified: %s\n", u_errorName(status));
		exit(1);
	}
	return simplifier;
}

static UChar32 simplify(const UTransliterator *simplifier, UChar32 character)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar text[8];
	int32_t length = 0, limit;
	U16_APPEND_UNSAFE(text, length, character);
	limit = length;
	utrans_transUChars(simplifier, text, &length, 8, 0, &limit, &status);
	if (U_FAILURE(status))
		return character;
	UChar32 simplified;
	int32_t used = 0;
	U16_NEXT(text, used, length, simplified);
	bool shorter = U16_LENGTH(simplified) <= U16_LENGTH(character);
	return used == length && shorter ? simplified : character;
}

int main(int argc, char **argv)
{
	FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!out) {
		fprintf(stderr, "usage: text_hans_gen OUTPUT\n");
		return 1;
	}
	UTransliterator *simplifier = open_simplifier();
	fputs("static const struct {\n\tint32_t traditional, simplified;\n} HANS[] = {\n", out);
	for (UChar32 c = FIRST_IDEOGRAPH; c <= LAST_IDEOGRAPH; c++) {
		UChar32 simplified = simplify(simplifier, c);
		if (simplified != c)
			fprintf(out, "\t{0x%X, 0x%X},\n", (unsigned)c, (unsigned)simplified);
	}
	fputs("};\n", out);
	utrans_close(simplifier);
	u_cleanup();
	return fclose(out) == 0 ? 0 : 1;
}
