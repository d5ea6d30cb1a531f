"""PostgreSQL and OpenLDAP, each in a folder of its own, with the durable settings that they come with."""

import atexit
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
TABLE = """
create table record (event_id text primary key, date text, city_a text, city_b text, field text, form text,
    actor_level text, actor_kind text, direction text, participants integer, description text, note text);
create index on record (date);
create index on record (city_a);
create index on record (city_b);
create index on record (field);
"""
# No colons: pgbench takes what follows one for a variable.
INSERT = """\\set number random(1, 1000000000000000)
insert into record values ('C' || :client_id || '-' || :number, '2014-05-01', 'CN-lianyungang', 'KR-mokpo', 'culture_arts',
    'exhibition', 'sub_national', 'municipal', 'mutual', 40, 'joint exhibition of Lianyungang and Mokpo',
    '목포시와 롄윈강시가 함께 연 전시회');
"""
# Rows of one transaction while replication is measured: what a client of Twinlog sends in one request.
BATCH_ROWS = 500
LDAP_SUFFIX = "dc=bench"


def run(command, given=None, **options):
    done = subprocess.run([str(word) for word in command], input=given, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))}: {done.stderr}{done.stdout}")
    return done.stdout


class Postgres:
    """One cluster. It refuses to run as root, so then it runs as the user that its package made."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        folder.mkdir(parents=True)
        if self.user:
            shutil.chown(folder, "postgres", "postgres")
            shutil.chown(self.sockets, "postgres", "postgres")
        self.tool("initdb", "-D", folder / "data", "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-locale")
        settings = f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.sockets}'\nwal_level = logical\n"
        with open(folder / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(settings)
        self.running = True
        atexit.register(self.stop)  # also when the bench ends early
        self.tool("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "start")
        self.sql(TABLE)

    def tool(self, name, *arguments, given=None):
        return run([POSTGRES / name, *arguments], given, cwd="/", **self.user)

    def client(self, name, *arguments, given=None):
        return self.tool(name, "-h", self.sockets, "-p", self.port, "-U", "bench", *arguments, given=given)

    def sql(self, text):
        return self.client("psql", "-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", given=text).strip()

    def inserts(self, clients, seconds):
        """Durable inserts a second, one at a time from each client."""
        script = self.folder / "insert.sql"
        script.write_text(INSERT, "utf-8")
        script.chmod(0o644)
        told = self.client("pgbench", "-n", "-M", "prepared", "-c", clients, "-j", min(clients, 2), "-T", seconds, "-f", script, "postgres")
        return float(re.search(r"tps = (\S+)", told).group(1))

    def copy_seconds(self, sheet):
        self.sql("truncate record; checkpoint")
        begun = time.monotonic()
        self.sql(f"copy record from '{sheet}' (format csv, header)")
        return time.monotonic() - begun

    def load_in_batches(self, sheet):
        """As clients would have written it: a transaction for each batch."""
        rows = pathlib.Path(sheet).read_text("utf-8").splitlines()[1:]
        parts = (rows[at : at + BATCH_ROWS] for at in range(0, len(rows), BATCH_ROWS))
        self.sql("".join("copy record from stdin (format csv);\n" + "\n".join(part) + "\n\\.\n" for part in parts))

    def stop(self):
        if not self.running:
            return
        self.running = False
        self.tool("pg_ctl", "-D", self.folder / "data", "-m", "fast", "-w", "stop")
        shutil.rmtree(self.sockets, ignore_errors=True)


def replication_seconds(home, ports, sheet, rows):
    """From the moment on which a subscriber that was away comes back until it has applied all rows."""
    one, other = Postgres(home / "publisher", ports[0]), Postgres(home / "subscriber", ports[1])
    one.sql("create publication bench for table record")
    other.sql(
        f"create subscription bench connection 'host=127.0.0.1 port={ports[0]} user=bench dbname=postgres' publication bench with (copy_data = false)"
    )
    other.sql("alter subscription bench disable")
    one.load_in_batches(sheet)
    begun = time.monotonic()
    other.sql("alter subscription bench enable")
    # Applied in order, so the last row stands for all of them.
    while not other.sql(f"select 1 from record where event_id = 'R{rows:07}'"):
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    if int(other.sql("select count(*) from record")) != rows:
        sys.exit("bench: logical replication lost rows")
    other.sql("drop subscription bench")
    one.stop()
    other.stop()
    return seconds


class Directory:
    """One slapd on mdb."""

    def __init__(self, folder, port, provider_port=None, ldif=None):
        self.folder, self.url = folder, f"ldap://127.0.0.1:{port}"
        (folder / "db").mkdir(parents=True)
        sync = "overlay syncprov\nsyncprov-checkpoint 1000 10\n"
        if provider_port:
            sync = (
                f"syncrepl rid=1 provider=ldap://127.0.0.1:{provider_port} type=refreshAndPersist retry=\"1 +\"\n"
                f"  searchbase={LDAP_SUFFIX} bindmethod=simple binddn=cn=bench,{LDAP_SUFFIX} credentials=bench\n"
            )
        conf = folder / "slapd.conf"
        conf.write_text(
            "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload syncprov\n"
            f"pidfile {folder}/pid\nsizelimit unlimited\ndatabase mdb\nmaxsize {8 << 30}\nsuffix {LDAP_SUFFIX}\n"
            f"rootdn cn=bench,{LDAP_SUFFIX}\nrootpw bench\ndirectory {folder}/db\n"
            f"index objectClass,entryUUID,entryCSN,cn,l,serialNumber eq\n{sync}",
            "utf-8",
        )
        if ldif:
            run(["/usr/sbin/slapadd", "-q", "-w", "-f", conf, "-l", ldif])
        self.process = subprocess.Popen(["/usr/sbin/slapd", "-f", str(conf), "-h", self.url, "-d", "0"], stderr=subprocess.DEVNULL)
        atexit.register(self.stop)

    def has(self, name):
        found = subprocess.run(
            ["ldapsearch", "-x", "-LLL", "-H", self.url, "-s", "base", "-b", name, "dn"], capture_output=True, check=False
        )
        return found.returncode == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def ldif_of(records, program):
    """The whole tree: its two upper entries and the records."""
    head = (
        f"dn: {LDAP_SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: bench\ndc: bench\n\n"
        f"dn: ou=records,{LDAP_SUFFIX}\nobjectClass: organizationalUnit\nou: records\n\n"
    )
    return head + run([program, "--count", records, "--format", "ldif"])


def syncrepl_seconds(home, ports, ldif, records):
    """From the start of an empty consumer until it has the last entry."""
    one = Directory(home / "provider", ports[0], ldif=ldif)
    last = f"cn=r{records},ou=records,{LDAP_SUFFIX}"
    while not one.has(last):
        time.sleep(0.05)
    begun = time.monotonic()
    other = Directory(home / "consumer", ports[1], provider_port=ports[0])
    while not other.has(last):
        time.sleep(0.05)
    seconds = time.monotonic() - begun
    other.stop()
    one.stop()
    return seconds
