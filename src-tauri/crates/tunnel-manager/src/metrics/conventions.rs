//! What `promtool check metrics` and a reader of OpenMetrics 1.0 would say of a text of figures.

use std::collections::HashSet;

/// A family as its metadata has it.
#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: String,
    unit: String,
    has_help: bool,
}

/// Everything that is wrong with a text of figures.
pub(super) fn complaints(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Some(body) = text.strip_suffix("# EOF\n") else {
        return vec!["it does not end with # EOF".to_owned()];
    };
    let (mut families, mut series) = (HashSet::new(), HashSet::new());
    let mut family = Family::default();
    for line in body.lines() {
        if let Some(told) = line.strip_prefix("# ") {
            let mut words = told.splitn(3, ' ');
            let (what, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let value = words.next().unwrap_or("");
            if name != family.name {
                found.extend(judged(&family));
                family = Family {
                    name: name.to_owned(),
                    ..Family::default()
                };
                if !families.insert(name.to_owned()) {
                    found.push(format!("{name} stands in two places"));
                }
            }
            match what {
                "TYPE" => value.clone_into(&mut family.kind),
                "UNIT" => value.clone_into(&mut family.unit),
                "HELP" => family.has_help = !value.is_empty(),
                other => found.push(format!("{other} is no metadata")),
            }
        } else {
            found.extend(sample(line, &family));
            let of = line.rsplit_once(' ').map_or(line, |(of, _)| of);
            if !series.insert(of.to_owned()) {
                found.push(format!("{of} is told twice"));
            }
        }
    }
    found.extend(judged(&family));
    found
}

/// What is wrong with a family's metadata.
fn judged(family: &Family) -> Vec<String> {
    let Family {
        name,
        kind,
        unit,
        has_help,
    } = family;
    if name.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut wrong = |is_wrong: bool, what: &str| {
        if is_wrong {
            found.push(format!("{name}: {what}"));
        }
    };
    let snake = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    wrong(!snake, "it is not in snake case");
    wrong(!has_help, "it has no help");
    wrong(kind.is_empty(), "it has no type");
    wrong(
        !unit.is_empty() && !name.ends_with(&format!("_{unit}")),
        "its name does not end with its unit",
    );
    let ends = ["_total", "_info", "_count", "_sum", "_bucket", "_created"];
    wrong(
        ends.iter().any(|end| name.ends_with(end)),
        "its name ends as a sample's does",
    );
    let others = [
        "milliseconds",
        "minutes",
        "hours",
        "kilobytes",
        "megabytes",
        "percent",
        "ms",
    ];
    wrong(
        name.split('_').any(|word| others.contains(&word)),
        "its unit is no base unit",
    );
    found
}

/// What is wrong with a figure of that family.
fn sample(line: &str, family: &Family) -> Vec<String> {
    let mut found = Vec::new();
    let mut wrong = |is_wrong: bool, what: &str| {
        if is_wrong {
            found.push(format!("{line}: {what}"));
        }
    };
    let Some((of, value)) = line.rsplit_once(' ') else {
        return vec![format!("{line}: no value")];
    };
    let (name, labels) = match of.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').and_then(read)),
        None => (of, Some(Vec::new())),
    };
    let suffix = match family.kind.as_str() {
        "gauge" => "",
        "counter" => "_total",
        "info" => "_info",
        _ => "unknown",
    };
    wrong(
        name != format!("{}{suffix}", family.name),
        "it is not called as its family and type ask for",
    );
    let number: Option<f64> = value.parse().ok();
    wrong(number.is_none(), "its value is no number");
    let counts = family.kind == "counter";
    wrong(
        counts && number.is_some_and(|number| !number.is_finite() || number < 0.0),
        "a counter is below nought",
    );
    wrong(
        family.kind == "info" && number != Some(1.0),
        "an info is not 1",
    );
    match labels {
        None => wrong(true, "its labels can't be read"),
        Some(labels) => {
            let names: HashSet<_> = labels.iter().collect();
            wrong(names.len() != labels.len(), "a label is there twice");
            let plain = |label: &String| {
                !label.is_empty()
                    && !label.starts_with("__")
                    && label.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            };
            wrong(!labels.iter().all(plain), "a label has no proper name");
        }
    }
    found
}

/// The names of labels; `None` where they are not written as they should be.
fn read(labels: &str) -> Option<Vec<String>> {
    let (mut names, mut rest) = (Vec::new(), labels);
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"")?;
        names.push(name.to_owned());
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next()? {
                (_, '\\') => {
                    let (_, escaped) = chars.next()?;
                    matches!(escaped, '\\' | '"' | 'n').then_some(())?;
                }
                (at, '"') => break at,
                _ => {}
            }
        };
        rest = value.get(end + 1..)?;
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').filter(|rest| !rest.is_empty())?;
        }
    }
    Some(names)
}

#[test]
fn what_is_wrong_is_found() {
    let of = |body: &str| complaints(&format!("{body}# EOF\n"));
    let head = "# HELP x_seconds X.\n# TYPE x_seconds gauge\n# UNIT x_seconds seconds\n";
    assert_eq!(of(&format!("{head}x_seconds{{a=\"b\"}} 1.5\n")), [""; 0]);
    assert_eq!(complaints("x 1\n").len(), 1);
    for wrong in [
        format!("{head}x_seconds_total 1\n"),
        format!("{head}x_seconds 1\nx_seconds 2\n"),
        format!("{head}x_seconds{{a=\"b\",a=\"c\"}} 1\n"),
        format!("{head}x_seconds{{a=\"b}} 1\n"),
        format!("{head}x_seconds nothing\n"),
        "# HELP x X.\n# TYPE x counter\nx 1\n".to_owned(),
        "# HELP x X.\n# TYPE x counter\nx_total -1\n".to_owned(),
        "# HELP x_total X.\n# TYPE x_total counter\nx_total_total 1\n".to_owned(),
        "# TYPE x gauge\nx 1\n".to_owned(),
        "# HELP x_ms X.\n# TYPE x_ms gauge\nx_ms 1\n".to_owned(),
        "# HELP x X.\n# TYPE x gauge\n# UNIT x seconds\nx 1\n".to_owned(),
        "# HELP x X.\n# TYPE x gauge\nx 1\n# HELP y Y.\n# TYPE y gauge\ny 1\n# HELP x X.\n# TYPE x gauge\nx{a=\"b\"} 1\n".to_owned(),
    ] {
        assert!(!of(&wrong).is_empty(), "{wrong}");
    }
}
