//! What programs list of people and machines: accounts, files, processes, sign-ins, hosts.

use super::{Match, Rule, Taken};
use crate::words::is_common;
use crate::{Kind, host};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        // `/etc/passwd`, `id`, `ls -l`.
        Rule::new(
            r"(?m)^([a-z_][a-z0-9_.-]*):[x*!]?:[0-9]+:[0-9]+:([^:\r\n]*):",
            |found, taken| {
                if !is_common(found.of(1)) {
                    taken.add(Kind::User, found.at(1));
                    taken.add(Kind::User, found.at(2));
                }
            },
        ),
        Rule::new(r"\b[ug]id=[0-9]+\(([^)\s]+)\)", |found, taken| {
            user(found, 1, taken);
        }),
        Rule::new(
            r"(?m)^[-dlbcps][rwxsStT-]{9}[.+@]?[ \t]+[0-9]+[ \t]+([^\s]+)[ \t]+([^\s]+)[ \t]",
            |found, taken| {
                user(found, 1, taken);
                user(found, 2, taken);
            },
        ),
        // `ps aux`, `lsof`, `who`.
        Rule::new(
            r"(?:^|[\n\x22'`=]|: )([a-z_][a-z0-9_.+-]*)[ \t]+[0-9]+[ \t]+[0-9]+\.[0-9][ \t]+[0-9]+\.[0-9][ \t]+[0-9]+[ \t]+[0-9]+[ \t]",
            |found, taken| user(found, 1, taken),
        ),
        Rule::new(
            r"[^\s]+[ \t]+[0-9]+[ \t]+([a-z_][a-z0-9_.-]*)[ \t]+[0-9]+[rwu]?[ \t]+(?:IPv[46]|unix|REG|DIR|CHR|FIFO|sock)\b",
            |found, taken| user(found, 1, taken),
        ),
        Rule::new(
            r"(?:^|[\n\x22'`=]|: )([a-z_][a-z0-9_.-]*)[ \t]+(?:pts/[0-9]+|tty[0-9]+|:[0-9])[ \t]",
            |found, taken| user(found, 1, taken),
        ),
        // `/etc/hosts`: an address, and names for it.
        Rule::new(
            r"(?:^|[\n\x22'`=]|: )[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:\t[ \t]*|[ ]{2,})([A-Za-z][A-Za-z0-9_.-]*)(?:[ \t]+([A-Za-z][A-Za-z0-9_.-]*))?",
            |found, taken| {
                for group in [1, 2] {
                    machine(found, group, taken);
                }
            },
        ),
        // Settings of ssh.
        Rule::new(
            r"\b(?:ProxyJump|HostName)[ \t]+(?:([A-Za-z0-9_.-]+)@)?([A-Za-z0-9_.-]+)",
            |found, taken| {
                user(found, 1, taken);
                machine(found, 2, taken);
            },
        ),
        Rule::new(
            r"\bHost[ \t]+([A-Za-z0-9_.-]+)\s+(?:HostName|User|Port|ProxyJump|ProxyCommand|IdentityFile|LocalForward)[ \t]",
            |found, taken| machine(found, 1, taken),
        ),
        Rule::new(
            r#"\b(?:Host|HostName|Port|IdentityFile|ProxyJump)[ \t]+[^\s]+\s+User[ \t]+([A-Za-z0-9_.-]+)"#,
            |found, taken| user(found, 1, taken),
        ),
    ]
}

fn user(found: &Match<'_>, group: usize, taken: &mut Taken<'_>) {
    let name = found.of(group);
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number && !is_common(name) {
        taken.add(Kind::User, found.at(group));
    }
}

fn machine(found: &Match<'_>, group: usize, taken: &mut Taken<'_>) {
    let name = found.of(group);
    if host::is_host_by_place(name) && !is_common(name) {
        taken.add(Kind::Host, found.at(group));
    }
}
