/* twinlogd: init, run, check, verify; keeping.c has backup, restore and compact. Reads the command line; everything
 * else is elsewhere. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "cosign.h"
#include "home.h"
#include "init.h"
#include "keeping.h"
#include "passphrase.h"
#include "recovery.h"
#include "rekey.h"
#include "slots.h"
#include "verify.h"

#define VERIFY_LINES_MAX 100u

static const char HELP[] =
    "Usage: twinlogd COMMAND DIR [options]\n"
    "\n"
    "  init DIR --city CC:SLUG    make a city's folder\n"
    "      --name LANG=TEXT         an official name; may be given several times\n"
    "      --listen tcp://ADDR:PORT where partners reach this machine; none: it only dials out\n"
    "      --announce tcp://HOST:PORT  what partners dial, when it is not the address listened at\n"
    "      --control ENDPOINT       where clients reach it, default ipc://control.sock in DIR\n"
    "      --passphrase             lock the key file with a passphrase, which is asked for\n"
    "  init DIR --recover FILE    make a lost city's folder anew from its recovery file\n"
    "  run DIR                    run in the foreground; SIGTERM ends it\n"
    "  passphrase DIR             lock the key file with a passphrase, or with another one\n"
    "  passphrase --remove DIR    unlock it for good\n"
    "  rekey DIR --recovery FILE  change the city's key while the daemon does not run; writes a new recovery file\n"
    "      --stolen DATE            the old key may be in wrong hands since then (YYYY-MM-DD[THH:MM[:SS]], local "
    "time):\n"
    "                               what was signed with it and not made here is shut out\n"
    "      --count ID               an act, or a bundle with what it builds on, that counts; may be given several "
    "times\n"
    "      --dry-run                show what would be shut out, change nothing\n"
    "      --finish                 keep the key; sign it into spaces that came with the old one\n"
    "      --extend                 keep the key; let more count: what is here by now, or only what --count names\n"
    "      --second-key KEY         from now on acts of the city need a second signature, by this key; --one-key ends "
    "it\n"
    "      --transport              the key of the links instead, once every partner has the new card; --finish waits "
    "no\n"
    "                               longer\n"
    "      --control                the key that clients know the daemon by instead, once every client has it; "
    "--finish "
    "likewise\n"
    "  second-key FILE            make a second key, on the second administrator's machine; prints what rekey needs\n"
    "      --passphrase             lock it\n"
    "  cosign FILE --key FILE     show the acts in a file that `twinlog` wrote, and sign them with the second key\n"
    "      --yes                    without asking\n"
    "  check DIR                  check settings, keys and store without starting\n"
    "  verify DIR                 check every chain and signature, offline\n"
    "  backup DIR FILE            copy everything into one file, also while the daemon runs\n"
    "  backup --verify FILE       check a backup: its bytes, every chain and signature\n"
    "  restore FILE DIR           make a folder from a backup; what it holds is shown once a partner has told what "
    "was\n"
    "                             erased since\n"
    "  restore --from-peers RECOVERY DIR   make a lost city's folder; its partners bring everything back\n"
    "  release DIR                show what was restored although no partner could be asked\n"
    "  compact DIR                write the store anew, so that no erased byte is left; the daemon must not run\n"
    "\n"
    "  --passphrase-fd N          of any command: read each passphrase as a line from there; else it is that of the\n"
    "                             file that TWINLOG_PASSPHRASE_FILE names, the service manager's credential "
    "passphrase,\n"
    "                             or asked on the terminal\n"
    "  --help  --version\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by validation, 4 not permitted.\n";

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

/* ---- init ---- */

enum {
	OPTION_CITY = 256,
	OPTION_NAME,
	OPTION_LISTEN,
	OPTION_ANNOUNCE,
	OPTION_CONTROL,
	OPTION_RECOVER,
	OPTION_PASSPHRASE
};

static const struct option INIT_OPTIONS[] = {
    {"city", required_argument, NULL, OPTION_CITY},       {"name", required_argument, NULL, OPTION_NAME},
    {"listen", required_argument, NULL, OPTION_LISTEN},   {"announce", required_argument, NULL, OPTION_ANNOUNCE},
    {"control", required_argument, NULL, OPTION_CONTROL}, {"recover", required_argument, NULL, OPTION_RECOVER},
    {"passphrase", no_argument, NULL, OPTION_PASSPHRASE}, {NULL, 0, NULL, 0},
};

