//! The language of what is said outside of the window: notifications and the tray. The window has
//! its own catalogue (`ui/src/text`), and asks for this one of the engine's sentences when it
//! speaks another language than they do.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::bundle::Lack;
use tunnel_manager::{Language, Settings, TunnelStatus};
use tunnel_proto::{Named, Problem};

/// A language that is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Speech {
    #[default]
    English,
    German,
}

impl Speech {
    /// The one that the user has chosen, or else the system's.
    pub(crate) fn of(settings: &Settings) -> Self {
        match settings.language {
            Language::English => Self::English,
            Language::German => Self::German,
            Language::Auto => Self::of_locale(sys_locale::get_locale().as_deref()),
        }
    }

    /// The window chooses in the same way (`ui/src/text/locale.ts`).
    fn of_locale(locale: Option<&str>) -> Self {
        let language = locale.and_then(|locale| locale.split(['-', '_', '.']).next());
        match language {
            Some(language) if language.eq_ignore_ascii_case("de") => Self::German,
            Some(_) | None => Self::English,
        }
    }

    /// What a tunnel is called: the demo has a name in each language, since nobody has given it one.
    pub(crate) fn name_of(self, tunnel: &TunnelStatus) -> &str {
        match self {
            Self::German if tunnel.demo => "Demo-Tunnel",
            Self::English | Self::German => &tunnel.profile.name,
        }
    }

    /// What happened and what to do about it. What the catalogue lacks is said as the engine does.
    pub(crate) fn problem(self, problem: &Problem) -> Told {
        let catalogue = match self {
            Self::English => None,
            Self::German => Some(&*GERMAN),
        };
        let told = catalogue.and_then(|catalogue| catalogue.tell(problem));
        told.unwrap_or_else(|| Told {
            what: problem.what.clone(),
            remedy: problem.remedy.clone(),
        })
    }

    /// What a bundle could not have, and why.
    pub(crate) fn lack(self, lack: &Lack) -> String {
        let catalogue = match self {
            Self::English => None,
            Self::German => Some(&*GERMAN),
        };
        let told = catalogue.and_then(|catalogue| catalogue.sentences(lack.code, &lack.facts));
        told.map_or_else(|| lack.what.clone(), |told| told.what)
    }
}

/// A problem in sentences.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) what: String,
    /// Empty where there is nothing to do.
    pub(crate) remedy: String,
}

static GERMAN: LazyLock<CatalogueView> = LazyLock::new(|| {
    // A test reads it: it can't be anything else.
    serde_json::from_str(include_str!("speech/de.json")).unwrap_or_default()
});

/// The engine's sentences in another language than its own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Type)]
pub(crate) struct CatalogueView {
    /// Of problems, by code; the first whose names are all known is said.
    problems: HashMap<String, Vec<SentencesView>>,
    /// Of the doctor, where all is well or not known: a sentence by its name. Names stand in braces.
    findings: HashMap<String, String>,
    /// What a field must be, by the rule that it breaks.
    rules: HashMap<String, String>,
    /// What is said of a connection to the gateway that was lost.
    drops: DropWordsView,
}

#[derive(Debug, Clone, Serialize, Deserialize, Type)]
struct SentencesView {
    /// It is said only where the problem has this fact.
    #[serde(rename = "if", default)]
    only_with: Option<String>,
    /// Names of facts stand in braces.
    what: String,
    remedy: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
struct DropWordsView {
    /// `{silence}` stands for how long nothing came.
    deadline: String,
    renewal: String,
    took_longer: String,
    not_resumed: String,
    not_resumed_yet: String,
    no_other: String,
    let_go: String,
    nothing_lost: String,
    connect_again: String,
    is_up: String,
    network: String,
    credentials: String,
    silence: String,
    target: String,
    again: String,
}

/// The languages of the window.
#[derive(Debug, Clone, Copy, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LanguageView {
    En,
    De,
}

/// What the engine says in this language; nothing for English, which it speaks itself.
#[tauri::command]
#[specta::specta]
pub(crate) fn engine_sentences(language: LanguageView) -> Option<CatalogueView> {
    match language {
        LanguageView::En => None,
        LanguageView::De => Some(GERMAN.clone()),
    }
}

impl CatalogueView {
    fn tell(&self, problem: &Problem) -> Option<Told> {
        self.sentences(&problem.code, &problem.facts)
    }

    fn sentences(&self, code: &str, facts: &Named) -> Option<Told> {
        self.problems.get(code)?.iter().find_map(|said| {
            let fits = |name: &String| facts.get(name).is_some();
            said.only_with.as_ref().is_none_or(fits).then_some(())?;
            Some(Told {
                what: filled(&said.what, facts)?,
                remedy: filled(&said.remedy, facts)?,
            })
        })
    }
}

/// The text with the facts that it names; none where one of them is not known.
fn filled(text: &str, facts: &Named) -> Option<String> {
    let mut parts = text.split('{');
    let mut filled = parts.next()?.to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        let fact = facts.get(name)?;
        // A name that ends with a full stop, such as "Zscaler Inc.", ends the sentence as well.
        let is_ended = rest.starts_with('.') && fact.ends_with('.');
        filled.push_str(fact);
        filled.push_str(if is_ended { &rest[1..] } else { rest });
    }
    Some(filled)
}

#[cfg(test)]
mod tests {
    use tunnel_manager::TooOften;
    use tunnel_manager::bundle::DropCause;
    use tunnel_proto::ProblemKind;

