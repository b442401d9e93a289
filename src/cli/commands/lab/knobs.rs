//! `--knob company.arc=false`.

use crate::{
    cli::failure::Failure,
    scenario::{Knobs, yaml},
};
use std::collections::BTreeMap;

/// The knobs, read by the same rules as those of a scenario file.
pub(super) fn knobs(typed: &[String]) -> Result<Knobs, Failure> {
    if typed.is_empty() {
        return Ok(Knobs::default());
    }
    let mut parties: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for text in typed {
        let parts = text.split_once('=').and_then(|(path, value)| Some((path.split_once('.')?, value)));
        let Some(((party, knob), value)) = parts.filter(|_| !text.contains(['\n', '\r'])) else {
            return Err(Failure::Usage(format!("--knob {text}: write for example company.arc=false")));
        };
        parties.entry(party).or_default().push(format!("    {knob}: {value}\n"));
    }
    let lab: String = parties.iter().map(|(party, knobs)| format!("  {party}:\n{}", knobs.concat())).collect();
    let text = format!(
        "sealcheck: 1\nname: knobs\nlab:\n{lab}send: {{ from: external, to: gmail }}\nexpect: [ {{ delivered: gmail }} ]\n"
    );
    let read = yaml::Source::new("--knob", text.as_bytes())
        .map_err(Into::into)
        .and_then(|source| yaml::scenarios(&source, "knobs", &|_| Err("it is not a file".into())));
    let scenarios = read.map_err(|e: yaml::YamlErrors| Failure::Usage(e.to_string()))?;
    Ok(scenarios.into_iter().next().map(|s| s.knobs).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::knobs::ArcSealing;

    #[test]
    fn knobs_are_those_of_scenarios() {
        let typed = |all: &[&str]| knobs(&all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let read = typed(&["company.arc=false", "gmail.trust_arc=true", "company.srs=true"]).unwrap();
        assert_eq!(read.company.arc, ArcSealing::Off);
        assert!(read.gmail.trust_arc && read.company.srs);
        assert!(typed(&["company.ark=false"]).unwrap_err().to_string().contains("did you mean `arc`?"));
        for wrong in ["company", "company.arc", "x.y=1", "company.arc=a\nb: c"] {
            assert!(matches!(typed(&[wrong]), Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
