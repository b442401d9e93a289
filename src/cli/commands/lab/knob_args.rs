//! `--knob company.arc=false`.

use crate::{
    cli::CliError,
    scenario::yaml,
    target::{Knobs, faults},
};
use std::collections::BTreeMap;

/// The knobs, read by the same rules as those of a scenario file.
pub(super) fn knobs(typed: &[String], faults: &[String]) -> Result<Knobs, CliError> {
    if typed.is_empty() && faults.is_empty() {
        return Ok(Knobs::default());
    }
    let codes: Vec<&str> = faults.iter().map(String::as_str).collect();
    faults::apply(&mut Knobs::default(), &codes)
        .map_err(|(problem, help)| CliError::Usage(format!("--fault {}: {problem}; {help}", codes.join(", "))))?;
    let mut parties: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for text in typed {
        let is_line = !text.contains(['\n', '\r']);
        let parts = text.split_once('=').and_then(|(path, value)| Some((path.split_once('.')?, value)));
        let (true, Some(((party, knob), value))) = (is_line, parts) else {
            return Err(CliError::Usage(format!("--knob {text}: write for example company.arc=false")));
        };
        parties.entry(party).or_default().push(format!("    {knob}: {value}\n"));
    }
    let fault = if codes.is_empty() { String::new() } else { format!("  fault: [{}]\n", codes.join(", ")) };
    let lab: String = parties.iter().map(|(party, knobs)| format!("  {party}:\n{}", knobs.concat())).collect();
    let text = format!(
        "sealcheck: 1\nname: knobs\nlab:\n{fault}{lab}send: {{ from: external, to: gmail }}\nexpect: [ {{ delivered: gmail }} ]\n"
    );
    let read = yaml::Source::new("--knob", text.as_bytes())
        .map_err(Into::into)
        .and_then(|source| yaml::scenarios(&source, "knobs", &|_| Err("it is not a file".into())));
    let scenarios = read.map_err(|e: yaml::YamlErrors| CliError::Usage(e.to_string()))?;
    Ok(scenarios.into_iter().next().map(|s| s.knobs).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::knobs::{ArcSealing, Modification};

    #[test]
    fn knobs_are_those_of_scenarios() {
        let typed = |all: &[&str]| knobs(&all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>(), &[]);
        let read = typed(&["company.arc=false", "gmail.trust_arc=true", "company.srs=true"]).unwrap();
        assert_eq!(read.company.arc, ArcSealing::Off);
        assert!(read.gmail.trust_arc && read.company.srs);
        assert!(typed(&["company.ark=false"]).unwrap_err().to_string().contains("did you mean `arc`?"));
        for wrong in ["company", "company.arc", "x.y=1", "company.arc=a\nb: c"] {
            assert!(matches!(typed(&[wrong]), Err(CliError::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn faults_and_knobs_go_together() {
        let read = knobs(&["gmail.trust_arc=true".into()], &["B04".into(), "e2".into()]).unwrap();
        assert_eq!(read.company.modify, Modification::Body);
        assert!(read.gmail.trust_arc);
        let refused = knobs(&[], &["B08".into()]).unwrap_err().to_string();
        assert_eq!(refused, "--fault B08: no fault brings B08 about; it needs rspamd 3.10.0 or 3.10.1");
    }
}