/* 0, or the exit code of a fault that has been told. */
static int read_options(int argc, char **argv, struct init_options *options, bool *ret_lock)
{
	struct twinlog_fault fault;
	int option, index = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", INIT_OPTIONS, &index)) != -1) {
		enum twinlog_error error;

		if (option == ':' || option == '?')
			return command_usage(option == ':' ? "option without its value" : "unknown option",
					     argv[optind - 1]);
		if (option == OPTION_RECOVER) {
			options->recover = optarg;
			continue;
		}
		if (option == OPTION_PASSPHRASE) {
			*ret_lock = true;
			continue;
		}
		error = config_set(&options->config, INIT_OPTIONS[index].name, optarg);
		if (error) {
			char where[32];

			snprintf(where, sizeof where, "--%s", INIT_OPTIONS[index].name);
			twinlog_fault_set(&fault, error, where, optarg);
			return command_fail(&fault);
		}
	}
	if (optind + 1 != argc)
		return command_usage(optind < argc ? "more than one folder" : "which folder", NULL);
	options->dir = argv[optind];
	if (options->config.city[0] == '\0' && !options->recover)
		return command_usage("--city CC:SLUG is missing", NULL);
	return 0;
}

static int make_folder(struct init_options *options)
{
	struct twinlog_fault fault;
	char fingerprint[72];

	if (init_folder(options, fingerprint, &fault))
		return command_fail(&fault);
	printf("%s is ready in %s\n"
	       "Fingerprint: %s\n"
	       "Recovery file: %s/%s (print it or put it in a safe, then delete it here)\n"
	       "Start it with: twinlogd run %s\n",
	       options->config.city, options->dir, fingerprint, options->dir, RECOVERY_FILE, options->dir);
	return 0;
}

static int command_init(int argc, char **argv)
{
	struct init_options options = {.now_s = now_s(), .config.log_level = LOG_INFO};
	struct passphrase passphrase = {.text = ""};
	struct twinlog_fault fault;
	bool lock = false;
	int code = read_options(argc, argv, &options, &lock);

	if (!code && lock) {
		code = passphrase_new(options.dir, &passphrase, &fault) ? command_fail(&fault) : 0;
		options.passphrase = &passphrase;
	}
	if (!code)
		code = make_folder(&options);
	passphrase_wipe(&passphrase);
	config_free(&options.config);
	return code;
}

/* ---- restore ---- */

/* From a backup, or, with --from-peers, the same as init --recover. */
static int command_restore(int argc, char **argv)
{
	char recover[] = "--recover";
	int code;

	if (argc < 2 || strcmp(argv[1], "--from-peers") != 0)
		return keeping_restore(argc, argv);
	if (argc < 4)
		return command_usage("restore --from-peers RECOVERY DIR", NULL);
	argv[1] = recover;
	code = command_init(argc, argv);
	if (!code)
		printf("It asks its partners for everything once their cards are added: twinlog peer add\n");
	return code;
}

/* ---- passphrase ---- */

static enum twinlog_error change_passphrase(const char *dir, bool remove_, struct twinlog_fault *fault)
{
	struct identity_secret secret = {.locked = false};
	enum twinlog_error error = identity_read_secret(dir, IDENTITY_SEED_FILE, &secret, fault);

	if (!error && !remove_)
		error = passphrase_new(dir, &secret.passphrase, fault);
	secret.locked = !remove_;
	if (!error)
		error = identity_write_secret(dir, IDENTITY_SEED_FILE, &secret, fault);
	identity_secret_wipe(&secret);
	return error;
}

static int command_passphrase(int argc, char **argv)
{
	const bool remove_ = argc == 3 && strcmp(argv[1], "--remove") == 0;
	const char *dir = argv[argc - 1];
	struct twinlog_fault fault;

	if ((argc != 2 && !remove_) || dir[0] == '-')
		return command_usage("passphrase DIR, or passphrase --remove DIR", NULL);
	if (change_passphrase(dir, remove_, &fault))
		return command_fail(&fault);
	printf(remove_ ? "%s/%s is not locked any more\n"
		       : "%s/%s is locked. The recovery file and older backups are not: keep them safe\n",
	       dir, IDENTITY_SEED_FILE);
	return 0;
}

/* ---- run ---- */

