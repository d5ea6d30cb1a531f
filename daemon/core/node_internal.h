/* What the parts of the node share: node.c (steps and commits), node_load.c, links.c (partners), spaces.c (acts),
 * sync.c (digests, heads), wants.h (what is asked for), heads_tell.c, stream.c (bundles in and out), erasures_tell.c,
 * positions.c, budget.c (what a partner may cost), author.c and its like (own words), look.c. Nobody else includes
 * this. */
#ifndef TWINLOG_NODE_INTERNAL_H
#define TWINLOG_NODE_INTERNAL_H

#include <stdlib.h>

#include "array.h"
#include "card.h"
#include "counting.h"
#include "node.h"
#include "positions_internal.h"
#include "twinlog/limits.h"
#include "wants.h"

#define LINK_NONE_YET UINT32_MAX

/* ---- Partners and links. ---- */

/* Bytes served on a link: how many may be under way adapts to how long they take to be credited, so that on a slow line
 * what is small and new does not wait behind minutes of history. */
struct window {
	uint64_t sent;
	uint64_t credited;
	uint64_t size;
	uint64_t mark; /* of sent; once credited up to there, the time is taken */
	uint64_t mark_mono_ms;
};

struct node_link {
	uint32_t id;
	uint8_t transport_key[32];
	bool dialled;
	bool ready;                  /* HELLO received and proven */
	struct seal_public city_key; /* that proved it */
	uint32_t peer;
	uint32_t streams; /* WANT numbers used */
	uint32_t checks;  /* chunks with the verifier */
	uint64_t up_mono_ms;
	uint64_t heard_mono_ms;
	uint64_t pinged_mono_ms;
	uint64_t digest_mono_ms; /* when digests were sent last */
	struct window window;    /* of what is served on it */
};

struct announced {
	struct hash city;
	struct hash head;
	uint64_t since_ms; /* Unix time */
};

/* An answer with acts that was not complete. */
struct acts_cursor {
	struct hash after; /* its last act; zero: there is none to follow up */
	size_t heard;      /* acts since the first answer */
};

/* What is known of one partner in one space on its present link. */
struct peer_space {
	struct hash space;
	uint64_t sent_own;   /* sequence up to which it has or was sent our own bundles */
	bool told_positions; /* all of them, on this link */
	bool owes_positions; /* once the acts are durable */
	size_t positions_at; /* the first that it is told of next, of those owed to it */
	bool owes_erasures;  /* likewise, to one who is no member any more */
	bool same_acts;      /* it told of the same ones since they last changed here */
	struct acts_cursor acts_cursor;
	bool erasures_refused;         /* one that it sent, since it last said that it had sent all */
	struct hash erasures_after;    /* where its answer stopped and was asked on; zero: none goes on */
	uint64_t erasures_mono_ms;     /* when it last brought some of that */
	ARRAY(struct announced) heads; /* what it said it holds and this node lacks */
};

struct node_peer {
	struct card *card;
	bool verified;
	bool removed;
	uint64_t knows; /* serial of the newest own card that it is known to hold; 0: none */
	uint32_t link;  /* the link in use; LINK_NONE_YET */
	uint64_t link_since_ms;
	uint64_t last_heard_ms;
	char last_error[160];
	uint64_t last_error_ms;
	uint64_t refused;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t courier_wrote_ms; /* CarryNote; Unix time */
	uint64_t courier_read_ms;
	uint64_t push_bytes;          /* pushed on the link in use and not credited yet */
	uint64_t avoid_until_mono_ms; /* gave something wrong: ask others first */
	uint64_t late_until_mono_ms;  /* acts asked of it did not come: it is not asked for any */
	uint64_t rate;                /* its budget: bytes a second, 0 or BUDGET_NONE */
	int64_t purse;                /* bytes that may go either way now */
	uint64_t purse_mono_ms;       /* when it was last filled */
	uint64_t relays_mono_ms;      /* from then on others' positions may go to it */
	bool relays_wait;             /* some do */
	ARRAY(struct peer_space) spaces;
};

/* ---- Spaces. ---- */

struct act_heads { /* a list of act heads that bundles name */
	struct hash *heads;
	uint32_t count;
};

/* An invitation that is out. */
struct invite {
	struct handle nonce;
	uint8_t key[32];
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	char title[TWINLOG_TITLE_MAX + 1];
	uint64_t expires_ms;
	bool answered;  /* of a city with two keys: the founding act waits for its second signature */
	struct hash by; /* who answered */
};

