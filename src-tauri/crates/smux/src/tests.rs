//! Pairs of muxes under virtual time, reference models, hostile and captured input.

mod captured;
mod fairness;
mod half_close;
mod hostile;
mod lifecycle;
mod limits;
mod model;
mod pair;
