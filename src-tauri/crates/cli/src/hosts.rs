//! `culvert hosts`: what there may be behind a target.

use std::sync::Arc;

use aws_access::{Directory, Entry, Host};
use clap::Args as ClapArgs;

use crate::account::Account;
use crate::exit::Exit;
use crate::table;
use crate::targets::Found;

#[derive(Debug, ClapArgs)]
pub(crate) struct Hosts {
    /// Words that must all be found in the name, host, port, kind, role, engine or status.
    /// Everything if left out
    query: Vec<String>,
    #[command(flatten)]
    account: Account,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs `culvert hosts`.
pub(crate) async fn run(hosts: Hosts) -> Exit {
    let (json, typed) = (hosts.json, hosts.query.join(" "));
    let headings = ["KIND", "NAME", "ROLE", "HOST", "PORT", "ENGINE", "STATUS"];
    let look = async move |access| {
        let search = Directory::new().hosts(&access);
        let found = Found::of(search, &typed).await;
        found.print(json, "host", |hosts| table::lines(headings, &rows(hosts)))
    };
    hosts.account.look(json, look).await
}

fn rows(hosts: &[Arc<Entry<Host>>]) -> Vec<[String; 7]> {
    let row = |host: &Arc<Entry<Host>>| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        [
            host.kind.to_string(),
            host.name.clone(),
            host.role.to_string(),
            host.host.clone(),
            host.port.to_string(),
            text(&host.engine),
            text(&host.status),
        ]
    };
    hosts.iter().map(row).collect()
}