struct submission {
	uint64_t client;
	uint64_t writer;
	uint64_t request_id;
	struct hash space;
	uint32_t results_count;
	uint32_t open; /* results not decided yet */
	uint64_t commit;
	Twinlog__Submit *submit; /* a copy */
	Twinlog__SubmitResult *results;
	struct arena *arena; /* holds results and the operations' bytes */
};
struct queued {
	struct submission *submission;
	uint32_t index;
	const Twinlog__SubmitOperation *operation; /* in the submission's arena */
	const Twinlog__Body *body;
};

/* Partners who may have all of a space, by their places among the peers; follows from so many acts and peers. */
struct audience {
	ARRAY(uint32_t) peers;
	size_t acts_count;
	size_t peers_count;
};

struct space {
	struct acts *acts;
	struct statements *statements;
	struct erasures *erasures;
	size_t erasures_sent;         /* told to partners, of those that are durable */
	bool withheld;                /* restored, and no partner's erasures are known yet */
	bool release_due;             /* they are, once those under way are durable */
	ARRAY(struct graph *) graphs; /* ascending by city */
	ARRAY(struct act_heads) act_heads;
	uint32_t *act_heads_slots; /* where they stand: index + 1, 0 for free */
	size_t act_heads_slots_count;
	ARRAY(struct known_position) positions;
	ARRAY(struct turn) turns;      /* ascending */
	struct audience audience;      /* push.c */
	uint32_t acts_pending;         /* acts not durable yet: no digest goes out */
	bool own_in_flight;            /* an own bundle is being committed */
	uint64_t position_due_mono_ms; /* 0: none */
	uint64_t position_mono_ms;     /* the last one */
	uint64_t position_counter;
	uint64_t relay_due_mono_ms;     /* positions of others; 0: none */
	size_t relay_at;                /* the first of them to be looked at next time */
	ARRAY(struct relay_pace) paces; /* of cities whose positions are passed on */
	ARRAY(struct queued) queue;     /* own words waiting for a bundle */
	size_t queue_at;                /* the first not taken yet */
	ARRAY(struct queued) flying;    /* own words in the bundle being committed */
};

/* ---- Streams. ---- */

struct serve { /* asked of this node */
	uint32_t link;
	uint32_t stream;
	struct hash space;
	struct hash city;
	uint64_t *sequences;
	uint32_t *sizes;
	size_t count;
	size_t next;
	int64_t credit;
	uint32_t in_flight;
	size_t charged[2]; /* credit taken for each chunk under way, in order */
};
struct owed { /* credit for a partner whose budget is spent */
	uint32_t link;
	uint32_t stream;
	uint64_t bytes;
};
struct check { /* with the verifier */
	uint64_t id;
	uint32_t link;
	uint32_t stream;
	struct hash space;
	struct hash city;
	bool last;
};

struct announce_due { /* what a commit brought, for those who do not have it */
	struct hash space;
	struct hash city;
	uint32_t link;  /* it came from there */
	uint32_t first; /* of the entries committed */
	uint32_t end;
};

struct waiting { /* a client that waits for positions */
	uint64_t client;
	uint64_t writer; /* who asks, under whatever number each request goes */
	uint64_t request_id;
	struct hash space;
	uint64_t *sequences;
	size_t count;
	uint32_t cities;
	uint64_t deadline_mono_ms;
};

/* ---- What happens once a ticket is durable. In order. ---- */

enum pending_kind {
	PENDING_BUNDLE,
	PENDING_ACT,
	PENDING_ERASURE,
	PENDING_POSITION,
	PENDING_CARD,
	PENDING_REQUEST,
	PENDING_CREDIT,
	PENDING_REPLY,
	PENDING_KEPT /* bytes that were persisted, to free */
};
struct pending {
	enum pending_kind kind;
	uint64_t ticket;
	struct hash space;
	struct bundle *bundle;
	uint64_t sequence;
	bool own;      /* made here, just now */
	uint32_t link; /* credit: to whom; bundle: from whom */
	uint32_t stream;
	uint64_t bytes_count;
	uint8_t *bytes; /* to free; a reply or position to send */
	size_t size;
	uint64_t client;
	struct handle request;
};

struct known_request {
	struct handle request;
	uint8_t *bytes;
	size_t size;
};

