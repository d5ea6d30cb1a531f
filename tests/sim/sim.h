/* The simulator: many cities in one process, in virtual time, each with the daemon's own core (twinlog_core). Net, disk
 * and clock are played here, and one seed decides all of it: a run is a seed and a commit, and replays exactly.
 *
 * First safety: faults strike while checks follow each step. Then liveness: everything heals, and within a bounded time
 * all members of a space must hold and answer the same.
 *
 *     schedule -> job -> machine_step -> node_step -> effects -> check, then disk and lines -> schedule
 */
#ifndef TWINLOG_SIM_H
#define TWINLOG_SIM_H

#include <assert.h>
#include <limits.h>

#include "fault_names.h"
#include "random.h"
#include "store.h"

enum sim_verdict { SIM_OK = 0, SIM_CRASHED = 10, SIM_UNSAFE = 11, SIM_STUCK = 12 };

/* Limits of the simulator itself. */
#define SIM_CITIES_MAX    600u
#define SIM_BACKUPS       3u             /* kept of each disk */
#define SIM_STEPS_AT_ONCE 20000u         /* steps of one machine at one moment: more is a busy loop */
#define SIM_HEAL_MS       3600000u       /* from healing to convergence at the latest */
#define SIM_IDLE_MS       120000u        /* then watched for chatter */
#define SIM_EPOCH_MS      1792800000000u /* the cities' calendar begins in autumn 2026 */
#define SIM_HOURS_MAX     100000u        /* that a run may be asked to last */
#define STRIKES_MAX       24u            /* kinds of faults that strike now and then */
#define SIM_SAID          8u             /* messages that a liar remembers */
#define SIM_ARENAS        4u             /* messages decoded inside each other */
#define SIM_KEYS          8u             /* of one city, one after the other */

enum canary {
	CANARY_NONE,
#define CANARY(id, name, verdict) id,
#include "canaries.inc"
#undef CANARY
	CANARY_COUNT
};

struct sim_options {
	uint64_t seed;
	unsigned cities; /* 0: by the seed */
	double hours;    /* simulated; 0: by the seed, some minutes */
	enum canary canary;
	bool trace;      /* tell each step on stderr */
	bool again;      /* the second run of this seed */
	unsigned spaces; /* 0: by the seed; else a grown world with that many of them, without trouble */
	bool trouble;    /* and in that all the same */
};

void *sim_alloc(size_t size); /* zeroed; ends the process when memory is out */
/* Makes room for one more item of an array that grows by doubling. */
void *sim_grow(void *items, size_t count, size_t *capacity, size_t item_size);

/* ---- Cities and machines ---- */

/* A key that a city has or had, with the card that says so. */
struct city_key {
	struct seal_keys *keys;
	struct blob *signed_card;
};

struct city {
	struct seal_keys *keys; /* the newest */
	struct hash identity;
	uint8_t transport_seed[SEAL_SEED_SIZE], recovery_seed[SEAL_SEED_SIZE];
	struct seal_public recovery_key;
	struct city_key ring[SIM_KEYS]; /* oldest first */
	struct seal_public publics[SIM_KEYS];
	unsigned keys_count;
	unsigned stolen;     /* so many of its keys are with a thief; 0: it was never robbed */
	unsigned shut_out;   /* the key with which it shut the stolen ones out: place in the ring; 0: it did not */
	uint64_t settled_by; /* what it had and knew when it last named what counts (keys.c) */
	uint64_t keys_at_ms; /* until then its keys are left alone */
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	struct blob *signed_card;
	unsigned machine; /* the one its address leads to */
	unsigned twin;    /* a second one that comes and goes; NO_MACHINE: there was never one */
	bool liar;
	bool newer;                  /* speaks a newer version */
	struct blob *said[SIM_SAID]; /* a liar's, to be said again */
	bool settled;                /* its office has nothing to prepare */
	uint32_t *ties;              /* of which it is one end */
	size_t ties_count, ties_capacity;
	struct disk *backups[SIM_BACKUPS];
	unsigned backups_count;
};

