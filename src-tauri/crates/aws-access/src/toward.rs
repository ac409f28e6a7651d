//! Which host a call goes to, in the chain of causes of what keeps it from getting there.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::network::causes;
use crate::signers::CertificateName;
use crate::way::WayError;

/// Says in an error's chain to which host a call was to go.
#[derive(Debug)]
pub(crate) struct Toward {
    pub(crate) host: String,
    /// Who signed the certificate that the host showed, where that is not good.
    pub(crate) signer: Option<CertificateName>,
    source: BoxError,
}

impl Toward {
    /// Puts it before an error.
    pub(crate) fn before(
        error: ConnectorError,
        host: String,
        signer: Option<CertificateName>,
    ) -> ConnectorError {
        rewrapped(error, |source| {
            Box::new(Self {
                host,
                signer,
                source,
            })
        })
    }

    /// The host of a call that failed so, and who signed its certificate.
    pub(crate) fn of<'a>(
        error: &'a (dyn Error + 'static),
    ) -> Option<(&'a str, Option<&'a CertificateName>)> {
        causes(error).find_map(|cause| {
            if let Some(toward) = cause.downcast_ref::<Self>() {
                return Some((toward.host.as_str(), toward.signer.as_ref()));
            }
            match cause.downcast_ref()? {
                WayError::Network { host, signer, .. } => Some((host.as_str(), signer.as_deref())),
                WayError::Proxy(_) => None,
            }
        })
    }
}

impl fmt::Display for Toward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on the way to {}", self.host)
    }
}

impl Error for Toward {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// An error of the same kind with something before its source.
pub(crate) fn rewrapped(
    error: ConnectorError,
    wrap: impl FnOnce(BoxError) -> BoxError,
) -> ConnectorError {
    let kind = error.as_other();
    let (timeout, io, user) = (error.is_timeout(), error.is_io(), error.is_user());
    let error = wrap(error.into_source());
    if timeout {
        ConnectorError::timeout(error)
    } else if io {
        ConnectorError::io(error)
    } else if user {
        ConnectorError::user(error)
    } else {
        ConnectorError::other(error, kind)
    }
}
