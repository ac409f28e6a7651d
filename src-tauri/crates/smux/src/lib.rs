//! smux
