/* Acts and bundles of one space, told by the bytes, in three orders of arrival against the naive model of the laws. */
#include "../laws/acts_play.h"
#include "fuzz.h"

struct order {
	const uint8_t *bytes;
	size_t size, at;
};

static uint32_t draw(void *context, uint32_t below)
{
	struct order *order = context;
	return order->at < order->size ? order->bytes[order->at++] % below : 0;
}

static uint32_t draw_last(void *context, uint32_t below)
{
	(void)context;
	return below - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct story story;
	struct order order;

	story_tell(&story, bytes, size < 1024 ? size : 1024);
	order = (struct order){bytes, size, 0};
	story_play(&story, draw, &order, true);
	story_play(&story, draw_last, NULL, false);
	story_free(&story);
	return 0;
}
