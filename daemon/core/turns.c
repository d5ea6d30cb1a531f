/* What changes records without saying anything of them: acts, and heads that a cut-off waited for. Kept by the sequence
 * number of the store, the same after a start as before it, so that whoever follows changes can be told. */
#include "node_internal.h"

/* Acts come in the order of their numbers; at a start the bundles are loaded behind them. */
static void turn_add(struct node *node, struct space *space, struct turn turn)
{
	struct turn *place = ARRAY_PUSH(&space->turns);
	size_t at = space->turns.count - 1;
	if (!place) {
		node->out_of_memory = true;
		return;
	}
	for (; at > 0 && space->turns.items[at - 1].sequence > turn.sequence; at--)
		space->turns.items[at] = space->turns.items[at - 1];
	space->turns.items[at] = turn;
}

/* Whom an act that changes the parties is about. */
static struct hash act_subject(const struct act *act)
{
	struct hash subject = act->signer;
	struct seal_public founding, recovery;
	if (act->message->n_members == 1) {
		memcpy(founding.bytes, act->message->members[0]->founding_key.data, sizeof founding.bytes);
		memcpy(recovery.bytes, act->message->members[0]->recovery_key.data, sizeof recovery.bytes);
		subject = seal_identity(&founding, &recovery);
	} else if (act->message->subject.len == HASH_SIZE)
		memcpy(subject.bytes, act->message->subject.data, HASH_SIZE);
	return subject;
}

void space_turned_by_act(struct node *node, struct space *space, const struct act *act, uint64_t sequence)
{
	struct turn turn = {.sequence = sequence, .id = act->id, .act = true};
	const enum acts_touched touched = acts_touched(space->acts, &turn.city);
	const bool parties = acts_parties_changed(space->acts);
	if (touched == ACTS_TOUCHED_ALL || (parties && act->message->n_members > 1))
		turn.what = TURN_ALL;
	else if (touched == ACTS_TOUCHED_CITY && !parties)
		turn.what = TURN_CITY;
	else if (parties) {
		const struct hash subject = act_subject(act);
		/* Two cities at once are rare enough. */
		turn.what = touched == ACTS_TOUCHED_NONE || hash_equal(&turn.city, &subject) ? TURN_CITY : TURN_ALL;
		turn.city = subject;
	}
	turn_add(node, space, turn);
}

void space_turned_by_head(struct node *node, struct space *space, const struct hash *city, const struct hash *bundle,
			  uint64_t sequence)
{
	turn_add(node, space, (struct turn){.sequence = sequence, .id = *bundle, .city = *city, .what = TURN_CITY});
}

const struct turn *space_turns(const struct space *space, size_t *ret_count)
{
	*ret_count = space->turns.count;
	return space->turns.items;
}
