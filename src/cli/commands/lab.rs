//! `sealcheck lab`.

use crate::{
    cli::{
        Context, Global,
        failure::{Failure, Outcome},
    },
    scenario::{Knobs, yaml},
};
use std::{collections::BTreeMap, path::PathBuf};

/// `sealcheck lab …`.
#[derive(Debug, clap::Subcommand)]
pub enum LabCommand {
    /// Start it, print one JSON line when it is ready, and keep it running until it is interrupted
    Up(UpArgs),
}

/// Arguments of `lab up`.
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    /// Write a sealcheck.yaml whose target gmail is this world
    #[arg(long, value_name = "FILE")]
    config_out: Option<PathBuf>,
    /// Change the world as a scenario's `lab` does, for example company.arc=false; repeatable
    #[arg(long = "knob", value_name = "PARTY.KNOB=VALUE")]
    knobs: Vec<String>,
}

pub(in crate::cli) fn run(_context: &Context, _global: &Global, command: &LabCommand) -> Outcome {
    let LabCommand::Up(args) = command;
    let _ = knobs(&args.knobs)?;
    Err(Failure::Internal("".into()))
}

/// The knobs, read by the same rules as those of a scenario file.
fn knobs(typed: &[String]) -> Result<Knobs, Failure> {
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
