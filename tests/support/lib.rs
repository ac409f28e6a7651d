//! What the scenarios share: a simulated service with a tunnel through it, and a destination
//! that sends, takes and checks bytes.

mod destination;
mod rig;

pub use destination::{Destination, Pattern, digest, download, echo, exchange, upload};
pub use rig::{Rig, TARGET, impatient, is_up};
