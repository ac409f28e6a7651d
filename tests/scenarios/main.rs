//! The whole engine over real sockets: a tunnel through the simulated service, down to a
//! destination that checks each byte.

mod connections;
mod faults;
mod hostile;
mod modes;
mod start;
mod transfer;
