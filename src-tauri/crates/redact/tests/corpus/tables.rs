//! What is planted where all of a line, or the line below, tells what a word is: half of such a word, at
//! the end of a line, is told by nothing.

/// Lists of processes, sign-ins and hosts, and files of settings over several lines.
pub(crate) const PLANTED: &[(&str, &str)] = &[
    (
        "zorahuber",
        "{}      4711  0.0  0.1 123456  7890 ?  Ssl  07:37  0:00 culvert",
    ),
    (
        "zorahuber",
        "culvert   4711 {}    7u  IPv4  123456  0t0  TCP *:5432 (LISTEN)",
    ),
    (
        "zorahuber",
        "{}     pts/0        2026-11-30 07:37 (localhost)",
    ),
    ("kundenalias", "Host {}\n  HostName 10.17.3.42"),
    ("kundenvcs", "machine {}\n  login zora\n  password x1"),
    ("zorahuber", "machine localhost\n  login {}\n  password x1"),
    ("kundenziel", "scp x.csv {}:/tmp/x.csv"),
];
