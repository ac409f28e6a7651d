//! IAM Identity Center for tests as a program: for those that are written in another language.
//!
//! Its arguments are the credentials that its role has: id, secret, and a token if there is one.
//! Prints an AWS config file with profiles that sign in there, then serves until it is ended. Whoever is
//! asked in the browser says nothing until there is a line on standard input, and yes from then on.

use std::io::Write as _;

use culvert_tests::identity_center::{IdentityCenter, Manner, Says};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut manner = Manner {
        person: Says::Nothing,
        ..Manner::default()
    };
    if let (Some(id), Some(secret)) = (arguments.next(), arguments.next()) {
        manner.credentials = (id, secret, arguments.next());
    }
    let center = IdentityCenter::start(manner).await?;
    let mut out = std::io::stdout();
    out.write_all(center.config().as_bytes())?;
    // Whoever reads it knows by this that it is whole.
    out.write_all(b"# ready\n")?;
    out.flush()?;
    if BufReader::new(stdin()).lines().next_line().await?.is_some() {
        center.behave(|manner| manner.person = Says::Yes);
    }
    std::future::pending().await
}
