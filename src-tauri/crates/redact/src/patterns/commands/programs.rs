//! Programs whose commands are read, by their manuals.

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// A host, which may have a user before it, and a port or an instance behind it.
    Host,
    /// Several of them, as ssh jumps from one to the next.
    Hosts,
    /// A user, which may have a password behind it, as smbclient has it.
    User,
    /// A database, a namespace.
    Name,
    Secret,
    /// `5432:db:5432`, as ssh forwards.
    Forward,
    /// `host:path`; a path alone is none.
    Remote,
    /// `user/password@host`, as Oracle's programs take it.
    Login,
}

/// How a command is read.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) names: &'static [&'static str],
    /// Options of one letter that tell something.
    pub(super) options: &'static [(char, Is)],
    /// Other options of one letter that take a value.
    pub(super) others: &'static str,
    /// What stands behind no option, in this order.
    pub(super) rest: &'static [Is],
}

/// Commands by the manuals of their programs.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        names: &["psql", "pgbench"],
        options: &[('h', Is::Host), ('U', Is::User), ('d', Is::Name)],
        others: "pfcvoLFPRTjtDMrs",
        rest: &[Is::Name, Is::User],
    },
    Command {
        names: &[
            "pg_dump",
            "pg_dumpall",
            "pg_restore",
            "pg_isready",
            "pg_basebackup",
            "createdb",
            "dropdb",
            "vacuumdb",
            "reindexdb",
        ],
        options: &[
            ('h', Is::Host),
            ('U', Is::User),
            ('d', Is::Name),
            ('n', Is::Name),
            ('t', Is::Name),
        ],
        others: "pfFjNTLEOSDZ",
        rest: &[Is::Name],
    },
    Command {
        names: &[
            "mysql",
            "mysqldump",
            "mariadb",
            "mariadb-dump",
            "mysqlimport",
            "mysqlshow",
            "mycli",
            "pgcli",
        ],
        options: &[
            ('h', Is::Host),
            ('u', Is::User),
            ('U', Is::User),
            ('D', Is::Name),
        ],
        others: "PSer",
        rest: &[Is::Name],
    },
    Command {
        names: &["mysqladmin", "mariadb-admin", "clickhouse-client"],
        options: &[('h', Is::Host), ('u', Is::User), ('d', Is::Name)],
        others: "PSq",
        rest: &[],
    },
    Command {
        names: &["redis-cli", "valkey-cli"],
        options: &[('h', Is::Host), ('a', Is::Secret)],
        others: "pnruixd",
        rest: &[],
    },
    Command {
        names: &["ssh", "autossh", "slogin", "ssh-copy-id", "sftp"],
        options: &[
            ('l', Is::User),
            ('J', Is::Hosts),
            ('L', Is::Forward),
            ('R', Is::Forward),
            ('W', Is::Forward),
        ],
        others: "bBcDEeFIikmMoOpPQSw",
        rest: &[Is::Host],
    },
    Command {
        names: &["scp", "rsync"],
        options: &[('J', Is::Hosts)],
        others: "cFiloPSTe",
        rest: &[Is::Remote, Is::Remote, Is::Remote, Is::Remote],
    },
    Command {
        names: &["sqlcmd", "osql", "bcp"],
        options: &[
            ('S', Is::Host),
            ('U', Is::User),
            ('P', Is::Secret),
            ('d', Is::Name),
        ],
        others: "iqQotWhsabclmvwy",
        rest: &[],
    },
    Command {
        names: &[
            "mongosh",
            "mongo",
            "mongodump",
            "mongorestore",
            "mongoexport",
            "mongoimport",
        ],
        options: &[
            ('h', Is::Host),
            ('u', Is::User),
            ('p', Is::Secret),
            ('d', Is::Name),
            ('c', Is::Name),
        ],
        others: "oq",
        rest: &[Is::Name],
    },
    Command {
        names: &["cqlsh"],
        options: &[('u', Is::User), ('p', Is::Secret), ('k', Is::Name)],
        others: "fe",
        rest: &[Is::Host],
    },
    Command {
        names: &[
            "ldapsearch",
            "ldapwhoami",
            "ldapmodify",
            "ldapadd",
            "ldapdelete",
        ],
        options: &[('h', Is::Host), ('w', Is::Secret), ('U', Is::User)],
        others: "HDbsxylfopYRXzZ",
        rest: &[],
    },
    Command {
        names: &["smbclient", "rpcclient"],
        options: &[('U', Is::User), ('L', Is::Host), ('W', Is::Name)],
        others: "cDIplm",
        rest: &[],
    },
    Command {
        names: &["sqlplus", "sqlldr", "rman"],
        options: &[],
        others: "CMR",
        rest: &[Is::Login],
    },
    Command {
        names: &["kubectl", "helm", "oc"],
        options: &[('n', Is::Name)],
        others: "flocC",
        rest: &[],
    },
    Command {
        names: &["docker", "podman", "nerdctl"],
        options: &[('u', Is::User)],
        others: "",
        rest: &[],
    },
    Command {
        names: &["sudo", "runuser", "crontab"],
        options: &[('u', Is::User)],
        others: "ghpCDRTt",
        rest: &[],
    },
    Command {
        names: &["kinit"],
        options: &[],
        others: "cklrsSTtX",
        rest: &[Is::User],
    },
    Command {
        names: &["rdesktop"],
        options: &[('u', Is::User), ('p', Is::Secret), ('d', Is::Name)],
        others: "skgcnartxz",
        rest: &[Is::Host],
    },
];
