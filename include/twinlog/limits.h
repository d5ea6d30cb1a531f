/* Every limit of Twinlog, in one place.
 *
 * Sizes are bytes unless the name ends in another unit. A limit marked (signed) is part of the
 * protocol: what exceeds it is refused or void at every member alike, so it can only ever be
 * raised by a new protocol version. The others are a daemon's own manners. PROTOCOL, "Limits". */
#ifndef TWINLOG_LIMITS_H
#define TWINLOG_LIMITS_H

/* Signed objects. */
#define TWINLOG_BODY_MAX          (64u * 1024)  /* (signed) one leaf's body */
#define TWINLOG_ENVELOPE_MAX      (8u * 1024)   /* (signed) one leaf's envelope */
#define TWINLOG_BUNDLE_MAX        (256u * 1024) /* (signed) header, signature and leaves, less what is said below */
#define TWINLOG_BUNDLE_LEAVES_MAX 4096u         /* (signed) */
#define TWINLOG_ERASED_SIZE       34u           /* (signed) of each erased leaf the hash that stands for its content */
#define TWINLOG_PARENTS_MAX       32u           /* (signed) parents of a bundle or an act */
#define TWINLOG_ACT_MAX           (256u * 1024) /* (signed) one signed act */
#define TWINLOG_SPACE_ACTS_MAX    16384u        /* acts held of one space */
#define TWINLOG_SPACE_ACTS_OPEN   12288u        /* the rest of them is for stewards, and for who signed few */
#define TWINLOG_ACTS_FEW          64u
#define TWINLOG_SPACE_BYTES_MAX   (32u * 1024 * 1024) /* likewise of their bytes */
#define TWINLOG_SPACE_BYTES_OPEN  (24u * 1024 * 1024)
#define TWINLOG_ACTS_FEW_BYTES    (1024u * 1024)
#define TWINLOG_CITY_WORDS_MAX    128u         /* accepts, declines, leaves heard of a city; of one key a quarter */
#define TWINLOG_CITY_CHANGES_MAX  64u          /* likewise changes of its key */
#define TWINLOG_MEMBERS_MAX       1024u        /* (signed) members named by one act */
#define TWINLOG_STEWARDS_MAX      9u           /* (signed) */
#define TWINLOG_ERASURE_MAX       1024u        /* (signed) one signed erasure */
#define TWINLOG_CARD_MAX          (16u * 1024) /* (signed) one signed city card */
#define TWINLOG_CUTOFF_HEADS_MAX  64u          /* (signed) bundle heads that a removal or key change names */
#define TWINLOG_CUTOFF_NAMED_MAX  4096u        /* (signed) acts, and erasures, that a key change names */
#define TWINLOG_REPLACES_MAX      32u          /* (signed) own leaves that one leaf replaces */
#define TWINLOG_SALT_SIZE         16u          /* (signed) PROTOCOL, "Leaves" */
/* So what a bundle may have in bytes. */
#define TWINLOG_BUNDLE_BYTES_MAX  (TWINLOG_BUNDLE_MAX + TWINLOG_BUNDLE_LEAVES_MAX * TWINLOG_ERASED_SIZE)

/* Texts and lists inside a body. */
#define TWINLOG_CITY_ID_MAX       64u   /* (signed) CC:slug */
#define TWINLOG_RECORD_CITIES_MAX 32u   /* (signed) cities of an activity, parties of an agreement */
#define TWINLOG_CODE_MAX          64u   /* (signed) one code of a code list */
#define TWINLOG_TITLE_MAX         200u  /* (signed) */
#define TWINLOG_SUMMARY_MAX       2000u /* (signed) summary, note */
#define TWINLOG_NAME_MAX          200u  /* (signed) a name of a city, an office, an organisation, a place */
#define TWINLOG_URI_MAX           1000u /* (signed) */
#define TWINLOG_EXTERNAL_ID_MAX   128u  /* (signed) */
#define TWINLOG_LANG_MAX          35u   /* (signed) BCP 47, RFC 5646 section 4.4.1 */
#define TWINLOG_DATE_MAX          16u   /* (signed) one EDTF date */
#define TWINLOG_LIST_MAX          64u   /* (signed) entries of any other list in a body */
#define TWINLOG_ACTORS_MAX        16u   /* (signed) */
#define TWINLOG_FIELDS_MAX        3u    /* (signed) fields of an activity */

