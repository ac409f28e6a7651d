//! What the doctor says.

use std::time::Duration;

use tokio::time::timeout;

use super::{Gathered, Lack, Raw};
use crate::doctor::{Examination, report};

/// Makes the checks for so long. What was found by then is in the bundle.
pub(super) async fn examine(examination: Examination, limit: Duration, gathered: &mut Gathered) {
    let mut lines = Vec::new();
    let examined = timeout(
        limit,
        Box::pin(crate::doctor::examine(examination, |finding| {
            lines.push(report::json(finding));
        })),
    )
    .await;
    if examined.is_err() {
        let lack = Lack::doctor_late(limit.as_secs_f64());
        gathered.lacks.push(lack);
    }
    gathered.files.push(Raw {
        path: "doctor.jsonl".to_owned(),
        text: lines.join("\n") + "\n",
    });
}
