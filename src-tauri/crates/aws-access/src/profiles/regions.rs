//! The regions that AWS has, as far as is known.

/// AWS's regions (General Reference, "AWS Regions", and botocore's `partitions.json` of November 2026).
/// A newer one is missing here, so nothing is refused for not being listed.
const KNOWN: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// Most letters that a slip changes: two that change places are two.
const SLIP: usize = 2;

/// Whether AWS has this region, as far as is known.
pub(super) fn is_known(region: &str) -> bool {
    KNOWN.contains(&region)
}

/// The region that a slip made this one of, if one alone is as near.
pub(crate) fn nearest(region: &str) -> Option<&'static str> {
    // A long text is none, and would take long to compare.
    if region.len() > 32 {
        return None;
    }
    let by_distance = KNOWN.map(|known| (distance(region, known), known));
    let (least, nearest) = by_distance.into_iter().min()?;
    let as_near = by_distance.iter().filter(|(far, _)| *far == least);
    (least <= SLIP && as_near.count() == 1).then_some(nearest)
}

/// The text within a pair of quotes, which the AWS config files take literally.
pub(crate) fn unquoted(text: &str) -> Option<&str> {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"')
        .or_else(|| within('\''))
        .filter(|bare| !bare.is_empty())
}

/// How many letters must be changed, added or taken away (Levenshtein, 1965).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_what_could_be_anything() {
        assert_eq!(nearest("us-eats-1"), Some("us-east-1"));
        assert_eq!(nearest("eu-central1"), Some("eu-central-1"));
        // As near to one as to the other.
        assert_eq!(nearest("us-east-9"), None);
        assert_eq!(nearest("mars"), None);
        assert_eq!(nearest(&"us-east-1".repeat(9)), None);
        assert!(is_known("eu-central-1") && !is_known("us-eats-1"));
    }

    #[test]
    fn quotes_are_seen_in_pairs_alone() {
        assert_eq!(unquoted("\"eu-west-1\""), Some("eu-west-1"));
        assert_eq!(unquoted("'eu-west-1'"), Some("eu-west-1"));
        for plain in ["eu-west-1", "\"eu-west-1", "\"", "''", ""] {
            assert_eq!(unquoted(plain), None, "{plain}");
        }
    }
}