struct machine {
	bool exists; /* a doubled machine comes and goes */
	bool running;
	unsigned city;
	uint32_t boot;    /* grows with each start and stop; jobs of an earlier one are void */
	uint64_t lineage; /* grows when the disk goes back in time */
	struct disk disk;
	struct node *node;
	struct effects effects;
	int64_t wall_skew_ms;
	uint64_t mono_offset_ms;
	struct pending *queue;
	size_t queue_count, queue_capacity;
	size_t committing;      /* rows of the queue that the commit under way takes; 0: none */
	uint64_t full_until_ms; /* the disk has no room */
	bool flipped;           /* its disk holds what was never written */
	unsigned crash_after;   /* effects; 0: does not */
	uint64_t last_ticket;
	uint64_t timer_at;       /* of the timer job under way; UINT64_MAX: none */
	uint64_t checks_done_ms; /* checks and chunks are worked off in order */
	uint64_t chunks_done_ms;
	uint64_t steps_at_ms, steps_now;
	/* For snapshots of its memory: what it started from, and all that happened since (past.c). */
	bool remembers;
	uint8_t boot_seed[SEAL_SEED_SIZE];
	struct disk boot_disk;
	struct past *past;
	size_t past_count, past_capacity;
	struct snapshot *snapshot; /* to be resumed; or NULL */
	bool thief;                /* runs on a stolen copy of a disk, with its key */
	bool resumed;              /* from one: it may answer what was asked of its other life */
	uint32_t *ghosts;          /* links that it takes for standing, of a life that went on without it */
	size_t ghosts_count, ghosts_capacity;
};

/* One event of a machine's life, with the bytes that it pointed to. */
struct past {
	struct event event;
	struct blob *bytes, *more;
};

/* ---- Lines: one link between two machines, first in first out in each direction, broken at any time ---- */

struct parcel {
	uint64_t due_ms;
	struct blob *blob;
};
struct line_end {
	unsigned machine;
	uint32_t boot;
	bool up; /* the machine was told, and not yet told otherwise */
	uint64_t last_due_ms;
	struct parcel *inbox; /* on the way to this end, in order */
	size_t inbox_first, inbox_count, inbox_capacity;
	size_t overdue; /* held up by a partition */
};
struct line {
	bool open;
	unsigned tie;
	uint32_t older; /* line of the same tie; LINE_NONE */
	uint64_t since_ms;
	uint32_t latency_ms;
	uint32_t bytes_per_ms;   /* 0: as fast as you like */
	struct line_end ends[2]; /* the first one dialled */
};
#define LINE_NONE UINT32_MAX
/* Two cities that know each other and keep a link. */
struct tie {
	unsigned dials, answers;
	bool both_dial;
	bool dialling;       /* a job to dial is under way */
	uint64_t backoff_ms; /* until the next try */
	uint32_t newest;     /* of its lines that still stand or are not yet known to be gone; LINE_NONE */
};

/* ---- Jobs ---- */

enum job_type {
	JOB_BOOT,
	JOB_TIMER,
	JOB_COMMIT,
	JOB_CHECKED,
	JOB_CHUNK,
	JOB_DELIVER,
	JOB_STRAY, /* a repeated message, out of its turn */
	JOB_LINE_UP,
	JOB_LINE_DOWN,
	JOB_DIAL,
	JOB_OFFICE, /* a city's clerk at work */
	JOB_FAULT,
	JOB_BLOCK,
	JOB_HEAL,    /* of one direction between two cities */
	JOB_RETIRE,  /* a doubled machine goes */
	JOB_WEATHER, /* a storm begins or is over */
	JOB_AUDIT,
	JOB_RESUME,     /* a snapshot of a machine's memory */
	JOB_GHOST_DOWN, /* a link that stood in it */
	JOB_KEYS,       /* a key is changed or stolen */
	JOB_THIEF,      /* who has stolen one uses it */
};
struct job {
	uint64_t at_ms;
	uint64_t order;
	enum job_type type;
	unsigned machine; /* or city, tie */
	uint32_t boot;
	uint32_t line;
	unsigned end;
	uint64_t number;
	uint32_t content; /* bundle bytes in a chunk */
	struct blob *blob, *more;
};
struct schedule {
	struct job *heap;
	size_t count, capacity;
	uint64_t order;
};
void schedule_put(struct schedule *schedule, struct job job);
bool schedule_take(struct schedule *schedule, struct job *ret_job);

