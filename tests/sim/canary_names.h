/* Broken promises to plant, so that each check can be seen to bite: name, verdict that it deserves, what is planted.
 * They sit in the simulator's seams, not in the core. One a line: CMakeLists.txt makes a test of each. */
#ifndef TWINLOG_SIM_CANARY_NAMES_H
#define TWINLOG_SIM_CANARY_NAMES_H

/* clang-format off */
#define SIM_CANARIES(X) \
	X(CANARY_EARLY_COMMIT, "early-commit", SIM_UNSAFE) /* the disk says done before it is */ \
	X(CANARY_LOST_ROW, "lost-row", SIM_UNSAFE)         /* a committed bundle vanishes from a disk */ \
	X(CANARY_OLD_ROW, "old-row", SIM_UNSAFE)           /* a sequence number is used again */ \
	X(CANARY_CHANGED, "changed", SIM_UNSAFE)           /* bytes change while they are committed */ \
	X(CANARY_STRANGER, "stranger", SIM_UNSAFE)         /* a chunk goes to a city outside the space */ \
	X(CANARY_FORGED, "forged", SIM_UNSAFE)             /* a disk gets a bundle whose signature does not verify */ \
	X(CANARY_BOAST, "boast", SIM_UNSAFE)               /* a position names a head that its author does not hold */ \
	X(CANARY_KEPT, "kept", SIM_UNSAFE)                 /* a disk keeps what was erased */ \
	X(CANARY_AMNESIA, "amnesia", SIM_UNSAFE)           /* a start forgets the last bundle */ \
	X(CANARY_ORACLE, "oracle", SIM_UNSAFE)             /* a replaced word is taken for current */ \
	X(CANARY_INVALID, "invalid", SIM_UNSAFE)           /* a request that is wrong is accepted */ \
	X(CANARY_TWICE, "twice", SIM_UNSAFE)               /* a retry is written once more */ \
	X(CANARY_WAITED, "waited", SIM_UNSAFE)             /* more cities are said to hold a word than do */ \
	X(CANARY_CHANCE, "chance", SIM_UNSAFE)             /* two runs of a seed differ */ \
	X(CANARY_VIEW, "view", SIM_STUCK)                  /* one city's answers differ in one byte */ \
	X(CANARY_DEAF, "deaf", SIM_STUCK)                  /* one city hears nothing after the healing */ \
	X(CANARY_POSITIONS, "positions", SIM_STUCK)        /* nobody hears positions after the healing */ \
	X(CANARY_ERASURES, "erasures", SIM_STUCK)          /* nobody hears of erasures */ \
	X(CANARY_PROMISE, "promise", SIM_STUCK)            /* an acknowledged word is nowhere */ \
	X(CANARY_CHATTER, "chatter", SIM_STUCK)            /* an idle line is never idle */ \
	X(CANARY_MUTE, "mute", SIM_STUCK)                  /* a request is never answered */ \
	X(CANARY_LOOP, "loop", SIM_STUCK)                  /* a timer comes again at once */ \
	X(CANARY_CRASH, "crash", SIM_CRASHED)              /* the process dies */
/* clang-format on */

enum canary {
	CANARY_NONE,
#define CANARY_ITEM(id, name, verdict) id,
	SIM_CANARIES(CANARY_ITEM)
#undef CANARY_ITEM
	    CANARY_COUNT
};

#endif
