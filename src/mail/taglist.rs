//! Tag lists: `i=1; a=rsa-sha256; …` (RFC 6376 §3.2), as DKIM-Signature, ARC-Seal and ARC-Message-Signature use them.

/// One tag as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name, case kept: tag names are case-sensitive.
    pub name: String,
    /// The value with outer white space removed; folding inside is kept.
    pub value: String,
}

/// The tags of one field in their order, duplicates included, with what breaks the grammar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagList {
    /// Every tag that could be read.
    pub tags: Vec<Tag>,
    /// What RFC 6376 §3.2 forbids: duplicate, empty or illegal tags, in plain words.
    pub defects: Vec<String>,
}

impl TagList {
    /// Reads the value of a field.
    pub fn parse(raw: &[u8]) -> Self {
        let _ = raw;
        unimplemented!()
    }

    /// The value of the first tag of this name, case-sensitive.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|t| t.name == name).map(|t| t.value.as_str())
    }

    /// As [`TagList::get`], with all white space removed: for base64 and colon lists.
    pub fn compact(&self, name: &str) -> Option<String> {
        self.get(name).map(|v| v.chars().filter(|c| !c.is_whitespace()).collect())
    }
}
