//! `sealcheck explain`: the catalogue row behind a diagnosis.

use crate::{
    catalogue::{self, Lang, Row},
    cli::{CliError, CommandResult, Context, Format, Language, pretty, print},
    outcome::ExitCode,
};
use serde_json::json;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Codes as diagnoses, errors and warnings carry them: A05, or shorter a5; H04; W03
    #[arg(required_unless_present = "list", value_name = "CODE")]
    codes: Vec<String>,
    /// Every code with its title, by family
    #[arg(long, conflicts_with = "codes")]
    list: bool,
    /// The language [default: that of LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, value_name = "LANG")]
    lang: Option<Language>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(in crate::cli) fn run(context: &Context, args: &ExplainArgs) -> CommandResult {
    let lang = args.lang.map_or_else(|| context.lang(), Into::into);
    let rows: Vec<&Row> = if args.list {
        catalogue::rows().chain(catalogue::other_rows()).collect()
    } else {
        args.codes.iter().map(|code| find(code)).collect::<Result<_, _>>()?
    };
    let text = match args.format {
        Format::Json => json(&rows, lang)?,
        Format::Text if args.list => list(&rows, lang),
        Format::Text => rows.iter().map(|r| text(r, lang)).collect::<Vec<_>>().join("\n"),
    };
    print(&text)?;
    Ok(ExitCode::Success)
}

fn find(code: &str) -> Result<&'static Row, CliError> {
    catalogue::find(code).ok_or_else(|| {
        let near = catalogue::near(code).iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join(", ");
        CliError::Usage(format!(
            "nothing has the code {code:?}; the nearest are {near}; `sealcheck explain --list` shows all"
        ))
    })
}

/// A heading for each family, and a line for each code.
fn list(rows: &[&Row], lang: Lang) -> String {
    let families = rows.chunk_by(|a, b| a.code.family() == b.code.family()).map(|rows| {
        let heading = rows.first().map_or("", |first| first.code.family().title().in_lang(lang));
        let lines = rows.iter().map(|r| format!("  {}  {}\n", r.code, r.title.in_lang(lang)));
        format!("{heading}\n{}", lines.collect::<String>())
    });
    families.collect::<Vec<_>>().join("\n")
}

/// A heading, and a paragraph per question.
fn text(row: &Row, lang: Lang) -> String {
    let [symptom, cause, fix, sources] = match lang {
        Lang::En => ["symptom", "cause", "fix", "sources"],
        Lang::Ja => ["症状", "原因", "対処", "出典"],
    };
    let mut out = format!("{}: {}\n", row.code, row.title.in_lang(lang));
    for (name, text) in [(symptom, row.symptom), (cause, row.cause), (fix, row.fix)] {
        out.push_str(&format!("\n{name}\n  {}\n", text.in_lang(lang)));
    }
    if !row.sources.is_empty() {
        out.push_str(&format!("\n{sources}\n  {}\n", row.sources.join(", ")));
    }
    out
}

fn json(rows: &[&Row], lang: Lang) -> Result<String, CliError> {
    let causes = rows.iter().map(|row| {
        json!({
            "code": row.code,
            "title": row.title.in_lang(lang),
            "symptom": row.symptom.in_lang(lang),
            "cause": row.cause.in_lang(lang),
            "fix": row.fix.in_lang(lang),
            "sources": row.sources,
        })
    });
    pretty(&json!({ "version": 1, "causes": causes.collect::<Vec<_>>() }))
}
