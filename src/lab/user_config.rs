//! What rspamd makes of a person's own configuration.

/// What a person's own `local.d` says, as rspamd understands it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserConfig {
    /// Why rspamd cannot use it: its own words, with file and line. Nothing else is known then.
    pub problem: Option<String>,
    /// The domains that its `arc.conf` names, in the order of the file.
    pub domains: Vec<String>,
    /// Names and texts of the key records that the lab's DNS publishes: the public halves of the keys that it names, where
    /// no zone file says what DNS has.
    pub published: Vec<(String, String)>,
    /// What a person should know about the run: what was published, and what could not be.
    pub notes: Vec<String>,
    /// Whether its `logging.inc` says `level = "debug"`.
    pub is_debugging: bool,
}
