//! The findings as text for people and as JSON for programs.

use std::time::Duration;

use serde::Serialize;

use crate::{Business, Check, Finding, Skipped, Verdict};

/// Columns of a line of text: what every terminal has.
const COLUMNS: usize = 80;

/// Where the sentences under a check's title begin.
const INDENT: usize = 10;

/// Writes one finding as lines of at most 80 columns: verdict, name and time, and under them
/// what it means, what to do, and the raw text where something is wrong. What was found in
/// order takes as little room as it can.
#[must_use]
pub fn text(finding: &Finding) -> String {
    let judgement = &finding.judgement;
    let word = match judgement.verdict {
        Verdict::Ok => "ok",
        Verdict::Warning => "warning",
        Verdict::Failed(_) => "FAILED",
        Verdict::Skipped(_) => "skipped",
    };
    let mut title = finding.check.title().to_owned();
    if let Some(about) = &finding.about {
        title.push_str(&format!(", {}", plain(&about.to_string())));
    }
    if !judgement.code.is_empty() {
        title.push_str(&format!(" [{}]", plain(&judgement.code)));
    }
    if let Verdict::Skipped(Skipped::Because(check)) = judgement.verdict {
        title.push_str(&format!(", because of \"{}\"", check.title()));
    }
    let took = match judgement.verdict {
        Verdict::Ok | Verdict::Warning | Verdict::Failed(_) => span(finding.took),
        Verdict::Skipped(_) => String::new(),
    };
    let room = COLUMNS - INDENT - took.len() - 1;
    let mut lines = wrap(&title, room);
    if let Some(first) = lines.first_mut() {
        let gap = room.saturating_sub(first.chars().count()) + 1;
        *first = format!("{word:<8}  {first}{:gap$}{took}", "");
        first.truncate(first.trim_end().len());
    }
    for more in lines.iter_mut().skip(1) {
        *more = format!("{:INDENT$}{more}", "");
    }
    match judgement.verdict {
        // Its title has said all.
        Verdict::Skipped(Skipped::Because(_)) => {}
        Verdict::Ok
        | Verdict::Warning
        | Verdict::Failed(_)
        | Verdict::Skipped(Skipped::NothingToCheck) => say(&mut lines, "", &judgement.what),
    }
    if judgement.verdict != Verdict::Ok {
        say(&mut lines, "To do: ", &judgement.remedy);
        say(&mut lines, "Details: ", &judgement.details);
    }
    lines.join("\n")
}

/// Says in one line what all findings come to.
#[must_use]
pub fn summary_text(findings: &[Finding]) -> String {
    let Summary {
        failed,
        warnings,
        ok,
        skipped,
        first,
    } = summary(findings);
    let warned = match warnings {
        1 => "1 warning".to_owned(),
        more => format!("{more} warnings"),
    };
    let counts = format!("{failed} failed, {warned}, {ok} ok, {skipped} skipped.");
    match first {
        Some(check) => format!("{counts} Begin with \"{}\".", check.title()),
        None => counts,
    }
}

/// Writes one finding as a JSON object in one line, with `event` set to `check`.
#[must_use]
pub fn json(finding: &Finding) -> String {
    let judgement = &finding.judgement;
    let (verdict, because) = match judgement.verdict {
        Verdict::Ok => ("ok", None),
        Verdict::Warning => ("warning", None),
        Verdict::Failed(_) => ("failed", None),
        Verdict::Skipped(Skipped::Because(check)) => ("skipped", Some(check)),
        Verdict::Skipped(Skipped::NothingToCheck) => ("skipped", None),
    };
    line(&CheckLine {
        event: "check",
        check: finding.check,
        about: finding.about.as_ref().map(ToString::to_string),
        verdict,
        because,
        code: &judgement.code,
        took_ms: u64::try_from(finding.took.as_millis()).unwrap_or(u64::MAX),
        what: &judgement.what,
        remedy: &judgement.remedy,
        details: &judgement.details,
    })
}

/// Writes what all findings come to as a JSON object in one line, with `event` set to
/// `summary`.
#[must_use]
pub fn summary_json(findings: &[Finding]) -> String {
    let Summary {
        failed,
        warnings,
        ok,
        skipped,
        first,
    } = summary(findings);
    line(&SummaryLine {
        event: "summary",
        failed,
        warnings,
        ok,
        skipped,
        first,
        exit_code: worst(findings).map_or(0, Business::exit_code),
    })
}

/// Whose business the first failure is; `None` if there is none. The order of the checks goes
/// from this machine outward, so what comes first is what has to be mended first.
#[must_use]
pub fn worst(findings: &[Finding]) -> Option<Business> {
    findings.iter().find_map(Finding::failure)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckLine<'a> {
    event: &'a str,
    check: Check,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<Check>,
    code: &'a str,
    took_ms: u64,
    what: &'a str,
    remedy: &'a str,
    details: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryLine<'a> {
    event: &'a str,
    failed: usize,
    warnings: usize,
    ok: usize,
    skipped: usize,
    /// The check to begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Check>,
    exit_code: u8,
}

#[derive(Default)]
struct Summary {
    failed: usize,
    warnings: usize,
    ok: usize,
    skipped: usize,
    first: Option<Check>,
}