static void free_endpoints(char **endpoints, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(endpoints[i]);
}

static enum twinlog_error keep_clients(void *context, const struct daemon_client *clients, size_t count)
{
	const struct home *home = context;
	struct twinlog_fault fault;
	enum twinlog_error error = clients_keep(home->dir, clients, count, &fault);

	if (error)
		command_fail(&fault);
	return error;
}

static enum twinlog_error turn_transport(void *context, uint8_t **ret_bytes, size_t *ret_size)
{
	struct home *home = context;
	struct twinlog_fault fault;
	struct card *card;
	enum twinlog_error error =
	    identity_turn_transport(home->dir, &home->config, home->keys, now_s(), home->card, &card, &fault);

	if (error) {
		command_fail(&fault);
		return error;
	}
	*ret_bytes = malloc(card->size);
	if (*ret_bytes)
		memcpy(*ret_bytes, card->bytes, card->size);
	*ret_size = card->size;
	error = *ret_bytes ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	card_free(card);
	return error;
}

static enum twinlog_error turn_control(void *context)
{
	struct home *home = context;
	struct twinlog_fault fault;
	enum twinlog_error error = identity_turn_control(home->dir, home->keys, &fault);

	if (error)
		command_fail(&fault);
	return error;
}

static int run_home(struct home *home)
{
	char *control[CONFIG_ENDPOINTS_MAX] = {0};
	const char *listen_at[CONFIG_ENDPOINTS_MAX], *control_at[CONFIG_ENDPOINTS_MAX];
	struct daemon_setup setup = {
	    .store = home->store,
	    .keys = home->keys,
	    .signed_card = home->card->bytes,
	    .signed_card_size = home->card->size,
	    .listen = listen_at,
	    .listen_count = home->config.listen.count,
	    .control = control_at,
	    .control_count = home->config.control.count,
	    .proxy = home->config.proxy[0] ? home->config.proxy : NULL,
	    .clients = home->clients.list,
	    .clients_count = home->clients.count,
	    .budgets = home->config.budgets,
	    .budgets_count = home->config.budgets_count,
	    .keep_clients = keep_clients,
	    .turn_transport = turn_transport,
	    .turn_control = turn_control,
	    .keep_context = home,
	    .log_level = home->config.log_level,
	};
	int code;

	for (size_t i = 0; i < setup.listen_count; i++)
		listen_at[i] = home->config.listen.items[i];
	for (size_t i = 0; i < setup.control_count; i++) {
		control[i] = config_endpoint(home->dir, home->config.control.items[i]);
		if (!control[i]) {
			free_endpoints(control, i);
			return command_fail(&(struct twinlog_fault){.code = TWINLOG_NO_MEMORY});
		}
		control_at[i] = control[i];
	}
	code = daemon_run(&setup);
	free_endpoints(control, setup.control_count);
	return code;
}

static int command_run(const char *dir)
{
	struct twinlog_fault fault;
	struct home home;
	int code;

	if (rekey_is_open(dir, &fault) || home_open(&home, dir, HOME_RUN, now_s(), &fault))
		return command_fail(&fault);
	code = run_home(&home);
	home_close(&home);
	return code;
}

/* ---- check, verify ---- */

static int command_check(const char *dir)
{
	struct twinlog_fault fault;
	struct home home;

	if (home_open(&home, dir, HOME_LOOK, now_s(), &fault))
		return command_fail(&fault);
	printf("%s: settings, keys and store are sound; %zu clients, %" PRIu64 " bytes\n", home.config.city,
	       home.clients.count, store_bytes(home.store));
	if (home.card_changed)
		printf("the settings differ from the city card; the next start makes a new one\n");
	home_close(&home);
	return 0;
}

static void print_fault(void *context, const char *line)
{
	unsigned *lines = context;

	if (++*lines <= VERIFY_LINES_MAX)
		fprintf(stderr, "twinlogd: %s\n", line);
	else if (*lines == VERIFY_LINES_MAX + 1)
		fprintf(stderr, "twinlogd: more faults are counted only\n");
}

