/* The daemon's mind: one entry point, events in, effects out. Pure: it knows no socket, disk, clock or random source,
 * so the very same code runs in twinlogd and in the simulator. Knows proto and seal. PROTOCOL, "Sync".
 *
 *     event (time, decoded message, authenticated sender) -> node_step -> effects, in order
 *
 * Persist before send: an effect that tells anybody of something comes only after EVENT_COMMITTED of the ticket under
 * which it was to be persisted. What a partner sends is checked and answered, never asserted. */
#ifndef TWINLOG_NODE_H
#define TWINLOG_NODE_H

#include "acts.h"
#include "bundle.h"
#include "control.pb-c.h"
#include "erasures.h"
#include "identity.pb-c.h"
#include "peer.pb-c.h"
#include "scope.h"
#include "statements.h"

struct node;
struct graph;

/* Two clocks, two names: deadlines are counted on the first, people are told the second. */
struct moment {
	uint64_t mono_ms;
	uint64_t wall_ms; /* Unix time */
};

struct node_config {
	const struct seal_keys *keys; /* borrowed for the node's life */
	const uint8_t *signed_card;   /* own SignedCard; copied */
	size_t signed_card_size;
	uint64_t machine;             /* number of this machine, see Position */
	bool restored;                /* the store came out of a backup: see space_withheld */
	uint8_t seed[SEAL_SEED_SIZE]; /* salts, nonces and jitter derive from it */
};
enum twinlog_error node_new(const struct node_config *config, struct node **ret_node) TWINLOG_MUST_CHECK;
void node_free(struct node *node); /* accepts NULL */

/* Keys of invitations that are out: who holds one may bring an answer, and nothing else. */
size_t node_invites(const struct node *node);
const uint8_t *node_invite_key(const struct node *node, size_t index); /* 32 bytes */

/* At start, what the store holds, in this order: cards, acts, erasures, bundles, tips, positions; each in order of
 * sequence. Then node_loaded. Bytes are borrowed for the call. An error means a damaged store. */
enum twinlog_error node_load_card(struct node *node, const void *signed_card, size_t size, bool verified, bool removed,
				  uint64_t knows) TWINLOG_MUST_CHECK;
