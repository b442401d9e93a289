//! Colours. Every word stands without them too.

/// Paints words, or leaves them as they are.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Whether to use colours.
    pub color: bool,
}

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Wrong.
    Bad,
    /// To be looked at.
    Doubtful,
    /// A name.
    Name,
    /// Of little weight.
    Faint,
}

impl Palette {
    /// The text in its colour.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let style = ::console::Style::new().force_styling(true);
        let style = match tone {
            Tone::Good => style.green().bold(),
            Tone::Bad => style.red().bold(),
            Tone::Doubtful => style.yellow().bold(),
            Tone::Name => style.bold(),
            Tone::Faint => style.dim(),
        };
        style.apply_to(text).to_string()
    }
}