struct offer { /* acts of a space by one partner, while those that are here do not name it */
	struct hash sender;
	struct acts *acts;
	size_t bytes;
	struct acts_cursor cursor;
};

struct node {
	const struct seal_keys *keys;
	struct card *card;
	struct card *former_card; /* the own one of before EVENT_OWN_CARD; NULL: none */
	uint64_t machine;
	uint8_t seed[SEAL_SEED_SIZE];
	uint64_t draws;
	struct moment now;
	uint64_t writer;           /* of the request in this step */
	const struct scope *scope; /* likewise; NULL: everything */
	uint64_t clock_ms;         /* own last clock */
	uint64_t sequence;         /* last given */
	uint64_t commit;           /* last durable sequence */
	uint64_t ticket;           /* last given */
	uint64_t committed_ticket;
	bool ticket_used; /* in this step */
	uint64_t next_check;
	ARRAY(struct node_link) links; /* ascending by id */
	ARRAY(struct node_peer) peers;
	bool budgets; /* some partner was given one */
	ARRAY(struct space) spaces;
	ARRAY(struct offer) offers;
	ARRAY(struct want) wants;
	ARRAY(struct serve) serves;
	ARRAY(struct check) checks;
	ARRAY(struct owed) owed;
	ARRAY(struct waiting) waits;
	ARRAY(struct position_row) positions_gone; /* to be deleted in the first step */
	bool waits_stale;                          /* something was heard that may end a wait */
	uint64_t waits_deadline_mono_ms;           /* of the next that gives up */
	ARRAY(struct announce_due) announces;
	ARRAY(struct pending) pendings;
	size_t pendings_at; /* the first not durable yet */
	bool erasures_due;  /* some are durable and not told yet */
	bool restored;      /* some space may still be withheld */
	bool acts_come;     /* several in one message */
	ARRAY(struct known_request) requests;
	ARRAY(struct invite) invites;
	uint32_t *request_slots;
	uint32_t request_slots_count;
	struct effects *effects;
	ARRAY(ProtobufCBinaryData)
	to_sign;             /* own acts of this request that lack a second signature; in the effects' arena */
	uint64_t unnamed;    /* bundles that found no room in an own act of this request */
	bool out_of_memory;  /* the step ends in NO_MEMORY */
	struct effect spare; /* written to when there was no room for an effect */
};

