//! What the scenarios share: a simulated service with a tunnel through it, and a destination
//! that sends, takes and checks bytes.

pub mod bench;
mod bus;
mod counts;
mod destination;
pub mod identity_center;
mod process;
mod rig;
pub mod soak;

pub use bus::Bus;
pub use counts::times;
pub use destination::{Destination, Pattern, digest, download, echo, exchange, round, upload};
pub use process::Figures;
pub use rig::{REGION, Rig, TARGET, impatient, is_up};
pub use test_kit::kept;