    use super::*;

    fn problem(code: &str) -> Problem {
        Problem::new(ProblemKind::Target, code, "It broke.", "Mend it.")
    }

    #[test]
    fn the_catalogue_can_be_read() {
        let text = include_str!("speech/de.json");
        let catalogue: CatalogueView = serde_json::from_str(text).unwrap();
        assert!(catalogue.problems.len() > 150);
    }

    #[test]
    fn a_problem_is_told_in_german_with_what_it_names() {
        let known = problem("target-not-connected").with_fact("target", &"i-0abc");
        let told = Speech::German.problem(&known);
        assert_eq!(told.what, "i-0abc ist nicht mit Session Manager verbunden.");
        let unnamed = Speech::German.problem(&problem("target-not-connected"));
        assert_eq!(
            unnamed.what,
            "Das Ziel ist nicht mit Session Manager verbunden."
        );
        assert_eq!(Speech::English.problem(&known).what, "It broke.");
    }

    #[test]
    fn a_tunnel_that_is_lost_too_often_is_told_in_german_whatever_the_cause() {
        for cause in DropCause::ALL {
            let often = TooOften {
                drops: 5,
                cause,
                of_cause: 4,
                advice: cause.advice(),
            };
            let told = Speech::German.problem(&often.problem());
            assert!(told.what.contains("5-mal ab, 4-mal davon: "), "{told:?}");
            assert_ne!(told.remedy, cause.advice());
        }
    }

    #[test]
    fn what_a_bundle_lacks_is_told_in_german() {
        let lack = |count: &str, one: Option<&'static str>| {
            let mut facts = Named::from([
                ("count", count.to_owned()),
                ("file", "logs/culvert.log".to_owned()),
            ]);
            if let Some(one) = one {
                facts.insert(one, String::new());
            }
            Lack {
                code: "bundle-lines-of-others",
                what: "Lines are left out.".to_owned(),
                facts,
            }
        };
        assert_eq!(
            Speech::German.lack(&lack("4", None)),
            "4 Zeilen von logs/culvert.log fehlen: Sie gehören zu Tunneln, die nicht gewählt sind."
        );
        assert_eq!(
            Speech::German.lack(&lack("1", Some("one"))),
            "Eine Zeile von logs/culvert.log fehlt: Sie gehört zu einem Tunnel, der nicht gewählt ist."
        );
        assert_eq!(
            Speech::English.lack(&lack("4", None)),
            "Lines are left out."
        );
    }

    #[test]
    fn what_the_catalogue_lacks_is_said_as_the_engine_does() {
        let told = Speech::German.problem(&problem("nobody-knows"));
        assert_eq!(
            (told.what.as_str(), told.remedy.as_str()),
            ("It broke.", "Mend it.")
        );
    }

    #[test]
    fn a_name_that_ends_with_a_full_stop_ends_its_sentence() {
        let facts = Named::from([("signer", "Zscaler Inc.".to_owned())]);
        let said = filled("Von {signer}. Mehr von {signer} nicht.", &facts);
        assert_eq!(
            said.as_deref(),
            Some("Von Zscaler Inc. Mehr von Zscaler Inc. nicht.")
        );
    }

    /// Names in the text of a module: what stands in quotes, in small letters with a hyphen.
    fn names(source: &str) -> Vec<&str> {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let is_name = |text: &&str| {
            let mut parts = text.split('-');
            let is_word =
                |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
            text.contains('-') && parts.all(is_word)
        };
        code.split('"').filter(is_name).collect()
    }

    #[test]
    fn whatever_the_doctor_finds_can_be_said_in_german() {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
        let mut modules = vec![
            crates.join("diagnostics/src/plan.rs"),
            crates.join("tunnel-manager/src/bundle/lack.rs"),
        ];
        for folder in ["diagnostics/src/judge", "tunnel-manager/src/doctor"] {
            let files = std::fs::read_dir(crates.join(folder)).unwrap();
            modules.extend(files.map(|file| file.unwrap().path()));
        }
        modules.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
        let mut checked = 0;
        for path in modules {
            // What a policy leaves open is not told in the window.
            if path.ends_with("doctor/iam.rs") {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            // What settings may be set to is no sentence.
            for name in names(&source)
                .into_iter()
                .filter(|&name| name != "dual-stack")
            {
                let is_known =
                    GERMAN.findings.contains_key(name) || GERMAN.problems.contains_key(name);
                assert!(is_known, "{name} of {} is not in de.json", path.display());
                checked += 1;
            }
        }
        assert!(checked > 80, "{checked}");
    }

    #[test]
    fn a_sentence_for_a_case_is_said_in_that_case_alone() {
        let hourly = problem("gateway-close").with_fact("hourly", &1000);
        let told = Speech::German.problem(&hourly).what;
        assert!(told.contains("einmal in der Stunde"), "{told}");
        let other = Speech::German.problem(&problem("gateway-close")).what;
        assert!(!other.contains("Stunde"), "{other}");
    }

    #[test]
    fn the_systems_language_is_spoken_where_it_is_known() {
        for (locale, speech) in [
            (Some("de-CH"), Speech::German),
            (Some("de_DE.UTF-8"), Speech::German),
            (Some("DE"), Speech::German),
            (Some("den-CA"), Speech::English),
            (Some("C"), Speech::English),
            (None, Speech::English),
        ] {
            assert_eq!(Speech::of_locale(locale), speech, "{locale:?}");
        }
    }
}