enum twinlog_error node_load_act(struct node *node, uint64_t sequence, const void *bytes,
				 size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error node_load_erasure(struct node *node, uint64_t sequence, const void *bytes,
				     size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error node_load_bundle(struct node *node, uint64_t sequence, const void *bytes,
				    size_t size) TWINLOG_MUST_CHECK;
/* The bundles that none builds on, once more: their signatures are checked. What another names by its hash needs none.
 */
typedef enum twinlog_error (*node_read_bundle)(void *context, uint64_t sequence, const uint8_t **ret_bytes,
					       size_t *ret_size);
enum twinlog_error node_load_tips(struct node *node, node_read_bundle read, void *context) TWINLOG_MUST_CHECK;
enum twinlog_error node_load_position(struct node *node, const void *bytes, size_t size) TWINLOG_MUST_CHECK;
/* A known answer to a request id: packed SubmitResult. */
enum twinlog_error node_load_request(struct node *node, const struct handle *request, const void *bytes,
				     size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error node_loaded(struct node *node) TWINLOG_MUST_CHECK;

enum event_type {
	EVENT_TIME,       /* nothing but the time */
	EVENT_LINK_UP,    /* an encrypted link stands; its other end is authenticated by transport key */
	EVENT_LINK_DOWN,  /* it is gone */
	EVENT_MESSAGE,    /* a decoded message on a link */
	EVENT_MALFORMED,  /* bytes on a link that did not decode */
	EVENT_CHECKED,    /* the answer to EFFECT_CHECK */
	EVENT_CHUNK_SENT, /* the answer to EFFECT_SEND_CHUNK: handed to the transport */
	EVENT_REQUEST,    /* a client wants something written, or waits for something */
	EVENT_CLIENT_GONE,
	EVENT_BUDGET,    /* what a partner may cost from now on */
	EVENT_OWN_CARD,  /* this city has a newer card, kept already: its transport key to come is in use */
	EVENT_COMMITTED, /* all effects up to a ticket are durable */
};

#define BUDGET_NONE UINT64_MAX

struct event {
	enum event_type type;
	bool more; /* another follows at once: what is written and answered for both is left to that one */
	struct moment now;
	union {
		struct {
			uint32_t link; /* never used again for another link */
			uint8_t transport_key[32];
			bool dialled; /* by this side */
		} link_up;
		struct {
			uint32_t link;
			const char *why; /* for people; may be NULL */
		} link_down;
		struct {
			uint32_t link;
			const Twinlog__PeerMessage *message; /* borrowed */
			size_t size;                         /* on the wire */
		} message;
		struct {
			uint32_t link;
			size_t size;
			enum twinlog_error code;
		} malformed;
		struct {
			uint64_t check;
			struct bundle **bundles; /* the array is borrowed, each bundle is the node's from now on */
			size_t count;
			enum twinlog_error refused; /* OK, or why the rest of the chunk was refused */
			size_t bytes;               /* of the chunk's bundles before compression */
		} checked;
		struct {
			uint32_t link;
			uint32_t stream;
			size_t bytes;   /* on the wire */
			size_t content; /* of its bundles before compression, as read */
		} chunk_sent;
		struct {
			uint64_t client;                 /* who to answer; chosen by the caller */
			uint64_t writer;                 /* who asks, by any number; chosen by the caller */
			const struct scope *scope;       /* what the client may know of; NULL: everything */
			const Twinlog__Request *request; /* borrowed; NODE_WRITES() kinds only */
		} request;
		struct {
			uint64_t client;
		} client_gone;
		struct {
			struct hash identity;
			uint64_t rate; /* bytes a second both ways together; 0: no link; BUDGET_NONE: no limit */
		} budget;
		struct {
			const void *bytes; /* SignedCard, borrowed */
			size_t size;
		} own_card;
		struct {
			uint64_t ticket;
		} committed;
	};
};

/* Requests that go through the node (the others only read): submit, wait, space_create, space_answer, peer_add,
 * peer_verify, peer_remove, erase, carry_put. */
bool node_takes(const Twinlog__Request *request);

enum persist_kind {
	PERSIST_CARD,          /* city, flags, knows (serial of our card that it holds), bytes: SignedCard */
	PERSIST_ACT,           /* sequence, bytes: SignedAct */
	PERSIST_BUNDLE,        /* sequence, bytes: Bundle */
	PERSIST_ERASURE,       /* sequence, bytes: SignedErasure */
	PERSIST_STRIP,         /* sequence of a bundle persisted before, leaf: bundle_strip it in place */
	PERSIST_POSITION,      /* space, city, machine, bytes: SignedPosition; replaces the older one */
	PERSIST_POSITION_GONE, /* space, city, machine: that one is kept no more */
	PERSIST_REQUEST,       /* request, bytes: SubmitResult */
	PERSIST_MACHINE,       /* machine: draw made anew */
	PERSIST_RELEASED,      /* what was restored may be served again */
};
struct persist {
	enum persist_kind kind;
	uint64_t sequence;
	struct hash space;
	struct hash city;
	uint64_t machine;
	uint32_t leaf;
	struct handle request;
	bool verified, removed;
	uint64_t knows;
	const uint8_t *bytes; /* valid until EVENT_COMMITTED of its ticket has been stepped */
	size_t size;
};

enum effect_type {
	EFFECT_PERSIST,
	EFFECT_SEND,       /* bytes: a packed PeerMessage */
	EFFECT_SEND_CHUNK, /* read these bundles, compress, send as one Chunk; answer with EVENT_CHUNK_SENT */
	EFFECT_CHECK,      /* decompress, bundle_open each under keys; answer with EVENT_CHECKED, in order of checks */
	EFFECT_REPLY,      /* bytes: a packed Reply */
	EFFECT_WROTE,      /* an own bundle was made: which client's words its leaves are, in their order */
	EFFECT_DROP_LINK,
	EFFECT_PEERS_CHANGED, /* whom to admit and to dial: node_peer, node_invite_key */
	EFFECT_NOTE,          /* for the log */
};

struct effect {
	enum effect_type type;
	union {
		struct {
			uint64_t ticket; /* never decreases */
			struct persist what;
		} persist;
		struct {
			uint32_t link;
			const uint8_t *bytes;
			size_t size;
		} send;
		struct {
			uint32_t link;
			struct hash space;
			struct hash city;
			uint32_t stream;
			const uint64_t *sequences;
			size_t count;
			bool last;
		} send_chunk;
		struct {
			uint64_t check;
			const struct seal_public *keys;
			size_t keys_count;
			const uint8_t *compressed; /* BundleList, zstd */
			size_t compressed_size;
			size_t size; /* before compression, as claimed, at most TWINLOG_MESSAGE_MAX */
		} check;
		struct {
			uint64_t client;
			const uint8_t *bytes;
			size_t size;
		} reply;
		struct {
			struct hash space;
			struct hash bundle;
			const uint64_t *writers; /* of EVENT_REQUEST, for each leaf */
			size_t count;
		} wrote;
		struct {
			uint32_t link;
			enum twinlog_error why;
		} drop_link;
		struct {
			enum twinlog_error code;
			const char *text; /* one line */
		} note;
	};
};

/* What a step asks for, in order. Everything an effect points to (PERSIST apart) lives until the next step with the
 * same effects. */
struct effects {
	struct effect *items;
	size_t count;
	size_t capacity;
	struct arena *arena;
};
enum twinlog_error effects_init(struct effects *effects) TWINLOG_MUST_CHECK;
void effects_free(struct effects *effects);

/* Clears effects and fills them anew. NO_MEMORY leaves the node unusable: end the process, the store has it all. */
enum twinlog_error node_step(struct node *node, const struct event *event, struct effects *effects) TWINLOG_MUST_CHECK;

/* Asked when a chunk is packed and about to go: acts that came meanwhile may have put the partner out. */
bool node_chunk_may_go(struct node *node, uint32_t link, const struct hash *space, const struct hash *city);

/* mono_ms at which EVENT_TIME is due at the latest; UINT64_MAX for never. */
uint64_t node_deadline(const struct node *node);

/* ---- Looking. All const: many may look while nobody steps. ---- */

const struct hash *node_identity(const struct node *node);
const char *node_city_id(const struct node *node);
/* The own SignedCard; until the second EVENT_OWN_CARD after it. */
const uint8_t *node_signed_card(const struct node *node, size_t *ret_size);
/* The own card announces a transport key to come, and every partner has told that it holds that card. */
bool node_transport_due(const struct node *node);
uint64_t node_machine(const struct node *node);
/* Sequence number of the last committed bundle or act: the commit number that clients see. */
uint64_t node_commit(const struct node *node);

struct peer_view {
	struct hash identity;
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	uint8_t transport_key[32];
	const uint8_t *next_transport; /* the key to come that its card announces; NULL: none */
	const Twinlog__CityCard *card; /* names, addresses, serial */
	const uint8_t *signed_card;
	size_t signed_card_size;
	bool verified;
	bool removed;
	bool holds_card; /* it is known to hold this city's newest card */
	bool linked;
	uint64_t link_since_ms; /* Unix time */
	uint64_t last_heard_ms;
	char last_error[160];
	uint64_t last_error_ms;
	uint64_t refused;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t rate;             /* its budget, as EVENT_BUDGET has it */
	uint64_t courier_wrote_ms; /* Unix time; 0: never */
	uint64_t courier_read_ms;
};
size_t node_peers(const struct node *node);
struct peer_view node_peer(const struct node *node, size_t index);

struct space; /* as held here */
size_t node_spaces(const struct node *node);
const struct space *node_space(const struct node *node, size_t index); /* in order of founding or arrival here */
const struct space *node_space_find(const struct node *node, const struct hash *space); /* NULL */
const struct acts *space_acts(const struct space *space);
/* Whether all of them are on the disk: until then nobody is told of any. */
bool space_acts_durable(const struct space *space);
const struct statements *space_statements(const struct space *space);
size_t space_bundles(const struct space *space);

/* What changes records of a space without a bundle or erasure on them, by the sequence number that the store has it
 * under. */
struct turn {
	uint64_t sequence;
	struct hash id;   /* of the act or bundle */
	struct hash city; /* of TURN_CITY: records that it spoke on, or that name it, may be judged anew */
	bool act;
	enum { TURN_NONE, TURN_CITY, TURN_ALL } what;
};
/* Every act, and bundles that others were waiting for; ascending. The last ones may not be durable yet. */
const struct turn *space_turns(const struct space *space, size_t *ret_count);

struct space_member_view {
	uint64_t bundles;         /* of that city held here */
	uint64_t newest_ms;       /* clock of its newest bundle here */
	uint64_t position_ms;     /* its newest position here; 0: none */
	uint64_t lag_bundles;     /* held here, not reached by that position */
	uint64_t lag_since_ms;    /* clock of the oldest of them; 0: none */
	uint64_t missing_bundles; /* it holds them, this daemon does not (at least) */
	Twinlog__Waiting waiting;
	uint64_t waiting_count;    /* bundles or erasures it is about */
	uint64_t waiting_since_ms; /* Unix time; 0: since before this daemon started */
};
struct space_member_view space_member_view(const struct node *node, const struct space *space, const struct hash *city);
/* Own leaves that no other city's position reaches, and the clock of the oldest. */
uint64_t space_only_here(const struct node *node, const struct space *space, uint64_t *ret_since_ms);
/* Whether the newest positions of that city reach this bundle (by store sequence number). */
bool space_reaches(const struct space *space, const struct hash *city, uint64_t sequence);

/* Erasures held, in order of arrival, and the one that took a leaf's content (NULL: none did). */
const struct erasures *space_erasures(const struct space *space);
/* What a backup brought back may have been erased since: it is shown and sent to nobody until one partner's erasures
 * are known. */
bool space_withheld(const struct space *space);
/* How many of them, in that order, a city's positions confirm (at least): all its machines that signed lately do. */
size_t space_erasures_at(const struct node *node, const struct space *space, const struct hash *city);

/* ---- What goes into files. ---- */

/* The known position number index, as received; *ret_bytes NULL past the last. */
const uint8_t *space_position(const struct space *space, size_t index, size_t *ret_size);
/* How much of a space a city may get: nothing, the acts, everything. */
enum carry_right { CARRY_NOTHING, CARRY_ACTS, CARRY_ALL };
enum carry_right space_carry_right(const struct space *space, const struct hash *to);
/* Whether this act may be told to the city. */
bool space_act_is_for(const struct space *space, size_t index, const struct hash *identity);
/* Store sequences of what the counting and named heads reach, above after and up to upto, ascending; what the newest
 * position of `to` reaches is left out (NULL: nothing is). *ret_sequences is malloc'd and the caller's. */
enum twinlog_error space_carry(const struct space *space, const struct hash *to, uint64_t after, uint64_t upto,
			       uint64_t **ret_sequences, size_t *ret_count) TWINLOG_MUST_CHECK;

/* Digests of a space, for tests and drills. */
void space_digest(const struct space *space, struct hash *ret_acts, struct hash *ret_bundles);

#endif
