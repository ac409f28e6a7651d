//! ssm-data-channel