fn summary(findings: &[Finding]) -> Summary {
    let mut summary = Summary::default();
    for finding in findings {
        match finding.judgement.verdict {
            Verdict::Ok => summary.ok += 1,
            Verdict::Warning => summary.warnings += 1,
            Verdict::Failed(_) => {
                summary.failed += 1;
                summary.first = summary.first.or(Some(finding.check));
            }
            Verdict::Skipped(_) => summary.skipped += 1,
        }
    }
    summary
}

/// Plain values can always be written.
fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn say(lines: &mut Vec<String>, label: &str, text: &str) {
    let text = plain(text);
    if text.is_empty() {
        return;
    }
    for part in wrap(&format!("{label}{text}"), COLUMNS - INDENT) {
        lines.push(format!("{:INDENT$}{part}", ""));
    }
}

/// Somebody else's words on a terminal of ours: on one line, without what steers it.
fn plain(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Breaks a text between words, and words that fill a line of their own.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for character in word.chars() {
            if used == columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += 1;
        }
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

/// A length of time in a few characters.
fn span(took: Duration) -> String {
    let ms = took.as_millis();
    if ms < 1000 {
        format!("{ms} ms")
    } else {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Judgement;

    fn finding(check: Check, judgement: Judgement) -> Finding {
        Finding {
            check,
            about: None,
            took: Duration::from_millis(42),
            judgement,
        }
    }

    fn skewed() -> Judgement {
        Judgement::failed(
            Business::Settings,
            "clock-skew",
            "This computer's clock is 7 min ahead of AWS's, which refuses signatures that are \
             more than 5 min off.",
            "Set the clock, or let the system set it.",
        )
        .with_details("HTTP/1.1 400\r\n\u{1b}[31mDate: x")
    }

    #[test]
    fn what_is_in_order_is_told_in_two_lines_and_what_is_not_with_what_to_do() {
        let fine = finding(Check::Dns, Judgement::ok("ssm has 2 addresses."));
        assert_eq!(
            text(&fine),
            "ok        Name resolution                                                  42 ms\n          \
             ssm has 2 addresses."
        );
        assert_eq!(
            text(&finding(Check::Clock, skewed())),
            "FAILED    Clock [clock-skew]                                               42 ms
          This computer's clock is 7 min ahead of AWS's, which refuses
          signatures that are more than 5 min off.
          To do: Set the clock, or let the system set it.
          Details: HTTP/1.1 400 [31mDate: x"
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let long = format!("{} {} end", "word ".repeat(60), "x".repeat(200));
        let mut found = finding(
            Check::StartSession,
            Judgement::warning("a-code", &long, &long).with_details(&long),
        );
        found.about = Some(crate::About::Named(
            "a tunnel with a name that is rather long ".repeat(4),
        ));
        let text = text(&found);
        for line in text.lines() {
            assert!(line.chars().count() <= COLUMNS, "{line:?}");
        }
        assert!(text.ends_with("end"), "nothing is cut off: {text}");
    }

    #[test]
    fn what_was_skipped_names_what_failed_and_took_no_time() {
        let skipped = Judgement {
            verdict: Verdict::Skipped(Skipped::Because(Check::Dns)),
            ..Judgement::ok("Not looked at.")
        };
        let found = finding(Check::Tcp, skipped);
        assert_eq!(
            text(&found),
            "skipped   Connection, because of \"Name resolution\""
        );
        let json: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
        assert_eq!(json["verdict"], "skipped");
        assert_eq!(json["because"], "dns");
    }

    #[test]
    fn programs_get_every_part_and_the_raw_text_as_it_is() {
        let json: serde_json::Value =
            serde_json::from_str(&json(&finding(Check::Clock, skewed()))).unwrap();
        assert_eq!(json["event"], "check");
        assert_eq!(json["check"], "clock");
        assert_eq!(json["verdict"], "failed");
        assert_eq!(json["code"], "clock-skew");
        assert_eq!(json["tookMs"], 42);
        assert_eq!(json["details"], "HTTP/1.1 400\r\n\u{1b}[31mDate: x");
        assert!(json.get("because").is_none() && json.get("about").is_none());
    }

    #[test]
    fn the_summary_counts_and_says_where_to_begin() {
        let findings = [
            finding(Check::Dns, Judgement::ok("")),
            finding(Check::Clock, skewed()),
            finding(
                Check::Target,
                Judgement::failed(Business::Target, "x", "", ""),
            ),
            finding(Check::Ghosts, Judgement::warning("y", "", "")),
            finding(Check::Proxy, Judgement::nothing_to_check("")),
        ];
        assert_eq!(
            summary_text(&findings),
            "2 failed, 1 warning, 1 ok, 1 skipped. Begin with \"Clock\"."
        );
        let json: serde_json::Value = serde_json::from_str(&summary_json(&findings)).unwrap();
        assert_eq!(json["first"], "clock");
        assert_eq!(json["exitCode"], 10);
        assert_eq!(worst(&findings[..1]), None);
        assert_eq!(
            summary_text(&findings[..1]),
            "0 failed, 0 warnings, 1 ok, 0 skipped."
        );
    }
}