/* Messages. */
#define TWINLOG_MESSAGE_MAX (1024u * 1024) /* one frame on either endpoint */
#define TWINLOG_CHUNK_MAX   (768u * 1024)  /* bundles of one chunk before compression, one bundle at least */
#define TWINLOG_CHUNK_SLOW  (128u * 1024)  /* the same on the slowest line */
#define TWINLOG_PART_MAX    (256u * 1024)  /* acts, erasures, positions or heads of one message */
#define TWINLOG_PARTS_BYTES                                                                                            \
	(2u * 1024 * 1024)                       /* acts, erasures or heads of one answer; the rest is asked for again \
						  */
#define TWINLOG_CREDIT_BYTES (4u * 1024 * 1024)  /* bundle bytes under way on one stream */
#define TWINLOG_UNPACK_MAX   (16u * 1024 * 1024) /* memory that decoding one message may take */
#define TWINLOG_ANSWER_MAX   (64u * 1024 * 1024) /* memory that making one answer may take */
#define TWINLOG_PAGE_MAX     1000u               /* records of one answer page */
#define TWINLOG_CURSOR_MAX   512u                /* a place in a list, as clients keep it */
#define TWINLOG_SUBMIT_MAX   1000u               /* operations of one submit request */

#define TWINLOG_HAVE_MAX      128u                /* ids that one WANT may name */
#define TWINLOG_LOCATOR_MAX   64u                 /* ids that this daemon names */
#define TWINLOG_WANTS_MAX     4u                  /* streams asked for on one link */
#define TWINLOG_SERVES_MAX    16u                 /* streams served on one link */
#define TWINLOG_SERVE_MAX     65536u              /* bundles of one stream; the rest is asked for again */
#define TWINLOG_CHECKS_MAX    64u                 /* chunks of one link that wait for their check */
#define TWINLOG_PUSH_BYTES    (1024u * 1024)      /* pushed live to one partner and not credited */
#define TWINLOG_WINDOW_MIN    (512u * 1024)       /* served on one link and not credited, at its start */
#define TWINLOG_WINDOW_MAX    (16u * 1024 * 1024) /* of one that is fast */
#define TWINLOG_ANNOUNCED_MAX 4096u               /* heads of one space that a partner announced */
#define TWINLOG_HEADS_MAX     64u                 /* unknown heads of one city that are remembered of a message */
#define TWINLOG_POSITION_MAX  (256u * 1024)       /* one signed position */
#define TWINLOG_POSITIONS_MAX 4096u               /* machines of one space whose positions are kept */
#define TWINLOG_MACHINES_MAX  16u                 /* of them of one city: the newest */
#define TWINLOG_RELAY_RATE    16384u              /* bytes a second of one city's positions that are passed on */
#define TWINLOG_FAULTS_MAX    8u                  /* refused parts after which the rest of a message is left */
#define TWINLOG_ERASURES_MAX  65536u              /* erasures of one space that one member may sign */

/* One daemon. */
#define TWINLOG_PEERS_MAX       1024u
#define TWINLOG_SPACES_MAX      4096u
#define TWINLOG_UNANSWERED_MAX  64u                 /* invitations to spaces of one founder that wait for an answer */
#define TWINLOG_OFFERS_MAX      16u                 /* spaces whose acts do not name who brings them yet */
#define TWINLOG_OFFER_BYTES_MAX (32u * 1024 * 1024) /* their acts, of one sender: as many as a space may have */
#define TWINLOG_CLIENTS_MAX     4096u
#define TWINLOG_ADDRESSES_MAX   8u

