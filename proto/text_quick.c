/* Folding one character after the other, where that says the same as folding the whole text: nearly always, since
 * Chinese, precomposed Korean and Latin letters do nothing to their neighbours. What each character becomes is worked
 * out once by text_fold_whole and kept, 256 characters at a time. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>

#include "text_internal.h"
#include "utf8.h"

/* What a character of the first plane becomes, in UTF-8. */
struct quick {
	uint8_t size; /* 0: nothing; QUICK_NOT: only the whole text tells */
	char bytes[3];
};
#define QUICK_NOT   255u
#define PAGE_SIZE   256u
#define PAGES_COUNT 256u

struct page {
	struct quick characters[PAGE_SIZE];
};
static struct page *_Atomic pages[PAGES_COUNT];

static size_t utf8_put(uint32_t character, char out[3])
{
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		out[0] = (char)(0xC0 | character >> 6);
		out[1] = (char)(0x80 | (character & 0x3F));
		return 2;
	}
	out[0] = (char)(0xE0 | character >> 12);
	out[1] = (char)(0x80 | (character >> 6 & 0x3F));
	out[2] = (char)(0x80 | (character & 0x3F));
	return 3;
}

/* Whether it never joins with what stands before it. */
static bool stands_alone(uint32_t character)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *const forms[] = {unorm2_getNFKCCasefoldInstance(&status), unorm2_getNFKDInstance(&status),
					     unorm2_getNFCInstance(&status)};

	if (U_FAILURE(status))
		return false;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!unorm2_hasBoundaryBefore(forms[i], (UChar32)character))
			return false;
	return true;
}

static struct quick quick_of(uint32_t character)
{
	static const struct quick not = {.size = QUICK_NOT};
	struct quick quick = {0};
	char bytes[3], *folded;
	const size_t size = utf8_put(character, bytes);
	uint32_t becomes;
	size_t folded_size;

	if (character == 0 || (character >= 0xD800 && character <= 0xDFFF) || !stands_alone(character) ||
	    text_fold_whole(bytes, size, &folded, &folded_size))
		return not ;
	/* One character at most, and no longer than what it stands for: then a folded text fits where the text did. */
	if (folded_size > size ||
	    (folded_size > 0 &&
	     (utf8_next((const uint8_t *)folded, folded_size, &becomes) != folded_size || !stands_alone(becomes))))
		quick = not ;
	else if (folded_size > 0)
		memcpy(quick.bytes, folded, folded_size);
	if (quick.size != QUICK_NOT)
		quick.size = (uint8_t)folded_size;
	free(folded);
	return quick;
}

/* NULL when memory is out. Two threads may make the same page; one of them stays. */
static const struct page *page_at(uint32_t number)
{
	struct page *page = atomic_load_explicit(&pages[number], memory_order_acquire), *other = NULL;

	if (page)
		return page;
	page = malloc(sizeof *page);
	for (uint32_t i = 0; page && i < PAGE_SIZE; i++)
		page->characters[i] = quick_of(number * PAGE_SIZE + i);
	if (!page || atomic_compare_exchange_strong(&pages[number], &other, page))
		return page;
	free(page);
	return other;
}

bool text_fold_quick(const void *text, size_t size, char *out, size_t *ret_size)
{
	const uint8_t *at = text;
	size_t written = 0;

	for (size_t i = 0; i < size;) {
		uint32_t character = 0;
		const size_t step = utf8_next(at + i, size - i, &character);
		const struct page *page = step > 0 && step < 4 ? page_at(character / PAGE_SIZE) : NULL;
		const struct quick *quick = page ? &page->characters[character % PAGE_SIZE] : NULL;

		if (!quick || quick->size == QUICK_NOT)
			return false;
		memcpy(out + written, quick->bytes, quick->size);
		written += quick->size;
		i += step;
	}
	*ret_size = written;
	return true;
}