/* ---- Clients ---- */

enum errand_kind {
	ERRAND_SUBMIT,
	ERRAND_WRONG /* must be refused */,
	ERRAND_WAIT,
	ERRAND_FOUND,
	ERRAND_ANSWER,
	ERRAND_ERASE,
	ERRAND_PEER,
	ERRAND_CHANGE
};
enum errand_state { ERRAND_OPEN, ERRAND_ANSWERED, ERRAND_CUT /* by a crash */, ERRAND_LEFT };

/* One request of one client. */
struct errand {
	enum errand_kind kind;
	enum errand_state state;
	unsigned machine;
	uint32_t boot;
	uint64_t lineage;
	uint64_t since_ms;
	struct blob *request; /* packed Request */
	size_t plan;          /* ERRAND_FOUND */
	uint32_t waits_for;   /* ERRAND_WAIT: object */
};

/* An acknowledged operation. */
struct promise {
	unsigned machine;
	uint64_t lineage;
	unsigned city;
	struct hash space;
	struct hash leaf;
	struct handle record;
	struct handle request;
	uint32_t object; /* the bundle */
	bool excused;    /* the only disks that held it are lost */
};

/* A position that its own city made. */
struct position_said {
	uint64_t word;
	unsigned machine;
	uint64_t lineage;
};

/* A space to be founded. */
struct plan {
	unsigned members[SIM_CITIES_MAX]; /* the founder first */
	bool reader[SIM_CITIES_MAX];
	unsigned count;
	uint32_t template;
	uint8_t request[HANDLE_SIZE];
	bool done;
};

/* What can go wrong in a run, drawn from its seed: each run has faults of its own mix, so that also the rare
 * combinations come up. Intervals are means; 0: never. */
struct profile {
	unsigned cities;
	uint64_t trouble_ms;
	/* A long run is quiet most of the time, as cities are, with storms in between; a short one is all storm. */
	bool seasons;
	unsigned storm_ms, calm_ms;
	unsigned office_ms, calm_office_ms; /* between two requests of a city */
	unsigned batch_max;
	unsigned fault_ms, calm_fault_ms;
	unsigned weights[STRIKES_MAX]; /* of the faults that strike now and then (faults.c) */
	bool snapshots;
	unsigned loss_per_myriad, reorder_per_mille, flip_per_myriad;
	unsigned duplicate_per_mille;
	unsigned latency_ms;
	unsigned slow_bytes_per_ms;
	unsigned commit_ms;
	unsigned lie_per_mille;
	bool several_lines;
	unsigned liars;
	bool newer;       /* some cities run a newer version */
	unsigned changes; /* of spaces by their stewards, per mille of requests (council.c); 0: none */
	unsigned purges;  /* stewards' erasures, per mille of requests (council.c); 0: none */
	unsigned keys_ms; /* between two events of keys (keys.c); 0: none */
	bool bulk;
};

struct sim {
	struct sim_options options;
	struct rng rng, council, purges, keys;
	struct profile profile;
	uint64_t now_ms;
	uint64_t steps, trace_hash;
	struct schedule schedule;
	struct world world;
	struct city *cities;
	struct machine *machines;
	size_t machines_count, machines_capacity;
	struct tie *ties;
	size_t ties_count, ties_capacity;
	struct line *lines;
	size_t lines_count, lines_capacity;
	uint8_t *blocked; /* from * cities + to */
	struct errand *errands;
	size_t errands_count, errands_capacity;
	struct promise *promises;
	size_t promises_count, promises_capacity;
	uint32_t *promise_slots; /* by request: open addressing of index + 1 */
	size_t promise_slots_count;
	struct plan *plans;
	size_t plans_count, plans_capacity;
	struct hash *stolen_ids; /* of what was signed with stolen keys elsewhere than on a machine */
	size_t stolen_ids_count, stolen_ids_capacity;
	unsigned stolen_acts;
	struct position_said *said; /* open addressing by word; 0: free */
	size_t said_count, said_capacity;
	bool calm;
	uint64_t season; /* changes of the weather so far */
	bool healed;
	uint64_t look_ms;                 /* for convergence again */
	uint64_t healed_ms, converged_ms; /* converged_ms 0: not yet */
	bool rolled_back;                 /* some disk went back in time, or a machine was doubled */
	uint64_t messages, bytes, accepted, refused;
	bool canary_sung;
	size_t errands_open;              /* all before are closed */
	uint64_t audited_at, reloaded_at; /* steps */
	struct arena *arenas[SIM_ARENAS];
	uint64_t faults[FAULT_COUNT]; /* that struck so far */
};

