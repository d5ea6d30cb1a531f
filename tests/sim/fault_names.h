/* What can go wrong in a run, by name. */
#ifndef TWINLOG_SIM_FAULT_NAMES_H
#define TWINLOG_SIM_FAULT_NAMES_H

/* What can happen to a run, counted so that a summary tells what was tried. */
#define SIM_FAULTS(X)                                                                                                  \
	X(FAULT_LOSS, "messages lost")                                                                                 \
	X(FAULT_DUPLICATE, "messages repeated")                                                                        \
	X(FAULT_REORDER, "messages out of order")                                                                      \
	X(FAULT_FLIP_WIRE, "messages with flipped bits")                                                               \
	X(FAULT_SLOW, "slow lines")                                                                                    \
	X(FAULT_CUT, "lines cut")                                                                                      \
	X(FAULT_HALF_OPEN, "lines half open")                                                                          \
	X(FAULT_ONE_WAY, "one-way partitions")                                                                         \
	X(FAULT_PARTITION, "partitions")                                                                               \
	X(FAULT_ISLAND, "cities cut off")                                                                              \
	X(FAULT_SWIZZLE, "swizzled links")                                                                             \
	X(FAULT_CRASH, "crashes")                                                                                      \
	X(FAULT_CRASH_IN_STEP, "crashes between effects")                                                              \
	X(FAULT_UNSYNCED, "unsynced writes lost")                                                                      \
	X(FAULT_COMMIT_DURABLE, "commits failed but on disk")                                                          \
	X(FAULT_COMMIT_LOST, "commits failed")                                                                         \
	X(FAULT_DISK_FULL, "disks full")                                                                               \
	X(FAULT_FLIP_STORE, "bits flipped in stores")                                                                  \
	X(FAULT_CLOCK, "clocks set")                                                                                   \
	X(FAULT_RESTORE, "old copies put back")                                                                        \
	X(FAULT_RESTORE_MARKED, "backups restored")                                                                    \
	X(FAULT_SNAPSHOT, "memory snapshots resumed")                                                                  \
	X(FAULT_MACHINE_LOST, "machines lost")                                                                         \
	X(FAULT_DOUBLED, "machines doubled")                                                                           \
	X(FAULT_LIE_BENT, "lies: bent")                                                                                \
	X(FAULT_LIE_NOISE, "lies: noise")                                                                              \
	X(FAULT_LIE_OVERSIZED, "lies: oversized")                                                                      \
	X(FAULT_LIE_BRANCH, "lies: branch, backdated")                                                                 \
	X(FAULT_LIE_FORGED, "lies: forged")                                                                            \
	X(FAULT_LIE_TAMPERED, "lies: tampered")                                                                        \
	X(FAULT_LIE_ABSURD, "lies: absurd heads, wants")                                                               \
	X(FAULT_LIE_POSITION, "lies: positions")                                                                       \
	X(FAULT_LIE_REPLAYED, "lies: replayed")                                                                        \
	X(FAULT_LIE_WITHHELD, "lies: withheld")                                                                        \
	X(FAULT_LIE_HASH_ONLY, "lies: hash-only leaves")                                                               \
	X(FAULT_LIE_ERASURE, "lies: erasures")                                                                         \
	X(FAULT_LIE_ACT, "lies: acts")                                                                                 \
	X(FAULT_ERASURE, "erasures")                                                                                   \
	X(FAULT_LATE_JOIN, "late joins")                                                                               \
	X(FAULT_NEWER, "messages of a newer version")                                                                  \
	X(FAULT_ADDED, "members added")                                                                                \
	X(FAULT_REMOVED, "members removed")                                                                            \
	X(FAULT_EXTENDED, "removals extended")                                                                         \
	X(FAULT_APPOINTED, "stewards appointed")                                                                       \
	X(FAULT_LEFT, "members that left")                                                                             \
	X(FAULT_PURGE, "stewards' erasures")                                                                           \
	X(FAULT_KEY_CHANGED, "keys changed")                                                                           \
	X(FAULT_KEY_STOLEN, "keys stolen")                                                                             \
	X(FAULT_THEFT_USED, "lies: with a stolen key")                                                                 \
	X(FAULT_KEY_SHUT_OUT, "stolen keys shut out")                                                                  \
	X(FAULT_KEY_EXTENDED, "changes of key extended")                                                               \
	X(FAULT_NEWER_WORD, "words of a newer version")
enum fault {
#define FAULT_ITEM(name, text) name,
	SIM_FAULTS(FAULT_ITEM)
#undef FAULT_ITEM
	    FAULT_COUNT
};

#endif
