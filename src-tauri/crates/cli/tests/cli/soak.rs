//! The first minute of the soak; an hour of it is `npm run soak`.

use std::path::PathBuf;
use std::time::Duration;

use culvert_tests::soak::{self, Plan};

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_closes_under_load_loses_no_connection_and_no_byte_and_grows_nothing() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_culvert"));
    let plan = Plan {
        report_every: Duration::from_secs(20),
        ..Plan::new(program, Duration::from_secs(60))
    };
    let mut lines = Vec::new();
    let outcome = soak::run(plan, |line| lines.push(line.to_owned()))
        .await
        .unwrap();
    assert!(outcome.faults.is_empty(), "{outcome}\n{}", lines.join("\n"));
    assert!(outcome.up > 0 && outcome.down > 0 && outcome.short_connections > 0);
}