/* One client of a daemon. Past its share it is slowed: requests wait in a line of their own; past the line they are
 * refused with TOO_MANY. */
#define TWINLOG_CLIENT_SPACES_MAX    16u                 /* that it may be limited to */
#define TWINLOG_CLIENT_RATE          20000u              /* requests a second */
#define TWINLOG_CLIENT_BYTES         (64u * 1000 * 1000) /* of requests a second */
#define TWINLOG_CLIENT_BURST_MS      2000u               /* of both that it may run ahead */
#define TWINLOG_CLIENT_QUERIES_MAX   8u                  /* at the readers at once */
#define TWINLOG_CLIENT_WAITING_MAX   4096u               /* requests in its line */
#define TWINLOG_CLIENT_WAITING_BYTES (16u * 1024 * 1024)

/* Its sockets and threads. A queue past its limit stops the intake of messages until it has been worked off. */
#define TWINLOG_QUEUE_WRITER_MAX    256u   /* batches to be persisted */
#define TWINLOG_QUEUE_VERIFIER_MAX  256u   /* chunks to be checked */
#define TWINLOG_QUEUE_PACKER_MAX    1024u  /* chunks to be read and packed */
#define TWINLOG_QUEUE_READERS_MAX   1024u  /* queries; more are answered with TOO_MANY */
#define TWINLOG_REQUESTS_MAX        65536u /* requests of all clients under way */
#define TWINLOG_LINKS_PER_PEER_MAX  4u     /* accepted ones; the oldest gives way */
#define TWINLOG_STRANGERS_MAX       512u   /* connections that have not said anything; the oldest gives way */
#define TWINLOG_STRANGERS_PER_HOST  64u    /* of them of one host */
#define TWINLOG_STRANGER_MS         12000u /* a connection that says nothing for so long is cut */
#define TWINLOG_LINK_INBOX_MAX      (24u * 1024 * 1024) /* bytes kept of a link that has had its share; then it is cut */
#define TWINLOG_LINK_SHARE_MS       200u   /* of the net thread at a stretch, and half of it in the long run */
#define TWINLOG_BUDGET_MIN          1024u  /* bytes a second that a budget may grant, if any */
#define TWINLOG_BUDGETS_MAX         256u   /* lines of settings */
#define TWINLOG_DESCRIPTORS_MAX     65536u /* asked of the system */
#define TWINLOG_LINK_BACKLOG_MAX    (8u * 1024 * 1024) /* bytes kept for a link whose pipe is full; then it is dropped */
#define TWINLOG_PEER_PIPE_MAX       64u                /* messages in a link's pipe, each way */
#define TWINLOG_CONTROL_PIPE_MAX    4096u              /* messages in a client's pipe, each way */
#define TWINLOG_DIAL_BACKOFF_MS     250u               /* after the first failure; doubles */
#define TWINLOG_DIAL_BACKOFF_MAX_MS 8000u
#define TWINLOG_HANDSHAKE_MS        8000u               /* from the first byte to an encrypted link */
#define TWINLOG_INVITES_MAX         1024u               /* invitations that are out */
#define TWINLOG_INVITATION_MS       (14ull * 86400000u) /* for which one stands */
#define TWINLOG_INVITATION_FILE_MAX (64u * 1024)
#define TWINLOG_AT_LEAST_COMMIT_MS  5000u   /* a query waits that long for the commit it asks for */
#define TWINLOG_CHANGES_WAIT_MS     30000u  /* and that long for the next change */
#define TWINLOG_CHANGES_STEPS       262144u /* words and records looked at for one page of changes */
#define TWINLOG_STOP_MS             5000u   /* a clean end waits that long for the disk */

