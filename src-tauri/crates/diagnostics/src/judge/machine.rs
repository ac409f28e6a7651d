//! This machine's own part: the local port.

use crate::{Fault, Judgement};

/// Where a tunnel would listen, tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// It takes any port that is free.
    Any,
    /// Nobody listens there.
    Free(String),
    /// The tunnel itself listens there.
    Own(String),
    /// Culvert itself listens there: perhaps this very tunnel runs.
    Culvert(PortTaken),
    /// It can't listen there, and why.
    Unusable(Fault),
}

/// Who has a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortTaken {
    /// The address.
    pub place: String,
    /// The process.
    pub pid: u32,
}

/// Judges whether the tunnel can listen.
#[must_use]
pub fn local_port(port: Port) -> Judgement {
    match port {
        Port::Any => Judgement::ok("Any free port will do.").saying("port-any", []),
        Port::Free(place) => {
            Judgement::ok(format!("{place} is free.")).saying("port-free", [("place", &place)])
        }
        Port::Own(place) => Judgement::ok(format!("The tunnel runs, and has {place} itself."))
            .saying("port-own", [("place", &place)]),
        Port::Culvert(PortTaken { place, pid }) => Judgement::warning(
            "port-in-use-by-culvert",
            format!(
                "Culvert itself (process {pid}) listens on {place}: this tunnel may be running already."
            ),
            "Nothing if it is; otherwise end that process, or use another port.",
        )
        .with_fact("place", &place)
        .with_fact("pid", &pid),
        Port::Unusable(fault) => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Business, Verdict};

    #[test]
    fn a_free_port_is_fine_and_one_of_another_program_is_not() {
        assert_eq!(local_port(Port::Any).verdict, Verdict::Ok);
        let free = local_port(Port::Free("localhost:5432".to_owned()));
        assert_eq!(free.what, "localhost:5432 is free.");
        assert_eq!(
            local_port(Port::Own("localhost:5432".to_owned())).verdict,
            Verdict::Ok
        );
        let taken = local_port(Port::Unusable(Fault {
            business: Business::Listen,
            code: "port-in-use".to_owned(),
            what: "Taken by postgres.".to_owned(),
            remedy: "Use 5433.".to_owned(),
            details: String::new(),
            facts: Box::default(),
        }));
        assert_eq!(taken.verdict, Verdict::Failed(Business::Listen));
        assert_eq!(taken.code, "port-in-use");
        assert_eq!(taken.remedy, "Use 5433.");
    }

    #[test]
    fn a_port_of_a_tunnel_that_runs_is_no_failure() {
        let place = "127.0.0.1:5432".to_owned();
        let found = local_port(Port::Culvert(PortTaken { place, pid: 7 }));
        assert_eq!(found.verdict, Verdict::Warning);
        assert!(found.what.contains("process 7"), "{}", found.what);
    }
}
