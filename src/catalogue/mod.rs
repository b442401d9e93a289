//! Which causes are known? Why mail forwarded to Gmail fails: every row is a cause that somebody really met; codes are stable.

mod cause;

/// The rows of a family, and a constant of [`Cause`] for the code of each.
macro_rules! rows {
    ($(row($code:ident, $($text:expr),+ $(,)?) $(.without_fault($how:expr))?),+ $(,)?) => {
        #[expect(missing_docs, reason = "the rows say what they mean")]
        impl $crate::catalogue::Cause {
            $(pub const $code: Self = Self::of_row(stringify!($code));)+
        }

        pub(super) const ROWS: &[$crate::catalogue::Row] =
            &[$($crate::catalogue::row($crate::catalogue::Cause::$code, $($text),+)$(.without_fault($how))?),+];
    };
}

mod families_e_f;
mod families_h_w;
mod family_a;
mod family_b;
mod family_c;
mod family_d;
mod family_d_replies;
mod family_g;

pub(crate) use cause::normalized;
pub use cause::{Cause, Family, UnknownCause};

use std::sync::LazyLock;

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    en: &'static str,
    ja: &'static str,
}

/// The languages that the catalogue speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Text {
    /// The text in one language.
    pub fn in_lang(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Ja => self.ja,
        }
    }
}

/// What there is to say of one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The stable code.
    pub code: Cause,
    /// One line.
    pub title: Text,
    /// What is seen.
    pub symptom: Text,
    /// Why.
    pub cause: Text,
    /// What to do.
    pub fix: Text,
    /// Where it was met or measured.
    pub sources: &'static [&'static str],
    /// How to meet it, where no fault of a lab brings it about.
    pub without_fault: Option<&'static str>,
}

impl Row {
    const fn without_fault(self, how: &'static str) -> Self {
        Self { without_fault: Some(how), ..self }
    }
}

pub(crate) const fn text(en: &'static str, ja: &'static str) -> Text {
    Text { en, ja }
}

const fn row(code: Cause, title: Text, symptom: Text, cause: Text, fix: Text, sources: &'static [&'static str]) -> Row {
    Row { code, title, symptom, cause, fix, sources, without_fault: None }
}

const FAMILIES: [&[Row]; 8] = [
    family_a::ROWS,
    family_b::ROWS,
    family_c::ROWS,
    family_d::ROWS,
    family_d_replies::ROWS,
    families_e_f::ROWS,
    family_g::ROWS,
    families_h_w::ROWS,
];

/// Every row, in the order of the codes.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| FAMILIES.concat());

/// Every row that a diagnosis can name, in the order of the codes.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| !row.code.is_of_harness())
}

/// What is no cause of failing mail and has a code all the same: errors of the harness (H) and warnings about scenarios and
/// the project file (W), in the order of the codes.
pub fn other_rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| row.code.is_of_harness())
}

impl Family {
    /// A heading.
    pub fn title(self) -> Text {
        match self {
            Self::A => text("A: the forwarder did not seal", "A: 転送サーバーが封印しなかった"),
            Self::B => text("B: it sealed, and the chain does not verify", "B: 封印したが、チェーンを検証できない"),
            Self::C => text(
                "C: the chain verifies, and does not help or says the wrong thing",
                "C: チェーンは正しいが、役に立たないか内容が誤っている",
            ),
            Self::D => text("D: a server refused or deferred the mail", "D: サーバーがメールを拒否または保留した"),
            Self::E => text(
                "E: it was accepted, and not seen where or when it was wanted",
                "E: 受け取られたが、期待した場所や時間に見つからない",
            ),
            Self::F => text("F: what else a bounce tells", "F: バウンスからわかるその他のこと"),
            Self::G => text("G: the forwarder could not hand the mail over", "G: 転送サーバーがメールを渡せなかった"),
            Self::H => text("H: the harness could not tell", "H: ツールが判定できなかった"),
            Self::W => text("W: odd in a scenario or the project file", "W: シナリオやプロジェクト ファイルの不審な点"),
        }
    }
}

/// The row of a code as people write it.
pub fn find(code: &str) -> Option<&'static Row> {
    code.parse::<Cause>().ok().map(Cause::row)
}

/// Rows whose codes look like this one, for error texts: of the same family those with the nearest numbers, else those
/// with the same number, else the first of every family.
pub fn near(code: &str) -> Vec<&'static Row> {
    let code = code.trim().to_ascii_uppercase();
    let wanted = code.get(1..).and_then(|number| number.parse::<u32>().ok()).unwrap_or(0);
    let mut family: Vec<&Row> = ROWS.iter().filter(|row| code.get(..1) == row.code.as_str().get(..1)).collect();
    family.sort_by_key(|row| row.code.number().abs_diff(wanted));
    family.truncate(3);
    let same_number = |wanted: u32| rows().filter(move |row| row.code.number() == wanted).collect::<Vec<_>>();
    [family, same_number(wanted), same_number(0)].into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_unique() {
        let other: Vec<_> = other_rows().map(|r| r.code).collect();
        assert!(other.is_sorted_by(|a, b| a < b), "{other:?}");
        let codes: Vec<_> = rows().map(|r| r.code).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    }

    #[test]
    fn every_text_is_in_both_languages() {
        for row in rows().chain(other_rows()) {
            for text in [row.title, row.symptom, row.cause, row.fix] {
                assert!(!text.in_lang(Lang::En).is_empty() && !text.in_lang(Lang::Ja).is_empty(), "{}", row.code);
            }
            assert!(row.title.in_lang(Lang::Ja).chars().any(|c| c as u32 > 0x3000), "{}", row.code);
        }
    }

    #[test]
    fn codes_are_found_as_people_write_them() {
        for (written, code) in
            [("B4", "B04"), ("b04", "B04"), (" a17 ", "A17"), ("F1", "F01"), ("h4", "H04"), ("W08", "W08")]
        {
            assert_eq!(find(written).map(|r| r.code.as_str()), Some(code));
        }
        for unknown in ["", "B", "B99", "é", "é1", "Z01", "B4x"] {
            assert_eq!(find(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn an_unknown_code_has_neighbours() {
        let codes = |code| near(code).iter().map(|r| r.code.as_str()).collect::<Vec<_>>();
        assert_eq!(codes("b99"), ["B26", "B25", "B24"]);
        assert_eq!(codes("h99"), ["H10", "H09", "H08"]);
        assert_eq!(codes("K08"), ["A08", "B08", "C08", "D08", "E08", "G08"]);
        for unknown in ["", "é", "nonsense", "Z99999999999999999999"] {
            assert_eq!(codes(unknown), ["A00", "B00", "C00", "D00", "E00", "F00", "G00"], "{unknown}");
        }
    }
}