/* ---- council.c: changes of who belongs ---- */

void council_draw(struct sim *sim);
void council_meet(struct sim *sim, unsigned machine);  /* perhaps */
void council_purge(struct sim *sim, unsigned machine); /* likewise */
void council_changed(struct sim *sim, const struct errand *errand);
/* Whether the city ever left the space or was removed from it. */
bool council_ended(const struct acts *acts, const struct hash *identity);
/* The space's acts on that disk, judged anew; NULL: there are none. The disk's, until its next act. */
const struct acts *council_judges(struct sim *sim, struct disk *disk, const struct hash *space);
/* A city that was removed from the space, for all this disk knows; else the one given. */
unsigned council_removed(struct sim *sim, struct disk *disk, const struct hash *space, unsigned otherwise);
void council_forgets(struct disk *disk);
/* Whether acts change who belongs or which key speaks, so that standing is asked of them all. */
static inline bool council_sits(const struct sim *sim)
{
	return sim->profile.changes || sim->profile.keys_ms;
}
/* What counts of a space on a disk, by walking it: the bundles that each cut-off lets stand are found once. */
struct counted {
	const struct disk *disk;
	const struct acts *acts;
	uint8_t **reached; /* by the cut-off's act: by object */
	bool keys_aside;   /* changes of key are not asked */
};
void counted_begin(struct sim *sim, struct disk *disk, const struct hash *space, struct counted *ret_counted);
bool counted_has(const struct sim *sim, struct counted *counted, const struct bundle *bundle);
void counted_end(struct counted *counted);

/* ---- keys.c, thief.c: keys that change, and keys that are stolen ---- */

void keys_draw(struct sim *sim);
void keys_first(struct sim *sim, unsigned city, struct seal_keys *keys, struct blob *signed_card); /* takes both over */
void keys_begin(struct sim *sim);
void keys_turn(struct sim *sim);
/* After the healing: the newest key in use and known, and everything named that is a city's own. False: not yet. */
bool keys_settle(struct sim *sim, unsigned city);
/* Whether it was signed with a stolen key, or builds on what was. */
bool keys_tainted(const struct sim *sim, uint32_t object);
/* What the changes of key do otherwise in a space than was asked of them; NULL: nothing. linked: for each city whether
 * its acts have to have come; NULL: those of all. */
const char *keys_wrong(struct sim *sim, struct disk *disk, const struct space *space, const bool *linked);
void thief_begin(struct sim *sim, unsigned city);
void thief_work(struct sim *sim, const struct job *job);
bool thief_signed(const struct sim *sim, const struct hash *id); /* elsewhere than on a machine */

/* ---- profile.c: what a seed draws ---- */

void profile_draw(struct sim *sim);
unsigned profile_maybe(struct sim *sim, unsigned per_mille, unsigned most); /* 1 to most, or 0 */
void profile_world(struct sim *sim);

/* ---- sim.c: a run from its seed to its end ---- */

