/* bench_commit FOLDER SECONDS: how many commits with full sync LMDB makes here, one appended record of 412 bytes each.
 * The floor under every acknowledgement of one client. */
#include <lmdb.h>
#include <stdint.h>
#include <string.h>

#include "bench.h"

#define MAP_SIZE    (1ul << 30)
#define RECORD_SIZE 412

static void commit_one(MDB_env *env, MDB_dbi dbi, uint64_t number)
{
	uint8_t key[8], record[RECORD_SIZE];
	MDB_val k = {sizeof key, key}, v = {sizeof record, record};
	MDB_txn *txn;

	for (int i = 0; i < 8; i++)
		key[i] = (uint8_t)(number >> (56 - 8 * i));
	memset(record, (int)(number & 0xff), sizeof record);
	bench_require(mdb_txn_begin(env, NULL, 0, &txn) == 0, "mdb_txn_begin");
	bench_require(mdb_put(txn, dbi, &k, &v, MDB_APPEND) == 0, "mdb_put");
	bench_require(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
}

int main(int argc, char **argv)
{
	uint64_t count = 0;
	double begun, spent;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_env *env;

	if (argc != 3) {
		fprintf(stderr, "usage: bench_commit FOLDER SECONDS\n");
		return 2;
	}
	bench_require(mdb_env_create(&env) == 0, "mdb_env_create");
	bench_require(mdb_env_set_mapsize(env, MAP_SIZE) == 0, "mdb_env_set_mapsize");
	bench_require(mdb_env_open(env, argv[1], 0, 0600) == 0, "mdb_env_open");
	bench_require(mdb_txn_begin(env, NULL, 0, &txn) == 0, "mdb_txn_begin");
	bench_require(mdb_dbi_open(txn, NULL, 0, &dbi) == 0, "mdb_dbi_open");
	bench_require(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
	begun = bench_seconds();
	do
		commit_one(env, dbi, count++);
	while ((spent = bench_seconds() - begun) < (double)bench_number(argv[2]));
	mdb_env_close(env);
	printf("{\"commits\": %lu, \"seconds\": %.6f, \"per_second\": %.1f}\n", (unsigned long)count, spent,
	       (double)count / spent);
	return 0;
}