/* One client (libtwinlog and the commands). */
#define TWINLOG_INFLIGHT_MAX      4096u                 /* requests under way on one connection */
#define TWINLOG_CALL_TIMEOUT_MS   30000u                /* a call waits that long for its answer, unless set */
#define TWINLOG_CONNECT_MS        5000u                 /* a first connection may take that long */
#define TWINLOG_REFUSED_GRACE_MS  1500u                 /* but only that long when nobody listens */
#define TWINLOG_SETTINGS_FILE_MAX (64u * 1024)          /* client.conf, a key file */
#define TWINLOG_INPUT_FILE_MAX    (1024u * 1024 * 1024) /* what submit reads */

/* Sheets that import reads. */
#define TWINLOG_SHEET_MAX        (256u * 1024 * 1024) /* a file */
#define TWINLOG_CELL_MAX         (64u * 1024)         /* a cell */
#define TWINLOG_ROW_MAX          (256u * 1024)        /* a row as it stands */
#define TWINLOG_COLUMNS_MAX      256u
#define TWINLOG_SHEET_GROUP_MAX  TWINLOG_LIST_MAX        /* rows that make one record */
#define TWINLOG_SHEET_SAMPLE     (1024u * 1024)          /* text that the encoding is judged by */
#define TWINLOG_XLSX_PARTS_MAX   4096u                   /* entries of a workbook's container */
#define TWINLOG_XLSX_BYTES_MAX   (1024ull * 1024 * 1024) /* all parts that are read, unpacked */
#define TWINLOG_XLSX_RATIO_MAX   250u                    /* of a part past TWINLOG_XLSX_RATIO_FROM, to what is packed */
#define TWINLOG_XLSX_RATIO_FROM  (4u * 1024 * 1024)
#define TWINLOG_XLSX_DEPTH_MAX   64u                /* elements within each other */
#define TWINLOG_XLSX_STRINGS_MAX (4u * 1024 * 1024) /* shared strings */
#define TWINLOG_XLSX_TABLES_MAX  65536u             /* number formats, cell styles, sheets, merged ranges, each */
#define TWINLOG_XLSX_ROWS_MAX    1048576u
#define TWINLOG_IMPORT_BATCH     500u          /* records looked up and submitted in one request */
#define TWINLOG_IMPORT_BYTES     (512u * 1024) /* of operations in one request */
#define TWINLOG_IMPORT_UNDER_WAY 4u            /* of these batches */

/* Times. */
#define TWINLOG_PING_INTERVAL_MS     10000u              /* silence after which a PING is sent */
#define TWINLOG_LINK_TIMEOUT_MS      30000u              /* silence after which a link is dropped */
#define TWINLOG_DIGEST_INTERVAL_MS   60000u              /* a digest on a link that is otherwise quiet */
#define TWINLOG_POSITION_INTERVAL_MS 100u                /* at least between two own positions of a space */
#define TWINLOG_POSITION_OWN_MS      1000u               /* from an own bundle to the position that names it */
#define TWINLOG_POSITION_REFRESH_MS  3600000u            /* an unchanged position is signed anew */
#define TWINLOG_WANT_TIMEOUT_MS      20000u              /* a stream without progress is asked of another */
#define TWINLOG_WAIT_MAX_MS          3600000u            /* a client may wait for confirmations */
#define TWINLOG_WAITS_MAX            64u                 /* of one client at once */
#define TWINLOG_WAIT_BUNDLES_MAX     4096u               /* that one of them waits for */
#define TWINLOG_AVOID_MS             60000u              /* others are asked first after a partner failed */
#define TWINLOG_RELAY_INTERVAL_MS    1000u               /* at least between two relays of others' positions */
#define TWINLOG_CLOCK_AHEAD_MAX_MS   86400000u           /* own clock ahead of the wall by more is ignored */
#define TWINLOG_REQUEST_KEEP_MS      (30ull * 86400000u) /* answers to known request ids are kept */

#endif
