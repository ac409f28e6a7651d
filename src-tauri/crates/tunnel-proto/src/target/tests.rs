use super::*;

fn read(text: &str) -> Result<TargetSpec, TargetError> {
    text.parse()
}

fn name(name: &str, rule: Rule) -> Candidate {
    Candidate::Name(name.to_owned(), rule)
}

fn tag(key: &str, value: &str, rule: Rule) -> Candidate {
    Candidate::Tag {
        key: key.to_owned(),
        value: value.to_owned(),
        rule,
    }
}

#[track_caller]
fn reads_as(text: &str, candidates: &[Candidate]) {
    let spec = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(spec.candidates(), candidates, "{text}");
    let written = spec.to_string();
    assert_eq!(read(&written), Ok(spec), "written as {written}");
}

#[test]
fn an_id_is_taken_as_it_is() {
    for id in [
        "i-0123456789abcdef0",
        "mi-0123456789abcdef0",
        "ecs:prod_0123456789abcdef0123456789abcdef_0123456789abcdef0123456789abcdef-1234567890",
        "sagemaker-cluster:abc_workers-i-0123",
    ] {
        reads_as(id, &[Candidate::Id(id.to_owned())]);
        assert_eq!(read(id).unwrap().only_id(), Some(id));
        assert_eq!(read(id).unwrap().to_string(), id);
    }
}

#[test]
fn a_name_or_a_tag_has_a_rule_behind_it_or_the_usual_one() {
    reads_as("name:bastion", &[name("bastion", Rule::FirstOnline)]);
    reads_as(
        "name:bastion@first-online",
        &[name("bastion", Rule::FirstOnline)],
    );
    reads_as("name:bastion@newest", &[name("bastion", Rule::Newest)]);
    reads_as(
        "tag:aws:autoscaling:groupName=bastions@newest",
        &[tag("aws:autoscaling:groupName", "bastions", Rule::Newest)],
    );
    reads_as("tag:query=a=b", &[tag("query", "a=b", Rule::FirstOnline)]);
    reads_as("tag:spare=", &[tag("spare", "", Rule::FirstOnline)]);
    assert_eq!(
        read("name:bastion@first-online").unwrap().to_string(),
        "name:bastion"
    );
}

#[test]
fn several_keep_their_order() {
    reads_as(
        " tag:Role=bastion@newest , name:my bastion,i-0123456789abcdef0",
        &[
            tag("Role", "bastion", Rule::Newest),
            name("my bastion", Rule::FirstOnline),
            Candidate::Id("i-0123456789abcdef0".to_owned()),
        ],
    );
    let spec = read("name:a, i-1").unwrap();
    assert_eq!(spec.to_string(), "name:a, i-1");
    assert_eq!(spec.only_id(), None);
    let joined = TargetSpec::join([spec, read("tag:b=c").unwrap()]).unwrap();
    assert_eq!(joined.to_string(), "name:a, i-1, tag:b=c");
}

#[test]
fn quotes_make_any_name_possible() {
    reads_as(
        r#"name:"db, prod @ \"home\" \\"@newest, i-1"#,
        &[
            name(r#"db, prod @ "home" \"#, Rule::Newest),
            Candidate::Id("i-1".to_owned()),
        ],
    );
    reads_as(
        r#"tag:"a=b"="@newest""#,
        &[tag("a=b", "@newest", Rule::FirstOnline)],
    );
    reads_as(r#"name:"name:x""#, &[name("name:x", Rule::FirstOnline)]);
    reads_as(r#"name:" spaced ""#, &[name(" spaced ", Rule::FirstOnline)]);
    for id in ["name:x", "tag:a=b", "with space", "a,b", "a@newest", "a\"b"] {
        let spec = TargetSpec::of_id(id);
        assert_eq!(read(&spec.to_string()), Ok(spec.clone()), "{spec}");
    }
}

#[test]
fn what_is_wrong_is_told_in_a_sentence() {
    use TargetError::{Id, Missing, Name, Quote, RuleOfId, Tag, TooMany};
    let long = "x".repeat(401);
    let many = ["i-1"; 9].join(",");
    for (text, error) in [
        ("", Missing),
        ("  ", Missing),
        ("i-1,", Missing),
        (",i-1", Missing),
        ("i-1,,i-2", Missing),
        ("bastion a", Id),
        (long.as_str(), Id),
        ("i-1\u{7}", Id),
        ("i-1@newest", RuleOfId),
        ("name:", Name),
        ("name:@newest", Name),
        ("name:a\u{1b}b", Name),
        ("tag:", Tag),
        ("tag:Role", Tag),
        ("tag:=x", Tag),
        ("name:a@oldest", TargetError::Rule),
        ("name:web@home.example", TargetError::Rule),
        ("name:a@", TargetError::Rule),
        ("name:\"a", Quote),
        ("name:\"a\\n\"", Quote),
        ("name:\"a\"b", Quote),
        ("name:\"a\"=b", Quote),
        ("\"i-1", Quote),
        (many.as_str(), TooMany),
    ] {
        assert_eq!(read(text), Err(error), "{text:?}");
        assert!(error.to_string().ends_with('.'), "{error}");
    }
    let one = read("i-1").unwrap();
    assert_eq!(TargetSpec::join(vec![one; 9]), Err(TooMany));
    assert_eq!(TargetSpec::join([]), Err(Missing));
}
