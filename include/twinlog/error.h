/* What can go wrong, each with its text and the exit code of the commands (CLI: 0 done, 1 failed, 2 wrong
 * usage, 3 refused by validation, 4 not permitted, 5 daemon not reachable, 6 stale or ambiguous, 7 waited in vain).
 *
 * A function that can fail returns enum twinlog_error and sets its outputs only on TWINLOG_OK. What a person
 * reads is a struct twinlog_fault: the error, the place it concerns ("start", "line 12", "daemon.conf:3") and the
 * offending value. It is shown as one line "where: 'value': text"; either part may be empty.
 *
 * Codes stand on the wire and in programs, so none goes or changes its place: TWO_KEYS is raised no more. */
#ifndef TWINLOG_ERROR_H
#define TWINLOG_ERROR_H

#define TWINLOG_ERRORS(X)                                                                                              \
	X(OK, 0, "done")                                                                                               \
	X(FAILED, 1, "failed")                                                                                         \
	X(IO, 1, "reading or writing failed")                                                                          \
	X(DISK_FULL, 1, "the disk is full; free some space, nothing acknowledged is lost")                             \
	X(NO_MEMORY, 1, "out of memory")                                                                               \
	X(IN_USE, 1, "in use by another process")                                                                      \
	X(NOT_EMPTY, 1, "exists already and is not empty")                                                             \
	X(STORE_VERSION, 1, "written by another version of twinlogd")                                                  \
	X(STORE_DAMAGED, 1, "damaged; restore from a backup or from the partners")                                     \
	X(MISSING, 1, "does not exist")                                                                                \
	X(MALFORMED, 1, "not a well-formed message")                                                                   \
	X(NOT_STRICT, 1, "not in its canonical encoding")                                                              \
	X(BAD_SIGNATURE, 1, "the signature does not verify")                                                           \
	X(BAD_HASH, 1, "the content does not match its hash")                                                          \
	X(UNKNOWN_PARENT, 1, "builds on something that is not here yet")                                               \
	X(TOO_MANY, 3, "too many")                                                                                     \
	X(TOO_LARGE, 3, "too large")                                                                                   \
	X(USAGE, 2, "wrong usage")                                                                                     \
	X(INVALID, 3, "not valid")                                                                                     \
	X(BAD_UTF8, 3, "not valid UTF-8 text")                                                                         \
	X(BAD_TEXT, 3, "has control or unassigned characters")                                                         \
	X(LOST_TEXT, 3, "has lost characters on its way here; save the sheet as UTF-8 and import that")                \
	X(TOO_LONG, 3, "text is too long")                                                                             \
	X(BAD_DATE, 3, "not a date; write 2018, 2018-11, 2018-11-15, or 2018~ when uncertain")                         \
	X(BAD_RANGE, 3, "ends before it starts")                                                                       \
	X(BAD_CITY_ID, 3, "not a city id; write CC:slug, for example CN:lianyungang")                                  \
	X(UNKNOWN_CITY, 3, "no such city is known; name it by its id, or add a city record first")                     \
	X(AMBIGUOUS_CITY, 6, "names several places; use an id or give the country or province")                        \
	X(BAD_CODE, 3, "not in the code list")                                                                         \
	X(BAD_LANG, 3, "not a language tag (BCP 47), for example ko or zh-Hans")                                       \
	X(BAD_NUMBER, 3, "not a number in its range")                                                                  \
	X(BAD_FIELD, 3, "no such field")                                                                               \
	X(FIELD_MISSING, 3, "is missing")                                                                              \
	X(DUPLICATE, 3, "stands twice")                                                                                \
	X(NOT_A_MEMBER, 4, "not a member of the space")                                                                \
	X(NOT_PERMITTED, 4, "not permitted")                                                                           \
	X(UNKNOWN_KEY, 4, "the key is not known there")                                                                \
	X(READER, 4, "a reader of the space speaks for nobody")                                                        \
	X(NOT_REACHABLE, 5, "the daemon cannot be reached; is twinlogd running?")                                      \
	X(PROTOCOL_VERSION, 5, "speaks another version of the protocol")                                               \
	X(STALE, 6, "was changed since the version this edit is based on; look at it again")                           \
	X(AMBIGUOUS, 6, "fits several; give more of it")                                                               \
	X(NOT_FOUND, 3, "not found")                                                                                   \
	X(NO_SPACE_FITS, 2, "no single space fits; name one with --space")                                             \
	X(BAD_CURSOR, 3, "not a cursor of this query")                                                                 \
	X(WAITED_IN_VAIN, 7, "done, but not confirmed by that many cities in time")                                    \
	X(WITHHELD, 1, "restored from a backup; waits for a partner to say what was erased, or see twinlogd release")  \
	X(NOT_A_BACKUP, 1, "not a backup made by twinlogd, or cut short")                                              \
	X(NOT_FOR_US, 4, "is for another city")                                                                        \
	X(NOT_A_CARRIED_FILE, 1, "not a courier file or proof")                                                        \
	X(CUT_SHORT, 1, "is cut short; what it holds up to there was taken")                                           \
	X(NOT_ERASED, 1, "holds content that an erasure took")                                                         \
	X(NO_ERASURE, 1, "lacks content, and no erasure says why")                                                     \
	X(MISTYPED, 3, "does not match its check characters; compare it with the printed page")                        \
	X(NOT_A_WORKBOOK, 3, "cannot be read as a workbook; save it as .xlsx without a password, or as CSV in UTF-8")  \
	X(OUT_OF_HOURS, 5, "no link at this hour; see `budget` in twinlogd.conf there")                                \
	X(NO_STEWARD, 4, "only a steward of the space may do that")                                                    \
	X(STEWARD_STAYS, 4, "a steward ends only by leaving")                                                          \
	X(PAIR_SPACE, 4, "a space of two cities takes and loses nobody; found a new one")                              \
	X(NOT_INVITED, 4, "no invitation is open; ask a steward to add this city")                                     \
	X(BELONGS, 3, "belongs to the space already")                                                                  \
	X(GONE, 3, "is not in the space any more")                                                                     \
	X(CITY_ID_TAKEN, 3, "another city goes by that id in the space")                                               \
	X(INVITATION_USED, 4, "was used already; ask for another one")                                                 \
	X(EXPIRED, 4, "has expired; ask for another one")                                                              \
	X(LOCKED, 4, "is locked with a passphrase, and there is nobody to ask for it")                                 \
	X(WRONG_PASSPHRASE, 4, "is not opened by that passphrase")                                                     \
	X(REFERENCE_LEAVES, 4, "refers to a record of a space that not all members of this one belong to")             \
	X(KEY_RETIRED, 4, "is signed with a key that was changed since; see twinlogd rekey")                           \
	X(REKEY_OPEN, 4, "a change of key was begun and not finished; give twinlogd rekey once more")                  \
	X(KEY_NOT_THERE, 4, "the space does not know this city's new key yet; see twinlogd rekey --finish")            \
	X(PUTS_OUT, 4, "would put this city out of a space: name the acts that count with --count")                    \
	X(DATABASE_AWAY, 5, "the database cannot be reached")                                                          \
	X(DATABASE, 1, "the database refuses")                                                                         \
	X(NOT_A_MIRROR, 1, "is a table that no mirror made; give the mirror a schema of its own")                      \
	X(MIRROR_VERSION, 1, "was made by another version of twinlog; give the mirror a new schema")                   \
	X(MIRROR_OF_OTHERS, 1, "the mirror there is of another city or other spaces; give this one its own schema")    \
	X(TWO_KEYS, 4, "acts of this city need two signatures; pair with cards and `space create`")                    \
	X(NOT_WRITTEN, 3, "it is not known what stood there when it was exported; export it again and edit that")      \
	X(NOT_OURS, 3, "was edited, but this city has no statement of its own on it; make one with `answer`")