static int command_verify(const char *dir)
{
	struct progress progress = {.what = "verifying"};
	struct verify_result result;
	struct twinlog_fault fault;
	enum twinlog_error error;
	unsigned lines = 0;
	struct home home;

	if (home_open(&home, dir, HOME_STORE, now_s(), &fault))
		return command_fail(&fault);
	progress.total = store_bytes(home.store);
	error = verify_store(home.store, print_fault, &lines, progress_show, &progress, &result);
	progress_end(&progress);
	home_close(&home);
	if (error) {
		twinlog_fault_set(&fault, error, dir, NULL);
		return command_fail(&fault);
	}
	printf("%" PRIu64 " spaces, %" PRIu64 " acts, %" PRIu64 " bundles with %" PRIu64 " entries, %" PRIu64
	       " erasures, %" PRIu64 " positions, %" PRIu64 " cards, %" PRIu64 " entries of the audit trail: ",
	       result.spaces, result.acts, result.bundles, result.leaves, result.erasures, result.positions,
	       result.cards, result.audit);
	if (result.faults > 0)
		printf("%" PRIu64 " faults\n", result.faults);
	else
		printf("every chain and signature verifies\n");
	return result.faults > 0 ? 1 : 0;
}

/* ---- */

static int dispatch(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *dir);
	} commands[] = {{"run", command_run},
			{"check", command_check},
			{"verify", command_verify},
			{"compact", keeping_compact},
			{"release", keeping_release}};

	if (strcmp(argv[1], "init") == 0)
		return command_init(argc - 1, argv + 1);
	if (strcmp(argv[1], "backup") == 0)
		return keeping_backup(argc - 1, argv + 1);
	if (strcmp(argv[1], "restore") == 0)
		return command_restore(argc - 1, argv + 1);
	if (strcmp(argv[1], "second-key") == 0)
		return cosign_key_command(argc - 1, argv + 1);
	if (strcmp(argv[1], "cosign") == 0)
		return cosign_command(argc - 1, argv + 1);
	if (strcmp(argv[1], "rekey") == 0)
		return rekey_command(argc - 1, argv + 1);
	if (strcmp(argv[1], "passphrase") == 0)
		return command_passphrase(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			if (argc != 3 || argv[2][0] == '-')
				return command_usage("one folder is needed", argv[1]);
			return commands[i].run(argv[2]);
		}
	return command_usage("unknown command", argv[1]);
}

/* Takes --passphrase-fd N out of the command line. */
static int take_passphrase_fd(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		char *end;
		long fd;

		if (strcmp(argv[i], "--passphrase-fd") != 0)
			continue;
		fd = i + 1 < *argc ? strtol(argv[i + 1], &end, 10) : -1;
		if (fd < 0 || fd > 1024 || *end || end == argv[i + 1])
			return command_usage("--passphrase-fd: a descriptor's number is needed", NULL);
		passphrase_from((int)fd);
		memmove(&argv[i], &argv[i + 2], (size_t)(*argc - i - 1) * sizeof *argv);
		*argc -= 2;
		return 0;
	}
	return 0;
}

/* What the store's file says is read where it is mapped: a disk that fails, or a file cut short, is no error code then.
 */
static void fatal(int signal_number)
{
	static const char *const lines[] = {
	    "twinlogd: the store could not be read; see the disk, then 'twinlogd verify' or a backup\n",
	    "twinlogd: ended by a fault; if 'twinlogd verify' ends so too the store is damaged: restore a backup\n"};
	const char *line = lines[signal_number == SIGSEGV];

	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		_exit(1);
	/* Back to what was about to be done: now it ends the process, and leaves a core. */
}

/* A sanitizer has handlers of its own, which tell more. */
static void fatal_tells(int signal_number)
{
	const struct sigaction action = {.sa_handler = fatal, .sa_flags = (int)SA_RESETHAND};
	struct sigaction now;

	if (sigaction(signal_number, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		(void)sigaction(signal_number, &action, NULL);
}

int main(int argc, char **argv)
{
	int code = take_passphrase_fd(&argc, argv);

	fatal_tells(SIGBUS);
	fatal_tells(SIGSEGV);
	passphrase_terminal(NULL);
	if (code)
		return code;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return fputs(HELP, stdout) < 0;
		if (strcmp(argv[i], "--version") == 0)
			return printf("twinlogd %s\n", TWINLOG_VERSION) < 0;
	}
	if (argc < 2)
		return command_usage("a command is needed", NULL);
	if (seal_init())
		return command_fail(&(struct twinlog_fault){.code = TWINLOG_FAILED, .where = "libsodium"});
	seal_slots_draw();
	return dispatch(argc, argv);
}