/* ---- node.c ---- */
void node_draw(struct node *node, void *out, size_t size); /* pseudo-random, from the seed */
uint64_t node_clock(struct node *node);                    /* PROTOCOL, "Clock" */
struct effect *effect_add(struct node *node, enum effect_type type);
void effect_note(struct node *node, enum twinlog_error code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void effect_send(struct node *node, const struct node_link *link, const Twinlog__PeerMessage *message);
void effect_reply(struct node *node, uint64_t client, const Twinlog__Reply *reply);
void effect_fault(struct node *node, uint64_t client, uint64_t request_id, enum twinlog_error code, const char *where,
		  const char *value);
/* A persist effect under this step's ticket. */
struct persist *effect_persist(struct node *node, enum persist_kind kind);
/* Something to do once this step's ticket is durable; NULL when memory is out. */
struct pending *pending_add(struct node *node, enum pending_kind kind);
struct hash bytes_hash(ProtobufCBinaryData field); /* of 32 bytes, checked before */
const struct known_request *request_find(const struct node *node, const struct handle *request);
bool request_remember(struct node *node, const struct handle *request, uint8_t *bytes, size_t size);

/* ---- links.c ---- */
struct node_link *link_find(struct node *node, uint32_t id);
struct node_link *peer_link(struct node *node, const struct node_peer *peer); /* ready, else NULL */
struct node_peer *peer_find(struct node *node, const struct hash *identity);
struct peer_space *peer_space(struct node_peer *peer, const struct hash *space); /* made when new; NULL: memory */
void peer_error(struct node *node, struct node_peer *peer, enum twinlog_error code, const char *what);
void link_refuse(struct node *node, struct node_link *link, enum twinlog_error code, const char *what);
/* Says why, then ends the link. */
void link_drop(struct node *node, struct node_link *link, enum twinlog_error why);
void links_event(struct node *node, const struct event *event);
void links_time(struct node *node);
uint64_t links_deadline(const struct node *node);
void links_message(struct node *node, uint32_t link, const Twinlog__PeerMessage *message, size_t size);
/* Answers the client once all that was persisted before is durable. */
void reply_durable(struct node *node, uint64_t client, const Twinlog__Reply *reply);
void reply_done(struct node *node, uint64_t client, uint64_t request_id); /* once all before it is durable */
void peers_request(struct node *node, uint64_t client, const Twinlog__Request *request);
enum twinlog_error peer_load(struct node *node, const void *signed_card, size_t size, bool verified, bool removed,
			     uint64_t knows);

/* ---- cards.c ---- */
/* Keeps it as the partner's, for good; takes it over. */
void card_keep(struct node *node, struct node_peer *peer, struct card *card);
/* Of two cards of one identity: whether the first stands. */
bool card_stands_over(const struct node *node, const struct card *card, const struct card *other);
/* Whether its key still speaks for the city, whose card here is `held`. */
bool card_speaks(const struct node *node, const struct card *card, const struct card *held);
/* PROTOCOL, "Cards": whether its transport keys are bound to nobody but that partner (NULL: to nobody). */
bool card_keys_free(const struct node *node, const struct node_peer *peer, const struct card *card);
/* EVENT_OWN_CARD. */
void card_own_changed(struct node *node, const struct event *event);
/* A message came that shows that the partner has our card. */
void card_told(struct node *node, const struct node_link *link, const Twinlog__PeerMessage *message);
/* A change of key came: links that were greeted with a key that it retires end. */
void cards_key_changed(struct node *node, const struct hash *identity);

/* ---- spaces.c ---- */
struct space *space_by_id(struct node *node, const struct hash *id);
enum twinlog_error space_open(struct node *node, struct act *found, struct space **ret_space);
void space_close(struct space *space);

/* ---- spaces_graphs.c ---- */
struct graph *space_graph(struct space *space, const struct hash *city);
struct graph *space_graph_make(struct space *space, const struct hash *city);
const struct graph *space_graph_of(const struct space *space, const struct hash *city);
uint32_t space_act_heads_ref(struct space *space, const struct hash *heads, uint32_t count); /* UINT32_MAX: memory */
void act_heads_free(struct space *space);

/* ---- recount.c ---- */
/* Decides whether the entry added last counts, and what it changes for others. */
enum twinlog_error space_bundle_added(struct node *node, struct space *space, struct graph *graph) TWINLOG_MUST_CHECK;
/* An act was added: what it touches is decided anew. */
void space_recount(struct node *node, struct space *space);

/* ---- turns.c: what space_turns tells. ---- */
/* The act added last. */
void space_turned_by_act(struct node *node, struct space *space, const struct act *act, uint64_t sequence);
/* A bundle that a cut-off waited for. */
void space_turned_by_head(struct node *node, struct space *space, const struct hash *city, const struct hash *bundle,
			  uint64_t sequence);

/* ---- spaces.c ---- */
/* What a partner may get: nothing, acts alone, or all. */
enum entitlement { ENTITLED_NONE, ENTITLED_PAST_ACTS, ENTITLED_ACTS, ENTITLED_ALL };
enum entitlement space_entitles(const struct space *space, const struct hash *identity);
bool space_has_self(const struct node *node, const struct space *space); /* this city may have all of it */
/* Finds out what one outside may be told, before it is. */
void space_tells(struct node *node, struct space *space, const struct hash *identity);
/* Persists an act that was just added, and decides anew what it touches. */
void act_persist(struct node *node, struct space *space, const struct act *act, bool own, uint32_t from);
/* Adds the act to those of the space and persists it; it is the space's or freed. */
enum twinlog_error space_take_act(struct node *node, struct space *space, struct act *act, bool own,
				  uint32_t from) TWINLOG_MUST_CHECK;
void spaces_acts(struct node *node, struct node_link *link, const Twinlog__Acts *acts);
void spaces_act_committed(struct node *node, const struct pending *pending);
/* Unasked: as many of those that the partner may be told as one answer has. */
void spaces_send_acts(struct node *node, struct node_link *link, struct space *space);
void spaces_answer(struct node *node, struct node_link *link, struct space *space, const Twinlog__Want *want);
/* Where that partner's acts of a space stopped, be it held here or what it brings kept apart; NULL: neither. */
struct acts_cursor *spaces_acts_cursor(struct node *node, struct node_peer *peer, const struct hash *space);

/* The space, to one whom the acts held here name; NULL for anybody else, to whom it is as if it were new here. */
struct space *space_with(struct node *node, const struct hash *id, const struct hash *identity);
/* Whether acts that do not name this city and that partner yet were under way from it; they are given up. */
bool spaces_offer_drop(struct node *node, const struct hash *sender, const struct hash *space_id);

/* ---- spaces_own.c ---- */
/* An act that this city has just signed: opened and taken in. Frees bytes. */
enum twinlog_error space_take_sealed(struct node *node, struct space *space, uint8_t *bytes, size_t size,
				     struct hash *ret_id) TWINLOG_MUST_CHECK;
/* Whether an act here brought this city the key that is in use; also where it is not named at all. */
bool space_knows_key(const struct node *node, const struct space *space);
void spaces_request(struct node *node, uint64_t client, const Twinlog__Request *request);

/* ---- sync.c ---- */
void sync_start(struct node *node, struct node_link *link);
void sync_digests(struct node *node, struct node_link *link);
void sync_digest(struct node *node, struct node_link *link, const Twinlog__Digest *digest);
void sync_heads(struct node *node, struct node_link *link, const Twinlog__Heads *heads);
void sync_announce(struct node *node, struct node_link *link, const Twinlog__Announce *announce);
/* Whether the head is not here. It is then remembered, while there is room, as one that this partner holds. */
bool sync_announced(struct node *node, struct node_peer *peer, const struct hash *space, const struct hash *city,
		    const struct hash *head);
/* Acts are durable: tells one partner, so that it asks for what it lacks. */
void sync_acts_durable(struct node *node, struct node_link *link, struct space *space);
void sync_acts_changed(struct node *node, const struct space *space); /* and are durable */

/* ---- heads_tell.c ---- */
/* Tells one partner what is held here, as it may know it; reply: and asks for the same. */
void heads_tell(struct node *node, struct node_link *link, const struct space *space, bool reply);

/* ---- budget.c ---- */
void budget_set(struct node *node, const struct event *event);
/* Bytes that went or came. */
void budget_charge(struct node_peer *peer, uint64_t bytes);
void budget_refund(struct node_peer *peer, uint64_t bytes); /* charged before, and now for what it really was */
/* Whether what can wait may go now. */
bool budget_allows(struct node *node, struct node_peer *peer);
/* Others' positions have a part of the budget, so that streams go on beside them. */
bool budget_allows_relay(struct node *node, struct node_peer *peer);
void budget_relayed(const struct node *node, struct node_peer *peer, uint64_t bytes);
size_t budget_page(const struct node_peer *peer); /* bytes of one message with them at most, one position at least */
/* Bytes of one chunk at most, so that it takes seconds at that rate and not minutes, and what is new does not wait long
 * behind it on a line that is slow. */
size_t budget_chunk(const struct node_peer *peer, const struct window *window);
void window_open(struct window *window);
bool window_allows(const struct window *window);
void window_sent(struct node *node, struct window *window, uint64_t bytes);
void window_credited(struct node *node, struct window *window, uint64_t bytes);
/* Gives a partner its credit back, now or when its budget has it. */
void credit_give(struct node *node, struct node_link *link, uint32_t stream, uint64_t bytes);
void budget_time(struct node *node);
void budget_link_gone(struct node *node, uint32_t link);
uint64_t budget_deadline(const struct node *node);

/* ---- stream.c ---- */
/* Goes on with all that this link asked for. */
void stream_pump(struct node *node, const struct node_link *link);
bool stream_waits(const struct node *node, uint32_t link);
void stream_want(struct node *node, struct node_link *link, const Twinlog__Want *want);
void stream_credit(struct node *node, struct node_link *link, const Twinlog__Credit *credit);
void stream_chunk(struct node *node, struct node_link *link, const Twinlog__Chunk *chunk);
void stream_checked(struct node *node, const struct event *event);
void stream_chunk_sent(struct node *node, const struct event *event);
/* These bundles, by their sequences, as one chunk. */
void stream_chunk_effect(struct node *node, uint32_t link, const struct hash *space, const struct hash *city,
			 uint32_t stream, const uint64_t *sequences, size_t count, bool last);
void stream_bundle_committed(struct node *node, struct pending *pending);
enum twinlog_error stream_bundle_take(struct node *node, struct space *space, struct bundle *bundle, bool own,
				      uint32_t link) TWINLOG_MUST_CHECK;
/* Acts have changed: nobody goes on being served who may not be any more. */
void stream_cut_off(struct node *node, const struct space *space);
void stream_after_commit(struct node *node); /* pushes and announcements of what the commit brought */
void stream_link_gone(struct node *node, uint32_t link);

/* ---- node_erase.c ---- */
void erasures_request(struct node *node, uint64_t client, const Twinlog__Request *request);
void erasures_message(struct node *node, struct node_link *link, const Twinlog__Erasures *erasures);
void erasures_committed_one(struct node *node, const struct pending *pending);
void erasures_after_commit(struct node *node);
/* New acts may make most of the stewards of erasures that waited for more: the content goes with the same ticket. */
void erasures_acts_changed(struct node *node, struct space *space);
void erasures_act_committed(struct space *space);
/* Takes the content of erased leaves out of a bundle that has just come; may put another in its place. */
enum twinlog_error erasures_strip_arrived(const struct space *space, struct bundle **bundle) TWINLOG_MUST_CHECK;
/* A bundle is in the index: erased leaves are forgotten there. */
void erasures_hide(struct space *space, const struct bundle *bundle);
enum twinlog_error erasures_loaded(struct space *space) TWINLOG_MUST_CHECK;
/* After a restore: withholds what others may have erased. */
void erasures_withhold(struct node *node);
/* This partner's erasures are all here or under way. */
void erasures_known(struct node *node, struct space *space);

/* ---- erasures_tell.c ---- */
/* Those not told yet, but for what came from there; to one who is no member any more those of what it once held. */
void erasures_send_new(struct node *node, struct node_link *link, const struct space *space);
void erasures_send_past(struct node *node, struct node_link *link, const struct space *space);
void erasures_send_owed(struct node *node, struct node_link *link, const struct space *space);
/* For all that this space lacks; where an answer goes on, from where that stopped. reply: that the partner asks too. */
void erasures_ask(struct node *node, struct node_link *link, const struct space *space, bool reply);
void erasures_asked(struct node *node, struct node_link *link, const Twinlog__ErasureBuckets *theirs);
/* A message with erasures was taken in: the greatest id in it, and whether none was refused. */
void erasures_heard(struct node *node, struct node_link *link, struct space *space, const Twinlog__Erasures *erasures,
		    const struct hash *greatest, bool all);
/* Whether that partner has more to answer, and so what it serves may lack content whose erasure is still to come. */
bool erasures_come(const struct node *node, const struct peer_space *known);

/* ---- carry.c ---- */
void carry_request(struct node *node, uint64_t client, const Twinlog__Request *request);
void carry_note(struct node *node, uint64_t client, const Twinlog__Request *request);
/* One object from a partner, by link or by file (from: LINK_NONE_YET). DUPLICATE when it is here. */
enum twinlog_error erasures_arrives(struct node *node, const struct hash *sender, ProtobufCBinaryData bytes,
				    uint32_t from) TWINLOG_MUST_CHECK;
/* OK also when it is here. */
enum twinlog_error spaces_act_arrives(struct node *node, const struct hash *sender, const struct hash *space_id,
				      ProtobufCBinaryData bytes, uint32_t from) TWINLOG_MUST_CHECK;
enum twinlog_error positions_arrives(struct node *node, struct node_peer *peer,
				     ProtobufCBinaryData bytes) TWINLOG_MUST_CHECK;

/* ---- waits.c ---- */
void waits_request(struct node *node, uint64_t client, const Twinlog__Request *request);
void waits_check(struct node *node);

/* ---- author.c ---- */
void author_request(struct node *node, uint64_t client, const Twinlog__Request *request);
/* The record that a name means; AMBIGUOUS or NOT_FOUND. *ret_space may narrow the search when set, and is set. */
enum twinlog_error record_resolve(struct node *node, const Twinlog__RecordName *name, struct space **ret_space,
				  const struct record **ret_record) TWINLOG_MUST_CHECK;

/* ---- author_bundle.c ---- */
void author_flush(struct node *node);
void author_committed(struct node *node, const struct bundle *bundle, uint64_t sequence);

/* invite.c */
void invite_request(struct node *node, uint64_t client, const Twinlog__Request *request);
/* What stands under its nonce among the request ids, behind a zero byte: no SubmitResult begins with one. */
enum twinlog_error invite_load(struct node *node, const struct handle *nonce, const uint8_t *bytes,
			       size_t size) TWINLOG_MUST_CHECK;
/* links.c: takes a card as a partner's. */
enum twinlog_error peer_take(struct node *node, struct card *card) TWINLOG_MUST_CHECK;

#endif