#ifdef __cplusplus
extern "C" {
#endif

enum twinlog_error {
#define TWINLOG_ERROR_ENUM(name, exit_code, text) TWINLOG_##name,
	TWINLOG_ERRORS(TWINLOG_ERROR_ENUM)
#undef TWINLOG_ERROR_ENUM
	    TWINLOG_ERROR_COUNT
};

#define TWINLOG_MUST_CHECK __attribute__((warn_unused_result))

struct twinlog_fault {
	enum twinlog_error code;
	char where[96];  /* field path, line, file or object; NUL-terminated UTF-8, may be empty */
	char value[160]; /* what was found there, cut at a character; may be empty */
};

/* English text without a final full stop; never NULL. */
const char *twinlog_error_text(enum twinlog_error code);

/* 0 to 7. */
int twinlog_error_exit(enum twinlog_error code);

/* Fills *fault and returns code, so that a check can end in `return twinlog_fault_set(…)`.
 * where and value may be NULL; longer ones are cut at a whole UTF-8 character. fault may be NULL. */
enum twinlog_error twinlog_fault_set(struct twinlog_fault *fault, enum twinlog_error code, const char *where,
				     const char *value);
#ifdef __clang_analyzer__ /* looks at one file at a time and cannot know that the code given comes back */
#define twinlog_fault_set(fault, code, where, value) (twinlog_fault_set(fault, code, where, value), (code))
#endif

#ifdef __cplusplus
}
#endif

#endif
