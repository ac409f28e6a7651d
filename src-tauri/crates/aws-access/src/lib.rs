//! aws-access