struct sim_report {
	uint64_t seed, trace_hash, steps, simulated_ms, heal_ms, accepted, refused, messages, bytes, objects, cities;
	uint64_t faults[FAULT_COUNT];
};
/* The parts of a run, for growth.c. */
void sim_begin(struct sim *sim, const struct sim_options *options);
void sim_run_until(struct sim *sim, uint64_t end_ms, const uint64_t *stop); /* stop: NULL, or ends when not 0 */
void sim_end(struct sim *sim);
/* Ends the process when something breaks. */
void sim_run(const struct sim_options *options, struct sim_report *ret_report);
void sim_step_trace(struct sim *sim, uint64_t word);
/* For decoding, empty. depth: how many others are in use by callers; below SIM_ARENAS. */
struct arena *sim_arena(struct sim *sim, unsigned depth);
/* Tells what broke and how to see it again, and ends the process with the verdict. */
void sim_fail(struct sim *sim, enum sim_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
void sim_note(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool sim_sings(struct sim *sim, enum canary canary); /* whether that canary is planted and has not sung yet */
unsigned sim_city_by_identity(const struct sim *sim, const struct hash *identity); /* cities: nobody */

/* ---- machine.c ---- */

unsigned machine_new(struct sim *sim, unsigned city);
void machine_boot(struct sim *sim, unsigned machine);
/* Power off; committed: what the commit under way took is on the disk all the same. */
void machine_stop(struct sim *sim, unsigned machine, bool committed);
void machine_free(struct machine *machine);
void machine_started(struct sim *sim, unsigned machine);
bool machine_ghost(const struct machine *machine, uint32_t link);
/* now is filled in here. bytes, more: what a message, a request or a check was decoded from; held if remembered. The
 * machine may have crashed when it returns. */
void machine_step(struct sim *sim, unsigned machine, struct event *event, struct blob *bytes, struct blob *more);
void machine_timer(struct sim *sim, const struct job *job);
/* NULL: the disk is damaged; *ret_what tells where. */
struct node *machine_node_from_disk(const struct sim *sim, unsigned machine, const struct disk *disk,
				    const uint8_t seed[SEAL_SEED_SIZE], const char **ret_what);

/* ---- threads.c: writer, verifier, packer ---- */

void thread_write(struct sim *sim, unsigned machine, uint64_t ticket, const struct persist *what);
void thread_commit(struct sim *sim, unsigned machine);
void thread_queue(struct machine *machine, uint64_t ticket, const struct persist *what);
uint64_t thread_committed(struct sim *sim, unsigned machine, size_t count); /* the ticket that is whole */
uint64_t thread_forget(struct machine *machine, size_t count);              /* likewise */
void thread_clear(struct machine *machine);
void thread_verify(struct sim *sim, unsigned machine, const struct effect *effect);
void thread_open(struct sim *sim, const struct blob *bytes, const struct blob *more, struct event *event,
		 struct bundle ***ret_bundles);
void thread_pack(struct sim *sim, unsigned machine, const struct effect *effect);
void machine_commit(struct sim *sim, const struct job *job);
void machine_checked(struct sim *sim, const struct job *job);
void machine_chunk(struct sim *sim, const struct job *job);

/* ---- past.c: memory snapshots ---- */

void past_begin(struct sim *sim, unsigned machine); /* it starts */
void past_note(struct machine *machine, const struct event *event, struct blob *bytes, struct blob *more);
void past_forget(struct machine *machine);
void past_drop(struct machine *machine);           /* with its snapshot */
void past_take(struct sim *sim, unsigned machine); /* a snapshot, to be resumed later */
void past_resume(struct sim *sim, const struct job *job);
void past_ghost_down(struct sim *sim, const struct job *job);

/* ---- network.c ---- */

void network_line_up(struct sim *sim, const struct job *job);
void network_line_down(struct sim *sim, const struct job *job);
void network_deliver(struct sim *sim, const struct job *job);
void network_stray(struct sim *sim, const struct job *job);
/* Link numbers are line numbers + 1, so none is ever used again. Takes over the blob. */
void network_send(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob);
/* Past the lying. */
void network_inject(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob);
void network_drop(struct sim *sim, unsigned machine, uint32_t link);
void network_cut(struct sim *sim, uint32_t line, bool half_open);
void network_cut_machine(struct sim *sim, unsigned machine);
void network_cut_tie(struct sim *sim, uint32_t tie, bool half_open);
void network_block(struct sim *sim, unsigned from, unsigned to, bool blocked);
bool network_blocked(const struct sim *sim, unsigned from, unsigned to); /* machines */
/* The lines of a tie that somebody still takes for standing, from the newest (after: LINE_NONE) on; LINE_NONE. */
uint32_t network_line(struct sim *sim, uint32_t tie, uint32_t after);
/* The end of the line at that machine: 0 or 1; 2: not on it, or not told of it. */
unsigned network_end(const struct sim *sim, unsigned machine, uint32_t link);
void network_free(struct sim *sim);

/* ---- dial.c: who dials whom, and when again ---- */

void dial_tie(struct sim *sim, const struct job *job);
void dial_wake(struct sim *sim, uint32_t tie); /* a link may be missing */
void dial_wake_city(struct sim *sim, unsigned city);
uint32_t dial_between(const struct sim *sim, unsigned a, unsigned b); /* the tie; UINT32_MAX: none */
void line_new(struct sim *sim, uint32_t tie, unsigned dialler, unsigned answerer);

/* ---- office.c and words.c: what clerks do ---- */

void office_work(struct sim *sim, const struct job *job);
void office_later(struct sim *sim, unsigned city);   /* its next work */
void office_prepare(struct sim *sim, unsigned city); /* peers known, spaces founded, invitations answered */
void office_reply(struct sim *sim, unsigned machine, uint64_t client, const void *bytes, size_t size);
void office_cut(struct sim *sim, unsigned machine, uint32_t boot);
/* about: the plan to found or the object to wait for. */
void office_ask(struct sim *sim, unsigned machine, enum errand_kind kind, Twinlog__Request *request, size_t about);
void words_submit(struct sim *sim, unsigned machine);

/* ---- faults.c, liar.c, newer.c: the trouble ---- */

static inline void sim_fault(struct sim *sim, enum fault fault)
{
	sim->faults[fault]++;
}
void faults_crash_in_step(struct sim *sim, unsigned machine);
/* The disk of a machine gives way to another content; NULL: to nothing. */
void faults_replace(struct sim *sim, unsigned machine, const struct disk *content, bool same_machine);

void faults_draw(struct sim *sim);     /* which kinds strike in this run, and how often */
void faults_draw_all(struct sim *sim); /* all of them, as often as they may */
void faults_strike(struct sim *sim);
void lines_cut(struct sim *sim); /* faults of lines */
void lines_swizzle(struct sim *sim);
void lines_partition(struct sim *sim);
void faults_retire(struct sim *sim, unsigned machine);
void faults_heal(struct sim *sim);
/* A disk is about to lose what it holds: promises that nobody else holds are excused. */
void faults_excuse(struct sim *sim);
/* May replace what a lying city sends, or add to it. */
struct blob *liar_twist(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob);
/* What a newer version makes of a message. */
struct blob *newer_dress(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob);

/* ---- runner.c, canaries.c, growth.c: many runs ---- */

struct runs {
	struct sim_options options; /* of the first */
	uint64_t seeds;
	unsigned jobs; /* processes at once */
};
void runner_seed(const struct sim_options *options, struct sim_report *ret_report); /* and tells of it */
int runner_seeds(const struct runs *runs);
int runner_determinism(const struct runs *runs);
int runner_large(const struct runs *runs); /* 600 cities with 2,000 spaces, or so many as asked for */
int canaries_sing(const struct runs *runs, const char *name); /* NULL: all */
int growth_table(void);

/* ---- seals.c: signatures ---- */

void seals_real(bool real); /* Ed25519 from now on, instead of what stands in for it */

/* ---- check.c: safety ---- */

void check_send(struct sim *sim, unsigned machine, uint32_t link, const void *bytes, size_t size);
void check_chunk(struct sim *sim, unsigned machine, unsigned receiver, const struct hash *space,
		 const struct hash *city, const uint64_t *sequences, size_t count);
void check_persist(struct sim *sim, unsigned machine, const struct persist *what);
/* A row is durable, with all of its commit. */
void check_committed(struct sim *sim, unsigned machine, const struct persist *what);
void check_audit(struct sim *sim); /* the dear ones */

/* ---- view.c: what a city answers, as bytes ---- */

struct hash view_digest(struct sim *sim, const struct node *node, const struct space *space);
/* The same from the simulator's own reckoning over the disk's bundles; only current words. */
void view_against_oracle(struct sim *sim, unsigned machine, const struct space *space);

/* ---- converge.c: liveness ---- */

/* NULL when all is equal and complete, else what is not. */
const char *converge_lacks(struct sim *sim);

#endif
